// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/transport"
)

// setting is what one of Linux's settings is here.
type setting struct {
	// set carries it out; nil where netstack has no counterpart.
	set func(h *host, value string) error
	// as are the values that ask for what netstack does anyway; others are
	// unsupported. Where it is nil, no value changes what a script means.
	as []string
}

// settings has what scripts set. What is not here is unsupported.
var settings = map[string]setting{
	"tcp_rmem":               {set: (*host).setReceiveBuffer},
	"tcp_wmem":               {set: (*host).setSendBuffer},
	"tcp_sack":               {set: flag(func(on bool) protocolOption { v := tcpip.TCPSACKEnabled(on); return &v })},
	"tcp_moderate_rcvbuf":    {set: flag(func(on bool) protocolOption { v := tcpip.TCPModerateReceiveBufferOption(on); return &v })},
	"tcp_congestion_control": {set: (*host).setCongestionControl},
	"tcp_syn_retries":        {set: number(255, func(n int) protocolOption { v := tcpip.TCPSynRetriesOption(n); return &v })},
	"tcp_retries2":           {set: number(1<<20, func(n int) protocolOption { v := tcpip.TCPMaxRetriesOption(n); return &v })},
	"tcp_fin_timeout": {set: number(1<<20, func(n int) protocolOption {
		v := tcpip.TCPLingerTimeoutOption(time.Duration(n) * time.Second)
		return &v
	})},
	"tcp_recovery":              {set: number(7, func(n int) protocolOption { v := tcpip.TCPRecovery(n); return &v })},
	"tcp_syncookies":            {set: (*host).setSynCookies},
	"tcp_notsent_lowat":         {set: (*host).setUnsentMost},
	"tcp_ecn":                   {set: (*host).setECN},
	"tcp_slow_start_after_idle": {set: choice(func(c *transport.Choices, on bool) { c.RestartIdle = on })},
	// Timestamps are always offered; without them in the peer's SYN there are none.
	// Whether tail probes are sent, each TCP has decided for itself. A script that
	// counts on the setting fails, and the report has that it was ignored.
	"tcp_timestamps": {}, "tcp_early_retrans": {},
	// How text is cut and sent in bursts is for the matching of packets.
	"tcp_tso_win_divisor": {}, "tcp_min_tso_segs": {}, "tcp_pacing_ss_ratio": {}, "tcp_pacing_ca_ratio": {},
	"tcp_limit_output_bytes": {}, "tcp_tso_rtt_log": {},
	// A script that opens fast says so elsewhere.
	"tcp_fastopen": {}, "tcp_fastopen_key": {}, "tcp_fastopen_blackhole_timeout_sec": {},
	"tcp_synack_retries": {}, "tcp_retries1": {}, "tcp_ecn_option": {}, "tcp_base_mss": {}, "tcp_no_metrics_save": {},
	"tcp_max_syn_backlog": {}, "tcp_cubic.parameters.hystart_detect": {as: []string{"3"}},
	"tcp_frto": {as: []string{"1", "2"}}, "tcp_dsack": {as: []string{"1"}}, "tcp_fack": {as: []string{"0"}},
	"tcp_reordering": {as: []string{"3"}}, "tcp_window_scaling": {as: []string{"1"}},
	"tcp_mtu_probing":   {as: []string{"0"}},
	"tcp_adv_win_scale": {as: []string{"1"}}, "tcp_abort_on_overflow": {as: []string{"0"}},
	"tcp_stdurg": {as: []string{"0"}}, "tcp_thin_linear_timeouts": {as: []string{"0"}},
}

type protocolOption = tcpip.SettableTransportProtocolOption

// host is what a script runs on.
type host struct {
	stack    *stack.Stack
	provider *Provider
	ignored  func(what string)
}

