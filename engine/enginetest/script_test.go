// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
	"tcpcb/engine/seq"
)

// witness stands for a test that a script fails.
type witness struct {
	testing.TB
	failed   bool
	cleanups []func()
}

type verdict string

func (w *witness) Helper()          {}
func (w *witness) Failed() bool     { return w.failed }
func (w *witness) Cleanup(f func()) { w.cleanups = append(w.cleanups, f) }
func (w *witness) Fatalf(format string, args ...any) {
	w.failed = true
	panic(verdict(fmt.Sprintf(format, args...)))
}

// judge runs a script, with its cleanup, and returns how it failed.
func judge(script func(tb testing.TB)) (got string) {
	w := &witness{}
	defer func() {
		if x := recover(); x != nil {
			v, ok := x.(verdict)
			if !ok {
				panic(x)
			}
			got = string(v)
		}
	}()
	script(w)
	for _, f := range w.cleanups {
		f()
	}
	return ""
}

// TestScriptCanFail shows that a script fails on what nobody asked for, and
// tells what.
func TestScriptCanFail(t *testing.T) {
	open := Options{Params: Plain(), ISS: 1<<32 - 1, IRS: 1 << 31}
	established := func(tb testing.TB) *Script { return Established(tb, open, 10_000, "<mss 1460>") }
	for _, test := range []struct {
		name   string
		script func(tb testing.TB)
		want   string
	}{
		{"all is expected", func(tb testing.TB) {
			s := established(tb)
			s.Write(10)
			s.Out("P. 1:11 ack 1")
			s.In(". 1 ack 11 win 10000")
			s.State(engine.StateEstablished)
		}, ""},
		{"a SYN that nobody asked for", func(tb testing.TB) { Active(tb, open) }, "nobody asked for it: S 0"},
		{"text that nobody asked for, at the end", func(tb testing.TB) { established(tb).Write(10) }, "nobody asked for it: P. 1:11"},
		{"text that nobody asked for, before the next step", func(tb testing.TB) {
			s := established(tb)
			s.Write(10)
			s.In(". 1 ack 11 win 10000")
		}, "nobody asked for it: P. 1:11"},
		{"text that nobody asked for, before time passes", func(tb testing.TB) {
			s := established(tb)
			s.Write(10)
			s.Advance(time.Second)
		}, "nobody asked for it: P. 1:11"},
		{"a packet that does not come", func(tb testing.TB) { established(tb).Out(". 1 ack 1") }, "nothing was sent, want . 1 ack 1"},
		{"other flags", func(tb testing.TB) { Active(tb, open).Out("S. 0") }, "flags is S, want S."},
		{"another place", func(tb testing.TB) { Active(tb, open).Out("S 1") }, "seq is 0, want 1"},
		{"another acknowledgment", func(tb testing.TB) {
			s := Active(tb, open)
			s.Out("S 0")
			s.In("S. 0 ack 1 win 5")
			s.Out(". 1 ack 2")
		}, "ack is 1, want 2"},
		{"another length", func(tb testing.TB) {
			s := established(tb)
			s.Write(10)
			s.Out("P. 1:12 ack 1")
		}, "length is 10, want 11"},
		{"other text", func(tb testing.TB) {
			s := established(tb)
			s.Do("write", func(c *engine.Conn, now engine.Instant) {
				b := buffer.MakeWithData(make([]byte, 10))
				c.Write(now, &b)
			})
			s.Out("P. 1:11 ack 1")
		}, "text is another"},
		{"other text to read", func(tb testing.TB) {
			s := established(tb)
			s.In("P. 1:11 ack 1 win 100")
			s.Out(". 1 ack 11")
			s.Do("read", func(c *engine.Conn, now engine.Instant) {
				var b buffer.Buffer
				c.Read(&b, 1)
			})
			s.Read(9, 9)
		}, "not those that came"},
		{"another window", func(tb testing.TB) { Active(tb, open).Out("S 0 win 5") }, "win is 65535, want 5"},
		{"other options", func(tb testing.TB) { Active(tb, open).Out("S 0 <mss 1400>") }, "options is <mss 1460>, want <mss 1400>"},
		{"options where none are", func(tb testing.TB) { Active(tb, open).Out("S 0 <>") }, "options is <mss 1460>, want <>"},
		{"no run", func(tb testing.TB) { Active(tb, open).Out("S 0 gso 500") }, "gso is 0, want 500"},
		{"too early", func(tb testing.TB) {
			s := Active(tb, open)
			s.Out("S 0")
			s.Expires(2*time.Second, "S 0")
		}, "too early, at 1s: S 0"},
		{"too late", func(tb testing.TB) {
			s := Active(tb, open)
			s.Out("S 0")
			s.Expires(time.Second-time.Millisecond, "S 0")
		}, "nothing was sent, want S 0"},
		{"another state", func(tb testing.TB) { established(tb).State(engine.StateClosed) }, "state ESTABLISHED, want CLOSED"},
		{"another reason", func(tb testing.TB) { established(tb).Reason(engine.ReasonReset) }, `reason "none", want "connection reset by peer"`},
		{"not closed", func(tb testing.TB) { established(tb).Closed(engine.ReasonNone) }, "state ESTABLISHED, want CLOSED"},
		{"fewer bytes to read", func(tb testing.TB) { established(tb).Read(10, 1) }, "read 0 bytes, want 1"},
		{"less room to write", func(tb testing.TB) { established(tb).Write(engine.DefaultBuffer + 1) }, "wrote 1048576 of 1048577 bytes"},
		{"not a packet", func(tb testing.TB) { established(tb).In("nonsense") }, "want FLAGS SEQ"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := judge(test.script)
			if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("failed with %q, want %q", got, test.want)
			}
		})
	}
}

func TestParsePacketErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "want FLAGS SEQ",
		"S":                               "want FLAGS SEQ",
		"X 0":                             "unknown flag",
		". x":                             "sequence number",
		". 5:4":                           "range",
		". 5:x":                           "range",
		". 0 ack":                         "no value",
		". 0 ack x":                       "ack",
		". 0 ip x":                        "ECN field",
		". 0 ip":                          "no value",
		". 0 foo 1":                       "unknown field",
		". 0 <mss 1460":                   "no >",
		". 0 <mss x>":                     "option",
		". 0 <foo>":                       "unknown option",
		". 0 <sack 5>":                    "option",
		". 0 <ts 5>":                      "option",
		". 0 <sack 1-2 3-4 5-6 7-8 9-10>": "5 SACK blocks",
	} {
		if _, err := ParsePacket(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParsePacket(%q): %v, want %q", text, err, want)
		}
	}
}

// TestPacketRoundTrip writes packets out as they were read, wherever the
// sequence numbers wrap.
func TestPacketRoundTrip(t *testing.T) {
	for _, text := range []string{
		"S 0 win 65535 <mss 1460,sackOK,ws 7,ts 1 2>",
		"S. 0 ack 1 win 0 <mss 536>",
		"P. 1:1461 ack 1 win 100 <>",
		". -5 ack -7 win 1 <sack 10-20 -30--20>",
		"FSRP.UEW 3 ack 4 win 5 <ts 4294967295 0>",
		"R 5 win 0 <>",
		".W 1:2 ack 1 win 5 ip ect0 <>",
		".E 1:2 ack 1 win 5 ip ect1 <>",
		". 1:2 ack 1 win 5 ip ce <>",
	} {
		for _, base := range []uint32{0, 1<<31 - 3, 1 << 31, 1<<32 - 3} {
			p, err := ParsePacket(text)
			if err != nil {
				t.Fatal(err)
			}
			mine, theirs := seq.New(base), seq.New(base/2)
			s := p.segment(mine, theirs)
			if got := FormatPacket(&s, mine, theirs); got != text {
				t.Errorf("%q became %q", text, got)
			}
			if d := p.diff(&s, mine, theirs); d != "" {
				t.Errorf("%q differs from itself: %s", text, d)
			}
		}
	}
}
