// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"tcpcb/bench/floor"
	"tcpcb/engine"
	"tcpcb/transport"
)

// provider is one TCP to measure.
type provider struct {
	name string
	new  stack.TransportProtocolFactory
	// all is new with every congestion control that there is; nil for new.
	all stack.TransportProtocolFactory
	// goroutines says that the provider has goroutines of its own.
	goroutines bool
	// floor says that this is no TCP: it takes part in the rows that say so.
	floor bool
}

// allProviders lists what can be measured. The first of those selected is the
// one that ratios are taken against.
var allProviders = []provider{
	{name: "netstack", new: tcp.NewProtocol, goroutines: true},
	{name: "tcpcb", new: transport.NewProtocol, all: transport.NewProtocolBBR},
	{name: "floor", new: floor.NewProtocol, floor: true},
}

// selectProviders returns the providers named in list, which is separated by
// commas, in the order given there; an empty list means all of them.
func selectProviders(all []provider, list string) ([]provider, error) {
	if list == "" {
		return all, nil
	}
	var names []string
	byName := make(map[string]provider, len(all))
	for _, p := range all {
		names = append(names, p.name)
		byName[p.name] = p
	}
	var out []provider
	seen := make(map[string]bool)
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		p, ok := byName[name]
		switch {
		case !ok:
			return nil, fmt.Errorf("unknown provider %q; there are: %s", name, strings.Join(names, ", "))
		case seen[name]:
			return nil, fmt.Errorf("provider %q is named twice", name)
		}
		seen[name] = true
		out = append(out, p)
	}
	return out, nil
}

// selectControls returns the congestion controls named in list, which is separated
// by commas: those of the engine, which are Linux's and netstack's too. An empty
// list names none.
func selectControls(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	var only []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		switch all := engine.CongestionControls(); {
		case !slices.Contains(all, name):
			return nil, fmt.Errorf("unknown congestion control %q; there are: %s", name, strings.Join(all, ", "))
		case slices.Contains(only, name):
			return nil, fmt.Errorf("congestion control %q is named twice", name)
		}
		only = append(only, name)
	}
	return only, nil
}
