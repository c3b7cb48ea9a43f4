// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/transport"
)

// player runs a script on one endpoint.
type player struct {
	w     *lab
	ep    tcpip.Endpoint
	lines []string
}

// script is a sequence of calls whose answers are noted.
type script struct {
	name string
	run  func(p *player)
}

var scripts = append(append(append(intScripts(), valueScripts()...), socketScripts()...), callScripts...)

// intScripts set each integer option there is to values in and out of range.
func intScripts() (all []script) {
	names := map[tcpip.SockOptInt]string{
		tcpip.KeepaliveCountOption: "keepalive-count", tcpip.IPv4TOSOption: "tos",
		tcpip.IPv6TrafficClassOption: "traffic-class", tcpip.MaxSegOption: "max-seg",
		tcpip.MTUDiscoverOption: "mtu-discover", tcpip.MulticastTTLOption: "multicast-ttl",
		tcpip.ReceiveQueueSizeOption: "receive-queue", tcpip.SendQueueSizeOption: "send-queue",
		tcpip.IPv4TTLOption: "ttl", tcpip.IPv6HopLimitOption: "hop-limit",
		tcpip.TCPSynCountOption: "syn-count", tcpip.TCPWindowClampOption: "window-clamp",
		tcpip.IPv6Checksum: "v6-checksum", tcpip.PacketMMapVersionOption: "mmap-version",
		tcpip.PacketMMapReserveOption: "mmap-reserve", tcpip.IPv6MulticastInterfaceOption: "v6-multicast-if",
		-1: "none", 1000: "unknown",
	}
	values := []int{0, 1, -1, 2, 3, 4, 7, 255, 256, 259, 47, 48, 536, 1000, 2048, 65535, 65536, 1 << 20, 1<<31 - 1, 1 << 31, 1 << 40, -1 << 40}
	for opt, name := range names {
		all = append(all, script{name, func(p *player) {
			get := func(when string) {
				v, err := p.ep.GetSockOptInt(opt)
				p.note(when, v, err)
			}
			get("default")
			for _, v := range values {
				p.note(fmt.Sprint("set ", v), p.ep.SetSockOptInt(opt, v))
				get(fmt.Sprint("after ", v))
			}
		}})
	}
	return all
}

// valueScripts set each option that has a type to values in and out of range.
func valueScripts() (all []script) {
	for name, values := range map[string][]tcpip.SettableSocketOption{
		"keepalive-idle":     durations[tcpip.KeepaliveIdleOption](),
		"keepalive-interval": durations[tcpip.KeepaliveIntervalOption](),
		"user-timeout":       durations[tcpip.TCPUserTimeoutOption](),
		"linger-timeout":     durations[tcpip.TCPLingerTimeoutOption](),
		"time-wait-timeout":  durations[tcpip.TCPTimeWaitTimeoutOption](),
		"defer-accept":       durations[tcpip.TCPDeferAcceptOption](),
		"min-rto":            durations[tcpip.TCPMinRTOOption](),
		"max-rto":            durations[tcpip.TCPMaxRTOOption](),
		"max-retries":        {ref(tcpip.TCPMaxRetriesOption(3))},
		"syn-retries":        {ref(tcpip.TCPSynRetriesOption(3))},
		"time-wait-reuse":    {ref(tcpip.TCPTimeWaitReuseGlobal)},
		"congestion": {ref(tcpip.CongestionControlOption("cubic")), ref(tcpip.CongestionControlOption("vegas")),
			ref(tcpip.CongestionControlOption("bbr")), ref(tcpip.CongestionControlOption("")), ref(tcpip.CongestionControlOption("reno"))},
		"multicast-if":      {&tcpip.MulticastInterfaceOption{NIC: nic}},
		"icmp-filter":       {&tcpip.ICMPv6Filter{}},
		"membership":        {&tcpip.AddMembershipOption{NIC: nic}, &tcpip.RemoveMembershipOption{NIC: nic}},
		"detach-filter":     {ref(tcpip.SocketDetachFilterOption(1))},
		"packet-ring":       {&tcpip.TpacketReq{}},
		"no settable value": {nil},
	} {
		all = append(all, script{name, func(p *player) {
			for i, v := range values {
				if i == 0 {
					p.get("default", v)
				}
				var own tcpip.SettableSocketOption // for it may be written to
				if v != nil {
					c := reflect.New(reflect.TypeOf(v).Elem())
					c.Elem().Set(reflect.ValueOf(v).Elem())
					own = c.Interface().(tcpip.SettableSocketOption)
				}
				what := show(v)
				p.note("set "+what, p.ep.SetSockOpt(own), show(own))
				p.get("after "+what, v)
			}
		}})
	}
	return all
}

