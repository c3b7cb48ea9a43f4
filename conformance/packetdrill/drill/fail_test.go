// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"strings"
	"testing"

	"tcpcb/conformance/packetdrill/script"
)

// tolerant is for real time, on a machine that has other things to do.
var tolerant = []script.Option{{Name: "tolerance_usecs", Value: "90000"}}

// fixedTolerance is one that does not grow with time.
var fixedTolerance = []script.Option{{Name: "tolerance_percent", Value: "0"}, {Name: "tolerance_usecs", Value: "1000"}}

// model is a script that passes, with each kind of expectation once.
const model = "`sysctl -q net.ipv4.tcp_ecn=1`" + `
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0...0.1 connect(3, ..., ...) = 0
   +0 > [noecn] SEW 0:0(0) <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>
  +.1 < SE. 0:0(0) ack 1 win 32768 <mss 1000,nop,nop,sackOK>
   +0 > [noecn,ttl 64] . 1:1(0) ack 1 win 65535
   +0 write(3, ..., 3000) = 3000
   +0 > [ect0] P. 1:3001(3000) ack 1
 +.21 > P. 2001:3001(1000) ack 1
  +.1 < . 1:1(0) ack 3001 win 32768
   +0 getsockopt(3, SOL_TCP, TCP_MAXSEG, [1000], [4]) = 0
   +0 %{ assert tcpi_snd_mss == 1000, tcpi_snd_mss }%
  +.1 < [ect0] . 1001:2001(1000) ack 3001 win 32768
   +0 > . 3001:3001(0) ack 1 <nop,nop,sack 1001:2001>
   +0 < [ect0] P. 1:1001(1000) ack 3001 win 32768
   +0 > . 3001:3001(0) ack 2001
   +0 ioctl(3, SIOCINQ, [2000]) = 0
   +0 poll([{fd=3, events=POLLIN, revents=POLLIN}], 1, 0) = 1
   +0 epoll_create(1) = 4
   +0 epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN, fd=3}) = 0
   +0 epoll_wait(4, {events=EPOLLIN, fd=3}, 1, 0) = 1
   +0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
   +0 read(3, ..., 2000) = 2000
   +0 read(3, ..., 2000) = -1 EAGAIN (Resource temporarily unavailable)
   +0 shutdown(3, SHUT_WR) = 0
   +0 > F. 3001:3001(0) ack 2001
  +.1 < R. 2001:2001(0) ack 3002 win 0
`

