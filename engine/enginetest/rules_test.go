// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"strings"
	"testing"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
	"tcpcb/engine/seq"
)

// TestPacketRules has a host, in the place of an engine that breaks a rule,
// send one packet that it must not. The host sent its SYN with every option and
// the bytes up to 1000, its peer allows up to 5000, at an MSS of 1000; the host
// has acknowledged up to 100 and offered up to 1000.
func TestPacketRules(t *testing.T) {
	for _, test := range []struct {
		name   string
		out    string
		change func(out *engine.Segment)
		want   string
	}{
		{"new text", "P. 1000:1900 ack 100 win 900 <ts 1 1>", nil, ""},
		{"text sent before", ". 1:901 ack 100 win 900 <ts 1 1>", again, ""},
		{"an acknowledgment", ". 1000 ack 200 win 900 <ts 1 1,sack 300-400>", nil, ""},
		{"a probe", ". 500 ack 100 win 900 <ts 1 1>", nil, ""},
		{"a reset", "R 1000", nil, ""},
		{"a run", ". 1000:3000 ack 100 win 900 <ts 1 1>", func(out *engine.Segment) { out.GSOSize = 988 }, ""},

		{"a reset with text", "R. 1000:1001 ack 100", nil, "a reset carries nothing"},
		{"no ACK", "P 1000:1900 win 900 <ts 1 1>", nil, "no ACK"},
		{"no timestamps", ". 1000 ack 100 win 900 <>", nil, "timestamps are there: false"},
		{"the option of a SYN", ". 1000 ack 100 win 900 <mss 1460,ts 1 1>", nil, "an option of a SYN"},
		{"an empty SACK block", ". 1000 ack 100 win 900 <ts 1 1,sack 300-300>", nil, "SACK block"},
		{"a SACK block that is acknowledged", ". 1000 ack 100 win 900 <ts 1 1,sack 90-300>", nil, "SACK block"},
		{"a SACK block beyond the window", ". 1000 ack 100 win 900 <ts 1 1,sack 900-1100>", nil, "SACK block"},
		{"SACK blocks that overlap", ". 1000 ack 100 win 900 <ts 1 1,sack 300-400 350-500>", nil, "overlap"},
		{"too long", ". 1000:1989 ack 100 win 900 <ts 1 1>", nil, "MSS 1000"},
		{"packets of a run too long", ". 1000:3000 ack 100 win 900 <ts 1 1>", func(out *engine.Segment) { out.GSOSize = 989 }, "MSS 1000"},
		{"a run too long", ". 1000:4999 ack 100 win 900 <ts 1 1>", func(out *engine.Segment) { out.GSOSize = 988 }, "a run of 3999"},
		{"a gap before new text", ". 1001:1900 ack 100 win 900 <ts 1 1>", nil, "neither new"},
		{"old and new text", ". 900:1100 ack 100 win 900 <ts 1 1>", again, "neither new"},
		{"text sent before as new", ". 1:901 ack 100 win 900 <ts 1 1>", nil, "is a retransmission: true"},
		{"new text as sent before", ". 1000:1900 ack 100 win 900 <ts 1 1>", again, "is a retransmission: false"},
		{"an acknowledgment from nowhere", ". 1001 ack 100 win 900 <ts 1 1>", nil, "SND.NXT is"},
		{"beyond the window", ". 1000:5001 ack 100 win 900 <ts 1 1>", func(out *engine.Segment) { out.GSOSize = 988 }, "a run of 4001"},
		{"an acknowledgment that moves back", ". 1000 ack 99 win 901 <ts 1 1>", nil, "moves back by 1"},
		{"an edge that moves back", ". 1000 ack 100 win 899 <ts 1 1>", nil, "edge moves back by 1"},
		{"a window larger than the buffer", ". 1000 ack 100 win 2001 <ts 1 1>", nil, "from a buffer of 2000"},
		{"a SYN elsewhere", "S 5 win 900 <mss 1460>", nil, "a SYN stands at the ISS"},
		{"a window scale of 15", "S. 0 ack 1 win 900 <mss 1460,ws 15,ts 1 1,sackOK>", again, "window scale 15"},
		{"a SYN without MSS", "S. 0 ack 1 win 900 <ts 1 1,sackOK>", again, "no MSS"},
		{"a SYN-ACK that offers more", "S. 0 ack 1 win 900 <mss 1460,ws 0,ts 1 1,sackOK>", again, "offers what the SYN did not"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := ruledHost(t)
			out := make1(t, test.out, h)
			if test.change != nil {
				test.change(&out)
			}
			err := catch(func() { h.rules.sent(&out) })
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func again(out *engine.Segment) { out.Retransmission = true }

// TestWindowRule: text beyond what the peer allowed, when it is small enough
// for every other rule.
func TestWindowRule(t *testing.T) {
	h := ruledHost(t)
	h.rules.edge = seq.New(h.Params.ISS).Add(1500)
	out := make1(t, ". 1000:1501 ack 100 win 900 <ts 1 1>", h)
	if err := catch(func() { h.rules.sent(&out) }); err == nil || !strings.Contains(err.Error(), "1 bytes beyond the window") {
		t.Error(err)
	}
}

// TestECNRules does the same where the SYNs asked for ECN and agreed to it, or
// did not.
func TestECNRules(t *testing.T) {
	for _, test := range []struct {
		name         string
		agreed, mark bool
		out          string
		change       func(out *engine.Segment)
		want         string
	}{
		{"new text", true, false, "P. 1000:1900 ack 100 win 900 ip ect0 <ts 1 1>", nil, ""},
		{"with CWR", true, false, "P.W 1000:1900 ack 100 win 900 ip ect0 <ts 1 1>", nil, ""},
		{"text sent before", true, false, ". 1:901 ack 100 win 900 <ts 1 1>", again, ""},
		{"an echo", true, true, ".E 1000 ack 100 win 900 <ts 1 1>", nil, ""},
		{"a SYN-ACK without", true, false, "S. 0 ack 100 win 900 <mss 1460,ts 0 0,sackOK>", again, ""},
		{"without ECN", false, false, "P. 1000:1900 ack 100 win 900 <ts 1 1>", nil, ""},

		{"new text, not capable", true, false, "P. 1000:1900 ack 100 win 900 <ts 1 1>", nil, "is not ECN-capable"},
		{"capable without ECN", false, false, "P. 1000:1900 ack 100 win 900 ip ect0 <ts 1 1>", nil, "field is ECT(0)"},
		{"the other codepoint", true, false, "P. 1000:1900 ack 100 win 900 ip ect1 <ts 1 1>", nil, "field is ECT(1)"},
		{"marked by itself", true, false, "P. 1000:1900 ack 100 win 900 ip ce <ts 1 1>", nil, "field is CE"},
		{"a retransmission", true, false, ". 1:901 ack 100 win 900 ip ect0 <ts 1 1>", again, "field is ECT(0)"},
		{"no text", true, false, ". 1000 ack 100 win 900 ip ect0 <ts 1 1>", nil, "field is ECT(0)"},
		{"a SYN", true, false, "S.E 0 ack 1 win 1000 ip ect0 <mss 1460,ts 0 0,sackOK>", again, "a SYN is ECN-capable"},
		{"a reset", true, false, "R 1000 ip ect0", nil, "a reset carries nothing"},
		{"a reset with ECE", true, true, "RE 1000", nil, "a reset carries nothing"},
		{"the wrong flag", true, false, "S.W 0 ack 1 win 1000 <mss 1460,ts 0 0,sackOK>", again, "a SYN says W"},
		{"nobody asked", false, false, "S.E 0 ack 1 win 1000 <mss 1460,ts 0 0,sackOK>", again, "was not asked for"},
		{"CWR again", true, false, ".W 1:901 ack 100 win 900 <ts 1 1>", again, "CWR is not on"},
		{"CWR on a run", true, false, ".W 1000:3000 ack 100 win 900 ip ect0 <ts 1 1>", func(out *engine.Segment) { out.GSOSize = 988 }, "CWR is not on"},
		{"an echo of nothing", true, false, ".E 1000 ack 100 win 900 <ts 1 1>", nil, "ECE without a mark"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := ruledHost(t)
			h.Params.ECN = true
			h.rules.ecn = ecnRules{
				setupOut: test.agreed, plainOut: !test.agreed, setupIn: test.agreed, plainIn: !test.agreed, marked: test.mark,
			}
			out := make1(t, test.out, h)
			if test.change != nil {
				test.change(&out)
			}
			err := catch(func() { h.rules.sent(&out) })
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
	var r ecnRules
	for _, text := range []string{"S. 0 ack 1 win 900", "SEW 0 win 900", ". 1:2 ack 1 win 900 ip ce"} {
		in := make1(t, text, ruledHost(t))
		r.received(&in)
		in.Payload.Release()
	}
	if r != (ecnRules{setupIn: true, plainIn: true, marked: true}) {
		t.Errorf("learned %+v", r)
	}
}

// ruledHost is the host of TestPacketRules.
func ruledHost(t *testing.T) *host {
	t.Helper()
	c := smallConfig()
	c.Hosts[0].Params.GSOMaxSize = 3000
	c.Hosts[0].Settings = engine.DefaultSettings()
	c.Hosts[0].Settings.RcvBuf = 2000
	s := newSim(1, &c, false)
	h := s.hosts[0]
	h.openActive() // so that it is not CLOSED
	syn := make1(t, "S 0 win 1000 <mss 1460,ts 0 0,sackOK>", h)
	h.rules.sent(&syn)
	answer := make1(t, "S. 0 ack 1 win 5000 <mss 1000,ts 0 0,sackOK>", s.hosts[1])
	h.rules.received(&answer)
	for _, text := range []string{". 1:501 ack 100 win 900 <ts 1 1>", ". 501:1000 ack 100 win 900 <ts 1 1>"} {
		out := make1(t, text, h)
		h.rules.sent(&out)
		out.Payload.Release()
	}
	t.Cleanup(func() { h.conn.Release() })
	return h
}

// make1 makes the packet of a host.
func make1(t *testing.T, text string, h *host) engine.Segment {
	t.Helper()
	p, err := ParsePacket(text)
	if err != nil {
		t.Fatal(err)
	}
	return p.segment(seq.New(h.Params.ISS), h.peerISS())
}

// catch returns the failure that f throws.
func catch(f func()) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = x.(failure).error
		}
	}()
	f()
	return nil
}

// TestAbuseCanFail shows that what Abuse looks at is told.
func TestAbuseCanFail(t *testing.T) {
	fresh := func() *abuse {
		a := &abuse{data: nil, in: stream{skew: 31337}}
		a.open()
		return a
	}
	a := fresh()
	a.out.wrote(100)
	for _, test := range []struct {
		name  string
		start int
		text  []byte
		want  string
	}{
		{"what was written", 1, a.out.at(0, 100), ""},
		{"a part", 11, a.out.at(10, 50), ""},
		{"another byte", 1, append([]byte{^a.out.at(0, 1)[0]}, a.out.at(1, 9)...), "is not what was written"},
		{"another place", 2, a.out.at(0, 50), "is not what was written"},
		{"more than was written", 1, a.out.at(0, 101), "is not what was written"},
		{"before the first", 0, a.out.at(0, 10), "is not what was written"},
	} {
		a.err = nil
		var out engine.Segment
		out.Seq = a.iss.Add(test.start)
		out.Payload = buffer.MakeWithData(test.text)
		a.sent(&out)
		if got := a.err; (got == nil) != (test.want == "") || got != nil && !strings.Contains(got.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, got, test.want)
		}
	}
	a = fresh()
	b := buffer.MakeWithData(a.in.at(1, 10))
	if a.take(&b); a.err == nil {
		t.Error("wrong text is read, and not told")
	}
	a = fresh()
	if a.err != nil {
		t.Error(a.err)
	}
	a.set.MaxRTO, a.err = 1, nil
	if a.check(); a.err == nil {
		t.Error("an RTO beyond its bound is not told")
	}
}