// set carries out a setting in sysctl's words.
func (h *host) set(name, value string) error {
	s, known := settings[strings.TrimPrefix(strings.TrimPrefix(name, "net.ipv4."), "net.core.")]
	what := name + "=" + value
	switch {
	case !known, s.set == nil && s.as != nil && !slices.Contains(s.as, value):
		return &unsupported{what: "setting " + what}
	case s.set == nil:
		h.ignored("setting " + what)
		return nil
	}
	if err := s.set(h, value); err != nil {
		return &unsupported{what: fmt.Sprintf("setting %s: %v", what, err)}
	}
	return nil
}

// option sets one of the TCP's own.
func (h *host) option(o protocolOption) error {
	if err := h.stack.SetTransportProtocolOption(header.TCPProtocolNumber, o); err != nil {
		return fmt.Errorf("the TCP says: %v", err)
	}
	return nil
}

// flag is a setting that is on or off.
func flag(option func(on bool) protocolOption) func(*host, string) error {
	return number(1, func(n int) protocolOption { return option(n == 1) })
}

// choice is a setting that is on or off, of what RFCs leave to choose. A TCP without
// the choice goes on as it does, and the report says so: a script that counts on the
// setting fails.
func choice(set func(c *transport.Choices, on bool)) func(*host, string) error {
	return func(h *host, value string) error {
		switch {
		case value != "0" && value != "1":
			return fmt.Errorf("neither 0 nor 1")
		case h.provider.Choose == nil:
			h.ignored(fmt.Sprintf("a choice that %s does not have: %s", h.provider.Name, value))
			return nil
		}
		return h.provider.Choose(h.stack, func(c *transport.Choices) { set(c, value == "1") })
	}
}

// number is a setting from 0 to most.
func number(most int, option func(n int) protocolOption) func(*host, string) error {
	return func(h *host, value string) error {
		n, err := strconv.ParseUint(value, 0, 31)
		if err != nil || int(n) > most {
			return fmt.Errorf("not within 0 and %d", most)
		}
		return h.option(option(int(n)))
	}
}

// sizes reads the least, the default and the largest size of a buffer.
func sizes(value string) (v [3]int, err error) {
	f := strings.Fields(value)
	if len(f) != len(v) {
		return v, fmt.Errorf("not three sizes")
	}
	for i := range v {
		n, err := strconv.ParseUint(f[i], 10, 31)
		if err != nil {
			return v, err
		}
		v[i] = int(n)
	}
	return v, nil
}

func (h *host) setReceiveBuffer(value string) error {
	v, err := sizes(value)
	if err != nil {
		return err
	}
	return h.option(&tcpip.TCPReceiveBufferSizeRangeOption{Min: v[0], Default: v[1], Max: v[2]})
}

func (h *host) setSendBuffer(value string) error {
	v, err := sizes(value)
	if err != nil {
		return err
	}
	return h.option(&tcpip.TCPSendBufferSizeRangeOption{Min: v[0], Default: v[1], Max: v[2]})
}

func (h *host) setCongestionControl(value string) error {
	v := tcpip.CongestionControlOption(value)
	return h.option(&v)
}

// setSynCookies takes 0 and 1, which netstack is between: cookies when there are
// too many SYNs.
func (h *host) setSynCookies(value string) error {
	v := tcpip.TCPAlwaysUseSynCookies(value == "2")
	return h.option(&v)
}

// setECN takes 0, off, 1, ask for it and agree, and 2, agree.
func (h *host) setECN(value string) error {
	switch {
	case h.provider.ECN != nil:
		return h.provider.ECN(h.stack, value)
	case value == "0":
		return nil
	}
	return fmt.Errorf("%s has no ECN", h.provider.Name)
}

// setUnsentMost takes how much may wait to be sent; the largest number is no bound.
func (h *host) setUnsentMost(value string) error {
	const none = "4294967295"
	n := uint64(0)
	switch {
	case value == none || value == "-1":
		if h.provider.Choose == nil {
			return nil
		}
	case h.provider.Choose == nil:
		return fmt.Errorf("%s has no such bound", h.provider.Name)
	default:
		var err error
		if n, err = strconv.ParseUint(value, 0, 31); err != nil {
			return err
		}
	}
	return h.provider.Choose(h.stack, func(c *transport.Choices) { c.UnsentMost = int(n) })
}
