// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import "gvisor.dev/gvisor/pkg/tcpip"

// errnoOf returns the errno of netstack's error as runsc has it; errors_test.go
// compares the two. gVisor's own table is in a package that installs handlers
// for signals when it is linked, which a test or a small command should not
// have. An error that is not among netstack's is EIO.
func errnoOf(err tcpip.Error) Errno {
	switch err.(type) {
	case nil, *tcpip.ErrClosedForReceive:
		return 0 // the end of the stream
	case *tcpip.ErrWouldBlock, *tcpip.ErrNoPortAvailable:
		return EAGAIN
	case *tcpip.ErrAborted, *tcpip.ErrClosedForSend:
		return EPIPE
	case *tcpip.ErrUnknownProtocol, *tcpip.ErrAlreadyBound, *tcpip.ErrInvalidEndpointState,
		*tcpip.ErrInvalidOptionValue, *tcpip.ErrMalformedHeader, *tcpip.ErrInvalidPortRange,
		*tcpip.ErrMulticastInputCannotBeOutput, *tcpip.ErrMissingRequiredFields:
		return EINVAL
	case *tcpip.ErrUnknownNICID, *tcpip.ErrUnknownDevice, *tcpip.ErrInvalidNICID:
		return ENODEV
	case *tcpip.ErrDuplicateNICID, *tcpip.ErrDuplicateAddress:
		return EEXIST
	}
	return errnoOfNetwork(err)
}

// errnoOfNetwork is errnoOf for what has an errno of its own.
func errnoOfNetwork(err tcpip.Error) Errno {
	switch err.(type) {
	case *tcpip.ErrConnectionReset:
		return ECONNRESET
	case *tcpip.ErrConnectionRefused:
		return ECONNREFUSED
	case *tcpip.ErrConnectionAborted:
		return ECONNABORTED
	case *tcpip.ErrTimeout:
		return ETIMEDOUT
	case *tcpip.ErrConnectStarted:
		return EINPROGRESS
	case *tcpip.ErrAlreadyConnecting:
		return EALREADY
	case *tcpip.ErrAlreadyConnected:
		return EISCONN
	case *tcpip.ErrNotConnected:
		return ENOTCONN
	case *tcpip.ErrHostUnreachable:
		return EHOSTUNREACH
	case *tcpip.ErrHostDown:
		return EHOSTDOWN
	case *tcpip.ErrNetworkUnreachable:
		return ENETUNREACH
	case *tcpip.ErrNoNet:
		return ENONET
	case *tcpip.ErrPortInUse:
		return EADDRINUSE
	case *tcpip.ErrBadLocalAddress:
		return EADDRNOTAVAIL
	case *tcpip.ErrAddressFamilyNotSupported:
		return EAFNOSUPPORT
	case *tcpip.ErrDestinationRequired:
		return EDESTADDRREQ
	case *tcpip.ErrBadAddress, *tcpip.ErrBadBuffer:
		return EFAULT
	case *tcpip.ErrMessageTooLong:
		return EMSGSIZE
	case *tcpip.ErrNoBufferSpace:
		return ENOBUFS
	case *tcpip.ErrBroadcastDisabled:
		return EACCES
	case *tcpip.ErrNotPermitted:
		return EPERM
	case *tcpip.ErrNotSupported:
		return EOPNOTSUPP
	case *tcpip.ErrQueueSizeNotSupported:
		return ENOTTY
	case *tcpip.ErrNoSuchFile:
		return ENOENT
	case *tcpip.ErrUnknownProtocolOption:
		return ENOPROTOOPT
	case *tcpip.ErrEndpointBusy:
		return EBUSY
	}
	return EIO
}

// failed returns the result of a call that netstack answered with an error.
func failed(err tcpip.Error) Result {
	e := errnoOf(err)
	if e == 0 {
		return Result{}
	}
	return fail(e)
}

// failedOption is failed for an option: what netstack does not know is
// unsupported.
func failedOption(err tcpip.Error, what string) Result {
	if _, unknown := err.(*tcpip.ErrUnknownProtocolOption); unknown {
		return lacking(ENOPROTOOPT, what)
	}
	return failed(err)
}
