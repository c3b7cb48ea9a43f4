// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// difference is where two TCPs part.
type difference struct {
	// key is state/step/aspect: the state that the first TCP was in before.
	key          string
	ours, theirs string
	how          string // the steps that led there
	sequence     string
}

// String tells the difference.
func (d *difference) String() string {
	return fmt.Sprintf("%s (%s):\n\tours:   %s\n\ttheirs: %s\n\tafter\n\t  %s", d.key, d.sequence, d.ours, d.theirs, d.how)
}

// compare plays a sequence to two TCPs. Where an observation differs, that is a
// difference for each aspect, and the rest of the sequence tells nothing any more:
// what follows from a difference is none. That only one of them reports what came
// twice has no consequence here.
func compare(s *sequence, ours, theirs stack.TransportProtocolFactory) ([]difference, error) {
	a, err := newLab(ours)
	if err != nil {
		return nil, err
	}
	defer a.close()
	b, err := newLab(theirs)
	if err != nil {
		return nil, err
	}
	defer b.close()
	openA, err := a.open(s)
	if err != nil {
		return nil, err
	}
	openB, err := b.open(s)
	if err != nil {
		return nil, err
	}
	for i := range openA {
		if d := diff(&openA[i], &openB[i], "opening", s, nil); len(d) > 0 {
			return d, nil
		}
	}
	state := openA[len(openA)-1].state
	var found []difference
	for i := range s.steps {
		oa, ob := a.do(&s.steps[i]), b.do(&s.steps[i])
		if a.err != nil || b.err != nil {
			return nil, fmt.Errorf("%s: %v, %v", s.name, a.err, b.err)
		}
		d := diff(&oa, &ob, state, s, s.steps[:i+1])
		found = append(found, d...)
		if slices.ContainsFunc(d, func(d difference) bool { return !strings.HasSuffix(d.key, "/dsack") }) {
			break
		}
		state = oa.state
	}
	return found, nil
}

// diff compares two observations.
func diff(a, b *observation, state string, s *sequence, steps []step) (found []difference) {
	aa, ba := a.aspects(), b.aspects()
	names := []string{"answer", "state", "readable", "ready", "sent", "acked", "answered", "sack", "dsack", "reset", "syn"}
	for _, name := range names {
		if aa[name] == ba[name] {
			continue
		}
		d := difference{key: state + "/" + a.step + "/" + name, ours: orNothing(aa[name]), theirs: orNothing(ba[name]), sequence: s.name}
		how := "accept"
		if s.active {
			how = "connect"
		}
		for i := range steps {
			how += "\n\t  " + steps[i].String()
		}
		d.how = how
		found = append(found, d)
	}
	return found
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

// explanation is why two TCPs differ where a pattern of path.Match says.
type explanation struct {
	pattern, why string
	used         bool
}

// readExplained reads the list: a pattern for the key, a colon, and the reason;
// lines that are indented go on with it.
func readExplained(name string) ([]*explanation, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var all []*explanation
	for line := range strings.Lines(string(b)) {
		switch text := strings.TrimSpace(line); {
		case text == "" || text[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if len(all) == 0 {
				return nil, fmt.Errorf("%s: %q explains nothing", name, text)
			}
			last := all[len(all)-1]
			last.why = strings.TrimSpace(last.why + " " + text)
		default:
			pattern, why, ok := strings.Cut(text, ":")
			if _, err := path.Match(pattern, ""); err != nil || !ok {
				return nil, fmt.Errorf("%s: %q is no pattern and reason", name, text)
			}
			all = append(all, &explanation{pattern: pattern, why: strings.TrimSpace(why)})
		}
	}
	for _, e := range all {
		if e.why == "" {
			return nil, fmt.Errorf("%s: no reason for %s", name, e.pattern)
		}
	}
	return all, nil
}

// unexplained returns the differences that the list does not explain.
func unexplained(ds []difference, list []*explanation) []difference {
	return slices.DeleteFunc(slices.Clone(ds), func(d difference) bool {
		known := false
		for _, e := range list {
			if ok, _ := path.Match(e.pattern, d.key); ok {
				e.used, known = true, true
			}
		}
		return known
	})
}
