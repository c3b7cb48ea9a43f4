// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"bytes"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/linkfifo"
)

// A device whose queue is a few packets long, and says so when it is full, costs no
// timeout and no byte.
func TestFullDevice(t *testing.T) {
	for _, gso := range []bool{false, true} {
		side := linkfifo.Side{GSO: gso, GSOMaxSize: 4 * 1460, Path: linkfifo.Path{
			Rate: 100 * mbit, Delay: 5 * time.Millisecond, QueuePackets: 3, QueueRefuses: true,
		}}
		w := newFifo(t, linkfifo.Options{A: side, B: side})
		c, s := w.pair()
		want := text(2 << 20)
		var got bytes.Buffer
		sent := 0
		w.until("all is read", func() bool {
			n, _ := c.Write(bytes.NewReader(want[sent:]), tcpip.WriteOptions{})
			sent += int(n)
			s.Read(&got, tcpip.ReadOptions{})
			return got.Len() == len(want)
		})
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("GSO %v: not what was sent arrived", gso)
		}
		st := w.a.Stats().TCP
		if n := st.Timeouts.Value(); n != 0 {
			t.Errorf("GSO %v: %d timeouts", gso, n)
		}
		if w.link.A.Stats().DroppedQueue == 0 || st.SegmentSendErrors.Value() == 0 {
			t.Errorf("GSO %v: the device never was full", gso)
		}
		endOf(w, c, s)
	}
}
