// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// controller decides how much may be in the network: congestion control (RFC
// 5681, section 3). Sizes are in bytes.
type controller interface {
	// name is what CongestionControls lists.
	name() string
	// window is cwnd, and threshold is ssthresh.
	window() int
	threshold() int
	// onAck takes an acknowledgment that came outside of fast recovery.
	onAck(s ackSample)
	// onLoss is called once for each loss event, when fast recovery begins;
	// onRecovered when it ended.
	onLoss(flight int)
	onRecovered()
	// onTimeout is called when the retransmission timer expires; first says
	// that what is sent again was not sent again for a timeout before.
	onTimeout(flight int, first bool)
	// onIdle is called before text is sent after a pause longer than the RTO
	// (RFC 5681, section 4.1).
	onIdle()
	// setMSS tells that the segment size changed.
	setMSS(mss int)
}

// ackSample is what a controller learns from an acknowledgment.
type ackSample struct {
	acked   int  // bytes newly acknowledged, by ACK or SACK
	limited bool // the congestion window kept text back since the last one
}

// controllers makes them by name; the first is the default.
var controllers = []struct {
	name string
	make func(mss, initial int) controller
}{
	{ccReno, newReno},
}

// CongestionControls returns the names that Params.CongestionControl may have.
func CongestionControls() []string {
	names := make([]string, 0, len(controllers))
	for _, c := range controllers {
		names = append(names, c.name)
	}
	return names
}

// newController makes the controller of that name, or the default where there
// is none.
func newController(name string, mss, initial int) controller {
	for _, c := range controllers {
		if c.name == name {
			return c.make(mss, initial)
		}
	}
	return controllers[0].make(mss, initial)
}

// control returns the connection's controller. It is made when there is first
// something to control.
func (c *Conn) control() controller {
	if c.cc == nil {
		c.cc = newController(c.par.congestionControl, c.tx.mss, c.initialWindow())
	}
	return c.cc
}

func (c *Conn) initialWindow() int { return initialWindow(c.tx.mss, c.rto.lostSyn) }

// initialWindow returns the window to begin with (RFC 6928, section 2). After
// the loss of a SYN or SYN-ACK it is one segment (RFC 5681, section 3.1, MUST).
func initialWindow(mss int, lost bool) int {
	if lost {
		return mss
	}
	return min(10*mss, max(2*mss, 14600))
}
