// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/engine/enginetest"
	"tcpcb/transport"
)

// flowRun is the state of a connection between two stacks.
type flowRun struct {
	*stackFlow
	id   int
	run  *worldRun
	ends [2]*flowEnd
}

// flowEnd is an application at one end. Once connected it looks at its endpoint
// only when it is told to, or has slept.
type flowEnd struct {
	*side
	run       *worldRun
	flow      *flowRun
	host      int
	ep        tcpip.Endpoint // nil until there is one
	wq        waiter.Queue
	woken     bool
	connected bool
	// wrote and got count bytes.
	wrote, got       int
	writing, reading bool // it sleeps before the next
	ended            bool // it has done its End
	eof, closed      bool
	err              tcpip.Error
}

func newFlowRun(r *worldRun, id int) *flowRun {
	f := &flowRun{stackFlow: &r.Flows[id], id: id, run: r}
	for i := range f.ends {
		f.ends[i] = &flowEnd{side: &f.Sides[i], run: r, flow: f, host: i}
	}
	return f
}

// open makes the endpoint.
func (e *flowEnd) open() {
	ep, err := e.run.stacks[e.host].NewEndpoint(transport.ProtocolNumber, e.run.net, &e.wq)
	if err != nil {
		e.run.failf("NewEndpoint: %v", err)
	}
	e.ep = ep
}

// connect opens the connection.
func (f *flowRun) connect() {
	e := f.ends[0]
	e.open()
	e.watch()
	e.options()
	if err := e.ep.Bind(tcpip.FullAddress{Port: clients + uint16(f.id)}); err != nil {
		f.run.failf("flow %d: Bind: %v", f.id, err)
	}
	if err := e.ep.Connect(tcpip.FullAddress{Addr: f.run.addrs[1], Port: port}); err != nil {
		if _, ok := err.(*tcpip.ErrConnectStarted); !ok {
			f.run.failf("flow %d: Connect: %v", f.id, err)
		}
	}
}

// watch has the application told of events.
func (e *flowEnd) watch() {
	entry := waiter.NewFunctionEntry(waiter.EventIn|waiter.EventOut|waiter.EventHUp|waiter.EventErr|waiter.EventRdHUp, func(waiter.EventMask) { e.woken = true })
	e.wq.EventRegister(&entry)
	e.woken = true
}

// accept takes what the listener has, and gives it to its flow.
func (r *worldRun) accept() {
	for {
		ep, wq, err := r.listener.Accept(nil)
		if err != nil {
			return
		}
		from, err := ep.GetRemoteAddress()
		at := int(from.Port) - clients
		if err != nil || at < 0 || at >= len(r.Flows) {
			ep.Close() // it was reset meanwhile, or is nobody's
			continue
		}
		for _, f := range r.flows {
			if f.id == at {
				f.accepted(ep, wq)
			}
		}
	}
}

func (f *flowRun) accepted(ep tcpip.Endpoint, wq *waiter.Queue) {
	e := f.ends[1]
	if e.ep != nil {
		if !e.closed || !f.run.Hosts[1].Cookies {
			f.run.failf("flow %d is accepted twice", f.id)
		}
		// What is on its way still answers the cookie of the one that was closed.
		ep.Close()
		return
	}
	f.run.logf("flow %d is accepted", f.id)
	e.ep, e.connected = ep, true
	entry := waiter.NewFunctionEntry(waiter.EventIn|waiter.EventOut|waiter.EventHUp|waiter.EventErr|waiter.EventRdHUp, func(waiter.EventMask) { e.woken = true })
	wq.EventRegister(&entry)
	e.woken = true
	e.options()
}

