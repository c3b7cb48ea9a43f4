// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tcpcb/engine"
)

// Config is a simulation: two hosts and the two directions between them. Hosts
// counts from 0; host 0 opens actively. Links[0] carries what host 0 sends.
type Config struct {
	Hosts [2]Host
	Links [2]Link

	// Simultaneous has both hosts open actively at the same instant; otherwise
	// host 1 listens. Cookie has it listen without state (RFC 4987, section
	// 3.6).
	Simultaneous, Cookie bool

	// Changes are what becomes of the path, and Forged the packets that neither
	// host sent.
	Changes []Change
	Forged  []Forged

	// Limit bounds the virtual time; 0 stands for an hour. A simulation that is
	// not over by then has failed.
	Limit time.Duration
	// CheckEvery is after how many inputs of a host the engine's invariants are
	// checked, whose cost grows with the window; 0 stands for 1.
	CheckEvery int
}

// Host is one end: an engine and the application that owns it.
type Host struct {
	// Params and Settings are what the engine is opened with. Settings whose
	// RcvBuf is 0 stand for engine.DefaultSettings.
	Params   engine.Params
	Settings engine.Settings

	// Write is how many bytes the application writes, in calls of WriteSize[0]
	// to WriteSize[1] bytes (0: 1 to 8192), sleeping up to WritePause between
	// two.
	Write      int
	WriteSize  [2]int
	WritePause time.Duration
	// ReadSize and ReadPause are the same for its reads.
	ReadSize  [2]int
	ReadPause time.Duration
	// TurnWait is how long the host waits, at most, for its next turn to send new text; 0
	// has it send at any time.
	TurnWait time.Duration
	// End is what it does once all is written.
	End End
	// Acts are what it does at set times, whatever it was about.
	Acts []Act
}

// End is how an application ends its side of a connection.
type End uint8

const (
	// EndShutdown closes for writing when all is written, and closes when the
	// peer has closed as well.
	EndShutdown End = iota
	// EndHold keeps its side open until the peer has closed, and closes then.
	EndHold
	// EndClose closes when all is written, and reads no more.
	EndClose
	// EndAbort aborts when all is written.
	EndAbort
)

var endNames = []string{"shutdown", "hold", "close", "abort"}

// String is the end's name.
func (e End) String() string { return nameOf(endNames, int(e)) }

// MarshalText and UnmarshalText are for files of simulations.
func (e End) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText is the reverse of MarshalText.
func (e *End) UnmarshalText(b []byte) error { return named(endNames, b, e) }

// nameOf is the i-th name.
func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return strconv.Itoa(i)
}

// named finds the value of a name.
func named[T ~uint8](names []string, b []byte, to *T) error {
	i := slices.Index(names, string(b))
	if i < 0 {
		return fmt.Errorf("%q is none of %s", b, strings.Join(names, ", "))
	}
	*to = T(i)
	return nil
}

// Act is something that an application does After the start. Arg is what Do
// takes, if anything.
type Act struct {
	After time.Duration
	Do    Verb
	Arg   int
}

// Verb is a call of the application.
type Verb uint8

// The verbs, each named after the engine's method. DoRestore goes on with a
// checkpoint of the connection, by another clock. The rest change settings, named
// likewise: to Arg, in bytes or milliseconds; what is on or off is on where Arg is
// not 0.
const (
	DoCloseWrite Verb = iota
	DoCloseRead
	DoClose
	DoAbort
	DoRestore
	DoNoDelay
	DoCork
	DoQuickAck
	DoKeepAlive
	DoUserTimeout
	DoWindowClamp
	DoRcvBuf
	DoSndBuf
)

var verbNames = []string{
	"closeWrite", "closeRead", "close", "abort", "restore", "noDelay", "cork", "quickAck",
	"keepAlive", "userTimeout", "windowClamp", "rcvBuf", "sndBuf",
}