// A wrong expectation of any kind fails, on its line and with its reason: the
// runner can fail.
func TestWrongExpectationsFail(t *testing.T) {
	if r := RunText("model.pkt", model, nil, tcpcb()); r.Verdict != Pass {
		t.Fatalf("the model does not pass: %v", r)
	}
	tests := []struct {
		name, right, wrong string
		want               string // part of the reason
	}{
		{"flag SYN", "> [noecn] SEW 0:0(0)", "> [noecn] EW 0:0(0)", ""},
		{"flag FIN", "> F. 3001:3001(0)", "> . 3001:3001(0)", "the flag F"},
		{"flag PSH", "> [ect0] P. 1:3001", "> [ect0] . 1:3001", "the flag P"},
		{"flag RST", "> F. 3001:3001(0)", "> R. 3001:3001(0)", "the flag R"},
		{"flag URG", "> F. 3001:3001(0)", "> FU. 3001:3001(0)", "the flag U"},
		{"flags of ECN", "SEW 0:0(0)", "S 0:0(0)", "ECN's flags"},
		{"sequence number", "> F. 3001:3001(0)", "> F. 3000:3000(0)", "the sequence number"},
		{"length", "2001:3001(1000) ack 1\n", "2001:2901(900) ack 1\n", "the length"},
		{"more text", "1:3001(3000) ack 1\n", "1:3002(3001) ack 1\n", "not the text"},
		{"acknowledgment", "> F. 3001:3001(0) ack 2001", "> F. 3001:3001(0) ack 2000", "the acknowledgment"},
		{"window", "ack 1 win 65535", "ack 1 win 65534", "the window"},
		{"urgent pointer", "> F. 3001:3001(0) ack 2001", "> F. 3001:3001(0) ack 2001 urg 1", "the urgent pointer"},
		{"ECN mark", "> [ect0] P.", "> [ect1] P.", "the ECN mark"},
		{"TOS", "> [ect0] P.", "> [tos 0x1] P.", "the TOS"},
		{"TTL", "ttl 64", "ttl 63", "the TTL"},
		{"port", "> F. 3001", "> 80 > 81 F. 3001", "the source port"},
		{"option's value", "mss 1460", "mss 1461", "list of options"},
		{"option's place", "mss 1460,sackOK,TS val 100 ecr 0", "sackOK,TS val 100 ecr 0,mss 1460", "list of options"},
		{"option missing", "<nop,nop,sack 1001:2001>", "", "list of options"},
		{"option too many", "> F. 3001:3001(0) ack 2001", "> F. 3001:3001(0) ack 2001 <nop,nop,nop,eol>", "list of options"},
		{"SACK block", "<nop,nop,sack 1001:2001>", "<nop,nop,sack 1001:2002>", "list of options"},
		{"too early", "+.21 > P.", "+.3 > P.", "not at its time"},
		{"too late", "+.21 > P.", "+.1 > P.", "not at its time"},
		{"after its range", "+.21 > P.", "+.1~+.15 > P.", "not at its time"},
		{"no such packet", "   +0 write", "   +0 > . 1:1(0) ack 1\n   +0 write", "no packet was sent"},
		{"a packet nobody asked for", "   +0 > . 3001:3001(0) ack 1 <nop,nop,sack 1001:2001>\n", "", "the packet is not as expected"},
		{"result", "write(3, ..., 3000) = 3000", "write(3, ..., 3000) = 2999", "write does not return"},
		{"success", "shutdown(3, SHUT_WR) = 0", "shutdown(3, SHUT_WR) = -1 ENOTCONN (x)", "shutdown does not return"},
		{"error", "= -1 EAGAIN", "= -1 EINVAL", "read does not return"},
		{"when a call returns", "+0...0.1 connect", "+0...0.2 connect", "the return of connect"},
		{"that a call returns", "+0...0.1 connect", "+0...0.05 connect", "connect"},
		{"option of a socket", "TCP_MAXSEG, [1000]", "TCP_MAXSEG, [1001]", "getsockopt"},
		{"length of an option", "[1000], [4]", "[1000], [8]", "getsockopt"},
		{"ioctl", "SIOCINQ, [2000]", "SIOCINQ, [2001]", "ioctl"},
		{"poll", "revents=POLLIN", "revents=POLLIN|POLLHUP", "revents"},
		{"epoll", "epoll_wait(4, {events=EPOLLIN,", "epoll_wait(4, {events=EPOLLOUT,", "the events"},
		{"epoll's data", "{events=EPOLLIN, fd=3}, 1, 0", "{events=EPOLLIN, fd=4}, 1, 0", "the events"},
		{"code", "tcpi_snd_mss == 1000", "tcpi_snd_mss == 1001", "assertion"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(model, tt.right) {
				t.Fatalf("the model has no %q", tt.right)
			}
			text := strings.Replace(model, tt.right, tt.wrong, 1)
			r := RunText("model.pkt", text, nil, tcpcb())
			if r.Verdict != Fail || !strings.Contains(r.Reason, tt.want) {
				t.Fatalf("%v, want a fail with %q", r, tt.want)
			}
			// The line is that of the change, or where its effect shows.
			if line := 1 + strings.Count(model[:strings.Index(model, tt.right)], "\n"); r.Line < line {
				t.Errorf("the fail is told on line %d, before line %d", r.Line, line)
			}
			if tt.name == "too early" && (r.Expected == "" || r.Actual == "") {
				t.Errorf("no difference is told: %v", r)
			}
		})
	}
}

