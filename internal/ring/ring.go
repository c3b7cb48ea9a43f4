// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ring is a queue in a slice.
package ring

// Ring is a FIFO over a circular slice. It grows by doubling, so that once it
// has seen its largest load it allocates no more; who pushes bounds its length.
// The zero value is empty and ready.
type Ring[T any] struct {
	items []T // length zero or a power of two
	head  int
	n     int
}

// Len returns the number of items held.
func (r *Ring[T]) Len() int { return r.n }

// Push adds an item at the back.
func (r *Ring[T]) Push(item T) {
	if r.n == len(r.items) {
		r.grow()
	}
	r.items[(r.head+r.n)&(len(r.items)-1)] = item
	r.n++
}

// Pop takes the item at the front, which must exist.
func (r *Ring[T]) Pop() T {
	var none T
	item := r.items[r.head]
	r.items[r.head] = none
	r.head = (r.head + 1) & (len(r.items) - 1)
	r.n--
	return item
}

// PopInto fills dst from the front and returns how many items it moved.
func (r *Ring[T]) PopInto(dst []T) int {
	n := min(len(dst), r.n)
	for i := range n {
		dst[i] = r.Pop()
	}
	return n
}

func (r *Ring[T]) grow() {
	items := make([]T, max(16, 2*len(r.items)))
	for i := range r.n {
		items[i] = r.items[(r.head+i)&(len(r.items)-1)]
	}
	r.items, r.head = items, 0
}
