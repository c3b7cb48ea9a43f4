// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

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
