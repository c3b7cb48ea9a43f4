// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/linkfifo"
)

// slowPayload is what a writer has left to write: something happens while it is copied.
type slowPayload struct {
	n         int
	meanwhile func()
}

func (p *slowPayload) Len() int { return p.n }

func (p *slowPayload) Read(b []byte) (int, error) {
	if f := p.meanwhile; f != nil {
		p.meanwhile = nil
		f()
	}
	n := min(len(b), p.n)
	p.n -= n
	return n, nil
}

// Who wrote a part waits to be told of room, as write(2) in gVisor does, and who is told
// of edges may: although acknowledgments of some or all of the buffer made room while
// the text was copied.
func TestPartialWriteIsTold(t *testing.T) {
	for _, meanwhile := range []time.Duration{200 * time.Microsecond, time.Second} {
		p := linkfifo.Side{Path: linkfifo.Path{Rate: 100 * mbit, Delay: 5 * ms}}
		w := newFifo(t, linkfifo.Options{A: p, B: p})
		c, s := w.pair()
		c.SocketOptions().SetSendBufferSize(64<<10, true /* notify */)
		e, told := waiter.NewChannelEntry(waiter.WritableEvents)
		c.wq.EventRegister(&e)
		run := func(d time.Duration) {
			for ; d > 0; d -= 100 * time.Microsecond {
				w.clock.Advance(100 * time.Microsecond)
				s.drain()
			}
		}
		rest := &slowPayload{n: 1 << 20}
		for rest.n > 0 {
			rest.meanwhile = func() { run(meanwhile) }
			n, err := c.Write(rest, tcpip.WriteOptions{})
			if rest.n == 0 {
				break
			}
			run(100 * ms)
			select {
			case <-told:
			default:
				t.Fatalf("%v: wrote %d (%v), %d are left, and nobody is told of room", meanwhile, n, err, rest.n)
			}
		}
		c.wq.EventUnregister(&e)
		endOf(w, c, s)
	}
}
