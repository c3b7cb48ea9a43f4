// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/linkfifo"
)

// sender is an owner of a path that sends packets of one unit: as many as it may, until
// none of its are left.
type sender struct {
	Path
	name string
	left int
	q    *queue
}

// queue is the link of senders: what it holds, and who sent it.
type queue struct {
	*Link
	clock *linkfifo.VirtualClock
	held  []func()
	sent  []string
}

func newQueue() *queue {
	clock := linkfifo.NewVirtualClock()
	return &queue{Link: newLink(NewClock(clock), new(tcpip.TCPStats)), clock: clock}
}

func (q *queue) sender(name string, packets int) *sender {
	return &sender{Path: Path{link: q.Link}, name: name, left: packets, q: q}
}

func (s *sender) Turn() {
	s.BeginTurn()
	s.send()
}

func (s *sender) send() {
	n := s.Allowance()
	for ; n > 0 && s.left > 0; n = s.Allowance() {
		for ; n > 0 && s.left > 0; n-- {
			s.q.held = append(s.q.held, s.q.take(1))
			s.q.sent = append(s.q.sent, s.name)
			s.left--
		}
	}
	s.LineUp(s, s.left > 0)
}

// deliver has the link let go of n packets, and gives turns their time.
func (q *queue) deliver(n int) {
	for _, release := range q.held[:n] {
		release()
	}
	q.held = q.held[n:]
	q.clock.Advance(0)
}

// runs returns who sent, and how many packets in a row, since it was last called.
func (q *queue) runs() (names []string, packets []int) {
	for i, s := range q.sent {
		if i == 0 || s != q.sent[i-1] {
			names, packets = append(names, s), append(packets, 0)
		}
		packets[len(packets)-1]++
	}
	q.sent = nil
	return names, packets
}

// Who is alone fills the link as far as it may be filled, and goes on when it is half
// empty.
func TestLineOfOne(t *testing.T) {
	q := newQueue()
	s := q.sender("a", 10*linkRoom)
	s.send()
	if len(q.held) != linkRoom {
		t.Fatalf("%d packets in the link, want %d", len(q.held), linkRoom)
	}
	q.deliver(linkRoom - linkLow)
	if len(q.held) != linkLow {
		t.Fatalf("%d packets, want to wait until there are less than %d", len(q.held), linkLow)
	}
	q.deliver(1)
	if len(q.held) != linkRoom {
		t.Errorf("%d packets, want %d again", len(q.held), linkRoom)
	}
	for len(q.held) > 0 {
		q.deliver(1)
	}
	if s.left != 0 || q.waiting.Load() != 0 {
		t.Errorf("%d packets never went, %d wait", s.left, q.waiting.Load())
	}
}

// Many take turns, in the order in which they came, and nobody jumps the line.
func TestLineTakesTurns(t *testing.T) {
	q := newQueue()
	names := []string{"a", "b", "c", "d", "e", "f", "g"}
	senders := make([]*sender, len(names))
	for i, name := range names {
		senders[i] = q.sender(name, linkRoom)
		senders[i].send()
	}
	if who, n := q.runs(); !slices.Equal(who, []string{"a"}) || n[0] != linkRoom {
		t.Fatalf("%v sent %v before the link was full", who, n)
	}
	q.deliver(linkLow + 1)
	late := q.sender("z", 1)
	late.send()
	who, n := q.runs()
	if want := append(names[1:], "b", "c", "d"); !slices.Equal(who, want) {
		t.Errorf("%v had turns, want %v", who, want)
	}
	for i := range n {
		if n[i] != 2*halfTurn {
			t.Errorf("%s sent %d packets in its turn, want %d", who[i], n[i], 2*halfTurn)
		}
	}
	for len(q.held) > 0 {
		q.deliver(min(10, len(q.held)))
		if len(q.held) > linkRoom+2*halfTurn {
			t.Fatalf("%d packets in the link", len(q.held))
		}
	}
	for _, s := range append(senders, late) {
		if s.left != 0 {
			t.Errorf("%d packets of %s never went", s.left, s.name)
		}
	}
}

// A link that keeps packets, or is stuck, holds nothing up for ever; and what it lets go
// of later counts as ever.
func TestLinkKeeps(t *testing.T) {
	q := newQueue()
	s := q.sender("a", 3*linkRoom)
	s.send()
	q.clock.Advance(linkPatience - 1)
	if len(q.held) != linkRoom {
		t.Fatalf("%d packets in the link, want %d", len(q.held), linkRoom)
	}
	q.clock.Advance(1)
	if len(q.held) != 2*linkRoom {
		t.Fatalf("%d packets when it has let go of none, want %d", len(q.held), 2*linkRoom)
	}
	q.deliver(2 * linkRoom)
	s.left += 3 * linkRoom
	s.send()
	if len(q.held) != linkRoom {
		t.Errorf("%d packets in the link, want %d", len(q.held), linkRoom)
	}
	for len(q.held) > 0 {
		q.deliver(len(q.held))
	}
	q.clock.Advance(time.Hour)
	if n := q.clock.Pending(); n != 0 || s.left != 0 {
		t.Errorf("%d timers run, %d packets never went", n, s.left)
	}
}

// Units are what a device and a queue have of a packet.
func TestUnits(t *testing.T) {
	for size, want := range map[int]int{0: 0, 1: 1, 1460: 1, 2048: 1, 2049: 2, maxIPPacket: maxUnits} {
		if got := Units(size); got != want {
			t.Errorf("%d bytes are %d units, want %d", size, got, want)
		}
	}
	q := newQueue()
	release := q.take(maxIPPacket)
	if got := q.holds(); got != maxUnits {
		t.Errorf("the link holds %d units, want %d", got, maxUnits)
	}
	release()
	if got := q.holds(); got != 0 {
		t.Errorf("the link holds %d units, want none", got)
	}
}

// threaded is a sender on goroutines, one at a time: mu is what an endpoint's lock is.
type threaded struct {
	mu sync.Mutex
	sender
	packets chan func()
	done    *sync.WaitGroup
}

func (s *threaded) Turn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.BeginTurn()
	for n := s.Allowance(); n > 0 && s.left > 0; n = s.Allowance() {
		for ; n > 0 && s.left > 0; n-- {
			s.packets <- s.link.take(1)
			if s.left--; s.left == 0 {
				s.done.Done()
			}
		}
	}
	s.LineUp(s, s.left > 0)
}

// Nobody who waits is forgotten, whatever comes at the same time.
func TestLineRaces(t *testing.T) {
	link := newLink(NewClock(tcpip.NewStdClock()), new(tcpip.TCPStats))
	packets := make(chan func(), 8*linkRoom)
	var done sync.WaitGroup
	for i := range 50 {
		done.Add(1)
		s := &threaded{sender: sender{Path: Path{link: link}, left: 1000}, packets: packets, done: &done}
		go func() {
			time.Sleep(time.Duration(rand.IntN(i+1)) * 100 * time.Microsecond)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.LineUp(s, true)
		}()
	}
	go func() { // the device
		for release := range packets {
			release()
		}
	}()
	done.Wait()
	close(packets)
}
