// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// socket makes the non-blocking calls of an endpoint wait, for one reader and
// one writer. It holds all that a call needs, so that what is allocated in
// steady state is the provider's doing.
type socket struct {
	ep       tcpip.Endpoint
	wq       *waiter.Queue
	readable waiter.Entry
	writable waiter.Entry
	canRead  chan struct{}
	canWrite chan struct{}
	src      bytes.Reader
	dst      tcpip.SliceWriter
	extra    [1]byte
}

const (
	readEvents  = waiter.ReadableEvents | waiter.EventHUp | waiter.EventErr | waiter.EventRdHUp
	writeEvents = waiter.WritableEvents | waiter.EventHUp | waiter.EventErr
)

// attach makes s the socket of an endpoint, and registers for its events before
// any call whose result could be missed. A socket that was released may be
// attached again, which allocates nothing.
func (s *socket) attach(ep tcpip.Endpoint, wq *waiter.Queue) {
	s.ep, s.wq = ep, wq
	if s.canRead == nil {
		s.readable, s.canRead = waiter.NewChannelEntry(readEvents)
		s.writable, s.canWrite = waiter.NewChannelEntry(writeEvents)
	}
	// A signal left by the endpoint before this one would end a wait early,
	// which connect cannot tell from its own.
	drain(s.canRead)
	drain(s.canWrite)
	wq.EventRegister(&s.readable)
	wq.EventRegister(&s.writable)
}

func drain(ready <-chan struct{}) {
	select {
	case <-ready:
	default:
	}
}

// release stops waiting for events, and leaves the endpoint open.
func (s *socket) release() {
	s.wq.EventUnregister(&s.readable)
	s.wq.EventUnregister(&s.writable)
}

// close releases the socket and closes its endpoint in the orderly way.
func (s *socket) close() {
	s.release()
	s.ep.Close()
}

// abort releases the socket and resets its connection.
func (s *socket) abort() {
	s.release()
	s.ep.Abort()
}

// wait returns when ready has been signalled, or with the reason why ctx ended.
func wait(ctx context.Context, ready <-chan struct{}) error {
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func wouldBlock(err tcpip.Error) bool {
	_, ok := err.(*tcpip.ErrWouldBlock)
	return ok
}

// connect opens the connection and waits until it is established.
func (s *socket) connect(ctx context.Context, to tcpip.FullAddress) error {
	err := s.ep.Connect(to)
	if _, ok := err.(*tcpip.ErrConnectStarted); ok {
		if err := wait(ctx, s.canWrite); err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		err = s.ep.LastError()
	}
	if err != nil {
		return fmt.Errorf("connect: %s", err)
	}
	return nil
}

// accept waits for the next connection of a listening endpoint, and attaches
// the socket in to it.
func (s *socket) accept(ctx context.Context, in *socket) error {
	for {
		ep, wq, err := s.ep.Accept(nil)
		if err == nil {
			in.attach(ep, wq)
			return nil
		}
		if !wouldBlock(err) {
			return fmt.Errorf("accept: %s", err)
		}
		if err := wait(ctx, s.canRead); err != nil {
			return fmt.Errorf("accept: %w", err)
		}
	}
}

// tryWrite returns how much of b there was room for, which may be nothing. The provider
// may have read more of src than it took.
func (s *socket) tryWrite(b []byte) (int, error) {
	s.src.Reset(b)
	n, err := s.ep.Write(&s.src, tcpip.WriteOptions{})
	switch {
	case wouldBlock(err):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("write: %s", err)
	case n == 0:
		return 0, errors.New("write: nothing was taken, without an error")
	}
	return int(n), nil
}

// write waits until all of b is written.
func (s *socket) write(ctx context.Context, b []byte) error {
	for len(b) > 0 {
		n, err := s.tryWrite(b)
		if err != nil {
			return err
		}
		b = b[n:]
		if n == 0 {
			if err := wait(ctx, s.canWrite); err != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
	}
	return nil
}

// tryRead returns how many bytes it put into b, 0 where there are none yet; io.EOF is the
// end of the peer's stream.
func (s *socket) tryRead(b []byte) (int, error) {
	s.dst = b
	res, err := s.ep.Read(&s.dst, tcpip.ReadOptions{})
	switch {
	case wouldBlock(err):
		return 0, nil
	case err == nil && res.Count == 0:
		return 0, errors.New("read: nothing was given, without an error")
	case err == nil:
		// As the contract asks after each copy to the user; it is
		// what lets the receive buffer grow.
		s.ep.ModerateRecvBuf(res.Count)
		return res.Count, nil
	}
	if _, ok := err.(*tcpip.ErrClosedForReceive); ok {
		return 0, io.EOF
	}
	return 0, fmt.Errorf("read: %s", err)
}

// read waits for data, and returns how many bytes it put into b; io.EOF is the
// end of the peer's stream.
func (s *socket) read(ctx context.Context, b []byte) (int, error) {
	for {
		if n, err := s.tryRead(b); n > 0 || err != nil {
			return n, err
		}
		if err := wait(ctx, s.canRead); err != nil {
			return 0, fmt.Errorf("read: %w", err)
		}
	}
}

// readFull waits until b is full. The end of the stream before that is an error.
func (s *socket) readFull(ctx context.Context, b []byte) error {
	for len(b) > 0 {
		n, err := s.read(ctx, b)
		if err == io.EOF {
			return fmt.Errorf("read: %w", io.ErrUnexpectedEOF)
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// readEOF waits for the end of the stream. Data before that is an error.
func (s *socket) readEOF(ctx context.Context) error {
	n, err := s.read(ctx, s.extra[:])
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("read: %d bytes where the stream should have ended", n)
}

// shutdownWrite ends this side's stream.
func (s *socket) shutdownWrite() error {
	if err := s.ep.Shutdown(tcpip.ShutdownWrite); err != nil {
		return fmt.Errorf("shutdown: %s", err)
	}
	return nil
}
