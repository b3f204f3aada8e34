//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// made is a capture that generate makes.
type made struct {
	kind string
	n    int
}

// name is that of its file.
func (m made) name() string { return fmt.Sprintf("%s-%d.pcap", m.kind, m.n) }

// comparison is a row of the table: kaanalyze on a capture beside another program, or
// beside itself on another capture or with other arguments.
type comparison struct {
	name    string
	capture made
	args    []string // of kaanalyze
	beside  string   // what it is compared with, in words
	other   []string // its command; KAANALYZE stands for this build, FILE for the capture
	than    made     // the capture of the other, if it is another one
	once    bool     // one round: it takes minutes
}

// Captures of several rows.
var (
	churnMade     = made{"churn", 222_000}
	keepaliveMade = made{"keepalive", 250}
	tlsChurn      = made{"tls-churn", 200_000}
	tlsKeepalive  = made{"tls-keepalive", 128}
)

// tcpdump is what most rows are compared with.
var tcpdump = []string{"tcpdump", "-n", "-r", "FILE", "-w", "/dev/null"}

// comparisons are the rows. What is compared is CPU time.
var comparisons = []comparison{
	{name: "222,000 short connections, text", capture: churnMade, args: []string{"-f", "text"}, beside: "tcpdump", other: tcpdump},
	{name: "222,000 short connections, JSON", capture: churnMade, args: []string{"-f", "json"}, beside: "tcpdump", other: tcpdump},
	{name: "222,000 short connections, NDJSON", capture: churnMade, args: []string{"-f", "ndjson"}, beside: "tcpdump", other: tcpdump},
	{name: "1,000,000 short connections, NDJSON", capture: made{"churn", 1_000_000}, args: []string{"-f", "ndjson"}, beside: "tcpdump", other: tcpdump},
	{name: "100,000 pairs, text", capture: made{"clients", 100_000}, args: []string{"-f", "text"}, beside: "tcpdump", other: tcpdump},
	{name: "1,000,000 unanswered SYNs, NDJSON", capture: made{"syn", 1_000_000}, args: []string{"-f", "ndjson"}, beside: "tcpdump", other: tcpdump},
	{name: "10,000 findings, HTML", capture: made{"servers", 100_000}, args: []string{"-f", "html"}, beside: "text", other: []string{"KAANALYZE", "-f", "text", "FILE"}},
	{name: "keep-alive, 5,600,000 packets, JSON", capture: keepaliveMade, args: []string{"-f", "json"}, beside: "tcpdump", other: tcpdump},
	{name: "keep-alive, two workers", capture: keepaliveMade, args: []string{"--workers", "2", "-f", "json"}, beside: "one worker", other: []string{"KAANALYZE", "--workers", "1", "-f", "json", "FILE"}},
	{name: "TLS, short connections, JSON", capture: tlsChurn, args: []string{"--workers", "1", "-f", "json"}, beside: "clear text", than: made{"clear-churn", tlsChurn.n}, other: []string{"KAANALYZE", "--workers", "1", "-f", "json", "FILE"}},
	{name: "TLS, keep-alive, JSON", capture: tlsKeepalive, args: []string{"--workers", "1", "-f", "json"}, beside: "clear text", than: made{"clear-keepalive", tlsKeepalive.n}, other: []string{"KAANALYZE", "--workers", "1", "-f", "json", "FILE"}},
	{name: "222,000 short connections, JSON", capture: churnMade, args: []string{"-f", "json"}, beside: "tshark", other: []string{"tshark", "-n", "-q", "-r", "FILE", "-z", "http,tree"}, once: true},
}

// builds are the programs that are compared.
type builds struct {
	now, before string // before is an earlier build, "" without
	generate    string // makes captures
	empty       string // a program that imports gopacket's layers and does nothing
	dir         string // of captures, which are kept
}

