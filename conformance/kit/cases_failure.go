// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// failureCases are about peers that do not answer: RFC 9293, sections 3.8.3 and
// 3.8.4.
var failureCases = []Case{
	{Name: "RFC9293/3.8.3/MUST-20", About: "text that is never acknowledged ends the connection, and its user is told", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Write(100)
		last := w.Run(time.Hour)
		w.Expect(len(last) > 3, "the text was sent %d times", len(last))
		w.Expect(s.readEnds(), "the connection is still there after an hour")
		s.ReadErr(&tcpip.ErrTimeout{})
	}},
	{Name: "RFC9293/3.8.3/SHLD-11", About: "a connection bears at least 100 s without an answer", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Write(100)
		w.Run(100 * time.Second)
		w.In(". 1 ack 101 win 40000")
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.8.3/MUST-21", About: "an application sets how long a connection bears silence", play: func(w *world) {
		timeout := tcpip.TCPUserTimeoutOption(20 * time.Second)
		s := w.passive(40000, mss, setOpt(&timeout))
		s.Write(100)
		w.Run(15 * time.Second)
		w.Expect(!s.readEnds(), "the connection ended before its user timeout")
		w.Run(90 * time.Second)
		s.ReadErr(&tcpip.ErrTimeout{})
	}},
	{Name: "RFC9293/3.8.3/MUST-22", About: "a SYN is sent again as text is, and whoever called is told", play: func(w *world) {
		s := w.Connector()
		w.Out("S 0")
		w.Between(900*time.Millisecond, 1100*time.Millisecond, "S 0")
		w.Between(1900*time.Millisecond, 2100*time.Millisecond, "S 0")
		w.Between(3900*time.Millisecond, 4100*time.Millisecond, "S 0")
		w.Run(time.Hour)
		s.LastError(&tcpip.ErrTimeout{})
	}},
	{Name: "RFC9293/3.8.3/MUST-23", About: "a SYN is tried for three minutes at least, where that is asked for", play: func(w *world) {
		seven := tcpip.TCPSynRetriesOption(7)
		if err := w.stack.SetTransportProtocolOption(header.TCPProtocolNumber, &seven); err != nil {
			w.fail("set the retries of a SYN: %s", err)
		}
		w.Connector()
		w.Out("S 0")
		for end := w.elapsed() + 180*time.Second; w.elapsed() < end; {
			w.Wait(end - w.elapsed())
			for len(w.pending) > 0 {
				w.Out("S 0")
			}
		}
		w.In("S. 0 ack 1 win 40000 " + mss)
		w.Out(". 1 ack 1")
	}},
	{Name: "RFC9293/3.8.4/MUST-24", About: "an application turns keep-alives on and off", play: func(w *world) {
		s := keepAlive(w)
		w.Wait(10 * time.Minute)
		probeAlive(w)
		s.ep.SocketOptions().SetKeepAlive(false)
		w.In(". 1 ack 1 win 40000")
		w.Quiet(time.Hour)
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.8.4/MUST-25", About: "there are no keep-alives unless an application asks for them", play: func(w *world) {
		s := w.passive(40000, mss)
		w.Quiet(24 * time.Hour)
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.8.4/MUST-26", About: "there are keep-alives only after an interval in which nothing came", play: func(w *world) {
		s := keepAlive(w)
		at := 1
		for range 5 {
			w.Quiet(9 * time.Minute)
			s.Live(at, 40000)
			at += 10
		}
		s.Write(100)
		w.Out(". 1:101 ack " + itoa(at))
		w.In(". " + itoa(at) + " ack 101 win 40000")
		w.Quiet(9 * time.Minute)
	}},
	{Name: "RFC9293/3.8.4/MUST-27", About: "the interval can be set", play: func(w *world) {
		keepAlive(w)
		w.Quiet(10*time.Minute - time.Second)
		w.Wait(2 * time.Second)
		probeAlive(w)
	}},
	{Name: "RFC9293/3.8.4/MUST-28", About: "the interval is two hours unless it is set", play: func(w *world) {
		s := w.passive(40000, mss)
		s.ep.SocketOptions().SetKeepAlive(true)
		w.Quiet(2*time.Hour - time.Second)
		w.Wait(time.Hour)
		probeAlive(w)
	}},
	{Name: "RFC9293/3.8.4/MUST-29", About: "one keep-alive that is not answered ends nothing", play: func(w *world) {
		s := keepAlive(w)
		w.Wait(11 * time.Minute)
		probeAlive(w)
		w.Wait(5 * time.Minute)
		probeAlive(w)
		w.In(". 1 ack 1 win 40000")
		w.Quiet(5 * time.Minute)
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.8.4/SHLD-12", About: "a keep-alive has no text", play: func(w *world) {
		keepAlive(w)
		w.Wait(11 * time.Minute)
		w.Out(". 0 ack 1")
	}},
}

// keepAlive opens a connection with keep-alives after 10 minutes, once a minute.
func keepAlive(w *world) *socket {
	s := w.passive(40000, mss)
	idle, interval := tcpip.KeepaliveIdleOption(10*time.Minute), tcpip.KeepaliveIntervalOption(time.Minute)
	setOpt(&idle)(s)
	setOpt(&interval)(s)
	s.ep.SocketOptions().SetKeepAlive(true)
	w.settle()
	return s
}

// probeAlive takes a keep-alive.
func probeAlive(w *world) {
	w.Expect(len(w.pending) > 0, "there is no keep-alive")
	a := w.next()
	w.Expect(a.flags == header.TCPFlagAck && a.seq == 0 && a.end-a.seq <= 1 && a.ack == 1, "sent %s, want a keep-alive", a)
}