// String is the verb's name.
func (v Verb) String() string { return nameOf(verbNames, int(v)) }

// MarshalText and UnmarshalText are for files of simulations.
func (v Verb) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText is the reverse of MarshalText.
func (v *Verb) UnmarshalText(b []byte) error { return named(verbNames, b, v) }

// lossless reports whether text arrives for all that the verb does.
func (v Verb) lossless() bool {
	switch v {
	case DoCloseWrite, DoCloseRead, DoClose, DoAbort, DoUserTimeout:
		return false
	}
	return true
}

// Change replaces one direction of the path After the start; what is on its way
// stays so. Dir is as the index of Config.Links.
type Change struct {
	After time.Duration
	Dir   int
	Link  Link
}

// Link is one direction of a path. The zero value delivers everything at once
// and in order.
type Link struct {
	// Loss, Duplicate and Corrupt are the chances that a packet is lost, comes
	// twice, or has bits flipped, which its checksum tells.
	Loss, Duplicate, Corrupt float64
	// Truncate is the chance that the end of a packet is missing, which its length
	// and checksum tell.
	Truncate float64
	// Replay is the chance that a packet comes once more, within ReplayBy.
	Replay   float64
	ReplayBy time.Duration
	// BurstStart is the chance that a packet begins a burst of losses, and
	// BurstEnd that a lost packet is the last of one (Gilbert's model); a pause
	// of 10 ms ends one as well.
	BurstStart, BurstEnd float64

	// Delay is the time in flight, Jitter is added at random and keeps the
	// order.
	Delay, Jitter time.Duration
	// Reorder is the chance that a packet takes ReorderBy longer, and is
	// overtaken.
	Reorder   float64
	ReorderBy time.Duration

	// Mark is the chance that a packet is marked, if it is ECN-capable (RFC
	// 3168), and MarkQueue the bytes that wait for the rate from which on all
	// such are; 0 is never.
	Mark      float64
	MarkQueue int

	// Rate is in bytes per second, 0 is without bound; Queue is the bytes that
	// may wait for it, 0 is without bound. Refuses says that the queue is the
	// sender's, which is told when it is full.
	Rate, Queue int
	Refuses     bool
	// Full is the chance that a packet finds such a queue of the sender's full.
	Full float64

	// MTU is the longest IPv4 packet, 0 is without bound. A longer one is
	// dropped, and its sender told (RFC 1191).
	MTU int

	// CutAt and CutFor make a time in which all is lost.
	CutAt, CutFor time.Duration
}

// Orderly reports whether all that is written must arrive: nobody gives up, or
// reads less than is sent.
func (c *Config) Orderly() bool {
	for i := range c.Hosts {
		h, peer := &c.Hosts[i], &c.Hosts[1-i]
		switch {
		case h.End == EndAbort || slices.ContainsFunc(h.Acts, func(a Act) bool { return !a.Do.lossless() }):
			return false
		case h.End == EndClose && peer.Write > 0:
			return false
		}
	}
	return !slices.ContainsFunc(c.Forged, func(f Forged) bool { return f.Kind == ForgeReset })
}

// Clean reports whether the path delivers everything once and in order, and no
// engine forgets what it has sent, so that nothing has to be sent again.
func (c *Config) Clean() bool {
	for i := range c.Hosts {
		if slices.ContainsFunc(c.Hosts[i].Acts, func(a Act) bool { return a.Do >= DoRestore }) {
			return false
		}
	}
	if len(c.Changes)+len(c.Forged) > 0 {
		return false
	}
	for _, l := range c.Links {
		if l.Replay != 0 || l.Truncate != 0 || l.Loss != 0 || l.Duplicate != 0 || l.Corrupt != 0 || l.BurstStart != 0 || l.Reorder != 0 ||
			l.Queue != 0 || l.Full != 0 || l.MTU != 0 || l.CutFor != 0 {
			return false
		}
	}
	return true
}
