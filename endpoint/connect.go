// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/adapter"
	"tcpcb/engine"
)

// Connect implements tcpip.Endpoint: it sends a SYN and returns
// ErrConnectStarted; the endpoint becomes writable when the handshake is done,
// and LastError tells when it failed. While it lasts, the answer is
// ErrAlreadyConnecting; then nil, once, and ErrAlreadyConnected. Other errors
// are those of routing and of the ports.
func (e *Endpoint) Connect(addr tcpip.FullAddress) tcpip.Error {
	now := e.lock()
	defer e.unlock(now)
	err := e.connectLocked(now, addr)
	if err != nil && !err.IgnoreStats() {
		e.wake |= allEvents
		e.countFailedConnection()
	}
	return err
}

// connectLocked is Connect with the lock held.
func (e *Endpoint) connectLocked(now engine.Instant, addr tcpip.FullAddress) tcpip.Error {
	addr, netProto, err := e.unwrap(addr, false /* bind */)
	if err != nil {
		return err
	}
	s := e.EndpointState()
	nic := addr.NIC
	switch {
	case s.connected():
		if e.notified {
			return &tcpip.ErrAlreadyConnected{}
		}
		e.notified = true
		return nil
	case s.connecting():
		return &tcpip.ErrAlreadyConnecting{}
	case s == StateError:
		if err := e.takeHardError(); err != nil {
			return err
		}
		return &tcpip.ErrConnectionAborted{}
	case s == StateBound:
		if e.boundNIC != 0 {
			if nic != 0 && nic != e.boundNIC {
				return &tcpip.ErrHostUnreachable{}
			}
			nic = e.boundNIC
		}
	case s != StateInitial:
		return &tcpip.ErrInvalidEndpointState{}
	}
	// As in netstack, the device that the socket is bound to says which packets it
	// gets, and not which way it sends.
	route, err := e.shared.Stack.FindRoute(nic, e.ID.LocalAddress, addr.Addr, netProto, false /* multicastLoop */)
	if err != nil {
		return err
	}
	if !oneHost(route) {
		route.Release()
		return &tcpip.ErrNetworkUnreachable{}
	}
	e.setState(StateConnecting)
	if err := e.claim(now, route, addr); err != nil {
		e.setState(s)
		route.Release()
		if _, ok := err.(*tcpip.ErrPortInUse); ok {
			return &tcpip.ErrBadLocalAddress{}
		}
		return err
	}
	e.boundNIC = nic
	e.setPath(route)
	e.opened = true
	e.conn.OpenActive(now, e.params(now), e.settings())
	e.shared.TCP.ActiveConnectionOpenings.Increment()
	return &tcpip.ErrConnectStarted{}
}

// oneHost reports whether a route leads to one host. A connection to a broadcast
// or multicast address is refused (RFC 9293, section 3.9.1.1, MUST-46).
func oneHost(r *stack.Route) bool {
	a := r.RemoteAddress()
	return !r.IsOutboundBroadcast() && !header.IsV4MulticastAddress(a) && !header.IsV6MulticastAddress(a)
}

// claim makes the connection to addr the endpoint's: it reserves a port unless
// one is, and registers the endpoint. When it fails, nothing has changed.
func (e *Endpoint) claim(now engine.Instant, route *stack.Route, addr tcpip.FullAddress) tcpip.Error {
	old := e.ID
	reserved := e.boundNets
	e.ID.LocalAddress = route.LocalAddress()
	e.ID.RemoteAddress = route.RemoteAddress()
	e.ID.RemotePort = addr.Port
	e.boundNets = netProtoOf(route.NetProto())
	var err tcpip.Error
	if old.LocalPort != 0 {
		err = e.register()
	} else {
		err = e.pickPort(now, route)
	}
	if err != nil {
		e.ID, e.boundNets = old, reserved
		return err
	}
	if old.LocalPort == 0 {
		return nil
	}
	e.boundAny = old.LocalAddress.Len() == 0
	if rest := reserved &^ e.boundNets; rest != 0 {
		// The wildcard held the port in both families, and one of them is out
		// of the game now.
		e.shared.Stack.ReleasePort(e.reservation(rest))
	}
	return nil
}

// setPath makes the endpoint own route, which leads to the peer in e.ID, from the
// local address that it keeps (RFC 9293, section 3.9.1.1, MUST-44, MUST-45).
func (e *Endpoint) setPath(route *stack.Route) {
	e.path = adapter.NewPath(route, e.ID.LocalPort, e.ID.RemotePort, &e.shared.Links)
	e.path.Hash = e.shared.Secrets.FlowHash(&e.ID)
	e.dress()
}

// dress puts the options that concern packets in force.
func (e *Endpoint) dress() {
	if !e.path.Valid() {
		return
	}
	e.shared.dress(&e.path, e.opt, e.ops().GetExperimentOptionValue())
	e.path.Owner = e.packetOwner()
}

// dress has the packets of p carry what the options say, and the experiment
// option where it is not 0.
func (s *Shared) dress(p *adapter.Path, o *socketOptions, experiment uint16) {
	p.SetTTL(o.ttl, o.hopLimit)
	p.TOS = o.tos
	p.DF = o.pmtud != tcpip.PMTUDiscoveryDont
	p.Experiment = s.experiment(p, experiment)
}

