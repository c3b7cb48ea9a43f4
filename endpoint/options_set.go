// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"slices"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/engine"
)

// ecnMask are the bits of TOS and traffic class that belong to ECN (RFC 3168,
// section 23.1), and so to TCP, not to the application.
const ecnMask = 3

// SetSockOptInt implements tcpip.Endpoint. Options that TCP does not know are
// taken and mean nothing. Errors are ErrInvalidOptionValue for values out of
// range, and ErrNotSupported for an unknown way of path-MTU discovery.
func (e *Endpoint) SetSockOptInt(opt tcpip.SockOptInt, v int) tcpip.Error {
	now := e.lock()
	defer e.unlock(now)
	switch opt {
	case tcpip.KeepaliveCountOption:
		e.setOpt().keepCount = v
	case tcpip.IPv4TOSOption, tcpip.IPv6TrafficClassOption:
		e.setOpt().tos = uint8(v) &^ ecnMask
	case tcpip.IPv4TTLOption:
		e.setOpt().ttl = uint8(v)
	case tcpip.IPv6HopLimitOption:
		e.setOpt().hopLimit = int16(v)
	case tcpip.MaxSegOption:
		if v < header.TCPMinimumMSS || v > header.TCPMaximumMSS {
			return &tcpip.ErrInvalidOptionValue{}
		}
		e.setOpt().userMSS = uint16(v)
	case tcpip.MTUDiscoverOption:
		switch p := tcpip.PMTUDStrategy(v); p {
		case tcpip.PMTUDiscoveryWant, tcpip.PMTUDiscoveryDont, tcpip.PMTUDiscoveryDo, tcpip.PMTUDiscoveryProbe:
			e.setOpt().pmtud = p
		default:
			return &tcpip.ErrNotSupported{}
		}
	case tcpip.TCPSynCountOption:
		if v < 1 || v > 255 {
			return &tcpip.ErrInvalidOptionValue{}
		}
		e.setOpt().synRetries = uint8(v)
	case tcpip.TCPWindowClampOption:
		switch s := e.EndpointState(); {
		case v != 0:
			v = max(v, e.shared.Options().ReceiveBuffer.Min/2)
		case s != StateClose && s != StateInitial:
			return &tcpip.ErrInvalidOptionValue{}
		}
		o := e.setOpt()
		o.windowClamp, o.clamped = uint32(v), v != 0
	default:
		return nil
	}
	e.dress()
	e.apply(now)
	return nil
}

// SetSockOpt implements tcpip.Endpoint. Options that TCP does not know are
// taken and mean nothing. ErrNoSuchFile stands for a congestion control that
// does not exist, as in Linux.
func (e *Endpoint) SetSockOpt(opt tcpip.SettableSocketOption) tcpip.Error {
	now := e.lock()
	defer e.unlock(now)
	switch v := opt.(type) {
	case *tcpip.KeepaliveIdleOption:
		e.setOpt().keepIdle = time.Duration(*v)
	case *tcpip.KeepaliveIntervalOption:
		e.setOpt().keepInterval = time.Duration(*v)
	case *tcpip.TCPUserTimeoutOption:
		e.setOpt().userTimeout = time.Duration(*v)
	case *UnsentMostOption:
		e.setOpt().unsentMost = v.Bytes
	case *tcpip.TCPLingerTimeoutOption:
		*v = tcpip.TCPLingerTimeoutOption(e.lingerTimeout(time.Duration(*v)))
		e.setOpt().lingerTimeout = time.Duration(*v)
	case *tcpip.TCPDeferAcceptOption:
		*v = min(*v, tcpip.TCPDeferAcceptOption(engine.DefaultMaxRTO))
		e.setOpt().deferAccept = time.Duration(*v)
	case *tcpip.CongestionControlOption:
		if !slices.Contains(e.shared.Options().AvailableCongestionControl, string(*v)) {
			return &tcpip.ErrNoSuchFile{}
		}
		e.setOpt().congestionControl = string(*v)
		if e.opened && !e.retired {
			e.conn.SetCongestionControl(string(*v))
		}
	default:
		return nil
	}
	e.apply(now)
	return nil
}

// lingerTimeout returns the stay in FIN-WAIT-2 that TCP_LINGER2 of d stands
// for: below 0 none, 0 the protocol's own, and two minutes at most.
func (e *Endpoint) lingerTimeout(d time.Duration) time.Duration {
	switch {
	case d < 0:
		return -1
	case d == 0:
		return e.shared.Options().LingerTimeout
	}
	return min(d, MaxLingerTimeout)
}

// OnKeepAliveSet implements tcpip.SocketOptionsHandler.
func (e *Endpoint) OnKeepAliveSet(bool) { e.optionChanged() }

// OnDelayOptionSet implements tcpip.SocketOptionsHandler: without the Nagle
// algorithm, what it held back is sent, and what a write said more would follow.
func (e *Endpoint) OnDelayOptionSet(on bool) {
	now := e.lock()
	defer e.unlock(now)
	if !on {
		e.conn.Hold(false)
	}
	e.apply(now)
}

// OnCorkOptionSet implements tcpip.SocketOptionsHandler: without the cork, what
// it held back is sent.
func (e *Endpoint) OnCorkOptionSet(bool) { e.optionChanged() }

// optionChanged puts a changed option of tcpip.SocketOptions in force.
func (e *Endpoint) optionChanged() {
	now := e.lock()
	defer e.unlock(now)
	e.apply(now)
}

// OnSetReceiveBufferSize implements tcpip.SocketOptionsHandler: the size is
// taken, at least what the field of the window can tell, and the buffer is not
// tuned any more. The function returned puts it in force.
func (e *Endpoint) OnSetReceiveBufferSize(v, _ int64) (int64, func()) {
	now := e.lock()
	defer e.unlock(now)
	e.setOpt().rcvFixed = true
	// Before the peer's SYN is there, nothing is known of its scale.
	if i := e.conn.Info(); i.SndMSS > 0 && v>>i.RcvScale == 0 {
		v = 1 << i.RcvScale
	} else if v == 0 {
		v = 1
	}
	return v, e.optionChanged
}

// OnSetSendBufferSize implements tcpip.SocketOptionsHandler: the size is taken,
// and the buffer is not tuned any more.
func (e *Endpoint) OnSetSendBufferSize(v int64) int64 {
	now := e.lock()
	defer e.unlock(now)
	e.setOpt().sndFixed = true
	return v
}

// WakeupWriters implements tcpip.SocketOptionsHandler: SO_SNDBUF has changed,
// and may have made room.
func (e *Endpoint) WakeupWriters() {
	now := e.lock()
	defer e.unlock(now)
	e.apply(now)
	if e.EndpointState().connected() && e.conn.WriteSpace() > 0 {
		e.wake |= waiter.WritableEvents
	}
}

// GetAcceptConn implements tcpip.SocketOptionsHandler: SO_ACCEPTCONN.
func (e *Endpoint) GetAcceptConn() bool { return e.EndpointState() == StateListen }
