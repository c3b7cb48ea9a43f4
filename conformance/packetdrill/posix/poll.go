// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"time"

	"gvisor.dev/gvisor/pkg/waiter"
)

// timeoutOf returns the time limit that a timeout of poll or epoll_wait in
// milliseconds stands for: below 0 there is none.
func timeoutOf(ms int) time.Duration {
	if ms < 0 {
		return forever
	}
	return time.Duration(ms) * time.Millisecond
}

// PollFDs is poll: it waits, for up to timeout milliseconds, until one of the
// files has something to tell, and returns how many have, in Result.Polled. A
// timeout below 0 is none at all.
func (k *Kernel) PollFDs(fds []PollFD, timeout int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "poll"
	if len(fds) > maxFD {
		return k.ready(call, fail(EINVAL))
	}
	files := make([]*description, len(fds)) // as they are now, whatever is closed meanwhile
	var watched []watch
	for i, p := range fds {
		if d := k.fds[p.FD]; d != nil {
			files[i] = d.description
			mask := waiter.EventMask(p.Events) & waiter.AllEvents
			watched = append(watched, watch{d: d.description, f: d.file, mask: mask | waiter.EventErr | waiter.EventHUp})
		}
	}
	try := func(o *Op) bool {
		polled, n := make([]PollFD, len(fds)), 0
		for i, p := range fds {
			polled[i] = PollFD{FD: p.FD, Events: p.Events}
			switch {
			case p.FD < 0:
			case files[i] == nil:
				polled[i].Revents = POLLNVAL
			default:
				polled[i].Revents = int16(files[i].events(uint32(uint16(p.Events))))
			}
			if polled[i].Revents != 0 {
				n++
			}
		}
		o.result = ok(n)
		o.result.Polled = polled
		return n > 0 || o.expired.Load()
	}
	return k.begin(&Op{name: call, try: try}, timeoutOf(timeout), watched...)
}

// events returns which of the events of poll there are, errors and the end
// whether asked for or not.
func (d *description) events(want uint32) uint32 {
	mask := waiter.EventMask(want)&waiter.AllEvents | waiter.EventErr | waiter.EventHUp
	return uint32(d.readiness(mask) & mask)
}
