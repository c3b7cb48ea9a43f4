// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"

	"gvisor.dev/gvisor/pkg/state"
)

// field is one thing that pkg/state saves of a struct: its name, and where it is
// saved from and loaded to.
type field struct {
	name string
	at   any // a pointer
}

// fields are what is saved of a struct: one list says it for both directions.
type fields []field

func (fs fields) names() []string {
	names := make([]string, len(fs))
	for i, f := range fs {
		names[i] = f.name
	}
	return names
}

func (fs fields) save(sink state.Sink) {
	for i, f := range fs {
		sink.Save(i, f.at)
	}
}

func (fs fields) load(source state.Source) {
	for i, f := range fs {
		source.Load(i, f.at)
	}
}

func init() {
	state.Register((*Endpoint)(nil))
	state.Register((*Shared)(nil))
	state.Register((*Stats)(nil))
	state.Register((*ReceiveErrors)(nil))
	state.Register((*SendErrors)(nil))
}

// StateTypeName implements state.Type.
func (*Stats) StateTypeName() string { return "tcpcb/endpoint.Stats" }

// StateFields implements state.Type.
func (*Stats) StateFields() []string { return new(Stats).fields().names() }

// StateSave implements state.SaverLoader.
func (s *Stats) StateSave(sink state.Sink) { s.fields().save(sink) }

// StateLoad implements state.SaverLoader.
func (s *Stats) StateLoad(_ context.Context, source state.Source) { s.fields().load(source) }

func (s *Stats) fields() fields {
	return fields{
		{"SegmentsReceived", &s.SegmentsReceived},
		{"SegmentsSent", &s.SegmentsSent},
		{"FailedConnectionAttempts", &s.FailedConnectionAttempts},
		{"ReceiveErrors", &s.ReceiveErrors},
		{"ReadErrors", &s.ReadErrors},
		{"SendErrors", &s.SendErrors},
		{"WriteErrors", &s.WriteErrors},
	}
}

// StateTypeName implements state.Type.
func (*ReceiveErrors) StateTypeName() string { return "tcpcb/endpoint.ReceiveErrors" }

// StateFields implements state.Type.
func (*ReceiveErrors) StateFields() []string { return new(ReceiveErrors).fields().names() }

// StateSave implements state.SaverLoader.
func (r *ReceiveErrors) StateSave(sink state.Sink) { r.fields().save(sink) }

// StateLoad implements state.SaverLoader.
func (r *ReceiveErrors) StateLoad(_ context.Context, source state.Source) { r.fields().load(source) }

func (r *ReceiveErrors) fields() fields {
	return fields{
		{"ReceiveErrors", &r.ReceiveErrors},
		{"SegmentQueueDropped", &r.SegmentQueueDropped},
		{"ChecksumErrors", &r.ChecksumErrors},
		{"ListenOverflowSynDrop", &r.ListenOverflowSynDrop},
		{"ListenOverflowAckDrop", &r.ListenOverflowAckDrop},
		{"ZeroRcvWindowState", &r.ZeroRcvWindowState},
		{"WantZeroRcvWindow", &r.WantZeroRcvWindow},
	}
}

// StateTypeName implements state.Type.
func (*SendErrors) StateTypeName() string { return "tcpcb/endpoint.SendErrors" }

// StateFields implements state.Type.
func (*SendErrors) StateFields() []string { return new(SendErrors).fields().names() }

// StateSave implements state.SaverLoader.
func (s *SendErrors) StateSave(sink state.Sink) { s.fields().save(sink) }

// StateLoad implements state.SaverLoader.
func (s *SendErrors) StateLoad(_ context.Context, source state.Source) { s.fields().load(source) }

func (s *SendErrors) fields() fields {
	return fields{
		{"SendErrors", &s.SendErrors},
		{"SegmentSendToNetworkFailed", &s.SegmentSendToNetworkFailed},
		{"SynSendToNetworkFailed", &s.SynSendToNetworkFailed},
		{"Retransmits", &s.Retransmits},
		{"FastRetransmit", &s.FastRetransmit},
		{"Timeouts", &s.Timeouts},
	}
}

// StateTypeName implements state.Type.
func (*Shared) StateTypeName() string { return "tcpcb/endpoint.Shared" }

// StateFields implements state.Type.
func (*Shared) StateFields() []string { return new(Shared).fields().names() }

// StateSave implements state.SaverLoader. Secrets are left out: two stacks that
// were restored from one checkpoint must not share them. So is a probe, which is
// a function.
func (s *Shared) StateSave(sink state.Sink) { s.fields().save(sink) }

// StateLoad implements state.SaverLoader.
func (s *Shared) StateLoad(_ context.Context, source state.Source) {
	s.fields().load(source)
	source.AfterLoad(s.loaded)
}

func (s *Shared) fields() fields {
	o := &s.opts
	return fields{
		{"Stack", &s.Stack},
		{"SendBuffer", &o.SendBuffer},
		{"ReceiveBuffer", &o.ReceiveBuffer},
		{"ModerateReceiveBuffer", &o.ModerateReceiveBuffer},
		{"CongestionControl", &o.CongestionControl},
		{"AvailableCongestionControl", &o.AvailableCongestionControl},
		{"LimitedTransmit", &o.Choices.LimitedTransmit},
		{"ProbeAtTimeout", &o.Choices.ProbeAtTimeout},
		{"LoneFIN", &o.Choices.LoneFIN},
		{"RestartIdle", &o.Choices.RestartIdle},
		{"NoValidation", &o.Choices.NoValidation},
		{"OpenOnce", &o.Choices.OpenOnce},
		{"FromWindow", &o.Choices.FromWindow},
		{"More", &o.Choices.More},
		{"UnsentMost", &o.Choices.UnsentMost},
		{"ECN", &o.ECN},
		{"Pacing", &o.Pacing},
		{"SACK", &o.SACK},
		{"Delay", &o.Delay},
		{"AlwaysSynCookies", &o.AlwaysSynCookies},
		{"Recovery", &o.Recovery},
		{"LingerTimeout", &o.LingerTimeout},
		{"TimeWaitTimeout", &o.TimeWaitTimeout},
		{"TimeWaitReuse", &o.TimeWaitReuse},
		{"MinRTO", &o.MinRTO},
		{"MaxRTO", &o.MaxRTO},
		{"MaxRetries", &o.MaxRetries},
		{"SynRetries", &o.SynRetries},
	}
}
