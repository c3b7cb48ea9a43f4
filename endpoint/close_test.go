// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"bytes"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/endpoint"
	"tcpcb/linkfifo"
)

// One direction closes, the other goes on (RFC 9293, section 3.6).
func TestHalfClose(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		c, s := w.pair()
		c.send([]byte("request"))
		wantErr(t, "Shutdown", c.Shutdown(tcpip.ShutdownWrite), nil)
		_, err := c.Write(bytes.NewReader([]byte("x")), tcpip.WriteOptions{})
		wantErr(t, "Write after Shutdown", err, &tcpip.ErrClosedForSend{})
		wantErr(t, "Shutdown again", c.Shutdown(tcpip.ShutdownWrite), nil)
		if got := s.recv(7); string(got) != "request" {
			t.Fatalf("read %q", got)
		}
		for range 3 { // the end of the stream stays
			wantErr(t, "Read at the end", s.readErr(), &tcpip.ErrClosedForReceive{})
		}
		s.wantState(endpoint.StateCloseWait)
		c.wantState(endpoint.StateFinWait2)
		if got := s.Readiness(waiter.AllEvents); got&waiter.EventRdHUp == 0 || got&waiter.EventHUp != 0 {
			t.Errorf("readiness after the peer's FIN: %#x", got)
		}
		answer := text(200000)
		s.send(answer[:100000])
		if !bytes.Equal(c.recv(100000), answer[:100000]) {
			t.Fatal("the answer differs")
		}
		s.Close()
		wantErr(t, "Read after both FINs", c.readErr(), &tcpip.ErrClosedForReceive{})
		c.wantState(endpoint.StateTimeWait)
		wantErr(t, "Shutdown in TIME-WAIT", c.Shutdown(tcpip.ShutdownWrite), &tcpip.ErrNotConnected{})
		s.wantState(endpoint.StateClose)
		c.Close()
		c.wantState(endpoint.StateClose)
		w.wantNothingLeft()
	})
}

// A connection shut for reading still gives what it has and what comes, and its end
// where there is nothing.
func TestShutdownRead(t *testing.T) {
	w := newLoop(t, linkfifo.NewVirtualClock())
	c, s := w.pair()
	c.send([]byte("before"))
	wantErr(t, "Shutdown", s.Shutdown(tcpip.ShutdownRead), nil)
	if got := s.recv(6); string(got) != "before" {
		t.Fatalf("read %q", got)
	}
	wantErr(t, "Read after Shutdown", s.readErr(), &tcpip.ErrClosedForReceive{})
	c.send([]byte("after"))
	if got := s.recv(5); string(got) != "after" {
		t.Fatalf("read %q", got)
	}
	wantErr(t, "Read after all", s.readErr(), &tcpip.ErrClosedForReceive{})
	s.send([]byte("still writing"))
	if got := c.recv(13); string(got) != "still writing" {
		t.Fatalf("read %q", got)
	}
	s.Close()
	c.Close()
	w.wantNothingLeft()
}

func TestSimultaneousClose(t *testing.T) {
	w := newFifo(t, slowLink())
	c, s := w.pair()
	c.Close()
	s.Close()
	c.wantState(endpoint.StateTimeWait)
	s.wantState(endpoint.StateTimeWait)
	w.wantNothingLeft()
}

// Each way of resetting is seen by the peer as a reset, by later calls as what
// it is, and once.
func TestResets(t *testing.T) {
	linger := func(c *sock) {
		c.SocketOptions().SetLinger(tcpip.LingerOption{Enabled: true})
		c.Close()
	}
	for name, reset := range map[string]func(c, s *sock){
		"abort":        func(c, _ *sock) { c.Abort() },
		"linger of 0":  func(c, _ *sock) { linger(c) },
		"unread close": func(c, s *sock) { s.send([]byte("x")); c.w.clock.Advance(time.Second); c.Close() },
		"late text":    func(c, s *sock) { c.Close(); c.w.clock.Advance(time.Second); s.send([]byte("x")) },
		"unread, shut": func(c, s *sock) { s.send([]byte("x")); c.w.clock.Advance(time.Second); c.Shutdown(3); c.Close() },
		"linger of 0, half-closed": func(c, _ *sock) {
			c.Shutdown(tcpip.ShutdownWrite)
			c.w.clock.Advance(time.Second)
			linger(c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachWorld(t, func(t *testing.T, w *world) {
				c, s := w.pair()
				reset(c, s)
				halfClosed := name == "linger of 0, half-closed" || name == "late text"
				w.until("the peer hears of it", func() bool {
					return s.EndpointState() > endpoint.StateTimeWait && s.EndpointState() != endpoint.StateCloseWait
				})
				if !halfClosed {
					s.wantState(endpoint.StateError)
					if got := s.Readiness(waiter.AllEvents); got != waiter.AllEvents {
						t.Errorf("readiness after a reset: %#x", got)
					}
					_, err := s.Write(bytes.NewReader([]byte("x")), tcpip.WriteOptions{})
					wantErr(t, "Write", err, &tcpip.ErrConnectionReset{})
					_, err = s.Write(bytes.NewReader([]byte("x")), tcpip.WriteOptions{})
					wantErr(t, "Write again", err, &tcpip.ErrClosedForSend{})
				}
				wantErr(t, "Read", s.readErr(), &tcpip.ErrClosedForReceive{})
				s.Close()
				if n := w.a.Stats().TCP.ResetsSent.Value(); n == 0 {
					t.Error("no reset was counted")
				}
				w.wantNothingLeft()
			})
		})
	}
}