// compareMade makes the captures that are missing and prints the table: wall and CPU time
// as multiples of the other's in the same round, medians, and the peak memory.
func compareMade(b builds, rounds int, want string) error {
	fmt.Printf("%-36s %-11s %9s %9s %9s %9s %9s %9s\n", "", "beside", "x CPU", "before", "x wall", "now/then", "MiB", "before")
	for _, c := range comparisons {
		if want != "" && !matches(want, c) {
			continue
		}
		if _, err := exec.LookPath(c.other[0]); err != nil && c.other[0] != "KAANALYZE" {
			fmt.Printf("%-36s skipped: %s is not installed\n", c.name, c.other[0])
			continue
		}
		if err := c.print(b, rounds); err != nil {
			return err
		}
	}
	if ok, _ := filepath.Match(want, fullRecords.kind); ok || want == "" {
		if err := printDecryption(b, rounds); err != nil {
			return err
		}
	}
	if want == "" && b.empty != "" {
		return printStart(b)
	}
	return nil
}

// matches reports whether a row is of the captures of that kind.
func matches(kind string, c comparison) bool {
	ok, _ := filepath.Match(kind, c.capture.kind)
	return ok
}

// make makes the capture, unless it is there.
func (b builds) make(m made) (string, error) {
	file := filepath.Join(b.dir, m.name())
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	part := file + ".part"
	if out, err := exec.Command(b.generate, "-kind", m.kind, "-n", strconv.Itoa(m.n), "-o", part).CombinedOutput(); err != nil {
		return "", fmt.Errorf("make %s: %w: %s", file, err, out)
	}
	if err := os.Rename(part+".keylog", file+".keylog"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return file, os.Rename(part, file)
}

// print measures a row, and prints it.
func (c *comparison) print(b builds, rounds int) error {
	file, err := b.make(c.capture)
	if err != nil {
		return err
	}
	other := file
	if c.than.kind != "" {
		if other, err = b.make(c.than); err != nil {
			return err
		}
	}
	programs := []program{{"other", with(c.other, "KAANALYZE", b.now, "FILE", other), discarded}}
	for _, binary := range []string{b.now, b.before} {
		if binary != "" {
			programs = append(programs, program{binary, append(append([]string{binary}, c.args...), file), discarded})
		}
	}
	if c.once {
		rounds = 1
		programs = programs[:2]
	}
	for _, f := range []string{file, other} {
		if err := warm(f); err != nil {
			return err
		}
	}
	runs := make([][]measured, len(programs))
	for round := 0; round < rounds; round++ {
		for i, p := range programs {
			m, err := measure(p, file, 0)
			if err != nil {
				return err
			}
			runs[i] = append(runs[i], m)
			if m.wall > 5 {
				rounds = min(rounds, 3)
			}
		}
	}
	cpu := func(m measured) float64 { return m.cpu }
	wall := func(m measured) float64 { return m.wall }
	was, change, memory := "-", "-", "-"
	if len(programs) > 2 {
		was, change = ratio(runs[2], runs[0], cpu), ratio(runs[1], runs[2], cpu)
		memory = fmt.Sprintf("%.0f", float64(peak(runs[2]))/(1<<20))
	}
	fmt.Printf("%-36s %-11s %9s %9s %9s %9s %9.0f %9s\n", c.name, c.beside,
		ratio(runs[1], runs[0], cpu), was, ratio(runs[1], runs[0], wall), change, float64(peak(runs[1]))/(1<<20), memory)
	return nil
}

// with returns a command with words replaced.
func with(command []string, words ...string) []string {
	out := slices.Clone(command)
	for i := range out {
		for k := 0; k < len(words); k += 2 {
			if out[i] == words[k] {
				out[i] = words[k+1]
			}
		}
	}
	return out
}

// starts is how often a program is started to see how long that takes.
const starts = 40

// printStart prints how long --version takes beside a program that does nothing.
func printStart(b builds) error {
	commands := [][]string{{b.empty}, {b.now, "--version"}}
	if b.before != "" {
		commands = append(commands, []string{b.before, "--version"})
	}
	all := make([][]float64, len(commands))
	for range starts {
		for i, c := range commands {
			begun := time.Now()
			if err := exec.Command(c[0], c[1:]...).Run(); err != nil {
				return fmt.Errorf("run %s: %w", c[0], err)
			}
			all[i] = append(all[i], time.Since(begun).Seconds()*1e3)
		}
	}
	fmt.Printf("--version: %.1f ms; a program that imports gopacket/layers and does nothing: %.1f ms", middle(all[1]), middle(all[0]))
	if b.before != "" {
		fmt.Printf("; before: %.1f ms", middle(all[2]))
	}
	fmt.Println()
	return nil
}
