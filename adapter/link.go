// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
	"tcpcb/internal/ring"
)

// Links are the links behind the NICs of a stack, as TCP sends through them. Init comes
// before all else.
type Links struct {
	stats *tcpip.TCPStats
	clock Clock

	mu    sync.RWMutex
	byNIC map[tcpip.NICID]*Link
}

// Init makes s the links of a stack with the clock c. What is sent is counted in stats:
// TCP's part of the stack's counters, kept by the caller because netstack copies all of
// them for whoever asks.
func (s *Links) Init(c Clock, stats *tcpip.TCPStats) {
	s.clock, s.stats = c, stats
	s.byNIC = make(map[tcpip.NICID]*Link)
}

// of returns the link that r leads through.
func (s *Links) of(r *stack.Route) *Link {
	nic := r.OutgoingNIC()
	s.mu.RLock()
	l := s.byNIC[nic]
	s.mu.RUnlock()
	if l != nil {
		return l
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l = s.byNIC[nic]; l == nil {
		l = newLink(s.clock, s.stats, r.HasHostGSOCapability() || r.MTU() >= largePacket)
		s.byNIC[nic] = l
	}
	return l
}

// What a link holds is counted in units of 2 KiB of text, of which each packet has some
// at least: a queue has room for packets, and a device takes time for bytes.
const (
	unitSize = 2 << 10
	maxUnits = (maxIPPacket + unitSize - 1) / unitSize
	// largePacket is the room for IP's payload from which a link is one for large packets.
	largePacket = 4 * unitSize
)

// Units returns what out counts for in the link.
func (p *Path) Units(out *engine.Segment) int {
	n := int(out.Payload.Size())
	if p.cuts(out) {
		return n/out.GSOSize*p.link.units(out.GSOSize) + p.link.units(n%out.GSOSize)
	}
	return p.link.units(n)
}

// Link is what a link holds of our text, from when a packet is written to it until it
// releases that, and the line of those who wait for it to let go of some (see line.go).
type Link struct {
	clock Clock
	// enough is how much the link is to hold, in units, and least what a packet with text
	// counts for: of those it is to hold linkRoom at most.
	enough int64
	least  int
	// stats are here for each path to have one pointer, and not two.
	stats *tcpip.TCPStats
	// release are the callbacks of packets of so many units, and serve is l.serveLine.
	release [maxUnits + 1]func()
	serve   func()

	// taken and released count units. Who sends writes the one, and the link the other,
	// each on cache lines of its own.
	_        [cacheLine]byte
	taken    atomic.Int64
	_        [cacheLine]byte
	released atomic.Int64
	_        [cacheLine]byte

	// waiting is how many stand in line, and serving says that turns are being given.
	waiting atomic.Int64
	serving atomic.Bool

	mu sync.Mutex
	// little and much are the two parts of the line, of those who have little and much to
	// send. They alternate: afterLittle says that the last turn was of the first.
	little, much ring.Ring[Waiter]
	afterLittle  bool
	// watched says that a timer runs for watch, turns how many there were since it was
	// set, and held what the link held then.
	watched bool
	turns   int
	held    int64
}

// cacheLine is more than what two processors share of memory at once.
const cacheLine = 128

func newLink(c Clock, stats *tcpip.TCPStats, large bool) *Link {
	l := &Link{clock: c, stats: stats, enough: linkRoom, least: 1}
	if large {
		l.enough, l.least = largeRoom, largeRoom/linkRoom
	}
	l.serve = l.serveLine
	for n := range l.release {
		l.release[n] = func() { l.letGo(n) }
	}
	return l
}

// units returns what a packet with n bytes of text counts for in the link.
func (l *Link) units(n int) int {
	if n == 0 {
		return 0
	}
	return max(l.least, (n+unitSize-1)/unitSize)
}

// take notes that the link is given a packet with size bytes of text, and returns what is
// to be called when it has let go of it.
func (l *Link) take(size int) (release func()) {
	n := l.units(size)
	l.taken.Add(int64(n))
	return l.release[n]
}

// letGo is called by the link, which may hold locks of its own.
func (l *Link) letGo(n int) {
	l.released.Add(int64(n))
	if l.waiting.Load() > 0 {
		l.serveSoon()
	}
}

// holds returns how many units the link holds.
func (l *Link) holds() int64 { return l.taken.Load() - l.released.Load() }
