// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package programs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// runscRounds is rounds for what runs in the sandbox: how often its threads sleep and
// wake differs by a factor from run to run, and with it the figures by a third.
const runscRounds = 12

// load is a server and a client inside of the sandbox.
type load struct {
	name  string
	needs []string // programs
	// script is the shell's; $DIR is a folder that the sandbox sees.
	script string
	// files are written to $DIR.
	files map[string]string
	// parse returns the figures in what the script printed, by name.
	parse func(out []byte) (map[string]float64, error)
	// figures are the names, in the order of the table.
	figures []string
}

var loads = []load{
	{
		name: "redis", needs: []string{"redis-server", "redis-benchmark", "redis-cli"},
		script: `redis-server --port 7001 --save "" --dir "$DIR" >&2 &
for i in $(seq 100); do redis-cli -p 7001 ping >/dev/null 2>&1 && break; sleep 0.1; done
redis-benchmark -p 7001 -n 50000 -c 20 -t set,get --csv
redis-benchmark -p 7001 -n 5000 -c 10 -d 65536 -t get --csv | sed 's/"GET"/"GET64K"/'`,
		parse:   parseRedis,
		figures: []string{"SET, 1/s", "SET, median, ms", "GET, 1/s", "GET, median, ms", "GET of 64 KiB, 1/s"},
	},
	{
		name: "nginx", needs: []string{"nginx", "wrk"},
		files: map[string]string{
			"nginx.conf": "user root;\nworker_processes 1;\ndaemon off;\npid DIR/pid;\nerror_log stderr;\nevents {}\nhttp {\n access_log off;\n server { listen 7002; root DIR/www; }\n}\n",
			"www/small":  strings.Repeat("tcpcb\n", 100), "www/large": strings.Repeat("0123456789abcde\n", 1<<16),
		},
		script: `nginx -c "$DIR/nginx.conf" -p "$DIR" >&2 &
sleep 1
echo small; wrk -t1 -c16 -d3 --latency http://127.0.0.1:7002/small
echo large; wrk -t1 -c4 -d3 http://127.0.0.1:7002/large`,
		parse:   parseWrk,
		figures: []string{"600 bytes, 1/s", "600 bytes, median, ms", "1 MiB, 1/s"},
	},
	{
		name: "iperf3", needs: []string{"iperf3"},
		script: `iperf3 -s -p 7003 >&2 &
sleep 1
iperf3 -c 127.0.0.1 -p 7003 -t 3 -J`,
		parse:   parseIperf,
		figures: []string{"Gbit/s"},
	},
}

// TestRunsc builds gVisor's sandbox with either TCP, static, and runs real
// programs in it, which talk over its loopback.
func TestRunsc(t *testing.T) {
	ask(t, "runsc")
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("runsc needs Linux, and root")
	}
	const pkg = "gvisor.dev/gvisor/runsc"
	dir := filepath.Join("testdata", "runsc")
	needModules(t, "runsc", pkg)
	for _, p := range providers {
		sandbox := build(t, p, dir, pkg, "CGO_ENABLED=0")
		if out, err := do(t, sandbox, "echo it runs", nil); err != nil || !strings.Contains(string(out), "it runs") {
			t.Skipf("runsc does not work here: %v\n%s", err, out)
		}
	}
	for _, l := range loads {
		t.Run(l.name, func(t *testing.T) {
			for _, name := range l.needs {
				if _, err := exec.LookPath(name); err != nil {
					t.Skipf("%s is not installed", name)
				}
			}
			var all table
			for range runscRounds {
				for _, p := range providers {
					figures, err := l.run(t, build(t, p, dir, pkg))
					if err != nil {
						t.Errorf("%s: %v", p, err)
						continue
					}
					for _, name := range l.figures {
						all.add(name, p, figures[name])
					}
				}
			}
			all.log(t)
		})
	}
}

// run runs the load once.
func (l *load) run(t *testing.T, sandbox string) (map[string]float64, error) {
	out, err := do(t, sandbox, l.script, l.files)
	if err != nil {
		return nil, err
	}
	figures, err := l.parse(out)
	if err != nil {
		return nil, fmt.Errorf("%w in:\n%s", err, out)
	}
	for _, name := range l.figures {
		if figures[name] <= 0 {
			return nil, fmt.Errorf("no figure of %q in:\n%s", name, out)
		}
	}
	return figures, nil
}

// do runs a script in the sandbox and returns what it printed.
func do(t *testing.T, sandbox, script string, files map[string]string) ([]byte, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	state := filepath.Join(temp, "state")
	cmd := exec.CommandContext(ctx, sandbox, "--root="+state, "--platform=systrap", "--network=none", "--ignore-cgroups", "do",
		"sh", "-c", "DIR="+dir+"\n"+script)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%w; it said:\n%s\n%s", err, lastLines(out, 10), lastLines(stderr.Bytes(), 30))
	}
	return out, nil
}

// parseRedis reads redis-benchmark's lines: test, requests a second, and times
// in milliseconds: the mean, the least, the median.
func parseRedis(out []byte) (map[string]float64, error) {
	figures := make(map[string]float64)
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.ReplaceAll(strings.TrimSpace(line), `"`, ""), ",")
		if len(f) < 5 || f[0] == "test" {
			continue
		}
		rate, err := strconv.ParseFloat(f[1], 64)
		if err != nil {
			return nil, err
		}
		middle, err := strconv.ParseFloat(f[4], 64)
		if err != nil {
			return nil, err
		}
		if f[0] == "GET64K" {
			figures["GET of 64 KiB, 1/s"] = rate
			continue
		}
		figures[f[0]+", 1/s"], figures[f[0]+", median, ms"] = rate, middle
	}
	return figures, nil
}

var (
	wrkRate   = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkMedian = regexp.MustCompile(`50%\s+([\d.]+)(us|ms|s)`)
	wrkErrors = regexp.MustCompile(`(?m)^\s*(Socket errors|Non-2xx).*$`)
)

// parseWrk reads what wrk prints of the small file, and of the large one.
func parseWrk(out []byte) (map[string]float64, error) {
	if e := wrkErrors.Find(out); e != nil {
		return nil, fmt.Errorf("%s", bytes.TrimSpace(e))
	}
	small, large, _ := bytes.Cut(out, []byte("large\n"))
	figures := make(map[string]float64)
	for name, text := range map[string][]byte{"600 bytes, 1/s": small, "1 MiB, 1/s": large} {
		if m := wrkRate.FindSubmatch(text); m != nil {
			figures[name], _ = strconv.ParseFloat(string(m[1]), 64)
		}
	}
	if m := wrkMedian.FindSubmatch(small); m != nil {
		v, _ := strconv.ParseFloat(string(m[1]), 64)
		figures["600 bytes, median, ms"] = v * map[string]float64{"us": 1e-3, "ms": 1, "s": 1e3}[string(m[2])]
	}
	return figures, nil
}

// parseIperf reads iperf3's JSON.
func parseIperf(out []byte) (map[string]float64, error) {
	var r struct {
		Error string
		End   struct {
			Received struct {
				Rate float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		}
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return nil, err
	}
	if r.Error != "" {
		return nil, fmt.Errorf("iperf3: %s", r.Error)
	}
	return map[string]float64{"Gbit/s": r.End.Received.Rate / 1e9}, nil
}
