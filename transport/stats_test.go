// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"bytes"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// TestRecoveryCounters: the stack's counters of loss recovery, after four
// segments of which the first, or all but the last, are lost or late.
func TestRecoveryCounters(t *testing.T) {
	const mss = 1448
	type counts struct {
		retransmits, fast, slow, sack, probed, timeouts, spurious, spuriousTimeouts, dsacks uint64
	}
	last := func(p *probed, from int) []seq.Range {
		return []seq.Range{{Start: seq.New(uint32(p.first) + uint32(from*mss)), End: seq.New(uint32(p.first) + 4*mss)}}
	}
	for _, tt := range []struct {
		name string
		do   func(p *probed, echo uint32)
		want counts
	}{
		{"recovery", func(p *probed, echo uint32) {
			p.wait(20 * time.Millisecond)
			p.ack(echo, 0, last(p, 1))
			again := p.want(wire.ACK)
			p.wait(20 * time.Millisecond)
			p.ack(again.Options.TSVal, 4*mss, nil)
		}, counts{retransmits: 1, fast: 1, sack: 1}},
		{"recovery for nothing", func(p *probed, echo uint32) {
			p.wait(20 * time.Millisecond)
			p.ack(echo, 0, last(p, 1))
			p.want(wire.ACK)
			p.wait(time.Millisecond)
			p.ack(echo, 4*mss, nil)
		}, counts{retransmits: 1, fast: 1, sack: 1, spurious: 1}},
		{"recovery for nothing, by DSACK", func(p *probed, echo uint32) {
			p.wait(20 * time.Millisecond)
			p.ack(echo, 0, last(p, 1))
			again := p.want(wire.ACK)
			p.wait(20 * time.Millisecond)
			p.ack(again.Options.TSVal, 4*mss, []seq.Range{seq.MakeRange(seq.New(uint32(p.first)), mss)})
		}, counts{retransmits: 1, fast: 1, sack: 1, spurious: 1, dsacks: 1}},
		{"found by a probe", func(p *probed, echo uint32) {
			p.wait(50 * time.Millisecond)
			p.want(wire.ACK)
			p.wait(20 * time.Millisecond)
			p.ack(echo, mss, last(p, 3))
			p.want(wire.ACK)
			again := p.want(wire.ACK)
			p.wait(20 * time.Millisecond)
			p.ack(again.Options.TSVal, 4*mss, nil)
		}, counts{retransmits: 3, fast: 1, slow: 1, sack: 1, probed: 1}},
		{"repaired by a probe", func(p *probed, echo uint32) {
			p.wait(50 * time.Millisecond)
			again := p.want(wire.ACK)
			p.wait(20 * time.Millisecond)
			p.ack(again.Options.TSVal, 4*mss, nil)
		}, counts{retransmits: 1, slow: 1, sack: 1}},
		{"timeout", func(p *probed, echo uint32) {
			p.wait(50 * time.Millisecond)
			p.want(wire.ACK)
			p.wait(300 * time.Millisecond)
			again := p.want(wire.ACK)
			p.wait(20 * time.Millisecond)
			p.ack(again.Options.TSVal, 4*mss, nil)
		}, counts{retransmits: 2, slow: 2, timeouts: 1}},
		{"timeout for nothing", func(p *probed, echo uint32) {
			p.wait(50 * time.Millisecond)
			p.want(wire.ACK)
			p.wait(300 * time.Millisecond)
			p.want(wire.ACK)
			p.wait(time.Millisecond)
			p.ack(echo, mss, nil)
			p.wait(time.Millisecond)
			p.ack(echo, 4*mss, nil)
		}, counts{retransmits: 2, slow: 2, timeouts: 1, spurious: 1, spuriousTimeouts: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProbed(t)
			if _, err := p.ep.Write(bytes.NewReader(make([]byte, 4*mss)), tcpip.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
			var echo uint32
			for range 4 {
				echo = p.want(wire.ACK).Options.TSVal
			}
			tt.do(p, echo)
			s := p.stats()
			got := counts{
				s.Retransmits.Value(), s.FastRetransmit.Value(), s.SlowStartRetransmits.Value(),
				s.SACKRecovery.Value(), s.TLPRecovery.Value(), s.Timeouts.Value(),
				s.SpuriousRecovery.Value(), s.SpuriousRTORecovery.Value(), s.SegmentsAckedWithDSACK.Value(),
			}
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if n := s.FastRecovery.Value(); n != 0 {
				t.Errorf("%d recoveries without SACK", n)
			}
		})
	}
}