// What came before a reset can still be read, and then its error, once.
func TestTextBeforeReset(t *testing.T) {
	w := newPipe(t, linkfifo.NewVirtualClock())
	c, s := w.pair()
	c.send([]byte("last words"))
	c.Abort()
	if got := s.recv(10); string(got) != "last words" {
		t.Fatalf("read %q", got)
	}
	wantErr(t, "Read", s.readErr(), &tcpip.ErrConnectionReset{})
	wantErr(t, "Read again", s.readErr(), &tcpip.ErrClosedForReceive{})
	wantErr(t, "LastError", s.LastError(), nil)
	s.Close()
	w.wantNothingLeft()
}

// Closing in the middle of a handshake leaves nothing, on either side.
func TestCloseWhileConnecting(t *testing.T) {
	for name, stop := range map[string]func(*sock){
		"close":    func(c *sock) { c.Close() },
		"abort":    func(c *sock) { c.Abort() },
		"shutdown": func(c *sock) { c.Shutdown(tcpip.ShutdownRead); c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newFifo(t, slowLink())
			l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
			c := w.socket(w.a, ipv4.ProtocolNumber)
			c.Connect(tcpip.FullAddress{Addr: addrB, Port: port})
			w.clock.Advance(15 * time.Millisecond) // the SYN-ACK is on its way
			stop(c)
			if !(c.EndpointState() == endpoint.StateError || c.EndpointState() == endpoint.StateClose) {
				t.Errorf("state is %s", c.EndpointState())
			}
			w.clock.Advance(time.Second)
			if _, _, err := l.Accept(nil); err == nil {
				t.Error("the connection was accepted")
			}
			l.Close()
			w.wantNothingLeft()
		})
	}
}

// TCP_LINGER2 bounds the stay in FIN-WAIT-2 of a closed socket, and of no other.
func TestLinger2(t *testing.T) {
	for _, tc := range []struct {
		set, want time.Duration
		got       tcpip.TCPLingerTimeoutOption
	}{
		{5 * time.Second, 5 * time.Second, tcpip.TCPLingerTimeoutOption(5 * time.Second)},
		{-time.Second, 0, -1},
		{0, time.Minute, tcpip.TCPLingerTimeoutOption(time.Minute)},
		{time.Hour, 2 * time.Minute, tcpip.TCPLingerTimeoutOption(2 * time.Minute)},
	} {
		w := newPipe(t, linkfifo.NewVirtualClock())
		c, s := w.pair()
		o := tcpip.TCPLingerTimeoutOption(tc.set)
		wantErr(t, "SetSockOpt", c.SetSockOpt(&o), nil)
		wantErr(t, "GetSockOpt", c.GetSockOpt(&o), nil)
		if o != tc.got {
			t.Errorf("TCP_LINGER2 of %v became %v", tc.set, time.Duration(o))
		}
		c.Shutdown(tcpip.ShutdownWrite)
		c.wantState(endpoint.StateFinWait2)
		w.clock.Advance(5 * time.Minute)
		c.wantState(endpoint.StateFinWait2)
		start := w.clock.Elapsed()
		c.Close()
		c.wantState(endpoint.StateClose)
		if took := w.clock.Elapsed() - start; took < tc.want || took > tc.want+time.Second {
			t.Errorf("TCP_LINGER2 of %v: closed after %v", tc.set, took)
		}
		s.Abort()
		w.wantNothingLeft()
	}
}

