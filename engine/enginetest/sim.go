// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"container/heap"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"time"

	"tcpcb/engine"
	"tcpcb/engine/seq"
)

// Result is what a simulation came to.
type Result struct {
	// Err is the first property that did not hold, nil where all did: see Run.
	Err error
	// Hash is of all packets that were sent and of when: runs of the same seed
	// and Config have the same.
	Hash uint64
	// Elapsed is the virtual time until nothing was left to happen.
	Elapsed time.Duration
	// Packets counts what was sent, and Lost what the links dropped.
	Packets, Lost int
	Hosts         [2]HostResult
	// Trace holds the first and last packets and calls, where something did not
	// hold.
	Trace []string
}

// HostResult is what became of one host.
type HostResult struct {
	State  engine.State
	Reason engine.Reason
	// Written and Read count bytes; SumWritten and SumRead are their CRC-32C.
	Written, Read       int
	SumWritten, SumRead uint32
	// EOF says that the application read to the end of the stream, and Closed
	// that it was told of the end of the connection.
	EOF, Closed bool
	// EndedAt is when it did, counted from the start.
	EndedAt  time.Duration
	Counters engine.Counters
}

// A Result's Trace holds the first lines and the last.
const (
	traceHead = 30
	traceTail = 40
)

// maxEvents bounds a simulation: more than this is a livelock.
const maxEvents = 20_000_000

// Run simulates c. Everything random comes from seed. It checks, and tells in
// Result.Err, that
//
//   - bytes read are a prefix of the bytes written, and all of them where
//     c.Orderly;
//   - every packet keeps the rules of TCP that show on the wire: sizes, windows,
//     places, options, acknowledgments;
//   - the engines' invariants hold, and no call panics;
//   - nothing is sent twice where c.Clean, and no host acknowledges more than it
//     has reason to;
//   - in the end both connections are CLOSED, both applications know, no
//     deadline is left, and it came to that within c.Limit.
func Run(seed uint64, c Config) Result {
	s := newSim(seed, &c, false)
	r := s.run()
	if r.Err != nil {
		// The same once more, with its trace kept.
		s = newSim(seed, &c, true)
		r = s.run()
	}
	return r
}

// Rerun returns r's error with what is needed to see it again.
func (r *Result) Rerun(seed uint64, c Config) error {
	if r.Err == nil {
		return nil
	}
	return fmt.Errorf("%w\nafter %v and %d packets\n  %s\nrerun with enginetest.Run(%d, %#v)",
		r.Err, r.Elapsed, r.Packets, strings.Join(r.Trace, "\n  "), seed, c)
}

// event is something that happens to a host.
type event struct {
	at    engine.Instant
	order uint64 // of events at the same instant, the one that was added first
	host  *host
	pkt   *packet     // arrives, or
	do    func(*host) // is called
}

// events is a heap.
type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	x := old[len(old)-1]
	old[len(old)-1] = event{}
	*e = old[:len(old)-1]
	return x
}

type sim struct {
	config *Config
	rng    *rand.Rand
	now    engine.Instant
	start  engine.Instant
	hosts  [2]*host
	links  [2]*link
	queue  events
	order  uint64
	count  int
	sent   int
	hash   interface {
		Write([]byte) (int, error)
		Sum64() uint64
	}
	trace   []string
	tracing bool
}

// failure is thrown by what finds that a property does not hold.
type failure struct{ error }

func newSim(seed uint64, c *Config, tracing bool) *sim {
	s := &sim{config: c, rng: rand.New(rand.NewPCG(seed, 0x7463706362)), hash: fnv.New64a(), tracing: tracing}
	if c.Limit == 0 {
		c.Limit = time.Hour
	}
	if c.CheckEvery == 0 {
		c.CheckEvery = 1
	}
	s.start = engine.Instant(time.Hour) + engine.Instant(s.rng.Int64N(int64(1000*time.Hour)))
	s.now = s.start
	for i := range s.hosts {
		s.hosts[i] = newHost(s, i)
		s.links[i] = &link{Link: c.Links[i], start: s.start, rng: s.rng}
	}
	return s
}

// run takes events until none is left.
func (s *sim) run() (r Result) {
	defer func() {
		if x := recover(); x != nil {
			if f, ok := x.(failure); ok {
				r.Err = f.error
			} else {
				r.Err = fmt.Errorf("panic: %v\n%s", x, debug.Stack())
			}
		}
		s.finish(&r)
	}()
	s.begin()
	for {
		next := min(s.hosts[0].deadline(), s.hosts[1].deadline())
		if len(s.queue) > 0 {
			next = min(next, s.queue[0].at)
		}
		if next == engine.Never {
			s.checkEnd()
			return r
		}
		s.now = max(s.now, next)
		s.step()
		if s.now.Sub(s.start) > s.config.Limit {
			s.failf("not over after %v: %s", s.config.Limit, s.describe())
		}
		if s.count > maxEvents {
			s.failf("a livelock: %d events: %s", s.count, s.describe())
		}
	}
}

