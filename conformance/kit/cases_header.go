// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// mss is the SYN option of peers that need no other.
const mss = "<mss 1460>"

// headerCases are about the header and its options: RFC 9293, sections 3.1 and 3.2.
var headerCases = []Case{
	{Name: "RFC9293/3.1/MUST-1", About: "a window above 32,767 is no negative one", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Write(14600)
		for at := 1; at < 14601; at += 1460 {
			w.Within(time.Second, ". "+span(at, at+1460))
		}
		w.In(". 1 ack 14601 win 40000")
	}},
	{Name: "RFC9293/3.1/MUST-2", About: "every packet has the right checksum", play: func(w *world) {
		s := w.passive(40000, mss) // decode compares the checksum of each packet
		s.Write(1000)
		w.Out(". 1:1001 ack 1")
		w.In(". 1 ack 1001 win 40000")
		s.Close()
		w.Out("F. 1001 ack 1")
	}},
	{Name: "RFC9293/3.1/MUST-3", About: "a packet with a wrong checksum is passed over", play: func(w *world) {
		s := w.passive(40000, mss)
		w.InBad("P. 1:101 ack 1 win 40000")
		w.Quiet(time.Second)
		s.Read(0)
		w.InBad("R 1")
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.1/MUST-4", About: "end of options, no-operation and MSS are understood", play: func(w *world) {
		l := w.Listener()
		w.In("S 0 win 40000 <raw 0101,mss 700,raw 0000>")
		w.Out("S. 0 ack 1")
		w.In(". 1 ack 1 win 40000")
		s := l.Accept()
		s.Write(1400)
		w.Out(". 1:701 ack 1")
		w.Out(". 701:1401 ack 1")
		w.In(". 1 ack 1401 win 40000")
	}},
	{Name: "RFC9293/3.1/MUST-5", About: "an option in any segment is taken, also with text and with FIN", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("P. 1:101 ack 1 win 40000 <raw 01010101>")
		w.Acked(101, time.Second/2)
		w.In("F. 101:201 ack 1 win 40000 <raw fd060000aaaa>")
		w.Acked(202, time.Second/2)
		s.Read(200)
		s.EOF()
	}},
	{Name: "RFC9293/3.1/MUST-6", About: "an option that is not known is passed over", play: func(w *world) {
		l := w.Listener()
		w.In("S 0 win 40000 <raw fd081122334455aa,mss 900>")
		w.Out("S. 0 ack 1")
		w.In(". 1 ack 1 win 40000 <raw fe04f989>")
		s := l.Accept()
		w.In("P. 1:101 ack 1 win 40000 <raw fd081122334455aa>")
		w.Acked(101, time.Second/2)
		s.Read(100)
		s.Write(900)
		w.Out(". 1:901 ack 101")
		w.In(". 101 ack 901 win 40000")
	}},
	{Name: "RFC9293/3.1/MUST-7", About: "an option whose length is 0, 1 or beyond the header does no harm", play: func(w *world) {
		s := w.passive(40000, mss)
		at := 1
		for _, bad := range []string{"08000000", "0801", "080a0000", "05ff0000", "0200", "fd00"} {
			w.In("P. " + span(at, at+10) + " ack 1 win 40000 <raw " + bad + ">")
			for _, a := range w.Run(time.Second) { // taken, passed over, or reset
				if a.flags.Contains(header.TCPFlagRst) {
					return
				}
				at = a.ack
			}
		}
		w.In("P. " + span(at, at+10) + " ack 1 win 40000")
		w.Acked(at+10, time.Second/2)
		s.Read(at + 9)
	}},
	{Name: "RFC9293/3.1/MUST-68", About: "each option that is sent has a length that fits", play: func(w *world) {
		s := w.passive(40000, "<mss 1460,sackOK,ts 1000 0,ws 7>") // decode walks the options of each packet
		s.Write(100)
		w.Out(". 1:101 ack 1 <ts * 1001>")
		w.In(". 1 ack 101 win 4000 <ts 1002 last>")
		w.In("P. 101:201 ack 101 win 4000 <ts 1003 last>")
		w.Within(time.Second, ". 101 ack 1 <ts * 1002,sack 101-201>")
	}},
	{Name: "RFC9293/3.1/MUST-69", About: "what follows the end of the options is zero", play: func(w *world) {
		w.Connector() // decode looks at the padding of each packet
		w.Out("S 0")
		w.In("S. 0 ack 1 win 40000 <mss 1460,ws 2>")
		w.Out(". 1 ack 1")
	}},
	{Name: "RFC9293/3.1/MUST-64", About: "options that do not begin on a word boundary are read", play: func(w *world) {
		l := w.Listener()
		w.In("S 0 win 40000 <raw 01,mss 700,raw 010101,ts 1000 0,raw 01>")
		w.Out("S. 0 ack 1 <mss *,ts * 1000>")
		w.In(". 1 ack 1 win 40000 <raw 01,ts 1001 last,raw 01>")
		s := l.Accept()
		s.Write(688)
		w.Out(". 1:689 ack 1 <ts * 1001>")
		w.In(". 1 ack 689 win 40000 <raw 0101,ts 1002 last>")
	}},
	{Name: "RFC9293/3.2/MUST-65", About: "MSS is on SYNs alone", play: func(w *world) {
		w.Listener()
		w.In("S 0 win 40000 " + mss)
		w.Out("S. 0 ack 1 <mss *>")
		w.In(". 1 ack 1 win 40000")
		w.In("P. 1:101 ack 1 win 40000")
		w.Acked(101, time.Second/2) // decode fails on an MSS without SYN
	}},
	{Name: "RFC9293/3.4/MUST-66", About: "a reset is heard where the receive window is closed", play: func(w *world) {
		s := w.passive(40000, mss, receiveBuffer(4096))
		at := fillWindow(w)
		w.In("R " + itoa(at))
		w.Silent()
		w.readAll(s)
		s.ReadErr(&tcpip.ErrConnectionReset{})
	}},
	{Name: "RFC9293/3.7.1/MUST-14", About: "MSS is sent on SYN and SYN-ACK, and the peer's is kept", play: func(w *world) {
		s := w.active(40000, "<mss 1000>")
		s.Write(2000)
		w.Out(". 1:1001 ack 1")
		w.Out(". 1001:2001 ack 1")
		w.In(". 1 ack 2001 win 40000")
	}},
	{Name: "RFC9293/3.7.1/SHLD-5", About: "a SYN says the MSS that the link bears", play: func(w *world) {
		w.Connector()
		a := w.Out("S 0")
		w.Expect(a.option("mss") != nil, "the SYN has no MSS option")
		w.In("R. 0 ack 1")
		w.use(peerPort + 1)
		w.Listener()
		w.In("S 0 win 40000 " + mss)
		w.Out("S. 0 ack 1 <mss 1460>")
		w.In("R 1")
	}},
	{Name: "RFC9293/3.7.1/MAY-3", About: "MSS is sent also to a peer that sends none", play: func(w *world) {
		w.Listener()
		w.In("S 0 win 40000")
		w.Out("S. 0 ack 1 <mss 1460>")
		w.In("R 1")
	}},
	{Name: "RFC9293/3.7.1/MUST-67", About: "the MSS is the interface's MTU without the fixed headers", mtu: 1280, play: func(w *world) {
		w.Listener()
		w.In("S 0 win 40000 " + mss)
		w.Out("S. 0 ack 1 <mss 1240>")
		w.In("R 1")
		w.v6 = true
		w.use(peerPort + 1)
		w.Connector()
		a := w.Out("S 0")
		w.Expect(a.option("mss") != nil && a.option("mss").a == 1220, "sent %s, want an MSS of 1,220", a)
		w.In("R. 0 ack 1")
	}},
	{Name: "RFC9293/3.7.1/MUST-15", About: "without an MSS option, segments have 536 bytes", play: func(w *world) {
		s := w.passive(40000, "")
		s.Write(1072)
		w.Out(". 1:537 ack 1")
		w.Out(". 537:1073 ack 1")
		w.In(". 1 ack 1073 win 40000")
	}},
	{Name: "RFC9293/3.7.1/MUST-15-IPv6", About: "without an MSS option, segments have 1,220 bytes in IPv6", play: func(w *world) {
		w.v6 = true
		s := w.passive(40000, "")
		s.Write(2440)
		w.Out(". 1:1221 ack 1")
		w.Out(". 1221:2441 ack 1")
		w.In(". 1 ack 2441 win 40000")
	}},
	{Name: "RFC9293/3.7.1/MUST-16", About: "a segment has no more than the link bears, whatever the peer's MSS, and leaves room for its options", play: func(w *world) {
		s := w.passive(60000, "<mss 9000,ts 1000 0>")
		s.Write(2896)
		w.Out(". 1:1449 ack 1 <ts * 1001>")
		w.Out(". 1449:2897 ack 1 <ts * 1001>")
		w.In(". 1 ack 2897 win 60000 <ts 1002 last>")
	}},
}

// fillWindow sends text that the application does not read until the window is
// closed, and returns where the text ends.
func fillWindow(w *world) int {
	at, win := 1, -1
	for range 10000 {
		n := 1400
		if win >= 0 {
			n = min(n, win)
		}
		w.inject("P. "+span(at, at+n)+" ack 1 win 40000", nil, nil)
		w.settle()
		for _, a := range w.Run(600 * time.Millisecond) {
			at, win = a.ack, a.win
		}
		if win == 0 {
			return at
		}
	}
	w.fail("the receive window does not close")
	return 0
}
