// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// NICID is the number of the stack's only NIC.
const NICID tcpip.NICID = 1

// stopTimeout bounds the wait for the stack's goroutines when a peer closes.
const stopTimeout = 10 * time.Second

// Peer is a netstack stack joined to the Linux kernel by a TUN device in a
// network namespace of its own. Its methods may be called from any goroutine.
type Peer struct {
	// Stack is the stack that holds the TCP under test.
	Stack *stack.Stack
	// IPv4 and IPv6 are the addresses of the two ends. IPv6's are the zero
	// value where the MTU is below 1280 or the kernel has no IPv6.
	IPv4, IPv6 Addrs

	ns   *namespace
	tun  *os.File
	link *link

	congestionControl string // of the kernel's sockets; empty for its default

	closeOnce sync.Once
	closeErr  error
}

// New returns a peer that is closed when the test ends. It fails the test if
// there can be none; call [Require] first to skip the test where the host does
// not allow one.
func New(tb testing.TB, cfg Config) *Peer {
	tb.Helper()
	p, err := Open(cfg)
	if err != nil {
		tb.Fatalf("linuxpeer: %v", err)
	}
	tb.Cleanup(func() {
		if err := p.Close(); err != nil {
			tb.Errorf("linuxpeer: close: %v", err)
		}
	})
	return p
}

// Open returns a peer for use outside tests. Its errors are those of the
// configuration, named after the field, and those of the kernel.
func Open(cfg Config) (_ *Peer, err error) {
	cfg, err = cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Peer{IPv4: addrsOf(cfg.IPv4)}
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	if p.ns, err = newNamespace(); err != nil {
		return nil, err
	}
	if err = p.ns.do(func() error { return p.openKernel(cfg) }); err != nil {
		return nil, err
	}
	if err = p.setSysctls(cfg.Sysctls); err != nil {
		return nil, err
	}
	if err = p.setCongestionControl(cfg.CongestionControl); err != nil {
		return nil, err
	}
	if p.link, err = newLink(p.tun, cfg.MTU, cfg.Offload); err != nil {
		return nil, err
	}
	ep := stack.LinkEndpoint(p.link)
	if cfg.Middle != nil {
		ep = cfg.Middle(ep)
	}
	err = p.openStack(cfg, ep)
	return p, err
}

// openKernel makes the kernel's side, on a thread of the namespace.
func (p *Peer) openKernel(cfg Config) (err error) {
	var ip6 netip.Prefix
	if _, statErr := os.Stat("/proc/sys/net/ipv6"); statErr == nil && cfg.hasIPv6() {
		ip6 = cfg.IPv6
		p.IPv6 = addrsOf(ip6)
	}
	if p.tun, err = openTUN(cfg.Offload); err != nil {
		return err
	}
	return configureTUN(cfg.MTU, cfg.QueueLen, cfg.IPv4, ip6)
}

// openStack makes the stack's side.
func (p *Peer) openStack(cfg Config, ep stack.LinkEndpoint) error {
	p.Stack = stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{cfg.TCP},
	})
	if err := p.Stack.CreateNIC(NICID, ep); err != nil {
		return fmt.Errorf("create NIC: %v", err)
	}
	routes := []tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: NICID}}
	if err := p.addAddress(ipv4.ProtocolNumber, p.IPv4.Stack, cfg.IPv4.Bits()); err != nil {
		return err
	}
	if p.IPv6.Stack.IsValid() {
		routes = append(routes, tcpip.Route{Destination: header.IPv6EmptySubnet, NIC: NICID})
		if err := p.addAddress(ipv6.ProtocolNumber, p.IPv6.Stack, cfg.IPv6.Bits()); err != nil {
			return err
		}
	}
	p.Stack.SetRouteTable(routes)
	return nil
}

func (p *Peer) addAddress(proto tcpip.NetworkProtocolNumber, a netip.Addr, bits int) error {
	addr := tcpip.ProtocolAddress{
		Protocol:          proto,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: tcpip.AddrFromSlice(a.AsSlice()), PrefixLen: bits},
	}
	if err := p.Stack.AddProtocolAddress(NICID, addr, stack.AddressProperties{}); err != nil {
		return fmt.Errorf("add address %v to the stack: %v", a, err)
	}
	return nil
}

// Close aborts every connection of the stack, stops it and removes the device
// and the namespace, which lasts on only while the caller has a connection, a
// listener or a program in it. It returns an error if the link failed in the
// meantime, or the stack did not stop within ten seconds. Later calls return
// the same.
func (p *Peer) Close() error {
	p.closeOnce.Do(func() { p.closeErr = p.close() })
	return p.closeErr
}

func (p *Peer) close() error {
	var errs []error
	if p.Stack != nil {
		p.Stack.Close()
	}
	if p.link != nil {
		// Before the stack waits for its own: it detaches the link under
		// a lock that the reader may be waiting for.
		p.link.stop()
		errs = append(errs, p.link.err())
	}
	if p.Stack != nil {
		stopped := make(chan struct{})
		go func() {
			p.Stack.Wait()
			close(stopped)
		}()
		select {
		case <-stopped:
		case <-time.After(stopTimeout):
			errs = append(errs, fmt.Errorf("the stack did not stop within %v", stopTimeout))
		}
	}
	if p.tun != nil {
		errs = append(errs, p.tun.Close())
	}
	if p.ns != nil {
		errs = append(errs, p.ns.close())
	}
	return errors.Join(errs...)
}

// setSysctls sets the configuration's values, and the package's own.
func (p *Peer) setSysctls(values map[string]string) error {
	all := map[string]string{"net.ipv4.tcp_no_metrics_save": "1"}
	maps.Copy(all, values)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := p.SetSysctl(name, all[name]); err != nil {
			return err
		}
	}
	return nil
}

// setCongestionControl chooses the algorithm for the kernel's sockets.
func (p *Peer) setCongestionControl(name string) error {
	const sysctl = "net.ipv4.tcp_available_congestion_control"
	available, err := p.Sysctl(sysctl)
	if err != nil {
		return err
	}
	has := func(name string) bool { return slices.Contains(strings.Fields(available), name) }
	switch {
	case has(name):
		p.congestionControl = name
	case name != "":
		return fmt.Errorf("Config.CongestionControl is %q; the kernel has: %s", name, available)
	case has("cubic"):
		p.congestionControl = "cubic"
	}
	return nil
}
