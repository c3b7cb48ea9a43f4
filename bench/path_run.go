// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	mathrand "math/rand" // what stack.Options takes
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aclements/go-moremath/stats"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/linkfifo"
)

// pathResult is what a scenario showed of one provider under one congestion
// control.
type pathResult struct {
	Scenario string `json:"scenario"`
	Provider string `json:"provider"`
	Control  string `json:"control"`
	// Goodput is in Mbit/s of text, Share that of the bottleneck's rate.
	Goodput float64 `json:"goodput_mbit"`
	Share   float64 `json:"share"`
	// Resent is the share of segments sent that were sent before. It and QueueP99
	// are negative where they are not known.
	Resent float64 `json:"resent"`
	// QueueMean and QueueP99 are what packets waited at the bottleneck, Silence
	// the longest time in which a reader got nothing, and Resume how long after
	// the cut it got something; in ms.
	QueueMean float64 `json:"queue_mean_ms"`
	QueueP99  float64 `json:"queue_p99_ms"`
	Silence   float64 `json:"silence_ms"`
	Resume    float64 `json:"resume_ms,omitempty"`
	// Jain is the index of fairness of the flows' goodputs, and Least the
	// smallest, as a share of the bottleneck's rate.
	Jain  float64 `json:"jain"`
	Least float64 `json:"least_share"`
	// Series are samples over time, for plots.
	Series []pathSample `json:"-"`
}

// pathSample is the state of a run at one time: of the first flow, but for the
// queue.
type pathSample struct {
	at               time.Duration
	read             int64
	cwnd, queueBytes int
	rtt              time.Duration
}

// sampleEvery is the time between two samples.
const sampleEvery = 50 * time.Millisecond

// pathRun is a run of a scenario in virtual time.
type pathRun struct {
	scenario *scenario
	clock    *linkfifo.VirtualClock
	link     *linkfifo.Link
	a, b     *stack.Stack
	flows    []*pathFlow
	waits    []float64 // at the bottleneck, in ms
	queued   int
	settle   bool
}

// runPath runs a scenario with a provider under the congestion control cc.
//
// A provider may have goroutines of its own, of which the virtual clock knows
// nothing. With one processor, yielding it lets them all run until they wait: the
// clock does not move before. tcpcb has none.
func runPath(ctx context.Context, s *scenario, p provider, cc string, length time.Duration) (*pathResult, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	r := &pathRun{scenario: s, clock: linkfifo.NewVirtualClock(), settle: p.goroutines}
	link, err := s.link(r.clock, 1, r.trace)
	if err != nil {
		return nil, err
	}
	r.link = link
	defer r.close()
	if err := r.open(p, cc); err != nil {
		return nil, err
	}
	if s.time > 0 {
		length = s.time
	}
	res := &pathResult{Scenario: s.name, Provider: p.name, Control: cc}
	start := r.clock.Elapsed()
	if s.cutFor > 0 {
		r.clock.AfterFunc(s.cutAt, func() { r.link.SetDown(true) })
		r.clock.AfterFunc(s.cutAt+s.cutFor, func() { r.link.SetDown(false) })
		r.flows[0].resumeAfter = start + s.cutAt + s.cutFor
	}
	if err := r.drive(ctx, func() bool { return r.clock.Elapsed() >= start+length }, length+time.Second, res); err != nil {
		return nil, err
	}
	for _, f := range r.flows {
		f.stop = true
	}
	if err := r.drive(ctx, r.ended, time.Hour, nil); err != nil {
		return nil, err
	}
	for i, f := range r.flows {
		if err := f.verify(); err != nil {
			return nil, fmt.Errorf("flow %d: %w", i, err)
		}
	}
	r.report(res, length)
	return res, nil
}

// trace hears of every packet.
func (r *pathRun) trace(e linkfifo.Event) {
	if e.From != "a" {
		return
	}
	r.queued = e.QueueBytes
	if e.Kind == linkfifo.Sent {
		r.waits = append(r.waits, float64(e.QueueBytes)*8/float64(r.scenario.rate)*1000)
	}
}

// controlsOf returns the congestion controls that the provider's sockets can
// choose.
func controlsOf(p provider) ([]string, error) {
	s := newStack(p)
	defer s.Close()
	var o tcpip.TCPAvailableCongestionControlOption
	if err := s.TransportProtocolOption(header.TCPProtocolNumber, &o); err != nil {
		return nil, fmt.Errorf("congestion controls of %s: %s", p.name, err)
	}
	return strings.Fields(string(o)), nil
}

// seededSource is randomness that repeats.
type seededSource struct{ *rand.ChaCha8 }

func (s seededSource) Read(p []byte) (int, error) { return s.ChaCha8.Read(p) }

func (r *pathRun) stack(p provider, cc string, seed byte) (*stack.Stack, error) {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{p.new},
		Clock:              r.clock,
		RandSource:         mathrand.NewSource(int64(seed)),
		SecureRNG:          seededSource{rand.NewChaCha8([32]byte{seed})},
	})
	return s, r.scenario.tune(s, cc)
}

