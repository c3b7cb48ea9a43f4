// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"strings"
	"testing"

	"tcpcb/conformance/packetdrill/script"
)

const opened = `
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
   +0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
   +0 > S 0:0(0) <...>
  +.1 < S. 0:0(0) ack 1 win 32768 <mss 1000,nop,nop,sackOK>
   +0 > . 1:1(0) ack 1
`

// Each leniency lets pass what strict matching does not, and is named; what lies
// beyond it fails in both.
func TestLeniencies(t *testing.T) {
	const syn = `
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
   +0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
   +0 > S 0:0(0) `
	const nagle = "+0 write(3, ..., 2100) = 2100\n"
	const epoll = "+0 epoll_create(1) = 5\n +0 epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLOUT|EPOLLIN, fd=3}) = 0\n"
	small := "`sysctl -q net.ipv4.tcp_wmem=\"4096 10000 10000\"`\n" + opened + "+0 fcntl(3, F_SETFL, O_RDWR) = 0\n"
	full := "`sysctl -q net.ipv4.tcp_wmem=\"4096 10000 10000\"`\n" + opened + "+0 write(3, ..., 20000) = 10000\n"
	shut := strings.Replace(opened, "win 32768", "win 0", 1) + "+0 write(3, ..., 10) = 10\n"
	const gaps = `
  +.1 < . 1001:2001(1000) ack 1 win 9
   +0 > . 1:1(0) ack 1 <...>
  +.1 < . 3001:4001(1000) ack 1 win 9
   +0 > . 1:1(0) ack 1 <...>
  +.1 < . 5001:6001(1000) ack 1 win 9
`
	tests := []struct {
		name, within, beyond string
		want                 string
	}{
		{"order of options",
			syn + "<sackOK,mss 1460,TS val 1 ecr 0,nop,wscale 7>",
			syn + "<sackOK,mss 1459,TS val 1 ecr 0,nop,wscale 7>", lenientOptionOrder},
		{"padding of options",
			syn + "<mss 1460,sackOK,nop,nop,nop,wscale 7,TS val 1 ecr 0,nop,nop>",
			syn + "<mss 1460,sackOK,nop,nop,nop,wscale 7,TS val 1 ecr 0,sack 1:2>", lenientOptionOrder},
		{"scale",
			syn + "<mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 3>",
			syn + "<mss 1461,sackOK,TS val 1 ecr 0,nop,wscale 3>", lenientScale},
		{"offer",
			syn + "<mss 1460,nop,nop,sackOK,nop,wscale 7>",
			opened + "+.1 < P. 1:11(10) ack 1 win 9\n +0 > . 1:1(0) ack 11 <nop,nop,TS val 1 ecr 1>", lenientOffer},
		{"PSH",
			opened + "+0 write(3, ..., 10) = 10\n +0 > . 1:11(10) ack 1",
			opened + "+0 write(3, ..., 10) = 10\n +0 > U. 1:11(10) ack 1", lenientPush},
		{"window",
			opened + "+.1 < P. 1:11(10) ack 1 win 9\n +0 > . 1:1(0) ack 11 win 17",
			opened + "+.1 < P. 1:11(10) ack 1 win 9\n +0 > . 1:1(0) ack 11 win 0", lenientWindow},
		{"SACK blocks",
			opened + gaps + " +0 > . 1:1(0) ack 1 <nop,nop,sack 5001:6001 1001:2001 3001:4001>",
			opened + gaps + " +0 > . 1:1(0) ack 1 <nop,nop,sack 3001:4001 5001:6001 1001:2001>", lenientBlocks},
		{"cut",
			opened + "+0 write(3, ..., 2000) = 2000\n +0 > . 1:501(500) ack 1\n +0 > P. 501:2001(1500) ack 1",
			opened + "+0 write(3, ..., 2000) = 2000\n +0 > . 1:501(500) ack 1\n +.1 > P. 501:2001(1500) ack 1", lenientCut},
		{"FIN on text",
			opened + "+0 write(3, ..., 2000) = 2000\n +0 shutdown(3, SHUT_WR) = 0\n +0 > FP. 1:2001(2000) ack 1",
			opened + "+0 write(3, ..., 2000) = 2000\n +0 shutdown(3, SHUT_WR) = 0\n +0 > FP. 1:2002(2001) ack 1", lenientCut},
		{"time of an acknowledgment",
			opened + "+.1 < P. 1:11(10) ack 1 win 9\n +.3 > . 1:1(0) ack 11",
			opened + "+.1 < P. 1:11(10) ack 1 win 9\n +0 write(3, ..., 10) = 10\n +.3 > P. 1:11(10) ack 11", lenientAckTime},
		{"acknowledgments combined",
			opened + "+.1 < P. 1:11(10) ack 1 win 9\n +0 < P. 11:21(10) ack 1 win 9\n +0 > . 1:1(0) ack 11\n +0 > . 1:1(0) ack 21",
			opened + "+.1 < P. 1:11(10) ack 1 win 9\n +0 < P. 11:21(10) ack 1 win 9\n +0 > . 1:1(0) ack 11\n +0 > . 1:1(0) ack 22", lenientAckJoined},
		{"acknowledgment on text",
			opened + "+.1 < P. 1:11(10) ack 1 win 9\n +0 write(3, ..., 5) = 5\n +0 > . 1:1(0) ack 11\n +0 > P. 1:6(5) ack 11",
			opened + "+.1 < P. 1:11(10) ack 1 win 9\n +0 write(3, ..., 5) = 5\n +0 > . 1:1(0) ack 11\n +0 > P. 1:6(5) ack 12", lenientAckJoined},
		{"acknowledgment more",
			opened + "+.1 < P. 1:11(10) ack 1 win 9\n +.1 < P. 11:21(10) ack 1 win 9\n +0 > . 1:1(0) ack 21",
			opened + "+.1 < . 11:21(10) ack 1 win 9\n +.1 < . 31:41(10) ack 1 win 9\n +0 > . 1:1(0) ack 1 <nop,nop,sack 31:41 11:21>", lenientAckExtra},
		{"answer",
			opened + "+.1 < . 1:1(0) ack 99 win 9\n +0 < P. 1:11(10) ack 1 win 9\n +0 > . 1:1(0) ack 11",
			opened + "+.1 < . 1:1(0) ack 99 win 9\n +0 < P. 1:11(10) ack 1 win 9\n +0 > . 1:1(0) ack 12", lenientAnswer},
		{"Nagle",
			opened + nagle + "+0 > P. 1:2101(2100) ack 1\n +.1 < . 1:1(0) ack 2001 win 32768\n +.1 < . 1:1(0) ack 2101 win 32768\n" +
				"+0 write(3, ..., 10) = 10\n +0 > P. 2101:2111(10) ack 1",
			opened + nagle + "+0 > P. 1:3101(3100) ack 1", lenientNagle},
		{"probe",
			shut + "+.3 > . 0:0(0) ack 1",
			shut + "+.6 > . 0:0(0) ack 1", lenientProbe},
		{"writable",
			full + "+0 poll([{fd=3, events=POLLOUT, revents=POLLOUT}], 1, 0) = 1",
			full + "+0 poll([{fd=3, events=POLLOUT, revents=POLLOUT|POLLIN}], 1, 0) = 1", lenientWritable},
		{"writable, by epoll",
			full + epoll + "+0 epoll_wait(5, {events=EPOLLOUT, fd=3}, 1, 0) = 1",
			full + epoll + "+0 epoll_wait(5, {events=EPOLLIN, fd=3}, 1, 0) = 1", lenientWritable},
		{"buffer",
			strings.Replace(full, "= 10000", "= 9000", 1),
			strings.Replace(full, "= 10000", "= -1 EAGAIN (x)", 1), lenientBuffer},
		{"buffer, while it waits",
			small + "+0...0.4 write(3, ..., 20000) = 20000\n +0 > . 1:10001(10000) ack 1\n +.1 < . 1:1(0) ack 10001 win 32768\n +.3 < . 1:1(0) ack 10001 win 32768",
			small + "+0...0.05 write(3, ..., 20000) = 20000\n +0 > . 1:10001(10000) ack 1\n +.1 < . 1:1(0) ack 10001 win 32768", lenientBuffer},
		{"buffer, whose rest is written later",
			strings.Replace(full, "= 10000", "= 12000", 1) + "+0 > . 1:10001(10000) ack 1\n +.1 < . 1:1(0) ack 10001 win 32768\n +0 > P. 10001:12001(2000) ack 1",
			strings.Replace(full, "= 10000", "= 12000", 1) + "+0 > . 1:10001(10000) ack 1\n +.1 < . 1:1(0) ack 10001 win 32768\n +0 > P. 10001:13001(3000) ack 1", lenientBuffer},
		{"buffer, full of what is written later",
			strings.Replace(full, "= 10000", "= 12000", 1) + "+0 write(3, ..., 2000) = 1000\n +0 > . 1:10001(10000) ack 1\n +.1 < . 1:1(0) ack 10001 win 32768\n +0 > P. 10001:13001(3000) ack 1",
			full + "+0 write(3, ..., 2000) = 1000", lenientBuffer},
		{"reset",
			opened + "+0 close(3) = 0\n +0 > F. 1:1(0) ack 1\n +.1 < P. 1:11(10) ack 1 win 9\n +0 > R 1:1(0)",
			opened + "+0 close(3) = 0\n +0 > F. 1:1(0) ack 1\n +.1 < P. 1:11(10) ack 1 win 9\n +0 > . 2:2(0) ack 11", lenientReset},
		{"timer",
			opened + "+0 write(3, ..., 2000) = 2000\n +0 > P. 1:2001(2000) ack 1\n +.215 > P. 1001:2001(1000) ack 1",
			opened + "+0 write(3, ..., 2000) = 2000\n +0 > P. 1:2001(2000) ack 1\n +.3 > P. 1001:2001(1000) ack 1", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lenient := tcpcb()
			lenient.Match = MatchRFC
			strict := RunText("strict.pkt", tt.within, nil, tcpcb())
			r := RunText("rfc.pkt", tt.within, nil, lenient)
			if r.Verdict != Pass {
				t.Fatalf("%v", r)
			}
			if tt.want != "" && strict.Verdict != Fail {
				t.Errorf("strictly: %v, want a fail", strict)
			}
			var named []string
			for _, n := range r.Lenient {
				named = append(named, n.Text)
			}
			if got := strings.Join(named, ", "); !strings.Contains(got, tt.want) {
				t.Errorf("the leniencies are %q, want %q", got, tt.want)
			}
			if r := RunText("beyond.pkt", tt.beyond, nil, lenient); r.Verdict != Fail {
				t.Errorf("beyond it: %v, want a fail", r)
			}
		})
	}
}

