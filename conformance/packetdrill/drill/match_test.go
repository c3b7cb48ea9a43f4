// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"strings"
	"testing"
	"time"

	"tcpcb/conformance/packetdrill/script"
)

// A file that dd made is sent by sendfile; a queue without room keeps packets from
// going out, until it is replaced. Then what waited for room goes, within a quarter of a
// round trip, and not when a timer expires.
func TestCommands(t *testing.T) {
	const file = "`dd if=/dev/zero of=/tmp/x bs=5 count=2 status=none; rm -f /tmp/y`" + opened + `
   +0 open("/tmp/x", O_RDONLY) = 4
   +0 sendfile(3, 4, [0], 10) = 10
   +0 > P. 1:11(10) ack 1
`
	const cut = opened + "+0 `tc qdisc replace dev tun0 root pfifo limit 0`\n" + `
   +0 write(3, ..., 10) = 10
` + "+.1 `tc qdisc replace dev tun0 root pfifo`\n" + `
   +.025 > P. 1:11(10) ack 1
`
	for name, text := range map[string]string{"file": file, "cut": cut} {
		if r := RunText("c.pkt", text, nil, tcpcb()); r.Verdict != Pass {
			t.Errorf("%s: %v", name, r)
		}
	}
	never := strings.Replace(cut, "tc qdisc replace dev tun0 root pfifo`\n\n   +.025", "true`\n\n   +.025", 1)
	if r := RunText("c.pkt", never, nil, tcpcb()); r.Verdict != Fail {
		t.Errorf("with a queue that stays full: %v", r)
	}
}

// Flow labels are compared by when they change.
func TestFlowLabels(t *testing.T) {
	type step struct {
		want, got uint32
		fails     bool
	}
	for _, steps := range [][]step{
		{{1, 50, false}, {1, 50, false}, {2, 60, false}, {2, 60, false}},
		{{1, 50, false}, {1, 51, true}},
		{{1, 50, false}, {2, 50, true}},
		{{1, 0, true}},
		{{0, 0, false}, {0, 7, false}},
	} {
		s := newSocket(3)
		for i, st := range steps {
			want := &script.Packet{IP: script.IPInfo{FlowLabel: st.want}, ICMP: &script.ICMP{Type: "type_1"}}
			got := &packet{v6: true, flow: st.got, icmp: true, icmpType: 1}
			if d := s.compare(want, got, &config{}, 0); (len(d) > 0) != st.fails {
				t.Errorf("%v, step %d: %v", steps, i, d)
			}
		}
	}
}

// Of the TOS only what the script names is compared.
func TestTOS(t *testing.T) {
	for _, tt := range []struct {
		check    script.TOSCheck
		tos, got uint8
		fails    bool
	}{
		{script.TOSNone, 0, 0xff, false},
		{script.TOSECN, 2, 0x1e, false}, {script.TOSECN, 2, 1, true}, {script.TOSECN, 0, 3, true},
		{script.TOSECT, 0, 1, false}, {script.TOSECT, 0, 2, false}, {script.TOSECT, 0, 0, true}, {script.TOSECT, 0, 3, true},
		{script.TOSByte, 0x1c, 0x1c, false}, {script.TOSByte, 0x1c, 0x1e, true},
	} {
		want := &script.Packet{IP: script.IPInfo{Check: tt.check, TOS: tt.tos}, ICMP: &script.ICMP{Type: "type_1"}}
		got := &packet{tos: tt.got, icmp: true, icmpType: 1}
		if d := newSocket(3).compare(want, got, &config{}, 0); (len(d) > 0) != tt.fails {
			t.Errorf("%+v: %v", tt, d)
		}
	}
}

// Timestamps are compared where the script says how long a tick is, from the first
// on, and echoed by what was sent for them.
func TestTimestamps(t *testing.T) {
	seg := func(val, ecr uint32) *script.TCP {
		return &script.TCP{Flags: script.ACK, Options: []script.TCPOption{{Kind: script.OptTS, Value: val, Ecr: ecr}}}
	}
	s := newSocket(3)
	for _, tt := range []struct {
		want, got uint32
		fails     bool
	}{{100, 7000, false}, {200, 7100, false}, {300, 7204, false}, {400, 7310, true}} {
		g := seg(tt.got, 0)
		s.learnStamp(seg(tt.want, 0), g)
		d := compareOptions(seg(tt.want, 0), g, time.Millisecond, 5*time.Millisecond)
		if (len(d) > 0) != tt.fails {
			t.Errorf("val %d for %d: %v", tt.got, tt.want, d)
		}
		if d := compareOptions(seg(tt.want, 0), g, 0, 0); len(d) > 0 {
			t.Errorf("val %d for %d, without ticks: %v", tt.got, tt.want, d)
		}
	}
	for _, tt := range []struct {
		ecr, want uint32
		scaled    bool
		ok        bool
	}{{200, 7100, false, true}, {250, 0, false, false}, {250, 7150, true, true}} {
		in := seg(1, tt.ecr)
		if ok := s.echo(in, tt.scaled); ok != tt.ok || ok && in.Options[0].Ecr != tt.want {
			t.Errorf("ecr %d, scaled %v: %d, %v", tt.ecr, tt.scaled, in.Options[0].Ecr, ok)
		}
	}
}
