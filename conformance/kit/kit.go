// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// Provider is a TCP to be tested.
type Provider struct {
	// Name is what tables call it.
	Name string
	// Factory makes it. It is the only field that has to be set.
	Factory stack.TransportProtocolFactory
	// EnableECN turns on ECN (RFC 3168) in a stack; nil says that there is none,
	// and the cases that are about it do not apply.
	EnableECN func(*stack.Stack) error
}

// Case is one requirement, or a few that one scenario shows, and how to see
// whether a TCP meets them.
type Case struct {
	// Name is RFC, section and requirement, as in RFC9293/3.8.6.1/MUST-36.
	Name string
	// About is what the case shows, in a sentence.
	About string

	mtu  uint32
	play func(*world)
}

// ErrNotApplicable is what Check's error wraps where the provider lacks, and does
// not claim, what the case is about.
var ErrNotApplicable = errors.New("not applicable")

// Cases returns all cases, ordered by RFC, section and name.
func Cases() []Case {
	var all []Case
	for _, list := range [][]Case{
		headerCases, openCases, fastOpenCases, closeCases, dataCases, windowCases, failureCases, apiCases, icmpCases,
		scaleCases, timestampCases, sackCases, congestionCases, recoveryCases, lossCases, rtoCases, attackCases, ecnCases,
	} {
		all = append(all, list...)
	}
	slices.SortStableFunc(all, func(a, b Case) int { return compareNames(a.Name, b.Name) })
	return all
}

// compareNames orders names with the numbers in them as numbers.
func compareNames(a, b string) int {
	as, bs := numbersApart.FindAllString(a, -1), numbersApart.FindAllString(b, -1)
	for i := range min(len(as), len(bs)) {
		x, errX := strconv.Atoi(as[i])
		y, errY := strconv.Atoi(bs[i])
		if errX == nil && errY == nil && x != y {
			return x - y
		}
		if c := strings.Compare(as[i], bs[i]); c != 0 && (errX != nil || errY != nil) {
			return c
		}
	}
	return len(as) - len(bs)
}

var numbersApart = regexp.MustCompile(`\d+|\D+`)

// Check plays the case to p. It returns nil where p meets it, an error that wraps
// ErrNotApplicable, or what p did otherwise, with the packets that led there.
func (c Case) Check(p Provider) (err error) {
	mtu := c.mtu
	if mtu == 0 {
		mtu = defaultMTU
	}
	var w *world
	defer func() {
		switch r := recover().(type) {
		case nil:
		case failure:
			err = errors.New(r.text)
		case skipped:
			err = fmt.Errorf("%w: %s", ErrNotApplicable, r.reason)
		default:
			panic(r)
		}
		if w == nil {
			return
		}
		func() {
			defer func() {
				switch r := recover().(type) {
				case nil:
				case failure:
					if err == nil {
						err = errors.New(r.text)
					}
				default:
					panic(r)
				}
			}()
			w.close()
		}()
	}()
	w = newWorld(&p, mtu)
	c.play(w)
	w.Silent()
	return nil
}

// Option changes what Run does.
type Option func(*config)

type config struct {
	provider Provider
	match    *regexp.Regexp
	unmet    map[string]string
}

// Match keeps the cases whose names match.
func Match(re *regexp.Regexp) Option { return func(c *config) { c.match = re } }

// With sets what a provider can do beside its factory.
func With(p Provider) Option {
	return func(c *config) {
		f := c.provider.Factory
		if c.provider = p; p.Factory == nil {
			c.provider.Factory = f
		}
	}
}

// Unmet says that the provider is known not to meet a case, and why: the subtest
// then fails where it does meet it.
func Unmet(name, reason string) Option { return func(c *config) { c.unmet[name] = reason } }

// Run tests a TCP by every case, each in a subtest of its name.
func Run(t *testing.T, factory stack.TransportProtocolFactory, opts ...Option) {
	cfg := config{provider: Provider{Factory: factory}, unmet: make(map[string]string)}
	for _, o := range opts {
		o(&cfg)
	}
	for _, c := range Cases() {
		if cfg.match != nil && !cfg.match.MatchString(c.Name) {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			err := c.Check(cfg.provider)
			reason, known := cfg.unmet[c.Name]
			switch {
			case errors.Is(err, ErrNotApplicable):
				t.Skip(err)
			case known && err == nil:
				t.Errorf("%s is met, and was said not to be: %s", c.Name, reason)
			case known:
				t.Skipf("not met, as is known: %s", reason)
			case err != nil:
				t.Errorf("%s\n%v", c.About, err)
			}
		})
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// span is a range of text in the short form.
func span(from, to int) string { return itoa(from) + ":" + itoa(to) }