// experiment returns the value of the experiment option that packets carry now
// where v was asked for; 0 stands for none, as where the NIC does not allow it.
func (s *Shared) experiment(p *adapter.Path, v uint16) uint16 {
	if v == 0 {
		return 0
	}
	nic, err := s.Stack.GetNICByID(p.Route().OutgoingNIC())
	if err != nil || !nic.GetExperimentIPOptionEnabled() {
		return 0
	}
	return v
}

// params returns what a connection over e.path is opened with.
func (e *Endpoint) params(now engine.Instant) engine.Params {
	o := e.shared.Options()
	p := engine.Params{
		ISS:               e.shared.Secrets.ISN(now, &e.ID),
		TSOffset:          e.shared.Secrets.TSOffset(e.ID.LocalAddress, e.ID.RemoteAddress),
		MSS:               e.path.MSS(),
		UserMSS:           e.opt.userMSS,
		PeerMSS:           e.path.DefaultPeerMSS(),
		GSOMaxSize:        e.path.GSOMaxSize(),
		NoSACK:            !o.SACK,
		ECN:               o.ECN == ECNOn || o.ECN == ECNAccept && e.parent != nil,
		CongestionControl: e.opt.congestionControl,
	}
	// As in netstack, the scale is that of the whole buffer, although the window
	// is a part of it.
	p.RcvBufMax = int(e.ops().GetReceiveBufferSize())
	if !e.opt.rcvFixed {
		p.RcvBufMax = max(o.ReceiveBuffer.Max, p.RcvBufMax)
	}
	return p
}

// netstack acknowledges each batch of arrivals at once, and so does this: but nobody
// says where a batch ends. It ends when the application has caught up with as many as
// come at once, after batchSegments full segments that were processed, or after
// batchDelay; where it and the peer's speak in turn, the answer carries the
// acknowledgment (engine/ack_turns.go). Without TCP_QUICKACK the acknowledgment of less
// than two segments waits for slowAckDelay (RFC 9293, section 3.8.6.3).
const (
	batchDelay    = time.Millisecond
	batchSegments = 32
	slowAckDelay  = 40 * time.Millisecond
)

// settings returns the engine's settings that follow from the options, with the
// sizes of the buffers that the connection is opened with.
func (e *Endpoint) settings() *engine.Settings {
	s := e.tuning()
	s.RcvBuf, s.SndBuf = e.bufferSizes()
	return e.base.share(s)
}

// bufferSizes returns the engine's sizes of the receive and the send buffer, in
// bytes, that follow from the options.
func (e *Endpoint) bufferSizes() (rcv, snd int) {
	ops := e.ops()
	rcv = max(1, int(ops.GetReceiveBufferSize())>>windowShift, e.tunedWindow())
	return rcv, max(1, int(ops.GetSendBufferSize()))
}

// tuning returns the settings but for the sizes of the buffers.
func (e *Endpoint) tuning() engine.Settings {
	o, ops := e.shared.Options(), e.ops()
	s := engine.DefaultSettings()
	s.WindowClamp = e.opt.clamp()
	s.NoDelay = !ops.GetDelayOption()
	s.Cork = ops.GetCorkOption()
	s.ProbeOctet, s.RcvBeyond = true, true // as netstack does
	s.AckDelay, s.AckEvery = batchDelay, batchSegments
	if !ops.GetQuickAck() {
		s.AckDelay, s.AckEvery = slowAckDelay, 0
	}
	s.KeepAlive = ops.GetKeepAlive()
	s.KeepAliveIdle = e.opt.keepIdle
	s.KeepAliveInterval = e.opt.keepInterval
	s.KeepAliveCount = e.opt.keepCount
	s.UserTimeout = e.opt.userTimeout
	s.MinRTO, s.MaxRTO = o.MinRTO, o.MaxRTO
	s.NoRACK = o.Recovery&tcpip.TCPRACKLossDetection == 0
	s.MaxRetries = int(o.MaxRetries)
	s.Choices = o.Choices
	s.Pacing = o.Pacing
	if e.opt.unsentMost != 0 {
		s.UnsentMost = e.opt.unsentMost
	}
	s.SynRetries = int(e.opt.synRetries)
	s.FinWait2Timeout = e.opt.lingerTimeout
	s.TimeWait = o.TimeWaitTimeout
	var limit stack.TCPInvalidRateLimitOption
	if err := e.shared.Stack.Option(&limit); err == nil {
		s.InvalidRateLimit = time.Duration(limit)
	}
	return s
}

// watchQuickAck puts a changed TCP_QUICKACK in force, which nobody is told of
// when it is set.
func (e *Endpoint) watchQuickAck(now engine.Instant) {
	if e.ops().GetQuickAck() == (e.conn.Settings().AckDelay == slowAckDelay) {
		e.apply(now)
	}
}

// apply puts changed options in force.
func (e *Endpoint) apply(now engine.Instant) {
	if e.opened && !e.retired {
		rcv, snd := e.bufferSizes()
		s := e.tuning()
		s.RcvBuf, s.SndBuf = e.conn.Settings().RcvBuf, e.conn.Settings().SndBuf
		e.conn.Apply(now, e.base.share(s))
		e.conn.Resize(now, rcv, snd)
	}
}

// ConnectEndpoint is not supported: TCP endpoints meet over the network only.
func (*Endpoint) ConnectEndpoint(tcpip.Endpoint) tcpip.Error {
	return &tcpip.ErrInvalidEndpointState{}
}

// Disconnect implements tcpip.Endpoint: as in netstack, a TCP endpoint is not
// disconnected, and the answer is ErrNotSupported.
func (*Endpoint) Disconnect() tcpip.Error { return &tcpip.ErrNotSupported{} }
