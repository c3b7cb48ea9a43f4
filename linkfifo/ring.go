// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

// ring is a FIFO over a circular slice. It grows by doubling, so that once it
// has seen its largest load it allocates no more; who pushes bounds its length.
// The zero value is empty and ready.
type ring[T any] struct {
	items []T // length zero or a power of two
	head  int
	n     int
}

// len returns the number of items held.
func (r *ring[T]) len() int { return r.n }

// push adds an item at the back.
func (r *ring[T]) push(item T) {
	if r.n == len(r.items) {
		r.grow()
	}
	r.items[(r.head+r.n)&(len(r.items)-1)] = item
	r.n++
}

// pop takes the item at the front, which must exist.
func (r *ring[T]) pop() T {
	var none T
	item := r.items[r.head]
	r.items[r.head] = none
	r.head = (r.head + 1) & (len(r.items) - 1)
	r.n--
	return item
}

// popInto fills dst from the front and returns how many items it moved.
func (r *ring[T]) popInto(dst []T) int {
	n := min(len(dst), r.n)
	for i := range n {
		dst[i] = r.pop()
	}
	return n
}

func (r *ring[T]) grow() {
	items := make([]T, max(16, 2*len(r.items)))
	for i := range r.n {
		items[i] = r.items[(r.head+i)&(len(r.items)-1)]
	}
	r.items, r.head = items, 0
}
