// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import "gvisor.dev/gvisor/pkg/tcpip"

// LockUser begins a critical section of the caller's, which UnlockUser must end:
// nothing happens to the endpoint meanwhile, and segments wait. The methods of
// the endpoint must not be called in it, but for LastErrorLocked and those that
// say that they take no lock.
func (e *Endpoint) LockUser() { e.mu.Lock() }

// TryLock is LockUser where nobody else is in a critical section, and reports
// whether it is.
func (e *Endpoint) TryLock() bool { return e.mu.TryLock() }

// UnlockUser ends the critical section, and processes what came meanwhile.
func (e *Endpoint) UnlockUser() { e.unlock(e.shared.Clock.Now()) }

// StopWork is LockUser, and ResumeWork UnlockUser, for tests that hold back an
// endpoint's work.
func (e *Endpoint) StopWork() { e.LockUser() }

// ResumeWork is described at StopWork.
func (e *Endpoint) ResumeWork() { e.UnlockUser() }

// LastErrorLocked is the soft error that LastError would return, which is
// forgotten, for callers in a critical section.
func (e *Endpoint) LastErrorLocked() tcpip.Error {
	err := e.softError()
	e.setSoftError(nil)
	return err
}
