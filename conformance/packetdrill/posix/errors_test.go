// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"testing"

	"gvisor.dev/gvisor/pkg/abi/linux/errno"
	"gvisor.dev/gvisor/pkg/syserr"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// The errno of each of netstack's errors is that of runsc.
func TestErrnoOf(t *testing.T) {
	all := []tcpip.Error{
		&tcpip.ErrAborted{}, &tcpip.ErrAddressFamilyNotSupported{}, &tcpip.ErrAlreadyBound{},
		&tcpip.ErrAlreadyConnected{}, &tcpip.ErrAlreadyConnecting{}, &tcpip.ErrBadAddress{},
		&tcpip.ErrBadBuffer{}, &tcpip.ErrBadLocalAddress{}, &tcpip.ErrBroadcastDisabled{},
		&tcpip.ErrClosedForReceive{}, &tcpip.ErrClosedForSend{}, &tcpip.ErrConnectStarted{},
		&tcpip.ErrConnectionAborted{}, &tcpip.ErrConnectionRefused{}, &tcpip.ErrConnectionReset{},
		&tcpip.ErrDestinationRequired{}, &tcpip.ErrDuplicateAddress{}, &tcpip.ErrDuplicateNICID{},
		&tcpip.ErrInvalidEndpointState{}, &tcpip.ErrInvalidOptionValue{}, &tcpip.ErrInvalidPortRange{},
		&tcpip.ErrMalformedHeader{}, &tcpip.ErrMessageTooLong{}, &tcpip.ErrNetworkUnreachable{},
		&tcpip.ErrNoBufferSpace{}, &tcpip.ErrNoPortAvailable{}, &tcpip.ErrHostUnreachable{},
		&tcpip.ErrHostDown{}, &tcpip.ErrNoNet{}, &tcpip.ErrNoSuchFile{}, &tcpip.ErrNotConnected{},
		&tcpip.ErrNotPermitted{}, &tcpip.ErrNotSupported{}, &tcpip.ErrPortInUse{},
		&tcpip.ErrQueueSizeNotSupported{}, &tcpip.ErrTimeout{}, &tcpip.ErrUnknownDevice{},
		&tcpip.ErrUnknownNICID{}, &tcpip.ErrUnknownProtocol{}, &tcpip.ErrUnknownProtocolOption{},
		&tcpip.ErrWouldBlock{}, &tcpip.ErrMissingRequiredFields{}, &tcpip.ErrMulticastInputCannotBeOutput{},
		&tcpip.ErrEndpointBusy{},
	}
	for _, err := range all {
		want := syserr.TranslateNetstackError(err).ToLinux()
		if want == errno.NOERRNO {
			want = 0
		}
		if got := errnoOf(err); got != Errno(want) {
			t.Errorf("%T: %s, want %d", err, got.Name(), want)
		}
		if r := failed(err); r.Errno == 0 && r.Ret != 0 || r.Errno != 0 && r.Ret != -1 {
			t.Errorf("%T: %v", err, r)
		}
	}
	if e := errnoOf(nil); e != 0 {
		t.Errorf("no error is %s", e.Name())
	}
}

func TestErrnoNames(t *testing.T) {
	for e, d := range errnos {
		if got, ok := ErrnoByName(d.name); !ok || got != e || e.Name() != d.name || e.Error() != d.text {
			t.Errorf("%d: %s %q, by its name %d", e, e.Name(), e.Error(), got)
		}
	}
	if e, ok := ErrnoByName("EWOULDBLOCK"); !ok || e != EAGAIN {
		t.Errorf("EWOULDBLOCK is %s", e.Name())
	}
	if _, ok := ErrnoByName("ENOTHING"); ok {
		t.Error("ENOTHING is an errno")
	}
	if e := Errno(4000); e.Name() != "4000" || e.Error() != "Unknown error 4000" {
		t.Errorf("%s %q", e.Name(), e.Error())
	}
}
