// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

const (
	// maxFrame is the largest read from the device: a header, an IPv6
	// header and the largest payload that one announces.
	maxFrame = vnetHdrLen + header.IPv6MinimumSize + 65535
	// headSize is how much of a packet lies apart from the rest: room for its
	// headers. netstack copies the whole chunk that they lie in.
	headSize = 128
	// maxSlices keeps a write within the kernel's limit of 1024 pieces.
	maxSlices = 1000
)

// link is the stack's endpoint on the TUN device. One goroutine reads packets
// and delivers them where they arrive.
type link struct {
	file    *os.File
	raw     syscall.RawConn
	offload bool
	mtu     atomic.Uint32

	mu         sync.Mutex
	dispatcher stack.NetworkDispatcher
	wg         sync.WaitGroup

	dropped atomic.Uint64
	failure atomic.Pointer[error]
}

var (
	_ stack.LinkEndpoint = (*link)(nil)
	_ stack.GSOEndpoint  = (*link)(nil)
)

// newLink returns the endpoint on a device's file, which becomes its own.
func newLink(f *os.File, mtu uint32, offload bool) (*link, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	l := &link{file: f, raw: raw, offload: offload}
	l.mtu.Store(mtu)
	return l, nil
}

// Attach implements stack.LinkEndpoint. Detaching does not wait for the
// reader: the stack detaches under its lock, which the reader may need.
func (l *link) Attach(d stack.NetworkDispatcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.dispatcher
	l.dispatcher = d
	switch {
	case d == nil && was != nil:
		l.interrupt()
	case d != nil && was == nil:
		l.wg.Add(1)
		go l.read(d)
	}
}

// interrupt makes the reader end soon.
func (l *link) interrupt() {
	// An error means that the file is closed, which ends the reader too.
	_ = l.file.SetReadDeadline(time.Unix(1, 0))
}

// stop ends the reader and waits for it.
func (l *link) stop() {
	l.interrupt()
	l.wg.Wait()
}

// read delivers packets until it is interrupted or the device fails.
func (l *link) read(d stack.NetworkDispatcher) {
	defer l.wg.Done()
	buf := make([]byte, maxFrame)
	for {
		n, err := l.file.Read(buf)
		if err != nil {
			if !os.IsTimeout(err) {
				err = fmt.Errorf("read TUN device: %w", err)
				l.failure.Store(&err)
			}
			return
		}
		frame := buf[:n]
		if l.offload {
			frame = frame[min(n, vnetHdrLen):]
		}
		l.deliver(d, frame)
	}
}

func (l *link) deliver(d stack.NetworkDispatcher, frame []byte) {
	var proto tcpip.NetworkProtocolNumber
	switch header.IPVersion(frame) {
	case header.IPv4Version:
		proto = header.IPv4ProtocolNumber
	case header.IPv6Version:
		proto = header.IPv6ProtocolNumber
	default:
		l.dropped.Add(1)
		return
	}
	head := min(len(frame), headSize)
	payload := buffer.MakeWithView(buffer.NewViewWithData(frame[:head]))
	if head < len(frame) {
		rest := buffer.MakeWithView(buffer.NewViewWithData(frame[head:]))
		payload.Merge(&rest)
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: payload})
	d.DeliverNetworkPacket(proto, pkt)
	pkt.DecRef()
}

// WritePackets implements stack.LinkEndpoint. The kernel takes each packet as
// it is written, on this thread.
func (l *link) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	written := 0
	var failed tcpip.Error
	err := l.raw.Control(func(fd uintptr) {
		for _, pkt := range pkts.AsSlice() {
			if err := l.write(int(fd), pkt); err != nil {
				l.dropped.Add(1)
				failed = &tcpip.ErrNoBufferSpace{}
				return
			}
			written++
		}
	})
	if err != nil {
		return 0, &tcpip.ErrClosedForSend{}
	}
	return written, failed
}

func (l *link) write(fd int, pkt *stack.PacketBuffer) error {
	slices := pkt.AsSlices()
	if len(slices) > maxSlices {
		flat := pkt.ToView()
		defer flat.Release()
		slices = [][]byte{flat.AsSlice()}
	}
	if l.offload {
		var hdr [vnetHdrLen]byte
		putVNetHdr(&hdr, pkt)
		slices = append([][]byte{hdr[:]}, slices...)
	}
	for {
		_, err := unix.Writev(fd, slices)
		if err != unix.EINTR {
			return err
		}
	}
}

// err returns the error that ended the reader, if one did.
func (l *link) err() error {
	if p := l.failure.Load(); p != nil {
		return *p
	}
	return nil
}

// IsAttached implements stack.LinkEndpoint.
func (l *link) IsAttached() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dispatcher != nil
}

// Capabilities implements stack.LinkEndpoint. With offload, the kernel leaves
// checksums unfinished in packets that never leave the host.
func (l *link) Capabilities() stack.LinkEndpointCapabilities {
	if l.offload {
		return stack.CapabilityRXChecksumOffload
	}
	return 0
}

// SupportedGSO implements stack.GSOEndpoint.
func (l *link) SupportedGSO() stack.SupportedGSO {
	if l.offload {
		return stack.HostGSOSupported
	}
	return stack.GSONotSupported
}

// GSOMaxSize implements stack.GSOEndpoint.
func (l *link) GSOMaxSize() uint32 {
	if l.offload {
		return MaxMTU
	}
	return 0
}

// MTU implements stack.LinkEndpoint.
func (l *link) MTU() uint32 { return l.mtu.Load() }

// SetMTU implements stack.LinkEndpoint, on the stack's side alone.
func (l *link) SetMTU(mtu uint32) { l.mtu.Store(mtu) }

// Wait implements stack.LinkEndpoint. It does not wait, for Attach's reason.
func (l *link) Wait() {}

// Close implements stack.LinkEndpoint. The peer closes the device.
func (l *link) Close() {}

// SetOnCloseAction implements stack.LinkEndpoint.
func (l *link) SetOnCloseAction(func()) {}

// MaxHeaderLength implements stack.LinkEndpoint.
func (l *link) MaxHeaderLength() uint16 { return 0 }

// LinkAddress implements stack.LinkEndpoint: the link has none.
func (l *link) LinkAddress() tcpip.LinkAddress { return "" }

// SetLinkAddress implements stack.LinkEndpoint.
func (l *link) SetLinkAddress(tcpip.LinkAddress) {}

// ARPHardwareType implements stack.LinkEndpoint.
func (l *link) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareNone }

// AddHeader implements stack.LinkEndpoint.
func (l *link) AddHeader(*stack.PacketBuffer) {}

// ParseHeader implements stack.LinkEndpoint.
func (l *link) ParseHeader(*stack.PacketBuffer) bool { return true }
