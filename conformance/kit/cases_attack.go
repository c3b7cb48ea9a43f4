// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// attackCases are about blind attacks: RFC 5961.
var attackCases = []Case{
	{Name: "RFC5961/3.2/MUST-exact", About: "a reset at RCV.NXT ends the connection", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("R 1")
		w.Silent()
		s.ReadErr(&tcpip.ErrConnectionReset{})
	}},
	{Name: "RFC5961/3.2/MUST-challenge", About: "a reset elsewhere in the window is answered by an acknowledgment, and ends nothing", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("R 100")
		w.Out(". 1 ack 1")
		w.Quiet(time.Second)
		s.Live(1, 40000)
	}},
	{Name: "RFC5961/3.2/MUST-outside", About: "a reset outside the window is passed over in silence", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("R 90000000")
		w.In("R 0")
		w.Quiet(time.Second)
		s.Live(1, 40000)
	}},
	{Name: "RFC5961/4.2/MUST-SYN", About: "a SYN on a connection there is, wherever it lies, is answered by an acknowledgment, and ends nothing", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("S 1 win 40000 " + mss)
		w.Out(". 1 ack 1")
		w.Quiet(2 * time.Second)
		w.In("S 70000000 win 40000 " + mss)
		w.Out(". 1 ack 1")
		w.Quiet(2 * time.Second)
		s.Live(1, 40000)
	}},
	{Name: "RFC5961/4.2/MUST-SYN-reset", About: "the reset by which a peer that has forgotten the connection answers the challenge ends it", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("S 70000000 win 40000 " + mss)
		a := w.Out(". 1 ack 1")
		w.In("R " + itoa(a.ack))
		w.Silent()
		s.ReadErr(&tcpip.ErrConnectionReset{})
	}},
	{Name: "RFC5961/5.2/MUST-ack-range", About: "text with an acknowledgment older than any window is dropped, and answered", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("P. 1:11 ack -100000 win 40000")
		w.Out(". 1 ack 1")
		s.Read(0)
		s.Live(1, 40000)
	}},
	{Name: "RFC5961/7/SHLD-throttle", About: "such answers are limited in number", play: func(w *world) {
		s := w.passive(40000, mss)
		n := 0
		for range 1000 {
			w.inject("R 100", nil, nil)
			w.settle()
			n += len(w.pending)
			w.pending = nil
		}
		w.Expect(n > 0 && n < 1000, "1,000 forged resets have %d answers", n)
		w.Quiet(time.Second)
		s.Live(1, 40000)
	}},
	{Name: "RFC5961/7/SHLD-tunable", About: "and the span of time for one answer can be set", play: func(w *world) {
		if err := w.stack.SetOption(stack.TCPInvalidRateLimitOption(5 * time.Second)); err != nil {
			w.fail("TCPInvalidRateLimitOption: %v", err)
		}
		s := w.passive(40000, mss)
		w.In("R 100")
		w.Out(". 1 ack 1")
		w.Quiet(4 * time.Second)
		w.In("R 100")
		w.Quiet(2 * time.Second)
		w.In("R 100")
		w.Out(". 1 ack 1")
		s.Live(1, 40000)
	}},
}
