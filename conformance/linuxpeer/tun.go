// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	tunPath = "/dev/net/tun"
	tunName = "tun0"

	// kernelTimeout bounds the wait for the kernel to finish what it does
	// in the background within a millisecond.
	kernelTimeout = 5 * time.Second
)

// openTUN makes the TUN device in the calling thread's namespace and returns
// its file, whose packets have no header, or with offload a virtio-net one.
func openTUN(offload bool) (*os.File, error) {
	// Non-blocking, so that the runtime's poller waits for its packets.
	fd, err := unix.Open(tunPath, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: tunPath, Err: err}
	}
	if err := setTUN(fd, offload); err != nil {
		unix.Close(fd)
		return nil, err
	}
	// Only now: the poller refuses the file before it has a device.
	return os.NewFile(uintptr(fd), tunPath), nil
}

func setTUN(fd int, offload bool) error {
	ifr, err := unix.NewIfreq(tunName)
	if err != nil {
		return err
	}
	flags := uint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if offload {
		flags |= unix.IFF_VNET_HDR
	}
	ifr.SetUint16(flags)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
		return fmt.Errorf("make TUN device: %w", err)
	}
	if !offload {
		return nil
	}
	const features = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_TSO_ECN
	if err := unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, features); err != nil {
		return fmt.Errorf("set offloads of TUN device: %w", err)
	}
	return nil
}

// configureTUN brings the loopback and the TUN device of the calling thread's
// namespace up, with their addresses, which bring the link's routes along. An
// invalid ip6 leaves IPv6 out.
func configureTUN(mtu uint32, queueLen int, ip4, ip6 netip.Prefix) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(s)
	if err := ifUp(s, "lo"); err != nil {
		return err
	}
	setU32 := func(v uint32) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { r.SetUint32(v); return nil }
	}
	setInet4 := func(b []byte) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { return r.SetInet4Addr(b) }
	}
	addr := ip4.Addr().As4()
	mask := netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), ip4.Bits()).Masked().Addr().As4()
	for _, step := range []struct {
		what string
		req  uint
		set  func(*unix.Ifreq) error
	}{
		{"MTU", unix.SIOCSIFMTU, setU32(mtu)},
		{"queue length", unix.SIOCSIFTXQLEN, setU32(uint32(queueLen))},
		{"IPv4 address", unix.SIOCSIFADDR, setInet4(addr[:])},
		{"IPv4 netmask", unix.SIOCSIFNETMASK, setInet4(mask[:])},
	} {
		if err := ifIoctl(s, tunName, step.req, step.set); err != nil {
			return fmt.Errorf("set %s of %s: %w", step.what, tunName, err)
		}
	}
	if !ip6.IsValid() {
		return ifUp(s, tunName)
	}
	return configureIPv6(s, ip6)
}

// configureIPv6 brings the TUN device up with an IPv6 address that is good at
// once, and with none that the kernel makes up or asks routers for.
func configureIPv6(s int, ip6 netip.Prefix) error {
	for _, v := range []struct{ name, value string }{
		{"disable_ipv6", "0"},
		{"accept_dad", "0"},
		{"dad_transmits", "0"},
		{"accept_ra", "0"},
		{"autoconf", "0"},
		{"addr_gen_mode", "1"},
	} {
		if err := writeSysctl("net/ipv6/conf/"+tunName+"/"+v.name, v.value); err != nil {
			return err
		}
	}
	if err := ifUp(s, tunName); err != nil {
		return err
	}
	index := int32(0)
	if err := ifIoctl(s, tunName, unix.SIOCGIFINDEX, nil, func(r *unix.Ifreq) { index = int32(r.Uint32()) }); err != nil {
		return fmt.Errorf("get index of %s: %w", tunName, err)
	}
	s6, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("IPv6 socket: %w", err)
	}
	defer unix.Close(s6)
	// struct in6_ifreq of linux/ipv6.h.
	req := struct {
		addr      [16]byte
		prefixLen uint32
		index     int32
	}{ip6.Addr().As16(), uint32(ip6.Bits()), index}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s6), unix.SIOCSIFADDR, uintptr(unsafe.Pointer(&req))); errno != 0 {
		return fmt.Errorf("set IPv6 address of %s: %w", tunName, errno)
	}
	return awaitIPv6(ip6.Addr())
}

// awaitIPv6 waits until the kernel has made an address its own. It does so in
// the background even where there is no duplicate address detection, and until
// then connects from the loopback's address and drops what arrives for this
// one. The address's local route is what comes last.
func awaitIPv6(a netip.Addr) error {
	const routes = "/proc/thread-self/net/ipv6_route"
	local := fmt.Sprintf("%x 80 ", a.AsSlice())
	for start := time.Now(); ; time.Sleep(100 * time.Microsecond) {
		b, err := os.ReadFile(routes)
		if err != nil {
			return err
		}
		if strings.Contains("\n"+string(b), "\n"+local) {
			return nil
		}
		if time.Since(start) > kernelTimeout {
			return fmt.Errorf("no local route to %v within %v", a, kernelTimeout)
		}
	}
}

// ifIoctl makes one request about a device, which set fills in and each of got
// reads the answer of; set may be nil.
func ifIoctl(s int, name string, req uint, set func(*unix.Ifreq) error, got ...func(*unix.Ifreq)) error {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if set != nil {
		if err := set(ifr); err != nil {
			return err
		}
	}
	if err := unix.IoctlIfreq(s, req, ifr); err != nil {
		return err
	}
	for _, g := range got {
		g(ifr)
	}
	return nil
}

// ifUp brings a device up.
func ifUp(s int, name string) error {
	err := ifIoctl(s, name, unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error {
		r.SetUint16(unix.IFF_UP)
		return nil
	})
	if err != nil {
		return fmt.Errorf("bring %s up: %w", name, err)
	}
	return nil
}
