// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/engine/wire"
	"tcpcb/transport"
)

// behind is a connection whose application is behind: it has text to read, and an
// acknowledgment waits for more. want is all that came.
type behind struct {
	*peer
	ep   *transport.Endpoint
	want string
}

func newBehind(t *testing.T) *behind {
	t.Helper()
	return newBehindOf(t, true, func(*transport.Endpoint) {})
}

// newBehindOf is newBehind, with window scaling or without, and with an endpoint of
// which something is set.
func newBehindOf(t *testing.T, scaled bool, set func(*transport.Endpoint)) *behind {
	t.Helper()
	w := newWorld(t)
	l := w.listen(5)
	p := w.peer(1000)
	p.openWith(wire.Options{MSS: 1460, HasWindowScale: scaled, WindowScale: 7})
	p.seg(wire.ACK, "")
	b := &behind{peer: p, ep: w.accept(l)}
	set(b.ep)
	b.text("first")
	b.peer.wantNone()
	b.wantProcessed("what comes to a connection at rest", 0)
	return b
}

// text sends text that is next in order.
func (b *behind) text(s string) {
	b.t.Helper()
	b.want += s
	b.seg(wire.ACK, s)
}

// wantProcessed fails the test unless all but so many segments were processed.
func (b *behind) wantProcessed(what string, but uint64) {
	b.t.Helper()
	ip := b.s.Stats().IP.PacketsReceived.Value()
	st := b.stats()
	if got := st.ValidSegmentsReceived.Value() + st.ChecksumErrors.Value(); got != ip-but {
		b.t.Errorf("%s: %d of %d segments were processed, want all but %d", what, got, ip, but)
	}
}

// read reads all that there is, which must be all that came.
func (b *behind) read() {
	b.t.Helper()
	var got bytes.Buffer
	for {
		if _, err := b.ep.Read(&got, tcpip.ReadOptions{}); err != nil {
			break
		}
	}
	if got.String() != b.want {
		b.t.Errorf("read %d bytes, want the %d that came", got.Len(), len(b.want))
	}
	b.want = ""
}

// TestTextWaits: text in order waits for an application that has text to read, and
// is there when it comes by.
func TestTextWaits(t *testing.T) {
	b := newBehind(t)
	b.text("second")
	b.text("third")
	b.wantProcessed("text in order", 2)
	n, err := b.ep.GetSockOptInt(tcpip.ReceiveQueueSizeOption)
	if err != nil || n != len(b.want) {
		t.Errorf("%d bytes are in the queue, %v; want %d", n, err, len(b.want))
	}
	b.wantProcessed("after the application has asked for the queue's size", 0)
	b.text("fourth")
	b.wantProcessed("text in order", 1)
	b.read()
	b.wantProcessed("after a read", 0)
	b.text("fifth")
	b.wantProcessed("text for an application that has read all", 0)
	b.read()
}

// TestTextWaitsNoLonger: nothing waits longer than the acknowledgment does.
func TestTextWaitsNoLonger(t *testing.T) {
	b := newBehind(t)
	b.text("second")
	b.wait(time.Millisecond)
	b.wantProcessed("after the delay of the acknowledgment", 0)
	if s := b.peer.want(wire.ACK); s.Ack != b.nxt {
		t.Errorf("acknowledged %v, want %v", s.Ack, b.nxt)
	}
	b.read()
}

// TestTextThatEndsTheWait: what is no text in order is processed at once, after what
// waits.
func TestTextThatEndsTheWait(t *testing.T) {
	for _, test := range []struct {
		name string
		send func(b *behind)
		want wire.Flags // of the answer; 0 for none
	}{
		{"out of order", func(b *behind) {
			b.send(segment{Header: wire.Header{Seq: b.nxt.Add(1), Ack: b.rcv, Flags: wire.ACK, Window: 65535}, text: "later"})
		}, wire.ACK},
		{"old", func(b *behind) {
			b.send(segment{Header: wire.Header{Seq: b.nxt.Add(-len("second")), Ack: b.rcv, Flags: wire.ACK, Window: 65535}, text: "second"})
		}, wire.ACK},
		{"an acknowledgment", func(b *behind) { b.seg(wire.ACK, "") }, 0},
		{"urgent", func(b *behind) { b.want += "u"; b.seg(wire.ACK|wire.URG, "u") }, 0},
		{"FIN", func(b *behind) { b.want += "end"; b.seg(wire.ACK|wire.FIN, "end") }, 0},
		{"a large segment", func(b *behind) { b.text(strings.Repeat("x", 20_000)) }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBehind(t)
			b.text("second")
			test.send(b)
			b.wantProcessed(test.name, 0)
			if test.want != 0 {
				b.peer.want(test.want)
			}
			b.wantNone()
			b.read()
		})
	}
}

