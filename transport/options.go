// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"slices"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/endpoint"
)

// SetOption implements stack.TransportProtocol. The new value holds for
// endpoints made from now on and, where an endpoint cannot override it, for all
// of them. Errors are ErrInvalidOptionValue for a value out of range,
// ErrNoSuchFile for a congestion control that does not exist (as in Linux), and
// ErrUnknownProtocolOption.
func (p *protocol) SetOption(option tcpip.SettableTransportProtocolOption) tcpip.Error {
	return p.shared.Update(func(o *endpoint.Options) tcpip.Error {
		switch v := option.(type) {
		case *tcpip.TCPSACKEnabled:
			o.SACK = bool(*v)
		case *tcpip.TCPRecovery:
			o.Recovery = *v
		case *tcpip.TCPDelayEnabled:
			o.Delay = bool(*v)
		case *tcpip.TCPModerateReceiveBufferOption:
			o.ModerateReceiveBuffer = bool(*v)
		case *tcpip.TCPAlwaysUseSynCookies:
			o.AlwaysSynCookies = bool(*v)
		case *tcpip.TCPMaxRetriesOption:
			o.MaxRetries = uint32(*v)
		case *tcpip.TCPLingerTimeoutOption:
			o.LingerTimeout = max(time.Duration(*v), 0)
		case *tcpip.TCPTimeWaitTimeoutOption:
			o.TimeWaitTimeout = max(time.Duration(*v), 0)
		default:
			return setChecked(o, option)
		}
		return nil
	})
}

// setChecked is SetOption for the options whose values have a range.
func setChecked(o *endpoint.Options, option tcpip.SettableTransportProtocolOption) tcpip.Error {
	ok := true
	switch v := option.(type) {
	case *tcpip.TCPSendBufferSizeRangeOption:
		if ok = ordered(v.Min, v.Default, v.Max); ok {
			o.SendBuffer = *v
		}
	case *tcpip.TCPReceiveBufferSizeRangeOption:
		if ok = ordered(v.Min, v.Default, v.Max); ok {
			o.ReceiveBuffer = *v
		}
	case *tcpip.CongestionControlOption:
		if !slices.Contains(o.AvailableCongestionControl, string(*v)) {
			return &tcpip.ErrNoSuchFile{}
		}
		o.CongestionControl = string(*v)
	case *ECNOption:
		if ok = v.Mode <= ECNAccept; ok {
			o.ECN = v.Mode
		}
	case *PacingOption:
		o.Pacing = v.Enabled
	case *ChoicesOption:
		o.Choices = v.Choices
	case *tcpip.TCPTimeWaitReuseOption:
		ok = *v >= tcpip.TCPTimeWaitReuseDisabled && *v <= tcpip.TCPTimeWaitReuseLoopbackOnly
		if ok {
			o.TimeWaitReuse = *v
		}
	case *tcpip.TCPSynRetriesOption:
		if ok = *v >= 1; ok {
			o.SynRetries = uint8(*v)
		}
	case *tcpip.TCPMinRTOOption:
		// Below 0 stands for the default; no bound is checked then, as in
		// netstack.
		if ok = *v < 0 || time.Duration(*v) <= o.MaxRTO; ok {
			o.MinRTO = orDefault(time.Duration(*v), MinRTO)
		}
	case *tcpip.TCPMaxRTOOption:
		if ok = *v < 0 || time.Duration(*v) >= o.MinRTO; ok {
			o.MaxRTO = orDefault(time.Duration(*v), MaxRTO)
		}
	default:
		return &tcpip.ErrUnknownProtocolOption{}
	}
	if !ok {
		return &tcpip.ErrInvalidOptionValue{}
	}
	return nil
}

// ordered reports whether the sizes of a buffer are a range with a default.
func ordered(least, initial, most int) bool {
	return least > 0 && least <= initial && initial <= most
}

// orDefault returns d, or def where d is below 0.
func orDefault(d, def time.Duration) time.Duration {
	if d < 0 {
		return def
	}
	return d
}

// Option implements stack.TransportProtocol. ErrUnknownProtocolOption for an
// option that TCP does not have.
func (p *protocol) Option(option tcpip.GettableTransportProtocolOption) tcpip.Error {
	o := p.shared.Options()
	switch v := option.(type) {
	case *tcpip.TCPSACKEnabled:
		*v = tcpip.TCPSACKEnabled(o.SACK)
	case *tcpip.TCPRecovery:
		*v = o.Recovery
	case *tcpip.TCPDelayEnabled:
		*v = tcpip.TCPDelayEnabled(o.Delay)
	case *tcpip.TCPModerateReceiveBufferOption:
		*v = tcpip.TCPModerateReceiveBufferOption(o.ModerateReceiveBuffer)
	case *tcpip.TCPAlwaysUseSynCookies:
		*v = tcpip.TCPAlwaysUseSynCookies(o.AlwaysSynCookies)
	case *tcpip.TCPSendBufferSizeRangeOption:
		*v = o.SendBuffer
	case *tcpip.TCPReceiveBufferSizeRangeOption:
		*v = o.ReceiveBuffer
	case *tcpip.CongestionControlOption:
		*v = tcpip.CongestionControlOption(o.CongestionControl)
	case *tcpip.TCPAvailableCongestionControlOption:
		*v = tcpip.TCPAvailableCongestionControlOption(strings.Join(o.AvailableCongestionControl, " "))
	case *tcpip.TCPLingerTimeoutOption:
		*v = tcpip.TCPLingerTimeoutOption(o.LingerTimeout)
	case *tcpip.TCPTimeWaitTimeoutOption:
		*v = tcpip.TCPTimeWaitTimeoutOption(o.TimeWaitTimeout)
	case *ECNOption:
		v.Mode = o.ECN
	case *PacingOption:
		v.Enabled = o.Pacing
	case *ChoicesOption:
		v.Choices = o.Choices
	case *tcpip.TCPTimeWaitReuseOption:
		*v = o.TimeWaitReuse
	case *tcpip.TCPMinRTOOption:
		*v = tcpip.TCPMinRTOOption(o.MinRTO)
	case *tcpip.TCPMaxRTOOption:
		*v = tcpip.TCPMaxRTOOption(o.MaxRTO)
	case *tcpip.TCPMaxRetriesOption:
		*v = tcpip.TCPMaxRetriesOption(o.MaxRetries)
	case *tcpip.TCPSynRetriesOption:
		*v = tcpip.TCPSynRetriesOption(o.SynRetries)
	default:
		return &tcpip.ErrUnknownProtocolOption{}
	}
	return nil
}
