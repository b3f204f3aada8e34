//go:build linux

// Record records the lab: for each case it makes network namespaces joined by
// the link program, runs the case's servers and clients in them under tcpdump,
// asks ss who holds TIME_WAIT, and writes CASE.pcap and CASE.truth.json. The
// truth comes from the programs and from ss, never from the packets.
//
//	record [-o DIR] [-j N] [-live KAANALYZE] -bin DIR -lab DIR [CASE...]
//
// Use record.sh, which builds the programs first. main.go picks the cases,
// cases*.go, tlscases*.go and h2cases*.go list them, tls.go has their certificates, programs.go knows the servers, run.go runs a case,
// line.go lays its line, live.go runs kaanalyze beside tcpdump, sockets.go reads ss and truth.go joins what was said.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
)

// places are the directories that a recording uses.
type places struct {
	out string // recordings
	bin string // the lab's programs, built
	lab string // configurations and scripts

	live string // kaanalyze, to capture beside tcpdump; "" for tcpdump alone
}

func main() {
	var p places
	flag.StringVar(&p.out, "o", ".", "write recordings to this `directory`")
	flag.StringVar(&p.bin, "bin", "", "the `directory` of client, server and link")
	flag.StringVar(&p.lab, "lab", "", "the `directory` of the lab's configurations")
	flag.StringVar(&p.live, "live", "", "capture with this `program`, kaanalyze, beside tcpdump")
	jobs := flag.Int("j", 6, "cases to record at a time")
	list := flag.Bool("list", false, "list the cases and stop")
	flag.Parse()
	if *list {
		for _, c := range cases {
			fmt.Printf("%-26s %s\n", c.name, c.what)
		}
		return
	}
	chosen, err := choose(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "record: error:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if failed := recordAll(ctx, p, chosen, *jobs); failed > 0 {
		fmt.Fprintf(os.Stderr, "record: error: %d of %d cases not recorded\n", failed, len(chosen))
		os.Exit(1)
	}
}

// choose returns the cases with these names, or all of them.
func choose(names []string) ([]labCase, error) {
	if len(names) == 0 {
		return cases, nil
	}
	var chosen []labCase
	for _, name := range names {
		i := slices.IndexFunc(cases, func(c labCase) bool { return c.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no such case: %s (see -list)", name)
		}
		chosen = append(chosen, cases[i])
	}
	return chosen, nil
}

// errLost is of a recording that lacks packets, so that another is worth trying.
var errLost = errors.New("tcpdump lost packets")

// recordAll records the cases, some at a time, and counts those that failed.
// A case whose programs are not installed is left out, with a warning.
func recordAll(ctx context.Context, p places, chosen []labCase, jobs int) int {
	var (
		all    sync.WaitGroup
		mu     sync.Mutex // guards failed and the output
		failed int
		slots  = make(chan struct{}, max(jobs, 1))
	)
	for _, c := range chosen {
		if lacks := c.missing(p); lacks != "" {
			mu.Lock()
			fmt.Fprintf(os.Stderr, "record: warning: %s: not recorded: %s is missing\n", c.name, lacks)
			mu.Unlock()
			continue
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			line, err := record(ctx, p, c)
			for range 2 { // the machine was busy
				if errors.Is(err, errLost) {
					line, err = record(ctx, p, c)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed++
				fmt.Fprintf(os.Stderr, "record: error: %s: %v\n", c.name, err)
				return
			}
			fmt.Printf("%-26s %s\n", c.name, line)
		})
	}
	all.Wait()
	return failed
}
