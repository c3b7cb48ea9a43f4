// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// pathFlow is one connection of a scenario: both of its ends, driven by events
// and not by goroutines, so that it runs in virtual time.
type pathFlow struct {
	from, to     tcpip.Endpoint
	offset       int64 // of its stream in the pattern
	written      int64
	read         digest
	stop         bool // nothing more is to be written
	shut, ended  bool
	lastRead     time.Duration
	silence      time.Duration
	resumed      time.Duration // when text came again after resumeAfter
	resumeAfter  time.Duration
	counted      int64 // bytes read before the writer stopped
	writeEvents  waiter.Entry
	readEvents   waiter.Entry
	wantW, wantR bool
}

// watch has the flow told when it can go on.
func (f *pathFlow) watch(fromQ, toQ *waiter.Queue) {
	f.writeEvents = waiter.NewFunctionEntry(waiter.WritableEvents|waiter.EventHUp|waiter.EventErr, func(waiter.EventMask) { f.wantW = true })
	f.readEvents = waiter.NewFunctionEntry(waiter.ReadableEvents|waiter.EventHUp|waiter.EventErr, func(waiter.EventMask) { f.wantR = true })
	fromQ.EventRegister(&f.writeEvents)
	toQ.EventRegister(&f.readEvents)
	f.wantW, f.wantR = true, true
}

// step moves what can be moved now.
func (f *pathFlow) step(now time.Duration) error {
	if f.wantW || f.stop && !f.shut {
		f.wantW = false
		if err := f.write(); err != nil {
			return err
		}
	}
	if f.wantR {
		f.wantR = false
		return f.drain(now)
	}
	return nil
}

func (f *pathFlow) write() error {
	for !f.stop {
		b := cut(f.offset, f.written, chunk)
		n, err := f.from.Write(bytes.NewReader(b), tcpip.WriteOptions{})
		f.written += n
		if _, full := err.(*tcpip.ErrWouldBlock); full {
			return nil
		}
		if err != nil {
			return fmt.Errorf("write after %d bytes: %s", f.written, err)
		}
	}
	if !f.shut {
		f.shut = true
		if err := f.from.Shutdown(tcpip.ShutdownWrite); err != nil {
			return fmt.Errorf("shutdown: %s", err)
		}
	}
	return nil
}

func (f *pathFlow) drain(now time.Duration) error {
	before := f.read.count
	defer func() {
		if f.read.count == before {
			return
		}
		if f.lastRead > 0 {
			f.silence = max(f.silence, now-f.lastRead)
		}
		if f.resumed == 0 && f.resumeAfter > 0 && now > f.resumeAfter {
			f.resumed = now
		}
		f.lastRead = now
		if !f.stop {
			f.counted = f.read.count
		}
	}()
	for {
		got, err := f.to.Read(&digestWriter{&f.read}, tcpip.ReadOptions{})
		switch err.(type) {
		case nil:
			f.to.ModerateRecvBuf(got.Count) // as the sockets of gVisor do
		case *tcpip.ErrWouldBlock:
			return nil
		case *tcpip.ErrClosedForReceive:
			f.ended = true
			return nil
		default:
			return fmt.Errorf("read after %d bytes: %s", f.read.count, err)
		}
	}
}

// digestWriter takes what is read into a digest.
type digestWriter struct{ d *digest }

func (w *digestWriter) Write(b []byte) (int, error) {
	w.d.add(b)
	return len(b), nil
}

// verify reports an error unless all that was written was read.
func (f *pathFlow) verify() error { return verifyWhole(f.offset, f.written, f.read) }