// open makes the stacks, and the connections between them.
func (r *pathRun) open(p provider, cc string) (err error) {
	if r.a, err = r.stack(p, cc, 1); err != nil {
		return err
	}
	if r.b, err = r.stack(p, cc, 2); err != nil {
		return err
	}
	if err := addNIC(r.a, r.link.A, clientAddr); err != nil {
		return err
	}
	if err := addNIC(r.b, r.link.B, serverAddr(0)); err != nil {
		return err
	}
	l, _, err := newEndpoint(r.b)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := l.Bind(tcpip.FullAddress{Port: port}); err != nil {
		return fmt.Errorf("bind: %s", err)
	}
	if err := l.Listen(64); err != nil {
		return fmt.Errorf("listen: %s", err)
	}
	for i := range r.scenario.flows {
		f, err := r.connect(l, i)
		if err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		r.flows = append(r.flows, f)
	}
	return nil
}

func (r *pathRun) connect(l tcpip.Endpoint, i int) (*pathFlow, error) {
	c, cq, err := newEndpoint(r.a)
	if err != nil {
		return nil, err
	}
	if mix := r.scenario.mix; mix != "" && i%2 == 1 {
		o := tcpip.CongestionControlOption(mix)
		if err := c.SetSockOpt(&o); err != nil {
			return nil, fmt.Errorf("congestion control %q: %s", mix, err)
		}
	}
	if err := c.Connect(tcpip.FullAddress{NIC: nic, Addr: serverAddr(0), Port: port}); err != nil {
		if _, started := err.(*tcpip.ErrConnectStarted); !started {
			return nil, fmt.Errorf("connect: %s", err)
		}
	}
	f := &pathFlow{from: c, offset: int64(i) * 4099}
	var sq *waiter.Queue
	r.until(func() bool {
		s, q, err := l.Accept(nil)
		if err == nil {
			f.to, sq = s, q
		}
		return err == nil
	}, time.Minute)
	if f.to == nil {
		c.Close()
		return nil, fmt.Errorf("not accepted within a minute")
	}
	f.watch(cq, sq)
	return f, nil
}

// until lets time pass until cond holds, or for limit.
func (r *pathRun) until(cond func() bool, limit time.Duration) bool {
	return r.clock.RunUntil(func() bool {
		r.yield()
		return cond()
	}, limit)
}

// yield lets the provider's goroutines run until they wait.
func (r *pathRun) yield() {
	if !r.settle {
		return
	}
	for range 4 {
		runtime.Gosched()
	}
}

// drive moves all flows until done says so, or for limit, and takes samples into
// res, if that is given.
func (r *pathRun) drive(ctx context.Context, done func() bool, limit time.Duration, res *pathResult) error {
	var failed error
	next := r.clock.Elapsed()
	steps := 0
	finished := r.until(func() bool {
		if steps++; steps%4096 == 0 && ctx.Err() != nil {
			failed = context.Cause(ctx)
			return true
		}
		now := r.clock.Elapsed()
		if res != nil && now >= next {
			res.Series = append(res.Series, r.sample(now))
			next = now + sampleEvery
		}
		for i, f := range r.flows {
			if err := f.step(now); err != nil {
				failed = fmt.Errorf("flow %d: %w", i, err)
				return true
			}
		}
		r.yield()
		return done()
	}, limit)
	if failed == nil && !finished {
		failed = fmt.Errorf("not over after %v", limit)
	}
	return failed
}

func (r *pathRun) ended() bool {
	for _, f := range r.flows {
		if !f.ended {
			return false
		}
	}
	return true
}

func (r *pathRun) sample(now time.Duration) pathSample {
	s := pathSample{at: now, queueBytes: r.queued, read: r.flows[0].read.count}
	var o tcpip.TCPInfoOption
	if err := r.flows[0].from.GetSockOpt(&o); err == nil {
		s.cwnd, s.rtt = int(o.SndCwnd), o.RTT
	}
	return s
}

// report fills in the figures of a run in which text was written for length.
func (r *pathRun) report(res *pathResult, length time.Duration) {
	var sum, squares float64
	res.Least = 1
	for _, f := range r.flows {
		x := float64(f.counted) * 8 / length.Seconds()
		sum += x
		squares += x * x
		res.Least = min(res.Least, x/float64(r.scenario.rate))
		res.Silence = max(res.Silence, f.silence.Seconds()*1000)
		if f.resumed > 0 {
			res.Resume = (f.resumed - f.resumeAfter).Seconds() * 1000
		}
	}
	res.Goodput, res.Share = sum/1e6, sum/float64(r.scenario.rate)
	if squares > 0 {
		res.Jain = sum * sum / squares / float64(len(r.flows))
	}
	st := r.a.Stats().TCP
	if sent := st.SegmentsSent.Value(); sent > 0 {
		res.Resent = float64(st.Retransmits.Value()) / float64(sent)
	}
	if len(r.waits) > 0 {
		slices.Sort(r.waits)
		waits := stats.Sample{Xs: r.waits, Sorted: true}
		res.QueueMean, res.QueueP99 = waits.Mean(), waits.Quantile(0.99)
	}
}

// close gives everything back.
func (r *pathRun) close() {
	for _, f := range r.flows {
		f.from.Abort()
		f.to.Abort()
	}
	r.link.Close()
	for _, s := range []*stack.Stack{r.a, r.b} {
		if s != nil {
			s.Close()
		}
	}
}
