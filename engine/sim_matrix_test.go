// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"testing"
	"time"

	"tcpcb/engine"
	"tcpcb/engine/enginetest"
)

// pair returns two hosts with default settings that each write so many bytes,
// over a path of so much delay each way, with an MTU of 1500. TIME-WAIT is
// short, so that what a simulation took is what the transfer took.
func pair(write0, write1 int, delay time.Duration) enginetest.Config {
	var c enginetest.Config
	c.CheckEvery = 20
	for i, n := range []int{write0, write1} {
		h := &c.Hosts[i]
		h.Params = engine.Params{ISS: uint32(i+1) * 1_000_000_007, MSS: 1460}
		h.Settings = engine.DefaultSettings()
		h.Settings.TimeWait = time.Millisecond
		h.Write = n
		c.Links[i].Delay = delay
	}
	return c
}

// both calls f for each direction.
func both(c *enginetest.Config, f func(h *enginetest.Host, l *enginetest.Link)) {
	for i := range c.Hosts {
		f(&c.Hosts[i], &c.Links[i])
	}
}

// eachSACK runs a test with SACK and without: loss recovery is another.
func eachSACK(t *testing.T, name string, c enginetest.Config, n uint64) {
	t.Helper()
	for _, no := range []bool{false, true} {
		c.Hosts[0].Params.NoSACK = no
		t.Run(fmt.Sprintf("%s/sack=%v", name, !no), func(t *testing.T) {
			for seed := range seeds(t, n) {
				c.Hosts[0].Params.NoTimestamps = seed%2 == 1
				if simulate(t, seed, c); t.Failed() {
					return
				}
			}
		})
	}
}

func TestSimLoss(t *testing.T) {
	for _, p := range []float64{0.001, 0.01, 0.05, 0.1, 0.2} {
		c := pair(100_000, 30_000, 10*time.Millisecond)
		both(&c, func(h *enginetest.Host, l *enginetest.Link) { l.Loss = p; h.Settings.SynRetries = 20 })
		eachSACK(t, fmt.Sprint(p), c, 20)
	}
}

func TestSimBursts(t *testing.T) {
	c := pair(200_000, 0, 10*time.Millisecond)
	both(&c, func(h *enginetest.Host, l *enginetest.Link) {
		l.BurstStart, l.BurstEnd = 0.01, 0.2
		h.Settings.MaxRetries, h.Settings.SynRetries = 60, 60 // a burst may swallow many in a row
	})
	eachSACK(t, "bursts of 5", c, 50)
}

func TestSimReordering(t *testing.T) {
	for _, by := range []time.Duration{time.Microsecond, time.Millisecond, 30 * time.Millisecond} {
		c := pair(100_000, 100_000, 5*time.Millisecond)
		both(&c, func(h *enginetest.Host, l *enginetest.Link) {
			l.Rate, l.Reorder, l.ReorderBy = 10_000_000, 0.2, by
		})
		eachSACK(t, by.String(), c, 20)
	}
}

func TestSimDuplication(t *testing.T) {
	c := pair(100_000, 100_000, 5*time.Millisecond)
	both(&c, func(h *enginetest.Host, l *enginetest.Link) { l.Duplicate = 0.5 })
	eachSACK(t, "half", c, 30)
}

func TestSimCorruption(t *testing.T) {
	c := pair(100_000, 100_000, 5*time.Millisecond)
	both(&c, func(h *enginetest.Host, l *enginetest.Link) { l.Corrupt = 0.05 })
	eachSACK(t, "one of 20", c, 30)
}

// TestSimMTU joins hosts of every two MTUs, with and without a router between
// them whose MTU is smaller still, and with segmentation offload.
func TestSimMTU(t *testing.T) {
	mtus := []int{576, 1280, 1500, 4000, 9000, 65535}
	for _, a := range mtus {
		for _, b := range mtus {
			for _, narrow := range []int{0, 576, 1006} {
				for _, gso := range []int{0, 65_000} {
					c := pair(150_000, 150_000, 3*time.Millisecond)
					for i, mtu := range []int{a, b} {
						c.Hosts[i].Params.MSS = uint16(mtu - 40)
						c.Hosts[i].Params.GSOMaxSize = gso
						if narrow > 0 {
							c.Links[i].MTU = min(mtu, narrow)
						}
					}
					r := simulate(t, uint64(a*b), c)
					for i, h := range r.Hosts {
						if h.Counters.Timeouts > 0 { // whoever sends too much is told
							t.Errorf("MTUs %d and %d, %d between, offload %d: host %d waited for a timeout", a, b, narrow, gso, i)
						}
					}
				}
			}
		}
	}
}

