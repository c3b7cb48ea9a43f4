// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/waiter"
)

// socket is an endpoint of the stack under test.
type socket struct {
	w           *world
	ep          tcpip.Endpoint
	wrote, read int
	readErr     tcpip.Error
}

func (w *world) add(ep tcpip.Endpoint) *socket {
	s := &socket{w: w, ep: ep}
	w.sockets = append(w.sockets, s)
	return s
}

// Socket makes an endpoint.
func (w *world) Socket() *socket {
	proto := ipv4.ProtocolNumber
	if w.v6 {
		proto = ipv6.ProtocolNumber
	}
	ep, err := w.stack.NewEndpoint(header.TCPProtocolNumber, proto, &waiter.Queue{})
	if err != nil {
		w.fail("NewEndpoint: %v", err)
	}
	return w.add(ep)
}

// Listener makes an endpoint that listens.
func (w *world) Listener(set ...func(*socket)) *socket {
	s := w.Socket()
	for _, f := range set {
		f(s)
	}
	if err := s.ep.Bind(tcpip.FullAddress{Port: listenPort}); err != nil {
		w.fail("Bind: %v", err)
	}
	if err := s.ep.Listen(16); err != nil {
		w.fail("Listen: %v", err)
	}
	return s
}

// Connector makes an endpoint that connects to the peer, whose SYN is not looked
// at yet.
func (w *world) Connector(set ...func(*socket)) *socket {
	s := w.Socket()
	for _, f := range set {
		f(s)
	}
	s.ep.SocketOptions().SetReuseAddress(true)
	if err := s.ep.Bind(tcpip.FullAddress{Port: connectPort}); err != nil {
		w.fail("Bind: %v", err)
	}
	s.connect()
	return s
}

func (s *socket) connect() {
	w := s.w
	w.note("connect")
	_, peer := w.addrs()
	if err := s.ep.Connect(tcpip.FullAddress{Addr: peer, Port: w.flow.peer}); err != nil {
		if _, ok := err.(*tcpip.ErrConnectStarted); !ok {
			w.fail("Connect: %v", err)
		}
	}
	w.settle()
}

// Accept returns the connection that waits at a listener.
func (s *socket) Accept() *socket {
	ep, _, err := s.ep.Accept(nil)
	if err != nil {
		s.w.fail("Accept: %v", err)
	}
	s.w.note("accept")
	c := s.w.add(ep)
	s.w.settle()
	return c
}

// None fails where a connection waits at a listener.
func (s *socket) None() {
	if ep, _, err := s.ep.Accept(nil); err == nil {
		s.w.add(ep)
		s.w.fail("a connection waits to be accepted, and should not")
	}
}

// roundTrip is what a handshake takes.
const roundTrip = 40 * time.Millisecond

// passive accepts a connection from the peer, whose window is win, and whose SYN
// has opts.
func (w *world) passive(win int, opts string, set ...func(*socket)) *socket {
	l := w.Listener(set...)
	w.in("S 0 win "+itoa(win)+" "+opts, nil)
	w.Out("S. 0 ack 1")
	w.Quiet(roundTrip)
	w.In(w.ackOf(1, 1, win, opts))
	s := l.Accept()
	for _, f := range set {
		f(s)
	}
	return s
}

// active connects to the peer, whose window is win, and whose SYN-ACK has opts.
func (w *world) active(win int, opts string, set ...func(*socket)) *socket {
	s := w.Connector(set...)
	w.Out("S 0")
	w.Quiet(roundTrip)
	w.In("S. 0 ack 1 win " + itoa(win) + " " + opts)
	w.Out(". 1 ack 1")
	return s
}

// ackOf is an acknowledgment of the peer's, with a timestamp where opts has one.
func (w *world) ackOf(seq, ack, win int, opts string) string {
	text := ". " + itoa(seq) + " ack " + itoa(ack) + " win " + itoa(win)
	if _, ts, ok := strings.Cut(opts, "ts "); ok {
		var val uint32
		fmt.Sscan(ts, &val)
		text += fmt.Sprintf(" <ts %d last>", val+1)
	}
	return text
}