// A timer that is finer than the script's may be sooner, and coarser later, but by
// no more than its granularity.
func TestTimerLeniency(t *testing.T) {
	const text = opened + "+0 write(3, ..., 2000) = 2000\n +0 > P. 1:2001(2000) ack 1\n +"
	// The probe comes after two round trips and two ticks of a millisecond.
	for at, want := range map[string]Verdict{
		".18": Fail, ".22": Pass, ".24": Fail, ".16": Fail,
	} {
		o := tcpcb()
		o.Match = MatchRFC
		o.Before = append(o.Before, fixedTolerance...)
		r := RunText("timer.pkt", text+at+" > P. 1001:2001(1000) ack 1", nil, o)
		if r.Verdict != want {
			t.Errorf("at %s: %v, want %s", at, r, want)
		}
	}
}

// A reset that the peer would not believe, or that acknowledges what did not come,
// is of no form.
func TestResetLeniency(t *testing.T) {
	s := &socket{liveISN: 1000, remoteISN: 2000, sentEnd: 1012, ack: 2005, acked: true}
	want := &script.TCP{Flags: script.RST, Seq: 1}
	for _, tt := range []struct {
		got script.TCP
		ok  bool
	}{
		{script.TCP{Flags: script.RST | script.ACK, Seq: 12, Ack: 5}, true},
		{script.TCP{Flags: script.RST, Seq: 12}, true},
		{script.TCP{Flags: script.RST, Seq: 13}, false},
		{script.TCP{Flags: script.RST, Seq: 11}, false},
		{script.TCP{Flags: script.RST | script.ACK, Seq: 12, Ack: 6}, false},
		{script.TCP{Flags: script.ACK, Seq: 12, Ack: 5}, false},
		{script.TCP{Flags: script.RST, Seq: 12, Len: 1}, false},
	} {
		if got := s.resetLeniency(want, &tt.got) != ""; got != tt.ok {
			t.Errorf("%v: %v, want %v", tt.got.String(), got, tt.ok)
		}
	}
}
