// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// optionID names an option of a socket.
type optionID struct{ level, name int }

// prefix is what the option's symbol begins with.
func (id optionID) prefix() string {
	switch id.level {
	case SOL_SOCKET:
		return "SO_"
	case SOL_TCP:
		return "TCP_"
	case SOL_IP:
		return "IP_"
	case SOL_IPV6:
		return "IPV6_"
	}
	return ""
}

// known reports whether Linux has the option, as far as the symbols here tell.
func (id optionID) known() bool {
	return SymbolName(id.prefix(), int64(id.name)) != fmt.Sprint(id.name)
}

// what names a call with the option, for Result.Unsupported.
func (id optionID) what(call string) string {
	return call + " " + SymbolName(id.prefix(), int64(id.name))
}

// missing is the answer for an option that is not here.
func (id optionID) missing(call string) Result {
	if id.known() {
		return lacking(ENOPROTOOPT, id.what(call))
	}
	return fail(ENOPROTOOPT)
}

// GetSockOpt asks a socket for an option. Result.Option is its value in Linux's
// layout, cut to optlen; Result.Value is it where it is a number; for TCP_INFO,
// Result.Info is what the TCP knows.
func (k *Kernel) GetSockOpt(fd, level, name, optlen int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "getsockopt"
	s, _, e := k.tcpSocket(fd)
	switch {
	case e != 0:
		return k.ready(call, fail(e))
	case optlen < 0:
		return k.ready(call, fail(EINVAL))
	}
	r := k.getOption(s, optionID{level, name}, optlen)
	if r.Errno == 0 {
		r.Option = r.Option[:min(optlen, len(r.Option))]
	}
	return k.ready(call, r)
}

func (k *Kernel) getOption(s *socket, id optionID, optlen int) Result {
	const call = "getsockopt"
	if id.prefix() == "" || id.level == SOL_IPV6 && s.family != AF_INET6 {
		return fail(EOPNOTSUPP)
	}
	if o, is := numbers[id]; is && o.get != nil {
		v, err := o.get(k, s)
		if err != nil {
			return failedOption(err, id.what(call))
		}
		r := Result{Value: int64(v), Option: Int32(int32(v))}
		if id.level == SOL_IP && optlen > 0 && optlen < 4 && v >= 0 && v <= math.MaxUint8 {
			r.Option = r.Option[:1] // as in Linux, where these once were bytes
		}
		return r
	}
	opts := s.ep.SocketOptions()
	switch id {
	case optionID{SOL_SOCKET, SO_ERROR}:
		e := errnoOf(opts.GetLastError())
		return Result{Value: int64(e), Option: Int32(int32(e))}
	case optionID{SOL_SOCKET, SO_LINGER}:
		l := opts.GetLinger()
		return Result{Option: Linger(l.Enabled, int32(l.Timeout/time.Second))}
	case optionID{SOL_SOCKET, SO_RCVTIMEO}:
		return Result{Option: Timeval(max(0, s.rcvTimeout))}
	case optionID{SOL_SOCKET, SO_SNDTIMEO}:
		return Result{Option: Timeval(max(0, s.sndTimeout))}
	case optionID{SOL_SOCKET, SO_BINDTODEVICE}:
		return k.boundDevice(tcpip.NICID(opts.GetBindToDevice()), optlen)
	case optionID{SOL_TCP, TCP_CONGESTION}:
		var v tcpip.CongestionControlOption
		if err := s.ep.GetSockOpt(&v); err != nil {
			return failedOption(err, id.what(call))
		}
		const nameMax = 16 // TCP_CA_NAME_MAX
		b := make([]byte, nameMax)
		copy(b, v)
		return Result{Option: b}
	case optionID{SOL_TCP, TCP_INFO}:
		i, err := s.tcpInfo()
		if err != nil {
			return failedOption(err, id.what(call))
		}
		return Result{Option: i.bytes(), Info: i}
	}
	return id.missing(call)
}

// boundDevice returns the name of the NIC that a socket is bound to.
func (k *Kernel) boundDevice(id tcpip.NICID, optlen int) Result {
	const nameMax = 16 // IFNAMSIZ
	switch {
	case id == 0:
		return Result{}
	case optlen < nameMax:
		return fail(EINVAL)
	}
	name := k.stack.FindNICNameFromID(id)
	if name == "" {
		return fail(ENODEV)
	}
	return Result{Option: append([]byte(name), 0)}
}

