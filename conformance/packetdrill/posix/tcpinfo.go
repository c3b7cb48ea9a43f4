// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"math"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/endpoint"
	"tcpcb/engine"
)

// TCPInfo is the struct tcp_info of TCP_INFO, by the names that its fields have in
// Linux, as "tcpi_snd_cwnd", with Linux's units: microseconds for round trips and
// timeouts, milliseconds for what begins with "tcpi_last_", packets for windows and
// for what is outstanding. A TCP knows some of them; what it does not know has no
// value, and is not 0.
type TCPInfo struct {
	values map[string]int64
}

// infoField is a field of struct tcp_info: where it begins and how many bytes it
// has.
type infoField struct {
	name         string
	offset, size int
}

// infoFields are the fields in order, as in Linux's include/uapi/linux/tcp.h.
// tcpi_snd_wscale and tcpi_rcv_wscale share a byte.
var infoFields = func() []infoField {
	var fields []infoField
	at := 0
	add := func(size int, names ...string) {
		for _, n := range names {
			fields = append(fields, infoField{"tcpi_" + n, at, size})
			at += size
		}
	}
	add(1, "state", "ca_state", "retransmits", "probes", "backoff", "options", "snd_wscale", "delivery_rate_app_limited")
	add(4, "rto", "ato", "snd_mss", "rcv_mss", "unacked", "sacked", "lost", "retrans", "fackets",
		"last_data_sent", "last_ack_sent", "last_data_recv", "last_ack_recv",
		"pmtu", "rcv_ssthresh", "rtt", "rttvar", "snd_ssthresh", "snd_cwnd", "advmss", "reordering",
		"rcv_rtt", "rcv_space", "total_retrans")
	add(8, "pacing_rate", "max_pacing_rate", "bytes_acked", "bytes_received")
	add(4, "segs_out", "segs_in", "notsent_bytes", "min_rtt", "data_segs_in", "data_segs_out")
	add(8, "delivery_rate", "busy_time", "rwnd_limited", "sndbuf_limited")
	add(4, "delivered", "delivered_ce")
	add(8, "bytes_sent", "bytes_retrans")
	add(4, "dsack_dups", "reord_seen", "rcv_ooopack", "snd_wnd", "rcv_wnd", "rehash")
	add(2, "total_rto", "total_rto_recoveries")
	add(4, "total_rto_time", "received_ce", "delivered_e1_bytes", "delivered_e0_bytes", "delivered_ce_bytes",
		"received_e1_bytes", "received_e0_bytes", "received_ce_bytes")
	return fields
}()

// infoSize is how many bytes struct tcp_info has, with what fills it up at the
// end.
const infoSize = 280

// InfoNames returns the names of all fields of struct tcp_info, those that no TCP
// here fills in among them.
func InfoNames() []string {
	names := []string{"tcpi_rcv_wscale"}
	for _, f := range infoFields {
		names = append(names, f.name)
	}
	return names
}

// Get returns a field, and whether the TCP knows it.
func (i *TCPInfo) Get(name string) (int64, bool) {
	v, ok := i.values[name]
	return v, ok
}

// Values returns the fields that the TCP knows, by their names. It must not be
// changed.
func (i *TCPInfo) Values() map[string]int64 { return i.values }

// bytes returns the struct as Linux has it, with 0 where the TCP knows nothing.
func (i *TCPInfo) bytes() []byte {
	b := make([]byte, infoSize)
	for _, f := range infoFields {
		v := uint64(i.values[f.name])
		if f.name == "tcpi_snd_wscale" {
			v = v&15 | uint64(i.values["tcpi_rcv_wscale"])<<4
		}
		for n := range f.size {
			b[f.offset+n] = byte(v >> (8 * n))
		}
	}
	return b
}

// infiniteSsthresh is the threshold of slow start while there is none.
const infiniteSsthresh = 0x7fffffff

// tcpInfo returns what the socket's TCP knows.
func (s *socket) tcpInfo() (*TCPInfo, tcpip.Error) {
	var o tcpip.TCPInfoOption
	if err := s.ep.GetSockOpt(&o); err != nil {
		return nil, err
	}
	v := map[string]int64{
		"tcpi_state":        int64(s.state()),
		"tcpi_ca_state":     caState(o.CcState),
		"tcpi_rto":          o.RTO.Microseconds(),
		"tcpi_rtt":          o.RTT.Microseconds(),
		"tcpi_rttvar":       o.RTTVar.Microseconds(),
		"tcpi_snd_ssthresh": min(int64(o.SndSsthresh), infiniteSsthresh),
		"tcpi_snd_cwnd":     int64(o.SndCwnd),
		"tcpi_reord_seen":   bit(o.ReorderSeen),
	}
	endpoint.Inspect(s.ep, func(now engine.Instant, c *engine.Conn) {
		k := c.Snapshot(now)
		if k.SMSS == 0 {
			return // nothing is known before the peer's SYN is there
		}
		fillInfo(v, now, &k, c.Counters())
		v["tcpi_notsent_bytes"] = int64(c.Unsent())
	})
	return &TCPInfo{v}, nil
}

