// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"testing"

	"tcpcb/conformance/packetdrill/script"
)

// What --mss says was merged is what came: full segments and the rest, the last of
// which has what ends a text.
func TestMergedSegments(t *testing.T) {
	whole := &script.TCP{Flags: script.ACK | script.PSH | script.FIN, Seq: 7, Ack: 9, Len: 2500}
	if got := segments(whole, 0); len(got) != 1 || got[0] != whole {
		t.Errorf("without --mss: %v", got)
	}
	got := segments(whole, 1000)
	if len(got) != 3 {
		t.Fatalf("%d segments", len(got))
	}
	for i, want := range []script.TCP{
		{Flags: script.ACK, Seq: 7, Ack: 9, Len: 1000},
		{Flags: script.ACK, Seq: 1007, Ack: 9, Len: 1000},
		{Flags: script.ACK | script.PSH | script.FIN, Seq: 2007, Ack: 9, Len: 500},
	} {
		if g := got[i]; g.Flags != want.Flags || g.Seq != want.Seq || g.Ack != want.Ack || g.Len != want.Len {
			t.Errorf("segment %d is %v, want %v", i, g, want.String())
		}
	}
}
