// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/conformance/linuxpeer"
)

// tunPlaces are the links to the kernel's TCP: out to it and in from it, over a
// TUN device as it is, and over one with segmentation and checksum offload.
func tunPlaces() []place {
	return []place{
		{"tun-out", tunRow(true, false)},
		{"tun-in", tunRow(false, false)},
		{"tun-gso-out", tunRow(true, true)},
		{"tun-gso-in", tunRow(false, true)},
	}
}

func tunRow(out, offload bool) row {
	return row{
		figures: bulkFigures,
		missing: func() error {
			if os.Geteuid() != 0 {
				return errors.New("needs root")
			}
			if _, err := os.Stat("/dev/net/tun"); err != nil {
				return err
			}
			return nil
		},
		run: func(ctx context.Context, p provider, s settings) ([]float64, error) {
			return bulkWithKernel(ctx, p, s, out, offload)
		},
	}
}

// bulkWithKernel sends one stream to the kernel, or receives one from it.
func bulkWithKernel(ctx context.Context, p provider, s settings, out, offload bool) ([]float64, error) {
	peer, err := linuxpeer.Open(linuxpeer.Config{TCP: p.new, Offload: offload})
	if err != nil {
		return nil, err
	}
	defer peer.Close()
	var ours socket
	theirs, err := joinKernel(ctx, peer, &ours, out)
	if err != nil {
		return nil, err
	}
	defer ours.close()
	defer theirs.Close()
	defer context.AfterFunc(ctx, func() { theirs.Close() })()
	ip := peer.Stack.Stats().IP
	st := stream{packets: func() uint64 { return ip.PacketsSent.Value() + ip.PacketsReceived.Value() }}
	if out {
		st.send = func(ctx context.Context, stop *atomic.Bool) (int64, error) {
			return sendUntil(ctx, &ours, 0, chunk, stop)
		}
		st.receive = func(_ context.Context, progress func(int)) (digest, error) { return receiveConn(theirs, progress) }
	} else {
		st.send = func(_ context.Context, stop *atomic.Bool) (int64, error) { return sendConn(theirs, stop) }
		st.receive = func(ctx context.Context, progress func(int)) (digest, error) {
			return receive(ctx, &ours, make([]byte, chunk), progress)
		}
	}
	return st.measure(ctx, s)
}

// joinKernel opens a connection from ours to the kernel, or the other way, and
// returns the kernel's end.
func joinKernel(ctx context.Context, peer *linuxpeer.Peer, ours *socket, out bool) (net.Conn, error) {
	ep, wq, err := newEndpoint(peer.Stack)
	if err != nil {
		return nil, err
	}
	if out {
		l, err := peer.Listen("tcp4", netip.AddrPortFrom(peer.IPv4.Kernel, port).String())
		if err != nil {
			ep.Close()
			return nil, err
		}
		defer l.Close()
		ours.attach(ep, wq)
		if err := ours.connect(ctx, tcpip.FullAddress{Addr: tcpip.AddrFrom4(peer.IPv4.Kernel.As4()), Port: port}); err != nil {
			ours.close()
			return nil, err
		}
		return l.Accept()
	}
	listening := &world{server: peer.Stack}
	ep.Close()
	if err := listening.listen(); err != nil {
		return nil, err
	}
	defer listening.listener.close()
	theirs, err := peer.Dial(ctx, "tcp4", netip.AddrPortFrom(peer.IPv4.Stack, port).String())
	if err != nil {
		return nil, err
	}
	if err := listening.listener.accept(ctx, ours); err != nil {
		theirs.Close()
		return nil, err
	}
	return theirs, nil
}

// sendConn is sendUntil over a net.Conn.
func sendConn(c net.Conn, stop *atomic.Bool) (int64, error) {
	var sent int64
	for !stop.Load() {
		n, err := c.Write(cut(0, sent, chunk))
		sent += int64(n)
		if err != nil {
			return sent, fmt.Errorf("write: %w", err)
		}
	}
	return sent, c.(interface{ CloseWrite() error }).CloseWrite()
}

// receiveConn is receive over a net.Conn.
func receiveConn(c net.Conn, progress func(int)) (digest, error) {
	var got digest
	buf := make([]byte, chunk)
	for {
		n, err := c.Read(buf)
		got.add(buf[:n])
		progress(n)
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, fmt.Errorf("read: %w", err)
		}
	}
}
