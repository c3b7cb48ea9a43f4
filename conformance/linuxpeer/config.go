// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer

import (
	"errors"
	"fmt"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

const (
	// MinMTU is the least MTU a peer takes, in bytes: what every IPv4 host
	// must be able to receive (RFC 791 section 3.2).
	MinMTU = 576
	// MaxMTU is the largest MTU a peer takes, in bytes: the largest IPv4
	// packet (RFC 791 section 3.1), and the largest a TUN device has.
	MaxMTU = 65535

	defaultMTU      = 1500
	defaultQueueLen = 10000
)

// The default addresses: 198.18.0.0/15 is for tests of devices (RFC 2544
// appendix C.2.2), 2001:db8::/32 for documentation (RFC 3849), so that
// neither is an address of the host.
var (
	defaultIPv4 = netip.MustParsePrefix("198.18.0.1/24")
	defaultIPv6 = netip.MustParsePrefix("2001:db8::1/64")
)

// Config says what a [Peer] is made of. Only TCP must be set.
type Config struct {
	// TCP makes the TCP under test, which becomes the stack's only
	// transport protocol.
	TCP stack.TransportProtocolFactory

	// MTU of the link in bytes, from MinMTU to MaxMTU; 0 means 1500. Below
	// 1280 the link has no IPv6 (RFC 8200 section 5).
	MTU uint32

	// IPv4 is the kernel's address and the length of the link's prefix; the
	// stack has the address after it. The zero value means 198.18.0.1/24.
	IPv4 netip.Prefix
	// IPv6 is as IPv4; the zero value means 2001:db8::1/64.
	IPv6 netip.Prefix

	// Offload lets packets of up to 64 KiB cross the link in either
	// direction whatever the MTU (GSO and TSO), with checksums neither
	// computed nor verified by either end. A Middle that corrupts packets
	// goes unnoticed then.
	Offload bool

	// QueueLen is how many packets wait in the TUN device for the stack
	// before the kernel drops more; 0 means 10000.
	QueueLen int

	// Middle, if set, wraps the link's endpoint, and what it returns is
	// what the stack's NIC gets: the place for a path model, a capture or a
	// tap. It is called once.
	Middle func(stack.LinkEndpoint) stack.LinkEndpoint

	// CongestionControl is the kernel's for the sockets of Dial and Listen,
	// such as reno, cubic or bbr; empty means cubic where the kernel has it,
	// so that runs on different hosts compare. It is set on each socket,
	// since a namespace's default can only be one that its host allows to
	// everybody.
	CongestionControl string

	// Sysctls are set in the namespace, in the order of their names, once
	// the link is up. net.ipv4.tcp_no_metrics_save is 1 unless it is among
	// them, so that no connection inherits what another one learnt.
	Sysctls map[string]string
}

// Addrs are the two ends of the link in one address family; both are the zero
// value where the link does not have that family.
type Addrs struct {
	Kernel, Stack netip.Addr
}

// withDefaults returns the configuration with every default filled in, or an
// error that names the field at fault.
func (c Config) withDefaults() (Config, error) {
	if c.TCP == nil {
		return c, errors.New("Config.TCP is not set")
	}
	if c.MTU == 0 {
		c.MTU = defaultMTU
	}
	if c.MTU < MinMTU || c.MTU > MaxMTU {
		return c, fmt.Errorf("Config.MTU is %d, not from %d to %d", c.MTU, MinMTU, MaxMTU)
	}
	if c.QueueLen == 0 {
		c.QueueLen = defaultQueueLen
	}
	if c.QueueLen < 0 {
		return c, fmt.Errorf("Config.QueueLen is %d, below 0", c.QueueLen)
	}
	if c.IPv4 == (netip.Prefix{}) {
		c.IPv4 = defaultIPv4
	}
	if c.IPv6 == (netip.Prefix{}) {
		c.IPv6 = defaultIPv6
	}
	if !c.IPv4.Addr().Is4() {
		return c, fmt.Errorf("Config.IPv4 is %v, which is not an IPv4 prefix", c.IPv4)
	}
	if !c.IPv6.Addr().Is6() || c.IPv6.Addr().Is4In6() {
		return c, fmt.Errorf("Config.IPv6 is %v, which is not an IPv6 prefix", c.IPv6)
	}
	if err := checkHosts(c.IPv4); err != nil {
		return c, fmt.Errorf("Config.IPv4: %w", err)
	}
	if err := checkHosts(c.IPv6); err != nil {
		return c, fmt.Errorf("Config.IPv6: %w", err)
	}
	return c, nil
}

// checkHosts returns an error unless both ends' addresses are host addresses
// of the prefix: not its first, and with another after them, which leaves out
// IPv4's broadcast address.
func checkHosts(p netip.Prefix) error {
	a := addrsOf(p)
	if p.Masked().Addr() == a.Kernel || !p.Contains(a.Stack) || !p.Contains(a.Stack.Next()) {
		return fmt.Errorf("%v does not leave a host address for each end", p)
	}
	return nil
}

// addrsOf returns the addresses of the two ends.
func addrsOf(p netip.Prefix) Addrs {
	return Addrs{Kernel: p.Addr(), Stack: p.Addr().Next()}
}

// hasIPv6 reports whether a link of this MTU may carry IPv6.
func (c Config) hasIPv6() bool { return c.MTU >= header.IPv6MinimumMTU }
