// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Wireguard runs two WireGuard devices back to back in one process, each with a
// netstack of its own, and HTTP over them. It verifies every byte, and prints
// which TCP carried them, at what rate and with what latency, as JSON.
package main

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"time"

	"golang.zx2c4.com/wireguard/conn/bindtest"
	"golang.zx2c4.com/wireguard/device"
	"golang.zx2c4.com/wireguard/tun/netstack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// report is what the program prints.
type report struct {
	TCP string // the package of the endpoints
	// DownMbps and UpMbps are the rates of the bodies.
	DownMbps, UpMbps float64
	// P50 and P99 are the quantiles of the time that a small request takes, in
	// microseconds.
	P50, P99 float64
}

var (
	size     = flag.Int("size", 64, "bytes to send each way, in `MiB`")
	requests = flag.Int("requests", 2000, "how many small requests to time")
)

func main() {
	flag.Parse()
	r, err := run()
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
}

// peer is one end of the tunnel.
type peer struct {
	addr netip.Addr
	dev  *device.Device
	net  *netstack.Net
}

// tunnel returns two peers that know each other.
func tunnel() ([2]*peer, error) {
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

func run() (*report, error) {
	peers, err := tunnel()
	if err != nil {
		return nil, err
	}
	defer peers[0].dev.Close()
	defer peers[1].dev.Close()

	text := make([]byte, *size<<20)
	if _, err := rand.Read(text); err != nil {
		return nil, err
	}
	want := sha256.Sum256(text)
	l, err := peers[1].net.ListenTCP(&net.TCPAddr{Port: 80})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /text", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) })
	mux.HandleFunc("GET /small", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text[:100]) })
	mux.HandleFunc("POST /text", func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		if _, err := io.Copy(h, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = w.Write(h.Sum(nil))
	})
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }()
	defer server.Close()

	c := client{url: fmt.Sprintf("http://%v", peers[1].addr), http: &http.Client{
		Transport: &http.Transport{DialContext: peers[0].net.DialContext},
		Timeout:   time.Minute,
	}}
	r := &report{TCP: reflect.TypeFor[tcp.Endpoint]().PkgPath()}
	if r.P50, r.P99, err = c.latency(text[:100]); err != nil {
		return nil, err
	}
	if r.DownMbps, err = c.rate(func() ([]byte, error) {
		body, err := c.do(http.MethodGet, "/text", nil)
		h := sha256.Sum256(body)
		return h[:], err
	}, want[:]); err != nil {
		return nil, fmt.Errorf("download: %w", err)
	}
	if r.UpMbps, err = c.rate(func() ([]byte, error) {
		return c.do(http.MethodPost, "/text", text)
	}, want[:]); err != nil {
		return nil, fmt.Errorf("upload: %w", err)
	}
	return r, nil
}

type client struct {
	url  string
	http *http.Client
}

func (c *client) do(method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, out)
	}
	return out, err
}

// rate times a transfer of the whole text, which must come to the hash want.
func (c *client) rate(transfer func() ([]byte, error), want []byte) (float64, error) {
	begun := time.Now()
	got, err := transfer()
	took := time.Since(begun)
	if err != nil {
		return 0, err
	}
	if !bytes.Equal(got, want) {
		return 0, fmt.Errorf("the text's hash is %x, want %x", got, want)
	}
	return float64(*size<<20) * 8 / took.Seconds() / 1e6, nil
}

// latency times small requests over one connection.
func (c *client) latency(want []byte) (p50, p99 float64, err error) {
	times := make([]time.Duration, 0, *requests)
	for range *requests {
		begun := time.Now()
		got, err := c.do(http.MethodGet, "/small", nil)
		times = append(times, time.Since(begun))
		if err != nil {
			return 0, 0, fmt.Errorf("small request: %w", err)
		}
		if !bytes.Equal(got, want) {
			return 0, 0, fmt.Errorf("a small request got %d other bytes", len(got))
		}
	}
	slices.Sort(times)
	at := func(q float64) float64 { return float64(times[int(q*float64(len(times)-1))].Microseconds()) }
	return at(0.5), at(0.99), nil
}
