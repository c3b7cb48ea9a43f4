// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"context"
	"encoding/gob"
	"time"

	"gvisor.dev/gvisor/pkg/state"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
)

// A stack is saved by pkg/state, which goes from object to object, and calls
// StateSave of each endpoint that it meets. From then on the endpoint is frozen:
// what it would tell its peer after that moment, the connection that is restored
// could not know of. Segments wait, and so do timers, until Resume; those for a
// listener wait only where the stack is paused.
//
// A stack that was loaded has endpoints that are frozen, too, and do nothing.
// Restore makes each what it was (see restore.go), and when all are, the
// protocol's Restore thaws them together: then those of one stack that are each
// other's peers are all there.

// saved is what is saved of an endpoint besides its fields: between the load and
// Restore, rare keeps it.
type saved struct {
	state           EndpointState
	opened, retired bool
	// abort says that the connection does not outlive a restore: neither the
	// link nor the stack's options let it (see ending).
	abort bool

	conn       string // an engine.Checkpoint, encoded; empty where none was opened
	checkpoint engine.Checkpoint
	inTimeWait time.Duration

	own        *tcpip.SocketOptions
	opt        socketOptions
	stats      *counted
	bindAddr   tcpip.Address
	lastErr    tcpip.Error
	owner      tcpip.PacketOwner
	tune       rcvTuner  // without the measurement under way
	parent     *Endpoint // the listener, while the handshake lasts
	backlog    int       // this one and what follows are a listener's
	refuses    bool
	queue      []*Endpoint
	pending    []*Endpoint
	pendingFor []time.Duration // how long each of pending has been
}

// fields are what is saved of e, with k.
func (k *saved) fields(e *Endpoint) fields {
	o := &k.opt
	return fields{
		{"shared", &e.shared},
		{"wq", &e.wq},
		{"state", &k.state},
		{"opened", &k.opened},
		{"retired", &k.retired},
		{"abort", &k.abort},
		{"conn", &k.conn},
		{"inTimeWait", &k.inTimeWait},
		{"own", &k.own},
		{"stats", &k.stats.Stats},
		{"recoveries", &k.stats.recoveries},
		{"dsacks", &k.stats.dsacks},
		{"spurious", &k.stats.spurious},
		{"slowStart", &k.stats.slowStart},
		{"probeRecoveries", &k.stats.probeRecoveries},
		{"spuriousTimeouts", &k.stats.spuriousTimeouts},
		{"shut", &e.shut},
		{"closed", &e.closed},
		{"notified", &e.notified},
		{"wantsRoom", &e.wantsRoom},
		{"registered", &e.registered},
		{"port", &e.port},
		{"boundAny", &e.boundAny},
		{"boundPeer", &e.boundPeer},
		{"abortWhy", &e.abortWhy},
		{"boundNets", &e.boundNets},
		{"portFlags", &e.portFlags},
		{"boundFlags", &e.boundFlags},
		{"boundNIC", &e.boundNIC},
		{"boundDevice", &e.boundDevice},
		{"NetProto", &e.NetProto},
		{"ID", &e.ID},
		{"hardErr", &e.hardErr},
		{"lastErr", &k.lastErr},
		{"bindAddr", &k.bindAddr},
		{"owner", &k.owner},
		{"rcvBest", &k.tune.best},
		{"rcvWant", &k.tune.want},
		{"rcvWindow", &k.tune.window},
		{"parent", &k.parent},
		{"backlog", &k.backlog},
		{"refuses", &k.refuses},
		{"queue", &k.queue},
		{"pending", &k.pending},
		{"pendingFor", &k.pendingFor},
		{"keepIdle", &o.keepIdle},
		{"keepInterval", &o.keepInterval},
		{"userTimeout", &o.userTimeout},
		{"unsentMost", &o.unsentMost},
		{"lingerTimeout", &o.lingerTimeout},
		{"deferAccept", &o.deferAccept},
		{"congestionControl", &o.congestionControl},
		{"keepCount", &o.keepCount},
		{"windowClamp", &o.windowClamp},
		{"pmtud", &o.pmtud},
		{"hopLimit", &o.hopLimit},
		{"userMSS", &o.userMSS},
		{"synRetries", &o.synRetries},
		{"ttl", &o.ttl},
		{"tos", &o.tos},
		{"clamped", &o.clamped},
		{"rcvFixed", &o.rcvFixed},
		{"sndFixed", &o.sndFixed},
	}
}

// StateTypeName implements state.Type.
func (*Endpoint) StateTypeName() string { return "tcpcb/endpoint.Endpoint" }

// StateFields implements state.Type.
func (*Endpoint) StateFields() []string {
	k := saved{stats: new(counted)}
	return k.fields(new(Endpoint)).names()
}

