// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// ecnCases are about ECN: RFC 3168, section 6.1.
var ecnCases = []Case{
	{Name: "RFC3168/6.1.1/setup-active", About: "a SYN asks for ECN, and no ECT is on it", play: func(w *world) {
		withECN(w)
		w.Connector()
		w.Out("SEW 0")
		w.In("S.E 0 ack 1 win 40000 " + mss)
		w.Out(". 1 ack 1")
	}},
	{Name: "RFC3168/6.1.1/setup-passive", About: "a SYN-ACK agrees to ECN only where the SYN asked, and no ECT is on it", play: func(w *world) {
		withECN(w)
		w.Listener()
		w.In("SEW 0 win 40000 " + mss)
		w.Out("S.E 0 ack 1")
		w.In("R 1")
		for i, syn := range []string{"S 0", "SE 0", "SW 0"} {
			w.use(peerPort + 1 + uint16(i))
			w.In(syn + " win 40000 " + mss)
			w.Out("S. 0 ack 1")
			w.In("R 1")
		}
	}},
	{Name: "RFC3168/6.1.1/MUST-NOT-ect", About: "text is not ECN-capable unless both ends agreed", play: func(w *world) {
		withECN(w)
		s := w.Connector()
		w.Out("SEW 0")
		w.In("S. 0 ack 1 win 40000 " + mss)
		w.Out(". 1 ack 1")
		s.Write(100)
		w.Out(". 1:101 ack 1")
		w.In(". 1 ack 101 win 40000")
	}},
	{Name: "RFC3168/6.1.1.1/MAY-fallback", About: "a SYN that asks for ECN, and has no answer, is sent again without", play: func(w *world) {
		withECN(w)
		w.Connector()
		w.Out("SEW 0")
		for range 4 { // not necessarily the first time
			w.Wait(time.Minute)
			if a := w.next(); a.flags == header.TCPFlagSyn {
				w.In("R. 0 ack 1")
				return
			}
		}
		w.fail("4 SYNs without an answer all ask for ECN")
	}},
	{Name: "RFC3168/6.1.2/SHLD-ect0", About: "new text is ECT(0)", play: func(w *world) {
		s := agreed(w)
		s.Write(100)
		w.Out(". 1:101 ack 1 ip ect0")
		w.In(". 1 ack 101 win 40000")
	}},
	{Name: "RFC3168/6.1.2/MUST-reduce", About: "an echoed mark halves the window once a round trip, and CWR is on the first new segment", play: func(w *world) {
		s := agreed(w)
		s.Write(14600)
		for at := 1; at < 14601; at += 1460 {
			w.Out(". " + span(at, at+1460) + " ack 1 ip ect0")
		}
		s.Write(30000)
		w.Silent()
		w.In(".E 1 ack 1461 win 60000")
		cwr, sent := 0, 14601
		for acked := 2921; acked <= 14601; acked += 1460 {
			w.inject(".E 1 ack "+itoa(acked)+" win 60000", nil, nil)
			w.settle()
			for len(w.pending) > 0 {
				a := w.next()
				sent = max(sent, a.end)
				if a.flags&header.TCPFlags(0x80) != 0 {
					cwr++
				}
			}
		}
		w.Run(20 * time.Millisecond)
		w.Expect(cwr == 1, "CWR is on %d segments", cwr)
		w.Expect(sent-14601 <= 14600, "%d bytes are outstanding after a mark in a window of 14,600", sent-14601)
		w.in(". 1 ack 44601 win 0", nil)
		w.Ignore()
	}},
	{Name: "RFC3168/6.1.3/MUST-echo", About: "a mark is echoed until the peer says CWR", play: func(w *world) {
		agreed(w)
		w.In("P. 1:101 ack 1 win 40000 ip ce")
		w.Within(time.Second/2, ".E 1 ack 101")
		w.In("P. 101:201 ack 1 win 40000 ip ect0")
		w.Within(time.Second/2, ".E 1 ack 201")
		w.In("P.W 201:301 ack 1 win 40000 ip ect0")
		w.Within(time.Second/2, ". 1 ack 301")
	}},
	{Name: "RFC3168/6.1.4/MUST-pure-ack", About: "acknowledgments are not ECN-capable", play: func(w *world) {
		agreed(w)
		w.In("P. 1:101 ack 1 win 40000 ip ect0")
		w.Within(time.Second/2, ". 1 ack 101")
	}},
	{Name: "RFC3168/6.1.5/MUST-NOT-retransmission", About: "what is sent again is not ECN-capable", play: func(w *world) {
		s := agreed(w)
		s.Write(100)
		w.Out(". 1:101 ack 1 ip ect0")
		w.Within(3*time.Second, ". 1:101 ack 1")
		w.In(". 1 ack 101 win 40000")
	}},
	{Name: "RFC3168/6.1.6/MUST-NOT-probe", About: "window probes are not ECN-capable, and have no CWR", play: func(w *world) {
		s := agreed(w)
		s.Write(100)
		w.Out(". 1:101 ack 1 ip ect0")
		w.In(". 1 ack 101 win 0")
		s.Write(100)
		w.Wait(5 * time.Second)
		w.Expect(len(w.pending) > 0 && w.pending[0].ecn == 0, "the window is not probed, or by a packet that is ECN-capable")
		probe(w, 101)
		w.In(". 1 ack 101 win 40000")
		w.Ignore()
		w.in(". 1 ack 201 win 40000", nil)
	}},
	{Name: "RFC3168/6.1.6/SHLD-probe", About: "a mark on a window probe is echoed", play: func(w *world) {
		agreed(w, receiveBuffer(4096))
		at := fillWindow(w)
		w.In("P. " + span(at, at+1) + " ack 1 win 40000 ip ce")
		w.Within(time.Second, ".E 1 ack "+itoa(at))
	}},
}

// withECN turns ECN on, or ends the case where there is none.
func withECN(w *world) {
	if w.provider.EnableECN == nil {
		w.skip("there is no ECN")
	}
	if err := w.provider.EnableECN(w.stack); err != nil {
		w.fail("ECN: %v", err)
	}
}

// agreed is a connection with ECN.
func agreed(w *world, set ...func(*socket)) *socket {
	withECN(w)
	l := w.Listener(set...)
	w.In("SEW 0 win 60000 " + mss)
	w.Out("S.E 0 ack 1")
	w.In(". 1 ack 1 win 60000")
	return l.Accept()
}
