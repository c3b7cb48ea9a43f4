// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/state"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/link/loopback"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/endpoint"
	"tcpcb/linkfifo"
	"tcpcb/transport"
)

// savableClock is a virtual clock that pkg/state saves. One that is loaded is
// loadingClock, from another epoch.
type savableClock struct {
	*linkfifo.VirtualClock
	epoch time.Duration
}

var loadingClock *linkfifo.VirtualClock

const otherEpoch = 1000 * time.Hour

func (c *savableClock) NowMonotonic() tcpip.MonotonicTime {
	return c.VirtualClock.NowMonotonic().Add(c.epoch)
}

func (*savableClock) StateTypeName() string { return "tcpcb/endpoint_test.savableClock" }
func (*savableClock) StateFields() []string { return nil }
func (*savableClock) StateSave(state.Sink)  {}
func (c *savableClock) StateLoad(context.Context, state.Source) {
	*c = savableClock{loadingClock, otherEpoch}
}

// image is what a test saves: a stack, and the sockets that it holds.
type image struct {
	stack *stack.Stack
	eps   []*endpoint.Endpoint
	wqs   []*waiter.Queue
}

func (*image) StateTypeName() string { return "tcpcb/endpoint_test.image" }
func (*image) StateFields() []string { return []string{"stack", "eps", "wqs"} }
func (i *image) StateSave(sink state.Sink) {
	sink.Save(0, &i.stack)
	sink.Save(1, &i.eps)
	sink.Save(2, &i.wqs)
}
func (i *image) StateLoad(_ context.Context, source state.Source) {
	source.Load(0, &i.stack)
	source.Load(1, &i.eps)
	source.Load(2, &i.wqs)
}

func init() {
	state.Register((*savableClock)(nil))
	state.Register((*image)(nil))
	state.Register((*keptLink)(nil))
}

// keptLink outlives the stack that it was given to.
type keptLink struct{ stack.LinkEndpoint }

func (keptLink) Close() {}

// One that is loaded, with a NIC that the stack still had, is good for nothing.
func (*keptLink) StateTypeName() string                       { return "tcpcb/endpoint_test.keptLink" }
func (*keptLink) StateFields() []string                       { return nil }
func (*keptLink) StateSave(state.Sink)                        {}
func (*keptLink) StateLoad(_ context.Context, _ state.Source) {}

// newSavable returns a world like newFifo's, and the link of host a, which can be
// saved.
func newSavable(t testing.TB, o linkfifo.Options) (*world, stack.LinkEndpoint) {
	clock := linkfifo.NewVirtualClock()
	o.Clock = clock
	l, err := linkfifo.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	link := keptLink{l.A}
	return &world{
		t: t, clock: clock, link: l,
		a: newStack(t, &savableClock{clock, 0}, link, addrA, v6A),
		b: newStack(t, clock, l.B, addrB, v6B),
	}, link
}

// save saves host a, which does not go on, and what the test holds of it.
func (w *world) save(migrates bool, socks ...*sock) []byte {
	w.t.Helper()
	w.a.SetAllowLiveTCPMigration(migrates)
	w.a.SetRemoveConf(true)
	return w.saveAll(socks...)
}

// saveAll saves host a as it is; it stays paused.
func (w *world) saveAll(socks ...*sock) []byte {
	w.t.Helper()
	w.a.Pause()
	i := image{stack: w.a}
	for _, s := range socks {
		i.eps, i.wqs = append(i.eps, s.Endpoint), append(i.wqs, s.wq)
	}
	var file bytes.Buffer
	if _, err := state.Save(context.Background(), &file, &i); err != nil {
		w.t.Fatalf("Save: %v", err)
	}
	return file.Bytes()
}

