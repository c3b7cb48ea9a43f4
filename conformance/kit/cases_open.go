// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// openCases are about initial sequence numbers, opening and address validation:
// RFC 9293, sections 3.4.1, 3.5, 3.9.1.1, 3.9.2.3 and 3.10.7.
var openCases = []Case{
	{Name: "RFC9293/3.4.1/MUST-8", About: "initial sequence numbers of one pair of sockets grow with the clock", play: func(w *world) {
		var iss [4]uint32
		for i := range iss {
			if i > 0 {
				w.Quiet(time.Second)
				w.renew(firstIRS)
			}
			iss[i] = openAndReset(w)
		}
		step := iss[1] - iss[0]
		w.Expect(step > 0 && step < 1<<31, "the initial sequence number moves by %d in a second", int32(step))
		for i := range 3 {
			got := iss[i+1] - iss[i]
			w.Expect(max(got, step)-min(got, step) <= step/50+2, "it moves by %d in one second and by %d in another", step, got)
		}
	}},
	{Name: "RFC9293/3.4.1/SHLD-1", About: "initial sequence numbers of different pairs of sockets have nothing to do with each other", play: func(w *world) {
		seen := make(map[uint32]bool)
		var last uint32
		near := 0
		for i := range 16 {
			w.use(peerPort + uint16(i))
			iss := openAndReset(w)
			if d := int32(iss - last); i > 0 && d > -(1<<20) && d < 1<<20 {
				near++
			}
			last = iss
			seen[iss] = true
		}
		w.Expect(len(seen) == 16, "of 16 initial sequence numbers, %d differ", len(seen))
		w.Expect(near < 3, "of 16 initial sequence numbers, %d are near the one before", near)
	}},
	{Name: "RFC9293/3.5/MUST-10", About: "both ends may open at once", play: func(w *world) {
		s := w.Connector()
		w.Out("S 0")
		w.In("S 0 win 40000 " + mss)
		w.Out("S. 0 ack 1")
		w.In("S. 0 ack 1 win 40000 " + mss)
		w.Ignore() // the peer's sequence number may be acknowledged once more
		w.In(". 1 ack 1 win 40000")
		s.Write(100)
		w.Out(". 1:101 ack 1")
		w.In(". 1 ack 101 win 40000")
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.5/MUST-11-passive", About: "a reset of a SYN that came to a listener leaves it listening", play: func(w *world) {
		l := w.Listener()
		w.In("S 0 win 40000 " + mss)
		w.Out("S. 0 ack 1")
		w.In("R 1")
		w.Quiet(time.Minute)
		l.None()
		w.renew(77)
		w.In("S 0 win 40000 " + mss)
		w.Out("S. 0 ack 1")
		w.In(". 1 ack 1 win 40000")
		l.Accept()
	}},
	{Name: "RFC9293/3.5/MUST-11-active", About: "a reset in a simultaneous open tells who called that it was refused", play: func(w *world) {
		s := w.Connector()
		w.Out("S 0")
		w.In("S 0 win 40000 " + mss)
		w.Out("S. 0 ack 1")
		w.In("R 1 ack 0")
		w.Quiet(time.Minute)
		err := s.ep.LastError()
		w.Expect(err != nil, "who called is told of no error")
	}},
	{Name: "RFC9293/3.5.3/SHLD-2", About: "a reset may bear text", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("R. 1:31 ack 1 win 40000")
		w.Silent()
		s.ReadErr(&tcpip.ErrConnectionReset{})
	}},
	{Name: "RFC9293/3.5.2/RST-closed", About: "a segment for no connection meets a reset that fits", play: func(w *world) {
		w.flow.known, w.flow.iss = true, 0
		w.In("S 0 win 40000 " + mss)
		w.Out("R. 0 ack 1")
		w.In("P. 1:11 ack 500 win 40000")
		w.Out("R 500")
		w.In("R. 1 ack 500")
		w.Quiet(time.Second)
	}},
	{Name: "RFC9293/3.10.7.2/listen-ack", About: "an acknowledgment to a listener meets a reset, a reset nothing", play: func(w *world) {
		l := w.Listener()
		w.flow.known, w.flow.iss = true, 0
		w.In("R 1")
		w.Quiet(time.Second)
		w.In("S. 0 ack 700 win 40000")
		w.Out("R 700")
		w.In("F 1 win 40000")
		w.Quiet(time.Second)
		l.None()
	}},
	{Name: "RFC9293/3.10.7.3/syn-sent-ack", About: "in SYN-SENT, an acknowledgment of what was not sent meets a reset", play: func(w *world) {
		w.Connector()
		w.Out("S 0")
		w.In("S. 0 ack 2 win 40000 " + mss)
		w.Out("R 2")
		w.In(". 1 ack 5 win 40000")
		w.Out("R 5")
		w.In("S. 0 ack 1 win 40000 " + mss)
		w.Out(". 1 ack 1")
	}},
	{Name: "RFC9293/3.10.7.3/syn-sent-rst", About: "in SYN-SENT, a reset counts only with an acknowledgment of the SYN", play: func(w *world) {
		s := w.Connector()
		w.Out("S 0")
		w.In("R 0")
		w.In("R. 0 ack 9")
		w.Silent()
		w.In("R. 0 ack 1")
		w.Silent()
		s.LastError(&tcpip.ErrConnectionRefused{})
	}},
	{Name: "RFC9293/3.9.1.1/MUST-41", About: "a passive open touches no connection there is", play: func(w *world) {
		s := w.passive(40000, mss)
		l := w.Socket()
		l.ep.SocketOptions().SetReusePort(true)
		if err := l.ep.Bind(tcpip.FullAddress{Port: 81}); err != nil {
			w.fail("Bind: %v", err)
		}
		if err := l.ep.Listen(1); err != nil {
			w.fail("Listen: %v", err)
		}
		other := w.Socket()
		if err := other.ep.Bind(tcpip.FullAddress{Port: listenPort}); err == nil {
			w.fail("a second listener may take the port")
		}
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.9.1.1/MUST-42", About: "a port can be listened on while a connection of it is being opened", play: func(w *world) {
		reuse := func(s *socket) { s.ep.SocketOptions().SetReuseAddress(true) }
		w.Connector(reuse)
		w.Out("S 0")
		l := w.Socket()
		reuse(l)
		if err := l.ep.Bind(tcpip.FullAddress{Port: connectPort}); err != nil {
			w.fail("Bind beside a connection in SYN-SENT: %v", err)
		}
		if err := l.ep.Listen(4); err != nil {
			w.fail("Listen beside a connection in SYN-SENT: %v", err)
		}
		w.use(peerPort + 1)
		w.flow.stack = connectPort
		w.In("S 0 win 40000 " + mss)
		w.Out("S. 0 ack 1")
		w.In(". 1 ack 1 win 40000")
		l.Accept()
	}},
	{Name: "RFC9293/3.9.1.1/MUST-43", About: "the local address may be named", play: func(w *world) {
		s := w.Socket()
		if err := s.ep.Bind(tcpip.FullAddress{Addr: stackAddr, Port: connectPort}); err != nil {
			w.fail("Bind: %v", err)
		}
		s.connect()
		w.Out("S 0")
		w.In("R. 0 ack 1")
		other := w.Socket()
		if err := other.ep.Bind(tcpip.FullAddress{Addr: peerAddr, Port: connectPort + 1}); err == nil {
			w.fail("an address that the stack does not have may be bound")
		}
	}},
	{Name: "RFC9293/3.9.1.1/MUST-44", About: "who names no local address gets one from IP, and keeps it", play: func(w *world) {
		s := w.active(40000, mss) // the packet's checksum is over the address
		a, err := s.ep.GetLocalAddress()
		w.Expect(err == nil && a.Addr == stackAddr, "the local address is %v, %v", a.Addr, err)
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.9.1.1/MUST-46", About: "no connection is opened to a broadcast or multicast address", play: func(w *world) {
		for _, a := range []tcpip.Address{header.IPv4Broadcast, tcpip.AddrFrom4([4]byte{224, 0, 0, 1})} {
			s := w.Socket()
			err := s.ep.Connect(tcpip.FullAddress{Addr: a, Port: 80})
			w.settle()
			w.Silent()
			if _, started := err.(*tcpip.ErrConnectStarted); err == nil || started {
				w.fail("a connection is opened to %v: %v", a, err)
			}
		}
	}},
	{Name: "RFC9293/3.9.2.3/MUST-57", About: "a SYN to a broadcast or multicast address is passed over", play: func(w *world) {
		l := w.Listener()
		for _, a := range []tcpip.Address{header.IPv4Broadcast, tcpip.AddrFrom4([4]byte{10, 7, 0, 255}), tcpip.AddrFrom4([4]byte{224, 0, 0, 1})} {
			w.InFrom("S 0 win 40000 "+mss, peerAddr, a)
			w.Quiet(2 * time.Second)
		}
		l.None()
	}},
	{Name: "RFC9293/3.9.2.3/MUST-63", About: "a SYN from a broadcast or multicast address is passed over", play: func(w *world) {
		l := w.Listener()
		for _, a := range []tcpip.Address{header.IPv4Broadcast, tcpip.AddrFrom4([4]byte{224, 0, 0, 1})} {
			w.InFrom("S 0 win 40000 "+mss, a, stackAddr)
			w.Quiet(2 * time.Second)
		}
		l.None()
	}},
	{Name: "RFC9293/3.9.2/MUST-50", About: "IP options that TCP does not know are passed over", play: func(w *world) {
		w.Listener()
		w.InIP("S 0 win 40000 "+mss, header.IPv4OptionsSerializer{&header.IPv4SerializableRouterAlertOption{}})
		w.Out("S. 0 ack 1")
		w.InIP("R 1", header.IPv4OptionsSerializer{&header.IPv4SerializableRouterAlertOption{}})
	}},
}

