// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"math"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"

	"tcpcb/endpoint"
)

// numberOption is an option whose value is a number.
type numberOption struct {
	get func(*Kernel, *socket) (int, tcpip.Error)
	set func(*Kernel, *socket, int) tcpip.Error
	// min and max are the range of what may be set, where max is over 0: others
	// are EINVAL.
	min, max int
	// lacks reports of a value that Linux has it, and netstack has not.
	lacks func(int) bool
}

func (o *numberOption) check(v int) Errno {
	if o.max > 0 && (v < o.min || v > o.max) {
		return EINVAL
	}
	return 0
}

// constant is an option that may only be asked for.
func constant(v int) numberOption {
	return numberOption{get: func(*Kernel, *socket) (int, tcpip.Error) { return v, nil }}
}

// flag is an option that tcpip.SocketOptions has as a truth.
func flag(get func(*tcpip.SocketOptions) bool, set func(*tcpip.SocketOptions, bool)) numberOption {
	return numberOption{
		get: func(_ *Kernel, s *socket) (int, tcpip.Error) { return int(bit(get(s.ep.SocketOptions()))), nil },
		set: func(_ *Kernel, s *socket, v int) tcpip.Error {
			set(s.ep.SocketOptions(), v != 0)
			return nil
		},
	}
}

// whole is an option that a tcpip.Endpoint has as an int.
func whole(opt tcpip.SockOptInt, least, most int) numberOption {
	return numberOption{
		get: func(_ *Kernel, s *socket) (int, tcpip.Error) { return s.ep.GetSockOptInt(opt) },
		set: func(_ *Kernel, s *socket, v int) tcpip.Error { return s.ep.SetSockOptInt(opt, v) },
		min: least, max: most,
	}
}

// spanOption is an option of a tcpip.Endpoint that is a time.
type spanOption[T ~int64] interface {
	*T
	tcpip.GettableSocketOption
	tcpip.SettableSocketOption
}

// span is an option that a tcpip.Endpoint has as a time, and Linux as a number of
// units. One below 0 stays that.
func span[T ~int64, P spanOption[T]](unit time.Duration, least, most int) numberOption {
	return numberOption{
		get: func(_ *Kernel, s *socket) (int, tcpip.Error) {
			var v T
			if err := s.ep.GetSockOpt(P(&v)); err != nil {
				return 0, err
			}
			if v < 0 {
				return -1, nil
			}
			return int(min(int64(v)/int64(unit), math.MaxInt32)), nil
		},
		set: func(_ *Kernel, s *socket, n int) tcpip.Error {
			v := T(int64(n) * int64(unit))
			return s.ep.SetSockOpt(P(&v))
		},
		min: least, max: most,
	}
}

// bufferSize returns the size that SO_SNDBUF or SO_RCVBUF of v stands for: twice
// that, as in Linux, within the TCP's limits; force goes beyond the upper one.
func bufferSize(v int, least, most int64, force bool) int64 {
	n := int64(uint32(v))
	if !force {
		n = min(n, most)
	}
	return max(min(n, math.MaxInt32/2)*2, least)
}

func setSendBuffer(force bool) func(*Kernel, *socket, int) tcpip.Error {
	return func(_ *Kernel, s *socket, v int) tcpip.Error {
		o := s.ep.SocketOptions()
		least, most := o.SendBufferLimits()
		o.SetSendBufferSize(bufferSize(v, least, most, force), true)
		return nil
	}
}

func setReceiveBuffer(force bool) func(*Kernel, *socket, int) tcpip.Error {
	return func(_ *Kernel, s *socket, v int) tcpip.Error {
		o := s.ep.SocketOptions()
		least, most := o.ReceiveBufferLimits()
		o.SetReceiveBufferSize(bufferSize(v, least, most, force), true)
		return nil
	}
}

// numbers are all options whose value is a number.
var numbers = map[optionID]numberOption{}

func init() {
	socketNumbers()
	tcpNumbers()
	ipNumbers()
}

