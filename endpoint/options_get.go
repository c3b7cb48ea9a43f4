// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"math"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"tcpcb/engine"
)

// GetSockOptInt implements tcpip.Endpoint. ErrUnknownProtocolOption stands for
// an option that TCP does not have, and ErrInvalidEndpointState for the size of
// a listener's queues.
func (e *Endpoint) GetSockOptInt(opt tcpip.SockOptInt) (int, tcpip.Error) {
	changed := e.lockToLook()
	defer func() { e.looked(changed) }()
	switch opt {
	case tcpip.KeepaliveCountOption:
		return e.opt.keepCount, nil
	case tcpip.IPv4TOSOption, tcpip.IPv6TrafficClassOption:
		return int(e.opt.tos), nil
	case tcpip.IPv4TTLOption:
		return int(e.opt.ttl), nil
	case tcpip.IPv6HopLimitOption:
		return int(e.opt.hopLimit), nil
	case tcpip.MaxSegOption:
		return e.maxSeg(), nil
	case tcpip.MTUDiscoverOption:
		return int(e.opt.pmtud), nil
	case tcpip.TCPSynCountOption:
		return int(e.opt.synRetries), nil
	case tcpip.TCPWindowClampOption:
		return int(e.opt.windowClamp), nil
	case tcpip.MulticastTTLOption:
		return 1, nil
	case tcpip.ReceiveQueueSizeOption, tcpip.SendQueueSizeOption:
		if e.EndpointState() == StateListen {
			return 0, &tcpip.ErrInvalidEndpointState{}
		}
		if !e.opened {
			return 0, nil
		}
		if opt == tcpip.SendQueueSizeOption {
			return e.conn.Unacked(), nil
		}
		return e.conn.Readable(), nil
	}
	return -1, &tcpip.ErrUnknownProtocolOption{}
}

// maxSeg returns what TCP_MAXSEG tells: before there is a connection, what the
// application set, or the default, which is told during the handshake, too;
// then what segments carry, in bytes.
func (e *Endpoint) maxSeg() int {
	switch s := e.EndpointState(); {
	case s.connected():
		return e.conn.Info().SndMSS
	case s.connecting():
	case e.opt.userMSS > 0:
		return int(e.opt.userMSS)
	}
	return header.TCPDefaultMSS
}

// GetSockOpt implements tcpip.Endpoint. ErrUnknownProtocolOption stands for an
// option that TCP does not have.
func (e *Endpoint) GetSockOpt(opt tcpip.GettableSocketOption) tcpip.Error {
	changed := e.lockToLook()
	defer func() { e.looked(changed) }()
	switch o := opt.(type) {
	case *tcpip.TCPInfoOption:
		*o = e.tcpInfo()
	case *tcpip.KeepaliveIdleOption:
		*o = tcpip.KeepaliveIdleOption(e.opt.keepIdle)
	case *tcpip.KeepaliveIntervalOption:
		*o = tcpip.KeepaliveIntervalOption(e.opt.keepInterval)
	case *UnsentMostOption:
		o.Bytes = e.opt.unsentMost
	case *tcpip.TCPUserTimeoutOption:
		*o = tcpip.TCPUserTimeoutOption(e.opt.userTimeout)
	case *tcpip.CongestionControlOption:
		*o = tcpip.CongestionControlOption(e.opt.congestionControl)
	case *tcpip.TCPLingerTimeoutOption:
		*o = tcpip.TCPLingerTimeoutOption(e.opt.lingerTimeout)
	case *tcpip.TCPDeferAcceptOption:
		*o = tcpip.TCPDeferAcceptOption(e.opt.deferAccept)
	case *tcpip.OriginalDestinationOption:
		// A socket of both families has connections of either.
		net := e.NetProto
		if e.ID.LocalAddress.BitLen() == header.IPv4AddressSizeBits {
			net = header.IPv4ProtocolNumber
		}
		addr, port, err := e.shared.Stack.IPTables().OriginalDst(e.ID, net, ProtocolNumber)
		if err != nil {
			return err
		}
		*o = tcpip.OriginalDestinationOption{Addr: addr, Port: port}
	default:
		return &tcpip.ErrUnknownProtocolOption{}
	}
	return nil
}

// tcpInfo returns what TCP_INFO tells. Windows are in packets.
func (e *Endpoint) tcpInfo() tcpip.TCPInfoOption {
	s := e.EndpointState()
	if s.internal() {
		s = StateClose
	}
	o := tcpip.TCPInfoOption{State: tcpip.EndpointState(s)}
	i := e.conn.Info()
	if !e.opened || s.connecting() || i.SndMSS == 0 {
		return o // nothing is known of the path before the peer's SYN is there
	}
	o.RTT, o.RTTVar, o.RTO = i.RTT, i.RTTVar, i.RTO
	o.SndCwnd = uint32(min(i.Cwnd/i.SMSS, math.MaxUint32))
	o.SndSsthresh = uint32(min(i.Ssthresh/i.SMSS, math.MaxUint32))
	o.CcState = ccState(&i)
	o.ReorderSeen = i.ReorderSeen
	return o
}

// ccState returns the state of congestion control as netstack names it.
func ccState(i *engine.Info) tcpip.CongestionControlState {
	switch {
	case i.Timeout:
		return tcpip.RTORecovery
	case i.Recovering && i.SACK:
		return tcpip.SACKRecovery
	case i.Recovering:
		return tcpip.FastRecovery
	}
	return tcpip.Open
}
