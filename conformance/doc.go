// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Conformance prints how tcpcb and netstack's own TCP stand to what the RFCs ask
// for: a table of the requirements in conformance/requirements, judged by the
// cases of conformance/kit, which it plays to both.
//
//	go run ./conformance                 # the table, and the counts of each RFC
//	go run ./conformance -run RFC5961    # only what matches
//	go run ./conformance -v -run MUST-37 # with what shows each row
//	go run ./conformance -json
//	go run ./conformance -html FILE      # a page to read
//
// Its exit status is 1 where tcpcb does not meet a MUST that applies.
//
// The tests beside it run whole stacks, with tcpcb's TCP and netstack's own on
// either end: interoperation by hash, Go's own tests of network connections, links
// that deliver on the writer's stack, NAT and sockets beside TCP; and every option,
// counter and call of both, compared.
package main
