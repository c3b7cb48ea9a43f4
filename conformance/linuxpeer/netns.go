// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// threadNS is the calling thread's network namespace; /proc/self would be the
// one of the process's first thread.
const threadNS = "/proc/thread-self/ns/net"

// namespace is a network namespace, which lives as long as its file is open or
// a socket, a device's file or a process is in it.
type namespace struct {
	file *os.File
}

// newNamespace makes a network namespace. No thread stays in it.
func newNamespace() (*namespace, error) {
	var ns *namespace
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare network namespace: %w", err)
		}
		f, err := os.Open(threadNS)
		if err != nil {
			return err
		}
		ns = &namespace{file: f}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ns, nil
}

// do calls f on a thread of the namespace, and returns its error.
func (n *namespace) do(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter network namespace: %w", err)
		}
		return f()
	})
}

func (n *namespace) close() error { return n.file.Close() }

// onThread calls f in a goroutine that has an OS thread for itself, and puts
// the thread back into the namespace it was in. A thread that cannot be put
// back is not used again: its goroutine ends locked to it, which ends it too.
func onThread(f func() error) error {
	err := errors.New("the function ended its goroutine")
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		origin, openErr := os.Open(threadNS)
		if openErr != nil {
			runtime.UnlockOSThread()
			err = openErr
			return
		}
		defer func() {
			if unix.Setns(int(origin.Fd()), unix.CLONE_NEWNET) == nil {
				runtime.UnlockOSThread()
			}
			origin.Close()
		}()
		err = f()
	}()
	<-done
	return err
}