// TestSimWindows: windows of 1 byte to 16 MiB, on either side, with a reader
// that sleeps and with one that does not.
func TestSimWindows(t *testing.T) {
	for buf := 1; buf <= 16<<20; buf *= 4 {
		for _, pause := range []time.Duration{0, 10 * time.Millisecond} {
			for _, other := range []int{buf, 1 << 20} {
				c := pair(min(300_000, 20+buf*50), min(300_000, 20+buf*50), time.Millisecond)
				c.Hosts[0].Settings.RcvBuf, c.Hosts[0].Settings.SndBuf = buf, other
				c.Hosts[1].Settings.RcvBuf, c.Hosts[1].Settings.SndBuf = other, buf
				c.Hosts[0].ReadPause, c.Hosts[1].ReadPause = pause, pause
				simulate(t, uint64(buf), c)
			}
		}
	}
}

// TestSimWindowScales pairs offers of every window scale with none.
func TestSimWindowScales(t *testing.T) {
	for shift := range 16 {
		for _, off := range []int{-1, 0, 1} {
			c := pair(200_000, 200_000, time.Millisecond)
			c.Hosts[0].Params.RcvBufMax = 1 << (15 + shift)
			if off >= 0 {
				c.Hosts[off].Params.NoWindowScale = true
			}
			simulate(t, uint64(shift), c)
		}
	}
}

// TestSimDeadlock: a large MTU, a reader that sleeps, some loss. mirage section
// 4, deadlock.
func TestSimDeadlock(t *testing.T) {
	c := pair(3_000_000, 3_000_000, time.Millisecond)
	both(&c, func(h *enginetest.Host, l *enginetest.Link) {
		h.Params.MSS, h.ReadPause, h.Settings.RcvBuf = 3960, 10*time.Millisecond, 65536
		h.ReadSize = [2]int{4000, 60_000}
		l.Loss = 0.005
	})
	for seed := range seeds(t, 10) {
		simulate(t, seed, c)
	}
}

// TestSimWraps places the initial sequence numbers so that the streams, the
// FIN and the SYN each come to lie on 2^31 and on 2^32, byte by byte.
func TestSimWraps(t *testing.T) {
	const n = 3000
	for _, wrap := range []uint32{0, 1 << 31} {
		for _, before := range []uint32{0, 1, 2, 3, 1459, 1460, 1461, 1462, n - 1, n, n + 1, n + 2, n + 3} {
			for seed := range uint64(4) {
				c := pair(n, n, time.Millisecond)
				c.Hosts[0].Params.ISS, c.Hosts[1].Params.ISS = wrap-before, wrap-before
				c.Hosts[0].Params.TSOffset, c.Hosts[1].Params.TSOffset = wrap-1, wrap+1
				c.Simultaneous = seed%2 == 1
				if seed >= 2 {
					c.Links[0].Loss, c.Links[1].Loss = 0.1, 0.1
				}
				simulate(t, seed, c)
			}
		}
	}
}

// TestSimSimultaneousOpen: both SYNs cross, and all may be lost.
func TestSimSimultaneousOpen(t *testing.T) {
	for seed := range seeds(t, 200) {
		c := pair(20_000, 10_000, 10*time.Millisecond)
		c.Simultaneous = true
		both(&c, func(h *enginetest.Host, l *enginetest.Link) {
			h.Settings.SynRetries = 20
			l.Loss = float64(seed%4) * 0.1
		})
		c.Hosts[seed%2].Params.NoWindowScale = seed%3 == 0
		c.Hosts[seed%2].Params.NoTimestamps = seed%5 == 0
		simulate(t, seed, c)
	}
}

// TestSimSimultaneousClose: the FINs cross. mirage section 4,
// simultaneous_close.
func TestSimSimultaneousClose(t *testing.T) {
	for seed := range seeds(t, 200) {
		c := pair(0, 0, 10*time.Millisecond)
		c.Simultaneous = seed%2 == 0
		both(&c, func(h *enginetest.Host, l *enginetest.Link) {
			h.End = enginetest.EndHold
			h.Acts = []enginetest.Act{{After: time.Second, Do: enginetest.DoCloseWrite}}
			l.Loss = float64(seed%4) * 0.1
			h.Settings.TimeWait = time.Second
		})
		r := simulate(t, seed, c)
		for i, h := range r.Hosts {
			if h.Reason != engine.ReasonNone || !h.EOF {
				t.Errorf("seed %d: host %d: %v, end of stream %v", seed, i, h.Reason, h.EOF)
			}
		}
	}
}

