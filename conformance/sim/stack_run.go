// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"hash/fnv"
	oldrand "math/rand" // what stack.Options takes
	"math/rand/v2"
	"runtime/debug"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine/enginetest"
	"tcpcb/linkfifo"
	"tcpcb/transport"
)

const (
	nic     = tcpip.NICID(1)
	port    = 4242
	clients = 10_000 // a flow's port at host 0 is that and its number
	// maxSteps bounds a simulation: more than this is a livelock.
	maxSteps = 5_000_000
	// maxTrace is how many lines of the trace are kept.
	maxTrace = 60
)

// failure is thrown by what finds that a property does not hold.
type failure struct{ error }

// worldRun is the state of a simulation of stacks.
type worldRun struct {
	*world
	seed     uint64
	rng      *rand.Rand
	clock    *linkfifo.VirtualClock
	link     *linkfifo.Link
	stacks   [2]*stack.Stack
	taps     [2]*tap
	addrs    [2]tcpip.Address
	net      tcpip.NetworkProtocolNumber
	listener tcpip.Endpoint
	flows    []*flowRun
	steps    int
	tracing  bool
	trace    []string
	sum      interface {
		Write([]byte) (int, error)
		Sum64() uint64
	}
	packets int
}

// runWorld simulates w.
func runWorld(seed uint64, w *world) outcome {
	o := (&worldRun{world: w, seed: seed}).run()
	if o.err != nil {
		// The same once more, with its trace kept.
		o = (&worldRun{world: w, seed: seed, tracing: true}).run()
	}
	return o
}

func (r *worldRun) run() (o outcome) {
	defer func() {
		if x := recover(); x != nil {
			if f, ok := x.(failure); ok {
				o.err = f.error
			} else {
				o.err = fmt.Errorf("panic: %v\n%s", x, debug.Stack())
			}
		}
		r.finish(&o)
	}()
	r.begin()
	for !r.over() {
		r.step(r.describe)
		for _, f := range r.flows {
			f.pump()
		}
	}
	r.listener.Close()
	// What is left must go by itself.
	for r.clock.Pending() > 0 {
		r.step(func() string { return fmt.Sprintf("%d timers are left: %s", r.clock.Pending(), r.describe()) })
	}
	r.checkEnd()
	return o
}

// step lets one timer fire.
func (r *worldRun) step(what func() string) {
	r.steps++
	if r.steps > maxSteps {
		r.failf("a livelock: %s", what())
	}
	if !r.clock.Step() {
		r.failf("stands still: %s", what())
	}
	if r.clock.Elapsed() > r.Limit {
		r.failf("not over after %v: %s", r.Limit, what())
	}
}

// over reports whether all applications have closed.
func (r *worldRun) over() bool {
	for _, f := range r.flows {
		if !f.ends[0].closed || f.ends[1].ep != nil && !f.ends[1].closed || f.ends[1].ep == nil && r.orderly(f.id) {
			return false
		}
	}
	return true
}

func (r *worldRun) begin() {
	r.rng = rand.New(rand.NewPCG(r.seed, 8))
	r.clock = linkfifo.NewVirtualClock()
	r.sum = fnv.New64a()
	sides := [2]linkfifo.Side{}
	for i, l := range r.Links {
		sides[i] = linkfifo.Side{MTU: uint32(l.MTU), GSO: r.Hosts[i].GSO, Path: pathOf(&l)}
	}
	var err error
	if r.link, err = linkfifo.New(linkfifo.Options{A: sides[0], B: sides[1], Seed: r.seed, Clock: r.clock}); err != nil {
		r.failf("%v", err)
	}
	r.net = ipv4.ProtocolNumber
	r.addrs = [2]tcpip.Address{tcpip.AddrFrom4([4]byte{10, 9, 0, 1}), tcpip.AddrFrom4([4]byte{10, 9, 0, 2})}
	if r.IPv6 {
		r.net = ipv6.ProtocolNumber
		r.addrs = [2]tcpip.Address{tcpip.AddrFrom16([16]byte{0xfd, 9, 15: 1}), tcpip.AddrFrom16([16]byte{0xfd, 9, 15: 2})}
	}
	for i, ep := range []*linkfifo.Endpoint{r.link.A, r.link.B} {
		r.taps[i] = newTap(r, i, ep)
		r.stacks[i] = r.newStack(i)
	}
	r.listen()
	r.plan()
}

// newStack returns host i's stack, its options set.
func (r *worldRun) newStack(i int) *stack.Stack {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{transport.NewProtocolBBR},
		Clock:              r.clock,
		RandSource:         oldrand.NewSource(int64(r.seed) + int64(i)),
		SecureRNG:          secure{rand.NewChaCha8([32]byte{0: byte(i), 1: byte(r.seed), 2: byte(r.seed >> 8), 3: byte(r.seed >> 16)})},
	})
	if err := s.CreateNIC(nic, r.taps[i]); err != nil {
		r.failf("CreateNIC: %v", err)
	}
	prefix := tcpip.AddressWithPrefix{Address: r.addrs[i], PrefixLen: r.addrs[i].BitLen() - 8}
	if err := s.AddProtocolAddress(nic, tcpip.ProtocolAddress{Protocol: r.net, AddressWithPrefix: prefix}, stack.AddressProperties{}); err != nil {
		r.failf("AddProtocolAddress: %v", err)
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}, {Destination: header.IPv6EmptySubnet, NIC: nic}})
	h := &r.Hosts[i]
	sack, cookies, tuning := tcpip.TCPSACKEnabled(!h.NoSACK), tcpip.TCPAlwaysUseSynCookies(h.Cookies), tcpip.TCPModerateReceiveBufferOption(!h.NoTuning)
	wait, syns := tcpip.TCPTimeWaitTimeoutOption(h.TimeWait), tcpip.TCPSynRetriesOption(12)
	options := []tcpip.SettableTransportProtocolOption{&sack, &cookies, &tuning, &wait, &syns}
	if h.MinRTO > 0 {
		least := tcpip.TCPMinRTOOption(h.MinRTO)
		options = append(options, &least)
	}
	if h.ECN {
		options = append(options, &transport.ECNOption{Mode: transport.ECNOn})
	}
	for _, o := range options {
		if err := s.SetTransportProtocolOption(transport.ProtocolNumber, o); err != nil {
			r.failf("%T: %v", o, err)
		}
	}
	return s
}

