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
	// buffer is how many packets its buffer holds; 0 for all that are left.
	buffer int
	q      *queue
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
	return &queue{Link: newLink(NewClock(clock), new(tcpip.TCPStats), false), clock: clock}
}

func (q *queue) sender(name string, packets int) *sender {
	return &sender{Path: Path{link: q.Link}, name: name, left: packets, q: q}
}

func (s *sender) Turn() {
	s.BeginTurn()
	s.send()
}

func (s *sender) send() {
	for {
		n := s.Path.Turn()
		if n == 0 {
			n = s.Room()
		}
		if n = min(n, s.left); n == 0 {
			break
		}
		for range n {
			s.q.held = append(s.q.held, s.q.take(1))
			s.q.sent = append(s.q.sent, s.name)
		}
		s.Spend(n)
		s.left -= n
	}
	if s.left > 0 {
		unsent := s.left
		if s.buffer > 0 {
			unsent = min(unsent, s.buffer)
		}
		s.LineUp(s, unsent*1460)
	}
	s.EndTurn()
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
	q.deliver(linkRoom - linkRoom/2)
	if len(q.held) != linkRoom/2 {
		t.Fatalf("%d packets, want to wait until there are less than %d", len(q.held), linkRoom/2)
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

// Many take turns, in the order in which they came. Who has little to send waits for one
// turn of who has much.
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
	late := []*sender{q.sender("y", 10), q.sender("z", 10)} // who have little to send
	for _, s := range late {
		s.send()
	}
	q.deliver(linkRoom/2 + 1)
	who, n := q.runs()
	if want := []string{"y", "b", "z", "c", "d", "e", "f", "g", "b", "c"}; !slices.Equal(who, want) {
		t.Errorf("%v had turns, want %v", who, want)
	}
	for i := range n {
		if want := linkTurn; who[i] < "y" && n[i] != want {
			t.Errorf("%s sent %d packets in its turn, want %d", who[i], n[i], want)
		}
	}
	for len(q.held) > 0 {
		q.deliver(min(10, len(q.held)))
		if len(q.held) > linkRoom+linkTurn {
			t.Fatalf("%d packets in the link", len(q.held))
		}
	}
	for _, s := range append(senders, late...) {
		if s.left != 0 {
			t.Errorf("%d packets of %s never went", s.left, s.name)
		}
	}
}

// A link that keeps packets, or is stuck, holds nobody up for ever, not even where it lets
// go of others.
func TestLinkKeeps(t *testing.T) {
	q := newQueue()
	s := q.sender("a", 2*linkRoom)
	s.send()
	q.clock.Advance(linkPatience - 1)
	if len(q.held) != linkRoom {
		t.Fatalf("%d packets in the link, want %d", len(q.held), linkRoom)
	}
	q.clock.Advance(1)
	if want := linkRoom + linkTurn; len(q.held) != want {
		t.Fatalf("%d packets when it has let go of none, want %d", len(q.held), want)
	}
	for turns := 1; s.left > 0 && turns < 100; turns++ {
		q.take(1)() // of others
		q.clock.Advance(linkPatience)
	}
	if s.left != 0 {
		t.Errorf("%d packets never went", s.left)
	}
	q.deliver(len(q.held))
	q.clock.Advance(time.Hour)
	if n := q.clock.Pending(); n != 0 {
		t.Errorf("%d timers run", n)
	}
}

// A link that is slow is not stuck: what it holds stays within bounds.
func TestSlowLink(t *testing.T) {
	q := newQueue()
	s := q.sender("a", 10*linkRoom)
	s.send()
	for range 200 { // 20 packets a second
		q.clock.Advance(linkPatience / 2)
		q.deliver(1)
		if len(q.held) > linkRoom {
			t.Fatalf("%d packets in the link, want %d at most", len(q.held), linkRoom)
		}
	}
}

// Who spends a turn has much to send, however little its buffer holds.
func TestLittleOnce(t *testing.T) {
	q := newQueue()
	for range 4 {
		q.sender("much", 20*linkRoom).send()
	}
	little := q.sender("little", 20*linkRoom)
	little.buffer = 10 // packets
	little.send()
	for range 8 {
		q.deliver(linkRoom/2 + 1)
	}
	sent := map[string]int{}
	for _, name := range q.sent[linkRoom:] {
		sent[name]++
	}
	if sent["little"] > sent["much"]/4+linkTurn {
		t.Errorf("who writes little at a time sent %d packets, four others %d", sent["little"], sent["much"])
	}
}

// Units are what a device and a queue have of a packet.
func TestUnits(t *testing.T) {
	q := newQueue()
	for size, want := range map[int]int{0: 0, 1: 1, 1460: 1, 2048: 1, 2049: 2, maxIPPacket: maxUnits} {
		if got := q.units(size); got != want {
			t.Errorf("%d bytes are %d units, want %d", size, got, want)
		}
	}
	large := newLink(NewClock(q.clock), new(tcpip.TCPStats), true)
	for size, want := range map[int]int{0: 0, 1: 4, 8192: 4, 8193: 5, maxIPPacket: maxUnits} {
		if got := large.units(size); got != want {
			t.Errorf("%d bytes are %d units where packets are large, want %d", size, got, want)
		}
	}
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
	for n := s.Path.Turn(); n > 0 && s.left > 0; n-- {
		s.packets <- s.link.take(1)
		if s.left--; s.left == 0 {
			s.done.Done()
		}
	}
	if s.left > 0 {
		s.LineUp(s, s.left<<10)
	}
}

// Nobody who waits is forgotten, whatever comes at the same time.
func TestLineRaces(t *testing.T) {
	link := newLink(NewClock(tcpip.NewStdClock()), new(tcpip.TCPStats), false)
	packets := make(chan func(), 8*linkRoom)
	var done sync.WaitGroup
	for i := range 50 {
		done.Add(1)
		s := &threaded{sender: sender{Path: Path{link: link}, left: 1000}, packets: packets, done: &done}
		go func() {
			time.Sleep(time.Duration(rand.IntN(i+1)) * 100 * time.Microsecond)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.LineUp(s, s.left<<10)
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
