// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"encoding/binary"
	"errors"
	"io"
)

// le is the byte order of what programs hand over: Linux's on the machines
// whose values the constants have.
var le = binary.LittleEndian

// maxIov is how many parts a buffer may have, Linux's UIO_MAXIOV.
const maxIov = 1024

// errFault is what a reader or writer of bad memory returns.
var errFault = errors.New("bad address")

// size returns how many bytes the parts have, good or bad.
func size(iov []Memory) int {
	n := 0
	for _, m := range iov {
		n += m.len()
	}
	return n
}

// scatter is an io.Writer that fills the parts of a buffer in order, and fails at
// the first that is no memory. It is full when all are.
type scatter struct {
	iov  []Memory
	i, n int // part, and bytes of it that are filled
}

// Write implements io.Writer.
func (s *scatter) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		switch {
		case s.i == len(s.iov):
			return done, io.ErrShortWrite
		case s.iov[s.i].Fault > 0:
			return done, errFault
		}
		c := copy(s.iov[s.i].B[s.n:], b[done:])
		done += c
		if s.n += c; s.n == len(s.iov[s.i].B) {
			s.i, s.n = s.i+1, 0
		}
	}
	return done, nil
}

// gather is a tcpip.Payloader of the parts of a buffer. A part that is no memory
// ends it, as the kernel tells what it copied before; where there is nothing
// before, reading fails.
type gather struct {
	iov  []Memory
	i, n int // part, and bytes of it that were read
}

// gatherFrom returns what lies behind the first skip bytes.
func gatherFrom(iov []Memory, skip int) *gather {
	g := &gather{iov: iov}
	for g.i < len(iov) && iov[g.i].Fault == 0 && skip >= len(iov[g.i].B) {
		skip -= len(iov[g.i].B)
		g.i++
	}
	g.n = skip
	return g
}

// Len implements tcpip.Payloader.
func (g *gather) Len() int {
	n := 0
	for i := g.i; i < len(g.iov); i++ {
		if f := g.iov[i].Fault; f > 0 {
			if n == 0 {
				return f
			}
			return n
		}
		n += len(g.iov[i].B)
		if i == g.i {
			n -= g.n
		}
	}
	return n
}

// Read implements io.Reader.
func (g *gather) Read(b []byte) (int, error) {
	for g.i < len(g.iov) && g.iov[g.i].Fault == 0 && g.n == len(g.iov[g.i].B) {
		g.i, g.n = g.i+1, 0
	}
	switch {
	case g.i == len(g.iov):
		return 0, io.EOF
	case g.iov[g.i].Fault > 0:
		return 0, errFault
	}
	c := copy(b, g.iov[g.i].B[g.n:])
	g.n += c
	return c, nil
}

// check returns what is wrong with a message before it is looked into; 0 where
// nothing is.
func (m *Message) check() Errno {
	switch {
	case m == nil:
		return EFAULT
	case len(m.Iov) > maxIov:
		return EMSGSIZE
	}
	return 0
}
