// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/endpoint"
)

// These tests run on threads and inline links: what one end writes is delivered
// to the other before the call returns. They are of use with the race detector,
// and time out where there is a deadlock.

// threaded runs f over both inline links, in real time.
func threaded(t *testing.T, f func(t *testing.T, w *world)) {
	t.Run("loopback", func(t *testing.T) { f(t, newLoop(t, nil)) })
	t.Run("pipe", func(t *testing.T) { f(t, newPipe(t, nil)) })
}

// inTime fails the test when f does not return soon: something is locked that
// nobody will unlock.
func inTime(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("deadlock")
	}
}

// pump moves text within waiter callbacks only: each callback reads and writes
// both ends of the connection.
type pump struct {
	from, to *sock
	left     int
	sent     hash.Hash
	got      hash.Hash
	mu       sync.Mutex
	busy     atomic.Bool
	done     chan struct{}
	once     sync.Once
}

func (p *pump) NotifyEvent(waiter.EventMask) {
	// A callback that comes while another runs on this stack of calls, or
	// elsewhere, leaves its work to that one.
	for p.busy.CompareAndSwap(false, true) {
		progress := p.step()
		p.busy.Store(false)
		if !progress {
			return
		}
	}
}

func (p *pump) step() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	progress := false
	if p.left > 0 {
		b := text(min(p.left, 30000))
		n, _ := p.from.Write(bytes.NewReader(b), tcpip.WriteOptions{})
		p.sent.Write(b[:n])
		p.left -= int(n)
		progress = n > 0
		if p.left == 0 {
			p.from.Shutdown(tcpip.ShutdownWrite)
		}
	}
	p.from.GetLocalAddress()
	p.to.Readiness(waiter.AllEvents)
	r, err := p.to.Read(p.got, tcpip.ReadOptions{})
	p.to.ModerateRecvBuf(r.Count)
	if _, end := err.(*tcpip.ErrClosedForReceive); end {
		p.once.Do(func() { close(p.done) })
		return false
	}
	return progress || err == nil
}

func TestCallbacksIntoBothEnds(t *testing.T) {
	threaded(t, func(t *testing.T, w *world) {
		c, s := w.pair()
		var all []*pump
		for _, p := range []*pump{{from: c, to: s}, {from: s, to: c}} {
			p.left, p.sent, p.got, p.done = 4<<20, sha256.New(), sha256.New(), make(chan struct{})
			for _, q := range []*waiter.Queue{c.wq, s.wq} {
				var e waiter.Entry
				e.Init(p, waiter.AllEvents)
				q.EventRegister(&e)
			}
			all = append(all, p)
		}
		inTime(t, func() {
			var wg sync.WaitGroup
			for _, p := range all {
				wg.Go(func() { p.NotifyEvent(0) })
			}
			wg.Wait()
			for _, p := range all {
				for open := true; open; {
					select {
					case <-p.done:
						open = false
					case <-time.After(time.Millisecond): // a wake another pump took
						p.NotifyEvent(0)
					}
				}
			}
		})
		for _, p := range all {
			p.mu.Lock()
			if !bytes.Equal(p.sent.Sum(nil), p.got.Sum(nil)) {
				t.Error("the bytes differ")
			}
			p.mu.Unlock()
		}
		c.Close()
		s.Close()
	})
}

// Many goroutines use both ends of a connection at once, in all ways.
func TestEverybodyAtOnce(t *testing.T) {
	threaded(t, func(t *testing.T, w *world) {
		for round := range 5 {
			c, s := w.pair()
			var wg sync.WaitGroup
			inTime(t, func() {
				for _, e := range []*sock{c, s} {
					for range 2 {
						wg.Go(func() { writeUntilClosed(e) })
						wg.Go(func() { readUntilClosed(e) })
					}
					wg.Go(func() { fiddle(e) })
				}
				time.Sleep(time.Duration(5+round) * time.Millisecond)
				wg.Go(func() { c.Shutdown(tcpip.ShutdownWrite) })
				wg.Go(func() { s.Close() })
				time.Sleep(time.Millisecond)
				wg.Go(c.Close)
				wg.Wait()
			})
		}
	})
}

func writeUntilClosed(e *sock) {
	for b := text(10000); ; {
		_, err := e.Write(bytes.NewReader(b), tcpip.WriteOptions{})
		if _, again := err.(*tcpip.ErrWouldBlock); err != nil && !again {
			return
		}
	}
}

func readUntilClosed(e *sock) {
	for {
		_, err := e.Read(io.Discard, tcpip.ReadOptions{})
		if _, again := err.(*tcpip.ErrWouldBlock); err != nil && !again {
			return
		}
	}
}

func fiddle(e *sock) {
	for i := range 200 {
		e.SocketOptions().SetReceiveBufferSize(int64(10000+i*100), true /* notify */)
		e.SocketOptions().SetSendBufferSize(int64(10000+i*100), true /* notify */)
		e.SocketOptions().SetDelayOption(i%2 == 0)
		e.SocketOptions().SetKeepAlive(i%3 == 0)
		var info tcpip.TCPInfoOption
		e.GetSockOpt(&info)
		e.Info()
		e.SetOwner(nil)
		e.Readiness(waiter.AllEvents)
		e.LastError()
	}
}

// Connections are opened and closed by many goroutines at once, in every order
// of closing, and the callbacks of each close the other end.
func TestManyConnections(t *testing.T) {
	threaded(t, func(t *testing.T, w *world) {
		l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
		wantErr(t, "longer backlog", l.Listen(200), nil)
		const workers, each = 4, 25
		inTime(t, func() {
			var wg sync.WaitGroup
			var accepted atomic.Int32
			wg.Go(func() {
				for accepted.Load() < workers*each {
					ep, wq, err := l.Accept(nil)
					if err != nil {
						time.Sleep(50 * time.Microsecond)
						continue
					}
					n := accepted.Add(1)
					closeWhen(ep, wq, int(n))
				}
			})
			for i := range workers {
				wg.Go(func() {
					for j := range each {
						c := w.socket(w.a, ipv4.ProtocolNumber)
						for c.dial(addrB) != nil {
							c.Close() // the backlog was full
							c = w.socket(w.a, ipv4.ProtocolNumber)
						}
						closeWhen(c.Endpoint, c.wq, i+j)
					}
				})
			}
			wg.Wait()
		})
		l.Close()
		w.until("all are closed", func() bool {
			for _, e := range w.a.RegisteredEndpoints() {
				if ep, ok := e.(*endpoint.Endpoint); ok && ep.EndpointState() != endpoint.StateTimeWait {
					return false
				}
			}
			return true
		})
	})
}

// closeWhen closes ep at once, by a reset, or from the callback that tells that
// the other end has closed.
func closeWhen(ep tcpip.Endpoint, wq *waiter.Queue, how int) {
	switch how % 3 {
	case 0:
		ep.Close()
	case 1:
		ep.Abort()
	default:
		e := waiter.NewFunctionEntry(waiter.ReadableEvents|waiter.EventHUp, func(waiter.EventMask) { ep.Close() })
		wq.EventRegister(&e)
		if ep.Readiness(waiter.ReadableEvents) != 0 {
			ep.Close()
		} else {
			ep.Shutdown(tcpip.ShutdownWrite)
			time.AfterFunc(5*time.Millisecond, ep.Close)
		}
	}
}