// begin opens the connection, and plans what the applications do at set times.
func (s *sim) begin() {
	for i, h := range s.hosts {
		for _, act := range h.Acts {
			s.after(act.After, h, func(h *host) { h.act(act.Do, act.Arg) })
		}
		if i == 0 || s.config.Simultaneous {
			s.after(0, h, func(h *host) { h.openActive() })
		}
	}
	for _, c := range s.config.Changes {
		s.after(c.After, s.hosts[c.Dir], func(h *host) { s.links[c.Dir].Link = c.Link })
	}
	for i := range s.config.Forged {
		f := &s.config.Forged[i]
		s.after(f.After, s.hosts[f.To], func(h *host) { h.forged(f) })
	}
}

// step does all that happens now. What arrives together is, now and then,
// handed over together, before anything is polled.
func (s *sim) step() {
	batch := s.rng.IntN(4) == 0
	for len(s.queue) > 0 && s.queue[0].at <= s.now {
		e := heap.Pop(&s.queue).(event)
		s.count++
		if e.pkt != nil {
			e.host.receive(e.pkt)
		} else {
			e.do(e.host)
		}
		if !batch {
			e.host.drain()
		}
	}
	for _, h := range s.hosts {
		if h.deadline() <= s.now || s.rng.IntN(16) == 0 {
			s.count++
			h.wake()
		}
		h.drain()
	}
}

// after has f called for a host once d has passed.
func (s *sim) after(d time.Duration, h *host, f func(*host)) {
	s.push(event{at: s.now.Add(d), host: h, do: f})
}

func (s *sim) push(e event) {
	s.order++
	e.order = s.order
	heap.Push(&s.queue, e)
}

// send puts a packet of a host on its link, and reports whether that refused it.
func (s *sim) send(from *host, p *packet) (refused bool) {
	s.sent++
	to := s.hosts[1-from.id]
	l := s.links[from.id]
	if l.MTU > 0 && p.size() > l.MTU {
		at := p.sequence()
		p.payload.Release()
		// The router that drops it is as far as the other end.
		s.push(event{at: s.now.Add(2*l.Delay + time.Nanosecond), host: from, pkt: &packet{
			tooBig: l.MTU - ipHeader - 20, at: at,
		}})
		return false
	}
	return l.carry(s.now, p, func(at engine.Instant, p *packet) {
		s.push(event{at: at, host: to, pkt: p})
	})
}

// failf ends the simulation.
func (s *sim) failf(format string, args ...any) {
	panic(failure{fmt.Errorf(format, args...)})
}

// logf adds to the trace.
func (s *sim) logf(h *host, format string, args ...any) {
	if !s.tracing {
		return
	}
	if len(s.trace) >= traceHead+2*traceTail {
		s.trace = append(s.trace[:traceHead], s.trace[len(s.trace)-traceTail:]...)
		s.trace[traceHead-1] = "..."
	}
	s.trace = append(s.trace, fmt.Sprintf("%12v %d %-12v %s", s.now.Sub(s.start), h.id, h.conn.State(), fmt.Sprintf(format, args...)))
}

func (s *sim) describe() string {
	var parts []string
	for _, h := range s.hosts {
		parts = append(parts, fmt.Sprintf("host %d in %v (%v): wrote %d of %d, read %d, readable %d, unacked %d, unsent %d, eof %v",
			h.id, h.conn.State(), h.conn.Reason(), h.out.n, h.Write, h.in.n, h.conn.Readable(), h.conn.Unacked(), h.conn.Unsent(), h.sawEOF))
	}
	return strings.Join(parts, "; ")
}

// finish fills the result, and frees what the hosts hold.
func (s *sim) finish(r *Result) {
	r.Hash, r.Elapsed, r.Packets = s.hash.Sum64(), s.now.Sub(s.start), s.sent
	r.Trace = s.trace
	if n := len(s.trace); n > traceHead+traceTail {
		r.Trace = append(s.trace[:traceHead:traceHead], s.trace[n-traceTail:]...)
	}
	for i, h := range s.hosts {
		r.Lost += s.links[i].lost
		r.Hosts[i] = HostResult{
			State: h.conn.State(), Reason: h.conn.Reason(),
			Written: h.out.n, Read: h.in.n, SumWritten: h.out.sum, SumRead: h.in.sum,
			EOF: h.sawEOF, EndedAt: h.endedAt, Closed: h.sawClosed, Counters: *h.conn.Counters(),
		}
		h.conn.Release()
	}
	for _, e := range s.queue {
		if e.pkt != nil {
			e.pkt.payload.Release()
		}
	}
}

// numFrom is the position of a header's field.
func numFrom(b []byte) seq.Num {
	return seq.New(uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]))
}

// sequence returns the sequence number of a packet.
func (p *packet) sequence() seq.Num { return numFrom(p.header[4:8]) }
