// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

// instant is a time of the link's clock, in nanoseconds of its monotonic time.
type instant int64

// never is later than any other instant.
const never instant = 1<<63 - 1

// arrival is a packet on the wire and when it gets to the other side. The
// sequence number orders arrivals of the same instant as they were sent.
type arrival struct {
	at  instant
	seq uint64
	transit
}

func (a *arrival) before(b *arrival) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	return a.seq < b.seq
}

// arrivalHeap is a binary heap of arrivals, the earliest on top. It holds values
// and not interfaces, and so allocates only when it grows.
type arrivalHeap []arrival

// push adds an arrival.
func (h *arrivalHeap) push(a arrival) {
	s := append(*h, a)
	*h = s
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if !s[i].before(&s[up]) {
			return
		}
		s[i], s[up] = s[up], s[i]
		i = up
	}
}

// pop takes the earliest arrival, which must exist.
func (h *arrivalHeap) pop() arrival {
	s := *h
	top, last := s[0], len(s)-1
	s[0] = s[last]
	s[last] = arrival{}
	s = s[:last]
	*h = s
	s.sift(0)
	return top
}

// sift moves the item at i down to its place.
func (h arrivalHeap) sift(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child].before(&h[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// takeAll removes every arrival of one direction and passes it to drop.
func (h *arrivalHeap) takeAll(d *direction, drop func(transit)) {
	kept := (*h)[:0]
	for _, a := range *h {
		if a.dir == d {
			drop(a.transit)
		} else {
			kept = append(kept, a)
		}
	}
	clear((*h)[len(kept):])
	*h = kept
	for i := len(kept)/2 - 1; i >= 0; i-- {
		kept.sift(i)
	}
}