// What is not there is unsupported, and what is no script broken: neither is a
// pass or a fail.
func TestUnsupportedAndBroken(t *testing.T) {
	const open = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
	tests := []struct {
		text string
		want Verdict
		line int
		why  string
	}{
		{open + "+0 frobnicate(3) = 0", Unsupported, 2, "frobnicate"},
		{open + "+0 setsockopt(3, SOL_SOCKET, SO_NOSUCH, [1], 4) = 0", Unsupported, 2, "SO_NOSUCH"},
		{open + "+0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 4", Unsupported, 2, "no TCP's"},
		{open + "+0 < udp (10)", Unsupported, 2, "UDP"},
		{open + "+0 > udp (10)", Unsupported, 2, "UDP"},
		{open + "+0 > ipv4 192.0.2.1 > 192.0.2.2: S 0:0(0)", Unsupported, 2, "tunnels"},
		{open + "+0 > gre: S 0:0(0)", Unsupported, 2, "gre"},
		{open + "+0 < S 0:0(0) win 5 <FO 1234>", Unsupported, 2, "Fast Open"},
		{open + "+0 > S 0:0(0) <FOEXP,nop,nop,nop,nop>", Unsupported, 2, "Fast Open"},
		{open + "+0 > S 0:0(0) <md5 0001,nop,nop,nop,nop>", Unsupported, 2, "MD5"},
		{open + "+0 > S.5 0:0(0)", Unsupported, 2, "AccECN"},
		{open + "+0 bind(3, 5, ...) = 0", Unsupported, 2, "address"},
		{open + "+0 %{ assert tcpi_nothing == 0 }%", Unsupported, 2, "tcpi_nothing"},
		{open + "+0 %{ import os }%", Unsupported, 2, "code"},
		{open + "+0 `rm -rf / ; reboot`", Unsupported, 2, "reboot"},
		{"`sysctl -q net.ipv4.tcp_nosuch=1`\n" + open, Unsupported, 1, "tcp_nosuch"},
		{"`sysctl -q net.ipv4.tcp_frto=0`\n" + open, Unsupported, 1, "tcp_frto=0"},
		{"`./nothing.sh`\n" + open, Unsupported, 1, "nothing.sh"},
		{"`cat < /etc/passwd`\n" + open, Unsupported, 1, "/etc/passwd"},
		{"`echo 1 > /tmp/x`\n" + open, Unsupported, 1, "/tmp/x"},
		{"--wire_client\n" + open, Unsupported, 1, "wire_client"},
		{"--mtu=x\n" + open, Broken, 1, "mtu"},
		{"--local_ip=::1\n" + open, Broken, 0, "version"},
		{"--ip_version=ipv5\n" + open, Broken, 1, "version"},
		{"1 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3", Broken, 1, "time 0"},
		{open + "+0 bind(3) = 0", Broken, 2, "argument"},
		{open + "+0 listen(3, 1, 5) = 0", Broken, 2, "argument"},
		{open + "+0 read(3, ..., -5) = 0", Broken, 2, "buffer"},
		{open + "+0 < . 1:1(0) win 5", Broken, 2, "no connection"},
		{open + "+0 < icmp unreachable", Broken, 2, "no connection"},
		{"0 > S 0:0(0)", Broken, 1, "no socket"},
		{"0 f(", Broken, 1, "expression"},
		{"`if`\n" + open, Broken, 1, "shell"},
		{"`false`\n" + open, Broken, 1, "failed"},
	}
	for _, tt := range tests {
		r := RunText("x.pkt", tt.text, nil, tcpcb())
		if r.Verdict != tt.want || r.Line != tt.line || !strings.Contains(r.Reason, tt.why) {
			t.Errorf("%q: %v, want %s on line %d with %q", tt.text, r, tt.want, tt.line, tt.why)
		}
	}
}

// Settings that have a counterpart are carried out, and others noted.
func TestSettings(t *testing.T) {
	const script = "`sysctl -q net.ipv4.tcp_sack=0 net/ipv4/tcp_rmem=\"4096 8000 $((8*1000))\"\n" +
		"echo 7 > /proc/sys/net/ipv4/tcp_min_tso_segs; ip tcp_metrics flush all > /dev/null 2>&1`\n" + `
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
   +0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
   +0 > S 0:0(0) win 4000 <mss 1460,nop,nop,TS val 100 ecr 0,nop,wscale 0>
`
	r := RunText("s.pkt", script, nil, tcpcb())
	if r.Verdict != Pass || len(r.Ignored) != 2 ||
		!strings.Contains(r.Ignored[0].Text, "tcp_min_tso_segs=7") || !strings.Contains(r.Ignored[1].Text, "tcp_metrics") {
		t.Errorf("%v, ignored %v", r, r.Ignored)
	}
}

// With --non_fatal, what fails is a warning.
func TestNonFatal(t *testing.T) {
	text := "--non_fatal=\"packet,syscall\"\n" + strings.NewReplacer(
		"ack 1 win 65535", "ack 1 win 1", "= 3000", "= 2999").Replace(model)
	r := RunText("model.pkt", text, nil, tcpcb())
	if r.Verdict != Pass || len(r.Warnings) != 2 {
		t.Errorf("%v, warnings %v", r, r.Warnings)
	}
}
