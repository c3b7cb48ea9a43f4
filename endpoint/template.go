// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine"
)

// template is what an endpoint begins with. Most endpoints never have an option
// set: they share one template, which takes the place of the 300 bytes of
// options that each would hold. The first that is set gets an endpoint options
// of its own. A template never changes.
type template struct {
	values socketValues
	opt    socketOptions
	// ops has the values of values, for reading only.
	ops tcpip.SocketOptions
	// settings are the engine's settings of the endpoint that asked last, for
	// the next one to share.
	settings atomic.Pointer[engine.Settings]
}

// socketValues are the options of tcpip.SocketOptions that an endpoint of the
// protocol may begin with.
type socketValues struct {
	rcvBuf, sndBuf                   int64
	mark                             uint32
	experiment                       uint16
	linger                           tcpip.LingerOption
	keepAlive, delay, cork, quickAck bool
	v6Only                           bool
}

// socketOptions are the options of TCP that tcpip.SocketOptions does not hold.
type socketOptions struct {
	keepIdle, keepInterval time.Duration
	userTimeout            time.Duration
	unsentMost             int
	lingerTimeout          time.Duration // TCP_LINGER2; below 0: at once
	deferAccept            time.Duration
	congestionControl      string
	keepCount              int
	windowClamp            uint32
	pmtud                  tcpip.PMTUDStrategy
	hopLimit               int16 // IPv6; -1: the route's default
	userMSS                uint16
	synRetries             uint8
	ttl                    uint8 // IPv4; 0: the route's default
	tos                    uint8
	// clamped says that windowClamp was set: the default is only told.
	clamped bool
	// rcvFixed and sndFixed say that the application set the size of a buffer,
	// which ends its tuning.
	rcvFixed, sndFixed bool
}

// clamp returns the bound of the receive window, in bytes; 0 for none.
func (o *socketOptions) clamp() int {
	if !o.clamped {
		return 0
	}
	return int(o.windowClamp)
}

// templates keeps the template that was asked for last. The zero value has
// none.
type templates struct{ last atomic.Pointer[template] }

// get returns a template with these values.
func (ts *templates) get(v socketValues, o socketOptions) *template {
	if t := ts.last.Load(); t != nil && t.values == v && t.opt == o {
		return t
	}
	t := &template{values: v, opt: o}
	v.give(&t.ops)
	ts.last.Store(t)
	return t
}

// share returns settings that are equal to s: those that the last endpoint got,
// if they are.
func (t *template) share(s engine.Settings) *engine.Settings {
	if have := t.settings.Load(); have != nil && *have == s {
		return have
	}
	own := s // s itself would be on the heap, whatever comes
	t.settings.Store(&own)
	return &own
}

// give puts the values into ops, which nobody knows yet.
func (v *socketValues) give(ops *tcpip.SocketOptions) {
	// Setters report to the handler: here there is nobody to hear it.
	ops.InitHandler(&tcpip.DefaultSocketOptionsHandler{}, nil, nil, nil)
	ops.SetMulticastLoop(true)
	ops.SetReceiveBufferSize(v.rcvBuf, false /* notify */)
	ops.SetSendBufferSize(v.sndBuf, false /* notify */)
	ops.SetMark(v.mark)
	ops.SetExperimentOptionValue(v.experiment)
	ops.SetLinger(v.linger)
	ops.SetKeepAlive(v.keepAlive)
	ops.SetDelayOption(v.delay)
	ops.SetCorkOption(v.cork)
	ops.SetQuickAck(v.quickAck)
	ops.SetV6Only(v.v6Only)
}

// ops returns the socket options for reading.
func (e *Endpoint) ops() *tcpip.SocketOptions {
	if own := e.own.Load(); own != nil {
		return own
	}
	return &e.base.ops
}

// SocketOptions implements tcpip.Endpoint: the options, to be read or set.
func (e *Endpoint) SocketOptions() *tcpip.SocketOptions {
	if own := e.own.Load(); own != nil {
		return own
	}
	own := new(tcpip.SocketOptions)
	e.base.values.give(own)
	own.InitHandler(e, e.shared.Stack, SendBufferLimits, ReceiveBufferLimits)
	if !e.own.CompareAndSwap(nil, own) {
		return e.own.Load()
	}
	return own
}

// setOpt returns the options of TCP, to be set.
//
// Precondition: e.mu is held.
func (e *Endpoint) setOpt() *socketOptions {
	if e.opt == &e.base.opt {
		own := e.base.opt
		e.opt = &own
	}
	return e.opt
}
