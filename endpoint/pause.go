// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"sync"
	"sync/atomic"
)

// pause is whether the protocol is paused: segments then wait in the inboxes of
// their endpoints, those for a listener too, as far as there is room. Timers and
// calls go on, as in netstack.
type pause struct {
	on atomic.Bool // written under mu
	mu sync.Mutex
	// waiting are the endpoints that have something in their inbox.
	waiting map[*Endpoint]struct{}
}

// holdsBack reports whether e's segments have to wait, and remembers e where
// they do.
func (p *pause) holdsBack(e *Endpoint) bool {
	if !p.on.Load() {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.on.Load() {
		return false
	}
	if p.waiting == nil {
		p.waiting = make(map[*Endpoint]struct{})
	}
	p.waiting[e] = struct{}{}
	return true
}

// Pause holds back segments that come from now on, or wait; when it returns, none is
// being processed for a connection. It must not be called from where packets are
// delivered.
func (s *Shared) Pause() {
	s.pause.mu.Lock()
	s.pause.on.Store(true)
	s.pause.mu.Unlock()
	for _, ep := range s.Stack.RegisteredEndpoints() {
		if e, ok := ep.(*Endpoint); ok {
			e.unlock(e.lock()) // whoever saw no pause is done
		}
	}
}

// Resume has the segments processed that Pause has held back, and those that
// come from now on. Without a pause it does nothing.
func (s *Shared) Resume() {
	s.pause.mu.Lock()
	s.pause.on.Store(false)
	waiting := s.pause.waiting
	s.pause.waiting = nil
	s.pause.mu.Unlock()
	for e := range waiting {
		e.catchUp()
	}
}

// catchUp processes the segments that waited while the protocol was paused.
func (e *Endpoint) catchUp() {
	l := e.listener.Load()
	if l == nil || e.EndpointState() != StateListen {
		e.attend()
		return
	}
	for a := e.inbox.take(); a != nil; {
		next := a.next
		a.next = nil
		l.handleSegment(a.id(), &a.Segment, a.pkt)
		a.free()
		a = next
	}
}

// postpone puts the segment into the inbox of a listener while the protocol is
// paused, and reports whether it does.
func (e *Endpoint) postpone(a *arrival) bool {
	if !e.shared.pause.on.Load() {
		return false
	}
	a.Arrived = e.shared.Clock.Now()
	e.keep(a)
	if !e.shared.pause.holdsBack(e) {
		e.catchUp() // the pause ended meanwhile
	}
	return true
}
