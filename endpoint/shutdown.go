// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/adapter"
	"tcpcb/engine"
)

// Shutdown implements tcpip.Endpoint: it closes one direction of the connection
// or both. Towards the peer, a FIN follows what was written. From the peer, nothing
// more is waited for, though what comes can be read until both are closed. A
// handshake under way is given up, and a listener that is shut for reading refuses
// connections. ErrNotConnected on any other.
func (e *Endpoint) Shutdown(flags tcpip.ShutdownFlags) tcpip.Error {
	now := e.lockUpToDate()
	defer e.unlock(now)
	s := e.EndpointState()
	switch {
	case s.connecting():
		e.reset(now, abortedByShutdown)
		return nil
	case s.connected():
		return e.shutdownLocked(now, flags)
	case s == StateListen:
		if flags&tcpip.ShutdownRead != 0 {
			e.shut |= flags
			e.listener.Load().shutdown()
			e.wake |= allEvents
		}
		return nil
	}
	return &tcpip.ErrNotConnected{}
}

// shutdownLocked is Shutdown of a connection.
func (e *Endpoint) shutdownLocked(now engine.Instant, flags tcpip.ShutdownFlags) tcpip.Error {
	before := e.shut
	e.shut |= flags
	if e.shut&tcpip.ShutdownRead != 0 {
		if e.shut&tcpip.ShutdownWrite != 0 && e.conn.Readable() > 0 {
			// Nobody will read what is there: the peer has to know
			// (RFC 9293, section 3.6.1).
			e.reset(now, abortedByClose)
			return nil
		}
		e.conn.CloseRead(now)
		e.wake |= waiter.ReadableEvents
		if e.shut&tcpip.ShutdownWrite == 0 {
			e.wake |= waiter.EventRdHUp
		}
	}
	if e.shut&tcpip.ShutdownWrite != 0 {
		if before&tcpip.ShutdownWrite != 0 {
			if e.EndpointState() == StateTimeWait {
				return &tcpip.ErrNotConnected{}
			}
			return nil
		}
		e.conn.CloseWrite(now)
		e.wake |= waiter.WritableEvents
	}
	return nil
}

// abortReason says why this side reset the connection: an engine.Reason, or
// one of those below.
type abortReason uint8

const (
	abortedByClose    abortReason = 0x80 + iota // with text that nobody read, or SO_LINGER of 0
	abortedByAbort                              // by Abort, or Close during the handshake
	abortedByShutdown                           // by Shutdown during the handshake
)

// err returns what later calls are told.
func (r abortReason) err() tcpip.Error {
	switch r {
	case abortedByClose:
		return &tcpip.ErrConnectionAborted{}
	case abortedByAbort:
		return &tcpip.ErrAborted{}
	case abortedByShutdown:
		return &tcpip.ErrConnectionReset{}
	}
	if err := adapter.ErrorOf(engine.Reason(r)); err != nil {
		return err
	}
	return &tcpip.ErrConnectionAborted{}
}

// reset ends the connection with a reset where the peer has to know.
func (e *Endpoint) reset(now engine.Instant, why abortReason) {
	e.abortWhy = why
	e.conn.Abort(now)
}

// Close implements tcpip.Endpoint: the application is done with the endpoint.
// The connection, if there is one, ends in order, and what the endpoint
// registered is given back when it has. With SO_LINGER of 0, or text that
// nobody read, it ends at once with a reset.
func (e *Endpoint) Close() {
	now := e.lockUpToDate()
	defer e.unlock(now)
	if e.closed {
		return
	}
	e.closed = true
	if e.opened && e.conn.Settings().TimeWait != e.shared.Options().TimeWaitTimeout {
		e.apply(now) // the protocol's times are those of now
	}
	switch s := e.EndpointState(); {
	case !e.opened:
		e.closeIdle()
	case e.retired:
		e.conn.Release()
		e.wake |= allEvents
		e.publish()
	default:
		tcpip.AddDanglingEndpoint(e)
		switch {
		case s == StateSynSent:
			e.reset(now, abortedByAbort)
		case s.connecting() || e.lingersNot(s):
			e.reset(now, abortedByClose)
		default:
			e.abortWhy = abortedByClose
		}
		e.conn.Close(now)
		e.shut |= tcpip.ShutdownRead | tcpip.ShutdownWrite
		e.wake |= waiter.ReadableEvents | waiter.WritableEvents
	}
}

// lingersNot reports whether SO_LINGER of 0 makes Close reset a connection in
// that state: one that might still wait for the peer.
func (e *Endpoint) lingersNot(s EndpointState) bool {
	if l := e.ops().GetLinger(); !l.Enabled || l.Timeout != 0 {
		return false
	}
	switch s {
	case StateEstablished, StateCloseWait, StateFinWait1, StateFinWait2:
		return true
	}
	return false
}

// closeIdle closes an endpoint that never had a connection: new, bound or
// listening. Its port is free again when this returns.
func (e *Endpoint) closeIdle() {
	e.setState(StateClose)
	if l := e.listener.Load(); l != nil {
		l.shutdown()
	}
	e.retire()
	e.wake |= allEvents
}

// Abort implements tcpip.Endpoint and stack.TransportEndpoint: it ends the
// connection with a reset, and closes the endpoint.
func (e *Endpoint) Abort() {
	now := e.lockUpToDate()
	defer e.unlock(now)
	if e.closed && e.retired {
		return
	}
	e.closed = true
	switch {
	case !e.opened:
		e.closeIdle()
	case e.retired:
		e.conn.Release()
		e.publish()
	default:
		e.reset(now, abortedByAbort)
		e.wake |= allEvents
	}
}
