// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Sim runs simulations of two engines, or of two whole stacks, under an adversary
// in virtual time, as many as it is told to:
//
//	go run ./conformance/sim -seeds 1000000
//	go run ./conformance/sim -kind stacks -seeds 10000
//	go run ./conformance/sim -from 123 -seeds 1 -v
//
// All of a simulation follows from its seed: the path (loss, bursts, reordering,
// duplication, corruption, jitter, cuts, and how they change), the applications
// (what they write and read, when they sleep, close, abort, change their minds),
// the settings, and what is forged, replayed and truncated. Of each it checks that
//
//   - what was read is a prefix of what was written, and all of it where nobody gave
//     up;
//   - both applications learn of the end;
//   - no state is left once the timers have run out, and they do;
//   - memory and work are bounded;
//   - the packets keep the rules that show on the wire, and the engines their
//     invariants;
//   - one seed gives one trace, bit for bit (for every sixteenth, or all with
//     -twice).
//
// A seed that fails is shrunk: whatever is not needed for the failure is left out,
// and what is left is printed as a file. Kept in testdata, it is replayed by the
// tests. What it says is a simulation field by field, each where it differs from
// the default.
package main