// Write writes n bytes and fails unless all are taken.
func (s *socket) Write(n int) {
	w := s.w
	w.Silent()
	w.note("write %d", n)
	got, err := s.ep.Write(bytes.NewReader(textAt(1+s.wrote, n)), tcpip.WriteOptions{})
	if err != nil || int(got) != n {
		w.fail("wrote %d of %d bytes: %v", got, n, err)
	}
	s.wrote += n
	w.settle()
}

// Read reads what came and fails unless it is n bytes, those that the peer sent.
func (s *socket) Read(n int) {
	s.w.note("read")
	if got := s.w.readAll(s); got != n {
		s.w.fail("read %d bytes, want %d (%v)", got, n, s.readErr)
	}
}

// ended reports whether reading ended in more than that there is nothing now.
func (s *socket) ended() bool {
	_, again := s.readErr.(*tcpip.ErrWouldBlock)
	return s.readErr != nil && !again
}

// readEnds reads what came, and reports whether that is the end.
func (s *socket) readEnds() bool {
	s.w.readAll(s)
	return s.ended()
}

// ReadErr reads what came, and fails unless it ends by such an error.
func (s *socket) ReadErr(want tcpip.Error) {
	s.w.readAll(s)
	if got := s.readErr; got == nil || got.String() != want.String() {
		s.w.fail("reading ends by %v, want %v", got, want)
	}
}

// EOF fails unless the peer's end was read.
func (s *socket) EOF() { s.ReadErr(&tcpip.ErrClosedForReceive{}) }

// Live fails unless the connection still takes and gives text: the peer's next
// text begins at seq, and all of the stack's is acknowledged.
func (s *socket) Live(seq, win int) {
	w := s.w
	end := 1 + s.wrote
	w.In("P. " + span(seq, seq+10) + " ack " + itoa(end) + " win " + itoa(win))
	w.Acked(seq+10, 500*time.Millisecond)
	s.Read(10)
}

// Close closes the endpoint.
func (s *socket) Close() {
	s.w.Silent()
	s.w.note("close")
	s.ep.Close()
	s.w.settle()
}

// Shutdown ends the stack's text.
func (s *socket) Shutdown() {
	s.w.Silent()
	s.w.note("shutdown")
	if err := s.ep.Shutdown(tcpip.ShutdownWrite); err != nil {
		s.w.fail("Shutdown: %v", err)
	}
	s.w.settle()
}

// LastError fails unless the socket's error, which is taken, is such.
func (s *socket) LastError(want tcpip.Error) {
	got := s.ep.LastError()
	if got == nil || got.String() != want.String() {
		s.w.fail("the endpoint's error is %v, want %v", got, want)
	}
}

// setInt and friends set an option before the endpoint is used.
func setInt(o tcpip.SockOptInt, v int) func(*socket) {
	return func(s *socket) {
		if err := s.ep.SetSockOptInt(o, v); err != nil {
			s.w.fail("SetSockOptInt(%d, %d): %v", o, v, err)
		}
	}
}

func setOpt(o tcpip.SettableSocketOption) func(*socket) {
	return func(s *socket) {
		if err := s.ep.SetSockOpt(o); err != nil {
			s.w.fail("SetSockOpt(%T): %v", o, err)
		}
	}
}

func noDelay(on bool) func(*socket) {
	return func(s *socket) { s.ep.SocketOptions().SetDelayOption(!on) }
}

func receiveBuffer(n int64) func(*socket) {
	return func(s *socket) { s.ep.SocketOptions().SetReceiveBufferSize(n, true) }
}

// readSome reads up to n bytes, and looks at none of them.
func (s *socket) readSome(n int64) int {
	res, _ := s.ep.Read(&tcpip.LimitedWriter{W: &bytes.Buffer{}, N: n}, tcpip.ReadOptions{})
	s.w.settle()
	return res.Count
}
