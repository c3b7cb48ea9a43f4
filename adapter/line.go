// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import "time"

// A flow may have a window's worth of text in the network. But if each of many put all
// of it into the queue of the host's own device at once, that would overflow, or be so
// long that whoever has little to say waits behind it. So where a link holds enough of
// ours, flows stand in line, and have turns. Linux bounds what its devices hold likewise
// (byte queue limits, TCP small queues); and as in RFC 8290, section 4.2, those who
// have little to send do not wait for all who have much.
//
// A turn is long enough for what comes of it, as an acknowledgment and the wake-up of a
// reader, to be worth many packets. With one segment for each acknowledgment, 1,000
// flows got less than half of what they do.
const (
	// linkRoom is how much, in units, is enough: half of the 1,000 packets that a device
	// has room for by default, in Linux and in runsc. A link that takes large packets is
	// done with those bytes much sooner, and has largeRoom. Below half of it turns go on.
	linkRoom  = 512
	largeRoom = 4 * linkRoom
	// linkTurn is a turn, in units, and linkLittle what surely goes in one, in bytes:
	// in packets of 1 KiB or more.
	linkTurn   = 32
	linkLittle = linkTurn << 10
	// turnBegun is set in Path.turn beside the units that are left of a turn, and stays
	// when there are none.
	turnBegun = 1 << 7
	// linkPatience is how long nobody may have had a turn. Some links hold on to packets
	// for other ends than to transmit them, or for good.
	linkPatience = 100 * time.Millisecond
)

// Waiter is who stands in line at a Link. Turn says that its turn has come. It is called
// under no lock, and must not wait: the next in line waits for it.
type Waiter interface {
	Turn()
}

// Turn returns what is left of the turn of p's owner, in units; 0 where it is not its
// turn.
func (p *Path) Turn() int { return int(p.turn &^ turnBegun) }

// BeginTurn says that the turn of p's owner has come.
func (p *Path) BeginTurn() { p.inLine, p.turn = false, linkTurn|turnBegun }

// Spend takes units from the turn, if it is one.
func (p *Path) Spend(units int) { p.turn -= uint8(min(units, p.Turn())) }

// EndTurn ends the turn, if it is one.
func (p *Path) EndTurn() { p.turn = 0 }

// Room returns how much may be sent without a turn, in units: nothing while anybody
// stands in line. What does not leave the host needs none; nor does a path that was
// released.
func (p *Path) Room() int {
	switch {
	case p.loops || p.link == nil:
		return linkTurn
	case p.link.waiting.Load() > 0:
		return 0
	}
	return int(max(0, p.link.enough-p.link.holds()))
}

// InLine reports whether p's owner stands in line.
func (p *Path) InLine() bool { return p.inLine }

// LineUp ends the turn of p's owner w, which has so many bytes to send yet, and has it
// stand in line, where it does not. Who has spent a turn has much to send, whatever its
// buffer holds.
func (p *Path) LineUp(w Waiter, unsent int) {
	little := unsent <= linkLittle && p.turn == 0
	p.turn = 0
	if !p.inLine {
		p.inLine = true
		p.link.join(w, little)
	}
}

// join puts w at the end of its part of the line.
func (l *Link) join(w Waiter, little bool) {
	l.mu.Lock()
	if little {
		l.little.Push(w)
	} else {
		l.much.Push(w)
	}
	l.waiting.Add(1)
	l.setWatch()
	l.mu.Unlock()
	l.serveSoon() // the link may have let go of all before it was known that w waits
}

// low reports whether the link holds so little that turns go on.
func (l *Link) low() bool { return l.holds() < l.enough/2 }

// serveSoon has turns given, where the link holds little enough, unless they are.
func (l *Link) serveSoon() {
	if l.low() && l.serving.CompareAndSwap(false, true) {
		l.clock.Soon(l.serve)
	}
}

// serveLine gives turns until the link holds enough.
func (l *Link) serveLine() {
	for {
		for l.holds() < l.enough && l.giveTurn() {
		}
		l.serving.Store(false)
		// Who let go, or joined, a moment ago may have relied on us.
		if l.waiting.Load() == 0 || !l.low() || !l.serving.CompareAndSwap(false, true) {
			return
		}
	}
}

// giveTurn gives who is next its turn, and reports whether anybody is.
func (l *Link) giveTurn() bool {
	l.mu.Lock()
	from := &l.much
	if l.little.Len() > 0 && (l.much.Len() == 0 || !l.afterLittle) {
		from = &l.little
	}
	l.afterLittle = from == &l.little
	if from.Len() == 0 {
		l.mu.Unlock()
		return false
	}
	w := from.Pop()
	l.waiting.Add(-1)
	l.turns++
	l.mu.Unlock()
	w.Turn()
	return true
}

// watch is called now and then while anybody stands in line. A link that is slow holds
// less than it did; one that does not may be stuck, or keep what it has.
func (l *Link) watch() {
	l.mu.Lock()
	stuck := l.turns == 0 && l.holds() >= l.held
	l.watched = false
	l.mu.Unlock()
	if stuck {
		l.giveTurn()
	}
	l.mu.Lock()
	l.setWatch()
	l.mu.Unlock()
}

// setWatch sees to it that somebody watches while there is a line.
//
// Precondition: l.mu is held.
func (l *Link) setWatch() {
	if l.watched || l.waiting.Load() == 0 {
		return
	}
	l.watched, l.turns, l.held = true, 0, l.holds()
	l.clock.AfterFunc(linkPatience, l.watch)
}
