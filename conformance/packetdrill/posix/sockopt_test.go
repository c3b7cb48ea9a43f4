// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix_test

import (
	"bytes"
	"testing"
	"time"

	"tcpcb/conformance/packetdrill/posix"
)

// What is set is told; values out of range, and too short ones, are EINVAL.
func TestOptions(t *testing.T) {
	everywhere(t, func(w *world) {
		k := w.a
		s := w.ok(k.Socket(posix.AF_INET6, posix.SOCK_STREAM, 0))
		const (
			sock, tcp, ip, ip6 = posix.SOL_SOCKET, posix.SOL_TCP, posix.SOL_IP, posix.SOL_IPV6
			bad                = posix.EINVAL
		)
		for _, tc := range []struct {
			level, name int
			set         int32
			errno       posix.Errno
			want        int64
		}{
			{sock, posix.SO_REUSEADDR, 1, 0, 1},
			{sock, posix.SO_REUSEPORT, 7, 0, 1},
			{sock, posix.SO_KEEPALIVE, 1, 0, 1},
			{sock, posix.SO_BROADCAST, 1, 0, 1},
			{sock, posix.SO_NO_CHECK, 1, 0, 1},
			{sock, posix.SO_OOBINLINE, 1, 0, 1},
			{sock, posix.SO_MARK, 5, 0, 5},
			{sock, posix.SO_RCVLOWAT, 1, 0, 1},
			{sock, posix.SO_BINDTOIFINDEX, 1, 0, 1},
			{sock, posix.SO_BINDTOIFINDEX, 0, 0, 0},
			{sock, posix.SO_SNDBUF, 100000, 0, 200000},
			{sock, posix.SO_RCVBUF, 100000, 0, 200000},
			{sock, posix.SO_RCVBUF, 1, 0, 4096},
			{sock, posix.SO_SNDBUF, -1, 0, 8 << 20},
			{sock, posix.SO_TYPE, 1, posix.ENOPROTOOPT, posix.SOCK_STREAM},
			{sock, posix.SO_DOMAIN, 1, posix.ENOPROTOOPT, posix.AF_INET6},
			{sock, posix.SO_PROTOCOL, 1, posix.ENOPROTOOPT, posix.IPPROTO_TCP},
			{sock, posix.SO_ACCEPTCONN, 1, posix.ENOPROTOOPT, 0},
			{sock, posix.SO_ERROR, 1, posix.ENOPROTOOPT, 0},
			{tcp, posix.TCP_NODELAY, 1, 0, 1},
			{tcp, posix.TCP_CORK, 1, 0, 1},
			{tcp, posix.TCP_QUICKACK, 0, 0, 0},
			{tcp, posix.TCP_INQ, 1, 0, 1},
			{tcp, posix.TCP_INQ, 2, bad, 1},
			{tcp, posix.TCP_NOTSENT_LOWAT, -1, 0, -1},
			{tcp, posix.TCP_NOTSENT_LOWAT, 0, 0, 0},
			{tcp, posix.TCP_MAXSEG, 1100, 0, 1100},
			{tcp, posix.TCP_MAXSEG, 1, bad, 1100},
			{tcp, posix.TCP_SYNCNT, 3, 0, 3},
			{tcp, posix.TCP_SYNCNT, 128, bad, 3},
			{tcp, posix.TCP_WINDOW_CLAMP, 5000, 0, 5000},
			{tcp, posix.TCP_KEEPCNT, 4, 0, 4},
			{tcp, posix.TCP_KEEPCNT, 0, bad, 4},
			{tcp, posix.TCP_KEEPIDLE, 10, 0, 10},
			{tcp, posix.TCP_KEEPIDLE, 40000, bad, 10},
			{tcp, posix.TCP_KEEPINTVL, 11, 0, 11},
			{tcp, posix.TCP_KEEPINTVL, -1, bad, 11},
			{tcp, posix.TCP_USER_TIMEOUT, 3000, 0, 3000},
			{tcp, posix.TCP_USER_TIMEOUT, -1, bad, 3000},
			{tcp, posix.TCP_LINGER2, 9, 0, 9},
			{tcp, posix.TCP_LINGER2, -1, 0, -1},
			{tcp, posix.TCP_DEFER_ACCEPT, 5, 0, 5},
			{tcp, posix.TCP_DEFER_ACCEPT, -5, 0, 0},
			{ip, posix.IP_TOS, 0x11, 0, 0x10},
			{ip, posix.IP_TTL, 7, 0, 7},
			{ip, posix.IP_TTL, 256, bad, 7},
			{ip, posix.IP_TTL, -1, 0, 64},
			{ip, posix.IP_MTU_DISCOVER, posix.IP_PMTUDISC_DONT, 0, posix.IP_PMTUDISC_DONT},
			{ip, posix.IP_MTU_DISCOVER, 6, bad, posix.IP_PMTUDISC_DONT},
			{ip, posix.IP_RECVTOS, 1, 0, 1},
			{ip, posix.IP_RECVTTL, 1, 0, 1},
			{ip, posix.IP_PKTINFO, 1, 0, 1},
			{ip, posix.IP_RECVERR, 1, 0, 1},
			{ip, posix.IP_FREEBIND, 1, 0, 1},
			{ip6, posix.IPV6_V6ONLY, 1, 0, 1},
			{ip6, posix.IPV6_TCLASS, 0x20, 0, 0x20},
			{ip6, posix.IPV6_TCLASS, 256, bad, 0x20},
			{ip6, posix.IPV6_UNICAST_HOPS, 9, 0, 9},
			{ip6, posix.IPV6_UNICAST_HOPS, -1, 0, 64},
			{ip6, posix.IPV6_UNICAST_HOPS, -2, bad, 64},
			{ip6, posix.IPV6_RECVTCLASS, 1, 0, 1},
			{ip6, posix.IPV6_RECVERR, 1, 0, 1},
		} {
			ret := 0
			if tc.errno != 0 {
				ret = -1
			}
			w.done(k.SetSockOpt(s, tc.level, tc.name, posix.Int32(tc.set)), ret, tc.errno)
			r := w.done(k.GetSockOpt(s, tc.level, tc.name, 4), 0, 0)
			if r.Value != tc.want || !bytes.Equal(r.Option, posix.Int32(int32(tc.want))) {
				w.Errorf("level %d option %d set to %d: %d, % x, want %d", tc.level, tc.name, tc.set, r.Value, r.Option, tc.want)
			}
		}
		w.done(k.SetSockOpt(s, sock, posix.SO_KEEPALIVE, []byte{1, 0}), -1, bad)
		w.done(k.SetSockOpt(s, tcp, posix.TCP_NODELAY, nil), -1, bad)
		w.done(k.SetSockOpt(s, ip, posix.IP_TOS, []byte{4}), 0, 0) // a byte will do
		if r := w.done(k.GetSockOpt(s, ip, posix.IP_TOS, 1), 0, 0); !bytes.Equal(r.Option, []byte{4}) {
			w.Errorf("IP_TOS % x", r.Option)
		}
		w.done(k.SetSockOpt(s, sock, posix.SO_RCVBUFFORCE, posix.Int32(20<<20)), 0, 0)
		if v := w.done(k.GetSockOpt(s, sock, posix.SO_RCVBUF, 4), 0, 0).Value; v != 40<<20 {
			w.Errorf("SO_RCVBUFFORCE: %d", v)
		}

		option := func(level, name int, set, want []byte, optlen int) {
			w.Helper()
			w.done(k.SetSockOpt(s, level, name, set), 0, 0)
			if got := w.done(k.GetSockOpt(s, level, name, optlen), 0, 0).Option; !bytes.Equal(got, want) {
				w.Errorf("level %d option %d: % x, want % x", level, name, got, want)
			}
		}
		option(sock, posix.SO_LINGER, posix.Linger(true, 7), posix.Linger(true, 7), 8)
		option(sock, posix.SO_LINGER, posix.Linger(false, 0), posix.Linger(false, 0)[:6], 6)
		option(sock, posix.SO_RCVTIMEO, posix.Timeval(1500*time.Millisecond), posix.Timeval(1500*time.Millisecond), 16)
		option(sock, posix.SO_SNDTIMEO, posix.Timeval(0), posix.Timeval(0), 100)
		option(sock, posix.SO_BINDTODEVICE, []byte("eth0\x00"), []byte("eth0\x00"), 16)
		option(sock, posix.SO_BINDTODEVICE, nil, nil, 16)
		option(tcp, posix.TCP_CONGESTION, []byte("cubic"), []byte("cubic"), 5)
		option(tcp, posix.TCP_CONGESTION, []byte("reno\x00"), append([]byte("reno"), make([]byte, 12)...), 20)
		w.done(k.SetSockOpt(s, tcp, posix.TCP_CONGESTION, []byte("no such thing")), -1, posix.ENOENT)
		w.done(k.SetSockOpt(s, tcp, posix.TCP_CONGESTION, nil), -1, bad)
		w.done(k.SetSockOpt(s, sock, posix.SO_BINDTODEVICE, []byte("eth7")), -1, posix.ENODEV)
		w.done(k.SetSockOpt(s, sock, posix.SO_LINGER, posix.Int32(1)), -1, bad)
		w.done(k.SetSockOpt(s, sock, posix.SO_RCVTIMEO, posix.Int32(1)), -1, bad)
		usec := posix.Timeval(time.Second - time.Microsecond)
		usec[8]++
		w.done(k.SetSockOpt(s, sock, posix.SO_RCVTIMEO, usec), -1, posix.EDOM)
	})
}

