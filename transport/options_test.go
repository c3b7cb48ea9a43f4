// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/transport"
)

// ref returns a pointer to v.
func ref[T any](v T) *T { return &v }

// protocols are this package's TCP and netstack's, whose options are the model.
func protocols(t *testing.T) map[string]*stack.Stack {
	t.Helper()
	m := make(map[string]*stack.Stack)
	for name, f := range map[string]stack.TransportProtocolFactory{"tcpcb": transport.NewProtocol, "netstack": tcp.NewProtocol} {
		s := stack.New(stack.Options{
			NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
			TransportProtocols: []stack.TransportProtocolFactory{f},
		})
		t.Cleanup(func() { s.Close(); s.Wait() })
		m[name] = s
	}
	return m
}

// TestOptionDefaults checks that each option of the protocol starts as
// netstack's does.
func TestOptionDefaults(t *testing.T) {
	stacks := protocols(t)
	for _, o := range []tcpip.GettableTransportProtocolOption{
		ref(tcpip.TCPSACKEnabled(false)),
		ref(tcpip.TCPRecovery(0)),
		ref(tcpip.TCPDelayEnabled(true)),
		&tcpip.TCPSendBufferSizeRangeOption{},
		&tcpip.TCPReceiveBufferSizeRangeOption{},
		ref(tcpip.CongestionControlOption("")),
		ref(tcpip.TCPModerateReceiveBufferOption(false)),
		ref(tcpip.TCPLingerTimeoutOption(0)),
		ref(tcpip.TCPTimeWaitTimeoutOption(0)),
		ref(tcpip.TCPTimeWaitReuseOption(0)),
		ref(tcpip.TCPMinRTOOption(0)),
		ref(tcpip.TCPMaxRTOOption(0)),
		ref(tcpip.TCPMaxRetriesOption(0)),
		ref(tcpip.TCPAlwaysUseSynCookies(true)),
		ref(tcpip.TCPSynRetriesOption(0)),
	} {
		var got, want any
		for name, s := range stacks {
			if err := s.TransportProtocolOption(transport.ProtocolNumber, o); err != nil {
				t.Fatalf("%s: %T: %s", name, o, err)
			}
			v := reflect.ValueOf(o).Elem().Interface()
			if name == "tcpcb" {
				got = v
			} else {
				want = v
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%T: %v, want netstack's %v", o, got, want)
		}
	}
}

// TestSetOption sets options to values in and out of range, and compares the
// answer, and what is there afterwards, with netstack's.
func TestSetOption(t *testing.T) {
	stacks := protocols(t)
	for _, o := range []tcpip.SettableTransportProtocolOption{
		ref(tcpip.TCPSACKEnabled(false)),
		ref(tcpip.TCPRecovery(0)),
		ref(tcpip.TCPDelayEnabled(true)),
		&tcpip.TCPSendBufferSizeRangeOption{Min: 1, Default: 2, Max: 3},
		&tcpip.TCPSendBufferSizeRangeOption{Min: 0, Default: 2, Max: 3},
		&tcpip.TCPSendBufferSizeRangeOption{Min: 3, Default: 2, Max: 3},
		&tcpip.TCPSendBufferSizeRangeOption{Min: 1, Default: 4, Max: 3},
		&tcpip.TCPReceiveBufferSizeRangeOption{Min: 4, Default: 5, Max: 6},
		&tcpip.TCPReceiveBufferSizeRangeOption{Min: -1, Default: 5, Max: 6},
		&tcpip.TCPReceiveBufferSizeRangeOption{Min: 6, Default: 5, Max: 6},
		&tcpip.TCPReceiveBufferSizeRangeOption{Min: 4, Default: 7, Max: 6},
		ref(tcpip.CongestionControlOption("reno")),
		ref(tcpip.CongestionControlOption("nosuch")),
		ref(tcpip.TCPModerateReceiveBufferOption(false)),
		ref(tcpip.TCPLingerTimeoutOption(time.Second)),
		ref(tcpip.TCPLingerTimeoutOption(-1)),
		ref(tcpip.TCPTimeWaitTimeoutOption(time.Second)),
		ref(tcpip.TCPTimeWaitTimeoutOption(-1)),
		ref(tcpip.TCPTimeWaitReuseDisabled),
		ref(tcpip.TCPTimeWaitReuseGlobal),
		ref(tcpip.TCPTimeWaitReuseOption(3)),
		ref(tcpip.TCPMinRTOOption(time.Second)),
		ref(tcpip.TCPMaxRTOOption(time.Millisecond)),
		ref(tcpip.TCPMaxRTOOption(time.Minute)),
		ref(tcpip.TCPMinRTOOption(time.Hour)),
		ref(tcpip.TCPMinRTOOption(-1)),
		ref(tcpip.TCPMaxRTOOption(-1)),
		ref(tcpip.TCPMaxRetriesOption(3)),
		ref(tcpip.TCPAlwaysUseSynCookies(true)),
		ref(tcpip.TCPSynRetriesOption(9)),
		ref(tcpip.TCPSynRetriesOption(0)),
	} {
		var answers, values [2]string
		for name, s := range stacks {
			i := 0
			if name == "netstack" {
				i = 1
			}
			answers[i] = "no error"
			if err := s.SetTransportProtocolOption(transport.ProtocolNumber, o); err != nil {
				answers[i] = err.String()
			}
			got := reflect.New(reflect.TypeOf(o).Elem())
			if err := s.TransportProtocolOption(transport.ProtocolNumber, got.Interface().(tcpip.GettableTransportProtocolOption)); err != nil {
				t.Fatalf("%T: %s", o, err)
			}
			values[i] = sprint(got.Elem().Interface())
		}
		if answers[0] != answers[1] || values[0] != values[1] {
			t.Errorf("%T %s: %s, and then %s; netstack: %s, and then %s", o, sprint(o), answers[0], values[0], answers[1], values[1])
		}
	}
}

// TestUnknownOption checks the answer to an option of another protocol.
func TestUnknownOption(t *testing.T) {
	s := protocols(t)["tcpcb"]
	p := s.TransportProtocolInstance(transport.ProtocolNumber)
	if err := p.SetOption(nil); !isErr[*tcpip.ErrUnknownProtocolOption](err) {
		t.Errorf("SetOption: %v, want ErrUnknownProtocolOption", err)
	}
	if err := p.Option(nil); !isErr[*tcpip.ErrUnknownProtocolOption](err) {
		t.Errorf("Option: %v, want ErrUnknownProtocolOption", err)
	}
}

// TestCongestionControls checks what each constructor starts with, and what it
// lets be chosen: BBR only where it was asked for, as netstack has it not.
func TestCongestionControls(t *testing.T) {
	for _, test := range []struct {
		make            stack.TransportProtocolFactory
		starts, choices string
	}{
		{transport.NewProtocol, "reno", "reno cubic"},
		{transport.NewProtocolCUBIC, "cubic", "reno cubic"},
		{transport.NewProtocolBBR, "bbr", "reno cubic bbr"},
	} {
		s := stack.New(stack.Options{TransportProtocols: []stack.TransportProtocolFactory{test.make}})
		var all tcpip.TCPAvailableCongestionControlOption
		var now tcpip.CongestionControlOption
		if err := s.TransportProtocolOption(transport.ProtocolNumber, &all); err != nil {
			t.Fatal(err)
		}
		if err := s.TransportProtocolOption(transport.ProtocolNumber, &now); err != nil {
			t.Fatal(err)
		}
		if string(now) != test.starts || string(all) != test.choices {
			t.Errorf("starts with %q of %q, want %q of %q", now, all, test.starts, test.choices)
		}
		for _, name := range []string{"reno", "cubic", "bbr", "vegas", ""} {
			o := tcpip.CongestionControlOption(name)
			err := s.SetTransportProtocolOption(transport.ProtocolNumber, &o)
			if slices.Contains(strings.Fields(test.choices), name) {
				if err != nil {
					t.Errorf("of %q, %q: %s", test.choices, name, err)
				}
			} else if !isErr[*tcpip.ErrNoSuchFile](err) {
				t.Errorf("of %q, %q: %v, want ErrNoSuchFile", test.choices, name, err)
			}
		}
		s.Close()
	}
}

// TestProtocol checks what the stack asks a protocol for.
func TestProtocol(t *testing.T) {
	s := protocols(t)["tcpcb"]
	p := s.TransportProtocolInstance(transport.ProtocolNumber)
	if p.Number() != 6 || p.MinimumPacketSize() != 20 {
		t.Errorf("number %d, minimum %d, want 6 and 20", p.Number(), p.MinimumPacketSize())
	}
	src, dst, err := p.ParsePorts([]byte{1, 2, 3, 4, 5})
	if src != 0x102 || dst != 0x304 || err != nil {
		t.Errorf("ParsePorts: %d, %d, %v", src, dst, err)
	}
	if _, _, err := p.ParsePorts([]byte{1, 2, 3}); !isErr[*tcpip.ErrMalformedHeader](err) {
		t.Errorf("ParsePorts of 3 bytes: %v, want ErrMalformedHeader", err)
	}
	if _, ok := p.(interface {
		QueuePacket(stack.TransportEndpoint, stack.TransportEndpointID, *stack.PacketBuffer)
	}); ok {
		t.Error("the protocol queues packets: the demuxer would deliver them with a lock held")
	}
	if got := s.TCPSendBufferLimits(); got.Default != transport.DefaultSendBufferSize || got.Max != transport.MaxBufferSize || got.Min != transport.MinBufferSize {
		t.Errorf("send buffer limits %+v", got)
	}
	p.Pause()
	p.Resume()
	p.Restore()
	raw, err := p.NewRawEndpoint(ipv4.ProtocolNumber, &waiter.Queue{})
	if err != nil {
		t.Fatalf("NewRawEndpoint: %s", err)
	}
	raw.Close()
}

// sprint formats an option's value.
func sprint(v any) string {
	return fmt.Sprintf("%+v", reflect.Indirect(reflect.ValueOf(v)).Interface())
}
