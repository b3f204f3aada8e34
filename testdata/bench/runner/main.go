//go:build linux

// Runner measures kaanalyze beside other programs that read captures. On each
// capture of a directory it runs all of them in turn, some rounds long, and
// prints medians: wall and CPU time as multiples of tcpdump's in the same
// round, and the peak memory; and the memory that NDJSON of a million
// connections takes. Machines differ and are noisy, so no figure
// makes it fail; kaanalyze's output does, if it depends on the number of
// workers.
//
//	runner [-n ROUNDS] [-kaanalyze PROGRAM] [-tshark] DIR
//	runner [-n ROUNDS] [-kaanalyze PROGRAM] [-before PROGRAM] [-empty PROGRAM] [-only KIND] -generate PROGRAM DIR
//
// The second way makes its captures itself, and has rows of its own: made.go. Else
// main.go says what is run, measure.go runs it, million.go makes a capture of a
// million connections, table.go prints.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// program is one that reads a capture.
type program struct {
	name    string
	command []string // FILE stands for the capture, SIZE for how many bytes kaanalyze writes
	output  output
}

// output is what becomes of a program's output.
type output uint8

const (
	discarded output = iota
	written          // to a file, as a user's would be
	compared         // and then compared: it must not depend on the round or on workers
)

// baseline is what the others are compared with.
const baseline = "tcpdump -w /dev/null"

// field lists the programs, kaanalyze last. What copies as many bytes as
// kaanalyze reads and writes is the floor of all that makes such a report.
func field(kaanalyze string) []program {
	return []program{
		{"cat", []string{"cat", "FILE"}, discarded},
		{"capinfos", []string{"capinfos", "-c", "-d", "-u", "FILE"}, discarded},
		{baseline, []string{"tcpdump", "-n", "-r", "FILE", "-w", "/dev/null"}, discarded},
		{"tcptrace -n", []string{"tcptrace", "-n", "FILE"}, discarded},
		{"cat, then write a report", []string{"sh", "-c", `cat "$0" >/dev/null && head -c "$1" /dev/zero`, "FILE", "SIZE"}, written},
		{"kaanalyze", []string{kaanalyze, "--json", "FILE"}, compared},
		{"kaanalyze --workers 1", []string{kaanalyze, "--workers", "1", "--json", "FILE"}, compared},
	}
}

// slicePackets is how much of a capture tshark is given: it is some hundred
// times slower than the others.
const slicePackets = "200000"

func main() {
	rounds := flag.Int("n", 5, "rounds")
	kaanalyze := flag.String("kaanalyze", "kaanalyze", "`program` to measure")
	tshark := flag.Bool("tshark", false, "measure tshark too, once, on the first "+slicePackets+" packets")
	generate := flag.String("generate", "", "`program` that makes captures, to measure on those")
	before := flag.String("before", "", "an earlier build, measured beside")
	empty := flag.String("empty", "", "a `program` that does nothing")
	only := flag.String("only", "", "of captures that are made, those of that `kind`, which may be a pattern")
	flag.Parse()
	if flag.NArg() != 1 || *rounds < 1 {
		fmt.Fprintln(os.Stderr, "usage: runner [-n ROUNDS] [-kaanalyze PROGRAM] [-tshark] DIR; runner -h tells more")
		os.Exit(2)
	}
	var err error
	if *generate != "" {
		err = compareMade(builds{now: *kaanalyze, before: *before, generate: *generate, empty: *empty, dir: flag.Arg(0)}, *rounds, *only)
	} else {
		err = run(flag.Arg(0), *kaanalyze, *rounds, *tshark)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "runner: error:", err)
		os.Exit(1)
	}
}

func run(dir, kaanalyze string, rounds int, tshark bool) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.pcap"))
	if err != nil {
		return fmt.Errorf("list captures: %w", err)
	}
	if len(files) == 0 {
		return fmt.Errorf("no captures in %s: make them with testdata/bench/record.sh", dir)
	}
	programs := installed(field(kaanalyze))
	differ := false
	for _, file := range files {
		size, err := reportSize(file, kaanalyze)
		if err != nil {
			return err
		}
		rows, err := measureAll(file, size, programs, rounds)
		if err != nil {
			return err
		}
		printTable(file, rows, rounds)
		differ = !sameOutput(rows) || differ
	}
	if churn := filepath.Join(dir, "churn.pcap"); slices.Contains(files, churn) {
		if err := measureMillion(churn, kaanalyze); err != nil {
			return err
		}
	}
	if tshark {
		for _, file := range files {
			if err := againstTshark(file, kaanalyze); err != nil {
				return err
			}
		}
	}
	if differ {
		return fmt.Errorf("kaanalyze's output differs between runs")
	}
	return nil
}

// installed leaves out what is missing, and says so.
func installed(programs []program) []program {
	var have []program
	for _, p := range programs {
		if _, err := exec.LookPath(p.command[0]); err != nil {
			fmt.Printf("skipped: %s: %s is not installed\n", p.name, p.command[0])
			continue
		}
		have = append(have, p)
	}
	return have
}

// againstTshark compares kaanalyze and tshark on a slice of the capture.
func againstTshark(file, kaanalyze string) error {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		fmt.Println("skipped: tshark: no tcpdump to cut its slice")
		return nil
	}
	tools := installed([]program{
		{"tshark -z http,tree", []string{"tshark", "-n", "-q", "-r", "FILE", "-z", "http,tree"}, discarded},
		{"kaanalyze", []string{kaanalyze, "--json", "FILE"}, compared},
	})
	if len(tools) < 2 {
		return nil
	}
	dir, err := os.MkdirTemp("", "kaan-bench-")
	if err != nil {
		return fmt.Errorf("make a scratch directory: %w", err)
	}
	defer os.RemoveAll(dir)
	slice := filepath.Join(dir, "slice.pcap")
	if err := exec.Command("tcpdump", "-r", file, "-c", slicePackets, "-Z", "root", "-w", slice).Run(); err != nil {
		return fmt.Errorf("cut %s: %w", file, err)
	}
	var wall [2]float64
	for i, p := range tools {
		m, err := measure(p, slice, 0)
		if err != nil {
			return err
		}
		wall[i] = m.wall
	}
	fmt.Printf("%s, first %s packets: tshark -q -z http,tree %.2f s, kaanalyze %.3f s, %.0f times faster\n",
		filepath.Base(file), slicePackets, wall[0], wall[1], wall[0]/wall[1])
	return nil
}
