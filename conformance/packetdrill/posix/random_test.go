// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"tcpcb/conformance/packetdrill/posix"
	"tcpcb/linkfifo"
	"tcpcb/transport"
)

// monkey makes calls that may mean anything, on both hosts of a world.
type monkey struct {
	*rand.Rand
	w     *world
	calls []*posix.Op
}

// number returns a number that an argument may be: as a rule a small one, some
// times one at an edge.
func (m *monkey) number() int {
	edges := []int{-1, 0, 1, 1 << 16, 1<<31 - 1, -1 << 31, 1 << 32, 1<<63 - 1}
	if m.IntN(4) == 0 {
		return edges[m.IntN(len(edges))]
	}
	return m.IntN(80)
}

// fd returns the number of a file, that there may be.
func (m *monkey) fd() int {
	if m.IntN(10) == 0 {
		return m.number()
	}
	return 3 + m.IntN(8)
}

func (m *monkey) memory() posix.Memory {
	switch m.IntN(6) {
	case 0:
		return posix.Null(m.number())
	case 1:
		return posix.Memory{}
	}
	return posix.Bytes(make([]byte, m.IntN(20000)))
}

func (m *monkey) message() *posix.Message {
	if m.IntN(10) == 0 {
		return nil
	}
	msg := &posix.Message{WantControl: m.IntN(2) == 0}
	for range m.IntN(4) {
		msg.Iov = append(msg.Iov, m.memory())
	}
	return msg
}

func (m *monkey) addr() posix.SockAddr {
	if m.IntN(2) == 0 { // where somebody listens
		return posix.Addr4([]netip.Addr{addrA, addrB}[m.IntN(2)], 80)
	}
	addrs := []netip.Addr{addrA, addrB, addrA6, addrB6, {}, netip.IPv4Unspecified(), netip.MustParseAddr("fe80::1"), netip.AddrFrom16(addrB.As16())}
	a := posix.SockAddr{Family: []int{posix.AF_INET, posix.AF_INET, posix.AF_INET6, posix.AF_UNSPEC, 77}[m.IntN(5)]}
	a.Addr, a.Port, a.Null = addrs[m.IntN(len(addrs))], uint16(80+m.IntN(3)), m.IntN(20) == 0
	return a
}

func (m *monkey) option() (level, name int) {
	switch m.IntN(5) {
	case 0:
		return posix.SOL_SOCKET, m.IntN(50)
	case 1:
		return posix.SOL_TCP, m.IntN(40)
	case 2:
		return posix.SOL_IP, m.IntN(40)
	case 3:
		return posix.SOL_IPV6, m.IntN(80)
	}
	return m.number(), m.number()
}

func (m *monkey) value() []byte {
	b := posix.Int32(int32(m.number()))
	for range m.IntN(3) {
		b = append(b, posix.Int32(int32(m.number()))...)
	}
	return b[:m.IntN(len(b)+1)]
}

func (m *monkey) offset() *int64 {
	if m.IntN(2) == 0 {
		return nil
	}
	n := int64(m.number())
	return &n
}

// flags returns flags of a message.
func (m *monkey) flags() int {
	all := []int{0, 0, posix.MSG_DONTWAIT, posix.MSG_PEEK, posix.MSG_TRUNC, posix.MSG_WAITALL, posix.MSG_MORE, posix.MSG_EOR, posix.MSG_FASTOPEN}
	one, two := all[m.IntN(len(all))], all[m.IntN(len(all))]
	return one | two
}

