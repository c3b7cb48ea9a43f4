// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// poller tells one goroutine which of its connections something has happened to, as
// epoll does.
type poller struct {
	mu    sync.Mutex
	ready []*polled
	spare []*polled
	some  chan struct{} // signalled where ready was empty
	n     int           // connections added
}

func newPoller() *poller { return &poller{some: make(chan struct{}, 1)} }

// polled is a connection that a poller looks after.
type polled struct {
	socket
	poller *poller
	index  int // how many were added before
	entry  waiter.Entry
	queued bool
}

// add makes p the connection of s, which is ready to begin with.
func (l *poller) add(p *polled, s *socket) {
	s.release()
	p.ep, p.wq, p.poller, p.index = s.ep, s.wq, l, l.n
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

// loop calls step for each connection that is ready, until it has reported of n that
// they are done.
func (l *poller) loop(ctx context.Context, n int, step func(*polled) (done bool, err error)) error {
	for n > 0 {
		if err := wait(ctx, l.some); err != nil {
			return err
		}
		for _, p := range l.take() {
			done, err := step(p)
			if err != nil {
				return err
			}
			if done {
				p.wq.EventUnregister(&p.entry)
				n--
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

// read returns how many bytes it put into b, 0 where there are none yet; io.EOF is the
// end of the peer's stream.
func (p *polled) read(b []byte) (int, error) {
	p.dst = b
	res, err := p.ep.Read(&p.dst, tcpip.ReadOptions{})
	switch {
	case err == nil:
		p.ep.ModerateRecvBuf(res.Count)
		return res.Count, nil
	case wouldBlock(err):
		return 0, nil
	}
	if _, ok := err.(*tcpip.ErrClosedForReceive); ok {
		return 0, io.EOF
	}
	return 0, fmt.Errorf("read: %s", err)
}

// write returns how much of b there was room for, which may be nothing.
func (p *polled) write(b []byte) (int, error) {
	p.src.Reset(b)
	n, err := p.ep.Write(&p.src, tcpip.WriteOptions{})
	if err != nil && !wouldBlock(err) {
		return 0, fmt.Errorf("write: %s", err)
	}
	return int(n), nil
}