// In TIME-WAIT, a SYN that cannot be an old one opens a new connection at once
// (RFC 9293, section 3.10.7.4; RFC 6191).
func TestTimeWaitReopened(t *testing.T) {
	w := newFifo(t, slowLink())
	l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	connect := func() (*sock, *sock) {
		c := w.socket(w.a, ipv4.ProtocolNumber)
		c.SocketOptions().SetReuseAddress(true)
		wantErr(t, "Bind", c.Bind(tcpip.FullAddress{Addr: addrA, Port: 1000}), nil)
		wantErr(t, "dial", c.dial(addrB), nil)
		return c, l.accept()
	}
	c, s := connect()
	s.Close() // the server comes to TIME-WAIT
	w.until("end", func() bool { return c.EndpointState() == endpoint.StateCloseWait })
	c.Close()
	s.wantState(endpoint.StateTimeWait)
	c.wantState(endpoint.StateClose)
	w.clock.Advance(2 * time.Second)

	start := w.clock.Elapsed()
	c, s2 := connect()
	if took := w.clock.Elapsed() - start; took > 100*time.Millisecond {
		t.Errorf("connecting took %v", took)
	}
	s.wantState(endpoint.StateClose)
	c.send([]byte("anew"))
	if got := s2.recv(4); string(got) != "anew" {
		t.Errorf("read %q", got)
	}
	c.Close()
	s2.Close()
	l.Close()
	w.wantNothingLeft()
}

// A connection in TIME-WAIT on this side gives its port up for a new one to the
// same peer, after a second, where the protocol's option says so.
func TestTimeWaitPortReused(t *testing.T) {
	for _, reuse := range []bool{false, true} {
		w := newFifo(t, slowLink())
		o := tcpip.TCPTimeWaitReuseDisabled
		if reuse {
			o = tcpip.TCPTimeWaitReuseGlobal
		}
		wantErr(t, "SetOption", w.a.SetTransportProtocolOption(endpoint.ProtocolNumber, &o), nil)
		if err := w.a.SetPortRange(40000, 40000); err != nil {
			t.Fatal(err)
		}
		l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
		c := w.socket(w.a, ipv4.ProtocolNumber)
		wantErr(t, "dial", c.dial(addrB), nil)
		s := l.accept()
		c.Close()
		w.until("end", func() bool { return s.EndpointState() == endpoint.StateCloseWait })
		s.Close()
		c.wantState(endpoint.StateTimeWait)

		c2 := w.socket(w.a, ipv4.ProtocolNumber)
		wantErr(t, "dial at once", c2.dial(addrB), &tcpip.ErrNoPortAvailable{})
		w.clock.Advance(2 * time.Second)
		if reuse {
			wantErr(t, "dial later", c2.dial(addrB), nil)
			c.wantState(endpoint.StateClose)
			l.accept().Close()
		} else {
			wantErr(t, "dial later", c2.dial(addrB), &tcpip.ErrNoPortAvailable{})
		}
		c2.Close()
		l.Close()
		w.wantNothingLeft()
	}
}

// The counters of a life and of a death.
func TestEndCounters(t *testing.T) {
	w := newFifo(t, slowLink())
	c, s := w.pair()
	c.Close()
	w.until("end", func() bool { return s.EndpointState() == endpoint.StateCloseWait })
	s.Close()
	w.clock.Advance(2 * time.Minute)
	a, b := w.a.Stats().TCP, w.b.Stats().TCP
	if a.EstablishedClosed.Value() != 1 || b.EstablishedClosed.Value() != 1 || a.EstablishedResets.Value() != 0 {
		t.Errorf("orderly: closed %d and %d, reset %d", a.EstablishedClosed.Value(), b.EstablishedClosed.Value(), a.EstablishedResets.Value())
	}
	c, s = w.pair()
	c.Abort()
	s.wantState(endpoint.StateError)
	s.Close()
	if a.EstablishedResets.Value() != 1 || b.EstablishedResets.Value() != 1 || a.ResetsSent.Value() != 1 || b.ResetsReceived.Value() != 1 {
		t.Error("the reset was not counted")
	}
	c, s = w.pair()
	w.link.A.SetPath(linkfifo.Path{Down: true})
	wantErr(t, "SetSockOpt", c.SetSockOpt(ptr(tcpip.TCPUserTimeoutOption(10*time.Second))), nil)
	c.send([]byte("into the void"))
	c.wantState(endpoint.StateError)
	wantErr(t, "Read", c.readErr(), &tcpip.ErrTimeout{})
	st := c.Stats().(*endpoint.Stats)
	if a.EstablishedTimedout.Value() != 1 || a.Timeouts.Value() == 0 || st.SendErrors.Timeouts.Value() != a.Timeouts.Value() {
		t.Error("the timeout was not counted")
	}
	if n := a.Retransmits.Value(); n == 0 || n != st.SendErrors.Retransmits.Value() {
		t.Errorf("%d segments sent again, and %d", n, st.SendErrors.Retransmits.Value())
	}
	c.Close()
	s.Abort()
	w.wantNothingLeft()
}

func ptr[T any](v T) *T { return &v }