// SetSockOpt sets an option of a socket, whose value is in Linux's layout: see
// Int32, Linger and Timeval. Values out of range, and those that are too short,
// are EINVAL.
func (k *Kernel) SetSockOpt(fd, level, name int, value []byte) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "setsockopt"
	s, _, e := k.tcpSocket(fd)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	return k.ready(call, k.setOption(s, optionID{level, name}, value))
}

func (k *Kernel) setOption(s *socket, id optionID, value []byte) Result {
	const call = "setsockopt"
	if id.level == SOL_IPV6 && s.family != AF_INET6 {
		return fail(ENOPROTOOPT)
	}
	o, is := numbers[id]
	switch {
	case is && o.set != nil:
		v, e := number(id.level, value)
		if e == 0 {
			e = o.check(v)
		}
		if e != 0 {
			return fail(e)
		}
		if o.lacks != nil && o.lacks(v) {
			return lacking(ENOPROTOOPT, fmt.Sprintf("%s of %d", id.what(call), v))
		}
		if err := o.set(k, s, v); err != nil {
			return failedOption(err, id.what(call))
		}
		return ok(0)
	case is:
		return fail(ENOPROTOOPT) // only to be asked for, in Linux too
	}
	switch id {
	case optionID{SOL_SOCKET, SO_ERROR}, optionID{SOL_SOCKET, SO_SNDLOWAT}:
		return fail(ENOPROTOOPT)
	case optionID{SOL_SOCKET, SO_LINGER}:
		if len(value) < 8 {
			return fail(EINVAL)
		}
		seconds := int32(le.Uint32(value[4:]))
		s.ep.SocketOptions().SetLinger(tcpip.LingerOption{
			Enabled: le.Uint32(value) != 0, Timeout: time.Duration(max(0, seconds)) * time.Second,
		})
		return ok(0)
	case optionID{SOL_SOCKET, SO_RCVTIMEO}:
		return setTimeout(&s.rcvTimeout, value)
	case optionID{SOL_SOCKET, SO_SNDTIMEO}:
		return setTimeout(&s.sndTimeout, value)
	case optionID{SOL_SOCKET, SO_BINDTODEVICE}:
		return k.bindDevice(s, value)
	case optionID{SOL_TCP, TCP_CONGESTION}:
		if len(value) < 1 {
			return fail(EINVAL)
		}
		name, _, _ := bytes.Cut(value, []byte{0})
		v := tcpip.CongestionControlOption(name)
		if err := s.ep.SetSockOpt(&v); err != nil {
			return failed(err)
		}
		return ok(0)
	}
	return id.missing(call)
}

// number returns the number that an option is set to. One of SOL_IP may be a
// byte.
func number(level int, value []byte) (int, Errno) {
	switch {
	case len(value) >= 4:
		return int(int32(le.Uint32(value))), 0
	case level != SOL_IP:
		return 0, EINVAL
	case len(value) >= 1:
		return int(value[0]), 0
	}
	return 0, 0
}

// setTimeout sets a time limit from a struct timeval, of which 0 is none, and
// one below 0 is over at once.
func setTimeout(d *time.Duration, value []byte) Result {
	if len(value) < 16 {
		return fail(EINVAL)
	}
	sec, usec := int64(le.Uint64(value)), int64(le.Uint64(value[8:]))
	switch {
	case usec < 0 || usec >= 1e6:
		return fail(EDOM)
	case sec < 0:
		*d = -1
	case sec >= math.MaxInt64/int64(time.Second):
		*d = 0
	default:
		*d = time.Duration(sec)*time.Second + time.Duration(usec)*time.Microsecond
	}
	return ok(0)
}

// bindDevice binds a socket to the NIC of a name, or with an empty one to none.
func (k *Kernel) bindDevice(s *socket, value []byte) Result {
	cut, _, _ := bytes.Cut(value, []byte{0})
	id := tcpip.NICID(0)
	if name := string(cut); name != "" {
		for n, info := range k.stack.NICInfo() {
			if info.Name == name {
				id = n
			}
		}
		if id == 0 {
			return fail(ENODEV)
		}
	}
	if err := s.ep.SocketOptions().SetBindToDevice(int32(id)); err != nil {
		return failed(err)
	}
	return ok(0)
}
