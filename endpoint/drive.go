// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/adapter"
	"tcpcb/engine"
	"tcpcb/engine/seq"
)

// This file is the heart of an endpoint: the rules of locking, and the only
// loop that polls the engine.
//
// Endpoint.mu guards the engine and every field. Nothing is called under it
// that could lead back here: packets are written to the route, waiters are
// notified and listeners told after it is free again. So whatever a link, a
// waiter or a listener does with this endpoint or its peer, on the same stack
// of calls or on another goroutine, finds the lock free or held by somebody who
// waits for nobody.
//
// A critical section begins with lock, or with a successful TryLock, and ends
// with leave or looked where it only looked, or with unlock, which drives the endpoint:
//
//   - The inbox is drained, and the other notes: segments, the expiry of the timer, and
//     a turn at the link (see turn.go), that came while the lock was held.
//   - Segments are polled from the engine in batches under the lock, and
//     written with the lock free. One goroutine at a time does that, the
//     flusher; the others leave their work to it, which it finds when it polls
//     again, until nothing is left. This keeps segments in order, and a link
//     that answers on the writer's stack does not recurse: the answer is taken
//     in, and what it causes is sent when the writer returns.
//   - The state, the readiness and the timer are brought up to date, and an
//     endpoint whose connection has ended gives back what it registered.
//   - The lock is freed, and then those are told who have to know.
//
// Packets and timers never wait for the lock. What finds it held leaves a note,
// in inbox or notes, and goes; the holder looks for notes after it has freed
// the lock. Between the two, either the holder sees the note, or the one who
// left it finds the lock free.
//
// Text in order for an application that is behind is a note too (see joins), and is
// left while the lock is free. Who reads will see to it, or the timer, which is set.
// readyMore says so, and is withdrawn, as the lock is freed, before a look at the
// notes.

// batchSize is how many segments are polled before they are written.
const batchSize = 16

// batch is a run of segments on their way to the path.
type batch struct {
	n    int
	segs [batchSize]engine.Segment
	// unsent is what the link had no room for, the first full of them.
	full   int
	unsent [batchSize]seq.Range
}

var batches = sync.Pool{New: func() any { return new(batch) }}

// lock begins a critical section and returns the instant it begins at.
func (e *Endpoint) lock() engine.Instant {
	e.mu.Lock()
	return e.shared.Clock.Now()
}

// lockUpToDate is lock for who looks at what came, or ends the connection: what waits
// is processed first.
func (e *Endpoint) lockUpToDate() engine.Instant {
	now := e.lock()
	e.takeNotes(now)
	return now
}

// takeNotes processes what waits.
func (e *Endpoint) takeNotes(now engine.Instant) {
	if e.drain(now) {
		e.settle(now)
	}
}

// lockToLook is lockUpToDate for who most often changes nothing that has to be seen to,
// and so needs no clock: it returns whether anything was processed. It ends with looked.
func (e *Endpoint) lockToLook() (changed bool) {
	e.mu.Lock()
	if !e.noted() {
		return false
	}
	e.takeNotes(e.shared.Clock.Now())
	return true
}

// looked ends the critical section that began with lockToLook, as leave does unless
// something has changed.
func (e *Endpoint) looked(changed bool) {
	if changed {
		e.unlock(e.shared.Clock.Now())
	} else {
		e.leave()
	}
}

// unlock ends the critical section that began at now: it drives the endpoint
// until there is nothing left to do.
func (e *Endpoint) unlock(now engine.Instant) {
	for {
		e.drain(now)
		now = e.flush(now)
		e.settle(now)
		n := e.takeNews()
		e.mu.Unlock()
		n.tell(e)
		if !e.noted() || !e.mu.TryLock() {
			return
		}
		now = e.shared.Clock.Now()
	}
}

// leave ends a critical section that has left the engine as it was.
func (e *Endpoint) leave() {
	e.mu.Unlock()
	e.attend()
}

// noted reports whether somebody who found the lock held left a note that is to be
// seen to now.
func (e *Endpoint) noted() bool {
	return !e.still() && (e.notes.any() || e.inbox.pending() && !e.shared.pause.on.Load() && e.EndpointState() != StateListen)
}

// attend sees to the notes, unless somebody else does.
func (e *Endpoint) attend() {
	if e.noted() && e.mu.TryLock() {
		e.unlock(e.shared.Clock.Now())
	}
}

// waker is an endpoint as its timer sees it.
type waker Endpoint

// Wake implements adapter.Waker.
func (w *waker) Wake() {
	e := (*Endpoint)(w)
	e.notes.leave(noteAlarm)
	e.attend()
}

// drain hands the engine what the notes are about, and reports whether there were
// any.
func (e *Endpoint) drain(now engine.Instant) (some bool) {
	if e.still() {
		return false
	}
	// Segments come first: the deadline may be of a wait for them. A listener's are not
	// for the engine (see pause.go).
	if e.inbox.pending() && e.EndpointState() != StateListen && !e.shared.pause.holdsBack(e) {
		for a := e.inbox.take(); a != nil; {
			next := a.next
			a.next = nil
			e.input(now, a)
			a, some = next, true
		}
	}
	if e.notes.take(noteAlarm) && e.opened && !e.retired {
		e.conn.HandleDeadline(now)
		e.timer.Forget()
		some = true
	}
	if e.notes.take(noteTurn) && e.path.Valid() {
		e.path.BeginTurn()
		some = true
	}
	return some
}