// socketNumbers are those of SOL_SOCKET.
func socketNumbers() {
	type so = tcpip.SocketOptions
	add := func(name int, o numberOption) { numbers[optionID{SOL_SOCKET, name}] = o }
	add(SO_TYPE, constant(SOCK_STREAM))
	add(SO_PROTOCOL, constant(IPPROTO_TCP))
	add(SO_DOMAIN, numberOption{get: func(_ *Kernel, s *socket) (int, tcpip.Error) { return s.family, nil }})
	add(SO_ACCEPTCONN, numberOption{get: func(_ *Kernel, s *socket) (int, tcpip.Error) {
		return int(bit(s.ep.SocketOptions().GetAcceptConn())), nil
	}})
	add(SO_REUSEADDR, flag((*so).GetReuseAddress, (*so).SetReuseAddress))
	add(SO_REUSEPORT, flag((*so).GetReusePort, (*so).SetReusePort))
	add(SO_KEEPALIVE, flag((*so).GetKeepAlive, (*so).SetKeepAlive))
	add(SO_BROADCAST, flag((*so).GetBroadcast, (*so).SetBroadcast))
	add(SO_NO_CHECK, flag((*so).GetNoChecksum, (*so).SetNoChecksum))
	// Urgent text is in the stream, and nowhere else.
	inline := flag((*so).GetOutOfBandInline, (*so).SetOutOfBandInline)
	inline.lacks = func(v int) bool { return v == 0 }
	add(SO_OOBINLINE, inline)
	add(SO_MARK, numberOption{
		get: func(_ *Kernel, s *socket) (int, tcpip.Error) { return int(s.ep.SocketOptions().GetMark()), nil },
		set: func(_ *Kernel, s *socket, v int) tcpip.Error {
			s.ep.SocketOptions().SetMark(uint32(v))
			return nil
		},
	})
	add(SO_BINDTOIFINDEX, numberOption{
		get: func(_ *Kernel, s *socket) (int, tcpip.Error) { return int(s.ep.SocketOptions().GetBindToDevice()), nil },
		set: func(_ *Kernel, s *socket, v int) tcpip.Error { return s.ep.SocketOptions().SetBindToDevice(int32(v)) },
	})
	// netstack keeps the number, and wakes a reader for less all the same.
	add(SO_RCVLOWAT, numberOption{
		get: func(_ *Kernel, s *socket) (int, tcpip.Error) {
			return max(1, int(s.ep.SocketOptions().GetRcvlowat())), nil
		},
		set:   func(_ *Kernel, s *socket, v int) tcpip.Error { return s.ep.SocketOptions().SetRcvlowat(int32(v)) },
		lacks: func(v int) bool { return v < 0 || v > 1 },
	})
	add(SO_SNDBUF, numberOption{set: setSendBuffer(false), get: func(_ *Kernel, s *socket) (int, tcpip.Error) {
		return int(min(s.ep.SocketOptions().GetSendBufferSize(), math.MaxInt32)), nil
	}})
	add(SO_RCVBUF, numberOption{set: setReceiveBuffer(false), get: func(_ *Kernel, s *socket) (int, tcpip.Error) {
		return int(min(s.ep.SocketOptions().GetReceiveBufferSize(), math.MaxInt32)), nil
	}})
	add(SO_SNDBUFFORCE, numberOption{set: setSendBuffer(true)})
	add(SO_RCVBUFFORCE, numberOption{set: setReceiveBuffer(true)})
}

// tcpNumbers are those of SOL_TCP.
func tcpNumbers() {
	type so = tcpip.SocketOptions
	add := func(name int, o numberOption) { numbers[optionID{SOL_TCP, name}] = o }
	add(TCP_NODELAY, flag(
		func(o *so) bool { return !o.GetDelayOption() },
		func(o *so, v bool) {
			o.SetDelayOption(!v)
			if v && o.GetCorkOption() {
				// As in Linux, it sends what the cork has held back so far; the cork
				// holds back what follows.
				o.SetCorkOption(false)
				o.SetCorkOption(true)
			}
		}))
	add(TCP_QUICKACK, flag((*so).GetQuickAck, (*so).SetQuickAck))
	add(TCP_CORK, numberOption{
		get: func(_ *Kernel, s *socket) (int, tcpip.Error) { return int(bit(s.cork)), nil },
		set: func(_ *Kernel, s *socket, v int) tcpip.Error {
			s.cork, s.corked = v != 0, false
			s.ep.SocketOptions().SetCorkOption(s.cork)
			return nil
		},
	})
	add(TCP_INQ, numberOption{
		get: func(_ *Kernel, s *socket) (int, tcpip.Error) { return int(bit(s.inq)), nil },
		set: func(_ *Kernel, s *socket, v int) tcpip.Error {
			s.inq = v != 0
			return nil
		},
		max: 1,
	})
	// 0 leaves it to the setting of the protocol, which -1 overrides.
	add(TCP_NOTSENT_LOWAT, numberOption{
		get: func(_ *Kernel, s *socket) (int, tcpip.Error) { return s.lowat, nil },
		set: func(_ *Kernel, s *socket, v int) tcpip.Error {
			if _, ours := s.ep.(*endpoint.Endpoint); !ours && v != 0 && v != -1 {
				return &tcpip.ErrUnknownProtocolOption{} // netstack bounds nothing
			}
			s.lowat = v
			return s.ep.SetSockOpt(&endpoint.UnsentMostOption{Bytes: int(min(uint32(v), math.MaxInt32))})
		},
	})
	add(TCP_MAXSEG, whole(tcpip.MaxSegOption, 0, 0))
	add(TCP_SYNCNT, whole(tcpip.TCPSynCountOption, 1, 127))
	add(TCP_WINDOW_CLAMP, whole(tcpip.TCPWindowClampOption, 0, math.MaxInt32))
	add(TCP_KEEPCNT, whole(tcpip.KeepaliveCountOption, 1, 127))
	add(TCP_KEEPIDLE, span[tcpip.KeepaliveIdleOption](time.Second, 1, 32767))
	add(TCP_KEEPINTVL, span[tcpip.KeepaliveIntervalOption](time.Second, 1, 32767))
	add(TCP_USER_TIMEOUT, span[tcpip.TCPUserTimeoutOption](time.Millisecond, 0, math.MaxInt32))
	add(TCP_LINGER2, span[tcpip.TCPLingerTimeoutOption](time.Second, 0, 0))
	deferAccept := span[tcpip.TCPDeferAcceptOption](time.Second, 0, 0)
	set := deferAccept.set
	deferAccept.set = func(k *Kernel, s *socket, v int) tcpip.Error { return set(k, s, max(0, v)) }
	add(TCP_DEFER_ACCEPT, deferAccept)
}