// ref returns a pointer to v.
func ref[T any](v T) *T { return &v }

// durations are values for an option that is one.
func durations[T ~int64, P interface {
	*T
	tcpip.SettableSocketOption
}]() (all []tcpip.SettableSocketOption) {
	for _, d := range []time.Duration{0, 1, -1, -time.Hour, time.Second, time.Minute, 2 * time.Minute, 2*time.Minute + 1, time.Hour, 1<<63 - 1} {
		v := T(d)
		all = append(all, P(&v))
	}
	return all
}

// show returns what an option points to.
func show(v any) string {
	if v == nil {
		return "nil"
	}
	return fmt.Sprintf("%v", reflect.ValueOf(v).Elem().Interface())
}

// get notes an option's value, where it is one to be got.
func (p *player) get(when string, like tcpip.SettableSocketOption) {
	if like == nil {
		return
	}
	v, ok := reflect.New(reflect.TypeOf(like).Elem()).Interface().(tcpip.GettableSocketOption)
	if ok {
		err := p.ep.GetSockOpt(v)
		p.note(when, show(v), err)
	}
}

// socketScripts call every setter of tcpip.SocketOptions there is, and all
// getters after each.
func socketScripts() (all []script) {
	type_ := reflect.TypeFor[*tcpip.SocketOptions]()
	all = append(all, script{"socket-defaults", func(p *player) { p.getters("default") }})
	for i := range type_.NumMethod() {
		m := type_.Method(i)
		if !strings.HasPrefix(m.Name, "Set") || m.Name == "SetLastError" {
			continue
		}
		all = append(all, script{m.Name, func(p *player) {
			for _, args := range arguments(m.Type) {
				what := "set"
				in := []reflect.Value{reflect.ValueOf(p.ep.SocketOptions())}
				for _, a := range args {
					what += fmt.Sprintf(" %v", a.Interface())
					in = append(in, a)
				}
				out := m.Func.Call(in)
				p.note(what, answers(out)...)
				p.getters("after" + strings.TrimPrefix(what, "set"))
			}
		}})
	}
	return all
}

// arguments returns lists of arguments for a setter.
func arguments(f reflect.Type) (all [][]reflect.Value) {
	numbers := []int64{0, 1, -1, 2, 3, 7, 1000, 2303, 2304, 4096, 65536, 1 << 20, 4 << 20, 4<<20 + 1, 1 << 30}
	switch in := f.In(1); in.Kind() {
	case reflect.Bool:
		for _, v := range []bool{true, false} {
			all = append(all, []reflect.Value{reflect.ValueOf(v)})
		}
	case reflect.Struct:
		for _, v := range []tcpip.LingerOption{{Enabled: true, Timeout: time.Second}, {Enabled: false}, {Enabled: true, Timeout: -1}} {
			all = append(all, []reflect.Value{reflect.ValueOf(v)})
		}
	default:
		for _, n := range numbers {
			v := []reflect.Value{reflect.ValueOf(n).Convert(in)}
			if f.NumIn() == 2 {
				all = append(all, v)
				continue
			}
			for _, notify := range []bool{true, false} { // the buffers' sizes
				all = append(all, append(v[:1:1], reflect.ValueOf(notify)))
			}
		}
	}
	return all
}

// getters notes what every getter says.
func (p *player) getters(when string) {
	o := reflect.ValueOf(p.ep.SocketOptions())
	for i := range o.NumMethod() {
		m := o.Type().Method(i)
		if (strings.HasPrefix(m.Name, "Get") || strings.HasSuffix(m.Name, "Limits")) && m.Type.NumIn() == 1 && m.Name != "GetLastError" {
			p.note(when+" "+m.Name, answers(o.Method(i).Call(nil))...)
		}
	}
}

func answers(values []reflect.Value) (all []any) {
	for _, v := range values {
		all = append(all, v.Interface())
	}
	return all
}