// options sets what the side wants.
func (e *flowEnd) options() {
	so := e.ep.SocketOptions()
	so.SetDelayOption(e.Nagle)
	so.SetCorkOption(e.Cork)
	so.SetKeepAlive(e.KeepAlive)
	if e.RcvBuf > 0 {
		so.SetReceiveBufferSize(int64(e.RcvBuf), true)
	}
	if e.SndBuf > 0 {
		so.SetSendBufferSize(int64(e.SndBuf), true)
	}
	idle, interval, timeout := tcpip.KeepaliveIdleOption(30*time.Second), tcpip.KeepaliveIntervalOption(5*time.Second), tcpip.TCPUserTimeoutOption(e.UserTimeout)
	opts := []tcpip.SettableSocketOption{&idle, &interval, &timeout}
	if e.CC != "" {
		cc := tcpip.CongestionControlOption(e.CC)
		opts = append(opts, &cc)
	}
	for _, o := range opts {
		if err := e.ep.SetSockOpt(o); err != nil {
			e.run.failf("%T: %v", o, err)
		}
	}
	e.ep.SetSockOptInt(tcpip.KeepaliveCountOption, 40)
	if e.MaxSeg > 0 {
		e.ep.SetSockOptInt(tcpip.MaxSegOption, e.MaxSeg)
	}
}

// pump lets both applications act on what they were told.
func (f *flowRun) pump() {
	f.run.accept()
	for _, e := range f.ends {
		for e.woken && e.ep != nil && !e.closed {
			e.woken = false
			e.turn()
		}
	}
}

// turn does all that can be done now.
func (e *flowEnd) turn() {
	if !e.connected {
		if err := e.ep.LastError(); err != nil {
			e.fail(err)
			e.close()
			return
		}
		if e.ep.Readiness(waiter.EventOut) == 0 {
			return
		}
		e.connected = true
	}
	e.read()
	e.write()
	if (e.eof && e.ended) && !e.closed {
		e.close()
	}
}

func (e *flowEnd) close() {
	e.run.logf("flow %d, host %d: close after %d bytes written, %d read", e.flow.id, e.host, e.wrote, e.got)
	e.closed = true
	e.ep.Close()
}

// fail takes an error, after which nothing more will come.
func (e *flowEnd) fail(err tcpip.Error) {
	e.run.logf("flow %d, host %d: %v", e.flow.id, e.host, err)
	if e.err == nil {
		e.err = err
	}
	e.eof, e.ended = true, true
}

// sleep wakes the application after a pause of up to d, and reports whether it
// sleeps.
func (e *flowEnd) sleep(d time.Duration, asleep *bool) bool {
	if d == 0 {
		return false
	}
	*asleep = true
	e.run.after(time.Duration(e.run.rng.Int64N(int64(d)))+1, func() { *asleep, e.woken = false, true })
	return true
}

func (e *flowEnd) size(most int) int {
	if most == 0 {
		most = 8192
	}
	return 1 + e.run.rng.IntN(most)
}

// write writes until there is no room, or all is written.
func (e *flowEnd) write() {
	for !e.writing && !e.ended {
		if e.wrote == e.Write {
			e.end()
			return
		}
		text := enginetest.Text(e.host, e.wrote, min(e.size(e.WriteSize), e.Write-e.wrote))
		n, err := e.ep.Write(bytes.NewReader(text), tcpip.WriteOptions{})
		e.wrote += int(n)
		if _, full := err.(*tcpip.ErrWouldBlock); full {
			return
		}
		if err != nil {
			e.fail(err)
			return
		}
		e.sleep(e.WritePause, &e.writing)
	}
}

// end does what the application does once all is written.
func (e *flowEnd) end() {
	switch e.End {
	case enginetest.EndShutdown:
		e.ended = true
		e.run.logf("flow %d, host %d: shutdown", e.flow.id, e.host)
		e.ep.Shutdown(tcpip.ShutdownWrite)
	case enginetest.EndHold:
		e.ended = e.eof
	case enginetest.EndClose:
		e.ended = true
		e.close()
	case enginetest.EndAbort:
		e.ended = true
		e.ep.Abort()
		e.close()
	}
}

