// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"strings"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// TestPacketText: what is no packet is told, and what is comes back the same
// through the wire.
func TestPacketText(t *testing.T) {
	for _, bad := range []string{"", "S", "S x", "X 0", "S 0 win", "S 0 win x", "S 0 foo 1", "S 0 ip no", ". 5:1", "S 0 <mss>", "S 0 <foo 1>", "S 0 <raw xy>", "S 0 <sack 1>"} {
		if p, err := parsePacket(bad); err == nil {
			t.Errorf("%q is read as %v", bad, p)
		}
	}
	for _, text := range []string{
		"S 0 win 40000 <mss 1460,sackOK,ts 5 0,ws 7>",
		"P. 1:101 ack 5 win 77 <>",
		".E 1 ack 5 win 77 <ts 9 8,sack 20-30 40-50>",
		"FPU.EW 7:9 ack 1 win 0 <>",
	} {
		f := &flow{peer: 1, stack: 2, irs: 0xffffffff, iss: 0x80000000, known: true}
		p, err := parsePacket(text)
		if err != nil {
			t.Fatal(err)
		}
		b := encode(p, f)
		seal(b, stackAddr, peerAddr, false)
		back := &flow{irs: f.iss, iss: f.irs, known: true}
		got, err := decode(b, stackAddr, peerAddr, back)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := p.diff(got); diff != "" {
			t.Errorf("%s came back as %s\n%s", text, got, diff)
		}
	}
}

// TestDecodeTells: what no packet may be fails every case.
func TestDecodeTells(t *testing.T) {
	segment := func(text string) []byte {
		p, err := parsePacket(text)
		if err != nil {
			t.Fatal(err)
		}
		b := encode(p, &flow{irs: 100, iss: 200, known: true})
		return b
	}
	for _, test := range []struct {
		what   string
		text   string
		change func([]byte)
		bad    bool
		want   string
	}{
		{"good", "P. 1:5 ack 1 win 9 <ts 1 2>", nil, false, ""},
		{"checksum", "P. 1:5 ack 1 win 9", nil, true, "MUST-2"},
		{"text", "P. 1:5 ack 1 win 9", func(b []byte) { b[22]++ }, false, "not what was written"},
		{"header's length", "P. 1:5 ack 1 win 9", func(b []byte) { b[header.TCPDataOffset] = 0xf0 }, false, "length"},
		{"reserved bits", ". 1 ack 1 win 9", func(b []byte) { b[12] |= 4 }, false, "reserved"},
		{"MSS", ". 1 ack 1 win 9 <mss 9>", nil, false, "MUST-65"},
		{"SACK-permitted", ". 1 ack 1 win 9 <sackOK>", nil, false, "RFC 2018, section 2"},
		{"window scale", ". 1 ack 1 win 9 <ws 1>", nil, false, "section 2.2"},
		{"shift", "S 0 win 9 <ws 15>", nil, false, "section 2.3"},
		{"option's length", ". 1 ack 1 win 9 <raw 08000000>", nil, false, "MUST-68"},
		{"option beyond", ". 1 ack 1 win 9 <raw 080a0000>", nil, false, "MUST-68"},
		{"padding", ". 1 ack 1 win 9 <raw 00010000>", nil, false, "MUST-69"},
		{"twice", "S 0 win 9 <mss 1,mss 2>", nil, false, "two options"},
	} {
		b := segment(test.text)
		if test.change != nil {
			test.change(b)
		}
		seal(b, stackAddr, peerAddr, test.bad)
		_, err := decode(b, stackAddr, peerAddr, &flow{irs: 200, iss: 100, known: true})
		switch {
		case err == nil && test.want == "":
		case err == nil:
			t.Errorf("%s: nothing is told", test.what)
		case test.want == "" || !strings.Contains(err.Error(), test.want):
			t.Errorf("%s: %v, want %q", test.what, err, test.want)
		}
	}
}

// TestDiff: what an expectation names is compared.
func TestDiff(t *testing.T) {
	const sent = "P. 1:5 ack 7 win 9 <ts 1 2>"
	for want, differs := range map[string]bool{
		". 1:5 ack 7":                   false, // PSH may be there
		"P. 1:5 ack 7 win 9 <ts * 2>":   false,
		". 1:5":                         false,
		"F. 1:5 ack 7":                  true,
		". 2:6 ack 7":                   true,
		". 1:4 ack 7":                   true,
		". 1:5 ack 8":                   true,
		". 1:5 ack 7 win 8":             true,
		". 1:5 ack 7 <>":                true,
		". 1:5 ack 7 <ts * 3>":          true,
		". 1:5 ack 7 <ts * 2,sack 1-2>": true,
		". 1:5 ack 7 ip ce":             true,
	} {
		w, err := parsePacket(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parsePacket(sent)
		if err != nil {
			t.Fatal(err)
		}
		if diff := w.diff(got); (diff != "") != differs {
			t.Errorf("%s and %s: %q", want, sent, diff)
		}
	}
}

// TestBusy: who can run is told from who cannot.
func TestBusy(t *testing.T) {
	const mine = "goroutine 1 [running]:\ntcpcb/conformance/kit.quiet()\n\n"
	for dump, want := range map[string]bool{
		mine: false,
		mine + "goroutine 2 [select]:\ngvisor.dev/gvisor/pkg/tcpip/transport/tcp.(*processor).start()\n\n":        false,
		mine + "goroutine 2 [runnable]:\ngvisor.dev/gvisor/pkg/tcpip/transport/tcp.(*processor).start()\n\n":      true,
		mine + "goroutine 2 [runnable]:\nnet/http.serve()\n\n":                                                    false,
		mine + "goroutine 2 [semacquire]:\ngvisor.dev/gvisor/pkg/tcpip/transport/tcp.newEndpoint()\n\n":           true,
		mine + "goroutine 2 [sync.Mutex.Lock]:\ntcpcb/endpoint.(*Endpoint).lock()\n\n":                            true,
		mine + "goroutine 2 [select]:\nx\n\ngoroutine 3 [running]:\ngvisor.dev/gvisor/pkg/tcpip/stack.f()\n":      true,
		mine + "goroutine 2 [chan receive, 3 minutes]:\ngvisor.dev/gvisor/pkg/tcpip/stack.f()\n\ngoroutine 3 []:": false,
	} {
		if got := busy([]byte(dump)); got != want {
			t.Errorf("%q: %v, want %v", dump, got, want)
		}
	}
}
