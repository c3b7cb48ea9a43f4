// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"
	"time"

	"tcpcb/engine/enginetest"
)

// world is a simulation of two whole stacks, and several connections between them:
// host 0 opens, host 1 listens.
type world struct {
	IPv6 bool
	// Links are as in enginetest, but for Mark, MarkQueue and MTU, which here is
	// that of the device.
	Links   [2]enginetest.Link
	Changes []enginetest.Change
	Hosts   [2]stackHost
	Flows   [4]stackFlow
	Acts    []stackAct
	Forged  []forgedFlow
	// Floods are SYNs of nobody, that the listener gets.
	Floods []flood
	// Limit bounds the virtual time.
	Limit time.Duration
}

// stackHost are the options of a stack.
type stackHost struct {
	NoSACK, ECN, Cookies, GSO, NoTuning bool
	TimeWait, MinRTO                    time.Duration
}

// stackFlow is a connection; one that is not On is none. Sides counts as Hosts.
type stackFlow struct {
	On    bool
	After time.Duration
	Sides [2]side
}

// side is an application.
type side struct {
	Write, WriteSize, ReadSize int // bytes; a size of 0 is up to 8192
	WritePause, ReadPause      time.Duration
	End                        enginetest.End
	RcvBuf, SndBuf             int // 0: the default
	Nagle, Cork, KeepAlive     bool
	UserTimeout                time.Duration
	CC                         string
	MaxSeg                     int
}

// stackAct is a call of an application at a set time.
type stackAct struct {
	After      time.Duration
	Flow, Side int
	Do         enginetest.Verb
	Arg        int
}

// forgedFlow is a forged packet of one of the flows.
type forgedFlow struct {
	enginetest.Forged
	Flow int
}

// flood is so many SYNs at once.
type flood struct {
	After time.Duration
	Times int
}