// callScripts are the calls of an endpoint.
var callScripts = []script{
	{"info", func(p *player) {
		var i tcpip.TCPInfoOption
		err := p.ep.GetSockOpt(&i)
		p.note("tcp-info", err, transport.EndpointState(i.State), i.CcState, i.ReorderSeen)
		p.note("tcp-info rto", i.RTO != 0)
		p.note("tcp-info rtt", i.RTT != 0, i.RTTVar != 0)
		p.note("tcp-info window", i.SndCwnd, i.SndSsthresh)
		var d tcpip.OriginalDestinationOption
		err = p.ep.GetSockOpt(&d)
		p.note("original destination", d, err)
		p.note("no gettable value", p.ep.GetSockOpt(nil))
		info := *p.ep.Info().(*stack.TransportEndpointInfo)
		info.ID.LocalPort, info.ID.RemotePort = wellKnown(info.ID.LocalPort), wellKnown(info.ID.RemotePort)
		p.note("info", fmt.Sprintf("%+v", info))
	}},
	{"addresses", func(p *player) {
		for range 2 {
			a, err := p.ep.GetLocalAddress()
			p.note("local", a.NIC, a.Addr, wellKnown(a.Port), err)
			a, err = p.ep.GetRemoteAddress()
			p.note("remote", a.NIC, a.Addr, wellKnown(a.Port), err)
		}
		p.state()
	}},
	{"readiness", func(p *player) {
		for _, m := range []waiter.EventMask{0, waiter.EventIn, waiter.EventOut, waiter.EventErr, waiter.EventHUp, waiter.EventRdHUp, waiter.EventPri, ^waiter.EventMask(0)} {
			p.note(fmt.Sprint("readiness of ", m), uint64(p.ep.Readiness(m)))
		}
	}},
	{"errors", func(p *player) {
		p.note("last error", p.ep.LastError())
		p.note("last error again", p.ep.LastError())
		p.ep.SocketOptions().SetLastError(&tcpip.ErrNoNet{})
		p.note("a set error", p.ep.SocketOptions().GetLastError())
		p.note("and then", p.ep.SocketOptions().GetLastError())
		p.text("read")
		p.text("read")
	}},
	{"read", func(p *player) { p.peek(); p.text("read"); p.text("again"); p.stats() }},
	{"read nothing", func(p *player) {
		var none tcpip.SliceWriter
		r, err := p.ep.Read(&none, tcpip.ReadOptions{})
		p.note("read", r.Count, r.Total, err)
		p.text("then")
		p.stats()
	}},
	{"write", func(p *player) { p.write("hello"); p.write(""); p.write("again"); p.state(); p.stats() }},
	{"accept", func(p *player) { p.accept("accept"); p.state(); p.stats() }},
	{"listen", func(p *player) {
		p.note("listen", p.ep.Listen(3))
		p.state()
		p.note("listen again", p.ep.Listen(0))
		p.accept("accept")
		p.note("readiness", uint64(p.ep.Readiness(^waiter.EventMask(0))))
		p.stats()
	}},
	{"bind", func(p *player) { p.bind(tcpip.FullAddress{}); p.bind(tcpip.FullAddress{Port: 99}); p.state() }},
	{"bind elsewhere", func(p *player) {
		p.bind(tcpip.FullAddress{Addr: addrB, Port: 99})
		p.bind(tcpip.FullAddress{Addr: addrA6, Port: 99})
		p.bind(tcpip.FullAddress{Addr: addrA, NIC: voidNIC, Port: 99})
		p.bind(tcpip.FullAddress{Addr: addrA, Port: 99})
	}},
	{"connect", func(p *player) { p.connect(addrVoid); p.connect(addrVoid); p.state(); p.stats() }},
	{"connect lost", func(p *player) { p.connect(addrLost); p.connect(addrLost); p.state(); p.stats() }},
	{"connect v6", func(p *player) { p.connect(addrB6); p.connect(mappedB); p.state() }},
	{"connect nowhere", func(p *player) { p.connect(tcpip.Address{}); p.state(); p.stats() }},
	{"shutdown read", func(p *player) { p.shutdown(tcpip.ShutdownRead) }},
	{"shutdown write", func(p *player) { p.shutdown(tcpip.ShutdownWrite) }},
	{"shutdown both", func(p *player) { p.shutdown(tcpip.ShutdownRead | tcpip.ShutdownWrite) }},
	{"shutdown none", func(p *player) { p.shutdown(0) }},
	{"disconnect", func(p *player) {
		p.note("disconnect", p.ep.Disconnect())
		c, ok := p.ep.(interface {
			ConnectEndpoint(tcpip.Endpoint) tcpip.Error
		})
		if p.note("connects endpoints", ok); ok {
			p.note("connect endpoint", c.ConnectEndpoint(p.ep))
		}
		p.state()
	}},
	{"abort", func(p *player) {
		p.ep.Abort()
		p.after()
		p.ep.Abort()
		p.state()
	}},
	{"close", func(p *player) {
		p.ep.Close()
		p.after()
		p.ep.Close()
		p.state()
	}},
	{"close at once", func(p *player) {
		p.ep.SocketOptions().SetLinger(tcpip.LingerOption{Enabled: true})
		p.ep.Close()
		p.after()
	}},
	{"moderate", func(p *player) {
		p.ep.ModerateRecvBuf(0)
		p.ep.ModerateRecvBuf(1000)
		p.note("receive buffer", p.ep.SocketOptions().GetReceiveBufferSize())
		p.ep.SetOwner(nil)
		p.state()
	}},
}

