// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"math"
	"math/rand/v2"
	"time"

	"tcpcb/engine"
)

// pick draws one of several.
func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// nearWraps are initial sequence numbers from which a transfer of some 100 KB
// wraps at 2^31 or at 2^32, or does not.
func nearWraps(rng *rand.Rand) uint32 {
	return pick(rng, uint32(math.MaxUint32), 1<<31-1, 0, 1<<31, rng.Uint32()) - uint32(rng.IntN(100_000))
}

// anyHost draws a host that moves up to write bytes and gives nothing up. Its
// route has that MSS.
func anyHost(rng *rand.Rand, mss, write int) Host {
	h := Host{Params: anyParams(rng, mss), Settings: engine.DefaultSettings()}
	h.Write = pick(rng, 0, 1, rng.IntN(100), rng.IntN(write+1), write)
	s := &h.Settings
	s.RcvBuf = pick(rng, 1, 2, 100, 536, 1461, 5000, 65535, 1<<16, 300_000, 1<<20, 16<<20)
	s.SndBuf = pick(rng, 1, 100, 1461, 5000, 1<<16, 1<<20, 16<<20)
	s.WindowClamp = pick(rng, 0, 0, 0, 0, 100, 1000, 100_000)
	s.NoDelay = rng.IntN(2) == 0
	s.Cork = rng.IntN(8) == 0
	s.AckDelay = pick(rng, 0, 0, time.Millisecond, 40*time.Millisecond, 500*time.Millisecond)
	s.QuickAck = rng.IntN(8) == 0
	s.Pacing = rng.IntN(4) == 0
	s.NoRACK = rng.IntN(4) == 0
	s.MinRTO = pick(rng, 200*time.Millisecond, 200*time.Millisecond, 20*time.Millisecond, time.Second)
	s.TimeWait = pick(rng, 0, time.Second, 60*time.Second)
	s.SynRetries, s.MaxRetries = 40, 40
	if rng.IntN(4) == 0 {
		h.WriteSize = pick(rng, [2]int{1, 1}, [2]int{1, 100}, [2]int{1460, 1460}, [2]int{60_000, 65_521})
	}
	if rng.IntN(4) == 0 {
		h.ReadSize = pick(rng, [2]int{1, 10}, [2]int{1, 1000}, [2]int{60_000, 65_521})
	}
	if h.Write < 10_000 && rng.IntN(3) == 0 {
		h.WritePause = pick(rng, time.Millisecond, 100*time.Millisecond, time.Second)
	}
	if rng.IntN(3) == 0 {
		h.ReadPause = pick(rng, time.Microsecond, 10*time.Millisecond, 100*time.Millisecond)
	}
	return h
}

func anyParams(rng *rand.Rand, mss int) engine.Params {
	p := engine.Params{
		ISS: nearWraps(rng), TSOffset: nearWraps(rng), MSS: uint16(mss),
		NoWindowScale: rng.IntN(4) == 0,
		NoTimestamps:  rng.IntN(2) == 0,
		NoSACK:        rng.IntN(3) == 0,
		ECN:           rng.IntN(2) == 0,
		RcvBufMax:     pick(rng, 0, 0, 4<<20, 1<<30),
		UserMSS:       pick(rng, uint16(0), 0, 0, 100, 536, 9000),
		GSOMaxSize:    pick(rng, 0, 0, 4000, 65_000),

		CongestionControl: pick(rng, engine.CongestionControls()...),
	}
	return p
}

// bearable returns how many bytes one host may send to the other so that some
// thousand round trips, each for what the smaller buffer holds, are enough.
func bearable(from, to *Host) int {
	least := min(from.Settings.SndBuf, to.Settings.RcvBuf)
	if clamp := to.Settings.WindowClamp; clamp > 0 {
		least = min(least, clamp)
	}
	return 300 + least*100
}

// anyMTU draws the MTU of a link.
func anyMTU(rng *rand.Rand) int {
	return pick(rng, 576, 1280, 1500, 1500, 4000, 9000, 65535)
}

