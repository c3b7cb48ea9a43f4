// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"gvisor.dev/gvisor/pkg/rand"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
)

// isnTick is the period of the clock in initial sequence numbers (RFC 9293,
// section 3.4.1, MUST-8; RFC 6528, section 3).
const isnTick = 4 * time.Microsecond

// Secrets are the keys of one stack: for initial sequence numbers, timestamp
// offsets, SYN cookies and flow hashes. They are drawn once and never change;
// all methods may be called at the same time, and none allocates.
type Secrets struct {
	isn, timestamps, cookieBase, cookieMAC, flow sipKey
}

// NewSecrets draws keys from rng, the stack's secure source. It panics when the
// source fails: a stack without randomness must not run.
func NewSecrets(rng rand.RNG) Secrets {
	var s Secrets
	for _, k := range []*sipKey{&s.isn, &s.timestamps, &s.cookieBase, &s.cookieMAC, &s.flow} {
		var b [16]byte
		if _, err := io.ReadFull(rng.Reader, b[:]); err != nil {
			panic(fmt.Sprintf("adapter: the stack's secure source of randomness failed: %v", err))
		}
		k.k0 = binary.LittleEndian.Uint64(b[:8])
		k.k1 = binary.LittleEndian.Uint64(b[8:])
	}
	return s
}

// ISN returns the initial sequence number for a connection that opens now: a
// clock of 4 µs plus a keyed hash of the 4-tuple, so that the numbers of one
// 4-tuple grow with time, and those of another cannot be told from them
// (RFC 6528, section 3; RFC 9293, section 3.4.1, SHLD-1).
func (s *Secrets) ISN(now engine.Instant, id *stack.TransportEndpointID) uint32 {
	return uint32(int64(now)/int64(isnTick)) + uint32(hashTuple(s.isn, id, nil))
}

// TSOffset returns what is added to the clock of timestamps towards a peer: a
// keyed hash of the two addresses. Ports are left out, so that timestamps of
// successive connections between two hosts grow (RFC 7323, section 5.4, and
// RFC 6191).
func (s *Secrets) TSOffset(local, remote tcpip.Address) uint32 {
	var b [tupleLen]byte
	return uint32(s.timestamps.sum(putAddresses(b[:0], &local, &remote)))
}

// FlowHash returns a number that tells flows apart for links with many queues
// (stack.PacketBuffer.Hash); it is never 0, which would mean no hash.
func (s *Secrets) FlowHash(id *stack.TransportEndpointID) uint32 {
	return uint32(hashTuple(s.flow, id, nil)) | 1
}

// tupleLen bounds the bytes that a 4-tuple and a few words beside it take.
const tupleLen = 2 + 2*16 + 4 + 16

// hashTuple hashes the 4-tuple and the words after it. Addresses are preceded
// by their lengths, so that no two inputs give the same bytes.
func hashTuple(k sipKey, id *stack.TransportEndpointID, words []uint32) uint64 {
	var buf [tupleLen]byte
	b := putAddresses(buf[:0], &id.LocalAddress, &id.RemoteAddress)
	b = binary.LittleEndian.AppendUint16(b, id.LocalPort)
	b = binary.LittleEndian.AppendUint16(b, id.RemotePort)
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return k.sum(b)
}

// putAddresses appends both addresses, each after its length.
func putAddresses(b []byte, local, remote *tcpip.Address) []byte {
	b = append(b, byte(local.Len()))
	b = append(b, local.AsSlice()...)
	b = append(b, byte(remote.Len()))
	return append(b, remote.AsSlice()...)
}
