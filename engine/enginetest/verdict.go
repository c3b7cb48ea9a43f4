// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"time"

	"tcpcb/engine"
)

// checkEnd checks what must hold once nothing is left to happen.
func (s *sim) checkEnd() {
	for _, h := range s.hosts {
		if !h.opened {
			if s.config.Orderly() {
				s.failf("host %d never heard of a connection", h.id)
			}
			continue
		}
		if h.conn.State() != engine.StateClosed {
			s.failf("host %d stands still: %s", h.id, s.describe())
		}
		if !h.sawClosed {
			s.failf("host %d was not told that the connection ended: %s", h.id, s.describe())
		}
		if h.conn.Readable() != 0 && h.gaveUp {
			s.failf("host %d holds text that nobody will read: %s", h.id, s.describe())
		}
		if h.most[0]+h.beyond() < h.conn.Readable() {
			s.failf("host %d holds more than its buffer: %s", h.id, s.describe())
		}
	}
	for i, h := range s.hosts {
		peer := s.hosts[1-i]
		s.checkWork(h)
		if h.in.n == peer.out.n && h.in.sum != peer.out.sum {
			s.failf("host %d read %d bytes, with another sum", i, h.in.n)
		}
		if s.config.Orderly() {
			s.checkOrderly(h, peer)
		}
		if n := h.conn.Counters(); s.quick() && (n.Retransmits > n.TailProbes || n.Timeouts > 0) {
			s.failf("host %d sent %d segments again, after %d timeouts, on a clean path", i, n.Retransmits, n.Timeouts)
		}
	}
}

// checkWork checks that the host sent no more than somebody gave it reason to: an
// acknowledgment for each segment that came, for each read, which may have opened
// the window, and for each deadline; and text no more often than what was lost, and
// what was not heard of, can explain.
func (s *sim) checkWork(h *host) {
	reasons := int(h.conn.Counters().SegsIn) + h.reads + h.wakes + len(h.Acts)
	if h.rules.acks > reasons {
		s.failf("host %d sent %d acknowledgments, and had %d reasons", h.id, h.rules.acks, reasons)
	}
	// On the worst of paths about eight times the text has been seen.
	c := h.conn.Counters()
	if most := 20*(h.out.n+int(h.Params.MSS)) + int(h.Params.MSS)*(s.links[h.id].lost+int(c.Timeouts+c.TailProbes)); h.rules.text > most {
		s.failf("host %d sent %d bytes for the %d that were written, %d at most", h.id, h.rules.text, h.out.n, most)
	}
}

// checkOrderly checks that everything came, and that nobody was told otherwise.
func (s *sim) checkOrderly(h, peer *host) {
	switch {
	case h.out.n != h.Write || h.in.n != peer.Write && !h.readsNothing():
		s.failf("not everything came: %s", s.describe())
	case !h.sawEOF && !h.readsNothing():
		s.failf("host %d never saw the end of the stream: %s", h.id, s.describe())
	case h.conn.Reason() != engine.ReasonNone:
		s.failf("host %d: %v: %s", h.id, h.conn.Reason(), s.describe())
	}
}

// readsNothing reports whether the application closes without reading.
func (h *host) readsNothing() bool { return h.End == EndClose }

// quick reports whether no timer of retransmission can expire: the path is
// clean, and its round trip, with the peer's delay of acknowledgments, well
// below each RTO.
func (s *sim) quick() bool {
	if !s.config.Clean() || !s.config.Orderly() {
		return false
	}
	var rtt time.Duration
	for i, l := range s.config.Links {
		if l.Rate != 0 {
			return false
		}
		rtt += l.Delay + l.Jitter + s.hosts[i].Settings.AckDelay
	}
	return 2*rtt < min(s.hosts[0].Settings.MinRTO, s.hosts[1].Settings.MinRTO, time.Second)
}
