// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package programs runs real programs, their source untouched, with tcpcb and
// with gVisor's own TCP, by means of adapter/netswap:
//
//	wireguard  two golang.zx2c4.com/wireguard devices back to back, on
//	           tun/netstack, and HTTP over them, verified by hash
//	tapvsock   github.com/containers/gvisor-tap-vsock, the network of a virtual
//	           machine, with a netstack for the machine: the same HTTP through
//	           the gateway's forwarder to the host's loopback
//	xray       github.com/xtls/xray-core, two of them with WireGuard between: the
//	           same HTTP through a SOCKS proxy, over UDP that loses packets
//	tailscale  tailscale.com: the tests of wgengine/netstack (a VPN's forwarder),
//	           and those of tsnet that listen, dial, proxy and forward
//	nebula     github.com/slackhq/nebula: the test of service, an overlay network
//	           that ends in netstack
//	runsc      gVisor's sandbox: redis-server with redis-benchmark, nginx with wrk,
//	           and iperf3, over the sandbox's loopback
//
// Each is a module in testdata that requires the program and the gVisor that
// tcpcb is written for, so that the program is built with that one; measure, there
// too, is what the first three share. One is not quite untouched: gvisor-tap-vsock
// v0.8.9 is written for a gVisor whose UDP forwarder takes a function of another
// type, and a copy of it is told so; its TCP is as it was.
//
// What is missing here is skipped, and the reason said: modules that are not in
// the module cache (go list -test -deps of the package, in the folder of testdata,
// brings them), programs that are not installed, root.
//
// Only a short run of the first is part of "go test ./...". The others, and
// measurements, are asked for:
//
//	go test -v -timeout 1h ./conformance/programs -programs all
//	go test -v ./conformance/programs -programs tailscale,nebula
//
// For runsc, as root: apt-get install redis-server redis-tools nginx-light wrk
// iperf3. Figures are of the machine and of the moment: the providers take turns,
// and the table has the median of each.
package programs
