// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"fmt"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// Bounds on one abuse, so that it ends whatever the bytes say.
const (
	abuseSteps = 2000
	abusePolls = 200_000
	abuseWakes = 2000
)

// Abuse drives one engine by bytes: segments of a peer that keeps no rule, but
// aims at the edges of the windows; calls of the application in any order; and
// time. It returns an error where
//
//   - text that is sent, or read, is not the text that was written there;
//   - more is readable than the receive buffer ever held;
//   - polling does not end, or, after Close, the connection does not within a
//     bounded number of deadlines, though the peer is silent.
//
// A broken invariant panics, as any other bug may.
func Abuse(data []byte) error {
	a := &abuse{data: data, now: engine.Instant(time.Hour)}
	for steps := 0; len(a.data) > 0 && a.err == nil; {
		a.open()
		for ; len(a.data) > 0 && steps < abuseSteps && a.err == nil; steps++ {
			if a.conn.State() == engine.StateClosed && steps%8 == 0 {
				break // the dead are abused a little, and buried
			}
			a.step()
		}
		a.end()
		a.conn.Release()
		if steps >= abuseSteps {
			break
		}
	}
	return a.err
}

// abuse is the state of one run. The peer knows what any eavesdropper does.
type abuse struct {
	data []byte
	now  engine.Instant
	conn engine.Conn
	set  engine.Settings
	err  error

	iss, irs  seq.Num // the initial sequence numbers of both
	out, in   stream
	sndNxt    seq.Num // the highest position that the engine sent, and one
	rcvNxt    seq.Num // its last acknowledgment
	edge      seq.Num // the right edge of its last window
	scale     uint8
	win       wire.Window // the peer's last
	tsVal     uint32
	tsEcho    uint32
	maxRcvBuf int
}

func (a *abuse) failf(format string, args ...any) {
	if a.err == nil {
		a.err = fmt.Errorf("%s (in %v, %d bytes left)", fmt.Sprintf(format, args...), a.conn.State(), len(a.data))
	}
}

// byte takes the next byte; 0 where none is left.
func (a *abuse) byte() int {
	if len(a.data) == 0 {
		return 0
	}
	b := a.data[0]
	a.data = a.data[1:]
	return int(b)
}

func (a *abuse) word() int { return a.byte()<<8 | a.byte() }

// of takes one of several values.
func of[T any](a *abuse, from ...T) T { return from[a.byte()%len(from)] }

// open opens an engine in one of the ways there are.
func (a *abuse) open() {
	a.conn = engine.Conn{}
	a.out, a.in = stream{}, stream{skew: 31337}
	a.scale, a.maxRcvBuf = 0, 0
	how, flags := a.byte(), a.byte()
	a.iss = seq.New(of[uint32](a, 0, 1<<31-100, 1<<32-100, 12345))
	a.irs = seq.New(of[uint32](a, 0, 1<<31-100, 1<<32-100, 54321))
	p := engine.Params{
		ISS: a.iss.Value(), MSS: of[uint16](a, 1460, 88, 536, 65495, 1),
		NoWindowScale: flags&1 != 0, NoTimestamps: flags&2 != 0, NoSACK: flags&4 != 0,
		GSOMaxSize: of(a, 0, 0, 3000, 65000), UserMSS: of[uint16](a, 0, 0, 100, 9000),
		ECN: how&128 != 0,
	}
	a.set = engine.DefaultSettings()
	a.settings()
	a.rcvNxt, a.edge, a.sndNxt = a.irs, a.irs, a.iss
	set := a.set
	syn := engine.Segment{Header: wire.Header{Seq: a.irs, Flags: wire.SYN, Window: wire.Window(a.word())}}
	syn.Options = wire.Options{
		MSS:            of[uint16](a, 1460, 0, 1, 536, 65535),
		HasWindowScale: flags&8 != 0, WindowScale: uint8(flags >> 4),
		HasTimestamps: flags&16 != 0, TSVal: a.tsVal,
		SACKPermitted: true,
	}
	if p.ECN {
		syn.Flags |= wire.ECE | wire.CWR
	}
	switch how % 3 {
	case 0:
		a.conn.OpenActive(a.now, p, &set)
	case 1:
		a.conn.OpenPassive(a.now, p, &set, &syn)
	case 2:
		syn.Flags, syn.Seq, syn.Ack = wire.ACK, a.irs.Add(1), a.iss.Add(1)
		a.sndNxt = a.iss.Add(1)
		a.conn.OpenCookie(a.now, p, &set, syn.Options.MSS, &syn)
	}
	a.check()
	if how&64 != 0 && how%3 != 2 { // OpenCookie's segment must follow
		return
	}
	// Most of what there is to find lies beyond the handshake: complete it.
	a.poll()
	ack := syn
	ack.Flags, ack.Ack = wire.ACK, a.iss.Add(1)
	if how%3 == 0 {
		ack.Flags |= wire.SYN
		if p.ECN {
			ack.Flags |= wire.ECE
		}
	} else {
		ack.Seq, ack.Options = a.irs.Add(1), wire.Options{HasTimestamps: ack.Options.HasTimestamps, TSVal: a.tsVal}
	}
	a.conn.HandleSegment(a.now, &ack)
	a.check()
	a.poll()
}

