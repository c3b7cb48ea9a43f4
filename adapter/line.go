// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import "time"

// A flow may have a window's worth of text in the network. But if each of many put all
// of it into the queue of the host's own device at once, that would overflow, or be so
// long that whoever has little to say waits behind it. So there is to be no more of ours
// in a link than keeps it busy. Beyond that flows stand in line, and have turns. Linux
// bounds what its devices hold likewise (byte queue limits, TCP small queues), and
// RFC 8290, section 4.2, has flows take turns so.
//
// A turn is long enough for what comes of it, as an acknowledgment and the wake-up of a
// reader, to be worth many packets. With turns of two packets, 1,000 flows would get
// half of what they do.
const (
	// linkRoom is how much there is to be in a link at most, in units: half of the 1,000
	// packets that a device has room for by default, in Linux and in runsc. When it has
	// come down to linkLow, turns go on.
	linkRoom = 512
	linkLow  = linkRoom / 2
	// halfTurn is half of a turn, in units.
	halfTurn = 16
	// linkPatience is how long a link that lets go of nothing is believed to have a
	// queue at all. One may hold on to packets for other ends.
	linkPatience = 100 * time.Millisecond
)

// Waiter is who stands in line at a Link. Turn says that its turn has come; it runs on a
// goroutine or callback of the clock's, under no lock.
type Waiter interface {
	Turn()
}

// Allowance returns how much text p's owner may send before it asks again, in units: of
// its turn, or what the link has room for while nobody stands in line.
func (p *Path) Allowance() int {
	if p.turn > 0 {
		p.turn--
		return halfTurn
	}
	return p.link.room()
}

// LineUp ends the turn of p's owner w, if it has one, and where there is more to send
// has w stand in line for the next.
func (p *Path) LineUp(w Waiter, more bool) {
	p.turn = 0
	if more && !p.inLine {
		p.inLine = true
		p.link.join(w)
	}
}

// InLine reports whether p's owner stands in line.
func (p *Path) InLine() bool { return p.inLine }

// BeginTurn says that the turn of p's owner has come.
func (p *Path) BeginTurn() { p.inLine, p.turn = false, 2 }

// room returns how much may be sent by who did not stand in line: nothing while others do.
func (l *Link) room() int {
	if l.waiting.Load() > 0 {
		return 0
	}
	return int(max(0, linkRoom-l.holds()))
}

// join puts w at the end of the line.
func (l *Link) join(w Waiter) {
	l.mu.Lock()
	l.line.Push(w)
	l.waiting.Add(1)
	l.look(false)
	l.mu.Unlock()
	l.serveSoon() // the link may have let go of all before it was known that w waits
}

// serveSoon has turns given, where the link holds little enough, unless they are.
func (l *Link) serveSoon() {
	if l.holds() < linkLow && l.serving.CompareAndSwap(false, true) {
		l.clock.Soon(l.serve)
	}
}

// serveLine gives turns until the link holds enough.
func (l *Link) serveLine() {
	for {
		for w := l.next(); w != nil; w = l.next() {
			w.Turn()
		}
		l.serving.Store(false)
		// Who let go, or joined, a moment ago may have relied on us.
		if l.waiting.Load() == 0 || l.holds() >= linkLow || !l.serving.CompareAndSwap(false, true) {
			return
		}
	}
}

// next takes who is first out of the line; nil where nobody is, or the link holds enough.
func (l *Link) next() Waiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.line.Len() == 0 || l.holds() >= linkRoom {
		return nil
	}
	l.waiting.Add(-1)
	return l.line.Pop()
}

// watch is called now and then while anybody stands in line.
func (l *Link) watch() {
	l.mu.Lock()
	l.watched = false
	l.look(true)
	l.mu.Unlock()
	l.serveSoon()
}

// look sees to it that somebody watches while there is a line. Where the link has let go
// of nothing since that was last looked at, what it holds it keeps.
//
// Precondition: l.mu is held.
func (l *Link) look(again bool) {
	if l.line.Len() == 0 || l.watched {
		return
	}
	released := l.released.Load()
	if again && released == l.seen {
		l.kept.Store(l.taken.Load() - released)
	}
	l.watched, l.seen = true, released
	l.clock.AfterFunc(linkPatience, l.watch)
}
