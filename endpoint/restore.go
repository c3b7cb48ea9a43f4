// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
)

// Restore implements stack.RestoredEndpoint: an endpoint that was loaded becomes
// what it was, as far as the network that it finds allows. A connection ends where
// its address is gone, or no way leads to its peer. It stays frozen until the
// protocol is restored.
func (e *Endpoint) Restore(*stack.Stack) {
	e.mu.Lock()
	defer e.mu.Unlock()
	k := e.takeSaved()
	if k == nil || e.retired { // closed meanwhile
		return
	}
	switch e.port { // what is reserved with the stack was saved with it
	case portBound:
		e.shared.ports.reserved(e.ID.LocalPort)
	case portUsed:
		e.shared.ports.join(e.kind(), e.ID.LocalPort, true /* shared */)
	}
	now := e.shared.Clock.Now()
	e.state.Store(uint32(k.state)) // the gauges, which were saved, know it
	e.timeWaitSince = now.Add(-k.inTimeWait)
	switch {
	case k.state == StateListen:
		e.beginListening(now, k)
	case k.opened:
		e.reopen(now, k)
	}
	if k.state.closed() {
		e.retire() // most had been, when they were saved
	}
	if e.closed && !e.retired {
		tcpip.AddDanglingEndpoint(e)
	}
	e.shared.mu.Lock()
	e.shared.restored = append(e.shared.restored, e)
	e.shared.mu.Unlock()
}

// takeSaved returns what the endpoint was loaded with, and is not restored from
// yet; nil when there is nothing.
func (e *Endpoint) takeSaved() *saved {
	if e.rare == nil {
		return nil
	}
	k := e.rare.saved
	e.rare.saved = nil
	return k
}

// Restored thaws the endpoints that were restored: all of them are there now.
func (s *Shared) Restored() {
	s.mu.Lock()
	eps := s.restored
	s.restored = nil
	s.mu.Unlock()
	for _, e := range eps {
		e.mu.Lock()
		if p, ok := e.parent.(restoredParent); ok {
			if l := p.ep.listener.Load(); l != nil {
				e.parent = l
			}
		}
		e.mu.Unlock()
		e.frozen.Store(false)
	}
	for _, e := range eps {
		e.unlock(e.lock())
		e.catchUp() // what came for a listener before it was one again
	}
}

// beginListening makes the endpoint a listener again, with those that wait.
func (e *Endpoint) beginListening(now engine.Instant, k *saved) {
	l := &listener{
		ep: e, backlog: k.backlog, closed: k.refuses, queue: k.queue,
		pending: make(map[*Endpoint]engine.Instant, len(k.pending)),
	}
	l.ready.Store(int32(len(l.queue)))
	for i, child := range k.pending {
		if i < len(k.pendingFor) {
			l.pending[child] = now.Add(-k.pendingFor[i])
		}
	}
	e.listener.Store(l)
}

// reopen makes the endpoint's connection what it was. One that had ended has, at
// most, text to be read.
func (e *Endpoint) reopen(now engine.Instant, k *saved) {
	c := &k.checkpoint
	var err tcpip.Error
	if !k.state.closed() {
		err = e.rejoin(k, c)
	}
	e.opened = true
	if bad := e.conn.Restore(now, c, e.settings()); bad != nil {
		panic("BUG: " + bad.Error()) // it was checked when it was loaded
	}
	e.conn.TakeEvents()
	if err != nil {
		e.breakOff(now, err)
	}
	e.publish()
}

// rejoin finds the way to the peer, and makes packets of the connection reach the
// endpoint.
func (e *Endpoint) rejoin(k *saved, c *engine.Checkpoint) tcpip.Error {
	s := e.shared.Stack
	if k.parent != nil {
		e.parent = restoredParent{k.parent}
	} else if c.State == engine.StateSynRcvd && c.Passive {
		return &tcpip.ErrConnectionAborted{} // who waited for it is not here
	}
	migrates := s.AllowLiveTCPMigration()
	if k.abort && !migrates {
		return &tcpip.ErrConnectionAborted{}
	}
	nic := e.boundNIC
	if migrates { // the address may have come to another NIC
		nic = 0
	}
	nets := e.boundNets.list()
	if len(nets) != 1 {
		return &tcpip.ErrConnectionAborted{}
	}
	route, err := s.FindRoute(nic, e.ID.LocalAddress, e.ID.RemoteAddress, nets[0], false /* multicastLoop */)
	if err != nil {
		return err
	}
	s.UnregisterTransportEndpoint(nets, ProtocolNumber, e.ID, e, e.boundFlags, e.boundDevice)
	e.registered = false
	if err := e.register(); err != nil {
		route.Release()
		return err
	}
	if e.boundNIC != 0 {
		e.boundNIC = route.NICID()
	}
	e.setPath(route)
	c.MSS, c.GSOMaxSize = min(c.MSS, e.path.MSS()), e.path.GSOMaxSize()
	return nil
}

// breakOff ends a connection that cannot go on. The peer, which may be out of
// reach, is not told: what it sends is answered with a reset.
func (e *Endpoint) breakOff(now engine.Instant, err tcpip.Error) {
	old := e.EndpointState()
	e.conn.Abort(now)
	e.conn.TakeEvents()
	if old.connecting() {
		e.setSoftError(err)
	}
	if e.parent != nil {
		e.outcome = handshakeFailed
	}
	e.hardErr = err
	e.setState(StateError)
	e.wake |= allEvents
	e.retire()
}

// restoredParent is a listener, which may be restored after its connections, until
// Restored puts it in its place. One that does not listen any more stays, and
// wants none.
type restoredParent struct{ ep *Endpoint }

// handshakeEnded implements passiveParent.
func (restoredParent) handshakeEnded(child *Endpoint, _ handshakeOutcome) { child.Abort() }
