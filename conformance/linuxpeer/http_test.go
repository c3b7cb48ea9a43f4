// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/conformance/linuxpeer"
)

// pathSum is where the server answers with the body's hash, and pathStream
// where it answers with n bytes, which the query names.
const (
	pathSum    = "/sum"
	pathStream = "/stream"
)

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pathSum, func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		if _, err := io.Copy(h, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "%x", h.Sum(nil))
	})
	mux.HandleFunc("GET "+pathStream, func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseUint(r.URL.Query().Get("n"), 10, 32)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		// A client that goes away ends the copy, and notices itself.
		_, _ = io.Copy(w, source(n, n))
	})
	return mux
}

// serve runs an HTTP server on the role's server side, and returns its URL.
func serve(t *testing.T, r role, network string) string {
	t.Helper()
	l := listen(t, r, network)
	s := &http.Server{Handler: handler(), ReadTimeout: patience, WriteTimeout: patience}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	})
	return "http://" + l.Addr().String()
}

// wantSum returns the hash of the n bytes that the server streams.
func wantSum(n uint64) string {
	h := sha256.New()
	_, _ = io.Copy(h, source(n, n))
	return fmt.Sprintf("%x", h.Sum(nil))
}

// TestHTTP has Go's HTTP client on one side talk to its server on the other:
// requests at once and on kept connections.
func TestHTTP(t *testing.T) {
	clients, requests := 16, 6
	if testing.Short() {
		requests = 3
	}
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{TCP: tcp})
		forEachRole(t, p, func(t *testing.T, r role, network string) {
			url := serve(t, r, network)
			transport := &http.Transport{DialContext: r.client.dial, MaxIdleConnsPerHost: clients}
			defer transport.CloseIdleConnections()
			c := &http.Client{Transport: transport, Timeout: patience}
			errs := make([]error, clients)
			var wg sync.WaitGroup
			for i := range clients {
				wg.Go(func() {
					for j := range requests {
						n := uint64(1 + 1000*i + 50000*j)
						errs[i] = errors.Join(errs[i], get(c, url, n), post(c, url, n))
					}
				})
			}
			wg.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Error(err)
			}
		})
	})
}

// get fetches n bytes and compares their hash.
func get(c *http.Client, url string, n uint64) error {
	resp, err := c.Get(fmt.Sprintf("%s%s?n=%d", url, pathStream, n))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, size, err := receive(resp.Body)
	if err != nil {
		return fmt.Errorf("get %d bytes: %w", n, err)
	}
	if resp.StatusCode != http.StatusOK || fmt.Sprintf("%x", got) != wantSum(n) {
		return fmt.Errorf("get %d bytes: status %s, %d bytes, hash %x", n, resp.Status, size, got)
	}
	return nil
}

// post uploads n bytes and compares the hash that the server answers with.
func post(c *http.Client, url string, n uint64) error {
	resp, err := c.Post(url+pathSum, "application/octet-stream", source(n, n))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("post %d bytes: %w", n, err)
	}
	if resp.StatusCode != http.StatusOK || string(got) != wantSum(n) {
		return fmt.Errorf("post %d bytes: status %s, answer %q", n, resp.Status, got)
	}
	return nil
}

// TestCurl has curl, on the kernel's TCP, download from and upload to a server
// on the stack's.
func TestCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skipf("curl is not there: %v", err)
	}
	const n = 5_000_000
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{TCP: tcp})
		for _, network := range networks {
			if !p.IPv6.Stack.IsValid() && network == "tcp6" {
				continue
			}
			t.Run(network, func(t *testing.T) {
				url := serve(t, role{client: kernelOf(p), server: stackOf(p)}, network)
				got, err := curl(p, nil, fmt.Sprintf("%s%s?n=%d", url, pathStream, n))
				if err != nil {
					t.Fatal(err)
				}
				if s := fmt.Sprintf("%x", sha256.Sum256(got)); s != wantSum(n) {
					t.Errorf("download: %d bytes, hash %s", len(got), s)
				}
				got, err = curl(p, source(n, n), "--data-binary", "@-", url+pathSum)
				if err != nil {
					t.Fatal(err)
				}
				if string(got) != wantSum(n) {
					t.Errorf("upload: answer %q", got)
				}
			})
		}
	})
}

// curl runs curl in the kernel's namespace and returns what it printed.
func curl(p *linuxpeer.Peer, stdin io.Reader, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	args = append([]string{"--disable", "--noproxy", "*", "--globoff", "--fail", "--silent", "--show-error"}, args...)
	if stdin == nil {
		return p.Output(ctx, "curl", args...)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "curl", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	err := p.Start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return nil, fmt.Errorf("curl: %w: %s", err, stderr.Bytes())
	}
	return stdout.Bytes(), nil
}
