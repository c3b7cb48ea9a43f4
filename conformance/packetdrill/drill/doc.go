// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package drill runs packetdrill scripts against a TCP of netstack.
//
// A script is run against a stack of its own, with one TCP and a link that ends
// here: packets in are put on it at their times, and what the stack sends is
// compared with the packets that the script says are to go out. System calls are
// those of package posix; commands for a shell are interpreted, and never
// executed (shell.go); code in %{ }% is evaluated by Starlark (code.go).
//
// Scripts are about Linux. What RFCs leave to choose is as Linux has chosen, where the
// provider's TCP has that choice and Options.OwnChoices is not set; settings of
// sysctl change such choices too.
//
// In virtual time nothing waits: the clock moves to the next timer when the stack
// has come to rest. In real time the stack has the clock of the machine.
//
// A script that needs what is not there ends as Unsupported, with what and where,
// and never as a pass. What MatchRFC accepts beyond what packetdrill does is listed
// in lenient.go, and each use of it is in the report.
package drill
