// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"fmt"
	"io"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// Limits of a Side's fields, and the values its zeros stand for.
const (
	// DefaultMTU is the MTU of a side that names none, in bytes.
	DefaultMTU = 1500
	// MinMTU is the least MTU that IPv4 hosts must take (RFC 791, section 3.2).
	MinMTU = 68
	// MaxMTU is the largest IP packet without jumbograms, in bytes.
	MaxMTU = 65535
	// MaxGSOSize is the largest GSO packet and the default, in bytes.
	MaxGSOSize = 1 << 16
	// DefaultSnapLen is how much of each packet a capture keeps, in bytes.
	DefaultSnapLen = 1 << 16
)

// Options describes a link. The zero value is two plain devices of MTU 1500
// joined by perfect paths, on the real clock.
type Options struct {
	// A and B are the two sides.
	A, B Side

	// Clock times the paths. Nil, or what tcpip.NewStdClock returns, is the real
	// clock, on which one goroutine per direction delivers. Any other clock is
	// taken for a virtual one: the link starts no goroutine and delivers from
	// the clock's callbacks. The stacks on both sides should be given the same
	// clock.
	Clock tcpip.Clock

	// Seed decides all randomness of both paths. On a VirtualClock two links of
	// equal options given the same packets at the same times behave the same
	// in every detail.
	Seed uint64

	// Trace, when set, is told of everything that happens to each packet, one
	// event at a time. It must not call into the link, whose locks may be held.
	Trace func(Event)
}

// Side is one end of a link: the device that a stack sees, and the path that
// what it sends travels over.
type Side struct {
	// Name stands for the side in traces and errors; "a" and "b" by default.
	Name string

	// MTU is the largest IP packet the side sends, in bytes, from MinMTU to
	// MaxMTU; DefaultMTU when zero. A larger one is dropped, unless it was built
	// for segmentation offload.
	MTU uint32

	// LinkAddress is the device's address. The link has no link-layer header and
	// asks for no address resolution; the address serves those who look.
	LinkAddress tcpip.LinkAddress

	// TXChecksumOffload lets the stack leave transport checksums to the device.
	// They are filled in on the way, unless the other side does not look.
	TXChecksumOffload bool
	// RXChecksumOffload spares the stack the look at transport checksums: the
	// device drops the packets that the path has corrupted.
	RXChecksumOffload bool

	// GSO lets the stack send TCP packets of up to GSOMaxSize bytes, whatever
	// the MTU (stack.HostGSOSupported). They cross the link, and meet its
	// impairments, in one piece, their checksums filled in as by
	// TXChecksumOffload.
	GSO bool
	// GSOMaxSize is at most MaxGSOSize, and that when zero.
	GSOMaxSize uint32

	// Capture, when set, receives in pcap format (link type raw IP) what the
	// side sends, as it sends it, and what it receives. It is written by
	// netstack's link/sniffer, which also logs a line for each packet unless its
	// LogPackets is set to zero. After the first error nothing more is written;
	// Endpoint.CaptureErr returns it.
	Capture io.Writer
	// SnapLen is how many bytes of each packet are kept, DefaultSnapLen when
	// zero.
	SnapLen uint32

	// Path is what packets sent by this side travel over.
	Path Path
}

// withDefaults returns the side with its zeros filled in, or an error that
// names a field outside its range.
func (s Side) withDefaults(name string) (Side, error) {
	if s.Name == "" {
		s.Name = name
	}
	if s.MTU == 0 {
		s.MTU = DefaultMTU
	}
	if s.MTU < MinMTU || s.MTU > MaxMTU {
		return s, fmt.Errorf("linkfifo: side %s: MTU is %d, outside %d to %d", s.Name, s.MTU, MinMTU, MaxMTU)
	}
	if s.GSOMaxSize == 0 {
		s.GSOMaxSize = MaxGSOSize
	}
	if s.GSOMaxSize < s.MTU || s.GSOMaxSize > MaxGSOSize {
		return s, fmt.Errorf("linkfifo: side %s: GSOMaxSize is %d, outside %d (its MTU) to %d", s.Name, s.GSOMaxSize, s.MTU, MaxGSOSize)
	}
	if s.SnapLen == 0 {
		s.SnapLen = DefaultSnapLen
	}
	if err := s.Path.Validate(); err != nil {
		return s, fmt.Errorf("linkfifo: side %s: %w", s.Name, err)
	}
	return s, nil
}