// load makes host a what was saved of it, with a new NIC on link that has addrs,
// and returns the sockets.
func (w *world) load(file []byte, migrates bool, link stack.LinkEndpoint, addrs ...tcpip.Address) []*sock {
	w.t.Helper()
	loadingClock = w.clock
	var i image
	if _, err := state.Load(context.Background(), bytes.NewReader(file), &i); err != nil {
		w.t.Fatalf("Load: %v", err)
	}
	i.stack.ResetConfig()
	i.stack.ReplaceConfig(makeStack(w.t, i.stack.Clock(), link, addrs...))
	i.stack.SetAllowLiveTCPMigration(migrates)
	w.t.Cleanup(func() { i.stack.Close(); i.stack.Wait() })
	i.stack.Restore()
	w.a = i.stack
	var socks []*sock
	for n, ep := range i.eps {
		socks = append(socks, &sock{ep, w, i.wqs[n]})
	}
	return socks
}

func someText(n int) []byte {
	rng := rand.New(rand.NewPCG(uint64(n), 7))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// A connection that is saved in the midst of transfers both ways goes on where it
// was, on another stack.
func TestMigration(t *testing.T) {
	path := linkfifo.Path{Rate: 100_000_000, Delay: 10 * time.Millisecond}
	w, link := newSavable(t, linkfifo.Options{A: linkfifo.Side{Path: path}, B: linkfifo.Side{Path: path}})
	client, server := w.pair()
	up, down := someText(700_000), someText(600_000)
	client.send(up[:650_000])
	server.send(down[:550_000])
	w.clock.Advance(25 * time.Millisecond)
	first := client.recv(1000)
	before := client.Stats().(*endpoint.Stats)

	file := w.save(true, client)
	w.clock.Advance(time.Minute) // the peer sends again, to nobody
	client = w.load(file, true, link, addrA)[0]
	if got := client.EndpointState(); got != endpoint.StateEstablished {
		t.Fatalf("restored as %v", got)
	}
	if got := client.Stats().(*endpoint.Stats).SegmentsReceived.Value(); got < before.SegmentsReceived.Value() || got == 0 {
		t.Errorf("%d segments received, before the load %d", got, before.SegmentsReceived.Value())
	}
	if n := w.a.Stats().TCP.CurrentEstablished.Value(); n != 1 {
		t.Errorf("%d connections are established", n)
	}
	client.send(up[650_000:])
	server.send(down[550_000:])
	if got := server.recv(len(up)); !bytes.Equal(got, up) {
		t.Error("the server got another text")
	}
	if got := append(first, client.recv(len(down)-1000)...); !bytes.Equal(got, down) {
		t.Error("the client got another text")
	}
	client.Shutdown(tcpip.ShutdownWrite)
	if _, ok := server.readErr().(*tcpip.ErrClosedForReceive); !ok {
		t.Error("the server does not learn of the end")
	}
	server.Close()
	client.Close()
	w.until("closed", func() bool { return client.EndpointState() == endpoint.StateClose })
	if n := w.a.Stats().TCP.CurrentConnected.Value(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// A connection whose address is gone, or to whose peer no way leads, ends; so does
// one that may not migrate, when it is saved, and its peer is told.
func TestMigrationEnds(t *testing.T) {
	t.Run("address", func(t *testing.T) {
		w, link := newSavable(t, linkfifo.Options{})
		client, server := w.pair()
		client = w.load(w.save(true, client), true, link, tcpip.AddrFrom4([4]byte{10, 0, 0, 3}))[0]
		if got := client.EndpointState(); got != endpoint.StateError {
			t.Errorf("restored as %v", got)
		}
		if _, err := client.Write(bytes.NewReader([]byte("x")), tcpip.WriteOptions{}); err == nil {
			t.Error("it can be written to")
		} else if _, ok := err.(*tcpip.ErrNetworkUnreachable); !ok {
			t.Errorf("Write: %s", err)
		}
		if st := w.a.Stats().TCP; st.CurrentEstablished.Value() != 0 || st.CurrentConnected.Value() != 0 {
			t.Error("it counts as connected")
		}
		client.Close()
		server.Abort()
	})
	t.Run("not allowed, and the stack goes on", func(t *testing.T) {
		w, link := newSavable(t, linkfifo.Options{})
		client, server := w.pair()
		file := w.saveAll(client)
		w.a.Resume()
		client.send([]byte("still here"))
		if got := server.recv(10); string(got) != "still here" {
			t.Errorf("got %q", got)
		}
		client.Close()
		server.Close()
		client = w.load(file, false, link, addrA)[0]
		if got := client.EndpointState(); got != endpoint.StateError {
			t.Errorf("restored as %v", got)
		}
		client.Close()
	})
	t.Run("not allowed", func(t *testing.T) {
		w, link := newSavable(t, linkfifo.Options{})
		client, server := w.pair()
		file := w.save(false, client)
		if got := client.EndpointState(); got != endpoint.StateError {
			t.Errorf("saved, it is %v", got)
		}
		client = w.load(file, false, link, addrA)[0]
		if got := client.EndpointState(); got != endpoint.StateError {
			t.Errorf("restored as %v", got)
		}
		if _, ok := client.LastError().(*tcpip.ErrConnectionAborted); !ok {
			t.Error("it does not say why")
		}
		// The stack has forgotten it, and says so.
		server.send([]byte("are you there?"))
		if _, ok := server.readErr().(*tcpip.ErrConnectionReset); !ok {
			t.Error("the peer does not learn of it")
		}
		server.Close()
	})
}

// Both ends of connections on one stack, and a listener with connections that
// wait, are there again.
func TestRestoreLoopback(t *testing.T) {
	clock := linkfifo.NewVirtualClock()
	s := newStack(t, &savableClock{clock, 0}, loopback.New(), addrA, addrB)
	w := &world{t: t, clock: clock, a: s, b: s}
	l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	dial := func() *sock {
		c := w.socket(w.a, ipv4.ProtocolNumber)
		if err := c.dial(addrB); err != nil {
			t.Fatalf("dial: %s", err)
		}
		return c
	}
	first := dial()
	accepted := l.accept()
	waiting := dial()
	accepted.send(someText(1000))
	waiting.send([]byte("early"))

	socks := w.load(w.save(false, l, first, accepted, waiting), false, loopback.New(), addrA, addrB)
	l, first, accepted, waiting = socks[0], socks[1], socks[2], socks[3]
	w.b = w.a
	if l.Readiness(waiter.ReadableEvents) == 0 {
		t.Error("nobody waits for Accept")
	}
	if got := first.recv(1000); !bytes.Equal(got, someText(1000)) {
		t.Error("text that waited is another")
	}
	first.send([]byte("ping"))
	if got := accepted.recv(4); string(got) != "ping" {
		t.Errorf("got %q", got)
	}
	second := l.accept()
	if got := second.recv(5); string(got) != "early" {
		t.Errorf("got %q", got)
	}
	p := w.socket(w.a, ipv4.ProtocolNumber)
	at, _ := first.GetLocalAddress()
	wantErr(t, "Bind of a connection's port", p.Bind(tcpip.FullAddress{Port: at.Port}), &tcpip.ErrPortInUse{})
	third := dial() // the listener takes new ones, too
	fourth := l.accept()
	for _, s := range []*sock{first, accepted, waiting, second, third, fourth} {
		s.Close()
	}
	l.Close()
	w.until("all closed", func() bool { return w.a.Stats().TCP.CurrentConnected.Value() == 0 })
	w.clock.Advance(10 * time.Minute) // TIME-WAIT
	for _, n := range []uint16{at.Port, port} {
		p := w.socket(w.a, ipv4.ProtocolNumber)
		wantErr(t, "Bind of a port that is free again", p.Bind(tcpip.FullAddress{Port: n}), nil)
		p.Close()
	}
}

// A handshake of either side goes on.
func TestRestoreHandshakes(t *testing.T) {
	path := linkfifo.Path{Delay: 50 * time.Millisecond}
	w, link := newSavable(t, linkfifo.Options{A: linkfifo.Side{Path: path}, B: linkfifo.Side{Path: path}})
	w.a, w.b = w.b, w.a // listen is host b's
	l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	w.a, w.b = w.b, w.a
	far := w.socket(w.b, ipv4.ProtocolNumber)
	far.Connect(tcpip.FullAddress{Addr: addrA, Port: port})
	w.clock.Advance(60 * time.Millisecond) // the SYN-ACK is on its way
	near := w.socket(w.a, ipv4.ProtocolNumber)
	near.Connect(tcpip.FullAddress{Addr: addrB, Port: port})
	file := w.save(true, l, near)
	// The SYN finds nobody listening, and its answer nobody either; the next finds
	// a listener.
	w.clock.Advance(time.Second / 2)
	other := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	socks := w.load(file, true, link, addrA)
	l, near = socks[0], socks[1]
	if got := near.EndpointState(); got != endpoint.StateSynSent {
		t.Errorf("restored as %v", got)
	}
	peer := l.accept()
	far.send([]byte("hello"))
	if got := peer.recv(5); string(got) != "hello" {
		t.Errorf("got %q", got)
	}
	w.until("connected", func() bool { return near.EndpointState() != endpoint.StateSynSent })
	if err := near.LastError(); err != nil {
		t.Errorf("connect: %s", err)
	}
	for _, s := range []*sock{peer, far, near, l, other} {
		s.Abort()
	}
}

// What has no connection keeps what it has: its port, its options, its error.
func TestRestoreUnconnected(t *testing.T) {
	w, link := newSavable(t, linkfifo.Options{})
	fresh := w.socket(w.a, ipv4.ProtocolNumber)
	fresh.SetSockOptInt(tcpip.KeepaliveCountOption, 5)
	fresh.SetSockOpt(&endpoint.UnsentMostOption{Bytes: 77})
	fresh.SocketOptions().SetKeepAlive(true)
	bound := w.socket(w.a, ipv4.ProtocolNumber)
	if err := bound.Bind(tcpip.FullAddress{Addr: addrA, Port: 99}); err != nil {
		t.Fatal(err)
	}
	refused := w.socket(w.a, ipv4.ProtocolNumber)
	refused.Connect(tcpip.FullAddress{Addr: addrB, Port: 1})
	w.until("refused", func() bool { return refused.EndpointState() == endpoint.StateError })
	closed := w.socket(w.a, ipv4.ProtocolNumber)
	closed.Close()

	socks := w.load(w.save(true, fresh, bound, refused, closed), true, link, addrA)
	fresh, bound, refused, closed = socks[0], socks[1], socks[2], socks[3]
	if n, err := fresh.GetSockOptInt(tcpip.KeepaliveCountOption); n != 5 || err != nil || !fresh.SocketOptions().GetKeepAlive() {
		t.Errorf("keep-alive %d, %v", n, err)
	}
	var most endpoint.UnsentMostOption
	if err := fresh.GetSockOpt(&most); err != nil || most.Bytes != 77 {
		t.Errorf("what may wait to be sent: %d, %v", most.Bytes, err)
	}
	if got := fresh.EndpointState(); got != endpoint.StateInitial {
		t.Errorf("new, it is %v", got)
	}
	if err := fresh.Bind(tcpip.FullAddress{Addr: addrA, Port: 99}); err == nil {
		t.Error("the port is free")
	}
	if got := bound.EndpointState(); got != endpoint.StateBound {
		t.Errorf("bound, it is %v", got)
	}
	bound.Close()
	if err := fresh.Bind(tcpip.FullAddress{Addr: addrA, Port: 99}); err != nil {
		t.Errorf("the port is not free: %s", err)
	}
	if _, ok := refused.LastError().(*tcpip.ErrConnectionRefused); !ok {
		t.Error("the error is gone")
	}
	if got := closed.EndpointState(); got != endpoint.StateClose {
		t.Errorf("closed, it is %v", got)
	}
	for _, s := range socks {
		s.Close()
	}
}

// A stack that goes on after it was saved has lost nothing: what came meanwhile
// waits.
func TestResume(t *testing.T) {
	path := linkfifo.Path{Delay: 10 * time.Millisecond}
	w, _ := newSavable(t, linkfifo.Options{A: linkfifo.Side{Path: path}, B: linkfifo.Side{Path: path}})
	client, server := w.pair()
	server.send(someText(5000))
	client.send(someText(5000))
	w.a.Pause()
	w.clock.Advance(15 * time.Millisecond)
	if got := client.Readiness(waiter.ReadableEvents); got != 0 {
		t.Error("a paused endpoint takes what comes")
	}
	w.a.Resume()
	if got := client.recv(5000); !bytes.Equal(got, someText(5000)) {
		t.Error("another text came")
	}
	if got := server.recv(5000); !bytes.Equal(got, someText(5000)) {
		t.Error("another text came")
	}
	if n := w.a.Stats().TCP.Retransmits.Value() + w.b.Stats().TCP.Retransmits.Value(); n != 0 {
		t.Errorf("%d segments were sent again", n)
	}
	client.Abort()
	server.Close()
}

// A file that was tampered with is an error.
func TestLoadRefuses(t *testing.T) {
	w, _ := newSavable(t, linkfifo.Options{})
	client, server := w.pair()
	file := w.save(true, client)
	for _, name := range []string{"CongestionControl", "Receive"} { // in the connection's description
		bad := bytes.Replace(file, []byte(name), bytes.ToUpper([]byte(name)), 1)
		if bytes.Equal(bad, file) {
			t.Fatalf("%s is not in the file", name)
		}
		loadingClock = w.clock
		if _, err := state.Load(context.Background(), bytes.NewReader(bad), new(image)); err == nil {
			t.Errorf("loaded without %s", name)
		}
	}
	client.Close()
	server.Abort()
}

// The options of the protocol are saved too, those that netstack's TCP does not have
// among them.
func TestRestoreProtocolOptions(t *testing.T) {
	w, link := newSavable(t, linkfifo.Options{})
	choices := transport.ChoicesOption{Choices: transport.Choices{
		LimitedTransmit: true, ProbeAtTimeout: true, LoneFIN: true, RestartIdle: true, NoValidation: true,
		FromWindow: true, OpenOnce: true, More: true, UnsentMost: 99,
	}}
	if err := w.a.SetTransportProtocolOption(transport.ProtocolNumber, &choices); err != nil {
		t.Fatal(err)
	}
	if err := w.a.SetTransportProtocolOption(transport.ProtocolNumber, &transport.ECNOption{Mode: transport.ECNAccept}); err != nil {
		t.Fatal(err)
	}
	if err := w.a.SetTransportProtocolOption(transport.ProtocolNumber, &transport.PacingOption{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	w.load(w.save(true), true, link, addrA)
	var got transport.ChoicesOption
	if err := w.a.TransportProtocolOption(transport.ProtocolNumber, &got); err != nil || got.Choices != choices.Choices {
		t.Errorf("choices %+v, %v", got.Choices, err)
	}
	var ecn transport.ECNOption
	if err := w.a.TransportProtocolOption(transport.ProtocolNumber, &ecn); err != nil || ecn.Mode != transport.ECNAccept {
		t.Errorf("ECN %v, %v", ecn.Mode, err)
	}
	var pacing transport.PacingOption
	if err := w.a.TransportProtocolOption(transport.ProtocolNumber, &pacing); err != nil || !pacing.Enabled {
		t.Errorf("pacing %v, %v", pacing.Enabled, err)
	}
}