// read reads until nothing is there.
func (e *flowEnd) read() {
	for !e.reading && !e.eof {
		w := &checkWriter{e: e, left: e.size(e.ReadSize)}
		res, err := e.ep.Read(w, tcpip.ReadOptions{})
		if res.Count != w.n {
			e.run.failf("flow %d, host %d: Read gave %d bytes, and says %d", e.flow.id, e.host, w.n, res.Count)
		}
		switch err.(type) {
		case nil:
		case *tcpip.ErrWouldBlock:
			return
		case *tcpip.ErrClosedForReceive:
			e.run.logf("flow %d, host %d: end of stream after %d bytes", e.flow.id, e.host, e.got)
			e.eof = true
			return
		default:
			e.fail(err)
			return
		}
		if e.sleep(e.ReadPause, &e.reading) {
			return
		}
	}
}

// checkWriter takes what is read, up to a bound, and compares it.
type checkWriter struct {
	e       *flowEnd
	left, n int
}

func (w *checkWriter) Write(p []byte) (int, error) {
	e, take := w.e, min(len(p), w.left)
	for got := p[:take]; len(got) > 0; {
		want := enginetest.Text(1-e.host, e.got, min(len(got), 60_000))
		if !bytes.Equal(got[:len(want)], want) {
			e.run.failf("flow %d, host %d: what was read from %d on is wrong", e.flow.id, e.host, e.got)
		}
		e.got += len(want)
		got = got[len(want):]
	}
	if peer := e.flow.ends[1-e.host]; e.got > peer.Write {
		e.run.failf("flow %d, host %d read %d bytes of %d", e.flow.id, e.host, e.got, peer.Write)
	}
	w.left -= take
	w.n += take
	if take < len(p) {
		return take, fmt.Errorf("enough")
	}
	return take, nil
}

// act does what was planned for a set time.
func (e *flowEnd) act(v enginetest.Verb, arg int) {
	if e.ep == nil || e.closed {
		return
	}
	e.run.logf("flow %d, host %d: %v %d", e.flow.id, e.host, v, arg)
	so := e.ep.SocketOptions()
	switch v {
	case enginetest.DoCloseWrite:
		e.ended = true
		e.ep.Shutdown(tcpip.ShutdownWrite)
	case enginetest.DoCloseRead:
		e.ep.Shutdown(tcpip.ShutdownRead)
	case enginetest.DoClose:
		e.close()
	case enginetest.DoAbort:
		e.ep.Abort()
		e.close()
	case enginetest.DoNoDelay:
		so.SetDelayOption(arg == 0)
	case enginetest.DoCork:
		so.SetCorkOption(arg != 0)
	case enginetest.DoQuickAck:
		so.SetQuickAck(arg != 0)
	case enginetest.DoRcvBuf:
		so.SetReceiveBufferSize(int64(arg), true)
	case enginetest.DoSndBuf:
		so.SetSendBufferSize(int64(arg), true)
	}
	e.woken = true
}

// checkEnd checks what the flow came to.
func (f *flowRun) checkEnd() {
	if !f.run.orderly(f.id) {
		return
	}
	for i, e := range f.ends {
		peer := f.ends[1-i]
		reads := e.End != enginetest.EndClose
		if e.err != nil || e.wrote != e.Write || reads && (e.got != peer.Write || !e.eof) {
			f.run.failf("not everything came: %s", f.describe())
		}
	}
}

func (f *flowRun) describe() string {
	text := fmt.Sprintf("flow %d:", f.id)
	for i, e := range f.ends {
		text += fmt.Sprintf(" host %d wrote %d of %d, read %d (eof %v, closed %v, error %v)", i, e.wrote, e.Write, e.got, e.eof, e.closed, e.err)
		if e.ep != nil {
			text += fmt.Sprintf(" in state %d;", e.ep.State())
		}
	}
	return text + " "
}