// stacks are two whole stacks.
var stacks = &kind{
	name: "stacks",
	draw: func(seed uint64) any { return anyWorld(seed) },
	base: func() any { return &world{Limit: 24 * time.Hour} },
	run:  func(seed uint64, config any) outcome { return runWorld(seed, config.(*world)) },
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// anyWorld draws a simulation of stacks.
func anyWorld(seed uint64) *world {
	rng := rand.New(rand.NewPCG(seed, 7))
	w := &world{Limit: 24 * time.Hour, IPv6: rng.IntN(3) == 0}
	when := func() time.Duration {
		return time.Duration(rng.Int64N(int64(pick(rng, time.Millisecond, 50*time.Millisecond, time.Second, 10*time.Second))))
	}
	cookies := rng.IntN(5) == 0
	for i := range w.Links {
		w.Links[i] = stackLink(rng)
		// A cookie opens for what the client sends next; where its acknowledgment is
		// lost and it has nothing to send, both wait.
		if cookies && i == 0 {
			w.Links[i] = enginetest.Link{Delay: w.Links[i].Delay}
		}
		for range rng.IntN(3) {
			if !cookies {
				w.Changes = append(w.Changes, enginetest.Change{After: when(), Dir: i, Link: stackLink(rng)})
			}
		}
		w.Links[i].MTU = pick(rng, 1280, 1500, 1500, 9000)
		w.Hosts[i] = stackHost{
			NoSACK: rng.IntN(4) == 0, ECN: rng.IntN(3) == 0, Cookies: cookies, GSO: rng.IntN(4) == 0,
			NoTuning: rng.IntN(2) == 0, TimeWait: pick(rng, time.Second, 60*time.Second), MinRTO: pick(rng, 0, 0, 50*time.Millisecond, time.Second),
		}
	}
	quarrel := rng.IntN(3) == 0
	for i := range w.Flows[:1+rng.IntN(len(w.Flows))] {
		w.Flows[i] = anyFlow(rng, when(), quarrel)
	}
	for range rng.IntN(6) {
		a := stackAct{After: when(), Flow: rng.IntN(2), Side: rng.IntN(2), Do: pick(rng, enginetest.DoNoDelay, enginetest.DoCork, enginetest.DoQuickAck, enginetest.DoRcvBuf, enginetest.DoSndBuf), Arg: rng.IntN(2)}
		if quarrel {
			a.Do = pick(rng, a.Do, enginetest.DoCloseWrite, enginetest.DoCloseRead, enginetest.DoClose, enginetest.DoAbort)
		}
		if a.Do == enginetest.DoRcvBuf || a.Do == enginetest.DoSndBuf {
			a.Arg = pick(rng, 4096, 50_000, 1<<20)
		}
		w.Acts = append(w.Acts, a)
	}
	if rng.IntN(2) == 0 {
		for range rng.IntN(pick(rng, 3, 30)) {
			f := enginetest.AnyForged(rng, when())
			f.Text = min(f.Text, 1200)
			w.Forged = append(w.Forged, forgedFlow{Forged: f, Flow: rng.IntN(2)})
		}
		if rng.IntN(4) == 0 {
			// More than the backlog make a stack answer with cookies: see above.
			w.Floods = append(w.Floods, flood{After: when(), Times: 1 + rng.IntN(pick(rng, 3, 3, 30))})
			if w.Floods[0].Times > 3 && !cookies {
				w.Floods[0].Times = 3
			}
		}
	}
	return w
}

// stackLink draws a link over which a handshake gets through in the end.
func stackLink(rng *rand.Rand) enginetest.Link {
	l := enginetest.AnyLink(rng)
	l.Loss, l.Corrupt, l.BurstStart = l.Loss/4, l.Corrupt/2, l.BurstStart/2
	l.Mark, l.MarkQueue, l.Full = 0, 0, 0
	l.Refuses = l.Queue > 0 && rng.IntN(2) == 0
	if l.Delay > 0 && rng.IntN(3) == 0 {
		l.Replay, l.ReplayBy = pick(rng, 0.01, 0.1), pick(rng, time.Millisecond, time.Second, 30*time.Second)
		l.Truncate = pick(rng, 0, 0.05)
	}
	return l
}

// anyFlow draws a connection; who quarrels may give up.
func anyFlow(rng *rand.Rand, after time.Duration, quarrel bool) stackFlow {
	f := stackFlow{On: true, After: after}
	for i := range f.Sides {
		s := &f.Sides[i]
		s.Write = pick(rng, 0, 1, rng.IntN(100), rng.IntN(40_000), 40_000)
		s.WriteSize, s.ReadSize = pick(rng, 0, 0, 1+rng.IntN(100), 60_000), pick(rng, 0, 0, 1+rng.IntN(1000), 60_000)
		if s.Write < 5000 {
			s.WritePause = pick(rng, 0, time.Millisecond, 100*time.Millisecond)
		}
		s.ReadPause = pick(rng, 0, 0, time.Millisecond, 50*time.Millisecond)
		s.End = pick(rng, enginetest.EndShutdown, enginetest.EndShutdown, enginetest.EndHold)
		s.RcvBuf, s.SndBuf = pick(rng, 0, 0, 4096, 20_000, 1<<20), pick(rng, 0, 0, 4096, 20_000, 1<<20)
		s.Nagle, s.Cork, s.KeepAlive = rng.IntN(3) == 0, rng.IntN(8) == 0, rng.IntN(4) == 0
		s.CC = pick(rng, "", "reno", "cubic", "bbr")
		s.MaxSeg = pick(rng, 0, 0, 0, 536, 1000)
		if quarrel {
			s.KeepAlive = true
			s.End = pick(rng, enginetest.EndShutdown, enginetest.EndHold, enginetest.EndClose, enginetest.EndAbort)
			s.UserTimeout = pick(rng, 0, 0, time.Second, 20*time.Second)
		}
	}
	if f.Sides[0].End == enginetest.EndHold && f.Sides[1].End == enginetest.EndHold {
		f.Sides[1].End = enginetest.EndShutdown
	}
	return f
}

// orderly reports whether all that the flow's ends write must arrive.
func (w *world) orderly(flow int) bool {
	for _, a := range w.Acts {
		if a.Flow == flow && a.Do <= enginetest.DoAbort {
			return false
		}
	}
	for _, f := range w.Forged {
		if f.Flow == flow && f.Kind == enginetest.ForgeReset {
			return false
		}
	}
	for i := range w.Flows[flow].Sides {
		s, peer := &w.Flows[flow].Sides[i], &w.Flows[flow].Sides[1-i]
		if s.UserTimeout != 0 || s.End == enginetest.EndAbort || s.End == enginetest.EndClose && peer.Write > 0 {
			return false
		}
	}
	return true
}
