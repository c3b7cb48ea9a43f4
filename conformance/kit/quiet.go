// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"bytes"
	"runtime"
	"time"
)

// quietLimit bounds how long, in real time, goroutines may take to come to rest.
const quietLimit = 10 * time.Second

// quiet waits until no goroutine but the caller's that has gVisor or a TCP on its
// stack can run: whatever a packet, a call or a timer set off is then done, and
// nothing happens before the next one. It returns false where that does not come.
//
// The runtime stops the world to write the stacks, so the states are those of one
// instant; and who is woken is runnable at once.
func quiet(buf *[]byte) bool {
	var began time.Time
	for i := 0; ; i++ {
		n := runtime.Stack(*buf, true)
		if n == len(*buf) {
			*buf = make([]byte, 2*n)
			continue
		}
		if !busy((*buf)[:n]) {
			return true
		}
		switch {
		case i == 0:
			began = time.Now()
		case time.Since(began) > quietLimit:
			return false
		case i > 20:
			time.Sleep(50 * time.Microsecond)
			continue
		}
		runtime.Gosched()
	}
}

var (
	endOfStack = []byte("\n\n")
	// ours mark the stacks that matter.
	ours = [][]byte{[]byte("gvisor.dev/gvisor/pkg/tcpip"), []byte("tcpcb/")}
	// parked are the states of who waits for somebody else. Every other is that of
	// one who goes on by himself: who can run, who waits for a lock, or for the
	// collector (semacquire, in the midst of an allocation).
	parked = [][]byte{[]byte("[select"), []byte("[chan receive"), []byte("[chan send"), []byte("[sync.Cond.Wait"), []byte("[sync.WaitGroup.Wait")}
)

// busy reports whether one of the goroutines in a dump is not parked. The first
// is the caller's.
func busy(dump []byte) bool {
	_, rest, _ := bytes.Cut(dump, endOfStack)
	for len(rest) > 0 {
		var one []byte
		one, rest, _ = bytes.Cut(rest, endOfStack)
		head, _, _ := bytes.Cut(one, []byte("\n"))
		if !holdsAny(head, parked) && holdsAny(one, ours) {
			return true
		}
	}
	return false
}

func holdsAny(b []byte, words [][]byte) bool {
	for _, w := range words {
		if bytes.Contains(b, w) {
			return true
		}
	}
	return false
}
