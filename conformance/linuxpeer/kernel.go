// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Do calls f on an OS thread that is in the namespace, and returns its error.
// A socket belongs to the namespace of the thread that creates it, wherever it
// is used later. Goroutines that f starts are not in the namespace. f must not
// call the FailNow family of a test, and may call Do.
func (p *Peer) Do(f func() error) error { return p.ns.do(f) }

// Listen listens for the kernel's TCP. The network is tcp, tcp4 or tcp6, and
// the address a literal with a port, which may be 0. The listener is a
// *net.TCPListener, its connections are *net.TCPConn; the caller closes them.
func (p *Peer) Listen(network, address string) (net.Listener, error) {
	if _, err := parseAddress(network, address); err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	lc := net.ListenConfig{Control: p.control}
	// Go listens for Multipath TCP where it can, which is another protocol.
	lc.SetMultipathTCP(false)
	var l net.Listener
	err := p.Do(func() (err error) {
		l, err = lc.Listen(context.Background(), network, address)
		return err
	})
	return l, err
}

// Dial connects the kernel's TCP. The network is tcp, tcp4 or tcp6, and the
// address a literal with a port. The connection is a *net.TCPConn, which the
// caller closes.
func (p *Peer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	// With a literal there is one address, which Go's dialer tries on the
	// calling thread; names and Happy Eyeballs would start goroutines,
	// whose threads are not in the namespace.
	if _, err := parseAddress(network, address); err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	d := net.Dialer{FallbackDelay: -1, Control: p.control}
	d.SetMultipathTCP(false)
	var c net.Conn
	err := p.Do(func() (err error) {
		c, err = d.DialContext(ctx, network, address)
		return err
	})
	return c, err
}

// control sets the options of a new socket; a listener's connections inherit
// them.
func (p *Peer) control(_, _ string, raw syscall.RawConn) error {
	if p.congestionControl == "" {
		return nil
	}
	var err error
	if rawErr := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, p.congestionControl)
	}); rawErr != nil {
		return rawErr
	}
	return os.NewSyscallError("set congestion control", err)
}

// Start starts a program in the namespace; it is cmd.Start otherwise, and the
// caller calls cmd.Wait.
func (p *Peer) Start(cmd *exec.Cmd) error { return p.Do(cmd.Start) }

// Output runs a program in the namespace and returns what it printed. Its
// error, if it fails, says what it printed to standard error.
func (p *Peer) Output(ctx context.Context, name string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := p.Start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), err
}

// SetSysctl sets a kernel parameter of the namespace, such as
// net.ipv4.tcp_sack. The name begins with net., since others are the host's.
func (p *Peer) SetSysctl(name, value string) error {
	path, err := sysctlPath(name)
	if err != nil {
		return err
	}
	return p.Do(func() error { return writeSysctl(path, value) })
}

// Sysctl returns a kernel parameter of the namespace, without the newline. The
// name is as SetSysctl's.
func (p *Peer) Sysctl(name string) (string, error) {
	path, err := sysctlPath(name)
	if err != nil {
		return "", err
	}
	var b []byte
	err = p.Do(func() (err error) {
		b, err = os.ReadFile("/proc/sys/" + path)
		return err
	})
	return strings.TrimSpace(string(b)), err
}

// sysctlPath returns the parameter's path below /proc/sys.
func sysctlPath(name string) (string, error) {
	path := strings.ReplaceAll(name, ".", "/")
	if !strings.HasPrefix(name, "net.") || strings.Contains(name, "/") || strings.Contains(path, "//") {
		return "", fmt.Errorf("sysctl %q: not a name that begins with net", name)
	}
	return path, nil
}

// writeSysctl sets a parameter of the calling thread's namespace.
func writeSysctl(path, value string) error {
	f, err := os.OpenFile("/proc/sys/"+path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("set to %q: %w", value, err)
	}
	return nil
}

// Drops are packets that the link lost, since the peer was made.
type Drops struct {
	// ToStack had no room in the device's queue (see Config.QueueLen).
	ToStack uint64
	// Invalid were neither IPv4 nor IPv6, or were refused by the kernel.
	Invalid uint64
}

// Drops returns what the link lost, in packets. What Config.Middle drops is
// not among them.
func (p *Peer) Drops() (Drops, error) {
	d := Drops{Invalid: p.link.dropped.Load()}
	var b []byte
	if err := p.Do(func() (err error) {
		b, err = os.ReadFile("/proc/thread-self/net/dev")
		return err
	}); err != nil {
		return d, err
	}
	for line := range strings.Lines(string(b)) {
		name, counters, _ := strings.Cut(strings.TrimSpace(line), ":")
		// Eight counters of receiving, then sent bytes, packets, errors
		// and drops; sending is towards the stack.
		if f := strings.Fields(counters); name == tunName && len(f) > 11 {
			n, err := strconv.ParseUint(f[11], 10, 64)
			d.ToStack = n
			return d, err
		}
	}
	return d, fmt.Errorf("no counters of %s in:\n%s", tunName, b)
}

// parseAddress returns the address and port, which must be literal and fit the
// network.
func parseAddress(network, address string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return a, err
	}
	switch {
	case network == "tcp",
		network == "tcp4" && a.Addr().Is4(),
		network == "tcp6" && a.Addr().Is6() && !a.Addr().Is4In6():
		return a, nil
	case network == "tcp4" || network == "tcp6":
		return a, fmt.Errorf("%v is not an address of %s", a.Addr(), network)
	}
	return a, net.UnknownNetworkError(network)
}