// TestTextWaitsToBeAnswered: where the peer has something to acknowledge, its text
// does not wait: it may bring that.
func TestTextWaitsToBeAnswered(t *testing.T) {
	b := newBehind(t)
	if _, err := b.ep.Write(strings.NewReader("answer"), tcpip.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	unanswered := b.rcv
	b.peer.want(wire.ACK)
	b.rcv = unanswered
	b.text("second")
	b.text("third")
	b.wantProcessed("text, while an answer is on its way", 0)
	b.read()
}

// TestTextWaitsHarmed: the checksum of what waits is verified before it is read; what
// comes behind a harmed segment is no more than text out of order.
func TestTextWaitsHarmed(t *testing.T) {
	b := newBehind(t)
	b.spoil = 1
	b.send(segment{Header: wire.Header{Seq: b.nxt, Ack: b.rcv, Flags: wire.ACK, Window: 65535}, text: "second"})
	b.spoil = 0
	again := *b.peer
	b.nxt = b.nxt.Add(len("second"))
	b.seg(wire.ACK, "third")
	b.wantProcessed("harmed text", 2)
	b.read()
	b.wantCount("ChecksumErrors", b.stats().ChecksumErrors, 1)
	b.wantProcessed("harmed text, after a read", 0)
	if s := b.peer.want(wire.ACK); s.Ack != again.nxt {
		t.Errorf("acknowledged %v, want %v", s.Ack, again.nxt)
	}
	b.want = "secondthird"
	again.seg(wire.ACK, "second")
	b.read()
}

// TestTextWaitsWithinBounds: what waits is a part of the receive buffer at most, and
// nothing is dropped for it.
func TestTextWaitsWithinBounds(t *testing.T) {
	b := newBehind(t)
	b.ep.SocketOptions().SetReceiveBufferSize(64<<10, true /* notify */)
	size := int(b.ep.SocketOptions().GetReceiveBufferSize()) / 8
	text := strings.Repeat("x", 1000)
	waits := uint64(size / (len(text) + 256))
	for range waits {
		b.text(text)
	}
	b.wantProcessed("as much as may wait", waits)
	b.text(text)
	b.wantProcessed("one more", 0)
	b.read()
}

// TestTextWaitsForAClose: an application that closes without having read all resets
// the connection, as if nothing had waited.
func TestTextWaitsForAClose(t *testing.T) {
	b := newBehind(t)
	b.text("second")
	b.ep.Close()
	if s := b.peer.want(wire.RST | wire.ACK); s.Ack != b.nxt {
		t.Errorf("the reset acknowledges %v, want %v", s.Ack, b.nxt)
	}
	b.wantProcessed("after the close", 0)
}

// TestTextDoesNotWait: where the peer counts on an acknowledgment of every second
// segment, or has a window narrower than the buffer, its text is processed at once.
func TestTextDoesNotWait(t *testing.T) {
	for _, test := range []struct {
		name   string
		scaled bool
		set    func(ep *transport.Endpoint)
	}{
		{"without TCP_QUICKACK", true, func(ep *transport.Endpoint) { ep.SocketOptions().SetQuickAck(false) }},
		{"without window scaling", false, func(*transport.Endpoint) {}},
		{"with a clamped window", true, func(ep *transport.Endpoint) {
			if err := ep.SetSockOptInt(tcpip.TCPWindowClampOption, 64<<10); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBehindOf(t, test.scaled, test.set)
			b.text("second")
			b.text("third")
			b.wantProcessed(test.name, 0)
			b.read()
		})
	}
}

// TestResetAfterTextThatWaits: who reads gets what came before a reset, and then the
// reset.
func TestResetAfterTextThatWaits(t *testing.T) {
	b := newBehind(t)
	b.text("second")
	b.seg(wire.RST, "")
	b.wantProcessed("after the reset", 0)
	var got bytes.Buffer
	if _, err := b.ep.Read(&got, tcpip.ReadOptions{}); err != nil || got.String() != b.want {
		t.Errorf("read %q, %v; want %q", got.String(), err, b.want)
	}
	if _, err := b.ep.Read(&got, tcpip.ReadOptions{}); !isErr[*tcpip.ErrConnectionReset](err) {
		t.Errorf("after it: %v, want a reset", err)
	}
}

// TestTextReadBeforeItIsAnnounced: text that waited and was read with what was there
// before is not announced when it is gone.
func TestTextReadBeforeItIsAnnounced(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	p := w.peer(1000)
	p.openWith(wire.Options{MSS: 1460, HasWindowScale: true, WindowScale: 7})
	p.seg(wire.ACK, "")
	ep, wq, err := l.Accept(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ep.Close)
	told := 0
	e := waiter.NewFunctionEntry(waiter.ReadableEvents, func(waiter.EventMask) { told++ })
	wq.EventRegister(&e)
	defer wq.EventUnregister(&e)
	p.seg(wire.ACK, "first")
	p.seg(wire.ACK, "second")
	var got bytes.Buffer
	if _, err := ep.Read(&got, tcpip.ReadOptions{}); err != nil || got.String() != "firstsecond" {
		t.Errorf("read %q, %v", got.String(), err)
	}
	if told != 1 {
		t.Errorf("told of text %d times, want once", told)
	}
}