// secure is a stack's secure randomness, which is none.
type secure struct{ *rand.ChaCha8 }

func (s secure) Read(p []byte) (int, error) { return s.ChaCha8.Read(p) }

// pathOf is a link of enginetest as one of linkfifo.
func pathOf(l *enginetest.Link) linkfifo.Path {
	p := linkfifo.Path{
		Rate: int64(l.Rate) * 8, QueueBytes: l.Queue, QueueRefuses: l.Refuses, Away: !l.Refuses,
		Loss: l.Loss, Corrupt: l.Corrupt, Duplicate: l.Duplicate,
		Delay: l.Delay, Jitter: l.Jitter, Reorder: l.Reorder, ReorderBy: max(l.ReorderBy, time.Nanosecond),
	}
	if l.BurstStart > 0 {
		p.Burst = linkfifo.GilbertElliott{Enter: l.BurstStart, Leave: max(l.BurstEnd, 0.1), LossBad: 1}
	}
	return p
}

// listen has host 1 listen.
func (r *worldRun) listen() {
	s := &flowEnd{run: r, host: 1}
	s.open()
	r.listener = s.ep
	if err := r.listener.Bind(tcpip.FullAddress{Port: port}); err != nil {
		r.failf("Bind: %v", err)
	}
	if err := r.listener.Listen(8); err != nil {
		r.failf("Listen: %v", err)
	}
}

// plan arranges what happens at set times.
func (r *worldRun) plan() {
	for i := range r.Flows {
		if r.Flows[i].On {
			f := newFlowRun(r, i)
			r.flows = append(r.flows, f)
			r.after(f.After, f.connect)
		}
	}
	for i, l := range r.Links {
		if l.CutFor > 0 {
			r.after(l.CutAt, func() { r.change(i, func(p *linkfifo.Path) { p.Down = true }) })
			r.after(l.CutAt+l.CutFor, func() { r.change(i, func(p *linkfifo.Path) { p.Down = false }) })
		}
	}
	for _, c := range r.Changes {
		r.after(c.After, func() {
			r.change(c.Dir, func(p *linkfifo.Path) {
				down := p.Down
				*p = pathOf(&c.Link)
				p.Down = down
			})
		})
	}
	for _, a := range r.Acts {
		r.after(a.After, func() {
			for _, f := range r.flows {
				if f.id == a.Flow {
					f.ends[a.Side].act(a.Do, a.Arg)
				}
			}
		})
	}
	for i := range r.Forged {
		f := &r.Forged[i]
		r.after(f.After, func() { r.taps[f.To].forge(f) })
	}
	for _, f := range r.Floods {
		r.after(f.After, func() { r.taps[1].flood(f.Times) })
	}
}

// change changes the path that host i sends over.
func (r *worldRun) change(i int, f func(*linkfifo.Path)) {
	p := r.end(i).Path()
	f(&p)
	if err := r.end(i).SetPath(p); err != nil {
		r.failf("SetPath: %v", err)
	}
}

// end is the link's end that host i sends from.
func (r *worldRun) end(i int) *linkfifo.Endpoint {
	if i == 0 {
		return r.link.A
	}
	return r.link.B
}

func (r *worldRun) after(d time.Duration, f func()) { r.clock.AfterFunc(d, f) }

// checkEnd checks that nothing is left.
func (r *worldRun) checkEnd() {
	for i, s := range r.stacks {
		if n := len(s.RegisteredEndpoints()) + len(s.CleanupEndpoints()); n != 0 {
			r.failf("host %d: %d endpoints are left", i, n)
		}
		st := s.Stats().TCP
		if n := st.CurrentConnected.Value() + st.CurrentEstablished.Value(); n != 0 {
			r.failf("host %d counts %d connections, and there is none", i, n)
		}
	}
	for _, f := range r.flows {
		f.checkEnd()
	}
}

func (r *worldRun) failf(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

func (r *worldRun) logf(format string, args ...any) {
	if !r.tracing {
		return
	}
	if len(r.trace) >= 3*maxTrace {
		r.trace = append(r.trace[:maxTrace/2], r.trace[len(r.trace)-maxTrace/2:]...)
	}
	r.trace = append(r.trace, fmt.Sprintf("%12v ", r.clock.Elapsed())+fmt.Sprintf(format, args...))
}

func (r *worldRun) describe() string {
	text := ""
	for _, f := range r.flows {
		text += f.describe()
	}
	return text
}

// finish fills in what it came to, and ends the stacks.
func (r *worldRun) finish(o *outcome) {
	o.hash, o.packets, o.trace = r.sum.Sum64(), r.packets, r.trace
	for _, f := range r.flows {
		o.bytes += f.ends[0].got + f.ends[1].got
	}
	if r.link != nil {
		for i := range 2 {
			st := r.end(i).Stats()
			o.lost += int(st.Dropped())
		}
		r.link.Close()
	}
	for _, s := range r.stacks {
		if s != nil {
			s.Close()
			s.Wait()
		}
	}
}
