// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"regexp"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/linkfifo"
	"tcpcb/transport"
)

// scenario is a path, and what is sent over it: bulk from the client to the
// server, on each of some connections, for a while.
type scenario struct {
	name string
	// rate is the bottleneck's, in bit/s; rtt the round trip without a queue. The
	// queue takes one bandwidth-delay product, and drops at its tail.
	rate int64
	rtt  time.Duration
	// spoil says what else becomes of what the client sends.
	spoil func(p *linkfifo.Path)
	// ecn has the stacks use ECN, those that know it.
	ecn bool
	// maxRTO is the most that the stacks may wait for an acknowledgment; 0 leaves
	// that to them.
	maxRTO time.Duration
	// flows is how many connections there are; with mix, each second one is
	// under the congestion control mix, where the provider has it.
	flows int
	mix   string
	// time is how long text is written, after which what is under way may
	// arrive; 0 stands for the plan's.
	time time.Duration
	// cutAt and cutFor are a time in which the path is down.
	cutAt, cutFor time.Duration
}

const (
	mbit = int64(1_000_000)
	ms   = time.Millisecond
)

func loss(share float64) func(*linkfifo.Path) {
	return func(p *linkfifo.Path) { p.Loss = share }
}

// deep makes the queue twice as long.
func deep(p *linkfifo.Path) { p.QueueBytes *= 2 }

// marking makes the queue twice as long, and has it mark from a quarter of that
// on: half a bandwidth-delay product (RFC 3168).
func marking(p *linkfifo.Path) {
	deep(p)
	p.MarkBytes = p.QueueBytes / 4
}

// cutPath is a path that is down for 5 s.
var cutPath = scenario{name: "path/cut-5s", rate: 100 * mbit, rtt: 40 * ms, flows: 1, cutAt: 5 * time.Second, cutFor: 5 * time.Second, time: 20 * time.Second}

// bounded is s with a bound on the retransmission timeout, for those who would
// rather find a path back soon than load it little (RFC 6298, section 2.5).
func bounded(s scenario, maxRTO time.Duration) scenario {
	s.name += "-rto-" + maxRTO.String()
	s.maxRTO = maxRTO
	return s
}

// scenarios are the paths on which senders are told apart.
var scenarios = []scenario{
	{name: "path/clean", rate: 100 * mbit, rtt: 40 * ms, flows: 1},
	{name: "path/loss-0.1%", rate: 100 * mbit, rtt: 40 * ms, flows: 1, spoil: loss(0.001)},
	{name: "path/loss-1%", rate: 100 * mbit, rtt: 40 * ms, flows: 1, spoil: loss(0.01)},
	{name: "path/bursts-2%", rate: 100 * mbit, rtt: 40 * ms, flows: 1, spoil: func(p *linkfifo.Path) {
		p.Burst = linkfifo.Bursts(0.02, 5)
	}},
	{name: "path/reordered-5%", rate: 100 * mbit, rtt: 40 * ms, flows: 1, spoil: func(p *linkfifo.Path) {
		p.Reorder, p.ReorderBy = 0.05, 5*ms
	}},
	{name: "path/jitter-5ms", rate: 100 * mbit, rtt: 40 * ms, flows: 1, spoil: func(p *linkfifo.Path) {
		p.Jitter = 5 * ms
	}},
	{name: "path/long", rate: 200 * mbit, rtt: 100 * ms, flows: 1},
	{name: "path/deep", rate: 100 * mbit, rtt: 40 * ms, flows: 1, spoil: deep},
	{name: "path/marking", rate: 100 * mbit, rtt: 40 * ms, flows: 1, spoil: marking, ecn: true},
	{name: "path/flows-8", rate: 100 * mbit, rtt: 40 * ms, flows: 8, time: 60 * time.Second},
	{name: "path/beside-cubic", rate: 100 * mbit, rtt: 40 * ms, flows: 2, mix: "cubic", time: 60 * time.Second},
	{name: "path/loss-20%", rate: 10 * mbit, rtt: 40 * ms, flows: 1, spoil: loss(0.2), time: time.Minute},
	cutPath,
	bounded(cutPath, time.Second),
}

// selectScenarios returns the scenarios whose name re matches.
func selectScenarios(all []scenario, re *regexp.Regexp) []scenario {
	var out []scenario
	for _, s := range all {
		if re.MatchString(s.name) {
			out = append(out, s)
		}
	}
	return out
}

// tune has a stack's TCP do what the scenario asks for, under the congestion control
// cc.
func (s *scenario) tune(st *stack.Stack, cc string) error {
	o := tcpip.CongestionControlOption(cc)
	if err := st.SetTransportProtocolOption(header.TCPProtocolNumber, &o); err != nil {
		return fmt.Errorf("congestion control %q: %s", cc, err)
	}
	if s.maxRTO > 0 {
		o := tcpip.TCPMaxRTOOption(s.maxRTO)
		if err := st.SetTransportProtocolOption(header.TCPProtocolNumber, &o); err != nil {
			return fmt.Errorf("bound on the timeout: %s", err)
		}
	}
	if s.ecn {
		return useECN(st)
	}
	return nil
}

// useECN has the stack's TCP use ECN, if it knows it: netstack's own does not.
func useECN(s *stack.Stack) error {
	err := s.SetTransportProtocolOption(header.TCPProtocolNumber, &transport.ECNOption{Mode: transport.ECNOn})
	if _, unknown := err.(*tcpip.ErrUnknownProtocolOption); err != nil && !unknown {
		return fmt.Errorf("ECN: %s", err)
	}
	return nil
}

// queueBytes is the capacity of the bottleneck's queue.
func (s *scenario) queueBytes() int { return int(float64(s.rate) / 8 * s.rtt.Seconds()) }

// link returns a link on clock with the scenario's path from A to B, and an
// equally long way back.
func (s *scenario) link(clock *linkfifo.VirtualClock, seed uint64, trace func(linkfifo.Event)) (*linkfifo.Link, error) {
	there := linkfifo.Path{Rate: s.rate, Delay: s.rtt / 2, QueueBytes: s.queueBytes(), Away: true}
	if s.spoil != nil {
		s.spoil(&there)
	}
	l, err := linkfifo.New(linkfifo.Options{
		A:     linkfifo.Side{Path: there},
		B:     linkfifo.Side{Path: linkfifo.Path{Delay: s.rtt / 2}},
		Clock: clock, Seed: seed, Trace: trace,
	})
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	return l, nil
}
