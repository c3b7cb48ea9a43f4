// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
)

// A SYN cookie (RFC 4987, section 3.6) is an initial sequence number that says
// all a listener must know when the handshake's last segment comes back:
//
//	cookie = base(4-tuple, IRS) + (slot:5 | mss:3 | mac:24)
//
// base and mac are keyed hashes; mac covers the 4-tuple, the peer's initial
// sequence number, the slot of time and the MSS, so that a cookie is good for
// one connection attempt only, and for a short while. The base hides the other
// fields, and makes cookies span the whole sequence space.
const (
	cookieSlot     = 64 * time.Second
	cookieSlots    = 1 << 5
	cookieMaxAge   = 2 // in slots
	cookieMSSShift = 24
	cookieMACMask  = 1<<cookieMSSShift - 1
)

// CookieLifetime is how long after it was sent a SYN cookie may still be good.
const CookieLifetime = (cookieMaxAge + 1) * cookieSlot

// cookieMSS are the values of MSS that a cookie can tell, in bytes, growing:
// the smallest ones that links ask for, the defaults of IPv4 and IPv6, usual
// tunnels, Ethernet over IPv6 and IPv4, and jumbo frames.
var cookieMSS = [8]uint16{128, 536, 1220, 1360, 1400, 1440, 1460, 8940}

// Cookie returns the initial sequence number that answers a SYN with sequence
// number irs, offering mss bytes, without keeping any state. The cookie
// remembers the largest MSS it knows that is no larger than mss.
func (s *Secrets) Cookie(now engine.Instant, id *stack.TransportEndpointID, irs uint32, mss uint16) uint32 {
	var class uint32
	for i, m := range cookieMSS {
		if m <= mss {
			class = uint32(i)
		}
	}
	slot := slotAt(now)
	v := (slot%cookieSlots*uint32(len(cookieMSS))+class)<<cookieMSSShift | s.cookieMAC24(id, irs, slot, class)
	return s.cookieBase32(id, irs) + v
}

// CheckCookie returns the MSS that a cookie remembers, in bytes, and whether the
// cookie is genuine, was made for this 4-tuple and this irs, and is two to three
// minutes old at most.
func (s *Secrets) CheckCookie(now engine.Instant, id *stack.TransportEndpointID, irs, cookie uint32) (mss uint16, ok bool) {
	v := cookie - s.cookieBase32(id, irs)
	top := v >> cookieMSSShift
	class := top % uint32(len(cookieMSS))
	age := (slotAt(now) - top/uint32(len(cookieMSS))) % cookieSlots
	if age > cookieMaxAge {
		return 0, false
	}
	if v&cookieMACMask != s.cookieMAC24(id, irs, slotAt(now)-age, class) {
		return 0, false
	}
	return cookieMSS[class], true
}

// slotAt returns the slot of time that now lies in, not reduced: the MAC covers
// all of it, so that a cookie does not become good again after 32 slots.
func slotAt(now engine.Instant) uint32 { return uint32(int64(now) / int64(cookieSlot)) }

func (s *Secrets) cookieBase32(id *stack.TransportEndpointID, irs uint32) uint32 {
	words := [1]uint32{irs}
	return uint32(hashTuple(s.cookieBase, id, words[:]))
}

func (s *Secrets) cookieMAC24(id *stack.TransportEndpointID, irs, slot, class uint32) uint32 {
	words := [3]uint32{irs, slot, class}
	return uint32(hashTuple(s.cookieMAC, id, words[:])) & cookieMACMask
}
