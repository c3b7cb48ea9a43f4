// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"tcpcb/conformance/packetdrill/script"
)

// config is what a script's options say.
type config struct {
	// v6 tells which packets are on the wire, socket6 what the sockets are: of
	// both kinds for ipv4-mapped-ipv6.
	v6, socket6   bool
	local, remote netip.Addr
	bind, connect uint16
	mtu           uint32
	// mss is how much text a segment has of those that come in as one, merged by
	// the device; 0 is all of it.
	mss              uint16
	tolerance        time.Duration
	tolerancePercent float64
	// tsTick is a tick of the timestamps that the script writes, 0 for not
	// compared; tsScaled tells that TSecr need not be a TSval that was sent.
	tsTick   time.Duration
	tsScaled bool
	// strictSegments compares packets one by one, as they were sent.
	strictSegments bool
	// warnPackets goes on after a packet that is not as expected, warnCalls after
	// a call.
	warnPackets, warnCalls bool
}

// The defaults of packetdrill.
const (
	defaultPort             = 8080
	defaultMTU              = 1500
	defaultTolerance        = 4 * time.Millisecond
	defaultTolerancePercent = 12.5
)

// ignoredOptions say how packetdrill is to reach the host under test or to
// execute code, which is otherwise here.
var ignoredOptions = map[string]bool{
	"gateway_ip": true, "netmask_ip": true, "speed": true, "code_command": true, "code_format": true,
	"code_sockopt": true, "define": true, "verbose": true, "debug": true, "send_omit_free": true,
}

// configure reads the options of a script, and those that come before them.
func configure(before, options []script.Option) (*config, error) {
	c := &config{
		bind: defaultPort, connect: defaultPort, mtu: defaultMTU,
		tolerance: defaultTolerance, tolerancePercent: defaultTolerancePercent,
	}
	for _, o := range append(before[:len(before):len(before)], options...) {
		if err := c.set(o); err != nil {
			return nil, err
		}
	}
	def := [2]string{"192.168.0.1", "192.0.2.1"}
	if c.v6 {
		def = [2]string{"fd3d:fa7b:d17d::1", "2001:db8::1"}
	}
	for i, a := range []*netip.Addr{&c.local, &c.remote} {
		if !a.IsValid() {
			*a = netip.MustParseAddr(def[i])
		}
		if a.Is6() != c.v6 {
			return nil, fmt.Errorf("%v is of another version of IP than the script", a)
		}
	}
	return c, nil
}

// set takes one option.
func (c *config) set(o script.Option) (err error) {
	switch o.Name {
	case "ip_version":
		err = c.setVersion(o.Value)
	case "local_ip":
		c.local, err = parseAddr(o.Value)
	case "remote_ip":
		c.remote, err = parseAddr(o.Value)
	case "bind_port":
		c.bind, err = parse16(o.Value)
	case "connect_port":
		c.connect, err = parse16(o.Value)
	case "mtu":
		var mtu uint16
		mtu, err = parse16(o.Value)
		c.mtu = uint32(mtu)
	case "mss":
		c.mss, err = parse16(o.Value)
	case "tolerance_usecs":
		c.tolerance, err = parseMicroseconds(o.Value)
	case "tolerance_percent":
		c.tolerancePercent, err = strconv.ParseFloat(o.Value, 64)
	case "tcp_ts_tick_usecs":
		c.tsTick, err = parseMicroseconds(o.Value)
	case "tcp_ts_ecr_scaled":
		c.tsScaled = true
	case "strict_segments":
		c.strictSegments = true
	case "non_fatal":
		err = c.setNonFatal(o.Value)
	default:
		if !ignoredOptions[o.Name] {
			return &unsupported{o.Line, "option --" + o.Name}
		}
	}
	if err != nil {
		return &broken{o.Line, fmt.Sprintf("--%s=%s: %v", o.Name, o.Value, err)}
	}
	return nil
}

func (c *config) setVersion(v string) error {
	switch v {
	case "ipv4":
		c.v6, c.socket6 = false, false
	case "ipv6":
		c.v6, c.socket6 = true, true
	case "ipv4-mapped-ipv6":
		c.v6, c.socket6 = false, true
	default:
		return fmt.Errorf("no such version of IP")
	}
	return nil
}

func (c *config) setNonFatal(v string) error {
	for _, w := range strings.Split(v, ",") {
		switch w {
		case "packet":
			c.warnPackets = true
		case "syscall":
			c.warnCalls = true
		default:
			return fmt.Errorf("neither packet nor syscall")
		}
	}
	return nil
}

// parseAddr reads an address; a length of prefix after it is passed over.
func parseAddr(s string) (netip.Addr, error) {
	addr, _, _ := strings.Cut(s, "/")
	return netip.ParseAddr(addr)
}

func parse16(s string) (uint16, error) {
	v, err := strconv.ParseUint(s, 10, 16)
	return uint16(v), err
}

func parseMicroseconds(s string) (time.Duration, error) {
	v, err := strconv.ParseUint(s, 10, 40)
	return time.Duration(v) * time.Microsecond, err
}
