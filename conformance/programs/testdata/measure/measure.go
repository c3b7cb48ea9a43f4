// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package measure sends HTTP through a program that carries TCP, and verifies
// every byte: a text down and up, and small requests. The programs beside it
// differ only in what they put between the client and the server.
package measure

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"reflect"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// Tunnel is what is between the client and the server.
type Tunnel struct {
	// Listener is the server's, at the far end.
	Listener net.Listener
	// URL is the server's, as the client knows it.
	URL string
	// Transport is the client's way to the near end.
	Transport *http.Transport
	// Close ends the tunnel, unless it is nil.
	Close func()
}

// report is what a program prints.
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

// Main is what a program's main does: it measures the tunnel that open makes,
// and prints the figures as JSON, with the package of the TCP.
func Main(open func() (*Tunnel, error)) {
	flag.Parse()
	r, err := run(open)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
}

func run(open func() (*Tunnel, error)) (*report, error) {
	text := make([]byte, *size<<20)
	if _, err := rand.Read(text); err != nil {
		return nil, err
	}
	want := sha256.Sum256(text)
	t, err := open()
	if err != nil {
		return nil, err
	}
	if t.Close != nil {
		defer t.Close()
	}
	server := &http.Server{Handler: handler(text)}
	go func() { _ = server.Serve(t.Listener) }()
	defer server.Close()

	c := client{url: t.URL, http: &http.Client{Transport: t.Transport, Timeout: 5 * time.Minute}}
	r := &report{TCP: reflect.TypeFor[tcp.Endpoint]().PkgPath()}
	if r.P50, r.P99, err = c.latency(text[:small]); err != nil {
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

// small is how much of the text a small request gets.
const small = 100

// handler is the server's: it sends the text, and answers one with its hash.
func handler(text []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /text", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) })
	mux.HandleFunc("GET /small", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text[:small]) })
	mux.HandleFunc("POST /text", func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		if _, err := io.Copy(h, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = w.Write(h.Sum(nil))
	})
	return mux
}