// TestSimCloseEarly: a writer that closes while the other still writes.
func TestSimCloseEarly(t *testing.T) {
	for seed := range seeds(t, 200) {
		c := pair(int(seed)*100, 50_000, 5*time.Millisecond)
		c.Hosts[0].End = enginetest.EndClose
		c.Hosts[1].End = enginetest.EndHold
		both(&c, func(h *enginetest.Host, l *enginetest.Link) {
			h.Settings.KeepAlive = true
			l.Loss = float64(seed%3) * 0.05
		})
		simulate(t, seed, c)
	}
}

// TestSimHalfClose: one side closes at once, and reads all that the other
// writes; in CLOSE-WAIT everything still works.
func TestSimHalfClose(t *testing.T) {
	c := pair(0, 200_000, 5*time.Millisecond)
	c.Hosts[1].WritePause = 50 * time.Millisecond
	both(&c, func(h *enginetest.Host, l *enginetest.Link) { l.Loss = 0.05 })
	for seed := range seeds(t, 20) {
		simulate(t, seed, c)
	}
}

// TestSimBlackout: a path that is cut for a second in mid-transfer goes on soon
// after its return. mirage section 4, which never tested it: the cut must come
// before the end.
func TestSimBlackout(t *testing.T) {
	for _, cut := range []time.Duration{time.Second, 5 * time.Second} {
		c := pair(4_000_000, 0, 10*time.Millisecond)
		both(&c, func(h *enginetest.Host, l *enginetest.Link) {
			l.CutAt, l.CutFor = 300*time.Millisecond, cut
			l.Rate = 5_000_000
		})
		c.CheckEvery = 100
		eachSACK(t, cut.String(), c, 10)
		if r := simulate(t, 1, c); r.Lost == 0 || r.Elapsed < cut {
			t.Errorf("the cut of %v lost %d packets of a transfer of %v", cut, r.Lost, r.Elapsed)
		}
	}
}

// TestSimCutForGood: both ends learn that a path is gone; nobody hangs.
func TestSimCutForGood(t *testing.T) {
	for seed := range seeds(t, 100) {
		c := pair(1_000_000, 1_000_000, 10*time.Millisecond)
		both(&c, func(h *enginetest.Host, l *enginetest.Link) {
			l.CutAt, l.CutFor = time.Duration(seed)*2*time.Millisecond, 1000*time.Hour
			l.Rate = 1_000_000
			h.Settings.KeepAlive = seed%2 == 0
			h.Acts = []enginetest.Act{{After: 5 * time.Hour, Do: enginetest.DoClose}}
		})
		c.Limit = 10 * time.Hour
		r := simulate(t, seed, c)
		for i, h := range r.Hosts {
			if r.Packets > 10 && h.Written > 0 && h.Reason != engine.ReasonTimedOut {
				t.Errorf("seed %d: host %d ended with %v after %d packets", seed, i, h.Reason, r.Packets)
			}
		}
	}
}

// TestSimBulk moves 10 MB, with loss and without: both ends are CLOSED at the
// end, and the stream is the one that was written.
func TestSimBulk(t *testing.T) {
	for _, p := range []float64{0, 0.01} {
		c := pair(10_000_000, 0, 10*time.Millisecond)
		both(&c, func(h *enginetest.Host, l *enginetest.Link) { l.Loss = p })
		c.Limit = 24 * time.Hour
		eachSACK(t, fmt.Sprint(p), c, 2)
	}
}

// TestSimOneWay moves text one way, over losses up to 20%.
func TestSimOneWay(t *testing.T) {
	for _, p := range []float64{0, 0.01, 0.05, 0.2} {
		c := pair(200_000, 0, 10*time.Millisecond)
		both(&c, func(h *enginetest.Host, l *enginetest.Link) { l.Loss = p; h.Settings.SynRetries = 20 })
		c.Limit = 24 * time.Hour
		eachSACK(t, fmt.Sprint(p), c, 30)
	}
}