// settings draws settings, small ones mostly: they meet their bounds soon.
func (a *abuse) settings() {
	s := &a.set
	s.RcvBuf = of(a, 200_000, 65535, 5000, 1000, 10, 1)
	s.SndBuf = of(a, 65536, 65536, 5000, 100, 1)
	flags := a.byte()
	s.NoDelay, s.Cork, s.QuickAck = flags&1 == 0, flags&2 != 0, flags&4 != 0
	s.KeepAlive = flags&8 != 0
	s.Choices = engine.Choices{
		More:            flags&16 != 0,
		LimitedTransmit: flags&32 != 0, OpenOnce: flags&32 != 0, FromWindow: flags&32 != 0,
		ProbeAtTimeout: flags&64 != 0, LoneFIN: flags&64 != 0,
		RestartIdle: flags&128 != 0, NoValidation: flags&128 != 0,
	}
	if flags&16 != 0 {
		s.UnsentMost = 100
	}
	s.KeepAliveIdle, s.KeepAliveInterval, s.KeepAliveCount = time.Minute, time.Second, 3
	s.AckDelay = of(a, 0, 40*time.Millisecond, time.Second)
	s.WindowClamp = of(a, 0, 0, 0, 0, 500, 1)
	s.UserTimeout = of(a, 0, 0, 0, 10*time.Minute, time.Second)
	s.MaxRetries, s.SynRetries = of(a, 15, 15, 3, 0), of(a, 6, 6, 2, 0)
	s.TimeWait = of(a, time.Minute, 0)
	s.FinWait2Timeout = of(a, time.Minute, 0, -1)
	a.maxRcvBuf = max(a.maxRcvBuf, s.RcvBuf)
}

// step does one thing, and polls after most.
func (a *abuse) step() {
	op := a.byte()
	switch op & 15 {
	case 0, 1, 2, 3, 4, 5:
		a.segment(op & 15)
	case 6, 7:
		b := a.out.next(1+a.word()%20_000, a.byte())
		a.conn.Hold(b.Size()%2 == 1)
		n := a.conn.Write(a.now, &b)
		b.Release()
		a.out.wrote(n)
	case 8, 9:
		a.read(1 + a.word()%5000)
	case 10:
		if a.byte()%4 == 0 {
			a.now = max(a.now, min(a.conn.Deadline(), a.now.Add(1000*time.Hour)))
		}
		a.conn.HandleDeadline(a.now)
	case 11:
		a.now = a.now.Add(time.Duration(a.word()) * of(a, time.Nanosecond, time.Microsecond, time.Microsecond, 20*time.Microsecond, time.Millisecond, time.Second))
		a.conn.HandleDeadline(a.now)
	case 12:
		a.close()
	case 13:
		a.conn.HandlePathMTU(a.now, uint16(a.word()), a.place(a.sndNxt))
	case 14:
		a.conn.HandleUnreachable(a.now, engine.Reason(a.byte()%12), a.place(a.sndNxt))
	case 15:
		if a.byte()%4 == 0 {
			a.settings()
		}
		set := a.set
		a.conn.Apply(a.now, &set)
		a.conn.Resize(a.now, set.RcvBuf, set.SndBuf)
	}
	a.check()
	if op&0x30 == 0x30 { // some come together before the outputs are polled
		return
	}
	polled := a.poll()
	if op&0xc0 == 0xc0 {
		a.refuse(polled)
	}
}

// refuse has the link refuse the end of what was polled, of which it may have cut
// the first that it refused.
func (a *abuse) refuse(polled []seq.Range) {
	if len(polled) == 0 {
		return
	}
	from := a.byte() % len(polled)
	if first := &polled[from]; a.byte()%4 == 0 && first.Len() > 1 {
		first.Start = first.Start.Add(a.word() % first.Len())
	}
	for i := len(polled) - 1; i >= from; i-- {
		a.conn.HandleNoRoom(a.now, polled[i])
		a.check()
	}
	a.poll()
}

