// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// timeWait is how long a connection lingers: twice an MSL of 30 s, which is what
// netstack's default, TCPTimeWaitTimeoutOption, comes to.
const timeWait = time.Minute

// closeCases are about closing: RFC 9293, sections 3.6 and 3.10.7.4.
var closeCases = []Case{
	{Name: "RFC9293/3.6/MUST-12-fin", About: "the application learns that the peer closed", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("P. 1:101 ack 1 win 40000")
		w.Acked(101, time.Second/2)
		w.In("F. 101 ack 1 win 40000")
		w.Acked(102, time.Second/2)
		s.Read(100)
		s.EOF()
	}},
	{Name: "RFC9293/3.6/MUST-12-rst", About: "the application learns that the peer aborted", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("R 1")
		w.Silent()
		s.ReadErr(&tcpip.ErrConnectionReset{})
	}},
	{Name: "RFC9293/3.6/half-close", About: "an end that has closed goes on to receive, and one that was closed to goes on to send", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Shutdown()
		w.Out("F. 1 ack 1")
		w.In(". 1 ack 2 win 40000")
		w.In("P. 1:501 ack 2 win 40000")
		w.Acked(501, time.Second/2)
		s.Read(500)
		w.In("F. 501 ack 2 win 40000")
		w.Acked(502, time.Second/2)
		s.EOF()
	}},
	{Name: "RFC9293/3.6.1/SHLD-3", About: "closing with text unread, or text after closing, meets a reset", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("P. 1:101 ack 1 win 40000")
		w.Acked(101, time.Second/2)
		s.Close()
		a := w.next()
		w.Expect(a.flags.Contains(header.TCPFlagRst), "sent %s, want a reset", a)
	}},
	{Name: "RFC9293/3.6.1/SHLD-3-later", About: "text that comes after the application closed meets a reset", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Close()
		w.Out("F. 1 ack 1")
		w.In(". 1 ack 2 win 40000")
		w.In("P. 1:101 ack 2 win 40000")
		a := w.next()
		w.Expect(a.flags.Contains(header.TCPFlagRst), "sent %s, want a reset", a)
	}},
	{Name: "RFC9293/3.6.1/MUST-13", About: "who closed first lingers for 2 MSL, and answers the peer's FIN again", play: func(w *world) {
		closeFirst(w)
		w.Quiet(timeWait - 2*time.Second)
		w.In("F. 1 ack 2 win 40000")
		w.Out(". 2 ack 2")
		w.Quiet(timeWait - 2*time.Second) // which begins anew (3.10.7.4)
		w.In("F. 1 ack 2 win 40000")
		w.Out(". 2 ack 2")
		w.Quiet(timeWait + 2*time.Second)
		w.In("F. 1 ack 2 win 40000")
		w.Out("R 2")
	}},
	{Name: "RFC9293/3.6.1/MAY-2", About: "a SYN beyond the old connection's text opens a new one out of TIME-WAIT", play: func(w *world) {
		l := closeFirst(w)
		w.Quiet(2 * time.Second)
		irs := w.flow.irs
		w.renew(irs + 100000)
		w.In("S 0 win 40000 " + mss)
		w.Out("S. 0 ack 1")
		w.In(". 1 ack 1 win 40000")
		l.Accept()
	}},
	{Name: "RFC9293/3.10.7.4/time-wait-rst", About: "a reset, or text, in TIME-WAIT opens and sends nothing but an acknowledgment", play: func(w *world) {
		closeFirst(w)
		w.In("P. 1:11 ack 2 win 40000")
		for _, a := range w.Run(time.Second) {
			w.Expect(a.flags == header.TCPFlagAck, "sent %s", a)
		}
	}},
	{Name: "RFC9293/3.10.7.4/simultaneous-close", About: "FINs that cross are acknowledged, and the connection ends", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Close()
		w.Out("F. 1 ack 1")
		w.In("F. 1 ack 1 win 40000")
		w.Out(". 2 ack 2")
		w.In(". 2 ack 2 win 40000")
		w.Quiet(10 * time.Second)
	}},
	{Name: "RFC9293/3.10.7.4/last-ack", About: "the end that closes second is gone with the acknowledgment of its FIN", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("F. 1 ack 1 win 40000")
		w.Acked(2, time.Second/2)
		s.EOF()
		s.Close()
		w.Out("F. 1 ack 2")
		w.In(". 2 ack 2 win 40000")
		w.Quiet(time.Second)
		w.In(". 2 ack 2 win 40000")
		w.Out("R 2")
	}},
	{Name: "RFC9293/3.10.7.4/fin-retransmitted", About: "a FIN that is not acknowledged is sent again", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Close()
		w.Out("F. 1 ack 1")
		w.Within(5*time.Second, "F. 1 ack 1")
		w.In(". 1 ack 2 win 40000")
		w.Quiet(5 * time.Second)
	}},
	{Name: "RFC9293/3.10.5/abort", About: "ABORT sends a reset", play: func(w *world) {
		s := w.passive(40000, mss)
		w.note("abort")
		s.ep.Abort()
		w.settle()
		a := w.next()
		w.Expect(a.flags.Contains(header.TCPFlagRst) && a.seq == 1, "sent %s, want a reset at 1", a)
	}},
}

// closeFirst has the stack close a connection, and then the peer, so that it is
// in TIME-WAIT. It returns the listener.
func closeFirst(w *world) *socket {
	l := w.Listener()
	w.In("S 0 win 40000 " + mss)
	w.Out("S. 0 ack 1")
	w.In(". 1 ack 1 win 40000")
	s := l.Accept()
	s.Close()
	w.Out("F. 1 ack 1")
	w.In(". 1 ack 2 win 40000")
	w.In("F. 1 ack 2 win 40000")
	w.Out(". 2 ack 2")
	return l
}
