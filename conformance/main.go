// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"

	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"tcpcb/conformance/kit"
	"tcpcb/conformance/requirements"
	"tcpcb/transport"
)

// kitProviders are the TCPs that the table is about.
var kitProviders = []kit.Provider{
	{Name: requirements.Ours, Factory: transport.NewProtocol, EnableECN: enableECN},
	{Name: "netstack", Factory: tcp.NewProtocol},
}

// enableECN turns on tcpcb's ECN.
func enableECN(s *stack.Stack) error {
	if err := s.SetTransportProtocolOption(transport.ProtocolNumber, &transport.ECNOption{Mode: transport.ECNOn}); err != nil {
		return errors.New(err.String())
	}
	return nil
}

func main() {
	code, err := run(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(code)
}

// run is the command. It returns the exit status.
func run(args []string, out io.Writer) (int, error) {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	match := flags.String("run", "", "only requirements whose name, cases or tests match this `regexp`")
	asJSON := flags.Bool("json", false, "print JSON")
	page := flags.String("html", "", "write a page to `file`")
	verbose := flags.Bool("v", false, "name what shows each requirement")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0, nil
		}
		return 2, nil
	}
	if flags.NArg() > 0 {
		return 2, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	re, err := regexp.Compile(*match)
	if err != nil {
		return 2, fmt.Errorf("-run: %w", err)
	}
	rep, err := makeReport(re)
	if err != nil {
		return 2, err
	}
	if len(rep.Documents) == 0 {
		return 2, fmt.Errorf("-run %s matches no requirement", *match)
	}
	switch {
	case *asJSON:
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		err = enc.Encode(rep)
	case *page == "":
		rep.print(out, *verbose)
	}
	if err == nil && *page != "" {
		err = writePage(*page, rep)
	}
	if err != nil {
		return 2, err
	}
	if rep.UnmetMusts > 0 {
		return 1, nil
	}
	return 0, nil
}