// AnyLink draws one direction of a path that, in the long run, delivers.
func AnyLink(rng *rand.Rand) Link {
	l := Link{Delay: time.Duration(rng.Int64N(int64(pick(rng, time.Microsecond, time.Millisecond, 50*time.Millisecond, 300*time.Millisecond))))}
	if rng.IntN(2) == 0 {
		return l
	}
	maybe := func(p float64) float64 {
		if rng.IntN(2) == 0 {
			return 0
		}
		return p * rng.Float64()
	}
	l.Loss, l.Duplicate, l.Corrupt = maybe(0.2), maybe(0.2), maybe(0.1)
	l.Mark = maybe(pick(rng, 0.01, 0.2, 1))
	l.BurstStart, l.BurstEnd = maybe(0.02), 0.4+0.6*rng.Float64()
	l.Jitter = pick(rng, 0, time.Millisecond, 20*time.Millisecond)
	l.Reorder, l.ReorderBy = maybe(0.3), time.Duration(rng.Int64N(int64(20*time.Millisecond)))
	l.Rate = pick(rng, 0, 0, 1_000_000, 100_000)
	if l.Rate > 0 {
		l.Queue = pick(rng, 0, 140_000, 300_000)
		l.MarkQueue = pick(rng, 0, 3000, 50_000)
	}
	if rng.IntN(10) == 0 {
		l.CutAt, l.CutFor = time.Duration(rng.Int64N(int64(time.Second))), time.Duration(rng.Int64N(int64(5*time.Second)))
	}
	return l
}

// Anything draws a simulation in which everything arrives, all of it from seed.
func Anything(seed uint64) Config {
	rng := rand.New(rand.NewPCG(seed, 2))
	var c Config
	c.Limit = 24 * time.Hour
	c.CheckEvery = pick(rng, 1, 10, 25, 25, 25, 25) // the check costs more than all the rest
	for i := range c.Hosts {
		mtu := anyMTU(rng)
		c.Hosts[i] = anyHost(rng, mtu-40, 50_000)
		c.Links[i] = AnyLink(rng)
		if rng.IntN(4) == 0 { // a router has a smaller MTU than the host
			c.Links[i].MTU = max(576, mtu*3/4)
		}
	}
	for i := range c.Hosts {
		h := &c.Hosts[i]
		h.Write = min(h.Write, bearable(h, &c.Hosts[1-i]))
	}
	switch rng.IntN(4) {
	case 0:
		c.Simultaneous = true
	case 1:
		// A cookie opens for the first segment after the handshake only: where
		// that one is lost, what follows is answered with a reset.
		c.Cookie = true
		c.Links[0] = Link{Delay: c.Links[0].Delay}
	}
	switch rng.IntN(4) {
	case 0:
		c.Hosts[rng.IntN(2)].End = EndHold
	case 1:
		i := rng.IntN(2)
		c.Hosts[i].End, c.Hosts[1-i].Write = EndClose, 0
	}
	more := rand.New(rand.NewPCG(seed, 6)) // so that what was drawn before there were choices is as it was
	for i := range c.Hosts {
		if more.IntN(2) == 0 {
			c.Hosts[i].Settings.Choices = anyChoices(more)
		}
		if l := &c.Links[i]; !c.Cookie || i == 1 {
			l.Refuses, l.Full = more.IntN(2) == 0, pick(more, 0, 0, 0.02, 0.3)
		}
	}
	for i := range c.Hosts {
		c.Hosts[i].TurnWait = pick(more, 0, 0, 100*time.Microsecond, 10*time.Millisecond, 300*time.Millisecond)
	}
	return c
}

// anyChoices draws what RFCs leave to choose.
func anyChoices(rng *rand.Rand) engine.Choices {
	on := func() bool { return rng.IntN(2) == 0 }
	return engine.Choices{
		LimitedTransmit: on(), ProbeAtTimeout: on(), LoneFIN: on(), RestartIdle: on(), NoValidation: on(),
		FromWindow: on(), OpenOnce: on(), More: on(), UnsentMost: pick(rng, 0, 1, 100, 10_000),
	}
}

// Quarrel draws a simulation in which somebody gives up.
func Quarrel(seed uint64) Config {
	c := Anything(seed)
	rng := rand.New(rand.NewPCG(seed, 3))
	for i := range c.Hosts {
		h := &c.Hosts[i]
		h.Settings.MaxRetries, h.Settings.SynRetries = pick(rng, 3, 8, 15), pick(rng, 1, 4, 6)
		h.Settings.UserTimeout = pick(rng, 0, 0, time.Second, 20*time.Second)
		// Who is told nothing finds out by asking.
		h.Settings.KeepAlive = true
		h.Settings.KeepAliveIdle, h.Settings.KeepAliveInterval = 30*time.Second, 5*time.Second
		h.End = pick(rng, EndShutdown, EndHold, EndClose, EndAbort)
		for range rng.IntN(3) {
			h.Acts = append(h.Acts, Act{
				After: time.Duration(rng.Int64N(int64(pick(rng, time.Millisecond, 100*time.Millisecond, 3*time.Second)))),
				Do:    pick(rng, DoCloseWrite, DoCloseRead, DoClose, DoAbort),
			})
		}
		if rng.IntN(6) == 0 { // the path is cut for good
			c.Links[i].CutAt, c.Links[i].CutFor = time.Duration(rng.Int64N(int64(time.Second))), 1000*time.Hour
		}
	}
	// Two that both wait for the other to close first would wait for ever.
	c.Hosts[rng.IntN(2)].Acts = append(c.Hosts[rng.IntN(2)].Acts, Act{
		After: 10 * time.Minute, Do: DoClose,
	})
	return c
}

