// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/conformance/kit"
	"tcpcb/transport"
)

// TestTcpcb puts tcpcb to all cases. What it does not meet are SHOULDs.
func TestTcpcb(t *testing.T) {
	kit.Run(t, transport.NewProtocol,
		kit.With(kit.Provider{EnableECN: func(s *stack.Stack) error {
			if err := s.SetTransportProtocolOption(transport.ProtocolNumber, &transport.ECNOption{Mode: transport.ECNOn}); err != nil {
				return errors.New(err.String())
			}
			return nil
		}}),
		kit.Unmet("RFC6298/2.4/SHLD-minimum", "200 ms beyond SRTT, as in netstack and Linux"),
		kit.Unmet("RFC7323/3.2/SHLD-missing", "middleboxes strip options"),
		kit.Unmet("RFC7323/7/REC-offset", "one offset for a pair of hosts, as in netstack and Linux"),
	)
}

// TestNetstack puts netstack's own TCP to them: the kit is for any TCP.
func TestNetstack(t *testing.T) {
	kit.Run(t, tcp.NewProtocol,
		kit.Unmet("RFC2018/5/SHLD-record", "RACK has segments sent again that were selectively acknowledged"),
		kit.Unmet("RFC2883/4/duplicate", "no D-SACK"),
		kit.Unmet("RFC2883/4/duplicate-above", "no D-SACK"),
		kit.Unmet("RFC2883/4/once", "no D-SACK"),
		kit.Unmet("RFC3042/2/limited", "RACK sends the first segment again at once"),
		kit.Unmet("RFC5681/3.1/MUST-syn-lost", "ten segments all the same"),
		kit.Unmet("RFC5681/3.1/MUST-NOT-avoidance", "a segment for each acknowledgment"),
		kit.Unmet("RFC6298/5.7/MUST-syn", "1 s"),
		kit.Unmet("RFC8985/6.2/REC-timer", "it waits for the retransmission timer"),
		kit.Unmet("RFC8985/7.3/MUST-measured", "it does not look for a measurement"),
		kit.Unmet("RFC8985/7.3/SHLD-new", "the last segment all the same"),
		kit.Unmet("RFC5961/5.2/MUST-ack-range", "text with an old acknowledgment is taken"),
		kit.Unmet("RFC6298/2.4/SHLD-minimum", "200 ms"),
		kit.Unmet("RFC6675/5/MUST-recover", "RACK has segments sent again that were selectively acknowledged"),
		kit.Unmet("RFC7323/3.2/SHLD-missing", "taken"),
		kit.Unmet("RFC7323/5.2/REC-RST-answer", "no timestamps on such resets"),
		kit.Unmet("RFC7323/5.3/MUST-PAWS", "no PAWS"),
		kit.Unmet("RFC7323/7/REC-offset", "one offset for a pair of hosts"),
		kit.Unmet("RFC9293/3.7.1/MUST-15-IPv6", "536 bytes"),
		kit.Unmet("RFC9293/3.8.3/MUST-23", "127 s, whatever the option says"),
		kit.Unmet("RFC9293/3.8.6.3/SHLD-18", "no delay"),
		kit.Unmet("RFC9293/3.9.1.1/MUST-46", "SYNs to broadcast and multicast addresses"),
		kit.Unmet("RFC9293/3.9.1.2/MAY-16", "text goes as it was written"),
		kit.Unmet("RFC9293/3.10.7.4/ack-of-unsent", "no answer"),
	)
}

// deaf is a TCP that hears nothing, and rejects nothing: it keeps netstack's
// endpoints, and gets no packet for none of them.
type deaf struct{ stack.TransportProtocol }

func (deaf) HandleUnknownDestinationPacket(stack.TransportEndpointID, *stack.PacketBuffer) stack.UnknownDestinationPacketDisposition {
	return stack.UnknownDestinationPacketHandled
}

// mute has endpoints that never connect.
type mute struct{ deaf }

type stub struct{ tcpip.Endpoint }

func (stub) Listen(int) tcpip.Error { return nil }

func (m mute) NewEndpoint(n tcpip.NetworkProtocolNumber, q *waiter.Queue) (tcpip.Endpoint, tcpip.Error) {
	ep, err := m.TransportProtocol.NewEndpoint(n, q)
	return stub{ep}, err
}

// TestKitCanFail puts a TCP to the kit that answers nothing: nearly all cases fail,
// each with what was expected and the line of the case.
func TestKitCanFail(t *testing.T) {
	p := kit.Provider{Factory: func(s *stack.Stack) stack.TransportProtocol { return mute{deaf{tcp.NewProtocol(s)}} }}
	at := regexp.MustCompile(`\nat [^\n]*, cases?_\w+\.go:\d+, after:\n`)
	passed := 0
	for _, c := range kit.Cases() {
		err := c.Check(p)
		switch {
		case err == nil:
			passed++
		case errors.Is(err, kit.ErrNotApplicable):
		case !at.MatchString(err.Error()):
			t.Errorf("%s: an error without its place: %v", c.Name, err)
		}
	}
	// A connection can be opened from it all the same, by who needs no listener.
	if all := len(kit.Cases()); passed > all/3 {
		t.Errorf("%d of %d cases pass with a TCP that does not listen", passed, all)
	}
}

// TestOtherProtocol: what is no TCP is told as such.
func TestOtherProtocol(t *testing.T) {
	err := kit.Cases()[0].Check(kit.Provider{Factory: udp.NewProtocol})
	if err == nil || !strings.Contains(err.Error(), "NewEndpoint") {
		t.Errorf("a case of TCP with UDP: %v", err)
	}
}

// TestNames: each case has a name of RFC, section and requirement, of its own, and
// a sentence; they come in order.
func TestNames(t *testing.T) {
	form := regexp.MustCompile(`^RFC\d{4}/\d+(\.\d+)*/[A-Za-z0-9-]+$`)
	seen := make(map[string]bool)
	last := 0
	for _, c := range kit.Cases() {
		if !form.MatchString(c.Name) || c.About == "" || seen[c.Name] {
			t.Errorf("case %q, %q", c.Name, c.About)
		}
		seen[c.Name] = true
		n := 0
		for _, d := range c.Name[3:7] {
			n = 10*n + int(d-'0')
		}
		if n < last {
			t.Errorf("%s comes after RFC %d", c.Name, last)
		}
		last = n
	}
}