// apiCases are about what an application can ask: RFC 9293, section 3.9.1.
var apiCases = []Case{
	{Name: "RFC9293/3.9.1.8/MUST-47", About: "a soft error of the network reaches the application, and ends nothing", play: func(w *world) {
		s := w.passive(40000, mss)
		s.ep.SocketOptions().SetIPv4RecvError(true)
		s.Write(100)
		a := w.Out(". 1:101 ack 1")
		w.ICMP(a, header.ICMPv4DstUnreachable, header.ICMPv4HostUnreachable, 0)
		w.Silent()
		told := s.ep.LastError() != nil || s.ep.SocketOptions().DequeueErr() != nil
		w.In(". 1 ack 101 win 40000")
		s.Live(1, 40000)
		w.Expect(told, "the application has no way to learn of it")
	}},
	{Name: "RFC9293/3.9.1.9/MUST-48", About: "an application sets the Differentiated Services field", play: func(w *world) {
		s := w.active(40000, mss, setInt(tcpip.IPv4TOSOption, 0xb8))
		s.Write(10)
		a := w.Out(". 1:11 ack 1")
		w.Expect(a.tos == 0xb8, "the field is %#x", a.tos)
		w.In(". 1 ack 11 win 40000")
	}},
	{Name: "RFC9293/3.9.1.9/SHLD-21", About: "and can set it anew later", play: func(w *world) {
		s := w.active(40000, mss)
		setInt(tcpip.IPv4TOSOption, 0x28)(s)
		s.Write(10)
		a := w.Out(". 1:11 ack 1")
		w.Expect(a.tos == 0x28, "the field is %#x", a.tos)
		w.In(". 1 ack 11 win 40000")
	}},
	{Name: "RFC9293/3.9.2/MUST-49", About: "an application sets the TTL", play: func(w *world) {
		s := w.active(40000, mss, setInt(tcpip.IPv4TTLOption, 17))
		s.Write(10)
		a := w.Out(". 1:11 ack 1")
		w.Expect(a.ttl == 17, "the TTL is %d", a.ttl)
		w.In(". 1 ack 11 win 40000")
	}},
}

// icmpCases are about what ICMP tells: RFC 9293, section 3.9.2.2.
var icmpCases = []Case{
	{Name: "RFC9293/3.9.2.2/MUST-54", About: "an ICMP error reaches the connection that it is about, and no other", play: func(w *world) {
		s := w.Connector()
		a := w.Out("S 0")
		other := w.flow
		w.use(peerPort + 1)
		l := w.Listener()
		w.In("S 0 win 40000 " + mss)
		w.Out("S. 0 ack 1")
		w.In(". 1 ack 1 win 40000")
		c := l.Accept()
		w.flow = other
		w.ICMP(a, header.ICMPv4DstUnreachable, header.ICMPv4PortUnreachable, 0)
		w.Silent()
		w.Expect(s.ep.LastError() != nil, "the connection that it is about is not told")
		w.use(peerPort + 1)
		c.Live(1, 40000)
	}},
	{Name: "RFC9293/3.9.2.2/MUST-56", About: "no unreachable network or host, and no failed route, ends a connection", play: func(w *world) {
		s := w.passive(40000, mss)
		for _, code := range []header.ICMPv4Code{header.ICMPv4NetUnreachable, header.ICMPv4HostUnreachable, header.ICMPv4SourceRouteFailed} {
			s.Write(100)
			at := s.wrote - 99
			a := w.Out(". " + span(at, at+100) + " ack 1")
			w.ICMP(a, header.ICMPv4DstUnreachable, code, 0)
			w.Silent()
			w.In(". 1 ack " + itoa(at+100) + " win 40000")
		}
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.9.2.2/MUST-56-time", About: "neither time exceeded nor a parameter problem ends a connection", play: func(w *world) {
		s := w.passive(40000, mss)
		for _, typ := range []header.ICMPv4Type{header.ICMPv4TimeExceeded, header.ICMPv4ParamProblem} {
			s.Write(100)
			at := s.wrote - 99
			a := w.Out(". " + span(at, at+100) + " ack 1")
			w.ICMP(a, typ, 0, 0)
			w.Silent()
			w.In(". 1 ack " + itoa(at+100) + " win 40000")
		}
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.9.2.2/MUST-55", About: "a source quench is passed over", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Write(100)
		a := w.Out(". 1:101 ack 1")
		w.ICMP(a, header.ICMPv4SrcQuench, 0, 0)
		w.Silent()
		w.In(". 1 ack 101 win 40000")
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.9.2.2/SHLD-26", About: "an unreachable port ends an open that is under way", play: func(w *world) {
		s := w.Connector()
		a := w.Out("S 0")
		w.ICMP(a, header.ICMPv4DstUnreachable, header.ICMPv4PortUnreachable, 0)
		w.Quiet(5 * time.Second)
		w.Expect(s.ep.LastError() != nil, "who called is told of no error")
	}},
	{Name: "RFC7323/5.7/path-mtu", About: "path MTU discovery (RFC 1191): text that was too large is sent again in smaller segments", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Write(2920)
		a := w.Out(". 1:1461 ack 1")
		w.Out(". 1461:2921 ack 1")
		w.ICMP(a, header.ICMPv4DstUnreachable, header.ICMPv4FragmentationNeeded, 1000)
		end := 1
		for i := 0; end < 2921 && i < 20; i++ {
			w.Wait(2 * time.Second)
			for len(w.pending) > 0 {
				a := w.next()
				w.Expect(a.end-a.seq <= 960, "sent %s, which is too large for an MTU of 1,000", a)
				if a.seq <= end {
					end = max(end, a.end)
				}
			}
			w.inject(". 1 ack "+itoa(end)+" win 40000", nil, nil)
			w.settle()
		}
		w.Expect(end == 2921, "the text was sent again up to %d", end)
		w.Ignore()
	}},
}
