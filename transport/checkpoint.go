// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"

	"gvisor.dev/gvisor/pkg/state"
)

// The protocol is saved and loaded with its stack, by pkg/state. A probe is not:
// it is a function.
func init() { state.Register((*protocol)(nil)) }

// StateTypeName implements state.Type.
func (*protocol) StateTypeName() string { return "tcpcb/transport.protocol" }

// StateFields implements state.Type.
func (*protocol) StateFields() []string { return []string{"shared"} }

// StateSave implements state.SaverLoader.
func (p *protocol) StateSave(sink state.Sink) { sink.Save(0, &p.shared) }

// StateLoad implements state.SaverLoader.
func (p *protocol) StateLoad(_ context.Context, source state.Source) { source.Load(0, &p.shared) }