func (a *abuse) close() {
	switch a.byte() % 32 {
	case 0, 1, 2:
		a.conn.CloseWrite(a.now)
	case 3:
		a.conn.CloseRead(a.now)
	case 4:
		a.conn.Close(a.now)
	case 5:
		a.conn.Abort(a.now)
	}
}

// read reads, or looks, or reads and gives a part back.
func (a *abuse) read(limit int) {
	var b buffer.Buffer
	defer b.Release()
	switch before := a.conn.Readable(); a.byte() % 4 {
	case 0:
		if n := a.conn.Peek(&b, limit); n != min(before, limit) || a.in.check(a.in.n, &b) >= 0 {
			a.failf("Peek of %d gave %d of %d bytes, or the wrong ones", limit, n, before)
		}
	case 1:
		n := a.conn.Read(&b, limit)
		back := b.Clone()
		keep := n / 2
		back.TrimFront(int64(keep))
		b.Truncate(int64(keep))
		a.conn.Unread(&back)
		a.take(&b)
	default:
		if n := a.conn.Read(&b, limit); n != min(before, limit) {
			a.failf("Read of %d gave %d of %d bytes", limit, n, before)
		}
		a.take(&b)
	}
}

func (a *abuse) take(b *buffer.Buffer) {
	if bad := a.in.took(b); bad >= 0 {
		a.failf("byte %d that was read is wrong", bad)
	}
}

// check checks what holds after every input.
func (a *abuse) check() {
	a.conn.CheckInvariants()
	if n := a.conn.Readable(); n > a.maxRcvBuf+1<<14 {
		a.failf("%d bytes are readable, the buffer has %d", n, a.maxRcvBuf)
	}
	if n, free := a.conn.Unacked(), a.conn.WriteSpace(); n < 0 || free < 0 || a.conn.Unsent() > n {
		a.failf("unacked %d, unsent %d, free %d", n, a.conn.Unsent(), free)
	}
	if i := a.conn.Info(); i.State != a.conn.State() || i.InFlight < 0 || i.RTO < a.set.MinRTO || i.RTO > a.set.MaxRTO || i.RcvWnd < 0 {
		a.failf("info %+v", i)
	}
	if a.conn.State() == engine.StateClosed && !a.conn.EOF() {
		a.failf("CLOSED, and more text may come")
	}
}

// poll takes what the engine sends, and returns where the text of it stands.
func (a *abuse) poll() (polled []seq.Range) {
	var out engine.Segment
	for n := 0; a.conn.PollSegment(a.now, &out); n++ {
		a.conn.CheckInvariants()
		a.sent(&out)
		if r := (seq.Range{Start: out.Seq, End: out.End()}); !r.Empty() {
			polled = append(polled, r)
		}
		out.Payload.Release()
		if n > abusePolls {
			a.failf("polling does not end")
			return nil
		}
	}
	a.conn.TakeEvents()
	a.check()
	return polled
}

// sent notes what the peer learns from a segment, and checks its text.
func (a *abuse) sent(out *engine.Segment) {
	if out.Flags.Has(wire.RST) {
		return
	}
	if pos := out.Seq.Sub(a.iss.Add(1)); out.Payload.Size() > 0 && (pos < 0 || pos+int(out.Payload.Size()) > a.out.n || a.out.check(pos, &out.Payload) >= 0) {
		a.failf("the text sent at %d, %d bytes, is not what was written", pos, out.Payload.Size())
	}
	a.sndNxt = seq.Max(a.sndNxt, out.End())
	if out.Flags.Has(wire.SYN) {
		a.scale = out.Options.WindowScale
	}
	if out.Flags.Has(wire.ACK) {
		a.rcvNxt = out.Ack
		shift := a.scale
		if out.Flags.Has(wire.SYN) {
			shift = 0
		}
		a.edge = out.Ack.Add(out.Window.Scaled(shift))
	}
	if out.Options.HasTimestamps {
		a.tsEcho = out.Options.TSVal
	}
}

// end closes the connection and lets time pass: it must end.
func (a *abuse) end() {
	a.poll()
	a.conn.Close(a.now)
	a.check()
	for wakes := 0; a.err == nil; wakes++ {
		a.poll()
		at := a.conn.Deadline()
		if at == engine.Never {
			break
		}
		if wakes > abuseWakes {
			a.failf("the connection does not end")
			return
		}
		a.now = max(a.now, at)
		a.conn.HandleDeadline(a.now)
		a.check()
	}
	if a.err == nil && a.conn.State() != engine.StateClosed {
		a.failf("nothing is left to happen")
	}
}
