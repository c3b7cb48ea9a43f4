// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// ring is a queue in a circular array, which grows by doubling and so allocates
// nothing in steady state. The zero value is empty.
type ring[T any] struct {
	items []T // its length is a power of two
	head  int
	n     int
}

// ringMin is the first capacity of a ring.
const ringMin = 4

// at returns the i-th item from the front, valid until the ring changes.
func (r *ring[T]) at(i int) *T { return &r.items[(r.head+i)&(len(r.items)-1)] }

func (r *ring[T]) grow() {
	if r.n < len(r.items) {
		return
	}
	items := make([]T, max(ringMin, 2*len(r.items)))
	for i := range r.n {
		items[i] = *r.at(i)
	}
	r.items, r.head = items, 0
}

func (r *ring[T]) pushBack(v T) {
	r.grow()
	r.n++
	*r.at(r.n - 1) = v
}

func (r *ring[T]) pushFront(v T) {
	r.grow()
	r.head = (r.head - 1) & (len(r.items) - 1)
	r.n++
	*r.at(0) = v
}

// popFront removes the first item and returns it.
func (r *ring[T]) popFront() T {
	var zero T
	v := *r.at(0)
	*r.at(0) = zero
	r.head = (r.head + 1) & (len(r.items) - 1)
	r.n--
	return v
}

// insert puts v before the i-th item, moving whichever side is shorter.
func (r *ring[T]) insert(i int, v T) {
	if i <= r.n/2 {
		r.pushFront(v)
		for j := range i {
			*r.at(j) = *r.at(j + 1)
		}
	} else {
		r.pushBack(v)
		for j := r.n - 1; j > i; j-- {
			*r.at(j) = *r.at(j - 1)
		}
	}
	*r.at(i) = v
}

// remove takes the i-th item out, moving whichever side is shorter.
func (r *ring[T]) remove(i int) T {
	v := *r.at(i)
	if i < r.n/2 {
		for j := i; j > 0; j-- {
			*r.at(j) = *r.at(j - 1)
		}
		r.popFront()
		return v
	}
	for j := i; j < r.n-1; j++ {
		*r.at(j) = *r.at(j + 1)
	}
	var zero T
	*r.at(r.n - 1) = zero
	r.n--
	return v
}

// search returns the first index for which f is true, and n where there is
// none; f must be false, then true, along the ring.
func (r *ring[T]) search(f func(*T) bool) int {
	lo, hi := 0, r.n
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if f(r.at(mid)) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// free drops the array; the ring is empty afterwards.
func (r *ring[T]) free() { *r = ring[T]{} }