// flush sends what the engine has to send, unless somebody is at it. It frees
// the lock while it writes, and returns the instant at which it stopped.
func (e *Endpoint) flush(now engine.Instant) engine.Instant {
	if !e.opened || e.retired {
		return now
	}
	if e.flushing {
		e.unpolled = true
		return now
	}
	left := e.allowance()
	var first engine.Segment
	if !e.pollOne(now, &first, &left) {
		e.lineUp(left)
		return now // most often: there is no need of a batch
	}
	b := batches.Get().(*batch)
	defer batches.Put(b)
	b.segs[0], b.n = first, 1
	for e.poll(now, b, &left) {
		path := e.path // what is set while the lock is free counts from the next batch
		path.Mark = e.ops().GetMark()
		path.Experiment = e.shared.experiment(&e.path, e.ops().GetExperimentOptionValue())
		polled := b.n < batchSize && left > 0
		e.flushing, e.unpolled = true, false
		// Who hears from the peer what these segments told it finds the state that
		// goes with them: as one that writes when the other side has accepted.
		e.follow(now, e.conn.TakeEvents())
		e.publish()
		e.mu.Unlock()
		e.write(b, &path)
		e.mu.Lock()
		e.flushing = false
		now = e.shared.Clock.Now()
		for ; b.full > 0; b.full-- {
			e.conn.HandleNoRoom(now, b.unsent[b.full-1])
		}
		if !e.drain(now) && polled && !e.unpolled {
			break // it had nothing more to send, and nothing has happened since
		}
		left = e.allowance()
	}
	e.lineUp(left)
	return now
}

// poll fills b up with segments to send, and reports whether there are any.
func (e *Endpoint) poll(now engine.Instant, b *batch, left *int) bool {
	for b.n < batchSize && e.pollOne(now, &b.segs[b.n], left) {
		b.n++
	}
	return b.n > 0
}

// settle brings everything around the engine up to date with it.
func (e *Endpoint) settle(now engine.Instant) {
	if !e.opened || e.retired {
		return
	}
	e.watchQuickAck(now)
	e.follow(now, e.conn.TakeEvents())
	e.countNews()
	switch {
	case e.conn.State() != engine.StateClosed:
		e.armTimer(now)
	case !e.flushing: // else the flusher comes by
		e.retire()
	}
	e.publish()
}

// armTimer has the endpoint woken at the engine's deadline. Where no timer runs, it
// sees to it that an idle connection shrinks, and at last gives its timer back.
func (e *Endpoint) armTimer(now engine.Instant) {
	at := e.conn.Deadline()
	if !e.timer.Running() {
		at = min(at, e.conn.Rest(now))
		if at == engine.Never {
			e.timer.Stop()
		}
	}
	e.timer.Arm(e.shared.Clock, at, (*waker)(e))
}

// news is who has to be told what, once the lock is free.
type news struct {
	wake    waiter.EventMask
	strays  *arrival
	orphan  *Endpoint
	parent  passiveParent
	outcome handshakeOutcome
	// listener has connections to reset.
	listener *listener
}

// takeNews takes the news there is.
func (e *Endpoint) takeNews() news {
	n := news{wake: e.wake}
	e.wake = 0
	if e.outcome != handshakePending {
		n.parent, n.outcome = e.parent, e.outcome
		e.parent, e.outcome = nil, handshakePending
	}
	if e.shut != 0 || e.closed {
		n.listener = e.listener.Load()
	}
	if r := e.rare; r != nil {
		n.orphan, r.orphan = r.orphan, nil
		if e.retired { // until then, a stray would only find its way back
			n.strays, r.strays = r.strays, nil
		}
	}
	return n
}

// tell tells the news.
//
// Precondition: e.mu is free.
func (n *news) tell(e *Endpoint) {
	if n.parent != nil {
		n.parent.handshakeEnded(e, n.outcome)
	}
	if n.wake != 0 {
		e.wq.Notify(n.wake)
	}
	if n.listener != nil {
		n.listener.reap()
	}
	for o := n.orphan; o != nil; {
		now := o.lock()
		next := o.rare.nextOrphan
		o.rare.nextOrphan, o.rare.orphaned = nil, false
		o.unlock(now)
		o = next
	}
	for a := n.strays; a != nil; {
		next := a.next
		a.next = nil
		e.shared.redeliver(a)
		a = next
	}
}

// handshakeOutcome is how a passive handshake ended.
type handshakeOutcome uint8

const (
	handshakePending handshakeOutcome = iota
	handshakeDone
	handshakeFailed
)

// passiveParent is told, once and with no lock held, how the handshake of an
// endpoint that was opened passively ended.
type passiveParent interface {
	handshakeEnded(child *Endpoint, how handshakeOutcome)
}

// write sends the segments of b, and counts. Where the link has no room for one, the
// text behind it is not tried: it would arrive behind a gap.
//
// Precondition: e.mu is free, and e.flushing set: it keeps the route.
func (e *Endpoint) write(b *batch, path *adapter.Path) {
	b.full = 0
	for i := range b.segs[:b.n] {
		out := &b.segs[i]
		end := out.End()
		if b.full == 0 || end == out.Seq {
			err := path.Send(out)
			e.countSegment(out.Flags, err)
			if _, full := err.(*tcpip.ErrNoBufferSpace); !full {
				end = out.Seq
			}
		}
		if end != out.Seq {
			b.unsent[b.full] = seq.Range{Start: out.Seq, End: end}
			b.full++
		}
		out.Payload.Release()
	}
	b.n = 0
}
