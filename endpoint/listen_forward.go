// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/engine"
)

// Answer makes the connection id that syn, which came in pkt, asks for, without
// a listener: it sends a SYN-ACK, and waits until the handshake has ended. The
// connection's buffer for text from the peer is rcvBuf bytes, and its events
// are announced through wq. Errors are those of routing, ErrPortInUse when the
// connection is there already, and what ended the handshake.
//
// syn's text, if there is any, is left to be sent again. No lock may be held,
// and the caller must not be on the network's own stack of calls, which the
// answer may have to come by.
func Answer(s *Shared, id stack.TransportEndpointID, pkt *stack.PacketBuffer, syn *engine.Segment, rcvBuf int, wq *waiter.Queue) (*Endpoint, tcpip.Error) {
	route, err := routeBack(s.Stack, id, pkt)
	if err != nil {
		return nil, err
	}
	values, opt := s.beginning()
	values.v6Only, values.rcvBuf = true, int64(rcvBuf)
	e := newEndpoint(s, pkt.NetworkProtocolNumber, wq, s.answered.get(values, opt))
	e.place(id, route, pkt)
	done := make(answerDone, 1)
	now := e.lock()
	err = e.register()
	if err == nil {
		e.parent, e.opened = done, true
		e.conn.OpenPassive(now, e.params(now), e.settings(), syn)
	}
	e.unlock(now)
	if err != nil {
		e.Close()
		return nil, err
	}
	if <-done == handshakeDone {
		return e, nil
	}
	e.countFailedConnection()
	err = e.LastError()
	e.Close()
	if err == nil {
		err = &tcpip.ErrConnectionAborted{}
	}
	return nil, err
}

// answerDone takes the outcome of a handshake that Answer waits for.
type answerDone chan handshakeOutcome

// handshakeEnded implements passiveParent.
func (d answerDone) handshakeEnded(_ *Endpoint, how handshakeOutcome) { d <- how }
