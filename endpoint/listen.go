// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/engine"
)

// listener is what an endpoint that listens has besides: the SYN queue, with
// the endpoints whose handshake is under way, and the accept queue, with those
// that wait for Accept. Both are bounded by the backlog.
//
// Segments for a listener do not wait for its endpoint's lock, nor go through
// its inbox: they are handled where they arrive, several at once. The
// listener's own lock is held for a few instructions at a time, and nothing is
// called under it; it comes after any endpoint's lock.
type listener struct {
	children templates // of the connections

	ep *Endpoint
	// ready is how many endpoints wait for Accept, for Readiness, which takes
	// no lock.
	ready atomic.Int32
	// cookieSent is when the last SYN cookie was sent, plus one; 0 before the
	// first.
	cookieSent atomic.Int64
	// announcing says that a goroutine is about to tell of new connections.
	announcing atomic.Bool

	mu      sync.Mutex
	backlog int
	// closed says that new connections are refused: the endpoint is closed, or
	// shut for reading.
	closed bool
	// pending is the SYN queue: when each of the handshakes began.
	pending map[*Endpoint]engine.Instant
	// queue is the accept queue, the oldest first.
	queue []*Endpoint
	// doomed are endpoints that nobody will accept, to be reset when no lock is
	// held.
	doomed []*Endpoint
}

// Listen implements tcpip.Endpoint: connections to the bound port are taken
// from now on, and wait for Accept, up to backlog of them. An endpoint that is
// not bound is bound to a port of the stack's choice at all addresses. On a
// listener, it changes the backlog, and takes connections again where Shutdown
// had ended that. ErrInvalidEndpointState in any other state, or when more than
// backlog connections wait already; otherwise the errors of Bind.
func (e *Endpoint) Listen(backlog int) tcpip.Error {
	now := e.lock()
	defer e.unlock(now)
	err := e.listenLocked(backlog)
	if err != nil && !err.IgnoreStats() {
		e.countFailedConnection()
	}
	return err
}

// listenLocked is Listen with the lock held.
func (e *Endpoint) listenLocked(backlog int) tcpip.Error {
	switch e.EndpointState() {
	case StateListen:
		if !e.listener.Load().resize(backlog) {
			return &tcpip.ErrInvalidEndpointState{}
		}
		e.shut = 0
		return nil
	case StateInitial:
		if err := e.bindLocked(tcpip.FullAddress{}); err != nil {
			return err
		}
	case StateBound:
	default:
		e.stat().ReadErrors.InvalidEndpointState.Increment()
		return &tcpip.ErrInvalidEndpointState{}
	}
	// Segments come as soon as the endpoint is registered: all is ready before.
	e.listener.Store(&listener{
		ep:      e,
		backlog: backlog,
		pending: make(map[*Endpoint]engine.Instant),
	})
	e.setState(StateListen)
	if err := e.register(); err != nil {
		e.setState(StateBound)
		e.listener.Store(nil)
		return err
	}
	return nil
}

// Accept implements tcpip.Endpoint: it returns the connection that waits
// longest, with its queue of waiters, and stores the peer's address in addr,
// unless addr is nil. ErrWouldBlock when none waits, ErrInvalidEndpointState
// when the endpoint does not listen.
func (e *Endpoint) Accept(addr *tcpip.FullAddress) (tcpip.Endpoint, *waiter.Queue, tcpip.Error) {
	l := e.listener.Load()
	if l == nil || e.EndpointState() != StateListen {
		return nil, nil, &tcpip.ErrInvalidEndpointState{}
	}
	n, err := l.pop()
	if err != nil {
		return nil, nil, err
	}
	if addr != nil {
		*addr = n.remoteAddress()
	}
	return n, n.wq, nil
}

// resize changes the backlog and opens the listener again, unless more
// connections than that wait already.
func (l *listener) resize(backlog int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) > backlog {
		return false
	}
	l.backlog, l.closed = backlog, false
	return true
}

// pop takes the oldest endpoint from the accept queue.
func (l *listener) pop() (*Endpoint, tcpip.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, &tcpip.ErrInvalidEndpointState{}
	case len(l.queue) == 0:
		return nil, &tcpip.ErrWouldBlock{}
	}
	n := l.queue[0]
	l.queue = slices.Delete(l.queue, 0, 1) // and keep the array
	l.ready.Store(int32(len(l.queue)))
	return n, nil
}

// readable reports whether a connection waits for Accept.
func (l *listener) readable() bool { return l.ready.Load() > 0 }

// full reports whether the accept queue has no room, and whether the SYN queue
// has none. As in netstack, whose callers pass a backlog one larger than the
// application's, the SYN queue takes one handshake less.
func (l *listener) full() (accept, syn bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) >= l.backlog, len(l.pending) >= l.backlog-1
}

// enter puts child, whose handshake begins, into the SYN queue, and reports
// whether it may begin: not when the listener is closed, nor, with bounded,
// when the queue has no room.
func (l *listener) enter(child *Endpoint, now engine.Instant, bounded bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || bounded && len(l.pending) >= l.backlog-1 {
		return false
	}
	l.pending[child] = now
	return true
}

// leave takes child out of the SYN queue, and reports whether it was there.
func (l *listener) leave(child *Endpoint) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.pending[child]
	delete(l.pending, child)
	return ok
}

// handshakeEnded implements passiveParent: a connection moves to the accept
// queue, and its listener becomes readable; one that failed is forgotten.
func (l *listener) handshakeEnded(child *Endpoint, how handshakeOutcome) {
	l.mu.Lock()
	_, waited := l.pending[child]
	delete(l.pending, child)
	wanted := waited && how == handshakeDone && !l.closed
	if wanted {
		// Even beyond the backlog: the peer takes the connection for
		// established, and the SYN queue bounds how many there may be.
		l.queue = append(l.queue, child)
		l.ready.Store(int32(len(l.queue)))
	}
	l.mu.Unlock()
	switch {
	case wanted:
		l.ep.shared.TCP.PassiveConnectionOpenings.Increment()
		l.announce()
	case how == handshakeDone:
		child.Abort()
	default:
		if waited {
			l.ep.countFailedConnection()
		}
		child.Close()
	}
}

// announce tells those who wait for connections, on a goroutine of its own: they
// open sockets and may wait for others, and what delivers packets must not.
func (l *listener) announce() {
	if l.announcing.CompareAndSwap(false, true) {
		go func() {
			l.announcing.Store(false)
			l.ep.wq.Notify(waiter.ReadableEvents)
		}()
	}
}

// shutdown refuses new connections from now on, and has those that wait reset
// when the listener's endpoint is unlocked.
//
// Precondition: l.ep.mu is held.
func (l *listener) shutdown() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.doomed = append(l.doomed, l.queue...)
	// In the order in which they began: the same inputs give the same packets.
	l.doomed = append(l.doomed, slices.SortedFunc(maps.Keys(l.pending), func(a, b *Endpoint) int {
		return cmp.Or(cmp.Compare(l.pending[a], l.pending[b]), cmp.Compare(a.ID.RemotePort, b.ID.RemotePort),
			bytes.Compare(a.ID.RemoteAddress.AsSlice(), b.ID.RemoteAddress.AsSlice()))
	})...)
	clear(l.pending)
	l.queue = nil
	l.ready.Store(0)
}

// reap resets the endpoints that nobody will accept.
//
// Precondition: no endpoint's lock is held.
func (l *listener) reap() {
	l.mu.Lock()
	doomed := l.doomed
	l.doomed = nil
	l.mu.Unlock()
	for _, child := range doomed {
		child.Abort()
	}
}