// StateSave implements state.SaverLoader. The endpoint is frozen until Resume.
func (e *Endpoint) StateSave(sink state.Sink) {
	e.shared.Stack.RegisterResumableEndpoint(e)
	e.frozen.Store(true)
	now := e.lock()
	abort, drop := e.ending()
	if drop {
		e.closed = true
		e.reset(now, abortedByClose)
	}
	e.unlock(now)

	// Nothing is called with the lock held: what the fields point to is saved
	// later.
	now = e.lock()
	defer e.mu.Unlock()
	k := e.save(now)
	k.abort = abort
	k.fields(e).save(sink)
}

// ending returns what is to become of a connection that the link's state does not
// go with, so that its peer would be a stranger after a restore: to be aborted
// when it is restored, or, where this stack is not to go on, dropped now. As in
// netstack, the stack's options may say that it is to live on.
func (e *Endpoint) ending() (abort, drop bool) {
	s := e.shared.Stack
	switch st := e.EndpointState(); {
	case !st.connected() && !st.connecting():
		return false, false
	case s.GetAllowConnectedOnSave() || e.path.Valid() && e.path.Route().HasSaveRestoreCapability():
		return false, false
	case !s.GetRemoveConf():
		return true, false
	}
	return false, !s.AllowLiveTCPMigration()
}

// save returns what is saved of the endpoint besides its fields.
//
// Precondition: e.mu is held.
func (e *Endpoint) save(now engine.Instant) *saved {
	k := &saved{
		state: e.EndpointState(), opened: e.opened, retired: e.retired,
		own: e.SocketOptions(), opt: *e.opt, stats: e.stat(),
		inTimeWait: now.Sub(e.timeWaitSince),
	}
	if r := e.rare; r != nil {
		k.bindAddr, k.lastErr, k.owner = r.bindAddr, r.lastErr, r.owner
		k.tune = r.tune
	}
	if e.opened {
		k.conn = encode(e.conn.Checkpoint(now))
	}
	if l, ok := e.parent.(*listener); ok {
		k.parent = l.ep
	}
	if l := e.listener.Load(); l != nil && k.state == StateListen {
		l.save(now, k)
	}
	return k
}

func (l *listener) save(now engine.Instant, k *saved) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k.backlog, k.refuses = l.backlog, l.closed
	k.queue = append(k.queue, l.queue...)
	for child, since := range l.pending {
		k.pending = append(k.pending, child)
		k.pendingFor = append(k.pendingFor, now.Sub(since))
	}
}

// encode returns k as a string, which pkg/state saves as it is.
func encode(k *engine.Checkpoint) string {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(k); err != nil {
		panic("BUG: a checkpoint that cannot be encoded: " + err.Error())
	}
	return b.String()
}

// decode is the reverse of encode, and an error for what is not a checkpoint that
// can be restored.
func decode(s string, k *engine.Checkpoint) error {
	if err := gob.NewDecoder(bytes.NewReader([]byte(s))).Decode(k); err != nil {
		return err
	}
	return k.Check()
}

// StateLoad implements state.SaverLoader. The endpoint is frozen until the stack
// is restored.
func (e *Endpoint) StateLoad(_ context.Context, source state.Source) {
	k := &saved{stats: new(counted)}
	k.fields(e).load(source)
	if k.opened {
		if err := decode(k.conn, &k.checkpoint); err != nil {
			state.Failf("the connection of a TCP endpoint: %w", err)
		}
		k.conn = ""
	}
	e.frozen.Store(true)
	e.state.Store(uint32(StateInitial))
	source.AfterLoad(func() { e.loaded(k) })
}

// loaded is called when all objects are there.
func (e *Endpoint) loaded(k *saved) {
	e.base = e.shared.defaults.get(e.shared.beginning())
	e.opt = &k.opt
	k.own.InitHandler(e, e.shared.Stack, SendBufferLimits, ReceiveBufferLimits)
	e.own.Store(k.own)
	e.stats.Store(k.stats)
	r := e.need()
	r.bindAddr, r.lastErr, r.owner = k.bindAddr, k.lastErr, k.owner
	r.tune = k.tune
	r.saved = k
	e.shared.Stack.RegisterRestoredEndpoint(e)
}

var (
	_ state.SaverLoader       = (*Endpoint)(nil)
	_ stack.ResumableEndpoint = (*Endpoint)(nil)
	_ stack.RestoredEndpoint  = (*Endpoint)(nil)
)

// still reports whether what comes for the endpoint has to wait since it is frozen.
// Nothing waits for one whose connection has ended.
func (e *Endpoint) still() bool { return e.frozen.Load() && !e.EndpointState().closed() }

// Resume implements stack.ResumableEndpoint: the stack goes on after it was saved.
func (e *Endpoint) Resume() {
	e.frozen.Store(false)
	e.unlock(e.lock()) // what has waited is seen to, or waits for the end of a pause
}
