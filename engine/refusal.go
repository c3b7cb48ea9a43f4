// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// refusal is about segments that reach the peer, and that PAWS has it refuse: a
// retransmission has overtaken them on a path that reorders, and brought a newer
// timestamp in order (RFC 7323, section 5.3, R1). They are sent again, and are no
// sign of congestion: the path has lost nothing. They would beget each other, as
// each is a retransmission again that overtakes what is late.
type refusal struct {
	// seen says that the peer was seen to refuse something.
	seen bool
	// count is how many segments it refused that account for no loss yet.
	count int
	// lost is how many bytes were deemed lost since the last acknowledgment that
	// it is bound to refuse (see bound).
	lost int
	// echo is the last timestamp that was looked at so.
	echo uint32
}

// maxRefused bounds how many losses are laid to refusal by count.
const maxRefused = 64

// noteRefused looks at an acknowledgment for refusals. One that tells nothing at
// all, not of a copy either where the peer sends SACK, answers such a segment.
//
// Most go unseen: a peer that holds acknowledgments back while much is out of order
// answers for several segments at once. But each acknowledgment echoes TS.Recent
// (RFC 7323, section 4.3): what was sent before that, and has not arrived, is
// bound to be refused.
func (c *Conn) noteRefused(n *ackNews, d *delivery) {
	if !d.echoes || !c.shake.sack || !c.recovery.reorder.seen {
		return
	}
	r := &c.loss.refusal
	if n.duplicate && d.bytes == 0 && n.dsacked == 0 {
		r.seen = true
		r.count = min(r.count+1, maxRefused)
	}
	if d.echo == r.echo { // each costs a walk: a millisecond's worth shares it
		return
	}
	r.echo = d.echo
	// Only the last of that may yet come late: what a quarter of the least round
	// trip covers, which is how far RACK expects reordering to go (RFC 8985,
	// section 3.3.2).
	extent := int32((c.rtt.min / 4).Milliseconds())
	for id := c.board.flight.head; id != 0; id = c.board.recs[id].next {
		s := &c.board.recs[id]
		behind := int32(d.echo - timestamp(s.stamp.sentAt, d.offset))
		if behind <= 0 {
			return
		}
		s.bound = s.bound || behind <= extent
	}
}

// onLost notes that s is deemed lost.
func (r *refusal) onLost(s *record) {
	if s.bound {
		r.lost += s.r.Len()
	}
}

// wereRefused reports whether what was deemed lost just now is no more than what
// the peer refused. What it is bound to refuse counts when it was seen to refuse
// something: the path might have lost that as well.
func (c *Conn) wereRefused() bool {
	r := &c.loss.refusal
	segments := ceilDiv(c.loss.lost, c.smss())
	if r.seen {
		bound := ceilDiv(r.lost, c.smss())
		segments = max(segments-bound, 0)
		r.count = max(r.count-bound, 0)
	}
	if segments <= r.count {
		r.count -= segments
		return true
	}
	r.count = 0
	return false
}
