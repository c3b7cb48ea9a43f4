// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The values are those of golang.org/x/sys, which has them from Linux's headers,
// for a selection of each kind.
func TestSymbolsOfLinux(t *testing.T) {
	for name, want := range map[string]int64{
		"AF_INET6": unix.AF_INET6, "SOCK_NONBLOCK": unix.SOCK_NONBLOCK, "SOCK_CLOEXEC": unix.SOCK_CLOEXEC,
		"IPPROTO_MPTCP": unix.IPPROTO_MPTCP, "SOL_SOCKET": unix.SOL_SOCKET, "SOL_TCP": unix.SOL_TCP, "SOL_IPV6": unix.SOL_IPV6,
		"MSG_PEEK": unix.MSG_PEEK, "MSG_TRUNC": unix.MSG_TRUNC, "MSG_DONTWAIT": unix.MSG_DONTWAIT, "MSG_EOR": unix.MSG_EOR,
		"MSG_WAITALL": unix.MSG_WAITALL, "MSG_ERRQUEUE": unix.MSG_ERRQUEUE, "MSG_NOSIGNAL": unix.MSG_NOSIGNAL,
		"MSG_MORE": unix.MSG_MORE, "MSG_ZEROCOPY": unix.MSG_ZEROCOPY, "MSG_FASTOPEN": unix.MSG_FASTOPEN,
		"SHUT_RDWR": unix.SHUT_RDWR, "F_GETFL": unix.F_GETFL, "F_SETFL": unix.F_SETFL, "F_DUPFD_CLOEXEC": unix.F_DUPFD_CLOEXEC,
		"O_RDWR": unix.O_RDWR, "O_NONBLOCK": unix.O_NONBLOCK, "O_CLOEXEC": unix.O_CLOEXEC, "O_APPEND": unix.O_APPEND,
		"SIOCINQ": unix.SIOCINQ, "SIOCOUTQ": unix.SIOCOUTQ, "SIOCOUTQNSD": unix.SIOCOUTQNSD,
		"POLLIN": unix.POLLIN, "POLLOUT": unix.POLLOUT, "POLLERR": unix.POLLERR, "POLLHUP": unix.POLLHUP, "POLLRDHUP": unix.POLLRDHUP,
		"EPOLLIN": unix.EPOLLIN, "EPOLLET": unix.EPOLLET, "EPOLLONESHOT": unix.EPOLLONESHOT, "EPOLLEXCLUSIVE": unix.EPOLLEXCLUSIVE,
		"EPOLL_CTL_ADD": unix.EPOLL_CTL_ADD, "EPOLL_CTL_MOD": unix.EPOLL_CTL_MOD, "EPOLL_CTL_DEL": unix.EPOLL_CTL_DEL,
		"SPLICE_F_NONBLOCK": unix.SPLICE_F_NONBLOCK, "SPLICE_F_MORE": unix.SPLICE_F_MORE,
		"SO_REUSEADDR": unix.SO_REUSEADDR, "SO_SNDBUF": unix.SO_SNDBUF, "SO_ERROR": unix.SO_ERROR, "SO_LINGER": unix.SO_LINGER,
		"SO_RCVLOWAT": unix.SO_RCVLOWAT, "SO_RCVTIMEO": unix.SO_RCVTIMEO, "SO_ZEROCOPY": unix.SO_ZEROCOPY,
		"SO_TIMESTAMPING": unix.SO_TIMESTAMPING, "SO_MARK": unix.SO_MARK, "SO_MAX_PACING_RATE": unix.SO_MAX_PACING_RATE,
		"SO_SNDBUFFORCE": unix.SO_SNDBUFFORCE, "SO_BINDTOIFINDEX": unix.SO_BINDTOIFINDEX,
		"SCM_TIMESTAMPING": unix.SCM_TIMESTAMPING, "SCM_TSTAMP_ACK": unix.SCM_TSTAMP_ACK,
		"SOF_TIMESTAMPING_OPT_ID": unix.SOF_TIMESTAMPING_OPT_ID, "SOF_TIMESTAMPING_TX_ACK": unix.SOF_TIMESTAMPING_TX_ACK,
		"SO_EE_ORIGIN_ZEROCOPY": unix.SO_EE_ORIGIN_ZEROCOPY, "SO_EE_ORIGIN_TIMESTAMPING": unix.SO_EE_ORIGIN_TIMESTAMPING,
		"TCP_NODELAY": unix.TCP_NODELAY, "TCP_CORK": unix.TCP_CORK, "TCP_INFO": unix.TCP_INFO, "TCP_CONGESTION": unix.TCP_CONGESTION,
		"TCP_USER_TIMEOUT": unix.TCP_USER_TIMEOUT, "TCP_NOTSENT_LOWAT": unix.TCP_NOTSENT_LOWAT, "TCP_INQ": unix.TCP_INQ,
		"TCP_CM_INQ": unix.TCP_CM_INQ, "TCP_FASTOPEN_CONNECT": unix.TCP_FASTOPEN_CONNECT, "TCP_MD5SIG": unix.TCP_MD5SIG,
		"IP_TOS": unix.IP_TOS, "IP_MTU_DISCOVER": unix.IP_MTU_DISCOVER, "IP_FREEBIND": unix.IP_FREEBIND, "IP_RECVERR": unix.IP_RECVERR,
		"IP_PMTUDISC_DONT": unix.IP_PMTUDISC_DONT, "IP_PMTUDISC_PROBE": unix.IP_PMTUDISC_PROBE,
		"IPV6_V6ONLY": unix.IPV6_V6ONLY, "IPV6_TCLASS": unix.IPV6_TCLASS, "IPV6_UNICAST_HOPS": unix.IPV6_UNICAST_HOPS,
		"EAGAIN": int64(unix.EAGAIN), "ETIMEDOUT": int64(unix.ETIMEDOUT), "EINPROGRESS": int64(unix.EINPROGRESS), "NULL": 0,
		"TCP_ESTABLISHED": unix.BPF_TCP_ESTABLISHED, "TCP_CLOSE": unix.BPF_TCP_CLOSE, "TCP_CLOSING": unix.BPF_TCP_CLOSING,
	} {
		if got, ok := Symbol(name); !ok || got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	for e, d := range errnos {
		if got := unix.ErrnoName(unix.Errno(e)); got != d.name && e != EOPNOTSUPP { // which is ENOTSUP too
			t.Errorf("errno %d is %s, and has the name %s here", e, got, d.name)
		}
	}
}

// The fields of struct tcp_info are where Linux has them, as far as the packages
// know it.
func TestInfoLayout(t *testing.T) {
	var i unix.TCPInfo
	for name, want := range map[string]uintptr{
		"tcpi_state": unsafe.Offsetof(i.State), "tcpi_options": unsafe.Offsetof(i.Options),
		"tcpi_rto": unsafe.Offsetof(i.Rto), "tcpi_snd_mss": unsafe.Offsetof(i.Snd_mss),
		"tcpi_unacked": unsafe.Offsetof(i.Unacked), "tcpi_fackets": unsafe.Offsetof(i.Fackets),
		"tcpi_last_ack_recv": unsafe.Offsetof(i.Last_ack_recv), "tcpi_rtt": unsafe.Offsetof(i.Rtt),
		"tcpi_snd_cwnd": unsafe.Offsetof(i.Snd_cwnd), "tcpi_total_retrans": unsafe.Offsetof(i.Total_retrans),
		"tcpi_pacing_rate": unsafe.Offsetof(i.Pacing_rate), "tcpi_bytes_received": unsafe.Offsetof(i.Bytes_received),
		"tcpi_segs_out": unsafe.Offsetof(i.Segs_out), "tcpi_notsent_bytes": unsafe.Offsetof(i.Notsent_bytes),
		"tcpi_min_rtt": unsafe.Offsetof(i.Min_rtt), "tcpi_delivery_rate": unsafe.Offsetof(i.Delivery_rate),
		"tcpi_rwnd_limited": unsafe.Offsetof(i.Rwnd_limited), "tcpi_delivered": unsafe.Offsetof(i.Delivered),
		"tcpi_bytes_retrans": unsafe.Offsetof(i.Bytes_retrans), "tcpi_reord_seen": unsafe.Offsetof(i.Reord_seen),
		"tcpi_rcv_wnd": unsafe.Offsetof(i.Rcv_wnd), "tcpi_rehash": unsafe.Offsetof(i.Rehash),
		"tcpi_total_rto": unsafe.Offsetof(i.Total_rto), "tcpi_total_rto_time": unsafe.Offsetof(i.Total_rto_time),
		"tcpi_received_ce_bytes": unsafe.Offsetof(i.Received_ce_bytes),
	} {
		found := false
		for _, f := range infoFields {
			if f.name == name {
				found = true
				if f.offset != int(want) {
					t.Errorf("%s at %d, want %d", name, f.offset, want)
				}
			}
		}
		if !found {
			t.Errorf("there is no %s", name)
		}
	}
	if last := infoFields[len(infoFields)-1]; last.offset+last.size > infoSize || infoSize != unsafe.Sizeof(i) {
		t.Errorf("%d bytes in fields, %d in all, want %d", last.offset+last.size, infoSize, unsafe.Sizeof(i))
	}
}
