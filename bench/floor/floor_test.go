// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package floor

import (
	"bytes"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/internal/leakcheck"
	"tcpcb/linkfifo"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

var (
	client = tcpip.AddrFrom4([4]byte{10, 0, 0, 1})
	server = tcpip.AddrFrom4([4]byte{10, 0, 0, 2})
)

// end is one end of a connection, and who waits on it.
type end struct {
	tcpip.Endpoint
	told chan struct{}
}

func watch(ep tcpip.Endpoint, wq *waiter.Queue) end {
	e, told := waiter.NewChannelEntry(waiter.ReadableEvents | waiter.WritableEvents | waiter.EventHUp)
	wq.EventRegister(&e)
	return end{ep, told}
}

// pair returns the two ends of a connection over a link between two such devices.
func pair(t *testing.T, side linkfifo.Side, trace func(linkfifo.Event)) (a, b end) {
	t.Helper()
	link, err := linkfifo.New(linkfifo.Options{A: side, B: side, Trace: trace})
	if err != nil {
		t.Fatal(err)
	}
	var stacks [2]*stack.Stack
	for i, l := range []*linkfifo.Endpoint{link.A, link.B} {
		s := stack.New(stack.Options{
			NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
			TransportProtocols: []stack.TransportProtocolFactory{NewProtocol},
		})
		stacks[i] = s
		if err := s.CreateNIC(1, l); err != nil {
			t.Fatal(err)
		}
		addr := tcpip.ProtocolAddress{
			Protocol:          header.IPv4ProtocolNumber,
			AddressWithPrefix: tcpip.AddressWithPrefix{Address: []tcpip.Address{client, server}[i], PrefixLen: 24},
		}
		if err := s.AddProtocolAddress(1, addr, stack.AddressProperties{}); err != nil {
			t.Fatal(err)
		}
		s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: 1}})
	}
	t.Cleanup(func() {
		for _, s := range stacks {
			s.Close()
		}
		link.Close()
		link.Wait()
	})
	lq := new(waiter.Queue)
	lep, terr := stacks[1].NewEndpoint(header.TCPProtocolNumber, header.IPv4ProtocolNumber, lq)
	if terr != nil {
		t.Fatal(terr)
	}
	l := watch(lep, lq)
	if err := l.Bind(tcpip.FullAddress{Port: 7}); err != nil {
		t.Fatal(err)
	}
	if err := l.Listen(1); err != nil {
		t.Fatal(err)
	}
	cq := new(waiter.Queue)
	cep, terr := stacks[0].NewEndpoint(header.TCPProtocolNumber, header.IPv4ProtocolNumber, cq)
	if terr != nil {
		t.Fatal(terr)
	}
	a = watch(cep, cq)
	if err := a.Connect(tcpip.FullAddress{NIC: 1, Addr: server, Port: 7}); err != nil {
		t.Fatal(err)
	}
	for {
		sep, sq, err := l.Accept(nil)
		if err == nil {
			return a, watch(sep, sq)
		}
		if _, none := err.(*tcpip.ErrWouldBlock); !none {
			t.Fatal(err)
		}
		<-l.told
	}
}

// send writes all of b and ends the stream.
func (e end) send(b []byte) tcpip.Error {
	r := bytes.NewReader(b)
	for r.Len() > 0 {
		_, err := e.Write(r, tcpip.WriteOptions{})
		if _, full := err.(*tcpip.ErrWouldBlock); full {
			<-e.told
		} else if err != nil {
			return err
		}
	}
	return e.Shutdown(tcpip.ShutdownWrite)
}

// receive reads to the end of the stream.
func (e end) receive() ([]byte, tcpip.Error) {
	var got bytes.Buffer
	for {
		_, err := e.Read(&got, tcpip.ReadOptions{})
		switch err.(type) {
		case nil:
		case *tcpip.ErrWouldBlock:
			select {
			case <-e.told:
			case <-time.After(10 * time.Second):
				return got.Bytes(), &tcpip.ErrTimeout{}
			}
		case *tcpip.ErrClosedForReceive:
			return got.Bytes(), nil
		default:
			return got.Bytes(), err
		}
	}
}

// What is sent arrives, whatever the device does for the stack, and is
// acknowledged as rarely as the package says.
func TestDelivers(t *testing.T) {
	text := make([]byte, 5_000_000)
	rand.NewChaCha8([32]byte{1}).Read(text)
	for name, c := range map[string]struct {
		side  linkfifo.Side
		every int
	}{
		"plain":    {linkfifo.Side{}, AckEvery},
		"checksum": {linkfifo.Side{TXChecksumOffload: true, RXChecksumOffload: true}, AckEvery},
		"GSO":      {linkfifo.Side{GSO: true}, AckEveryLarge},
		"64 KiB":   {linkfifo.Side{MTU: 65535}, AckEveryLarge},
	} {
		t.Run(name, func(t *testing.T) {
			c.side.Path.QueuePackets = 4096
			var sent [2]atomic.Int64
			a, b := pair(t, c.side, func(e linkfifo.Event) {
				if e.Kind == linkfifo.Sent {
					sent[e.From[0]-'a'].Add(1)
				}
			})
			failed := make(chan tcpip.Error, 1)
			go func() { failed <- a.send(text) }()
			got, err := b.receive()
			if err != nil {
				t.Fatal(err)
			}
			if err := <-failed; err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, text) {
				t.Fatalf("%d bytes arrived, and not those of %d", len(got), len(text))
			}
			// Beside the text there are the first packet and the last.
			if want := (sent[0].Load() - 2) / int64(c.every); sent[1].Load() < want-1 || sent[1].Load() > want+1 {
				t.Errorf("%d packets one way, %d the other: want one for %d", sent[0].Load(), sent[1].Load(), c.every)
			}
			a.Close()
			b.Close()
		})
	}
}

// A corrupted packet is seen by its checksum, and ends the connection.
func TestCorruptionShows(t *testing.T) {
	a, b := pair(t, linkfifo.Side{Path: linkfifo.Path{Corrupt: 0.05, QueuePackets: 4096}}, nil)
	failed := make(chan tcpip.Error, 1)
	// Less than a window: the writer does not wait for acknowledgments.
	go func() { failed <- a.send(make([]byte, Window/2)) }()
	got, err := b.receive()
	if _, aborted := err.(*tcpip.ErrConnectionAborted); !aborted {
		t.Errorf("%d bytes arrived, then %v", len(got), err)
	}
	if err := <-failed; err != nil {
		t.Error(err)
	}
	if i := bytes.IndexFunc(got, func(r rune) bool { return r != 0 }); i >= 0 {
		t.Errorf("byte %d is corrupt", i)
	}
}

// Both ends answer for what they are not.
func TestMisuse(t *testing.T) {
	a, b := pair(t, linkfifo.Side{}, nil)
	a.Close()
	a.Close()
	if _, err := a.Write(bytes.NewReader([]byte{1}), tcpip.WriteOptions{}); err == nil {
		t.Error("a closed endpoint takes text")
	}
	if _, err := a.Read(io.Discard, tcpip.ReadOptions{}); err == nil {
		t.Error("a closed endpoint gives text")
	}
	if err := a.Shutdown(tcpip.ShutdownWrite); err == nil {
		t.Error("a closed endpoint can be shut down")
	}
	if err := b.Listen(1); err != nil {
		t.Errorf("an endpoint with a port cannot listen: %v", err)
	}
	b.Close()
}