// What is set for a listener is set for its connections, but O_NONBLOCK.
func TestInherited(t *testing.T) {
	w := virtual(t)
	l := w.listen(80)
	w.done(w.b.SetSockOpt(l, posix.SOL_SOCKET, posix.SO_RCVTIMEO, posix.Timeval(time.Second)), 0, 0)
	w.done(w.b.SetSockOpt(l, posix.SOL_TCP, posix.TCP_NODELAY, posix.Int32(1)), 0, 0)
	accept := w.b.Accept(l)
	c := w.ok(w.a.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
	w.want(w.a.Connect(c, posix.Addr4(addrB, 80)), 0, 0)
	s := w.ok(accept)
	w.done(w.b.Fcntl(s, posix.F_GETFL, 0), posix.O_RDWR, 0)
	if v := w.done(w.b.GetSockOpt(s, posix.SOL_TCP, posix.TCP_NODELAY, 4), 0, 0).Value; v != 1 {
		t.Errorf("TCP_NODELAY %d", v)
	}
	read := w.b.Read(s, posix.Bytes(make([]byte, 1)))
	w.want(read, -1, posix.EAGAIN)
	if d := read.Ended().Sub(read.Begun()); d != time.Second {
		t.Errorf("read took %v", d)
	}
}

// TCP_INFO, by the names of its fields, and as bytes.
func TestTCPInfo(t *testing.T) {
	everywhere(t, func(w *world) {
		info := func(k *posix.Kernel, fd int) (*posix.TCPInfo, []byte) {
			w.Helper()
			r := w.done(k.GetSockOpt(fd, posix.SOL_TCP, posix.TCP_INFO, 1000), 0, 0)
			return r.Info, r.Option
		}
		x := w.ok(w.a.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
		if i, _ := info(w.a, x); i.Values()["tcpi_state"] != posix.TCP_CLOSE {
			w.Errorf("a new socket: %v", i.Values())
		}
		l := w.listen(79)
		if i, _ := info(w.b, l); i.Values()["tcpi_state"] != posix.TCP_LISTEN {
			w.Errorf("a listener: %v", i.Values())
		}
		c, s := w.connect(80)
		w.done(w.a.Write(c, posix.Bytes(text(5000))), 5000, 0)
		w.want(w.b.Recv(s, posix.Bytes(make([]byte, 5000)), posix.MSG_WAITALL), 5000, 0)
		w.pass(100 * time.Millisecond)
		i, b := info(w.a, c)
		v := i.Values()
		want := map[string]int64{"tcpi_state": posix.TCP_ESTABLISHED, "tcpi_ca_state": posix.TCP_CA_Open}
		if w.clock != nil { // on a busy machine, something may be sent again
			want["tcpi_snd_ssthresh"] = 0x7fffffff
			want["tcpi_rtt"], want["tcpi_min_rtt"] = 2000, 2000
			want["tcpi_total_retrans"] = 0
		}
		if w.ours {
			want["tcpi_options"] = posix.TCPI_OPT_SACK | posix.TCPI_OPT_TIMESTAMPS | posix.TCPI_OPT_WSCALE
			want["tcpi_snd_mss"], want["tcpi_advmss"] = 1448, 1460
			want["tcpi_unacked"], want["tcpi_notsent_bytes"], want["tcpi_lost"] = 0, 0, 0
		}
		for name, n := range want {
			if got, known := i.Get(name); got != n || !known {
				w.Errorf("%s %d, %v; want %d", name, got, known, n)
			}
		}
		if v["tcpi_rtt"] < 2000 || v["tcpi_rtt"] > 1_000_000 || v["tcpi_snd_cwnd"] < 1 {
			w.Errorf("%v", v)
		}
		if _, known := i.Get("tcpi_rwnd_limited"); known {
			w.Error("tcpi_rwnd_limited is known")
		}
		if _, known := i.Get("tcpi_unacked"); known != w.ours {
			w.Errorf("tcpi_unacked is known: %v", known)
		}
		if len(b) != 280 || b[0] != posix.TCP_ESTABLISHED || int64(b[80])|int64(b[81])<<8 != v["tcpi_snd_cwnd"] {
			w.Errorf("% x", b)
		}
		known := map[string]bool{}
		for _, n := range posix.InfoNames() {
			known[n] = true
		}
		for n := range v {
			if !known[n] {
				w.Errorf("%s is no field", n)
			}
		}

		// The end of the connection does not take away what is known of it.
		w.done(w.b.SetSockOpt(s, posix.SOL_SOCKET, posix.SO_LINGER, posix.Linger(true, 0)), 0, 0)
		w.done(w.b.Close(s), 0, 0)
		w.want(w.a.Read(c, posix.Bytes(make([]byte, 1))), -1, posix.ECONNRESET)
		if i, _ = info(w.a, c); i.Values()["tcpi_state"] != posix.TCP_CLOSE {
			w.Errorf("after a reset: %v", i.Values())
		}
	})
}

func TestSymbolNames(t *testing.T) {
	for _, tc := range []struct{ got, want string }{
		{posix.SymbolName("SOL_", posix.SOL_TCP), "SOL_TCP"},
		{posix.SymbolName("SO_", posix.SO_SNDBUF), "SO_SNDBUF"},
		{posix.SymbolName("TCP_STATE", 1), "TCP_ESTABLISHED"},
		{posix.SymbolName("TCP_", 12345), "12345"},
		{posix.FlagNames("EPOLL", posix.EPOLLIN|posix.EPOLLET), "EPOLLIN|EPOLLET"},
		{posix.FlagNames("MSG_", 0), "0"},
		{posix.FlagNames("MSG_", posix.MSG_PEEK|1<<40), "MSG_PEEK|0x10000000000"},
		{posix.FlagNames("O_", posix.O_RDWR|posix.O_NONBLOCK), "O_RDWR|O_NONBLOCK"},
		{posix.FlagNames("O_", 0), "O_RDONLY"},
		{posix.FlagNames("POLL", posix.POLLERR|posix.POLLHUP), "POLLERR|POLLHUP"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s, want %s", tc.got, tc.want)
		}
	}
	if v, ok := posix.Symbol("TCP_CA_Recovery"); !ok || v != 3 {
		t.Errorf("TCP_CA_Recovery is %d", v)
	}
	if _, ok := posix.Symbol("SO_NOTHING"); ok {
		t.Error("SO_NOTHING has a value")
	}
}
