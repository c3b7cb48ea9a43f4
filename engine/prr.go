// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// prr is Proportional Rate Reduction (RFC 9937): it lets fast recovery send in
// proportion to what is delivered, so that the window has come down to ssthresh
// when recovery ends, without a pause and without a burst.
type prr struct {
	flight    int // RecoverFS: what was in flight when recovery began
	delivered int // prr_delivered: bytes delivered since
	out       int // prr_out: bytes sent since
	cwnd      int
	cautious  bool
}

// begin starts recovery with flight bytes in flight, those that the
// acknowledgment which showed the loss delivered included, and those that were
// SACKed before it left out (RFC 9937, section 6).
func (p *prr) begin(flight int) { *p = prr{flight: max(flight, 1)} }

// beCautious is for a loss that a tail probe has found. A good part of a flight
// may be lost, and no acknowledgment has come for two round trips to send by. So
// the least window goes out, 2 SMSS, as RFC 8985, section 3.4, has it in step 5c,
// and no more until something that was sent again is known to have arrived, or
// all of it.
func (p *prr) beCautious(mss int) {
	p.cautious = true
	p.cwnd += mss
}

// onAck computes the window after an acknowledgment that delivered that many
// bytes and left pipe bytes in the network; safe says that it moved SND.UNA and
// showed no further loss (RFC 9937, section 6).
func (p *prr) onAck(delivered, pipe, ssthresh, mss int, safe bool) {
	p.delivered += delivered
	n := p.delivered - p.out
	switch {
	case pipe > ssthresh:
		// Proportional: sent is to delivered as ssthresh is to what was in
		// flight.
		n = ceilDiv(p.delivered*ssthresh, p.flight) - p.out
	case safe: // slow start up to ssthresh: PRR-SSRB
		n = min(ssthresh-pipe, max(n, delivered)+mss)
	default: // packet conservation: PRR-CRB
		n = min(ssthresh-pipe, max(n, delivered))
	}
	if n <= 0 && p.out == 0 {
		n = mss // the fast retransmit itself
	}
	if p.cautious {
		n = 2*mss - p.out
	}
	p.cwnd = pipe + max(n, 0)
}

// onSent notes that n bytes went out.
func (p *prr) onSent(n int) { p.out += n }

// onUnsent notes that n bytes did not go out after all.
func (p *prr) onUnsent(n int) { p.out = max(0, p.out-n) }

func ceilDiv(a, b int) int { return (a + b - 1) / b }
