// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/adapter"
	"tcpcb/engine"
)

// allEvents is what waiters hear when a connection has ended.
const allEvents = waiter.EventHUp | waiter.EventErr | waiter.ReadableEvents | waiter.WritableEvents

// follow takes over what happened in the engine: the state, the errors, and
// the events to announce.
func (e *Endpoint) follow(now engine.Instant, ev engine.Events) {
	old := e.EndpointState()
	if s := e.conn.State(); s == engine.StateClosed {
		e.ended(old)
	} else {
		e.setState(socketStates[s])
	}
	if ev.Has(engine.EventReadable | engine.EventPeerClosed) {
		e.wake |= waiter.ReadableEvents
		if e.rare != nil {
			e.rare.tune.filled(now)
		}
	}
	if ev.Has(engine.EventWritable | engine.EventEstablished) {
		e.wake |= waiter.WritableEvents
		e.tuneSendBuffer(now)
	}
	if ev.Has(engine.EventPeerClosed) && e.shut&tcpip.ShutdownWrite == 0 {
		e.wake |= waiter.EventRdHUp
	}
	if ev.Has(engine.EventTimeWait) {
		e.timeWaitSince = now
		e.wake |= allEvents
		e.timer.Forget() // a delayed acknowledgment's timer, which would find nothing to do
	}
	if ev.Has(engine.EventSoftError) {
		e.wake |= waiter.EventErr
	}
	if e.parent != nil && e.outcome == handshakePending {
		switch s := e.EndpointState(); {
		case s.connected():
			e.notified = true
			e.outcome = handshakeDone
		case s.closed():
			e.outcome = handshakeFailed
		}
	}
}

// ended notes that the connection has ended, and why. old is the state before.
func (e *Endpoint) ended(old EndpointState) {
	if old.closed() {
		return
	}
	e.wake |= allEvents
	r := e.conn.Reason()
	if r == engine.ReasonNone || old == StateTimeWait {
		e.setState(StateClose)
		return
	}
	err := adapter.ErrorOf(r)
	switch {
	case r == engine.ReasonAborted:
		err = e.abortWhy.err()
	case r == engine.ReasonReset && old == StateCloseWait:
		// As in Linux, a reset that comes after the peer's FIN ends the stream
		// without an error for readers; writers meet a broken pipe.
		e.hardErr = &tcpip.ErrAborted{}
		e.setState(StateClose)
		return
	case r == engine.ReasonTimedOut && old.connected():
		e.shared.TCP.EstablishedTimedout.Increment()
		if soft := e.softError(); soft != nil {
			err = soft // what explains the silence (RFC 5461, section 4)
		}
	}
	if old.connecting() {
		e.setSoftError(err)
	}
	e.hardErr = err
	e.setState(StateError)
}

// retire gives back what the endpoint registered with the stack, once. Text
// that came stays readable until the application closes the endpoint.
//
// Precondition: nobody flushes.
func (e *Endpoint) retire() {
	if e.retired {
		return
	}
	e.retired = true
	e.timer.Stop()
	e.unregister()
	e.releasePort()
	e.path.Release()
	if e.closed {
		e.conn.Release()
	}
	tcpip.DeleteDanglingEndpoint(e)
}

// readyBits are what Readiness and joins want to know, kept where they can read them
// without the lock.
const (
	readyRead   uint32 = 1 << iota // text, or the end of the stream, is there
	readyWrite                     // there is room, or writing fails at once
	readyRcvEOF                    // the direction from the peer is closed
	readySndEOF                    // the direction to the peer is closed
	readyMore                      // text in order may wait in the inbox
)

// publish brings the readyBits up to date.
func (e *Endpoint) publish() {
	var bits uint32
	if e.conn.Readable() > 0 {
		bits |= readyRead
	}
	if e.conn.EOF() {
		bits |= readyRead | readyRcvEOF
	}
	if e.sndClosed() {
		bits |= readyWrite | readySndEOF
	} else if e.conn.WriteSpace() > 0 {
		bits |= readyWrite
	}
	if next, ok := e.conn.AwaitsMore(); ok && e.shared.prober == nil { // it is told at once
		bits |= readyMore
		if !e.inbox.pending() {
			e.inbox.next.Store(next.Value())
		}
	}
	if e.ready.Load() != bits {
		e.ready.Store(bits)
	}
}

// sndClosed reports whether nothing more may be written.
func (e *Endpoint) sndClosed() bool {
	switch e.conn.State() {
	case engine.StateFinWait1, engine.StateFinWait2, engine.StateClosing,
		engine.StateTimeWait, engine.StateLastAck, engine.StateClosed:
		return true
	}
	return e.shut&tcpip.ShutdownWrite != 0
}

// Readiness implements tcpip.Endpoint. It takes no lock, so that a waiter may
// ask from wherever it is called.
func (e *Endpoint) Readiness(mask waiter.EventMask) waiter.EventMask {
	var got waiter.EventMask
	s, bits := e.EndpointState(), e.ready.Load()
	switch {
	case s == StateInitial || s == StateBound:
		// As in Linux: a socket that is not connected has hung up.
		return waiter.EventHUp
	case s == StateListen:
		if l := e.listener.Load(); l != nil && l.readable() {
			got = readyFor(mask, waiter.ReadableEvents)
		}
		return got
	case s == StateTimeWait:
		got = mask | readyFor(mask, waiter.WritableEvents) | readyFor(mask, waiter.ReadableEvents)
	case s.closed():
		got = mask
	case s.connected():
		if bits&readyWrite != 0 {
			got |= readyFor(mask, waiter.WritableEvents)
		}
		if bits&readyRead != 0 {
			got |= readyFor(mask, waiter.ReadableEvents)
		}
	default: // connecting
		return 0
	}
	if bits&(readyRcvEOF|readySndEOF) == readyRcvEOF {
		got |= waiter.EventRdHUp
	}
	return got
}

// readyFor returns events, all of them, where mask asks for any.
func readyFor(mask, events waiter.EventMask) waiter.EventMask {
	if mask&events == 0 {
		return 0
	}
	return events
}
