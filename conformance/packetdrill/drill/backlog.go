// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"tcpcb/conformance/packetdrill/posix"
	"tcpcb/conformance/packetdrill/script"
)

// backlog is what an application has yet to write: what a send buffer did not take
// of what the script's took at once. What the script has sent later is then there to
// be sent, as soon as there is room. All text is zeros, so that it does not matter
// what of it is written first.
type backlog struct {
	fd, n int
}

// takes notes what a call took that should have taken want bytes, and reports
// whether the rest is a matter of room.
func (b *backlog) takes(r *runner, c *script.Call, res posix.Result, want int64) bool {
	fd, ok := liveSocket(r, c)
	took := res.Ret
	if res.Errno == posix.EAGAIN && b.n > 0 && fd == b.fd {
		took = 0 // what was not taken before fills the buffer
	}
	if took < 0 || took == 0 && b.n == 0 {
		return false
	}
	if took < want && ok {
		if fd != b.fd {
			*b = backlog{fd: fd}
		}
		b.n += int(want - took)
	}
	return true
}

// liveSocket returns the kernel's number of the file that a call is about.
func liveSocket(r *runner, c *script.Call) (fd int, ok bool) {
	if len(c.Args) == 0 {
		return 0, false
	}
	n, isNumber := c.Args[0].(*script.Int)
	if !isNumber {
		return 0, false
	}
	fd, ok = r.fds[int(n.Value)]
	return fd, ok
}

// write writes what there is room for.
func (b *backlog) write(k *posix.Kernel) {
	for b.n > 0 {
		res := k.Send(b.fd, posix.Bytes(make([]byte, b.n)), posix.MSG_DONTWAIT).Result()
		switch {
		case res.Ret > 0:
			b.n -= int(res.Ret)
		case res.Errno == posix.EAGAIN:
			return
		default:
			b.n = 0 // nobody takes it any more
		}
	}
}