// Restored has both hosts of c go on from a checkpoint, several times each.
func Restored(seed uint64, c Config) Config {
	rng := rand.New(rand.NewPCG(seed, 4))
	for i := range c.Hosts {
		h := &c.Hosts[i]
		for range 1 + rng.IntN(4) {
			h.Acts = append(h.Acts, Act{
				After: time.Duration(rng.Int64N(int64(pick(rng, time.Millisecond, 100*time.Millisecond, time.Second, 20*time.Second)))),
				Do:    DoRestore,
			})
		}
	}
	return c
}

// Attacked has somebody on the path of c do what TCP resists: forge packets,
// replay and truncate those that come by; and has the path change, and the
// applications their minds about settings.
func Attacked(seed uint64, c Config) Config {
	rng := rand.New(rand.NewPCG(seed, 5))
	when := func() time.Duration {
		return time.Duration(rng.Int64N(int64(pick(rng, time.Millisecond, 30*time.Millisecond, 300*time.Millisecond, 3*time.Second, 60*time.Second))))
	}
	for range rng.IntN(pick(rng, 2, 8, 40)) {
		c.Forged = append(c.Forged, AnyForged(rng, when()))
	}
	for i := range c.Hosts {
		l := &c.Links[i]
		if !c.Cookie || i == 1 {
			l.Replay, l.ReplayBy = pick(rng, 0, 0.01, 0.2), when()
			l.Truncate = pick(rng, 0, 0, 0.05)
		}
		for range rng.IntN(3) {
			if c.Cookie {
				break // see Anything
			}
			link := AnyLink(rng)
			link.MTU = l.MTU
			c.Changes = append(c.Changes, Change{After: when(), Dir: i, Link: link})
		}
		h := &c.Hosts[i]
		h.Settings.RcvBeyond, h.Settings.ProbeOctet = rng.IntN(3) == 0, rng.IntN(3) == 0
		h.Settings.KeepAliveInterval, h.Settings.KeepAliveCount = 5*time.Second, 40
		for range rng.IntN(4) {
			if a := anyChange(rng, when()); a.Do != DoKeepAlive || a.Arg > 0 { // else a quarrel might never end
				h.Acts = append(h.Acts, a)
			}
		}
	}
	return c
}

// AnyForged draws a packet of those that TCP resists.
func AnyForged(rng *rand.Rand, after time.Duration) Forged {
	return Forged{
		After: after, To: rng.IntN(2), Kind: ForgeResetAhead + Forgery(rng.IntN(int(numForgeries-ForgeResetAhead))),
		By:    pick(rng, 0, 1, rng.IntN(1000), rng.IntN(1<<17), rng.IntN(1<<30)),
		Text:  pick(rng, 0, 1, rng.IntN(1500), rng.IntN(65000)),
		Times: pick(rng, 1, 1, 1, 3, 20),
	}
}

// anyChange draws a change of settings for which nothing is lost.
func anyChange(rng *rand.Rand, after time.Duration) Act {
	a := Act{After: after, Do: DoNoDelay + Verb(rng.IntN(int(DoSndBuf-DoNoDelay)+1)), Arg: rng.IntN(2)}
	switch a.Do {
	case DoKeepAlive:
		a.Arg *= 1000 + rng.IntN(30_000)
	case DoUserTimeout:
		a.Do = DoNoDelay
	case DoWindowClamp:
		a.Arg *= pick(rng, 1000, 100_000)
	case DoRcvBuf, DoSndBuf:
		a.Arg = pick(rng, 1000, 5000, 1<<16, 1<<20)
	}
	return a
}

// Random draws any simulation there is.
func Random(seed uint64) Config {
	switch seed % 6 {
	case 0:
		return Anything(seed)
	case 1:
		return Quarrel(seed)
	case 2, 3:
		return Attacked(seed, Anything(seed))
	case 4:
		c := Attacked(seed, Quarrel(seed))
		if rng := rand.New(rand.NewPCG(seed, 6)); rng.IntN(3) == 0 {
			c.Forged = append(c.Forged, Forged{After: time.Duration(rng.Int64N(int64(time.Second))), To: rng.IntN(2), Kind: ForgeReset})
			c.Hosts[0].Acts = append(c.Hosts[0].Acts, Act{After: time.Minute, Do: DoUserTimeout, Arg: 1 + rng.IntN(20_000)})
		}
		return c
	default:
		c := Restored(seed, Anything(seed))
		if seed%12 < 6 {
			c = Restored(seed, Quarrel(seed))
		}
		return c
	}
}
