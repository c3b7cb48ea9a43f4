// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import "tcpcb/engine"

// rcvTuner measures how much the application reads in a round trip, so that the
// receive buffer can follow the path's bandwidth-delay product.
type rcvTuner struct {
	since  engine.Instant // when the measurement began
	copied int            // bytes read since then
	best   int            // the most that was read in a round trip
}

// ModerateRecvBuf implements tcpip.Endpoint: the application has read copied
// bytes. Unless SO_RCVBUF was set, the receive buffer grows so that its window
// is twice what was read in the best round trip, within the protocol's range: a
// sender in slow start doubles its rate in each.
func (e *Endpoint) ModerateRecvBuf(copied int) {
	now := e.lock()
	defer e.unlock(now)
	if e.opt.rcvFixed || !e.opened || e.retired {
		return
	}
	t := &e.need().tune
	t.copied += copied
	rtt := e.conn.Info().RTT
	if rtt == 0 || now.Sub(t.since) < rtt {
		return
	}
	if t.since != 0 && t.copied > t.best {
		t.best = t.copied
		limit := e.shared.Options().ReceiveBuffer.Max
		want := min(2*t.best<<windowShift, limit)
		if want > int(e.ops().GetReceiveBufferSize()) {
			e.SocketOptions().SetReceiveBufferSize(int64(want), false /* notify */)
			e.apply(now)
		}
	}
	t.since, t.copied = now, 0
}

// tuneSendBuffer grows the send buffer to twice the congestion window, within
// the protocol's range: one half is in flight, and the other is at hand when it
// is acknowledged. It is called when a buffer that was full has room again, and
// so stops when the application does.
func (e *Endpoint) tuneSendBuffer(now engine.Instant) {
	if e.opt.sndFixed || e.conn.State() != engine.StateEstablished {
		return
	}
	want := min(2*e.conn.Info().Cwnd, e.shared.Options().SendBuffer.Max)
	if want > int(e.ops().GetSendBufferSize()) {
		e.SocketOptions().SetSendBufferSize(int64(want), false /* notify */)
		e.apply(now)
	}
}