// ipNumbers are those of SOL_IP and IPPROTO_IPV6.
func ipNumbers() {
	type so = tcpip.SocketOptions
	add4 := func(name int, o numberOption) { numbers[optionID{SOL_IP, name}] = o }
	add6 := func(name int, o numberOption) { numbers[optionID{SOL_IPV6, name}] = o }
	add4(IP_TOS, whole(tcpip.IPv4TOSOption, 0, 0))
	ttl := whole(tcpip.IPv4TTLOption, 0, 0)
	add4(IP_TTL, numberOption{
		get: orDefault(ttl.get, tcpip.UseDefaultIPv4TTL, ipv4.ProtocolNumber),
		set: func(k *Kernel, s *socket, v int) tcpip.Error {
			switch {
			case v == -1:
				v = tcpip.UseDefaultIPv4TTL
			case v < 1 || v > math.MaxUint8:
				return &tcpip.ErrInvalidOptionValue{}
			}
			return ttl.set(k, s, v)
		},
	})
	discover := whole(tcpip.MTUDiscoverOption, IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT)
	discover.lacks = func(v int) bool { return v > IP_PMTUDISC_PROBE }
	add4(IP_MTU_DISCOVER, discover)
	add4(IP_RECVTOS, flag((*so).GetReceiveTOS, (*so).SetReceiveTOS))
	add4(IP_RECVTTL, flag((*so).GetReceiveTTL, (*so).SetReceiveTTL))
	add4(IP_PKTINFO, flag((*so).GetReceivePacketInfo, (*so).SetReceivePacketInfo))
	add4(IP_RECVERR, flag((*so).GetIPv4RecvError, (*so).SetIPv4RecvError))
	add4(IP_RECVORIGDSTADDR, flag((*so).GetReceiveOriginalDstAddress, (*so).SetReceiveOriginalDstAddress))
	add4(IP_MULTICAST_LOOP, flag((*so).GetMulticastLoop, (*so).SetMulticastLoop))
	add4(IP_FREEBIND, numberOption{
		get: func(_ *Kernel, s *socket) (int, tcpip.Error) { return int(bit(s.freebind)), nil },
		set: func(_ *Kernel, s *socket, v int) tcpip.Error {
			s.freebind = v != 0
			return nil
		},
	})

	only := flag((*so).GetV6Only, (*so).SetV6Only)
	add6(IPV6_V6ONLY, numberOption{get: only.get, set: func(k *Kernel, s *socket, v int) tcpip.Error {
		if a, err := s.ep.GetLocalAddress(); err != nil || a.Port != 0 || s.state() != TCP_CLOSE {
			return &tcpip.ErrInvalidEndpointState{}
		}
		return only.set(k, s, v)
	}})
	class := whole(tcpip.IPv6TrafficClassOption, -1, math.MaxUint8)
	set := class.set
	class.set = func(k *Kernel, s *socket, v int) tcpip.Error { return set(k, s, max(0, v)) }
	add6(IPV6_TCLASS, class)
	hops := whole(tcpip.IPv6HopLimitOption, -1, math.MaxUint8)
	hops.get = orDefault(hops.get, tcpip.UseDefaultIPv6HopLimit, ipv6.ProtocolNumber)
	add6(IPV6_UNICAST_HOPS, hops)
	add6(IPV6_RECVTCLASS, flag((*so).GetReceiveTClass, (*so).SetReceiveTClass))
	add6(IPV6_RECVHOPLIMIT, flag((*so).GetReceiveHopLimit, (*so).SetReceiveHopLimit))
	add6(IPV6_RECVPKTINFO, flag((*so).GetIPv6ReceivePacketInfo, (*so).SetIPv6ReceivePacketInfo))
	add6(IPV6_RECVERR, flag((*so).GetIPv6RecvError, (*so).SetIPv6RecvError))
}

// orDefault has an option that stands for the stack's own value tell that.
func orDefault(get func(*Kernel, *socket) (int, tcpip.Error), standsFor int, net tcpip.NetworkProtocolNumber) func(*Kernel, *socket) (int, tcpip.Error) {
	return func(k *Kernel, s *socket) (int, tcpip.Error) {
		v, err := get(k, s)
		if err != nil || v != standsFor {
			return v, err
		}
		var d tcpip.DefaultTTLOption
		err = k.stack.NetworkProtocolOption(net, &d)
		return int(d), err
	}
}
