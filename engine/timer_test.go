// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "testing"

func TestTimers(t *testing.T) {
	var ts timers
	if at, id := ts.next(); at != Never || id != numTimers {
		t.Fatalf("the zero value has a timer: %v %v", at, id)
	}
	ts.arm(timerKeepAlive, 30)
	ts.arm(timerRetransmit, 10)
	ts.arm(timerAck, 20)
	for _, want := range []timerID{timerRetransmit, timerAck, timerKeepAlive} {
		_, id := ts.next()
		if id != want {
			t.Fatalf("next is %v, want %v", id, want)
		}
		ts.stop(id)
	}
	ts.arm(timerAck, Never)
	if at, id := ts.next(); at != Never || id != timerAck {
		t.Errorf("a timer at Never: %v %v", at, id)
	}
}
