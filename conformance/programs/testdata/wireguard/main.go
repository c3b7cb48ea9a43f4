// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Wireguard runs two WireGuard devices back to back in one process, each with a
// netstack of its own, and measures HTTP over them.
package main

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"golang.zx2c4.com/wireguard/conn/bindtest"
	"golang.zx2c4.com/wireguard/device"
	"golang.zx2c4.com/wireguard/tun/netstack"
	"tcpcb.example/measure"
)

func main() { measure.Main(open) }

// open returns a tunnel from the first peer to the second.
func open() (*measure.Tunnel, error) {
	peers, err := connect()
	if err != nil {
		return nil, err
	}
	l, err := peers[1].net.ListenTCP(&net.TCPAddr{Port: 80})
	if err != nil {
		return nil, err
	}
	return &measure.Tunnel{
		Listener:  l,
		URL:       fmt.Sprintf("http://%v", peers[1].addr),
		Transport: &http.Transport{DialContext: peers[0].net.DialContext},
		Close: func() {
			peers[1].dev.Close()
			peers[0].dev.Close()
		},
	}, nil
}

// peer is one end of the tunnel.
type peer struct {
	addr netip.Addr
	dev  *device.Device
	net  *netstack.Net
}

// connect returns two peers that know each other.
func connect() ([2]*peer, error) {
	var peers [2]*peer
	var keys [2]*ecdh.PrivateKey
	for i := range keys {
		key, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			return peers, err
		}
		keys[i] = key
	}
	// The binds are channels: nothing is lost between the devices.
	binds := bindtest.NewChannelBinds()
	for i := range peers {
		addr, other := netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + i)}), netip.AddrFrom4([4]byte{10, 0, 0, byte(2 - i)})
		tun, tnet, err := netstack.CreateNetTUN([]netip.Addr{addr}, nil, 1420)
		if err != nil {
			return peers, err
		}
		dev := device.NewDevice(tun, binds[i], device.NewLogger(device.LogLevelError, ""))
		config := fmt.Sprintf("private_key=%s\npublic_key=%s\nallowed_ip=%v/32\nendpoint=127.0.0.1:%d\n",
			hex.EncodeToString(keys[i].Bytes()), hex.EncodeToString(keys[1-i].PublicKey().Bytes()), other, 1+i) // the port by which a bind knows the other
		if err := dev.IpcSet(config); err != nil {
			return peers, err
		}
		if err := dev.Up(); err != nil {
			return peers, err
		}
		peers[i] = &peer{addr: addr, dev: dev, net: tnet}
	}
	return peers, nil
}
