// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Xray runs two instances of Xray in one process, a client that takes SOCKS and a
// server, with WireGuard between them over loopback UDP, and measures HTTP
// through both. The client's end of WireGuard dials with netstack, and the
// server's forwards from netstack to the host's TCP.
package main

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	stdlog "log"
	stdnet "net"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/xtls/xray-core/app/dispatcher"
	"github.com/xtls/xray-core/app/proxyman"
	_ "github.com/xtls/xray-core/app/proxyman/inbound"
	_ "github.com/xtls/xray-core/app/proxyman/outbound"
	"github.com/xtls/xray-core/common/log"
	"github.com/xtls/xray-core/common/net"
	"github.com/xtls/xray-core/common/protocol"
	"github.com/xtls/xray-core/common/serial"
	"github.com/xtls/xray-core/core"
	"github.com/xtls/xray-core/proxy/freedom"
	"github.com/xtls/xray-core/proxy/socks"
	"github.com/xtls/xray-core/proxy/wireguard"
	_ "github.com/xtls/xray-core/transport/internet/tcp"
	_ "github.com/xtls/xray-core/transport/internet/udp"
	"google.golang.org/protobuf/proto"
	"tcpcb.example/measure"
)

const (
	loopback = "127.0.0.1"
	serverIP = "10.0.0.1"
	clientIP = "10.0.0.2"
	mtu      = 1420
)

func main() { measure.Main(open) }

// open returns a tunnel through both instances to the host's loopback.
func open() (*measure.Tunnel, error) {
	var errs complaints
	log.RegisterHandler(&errs)
	var keys [2]*ecdh.PrivateKey
	for i := range keys {
		key, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	socksPort, wireGuardPort, err := freePorts()
	if err != nil {
		return nil, err
	}
	server, err := start(wireGuardPort, device(keys[0], serverIP, &wireguard.PeerConfig{
		PublicKey:  hex.EncodeToString(keys[1].PublicKey().Bytes()),
		AllowedIps: []string{clientIP + "/32"},
	}), &freedom.Config{DestinationOverride: &freedom.DestinationOverride{
		Server: &protocol.ServerEndpoint{Address: net.NewIPOrDomain(net.ParseAddress(loopback))},
	}})
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	near := device(keys[1], clientIP, &wireguard.PeerConfig{
		PublicKey:  hex.EncodeToString(keys[0].PublicKey().Bytes()),
		Endpoint:   fmt.Sprintf("%s:%d", loopback, wireGuardPort),
		AllowedIps: []string{"0.0.0.0/0"},
	})
	near.IsClient = true
	client, err := start(socksPort, &socks.ServerConfig{}, near)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("client: %w", err), server.Close())
	}

	l, err := stdnet.Listen("tcp4", loopback+":0")
	if err != nil {
		return nil, errors.Join(err, client.Close(), server.Close())
	}
	proxy := &url.URL{Scheme: "socks5", Host: fmt.Sprintf("%s:%d", loopback, socksPort)}
	return &measure.Tunnel{
		Listener:  l,
		URL:       fmt.Sprintf("http://%s:%d", serverIP, l.Addr().(*stdnet.TCPAddr).Port),
		Transport: &http.Transport{Proxy: http.ProxyURL(proxy)},
		Close: func() {
			errs.closing.Store(true)
			if err := errors.Join(client.Close(), server.Close()); err != nil {
				stdlog.Print(err)
			}
		},
	}, nil
}

// device returns an end of WireGuard, in netstack also where the process could
// have a device of the kernel.
func device(key *ecdh.PrivateKey, ip string, peer *wireguard.PeerConfig) *wireguard.DeviceConfig {
	return &wireguard.DeviceConfig{
		SecretKey:   hex.EncodeToString(key.Bytes()),
		Endpoint:    []string{ip},
		Peers:       []*wireguard.PeerConfig{peer},
		Mtu:         mtu,
		NoKernelTun: true,
	}
}

// start starts an instance that listens on a port of the loopback, and sends on
// what comes in.
func start(port int, in, out proto.Message) (*core.Instance, error) {
	instance, err := core.New(&core.Config{
		App: []*serial.TypedMessage{
			serial.ToTypedMessage(&dispatcher.Config{}),
			serial.ToTypedMessage(&proxyman.InboundConfig{}),
			serial.ToTypedMessage(&proxyman.OutboundConfig{}),
		},
		Inbound: []*core.InboundHandlerConfig{{
			ReceiverSettings: serial.ToTypedMessage(&proxyman.ReceiverConfig{
				PortList: &net.PortList{Range: []*net.PortRange{net.SinglePortRange(net.Port(port))}},
				Listen:   net.NewIPOrDomain(net.ParseAddress(loopback)),
			}),
			ProxySettings: serial.ToTypedMessage(in),
		}},
		Outbound: []*core.OutboundHandlerConfig{{ProxySettings: serial.ToTypedMessage(out)}},
	})
	if err != nil {
		return nil, err
	}
	return instance, instance.Start()
}

// freePorts returns a port of TCP and one of UDP that nobody had: an instance
// does not tell which it got.
func freePorts() (tcp, udp int, err error) {
	l, err := stdnet.Listen("tcp4", loopback+":0")
	if err != nil {
		return 0, 0, err
	}
	defer l.Close()
	c, err := stdnet.ListenPacket("udp4", loopback+":0")
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	return l.Addr().(*stdnet.TCPAddr).Port, c.LocalAddr().(*stdnet.UDPAddr).Port, nil
}

// complaints writes errors where they do not mix with the figures, until the tunnel is
// closed: what is on the way then finds no socket.
type complaints struct{ closing atomic.Bool }

// Handle implements log.Handler.
func (c *complaints) Handle(m log.Message) {
	if m, ok := m.(*log.GeneralMessage); ok && m.Severity == log.Severity_Error && !c.closing.Load() {
		stdlog.Print(m)
	}
}
