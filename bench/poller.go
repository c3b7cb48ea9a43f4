// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"

	"gvisor.dev/gvisor/pkg/waiter"
)

// poller tells one goroutine which of its connections something has happened to, as
// epoll does.
type poller struct {
	mu    sync.Mutex
	ready []*polled
	spare []*polled
	some  chan struct{} // signalled where ready was empty
	n     int           // connections that are not done
}

func newPoller() *poller { return &poller{some: make(chan struct{}, 1)} }

// polled is a connection that a poller looks after.
type polled struct {
	socket
	poller *poller
	step   func() (done bool, err error)
	entry  waiter.Entry
	queued bool
}

// add makes p the connection of s, which is ready to begin with. Where it is ready, step
// is called, until it reports that all is done.
func (l *poller) add(p *polled, s *socket, step func() (done bool, err error)) {
	s.release()
	p.ep, p.wq, p.poller, p.step = s.ep, s.wq, l, step
	l.n++
	p.entry.Init(p, readEvents|writeEvents)
	p.wq.EventRegister(&p.entry)
	p.NotifyEvent(0)
}

// NotifyEvent implements waiter.EventListener.
func (p *polled) NotifyEvent(waiter.EventMask) {
	l := p.poller
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.queued {
		return
	}
	p.queued = true
	l.ready = append(l.ready, p)
	if len(l.ready) == 1 {
		select {
		case l.some <- struct{}{}:
		default:
		}
	}
}

// loop takes a step with each connection that is ready, until all are done.
func (l *poller) loop(ctx context.Context) error {
	for l.n > 0 {
		if err := wait(ctx, l.some); err != nil {
			return err
		}
		for _, p := range l.take() {
			done, err := p.step()
			if err != nil {
				return err
			}
			if done {
				p.wq.EventUnregister(&p.entry)
				l.n--
			}
		}
	}
	return nil
}

// take returns the connections that are ready. They stay valid until the next call.
func (l *poller) take() []*polled {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ready, l.spare = l.spare[:0], l.ready
	for _, p := range l.spare {
		p.queued = false
	}
	return l.spare
}