// call makes a call.
func (m *monkey) call(k *posix.Kernel) *posix.Op {
	level, name := m.option()
	switch m.IntN(32) {
	case 0, 1:
		families := []int{posix.AF_INET, posix.AF_INET, posix.AF_INET6, m.number()}
		return k.Socket(families[m.IntN(4)], posix.SOCK_STREAM|m.IntN(2)*posix.SOCK_NONBLOCK, m.IntN(2)*posix.IPPROTO_TCP)
	case 2, 3:
		return k.Bind(m.fd(), m.addr())
	case 4, 5:
		return k.Listen(m.fd(), m.number())
	case 6, 7:
		return k.Accept4(m.fd(), m.IntN(2)*posix.SOCK_NONBLOCK)
	case 8, 9, 10:
		return k.Connect(m.fd(), m.addr())
	case 11:
		return k.Shutdown(m.fd(), m.IntN(4))
	case 12:
		return k.Close(m.fd())
	case 13:
		return k.Read(m.fd(), m.memory())
	case 14:
		return k.Recv(m.fd(), m.memory(), m.flags())
	case 15:
		return k.RecvMsg(m.fd(), m.message(), m.flags())
	case 16:
		return k.Write(m.fd(), m.memory())
	case 17:
		return k.SendTo(m.fd(), m.memory(), m.flags(), m.addr())
	case 18:
		return k.SendMsg(m.fd(), m.message(), m.flags())
	case 19:
		return k.SendFile(m.fd(), m.fd(), m.offset(), m.number())
	case 20:
		return k.Splice(m.fd(), m.offset(), m.fd(), m.offset(), m.number(), m.IntN(16))
	case 21:
		if m.IntN(3) != 0 {
			return k.Close(m.fd())
		}
		return k.Pipe2(m.IntN(2) * posix.O_NONBLOCK)
	case 22:
		if m.IntN(3) != 0 {
			return k.GetSockName(m.fd())
		}
		return k.Open("file", m.IntN(2)*posix.O_NONBLOCK)
	case 23:
		return k.Fcntl(m.fd(), m.IntN(6), m.number())
	case 24:
		return k.Ioctl(m.fd(), []int{posix.SIOCINQ, posix.SIOCOUTQ, posix.SIOCOUTQNSD, posix.FIONBIO, m.number()}[m.IntN(5)], int64(m.number()))
	case 25:
		return k.PollFDs([]posix.PollFD{{FD: m.fd(), Events: int16(m.number())}, {FD: m.fd(), Events: posix.POLLIN}}, m.IntN(20)-1)
	case 26:
		return k.EpollCreate(m.number())
	case 27:
		ev := &posix.EpollEvent{Events: []uint32{posix.EPOLLIN, posix.EPOLLOUT, posix.EPOLLIN | posix.EPOLLET, uint32(m.number())}[m.IntN(4)]}
		return k.EpollCtl(m.fd(), m.IntN(5), m.fd(), ev)
	case 28:
		return k.EpollWait(m.fd(), m.number(), m.IntN(20)-1)
	case 29:
		return k.GetSockOpt(m.fd(), level, name, m.number())
	case 30:
		return k.SetSockOpt(m.fd(), level, name, m.value())
	}
	return k.GetPeerName(m.fd())
}

// run makes n calls, ends the processes, and returns what all calls returned.
func (m *monkey) run(n int) []string {
	w := m.w
	// There is something to begin with: connections, a listener, and a file.
	for port := range 2 {
		w.connect(uint16(90 + port))
	}
	for _, k := range []*posix.Kernel{w.a, w.b} {
		k.AddFile("file", text(3000))
		l := w.ok(k.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
		w.done(k.Bind(l, posix.Addr4(netip.Addr{}, 80)), 0, 0)
		w.done(k.Listen(l, 4), 0, 0)
	}
	for range n {
		k := w.a
		if m.IntN(2) == 0 {
			k = w.b
		}
		m.calls = append(m.calls, m.call(k))
		if m.IntN(3) == 0 {
			w.pass(time.Duration(m.IntN(5)) * time.Millisecond)
		}
		w.a.Poll()
		w.b.Poll()
	}
	w.a.Shut()
	w.b.Shut()
	var got []string
	for i, op := range m.calls {
		if !op.Done() {
			w.Fatalf("call %d, %s, goes on after the process", i, op.Name())
		}
		r := op.Result()
		if r.Ret < -1 || (r.Errno != 0) != (r.Ret == -1) || r.Unsupported != "" && r.Errno == 0 {
			w.Errorf("call %d, %s: %+v", i, op.Name(), r)
		}
		got = append(got, fmt.Sprintf("%s %v %v", op.Name(), r, op.Ended()))
	}
	return got
}

// Whatever the arguments, a call returns, with -1 and an errno or without; and the
// same calls in virtual time return the same, at the same time.
func TestAnyCalls(t *testing.T) {
	seeds := 150
	if testing.Short() {
		seeds = 20
	}
	well := map[string]int{} // how often each call went well
	for seed := range uint64(seeds) {
		run := func() []string {
			m := &monkey{Rand: rand.New(rand.NewPCG(seed, 1)), w: virtual(t)}
			got := m.run(300)
			for _, op := range m.calls {
				if op.Result().Errno == 0 {
					well[op.Name()]++
				}
			}
			return got
		}
		one, two := run(), run()
		for i := range one {
			if one[i] != two[i] {
				t.Fatalf("seed %d, call %d: %s, and then %s", seed, i, one[i], two[i])
			}
		}
	}
	t.Logf("calls that went well: %v", well)
	for _, name := range []string{"accept4", "connect", "recv", "recvmsg", "sendto", "sendmsg", "read", "write", "splice", "sendfile", "poll", "epoll_wait"} {
		if well[name] == 0 && !testing.Short() {
			t.Errorf("no %s went well: the test tries nothing", name)
		}
	}
	for seed := range uint64(seeds / 10) {
		(&monkey{Rand: rand.New(rand.NewPCG(seed, 2)), w: newWorld(t, tcp.NewProtocol, nil)}).run(150)
		(&monkey{Rand: rand.New(rand.NewPCG(seed, 3)), w: newWorld(t, transport.NewProtocol, linkfifo.NewVirtualClock())}).run(150)
	}
}
