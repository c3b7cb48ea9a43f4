// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/conformance/linuxpeer"
)

// hasCongestionControl reports whether the kernel has an algorithm.
func hasCongestionControl(t *testing.T, name string) bool {
	t.Helper()
	b, err := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Contains(strings.Fields(string(b)), name)
}

// threadNamespaces returns the namespaces of the process's threads.
func threadNamespaces(t *testing.T) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/self/task/*/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range links {
		// A thread may have ended since.
		if name, err := os.Readlink(l); err == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// files returns what the process has open: TUN devices, namespaces, sockets
// and all else.
func files(t *testing.T) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range links {
		name, err := os.Readlink(l)
		if err == nil && !strings.HasPrefix(name, "/proc/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// eventually waits until a condition holds, which others bring about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// TestClose counts what a peer leaves behind, with connections open at both
// ends when it closes: no goroutine, file, thread in a namespace.
func TestClose(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		// Go's poller and its like are there for good after a first one.
		useAndClose(t, tcp)
		goroutines, open, namespaces := runtime.NumGoroutine(), files(t), threadNamespaces(t)
		if len(namespaces) != 1 {
			t.Fatalf("threads are in %v", namespaces)
		}
		for range 3 {
			useAndClose(t, tcp)
		}
		eventually(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= goroutines })
		if got := files(t); !slices.Equal(got, open) {
			t.Errorf("files open before: %v\nafter: %v", open, got)
		}
		if got := threadNamespaces(t); !slices.Equal(got, namespaces) {
			t.Errorf("threads are in %v", got)
		}
	})
}

// useAndClose closes a peer with a connection in every role and family.
func useAndClose(t *testing.T, tcp stack.TransportProtocolFactory) {
	t.Run("peer", func(t *testing.T) {
		p, err := linuxpeer.Open(linuxpeer.Config{TCP: tcp})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
		for _, r := range rolesOf(p) {
			for _, network := range networks {
				if !r.client.addr(network).IsValid() {
					continue
				}
				c, s := connect(t, r, network)
				if err := pass(c, s); err != nil {
					t.Fatal(err)
				}
			}
		}
		start := time.Now()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("closing took %v", d)
		}
	})
}

// TestDo runs functions in the namespace: on its thread, nested, failing.
func TestDo(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p, other := newPeer(t, linuxpeer.Config{TCP: tcp}), newPeer(t, linuxpeer.Config{TCP: tcp})
		current := func() (name string) {
			name, err := os.Readlink("/proc/thread-self/ns/net")
			if err != nil {
				t.Error(err)
			}
			return name
		}
		host := current()
		var inside, nested, after string
		boom := errors.New("boom")
		err := p.Do(func() error {
			inside = current()
			if err := other.Do(func() error { nested = current(); return nil }); err != nil {
				return err
			}
			after = current()
			return boom
		})
		if !errors.Is(err, boom) {
			t.Errorf("error: %v", err)
		}
		if inside == host || nested == host || nested == inside || after != inside {
			t.Errorf("namespaces: host %s, inside %s, nested %s, inside again %s", host, inside, nested, after)
		}
		if err := p.Do(func() error { runtime.Goexit(); return nil }); err == nil {
			t.Error("no error from a function that ended its goroutine")
		}
		if got := threadNamespaces(t); !slices.Equal(got, []string{host}) {
			t.Errorf("threads are in %v, not %s alone", got, host)
		}
	})
}

// TestSysctl sets parameters, which are the namespace's alone.
func TestSysctl(t *testing.T) {
	const name = "net.ipv4.tcp_keepalive_time"
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		host, err := os.ReadFile("/proc/sys/net/ipv4/tcp_keepalive_time")
		if err != nil {
			t.Fatal(err)
		}
		p := newPeer(t, linuxpeer.Config{TCP: tcp, Sysctls: map[string]string{name: "4321"}})
		if got, err := p.Sysctl(name); got != "4321" || err != nil {
			t.Errorf("from the configuration: %q, %v", got, err)
		}
		if err := p.SetSysctl(name, "1234"); err != nil {
			t.Error(err)
		}
		if got, err := p.Sysctl(name); got != "1234" || err != nil {
			t.Errorf("set later: %q, %v", got, err)
		}
		if got, err := os.ReadFile("/proc/sys/net/ipv4/tcp_keepalive_time"); string(got) != string(host) || err != nil {
			t.Errorf("the host had %q and has %q, %v", host, got, err)
		}
		for _, bad := range []string{"", "net.", "net", "kernel.hostname", "net..ipv4", "net.../kernel.hostname", "net.ipv4.no_such"} {
			if err := p.SetSysctl(bad, "0"); err == nil {
				t.Errorf("set %q: no error", bad)
			}
		}
		if err := p.SetSysctl(name, "much"); err == nil {
			t.Errorf("set %s to a word: no error", name)
		}
	})
}

// TestCongestionControl asks the kernel's sockets, dialled and accepted.
func TestCongestionControl(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{TCP: tcp, CongestionControl: "reno"})
		forEachRole(t, p, func(t *testing.T, r role, network string) {
			c, s := connect(t, r, network)
			if r.server.name == "kernel" {
				c = s
			}
			raw, err := c.(syscall.Conn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			var got string
			if ctlErr := raw.Control(func(fd uintptr) { got, err = congestionControl(int(fd)) }); ctlErr != nil {
				t.Fatal(ctlErr)
			}
			if got != "reno" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	})
}

// TestOutput runs a program, which sees the namespace.
func TestOutput(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{TCP: tcp})
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		out, err := p.Output(ctx, "cat", "/proc/net/dev")
		if err != nil || !strings.Contains(string(out), "tun0:") {
			t.Errorf("%q, %v", out, err)
		}
		if _, err := p.Output(ctx, "cat", "/no/such/file"); err == nil || !strings.Contains(err.Error(), "No such file") {
			t.Errorf("a program that fails: %v", err)
		}
	})
}

// TestDrops holds up the stack's reader in its middle until the device's queue
// has overflowed, and is told; the bytes arrive all the same.
func TestDrops(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		var once sync.Once
		held, release := make(chan struct{}), make(chan struct{})
		p := newPeer(t, linuxpeer.Config{
			TCP:      tcp,
			QueueLen: 2,
			Middle: newTap(func(s segment) {
				if !s.fromStack && s.payload > 0 {
					once.Do(func() {
						close(held)
						<-release
					})
				}
			}),
		})
		defer close(release)
		if d, err := p.Drops(); d != (linuxpeer.Drops{}) || err != nil {
			t.Fatalf("before: %+v, %v", d, err)
		}
		c, s := connect(t, role{client: kernelOf(p), server: stackOf(p)}, "tcp4")
		done := make(chan error, 1)
		go func() { done <- flow{c, s, 1, 20000}.run() }()
		select {
		case <-held:
		case <-time.After(patience):
			t.Fatal("no data reached the stack")
		}
		eventually(t, "a packet dropped by a full queue", func() bool {
			d, err := p.Drops()
			return err == nil && d.ToStack > 0
		})
		release <- struct{}{}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestBadConfig names the field at fault.
func TestBadConfig(t *testing.T) {
	linuxpeer.Require(t)
	tcp := providers[0].tcp
	for _, test := range []struct {
		cfg  linuxpeer.Config
		want string
	}{
		{linuxpeer.Config{}, "TCP"},
		{linuxpeer.Config{TCP: tcp, MTU: 575}, "MTU"},
		{linuxpeer.Config{TCP: tcp, MTU: 65536}, "MTU"},
		{linuxpeer.Config{TCP: tcp, QueueLen: -1}, "QueueLen"},
		{linuxpeer.Config{TCP: tcp, IPv4: netip.MustParsePrefix("2001:db8::1/64")}, "IPv4"},
		{linuxpeer.Config{TCP: tcp, IPv4: netip.MustParsePrefix("192.0.2.0/24")}, "IPv4"},
		{linuxpeer.Config{TCP: tcp, IPv4: netip.MustParsePrefix("192.0.2.254/24")}, "IPv4"},
		{linuxpeer.Config{TCP: tcp, IPv6: netip.MustParsePrefix("192.0.2.1/24")}, "IPv6"},
		{linuxpeer.Config{TCP: tcp, IPv6: netip.MustParsePrefix("2001:db8::1/128")}, "IPv6"},
		{linuxpeer.Config{TCP: tcp, CongestionControl: "no_such"}, "CongestionControl"},
		{linuxpeer.Config{TCP: tcp, Sysctls: map[string]string{"kernel.hostname": "x"}}, "kernel.hostname"},
	} {
		p, err := linuxpeer.Open(test.cfg)
		if err == nil {
			p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v", test.cfg, err)
		}
	}
}

// TestOwnAddresses moves data between addresses that are not the defaults.
func TestOwnAddresses(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{
			TCP:  tcp,
			IPv4: netip.MustParsePrefix("10.1.2.9/30"),
			IPv6: netip.MustParsePrefix("fd00::10/120"),
		})
		if got, want := p.IPv4.Stack, netip.MustParseAddr("10.1.2.10"); got != want {
			t.Errorf("the stack's address is %v, not %v", got, want)
		}
		forEachRole(t, p, func(t *testing.T, r role, network string) {
			exchange(t, r, network, 1000)
		})
	})
}

// TestBadAddresses gives both sides addresses that are not literal, not of the
// network, or taken.
func TestBadAddresses(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{TCP: tcp})
		for _, s := range []side{kernelOf(p), stackOf(p)} {
			for _, bad := range [][2]string{
				{"tcp", "localhost:80"},
				{"tcp", "192.0.2.1"},
				{"tcp4", "[::1]:80"},
				{"tcp6", "192.0.2.1:80"},
				{"udp", "192.0.2.1:80"},
			} {
				if l, err := s.listen(bad[0], bad[1]); err == nil {
					l.Close()
					t.Errorf("%s listens on %v", s.name, bad)
				}
				if c, err := s.dial(context.Background(), bad[0], bad[1]); err == nil {
					c.Close()
					t.Errorf("%s connects to %v", s.name, bad)
				}
			}
			l := listen(t, role{server: s}, "tcp4")
			if again, err := s.listen("tcp4", l.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
				if err == nil {
					again.Close()
				}
				t.Errorf("%s listens twice: %v", s.name, err)
			}
			cancelled, cancel := context.WithCancel(context.Background())
			cancel()
			if c, err := s.dial(cancelled, "tcp4", l.Addr().String()); err == nil {
				c.Close()
				t.Errorf("%s connects with a cancelled context", s.name)
			}
		}
	})
}

// TestListenerClose ends Accept.
func TestListenerClose(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{TCP: tcp})
		for _, r := range rolesOf(p) {
			l := listen(t, r, "tcp4")
			ended := make(chan error, 1)
			go func() {
				_, err := l.Accept()
				ended <- err
			}()
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			select {
			case err := <-ended:
				if err == nil {
					t.Errorf("%s accepted a connection that nobody made", r.server.name)
				}
			case <-time.After(patience):
				t.Fatalf("%s: Accept goes on after Close", r.server.name)
			}
		}
	})
}

// TestRequire runs a test of this package as another user than root, where it
// skips and says why.
func TestRequire(t *testing.T) {
	linuxpeer.Require(t)
	const nobody = 65534
	exe := copyOfSelf(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, "-test.run=^TestOutput$", "-test.v")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"--- SKIP: TestOutput", fmt.Sprintf("user %d is not root", nobody)} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output has no %q:\n%s", want, out)
		}
	}
}

// copyOfSelf returns the path of a copy of the test binary that every user may
// run; the original is for its owner alone.
func copyOfSelf(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "linuxpeer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	path := filepath.Join(dir, "copy.test")
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}
