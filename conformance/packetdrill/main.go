// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Command packetdrill runs packetdrill scripts against a TCP of netstack.
//
//	go run ./conformance/packetdrill [flags] FILE...
//
// Each script gets a stack of its own. A line says what became of it: pass, fail,
// unsupported (the script needs what is not there: it is told what, and on which
// line) or broken (it is no script). Where a packet or a result is not as the
// script says, both are shown. The exit status is 0 when no script failed, 1 when
// one did, 2 when one was unsupported or broken and none failed, and 3 for a bad
// use of the command.
//
// Flags:
//
//	-provider tcpcb  whose TCP: tcpcb or gvisor
//	-match strict    how packets are compared: strict, as packetdrill does, or
//	                 rfc, which also accepts what the RFCs leave open, and says so
//	-time virtual    virtual, in which nothing waits, or real
//	-choices linux   what RFCs leave to choose is as Linux has chosen, whom scripts
//	                 are about, where the TCP has the choice, or own: as the TCP has
//	-D NAME=VALUE    what a word of the scripts stands for; may be repeated
//	-o NAME=VALUE    an option as if it headed each script, as ip_version=ipv6;
//	                 may be repeated
//	-v               tells each event as it happens, each leniency and each command
//	                 that was ignored
//	-pcap FILE       the packets of the one script, in pcap format
//	-json            the reports as JSON, an array
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip/link/sniffer"

	"tcpcb/conformance/packetdrill/drill"
	"tcpcb/conformance/packetdrill/script"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// Exit statuses.
const (
	exitPass = iota
	exitFail
	exitUnsupported
	exitUsage
)

// command is what the command line says.
type command struct {
	options drill.Options
	defines map[string]string
	verbose bool
	json    bool
	pcap    string
	files   []string
	out     io.Writer
}

// run is main, with a command line and without a process.
func run(args []string, out, errOut io.Writer) int {
	c, err := parseArgs(args, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return exitPass
	}
	c.out = out
	if err == nil {
		var reports []*drill.Report
		if reports, err = c.runAll(); err == nil {
			if err = c.tell(reports); err == nil {
				return status(reports)
			}
		}
	}
	fmt.Fprintln(errOut, "packetdrill:", err)
	return exitUsage
}

// pair is NAME=VALUE.
func pair(s string) (name, value string, err error) {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return "", "", fmt.Errorf("%q is not NAME=VALUE", s)
	}
	return name, value, nil
}

func parseArgs(args []string, errOut io.Writer) (c command, err error) {
	c.defines = map[string]string{}
	f := flag.NewFlagSet("packetdrill", flag.ContinueOnError)
	f.SetOutput(errOut)
	provider := f.String("provider", drill.Providers[0].Name, "whose `TCP`: tcpcb or gvisor")
	match := f.String("match", string(drill.MatchStrict), "how packets are compared: strict or rfc")
	time := f.String("time", string(drill.Virtual), "virtual or real time")
	choices := f.String("choices", "linux", "what RFCs leave to choose: linux or own")
	f.BoolVar(&c.verbose, "v", false, "tell each event as it happens")
	f.BoolVar(&c.json, "json", false, "report as JSON")
	f.StringVar(&c.pcap, "pcap", "", "write the packets of the one script to `FILE`, in pcap format")
	f.Func("D", "let a word of the scripts stand for a value: `NAME=VALUE`", func(s string) error {
		name, value, err := pair(s)
		c.defines[name] = value
		return err
	})
	f.Func("o", "set an option of the scripts, as ip_version=ipv6: `NAME=VALUE`", func(s string) error {
		name, value, err := pair(s)
		c.options.Before = append(c.options.Before, script.Option{Name: name, Value: value})
		return err
	})
	if err := f.Parse(args); err != nil {
		return c, err
	}
	c.files = f.Args()
	c.options.Match, c.options.Time = drill.Match(*match), drill.Time(*time)
	c.options.OwnChoices = *choices == "own"
	switch c.options.Provider = drill.ProviderByName(*provider); {
	case c.options.Provider == nil:
		return c, fmt.Errorf("there is no provider %q", *provider)
	case c.options.Match != drill.MatchStrict && c.options.Match != drill.MatchRFC:
		return c, fmt.Errorf("packets are matched strict or rfc, not %q", *match)
	case c.options.Time != drill.Virtual && c.options.Time != drill.Real:
		return c, fmt.Errorf("time is virtual or real, not %q", *time)
	case *choices != "linux" && *choices != "own":
		return c, fmt.Errorf("choices are linux's or own, not %q", *choices)
	case len(c.files) == 0:
		return c, errors.New("no script is named")
	case c.pcap != "" && len(c.files) > 1:
		return c, errors.New("-pcap is for one script")
	}
	return c, nil
}

func (c *command) runAll() ([]*drill.Report, error) {
	sniffer.LogPackets.Store(0) // captures are files here, and no log
	var reports []*drill.Report
	for _, name := range c.files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		abs, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		r, err := c.runOne(abs, string(text))
		if err != nil {
			return nil, err
		}
		r.Script = name
		reports = append(reports, r)
		if !c.json {
			fmt.Fprintln(c.out, r)
		}
	}
	return reports, nil
}

// runOne runs a script.
func (c *command) runOne(path, text string) (*drill.Report, error) {
	o := c.options
	if c.verbose {
		o.Trace = c.out
		if c.json {
			o.Trace = os.Stderr
		}
	}
	if c.pcap == "" {
		return drill.RunText(path, text, c.defines, o), nil
	}
	f, err := os.Create(c.pcap)
	if err != nil {
		return nil, err
	}
	o.Capture = f
	r := drill.RunText(path, text, c.defines, o)
	return r, f.Close()
}

// tell writes what comes after the reports: the summary, or all of it as JSON.
func (c *command) tell(reports []*drill.Report) error {
	if c.json {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		return e.Encode(reports)
	}
	if len(reports) < 2 {
		return nil
	}
	n := map[drill.Verdict]int{}
	for _, r := range reports {
		n[r.Verdict]++
	}
	_, err := fmt.Fprintf(c.out, "%d scripts: %d pass, %d fail, %d unsupported, %d broken\n",
		len(reports), n[drill.Pass], n[drill.Fail], n[drill.Unsupported], n[drill.Broken])
	return err
}

// status returns the exit status.
func status(reports []*drill.Report) int {
	s := exitPass
	for _, r := range reports {
		switch r.Verdict {
		case drill.Pass:
		case drill.Fail:
			return exitFail
		default:
			s = exitUnsupported
		}
	}
	return s
}
