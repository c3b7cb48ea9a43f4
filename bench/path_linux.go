// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"tcpcb/conformance/linuxpeer"
	"tcpcb/linkfifo"
)

// linuxControls are the kernel's congestion controls that are the bar.
var linuxControls = []string{"reno", "cubic", "bbr"}

// runPathsFromLinux runs the plan in real time, with the Linux kernel as the sender
// under each of its congestion controls: first with the kernel as the receiver too,
// and then with every provider.
func runPathsFromLinux(ctx context.Context, progress io.Writer, pl *pathPlan, f func(*pathResult) error) error {
	for i := range pl.scenarios {
		s := &pl.scenarios[i]
		for _, cc := range pl.chosen(s, linuxControls) {
			if err := oneOnLinux(ctx, progress, f, s, "linux", cc, func() (*pathResult, error) { return linuxToLinux(ctx, s, cc, pl.time) }); err != nil {
				return err
			}
			for _, p := range pl.providers {
				if p.floor {
					continue
				}
				if err := oneOnLinux(ctx, progress, f, s, p.name, cc, func() (*pathResult, error) { return linuxToStack(ctx, s, p, cc, pl.time) }); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// runPathsOnLinux runs the plan in real time, with the Linux kernel as the
// receiver: first with the kernel as the sender too, and then with every
// provider. Each sender's packets go through the scenario's path.
func runPathsOnLinux(ctx context.Context, progress io.Writer, pl *pathPlan, f func(*pathResult) error) error {
	for i := range pl.scenarios {
		s := &pl.scenarios[i]
		for _, cc := range pl.chosen(s, linuxControls) {
			if err := oneOnLinux(ctx, progress, f, s, "linux", cc, func() (*pathResult, error) { return linuxToLinux(ctx, s, cc, pl.time) }); err != nil {
				return err
			}
		}
		err := pl.each(s, func(p provider, cc string) error {
			return oneOnLinux(ctx, progress, f, s, p.name, cc, func() (*pathResult, error) { return stackToLinux(ctx, s, p, cc, pl.time) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func oneOnLinux(ctx context.Context, progress io.Writer, f func(*pathResult) error, s *scenario, provider, cc string, run func() (*pathResult, error)) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r, err := run()
	if err != nil {
		return fmt.Errorf("%s, %s, %s: %w", s.name, provider, cc, err)
	}
	r.Scenario, r.Provider, r.Control = s.name, provider, cc
	fmt.Fprintf(progress, "%s, %s, %s: %.1f Mbit/s\n", s.name, provider, cc, r.Goodput)
	return f(r)
}

// stackToLinux sends from a stack with the provider's TCP to the kernel.
func stackToLinux(ctx context.Context, s *scenario, p provider, cc string, length time.Duration) (*pathResult, error) {
	var b bridge
	peer, err := b.open(s, linuxpeer.Config{TCP: p.new}, true)
	if err != nil {
		return nil, err
	}
	defer peer.Close()
	if err := s.tune(peer.Stack, cc); err != nil {
		return nil, err
	}
	r, err := b.measure(ctx, s, length, peer.Listen, peer.StackDial, peer.IPv4.Kernel)
	if err != nil {
		return nil, err
	}
	st := peer.Stack.Stats().TCP
	if sent := st.SegmentsSent.Value(); sent > 0 {
		r.Resent = float64(st.Retransmits.Value()) / float64(sent)
	}
	return r, nil
}

// linuxToStack sends from the kernel, under its congestion control cc, to a stack with
// the provider's TCP.
func linuxToStack(ctx context.Context, s *scenario, p provider, cc string, length time.Duration) (*pathResult, error) {
	var b bridge
	peer, err := b.open(s, linuxpeer.Config{TCP: p.new, CongestionControl: cc, Sysctls: s.sysctls()}, false)
	if err != nil {
		return nil, err
	}
	defer peer.Close()
	if s.ecn {
		if err := useECN(peer.Stack); err != nil {
			return nil, err
		}
	}
	return b.measure(ctx, s, length, peer.StackListen, peer.Dial, peer.IPv4.Stack)
}

// linuxToLinux sends from one kernel namespace to another: their TUN devices are
// joined by the path, and no stack of ours takes part.
func linuxToLinux(ctx context.Context, s *scenario, cc string, length time.Duration) (*pathResult, error) {
	var tuns [2]stack.LinkEndpoint
	var peers [2]*linuxpeer.Peer
	var b bridge
	for i := range peers {
		// The address of one namespace's stack is that of the other's kernel.
		peer, err := linuxpeer.Open(linuxpeer.Config{
			TCP: tcp.NewProtocol, CongestionControl: cc, Sysctls: s.sysctls(),
			IPv4: netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18, 0, byte(1 + i)}), 24),
			Middle: func(tun stack.LinkEndpoint) stack.LinkEndpoint {
				tuns[i] = tun
				return b.idle()
			},
		})
		if err != nil {
			return nil, err
		}
		defer peer.Close()
		peers[i] = peer
	}
	if b.err != nil {
		return nil, b.err
	}
	if err := b.between(s, tuns[0], tuns[1]); err != nil {
		return nil, err
	}
	defer b.leave(tuns[:])
	return b.measure(ctx, s, length, peers[1].Listen, peers[0].Dial, peers[1].IPv4.Kernel)
}

// sysctls has a kernel's TCP do what the scenario asks for. One before 6.15 knows no
// bound on the timeout, and goes without.
func (s *scenario) sysctls() map[string]string {
	on := map[string]string{}
	if s.ecn {
		on["net.ipv4.tcp_ecn"] = "1"
	}
	if _, err := os.Stat("/proc/sys/net/ipv4/tcp_rto_max_ms"); err == nil && s.maxRTO > 0 {
		on["net.ipv4.tcp_rto_max_ms"] = strconv.FormatInt(s.maxRTO.Milliseconds(), 10)
	}
	return on
}

// bridge is a path in real time between two links.
type bridge struct {
	link *linkfifo.Link
	err  error
}

// path returns the scenario's link.
func (s *scenario) realLink() (*linkfifo.Link, error) {
	there := linkfifo.Path{Rate: s.rate, Delay: s.rtt / 2, QueueBytes: s.queueBytes(), Away: true}
	if s.spoil != nil {
		s.spoil(&there)
	}
	return linkfifo.New(linkfifo.Options{
		A: linkfifo.Side{Path: there}, B: linkfifo.Side{Path: linkfifo.Path{Delay: s.rtt / 2}}, Seed: 1,
	})
}

// open opens a peer with the scenario's path between the kernel and the stack, of which
// one sends.
func (b *bridge) open(s *scenario, cfg linuxpeer.Config, stackSends bool) (*linuxpeer.Peer, error) {
	cfg.Middle = func(tun stack.LinkEndpoint) stack.LinkEndpoint {
		if b.link, b.err = s.realLink(); b.err != nil {
			return tun
		}
		if stackSends {
			return b.join(b.link.A, b.link.B, tun)
		}
		return b.join(b.link.B, b.link.A, tun)
	}
	peer, err := linuxpeer.Open(cfg)
	if err == nil && b.err != nil {
		peer.Close()
		return nil, b.err
	}
	return peer, err
}

// join puts a link between a stack, which gets its near end, and tun.
func (b *bridge) join(near, far *linkfifo.Endpoint, tun stack.LinkEndpoint) stack.LinkEndpoint {
	far.Attach(forward{tun})
	tun.Attach(forward{far})
	near.SetOnCloseAction(func() {
		tun.Attach(nil)
		far.Attach(nil)
		far.Close()
	})
	return near
}

// idle returns an endpoint for a stack that takes no part.
func (b *bridge) idle() stack.LinkEndpoint {
	l, err := linkfifo.New(linkfifo.Options{})
	if err != nil {
		b.err = errors.Join(b.err, err)
		return nil
	}
	return l.A
}

// between joins two devices by the path, from the first to the second.
func (b *bridge) between(s *scenario, from, to stack.LinkEndpoint) error {
	var err error
	if b.link, err = s.realLink(); err != nil {
		return err
	}
	b.link.A.Attach(forward{from})
	b.link.B.Attach(forward{to})
	from.Attach(forward{b.link.A})
	to.Attach(forward{b.link.B})
	return nil
}

func (b *bridge) leave(tuns []stack.LinkEndpoint) {
	for _, t := range tuns {
		t.Attach(nil)
	}
	b.link.A.Attach(nil)
	b.link.B.Attach(nil)
	b.link.Close()
}

// forward hands what is delivered to it on to a link.
type forward struct{ to stack.LinkEndpoint }

// DeliverNetworkPacket implements stack.NetworkDispatcher.
func (f forward) DeliverNetworkPacket(proto tcpip.NetworkProtocolNumber, pkt *stack.PacketBuffer) {
	out := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: pkt.ToBuffer()})
	out.NetworkProtocolNumber = proto
	var list stack.PacketBufferList
	list.PushBack(out)
	// What the link does not take is lost, as on any path.
	f.to.WritePackets(list)
	list.DecRef()
}

// DeliverLinkPacket implements stack.NetworkDispatcher.
func (forward) DeliverLinkPacket(tcpip.NetworkProtocolNumber, *stack.PacketBuffer) {}

// measure sends for length from what dial opens to what listen accepts.
func (b *bridge) measure(ctx context.Context, s *scenario, length time.Duration, listen func(network, address string) (net.Listener, error),
	dial func(ctx context.Context, network, address string) (net.Conn, error), to netip.Addr) (*pathResult, error) {
	if s.time > 0 {
		length = s.time
	}
	ctx, cancel := context.WithTimeout(ctx, length+2*time.Minute)
	defer cancel()
	l, err := listen("tcp4", netip.AddrPortFrom(to, port).String())
	if err != nil {
		return nil, err
	}
	defer l.Close()
	var flows []*realFlow
	for i := range s.flows {
		f := &realFlow{offset: int64(i) * 4099}
		if f.from, err = dial(ctx, "tcp4", l.Addr().String()); err != nil {
			return nil, err
		}
		defer f.from.Close()
		if s.mix != "" && i%2 == 1 {
			if err := setControl(f.from, s.mix); err != nil {
				return nil, fmt.Errorf("congestion control %q: %w", s.mix, err)
			}
		}
		if f.to, err = l.Accept(); err != nil {
			return nil, err
		}
		defer f.to.Close()
		flows = append(flows, f)
	}
	start := time.Now()
	if s.cutFor > 0 {
		defer time.AfterFunc(s.cutAt, func() { b.link.SetDown(true) }).Stop()
		defer time.AfterFunc(s.cutAt+s.cutFor, func() { b.link.SetDown(false) }).Stop()
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, f := range flows {
		if s.cutFor > 0 {
			f.resumeAfter = start.Add(s.cutAt + s.cutFor)
		}
		stop := start.Add(length)
		unblock := context.AfterFunc(ctx, func() { f.from.SetDeadline(time.Unix(1, 0)); f.to.SetDeadline(time.Unix(1, 0)) })
		defer unblock()
		g.Go(func() error { return f.write(stop) })
		g.Go(func() error { return f.drain(stop) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return b.result(s, length, flows)
}

// setControl has a connection of the stack or of the kernel use the congestion
// control cc.
func setControl(c net.Conn, cc string) error {
	if c, ok := c.(*linuxpeer.StackConn); ok {
		o := tcpip.CongestionControlOption(cc)
		if err := c.Endpoint().SetSockOpt(&o); err != nil {
			return errors.New(err.String())
		}
		return nil
	}
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, cc)
	}); err != nil {
		return err
	}
	return failed
}

func (b *bridge) result(s *scenario, length time.Duration, flows []*realFlow) (*pathResult, error) {
	r := &pathResult{Least: 1, Resent: -1, QueueP99: -1}
	var sum, squares float64
	for i, f := range flows {
		if err := verifyWhole(f.offset, f.written, f.read); err != nil {
			return nil, fmt.Errorf("flow %d: %w", i, err)
		}
		x := float64(f.counted) * 8 / length.Seconds()
		sum += x
		squares += x * x
		r.Least = min(r.Least, x/float64(s.rate))
		r.Silence = max(r.Silence, f.silence.Seconds()*1000)
		r.Resume = max(r.Resume, f.resume.Seconds()*1000)
	}
	r.Goodput, r.Share = sum/1e6, sum/float64(s.rate)
	if squares > 0 {
		r.Jain = sum * sum / squares / float64(len(flows))
	}
	r.QueueMean = b.link.A.Stats().QueueDelayMean().Seconds() * 1000
	return r, nil
}

// realFlow is one connection in real time.
type realFlow struct {
	from, to    net.Conn
	offset      int64
	written     int64
	read        digest
	counted     int64
	silence     time.Duration
	resumeAfter time.Time
	resume      time.Duration
}

func (f *realFlow) write(stop time.Time) error {
	for time.Now().Before(stop) {
		f.from.SetWriteDeadline(stop)
		n, err := f.from.Write(cut(f.offset, f.written, chunk))
		f.written += int64(n)
		if err != nil && time.Now().Before(stop) {
			return fmt.Errorf("write: %w", err)
		}
	}
	return f.from.(interface{ CloseWrite() error }).CloseWrite()
}

func (f *realFlow) drain(stop time.Time) error {
	b := make([]byte, chunk)
	last := time.Time{}
	for {
		n, err := f.to.Read(b)
		now := time.Now()
		if n > 0 {
			f.read.add(b[:n])
			if !last.IsZero() {
				f.silence = max(f.silence, now.Sub(last))
			}
			last = now
			if now.Before(stop) {
				f.counted = f.read.count
			}
			if f.resume == 0 && !f.resumeAfter.IsZero() && now.After(f.resumeAfter) {
				f.resume = now.Sub(f.resumeAfter)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
	}
}
