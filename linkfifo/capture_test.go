// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gvisor.dev/gvisor/pkg/tcpip/link/sniffer"
	"tcpcb/linkfifo"
)

// record is one packet of a pcap file.
type record struct {
	At     time.Duration
	Number int
	Kept   int
	Size   int
}

// readPCAP parses what a capture of datagrams has written.
func readPCAP(t *testing.T, b []byte) []record {
	t.Helper()
	le := binary.LittleEndian
	if len(b) < 24 || le.Uint32(b) != 0xa1b2c3d4 || le.Uint32(b[20:]) != 101 {
		t.Fatalf("not a pcap file of raw IP: %x", b[:min(24, len(b))])
	}
	var out []record
	for b = b[24:]; len(b) > 0; {
		kept := int(le.Uint32(b[8:]))
		out = append(out, record{
			At:     time.Duration(le.Uint32(b))*time.Second + time.Duration(le.Uint32(b[4:]))*time.Microsecond,
			Number: number(b[16:]), Kept: kept, Size: int(le.Uint32(b[12:])),
		})
		b = b[16+kept:]
	}
	return out
}

// silence keeps the sniffer from logging each packet.
func silence(t *testing.T) {
	old := sniffer.LogPackets.Swap(0)
	t.Cleanup(func() { sniffer.LogPackets.Store(old) })
}

func TestCapture(t *testing.T) {
	silence(t)
	var a, b bytes.Buffer
	link, clock, _ := virtualLink(t, linkfifo.Options{
		A: linkfifo.Side{Capture: &a, SnapLen: 60, Path: linkfifo.Path{Delay: 5 * ms}},
		B: linkfifo.Side{Capture: &b},
	})
	link.A.Attach(&sink{})
	write(t, link.A, datagram(1, 100))
	link.A.SetDown(true)
	clock.Advance(ms)
	write(t, link.A, datagram(2, 100)) // sent, and seen as such, but lost
	write(t, link.B, datagram(3, 50))
	clock.Advance(time.Second)
	if d := cmp.Diff([]record{{0, 1, 60, 100}, {ms, 2, 60, 100}, {ms, 3, 50, 50}}, readPCAP(t, a.Bytes())); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]record{{ms, 3, 50, 50}, {5 * ms, 1, 100, 100}}, readPCAP(t, b.Bytes())); d != "" {
		t.Error(d)
	}
	if err := link.A.CaptureErr(); err != nil {
		t.Error(err)
	}
}

// full is a writer that fails once it has taken so many writes.
type full struct{ left int }

var errFull = errors.New("no space left")

func (f *full) Write(b []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestCaptureErrors(t *testing.T) {
	silence(t)
	if _, err := linkfifo.New(linkfifo.Options{B: linkfifo.Side{Capture: &full{}}}); !errors.Is(err, errFull) {
		t.Errorf("New: %v", err)
	}
	link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Capture: &full{left: 1}}})
	send(t, link.A, 0, 2)
	clock.Advance(0)
	if err := link.A.CaptureErr(); !errors.Is(err, errFull) || link.B.CaptureErr() != nil || got.len() != 2 {
		t.Errorf("error %v, %d delivered", err, got.len())
	}
}
