// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"tcpcb/conformance/packetdrill/posix"
	"tcpcb/conformance/packetdrill/script"
)

// args reads the arguments of a call. Of several errors the first is kept.
type args struct {
	r    *runner
	call *script.Call
	used int // how many arguments the call has
	err  error
}

// at returns an argument, an Ellipsis where there is none.
func (a *args) at(i int) script.Expr {
	a.used = max(a.used, i+1)
	if i >= len(a.call.Args) {
		a.bad("%s has no argument %d", a.call.Name, i+1)
		return &script.Ellipsis{At: script.At(a.call.Line)}
	}
	return a.call.Args[i]
}

// has reports whether there is such an argument.
func (a *args) has(i int) bool { return i < len(a.call.Args) }

func (a *args) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

// bad is about a script that is wrong.
func (a *args) bad(format string, v ...any) {
	a.fail(&broken{a.call.Line, fmt.Sprintf(format, v...)})
}

// lack is about what is not there.
func (a *args) lack(e script.Expr, format string, v ...any) {
	a.fail(&unsupported{e.Pos(), fmt.Sprintf(format, v...)})
}

// value returns the number that an expression is.
func (a *args) value(e script.Expr) int64 {
	switch e := e.(type) {
	case *script.Int:
		return e.Value
	case *script.Word:
		v, ok := posix.Symbol(e.Name)
		if !ok {
			a.lack(e, "symbol %s", e.Name)
		}
		return v
	case *script.Or:
		return a.value(e.L) | a.value(e.R)
	case *script.Apply:
		if e.Name == "htons" && len(e.Args) == 1 {
			return int64(binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, uint16(a.value(e.Args[0])))))
		}
		a.lack(e, "function %s", e.Name)
	default:
		a.bad("%s: an argument is no number", a.call.Name)
	}
	return 0
}

func (a *args) num(i int) int { return int(a.value(a.at(i))) }

// single returns the expression in [x].
func (a *args) single(e script.Expr) script.Expr {
	if l, ok := e.(*script.List); ok && len(l.Elems) == 1 {
		return l.Elems[0]
	}
	a.bad("%s: an argument is not one value in brackets", a.call.Name)
	return &script.Int{At: script.At(a.call.Line)}
}

// unknownFD is what a number stands for that no call has returned.
const unknownFD = 1 << 20

// liveFD returns the file that the script's number stands for.
func (a *args) liveFD(n int64) int {
	if live, ok := a.r.fds[int(n)]; ok {
		return live
	}
	return unknownFD + int(n)
}

func (a *args) fd(i int) int { return a.liveFD(a.value(a.at(i))) }

// any is an argument that has to be "...".
func (a *args) any(i int) {
	if _, ok := a.at(i).(*script.Ellipsis); !ok {
		a.lack(a.at(i), "another argument %d of %s than ...", i+1, a.call.Name)
	}
}

// isNull reports whether an expression is NULL.
func isNull(e script.Expr) bool {
	w, ok := e.(*script.Word)
	return ok && w.Name == "NULL"
}

// maxMemory bounds a buffer.
const maxMemory = 64 << 20

// memory returns a buffer of n bytes: zeros, NULL, or the text that is given.
func (a *args) memory(e script.Expr, n int64) posix.Memory {
	if n < 0 || n > maxMemory {
		a.bad("%s: a buffer of %d bytes", a.call.Name, n)
		return posix.Memory{}
	}
	switch e := e.(type) {
	case *script.Ellipsis:
		return posix.Bytes(make([]byte, n))
	case *script.String:
		b := make([]byte, n)
		copy(b, e.Text)
		return posix.Bytes(b)
	default:
		if isNull(e) {
			return posix.Null(int(n))
		}
		a.lack(e, "a buffer that is neither ... nor text nor NULL")
		return posix.Memory{}
	}
}

// buffer is a buffer and its length.
func (a *args) buffer(i int) posix.Memory { return a.memory(a.at(i), a.value(a.at(i+1))) }

// iovec reads [{..., 10}, {..., 20}].
func (a *args) iovec(e script.Expr) []posix.Memory {
	l, ok := e.(*script.List)
	if !ok {
		a.bad("%s: an argument is no list of buffers", a.call.Name)
		return nil
	}
	var iov []posix.Memory
	for _, v := range l.Elems {
		s, ok := v.(*script.Struct)
		if !ok || len(s.Fields) != 2 {
			a.bad("%s: a buffer is not {..., length}", a.call.Name)
			return nil
		}
		iov = append(iov, a.memory(s.Fields[0].Value, a.value(s.Fields[1].Value)))
	}
	return iov
}