// wellKnown returns the port, or 0 for one that the stack has picked.
func wellKnown(port uint16) uint16 {
	if port >= 16000 {
		return 0
	}
	return port
}

func (p *player) state() { p.note("state", transport.EndpointState(p.ep.State())) }

func (p *player) peek() {
	var got bytes.Buffer
	r, err := p.ep.Read(&got, tcpip.ReadOptions{Peek: true})
	p.note("peek", got.String(), r.Count, err)
}

func (p *player) text(call string) {
	var got bytes.Buffer
	r, err := p.ep.Read(&got, tcpip.ReadOptions{})
	p.note(call, got.String(), r.Count, r.Total, err)
}

func (p *player) write(text string) {
	n, err := p.ep.Write(strings.NewReader(text), tcpip.WriteOptions{})
	p.note(fmt.Sprintf("write %q", text), n, err)
}

func (p *player) accept(call string) {
	var from tcpip.FullAddress
	n, _, err := p.ep.Accept(&from)
	p.note(call, n == nil, from, err)
}

func (p *player) bind(to tcpip.FullAddress) {
	err := p.ep.Bind(to)
	p.note(fmt.Sprint("bind ", to), err)
	a, _ := p.ep.GetLocalAddress()
	p.note("local", a.NIC, a.Addr, wellKnown(a.Port))
}

func (p *player) connect(to tcpip.Address) {
	err := p.ep.Connect(tcpip.FullAddress{Addr: to, Port: port})
	p.note(fmt.Sprint("connect ", to), err)
	a, err := p.ep.GetRemoteAddress()
	p.note("remote", a.NIC, a.Addr, wellKnown(a.Port), err)
	a, _ = p.ep.GetLocalAddress()
	p.note("local", a.NIC, a.Addr, wellKnown(a.Port))
}

func (p *player) shutdown(how tcpip.ShutdownFlags) {
	p.note("shutdown", p.ep.Shutdown(how))
	p.after()
	p.note("shutdown again", p.ep.Shutdown(how))
	p.note("shutdown all", p.ep.Shutdown(tcpip.ShutdownRead|tcpip.ShutdownWrite))
	p.after()
}

// after notes what an endpoint says once it was shut in some way.
func (p *player) after() {
	p.state()
	p.note("readiness", uint64(p.ep.Readiness(^waiter.EventMask(0))))
	p.text("read")
	p.write("x")
	p.note("last error", p.ep.LastError())
	p.accept("accept")
	p.stats()
}

// stats notes the endpoint's own counters of errors.
func (p *player) stats() {
	v := reflect.ValueOf(p.ep.Stats()).Elem()
	for _, group := range []string{"FailedConnectionAttempts", "ReadErrors", "WriteErrors", "SendErrors", "ReceiveErrors"} {
		p.counters(group, v.FieldByName(group))
	}
}

// counters notes the counters in v that are not 0.
func (p *player) counters(name string, v reflect.Value) {
	if c, ok := v.Addr().Interface().(*tcpip.StatCounter); ok {
		p.note("counter "+name, c.Value())
		return
	}
	for i := range v.NumField() {
		p.counters(name+"."+v.Type().Field(i).Name, v.Field(i))
	}
}