// caState returns the state of congestion control by Linux's numbers.
func caState(s tcpip.CongestionControlState) int64 {
	switch s {
	case tcpip.RTORecovery:
		return TCP_CA_Loss
	case tcpip.FastRecovery, tcpip.SACKRecovery:
		return TCP_CA_Recovery
	case tcpip.Disorder:
		return TCP_CA_Disorder
	}
	return TCP_CA_Open
}

// dupThresh is how many segments may overtake one before tcpcb takes it for lost,
// while it has seen no reordering (RFC 8985, section 6.2, step 4). When it has, it
// counts time, and tcpi_reordering is how many had overtaken one that was not lost.
const dupThresh = 3

// fillInfo adds what tcpcb's engine knows. Where Linux counts a packet as lost
// until it is acknowledged, the engine counts it as sent again; so lost is both
// here, and a tail probe that was sent before is among them.
func fillInfo(v map[string]int64, now engine.Instant, k *engine.Snapshot, n *engine.Counters) {
	v["tcpi_snd_cwnd"] = int64(k.Cwnd / k.Info.SMSS)
	v["tcpi_snd_ssthresh"] = infiniteSsthresh
	if k.Ssthresh != math.MaxInt {
		v["tcpi_snd_ssthresh"] = min(int64(k.Ssthresh/k.Info.SMSS), infiniteSsthresh)
	}
	if v["tcpi_ca_state"] == TCP_CA_Open {
		switch {
		case k.Recovery.Marked:
			v["tcpi_ca_state"] = TCP_CA_CWR
		case k.SackedSegments > 0 || k.DupAcks > 0:
			v["tcpi_ca_state"] = TCP_CA_Disorder
		}
	}
	v["tcpi_retransmits"] = int64(k.Retries)
	v["tcpi_probes"], v["tcpi_backoff"] = int64(k.Probes), int64(k.Backoff)
	v["tcpi_options"] = bit(k.Timestamps)*TCPI_OPT_TIMESTAMPS | bit(k.SACK)*TCPI_OPT_SACK |
		bit(k.Scaled)*TCPI_OPT_WSCALE | bit(k.ECN)*TCPI_OPT_ECN
	v["tcpi_snd_wscale"], v["tcpi_rcv_wscale"] = int64(k.SndScale), int64(k.RcvScale)
	v["tcpi_snd_mss"], v["tcpi_advmss"] = int64(k.Info.SMSS), int64(k.RcvMSS)
	p := k.Packets
	v["tcpi_unacked"], v["tcpi_sacked"] = int64(p.Outstanding), int64(k.SackedSegments)
	v["tcpi_lost"], v["tcpi_retrans"] = int64(p.Lost+p.Resent), int64(p.Resent)
	if k.LastSent != engine.Never {
		v["tcpi_last_data_sent"] = now.Sub(k.LastSent).Milliseconds()
	}
	v["tcpi_last_data_recv"] = k.TextAgo.Milliseconds()
	if k.LongestText > 0 {
		v["tcpi_rcv_mss"] = int64(k.LongestText)
	}
	v["tcpi_reordering"] = int64(max(dupThresh, (k.RACK.Extent+k.Info.SMSS-1)/k.Info.SMSS))
	v["tcpi_min_rtt"] = k.MinRTT.Microseconds()
	v["tcpi_rcv_rtt"] = int64(k.RcvRTT / time.Microsecond)
	v["tcpi_snd_wnd"], v["tcpi_rcv_wnd"] = int64(k.SndWnd), int64(k.RcvWnd)
	v["tcpi_total_retrans"] = int64(n.Retransmits)
	v["tcpi_segs_out"], v["tcpi_segs_in"] = int64(n.SegsOut), int64(n.SegsIn)
	v["tcpi_dsack_dups"] = int64(n.DSACKsIn)
	v["tcpi_total_rto"] = int64(n.Timeouts)
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