// sockaddr returns what bind or connect is given: "..." is the default.
func (a *args) sockaddr(i int, def netip.AddrPort) posix.SockAddr {
	switch e := a.at(i).(type) {
	case *script.Ellipsis:
		if a.r.config.socket6 {
			return posix.Addr6(def.Addr(), def.Port())
		}
		return posix.Addr4(def.Addr(), def.Port())
	case *script.Struct:
		return a.sockaddrStruct(e)
	default:
		if isNull(e) {
			return posix.SockAddr{Null: true}
		}
		a.lack(e, "an address that is neither ... nor a struct nor NULL")
		return posix.SockAddr{}
	}
}

// sockaddrStruct reads {sa_family=AF_INET, sin_port=htons(80),
// sin_addr=inet_addr("192.0.2.1")}.
func (a *args) sockaddrStruct(s *script.Struct) posix.SockAddr {
	family := s.Field("sa_family")
	if family == nil {
		a.bad("%s: an address has no sa_family", a.call.Name)
		return posix.SockAddr{}
	}
	addr := posix.SockAddr{Family: int(a.value(family))}
	if addr.Family == posix.AF_UNSPEC {
		return addr
	}
	port, okPort := s.Field("sin_port").(*script.Apply)
	ip, okAddr := s.Field("sin_addr").(*script.Apply)
	if !okPort || !okAddr || len(port.Args) != 1 || len(ip.Args) != 1 {
		a.lack(s, "an address that is not {sa_family=, sin_port=htons(), sin_addr=inet_addr()}")
		return addr
	}
	addr.Port = uint16(a.value(port.Args[0]))
	text, _ := ip.Args[0].(*script.String)
	if text != nil {
		addr.Addr, _ = netip.ParseAddr(text.Text)
	}
	if !addr.Addr.IsValid() {
		a.bad("%s: an address is none", a.call.Name)
	}
	return addr
}

// message reads {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0,
// msg_control=[...]}.
func (a *args) message(i int) (*posix.Message, *script.Struct) {
	s, ok := a.at(i).(*script.Struct)
	if !ok {
		a.bad("%s: an argument is no struct msghdr", a.call.Name)
		return &posix.Message{}, &script.Struct{}
	}
	m := &posix.Message{}
	for _, f := range s.Fields {
		switch f.Name {
		case "msg_name":
		case "msg_iov":
			m.Iov = a.iovec(f.Value)
		case "msg_flags":
			m.Flags = int(a.value(f.Value))
		case "msg_control":
			m.WantControl = true
		default:
			a.lack(s, "%s in a struct msghdr", f.Name)
		}
	}
	return m, s
}

// control reads the control messages of a struct msghdr.
func (a *args) control(s *script.Struct) []posix.ControlMessage {
	l, ok := s.Field("msg_control").(*script.List)
	if !ok {
		return nil
	}
	var all []posix.ControlMessage
	for _, e := range l.Elems {
		c, ok := e.(*script.Struct)
		if !ok || c.Field("cmsg_level") == nil || c.Field("cmsg_type") == nil || c.Field("cmsg_data") == nil {
			a.bad("%s: a control message has no level, type or data", a.call.Name)
			return nil
		}
		if _, ok := c.Field("cmsg_data").(*script.Struct); ok {
			a.lack(c, "control messages with structs")
			return nil
		}
		all = append(all, posix.ControlMessage{
			Level: int(a.value(c.Field("cmsg_level"))), Type: int(a.value(c.Field("cmsg_type"))),
			Value: a.value(c.Field("cmsg_data")),
		})
	}
	return all
}

// epollEvent reads {events=EPOLLIN, fd=4}, or ptr, u32 or u64 in the place of fd.
func (a *args) epollEvent(e script.Expr) posix.EpollEvent {
	s, ok := e.(*script.Struct)
	if !ok || s.Field("events") == nil {
		a.bad("%s: an argument is no struct epoll_event", a.call.Name)
		return posix.EpollEvent{}
	}
	ev := posix.EpollEvent{Events: uint32(a.value(s.Field("events")))}
	for _, name := range []string{"fd", "ptr", "u32", "u64"} {
		if v := s.Field(name); v != nil {
			ev.Data = uint64(a.value(v))
		}
	}
	return ev
}