// fastOpenCases are about Fast Open, which neither TCP has: RFC 7413.
var fastOpenCases = []Case{
	{Name: "RFC7413/2/off", About: "no SYN has a Fast Open option, and no SYN-ACK", play: func(w *world) {
		w.Connector()
		a := w.Out("S 0")
		w.Expect(a.option("raw") == nil, "sent %s", a)
		w.In("R. 0 ack 1")
		w.use(peerPort + 1)
		w.Listener()
		w.In("S 0 win 40000 <mss 1460,raw 2202>") // asks for a cookie
		w.Out("S. 0 ack 1 <mss *>")
		w.In("R 1")
	}},
	{Name: "RFC7413/4.1.1/ignored", About: "a Fast Open option without SYN, or of a wrong length, is passed over", play: func(w *world) {
		l := w.Listener()
		w.In("S 0 win 40000 <mss 1460,raw 220501020300>")
		w.Out("S. 0 ack 1")
		w.In(". 1 ack 1 win 40000")
		s := l.Accept()
		w.In("P. 1:11 ack 1 win 40000 <raw 220a0102030405060708>")
		w.Acked(11, time.Second/2)
		s.Read(10)
	}},
	{Name: "RFC7413/4.2/ignored-server", About: "a server without Fast Open passes over a cookie, and the text of the SYN comes again", play: func(w *world) {
		l := w.Listener()
		w.In("S 0:0 win 40000 <mss 1460,raw 220a0102030405060708>")
		w.Out("S. 0 ack 1 <mss *>")
		l.None()
		w.In("P. 1:11 ack 1 win 40000")
		w.Acked(11, time.Second/2)
		l.Accept().Read(10)
	}},
}

// openAndReset opens a connection, has the peer refuse it, and returns the
// initial sequence number of its SYN.
func openAndReset(w *world) uint32 {
	s := w.Connector()
	w.Out("S 0")
	iss := w.flow.iss
	w.In("R. 0 ack 1")
	s.Close()
	return iss
}
