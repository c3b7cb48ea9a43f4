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
	byName := make(map[string]provider, len(all))
	var known []string
	for _, p := range all {
		known = append(known, p.name)
		byName[p.name] = p
	}
	names, err := selectNames("provider", known, list)
	if err != nil {
		return nil, err
	}
	var out []provider
	for _, name := range names {
		out = append(out, byName[name])
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
	return selectNames("congestion control", engine.CongestionControls(), list)
}

// selectNames returns the names in list, which is separated by commas: each known, and
// none twice. what they name is for the error.
func selectNames(what string, known []string, list string) ([]string, error) {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		switch {
		case !slices.Contains(known, name):
			return nil, fmt.Errorf("unknown %s %q; there are: %s", what, name, strings.Join(known, ", "))
		case slices.Contains(names, name):
			return nil, fmt.Errorf("%s %q is named twice", what, name)
		}
		names = append(names, name)
	}
	return names, nil
}
