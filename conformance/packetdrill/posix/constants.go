// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

// The constants of Linux's headers, with the values that they have on 64-bit
// x86 and ARM, whatever system this runs on.
const (
	// Address families, of socket and of sockaddr.
	AF_UNSPEC = 0
	AF_INET   = 2
	AF_INET6  = 10

	PF_UNSPEC = 0
	PF_INET   = 2
	PF_INET6  = 10

	// Types of socket, and the flags that socket and accept4 take with them.
	SOCK_STREAM   = 1
	SOCK_DGRAM    = 2
	SOCK_RAW      = 3
	SOCK_NONBLOCK = 0o4000
	SOCK_CLOEXEC  = 0o2000000

	// Protocols, and levels of options.
	IPPROTO_IP     = 0
	IPPROTO_ICMP   = 1
	IPPROTO_TCP    = 6
	IPPROTO_UDP    = 17
	IPPROTO_IPV6   = 41
	IPPROTO_ICMPV6 = 58
	IPPROTO_MPTCP  = 262

	// Levels of options.
	SOL_IP     = 0
	SOL_SOCKET = 1
	SOL_TCP    = 6
	SOL_UDP    = 17
	SOL_IPV6   = 41

	// Flags of messages.
	MSG_OOB          = 0x1
	MSG_PEEK         = 0x2
	MSG_DONTROUTE    = 0x4
	MSG_CTRUNC       = 0x8
	MSG_TRUNC        = 0x20
	MSG_DONTWAIT     = 0x40
	MSG_EOR          = 0x80
	MSG_WAITALL      = 0x100
	MSG_CONFIRM      = 0x800
	MSG_ERRQUEUE     = 0x2000
	MSG_NOSIGNAL     = 0x4000
	MSG_MORE         = 0x8000
	MSG_WAITFORONE   = 0x10000
	MSG_BATCH        = 0x40000
	MSG_SPLICE_PAGES = 0x8000000
	MSG_ZEROCOPY     = 0x4000000
	MSG_FASTOPEN     = 0x20000000
	MSG_CMSG_CLOEXEC = 0x40000000

	// What shutdown shuts.
	SHUT_RD   = 0
	SHUT_WR   = 1
	SHUT_RDWR = 2

	// What fcntl does.
	F_DUPFD         = 0
	F_GETFD         = 1
	F_SETFD         = 2
	F_GETFL         = 3
	F_SETFL         = 4
	F_DUPFD_CLOEXEC = 1030

	FD_CLOEXEC = 1

	// Flags of open files.
	O_RDONLY   = 0
	O_WRONLY   = 1
	O_RDWR     = 2
	O_CREAT    = 0o100
	O_EXCL     = 0o200
	O_TRUNC    = 0o1000
	O_APPEND   = 0o2000
	O_NONBLOCK = 0o4000
	O_CLOEXEC  = 0o2000000

	// Requests of ioctl.
	SIOCINQ     = 0x541b
	SIOCOUTQ    = 0x5411
	SIOCOUTQNSD = 0x894b
	SIOCATMARK  = 0x8905

	FIONREAD = 0x541b
	FIONBIO  = 0x5421

	TIOCINQ  = 0x541b
	TIOCOUTQ = 0x5411

	// Events of poll.
	POLLIN     = 0x1
	POLLPRI    = 0x2
	POLLOUT    = 0x4
	POLLERR    = 0x8
	POLLHUP    = 0x10
	POLLNVAL   = 0x20
	POLLRDNORM = 0x40
	POLLRDBAND = 0x80
	POLLWRNORM = 0x100
	POLLWRBAND = 0x200
	POLLMSG    = 0x400
	POLLRDHUP  = 0x2000

	// Events of epoll, and the flags with them.
	EPOLLIN        = 0x1
	EPOLLPRI       = 0x2
	EPOLLOUT       = 0x4
	EPOLLERR       = 0x8
	EPOLLHUP       = 0x10
	EPOLLRDNORM    = 0x40
	EPOLLRDBAND    = 0x80
	EPOLLWRNORM    = 0x100
	EPOLLWRBAND    = 0x200
	EPOLLMSG       = 0x400
	EPOLLRDHUP     = 0x2000
	EPOLLEXCLUSIVE = 0x10000000
	EPOLLWAKEUP    = 0x20000000
	EPOLLONESHOT   = 0x40000000
	EPOLLET        = 0x80000000

	// What epoll_ctl does.
	EPOLL_CTL_ADD = 1
	EPOLL_CTL_DEL = 2
	EPOLL_CTL_MOD = 3

	EPOLL_CLOEXEC = 0o2000000

	// Flags of splice.
	SPLICE_F_MOVE     = 1
	SPLICE_F_NONBLOCK = 2
	SPLICE_F_MORE     = 4
	SPLICE_F_GIFT     = 8

	// Options of SOL_SOCKET.
	SO_DEBUG            = 1
	SO_REUSEADDR        = 2
	SO_TYPE             = 3
	SO_ERROR            = 4
	SO_DONTROUTE        = 5
	SO_BROADCAST        = 6
	SO_SNDBUF           = 7
	SO_RCVBUF           = 8
	SO_KEEPALIVE        = 9
	SO_OOBINLINE        = 10
	SO_NO_CHECK         = 11
	SO_PRIORITY         = 12
	SO_LINGER           = 13
	SO_BSDCOMPAT        = 14
	SO_REUSEPORT        = 15
	SO_PASSCRED         = 16
	SO_PEERCRED         = 17
	SO_RCVLOWAT         = 18
	SO_SNDLOWAT         = 19
	SO_RCVTIMEO         = 20
	SO_SNDTIMEO         = 21
	SO_BINDTODEVICE     = 25
	SO_ATTACH_FILTER    = 26
	SO_DETACH_FILTER    = 27
	SO_PEERNAME         = 28
	SO_TIMESTAMP        = 29
	SO_ACCEPTCONN       = 30
	SO_SNDBUFFORCE      = 32
	SO_RCVBUFFORCE      = 33
	SO_TIMESTAMPNS      = 35
	SO_MARK             = 36
	SO_TIMESTAMPING     = 37
	SO_PROTOCOL         = 38
	SO_DOMAIN           = 39
	SO_RXQ_OVFL         = 40
	SO_PEEK_OFF         = 42
	SO_LOCK_FILTER      = 44
	SO_BUSY_POLL        = 46
	SO_MAX_PACING_RATE  = 47
	SO_INCOMING_CPU     = 49
	SO_ATTACH_BPF       = 50
	SO_MEMINFO          = 55
	SO_INCOMING_NAPI_ID = 56
	SO_COOKIE           = 57
	SO_ZEROCOPY         = 60
	SO_TXTIME           = 61
	SO_BINDTOIFINDEX    = 62
	SO_BUF_LOCK         = 72
	SO_RESERVE_MEM      = 73
	SO_TXREHASH         = 74

	// Types of control messages of SOL_SOCKET.
	SCM_RIGHTS       = 1
	SCM_TIMESTAMP    = 29
	SCM_TIMESTAMPNS  = 35
	SCM_TIMESTAMPING = 37
	SCM_TXTIME       = 61

	SCM_TSTAMP_SND   = 0
	SCM_TSTAMP_SCHED = 1
	SCM_TSTAMP_ACK   = 2

	// Flags of SO_TIMESTAMPING.
	SOF_TIMESTAMPING_TX_HARDWARE  = 1
	SOF_TIMESTAMPING_TX_SOFTWARE  = 2
	SOF_TIMESTAMPING_RX_HARDWARE  = 4
	SOF_TIMESTAMPING_RX_SOFTWARE  = 8
	SOF_TIMESTAMPING_SOFTWARE     = 16
	SOF_TIMESTAMPING_SYS_HARDWARE = 32
	SOF_TIMESTAMPING_RAW_HARDWARE = 64
	SOF_TIMESTAMPING_OPT_ID       = 128
	SOF_TIMESTAMPING_TX_SCHED     = 256
	SOF_TIMESTAMPING_TX_ACK       = 512
	SOF_TIMESTAMPING_OPT_CMSG     = 1024
	SOF_TIMESTAMPING_OPT_TSONLY   = 2048
	SOF_TIMESTAMPING_OPT_STATS    = 4096
	SOF_TIMESTAMPING_OPT_PKTINFO  = 8192
	SOF_TIMESTAMPING_OPT_TX_SWHW  = 16384
	SOF_TIMESTAMPING_BIND_PHC     = 32768
	SOF_TIMESTAMPING_OPT_ID_TCP   = 65536

	// Origins of what is in the error queue.
	SO_EE_ORIGIN_NONE         = 0
	SO_EE_ORIGIN_LOCAL        = 1
	SO_EE_ORIGIN_ICMP         = 2
	SO_EE_ORIGIN_ICMP6        = 3
	SO_EE_ORIGIN_TIMESTAMPING = 4
	SO_EE_ORIGIN_ZEROCOPY     = 5

	SO_EE_CODE_ZEROCOPY_COPIED = 1

	// Options of SOL_TCP.
	TCP_NODELAY              = 1
	TCP_MAXSEG               = 2
	TCP_CORK                 = 3
	TCP_KEEPIDLE             = 4
	TCP_KEEPINTVL            = 5
	TCP_KEEPCNT              = 6
	TCP_SYNCNT               = 7
	TCP_LINGER2              = 8
	TCP_DEFER_ACCEPT         = 9
	TCP_WINDOW_CLAMP         = 10
	TCP_INFO                 = 11
	TCP_QUICKACK             = 12
	TCP_CONGESTION           = 13
	TCP_MD5SIG               = 14
	TCP_THIN_LINEAR_TIMEOUTS = 16
	TCP_THIN_DUPACK          = 17
	TCP_USER_TIMEOUT         = 18
	TCP_REPAIR               = 19
	TCP_REPAIR_QUEUE         = 20
	TCP_QUEUE_SEQ            = 21
	TCP_REPAIR_OPTIONS       = 22
	TCP_FASTOPEN             = 23
	TCP_TIMESTAMP            = 24
	TCP_NOTSENT_LOWAT        = 25
	TCP_CC_INFO              = 26
	TCP_SAVE_SYN             = 27
	TCP_SAVED_SYN            = 28
	TCP_REPAIR_WINDOW        = 29
	TCP_FASTOPEN_CONNECT     = 30
	TCP_ULP                  = 31
	TCP_MD5SIG_EXT           = 32
	TCP_FASTOPEN_KEY         = 33
	TCP_FASTOPEN_NO_COOKIE   = 34
	TCP_ZEROCOPY_RECEIVE     = 35
	TCP_INQ                  = 36
	TCP_TX_DELAY             = 37
	TCP_RTO_MAX_MS           = 44
	TCP_RTO_MIN_US           = 45
	TCP_DELACK_MAX_US        = 46

	// Types of control messages of SOL_TCP.
	TCP_CM_INQ = 36

	// States, as TCP_INFO numbers them.
	TCP_ESTABLISHED = 1
	TCP_SYN_SENT    = 2
	TCP_SYN_RECV    = 3
	TCP_FIN_WAIT1   = 4
	TCP_FIN_WAIT2   = 5
	TCP_TIME_WAIT   = 6
	TCP_CLOSE       = 7
	TCP_CLOSE_WAIT  = 8
	TCP_LAST_ACK    = 9
	TCP_LISTEN      = 10
	TCP_CLOSING     = 11

	// States of congestion control.
	TCP_CA_Open     = 0
	TCP_CA_Disorder = 1
	TCP_CA_CWR      = 2
	TCP_CA_Recovery = 3
	TCP_CA_Loss     = 4

	// Options of a connection, in TCP_INFO.
	TCPI_OPT_TIMESTAMPS = 1
	TCPI_OPT_SACK       = 2
	TCPI_OPT_WSCALE     = 4
	TCPI_OPT_ECN        = 8
	TCPI_OPT_ECN_SEEN   = 16
	TCPI_OPT_SYN_DATA   = 32
	TCPI_OPT_USEC_TS    = 64

	// Options of SOL_IP.
	IP_TOS                  = 1
	IP_TTL                  = 2
	IP_HDRINCL              = 3
	IP_OPTIONS              = 4
	IP_RECVOPTS             = 6
	IP_RETOPTS              = 7
	IP_PKTINFO              = 8
	IP_MTU_DISCOVER         = 10
	IP_RECVERR              = 11
	IP_RECVTTL              = 12
	IP_RECVTOS              = 13
	IP_MTU                  = 14
	IP_FREEBIND             = 15
	IP_TRANSPARENT          = 19
	IP_RECVORIGDSTADDR      = 20
	IP_MINTTL               = 21
	IP_NODEFRAG             = 22
	IP_CHECKSUM             = 23
	IP_BIND_ADDRESS_NO_PORT = 24
	IP_MULTICAST_IF         = 32
	IP_MULTICAST_TTL        = 33
	IP_MULTICAST_LOOP       = 34
	IP_LOCAL_PORT_RANGE     = 51

	// Values of IP_MTU_DISCOVER.
	IP_PMTUDISC_DONT      = 0
	IP_PMTUDISC_WANT      = 1
	IP_PMTUDISC_DO        = 2
	IP_PMTUDISC_PROBE     = 3
	IP_PMTUDISC_INTERFACE = 4
	IP_PMTUDISC_OMIT      = 5

	// Options of IPPROTO_IPV6.
	IPV6_ADDRFORM         = 1
	IPV6_CHECKSUM         = 7
	IPV6_UNICAST_HOPS     = 16
	IPV6_MULTICAST_IF     = 17
	IPV6_MULTICAST_HOPS   = 18
	IPV6_MULTICAST_LOOP   = 19
	IPV6_MTU_DISCOVER     = 23
	IPV6_MTU              = 24
	IPV6_RECVERR          = 25
	IPV6_V6ONLY           = 26
	IPV6_RECVPKTINFO      = 49
	IPV6_PKTINFO          = 50
	IPV6_RECVHOPLIMIT     = 51
	IPV6_HOPLIMIT         = 52
	IPV6_RTHDR            = 57
	IPV6_DONTFRAG         = 62
	IPV6_RECVTCLASS       = 66
	IPV6_TCLASS           = 67
	IPV6_AUTOFLOWLABEL    = 70
	IPV6_ADDR_PREFERENCES = 72
	IPV6_MINHOPCOUNT      = 73
	IPV6_TRANSPARENT      = 75
	IPV6_FREEBIND         = 78
)
