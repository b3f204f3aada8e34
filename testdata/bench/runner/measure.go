//go:build linux

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// measured is one run of a program, as wait4 accounts it.
type measured struct {
	wall, cpu float64 // seconds; cpu is user and system time
	peak      int64   // bytes resident
	sum       string  // SHA-256 of the output, if it is compared
}

// row is a program and its runs on one capture, a run a round.
type row struct {
	program
	runs   []measured
	failed error // why it was given up
}

// measureAll runs the programs in turn, so that what else the machine does
// meets all of them. The first round starts with the capture in the page cache.
func measureAll(file string, size int64, programs []program, rounds int) ([]row, error) {
	if err := warm(file); err != nil {
		return nil, err
	}
	rows := make([]row, len(programs))
	for i, p := range programs {
		rows[i].program = p
	}
	for range rounds {
		for i := range rows {
			r := &rows[i]
			if r.failed != nil {
				continue
			}
			m, err := measure(r.program, file, size)
			if err != nil && r.output == compared {
				return nil, err
			}
			if err != nil {
				r.failed = err
				continue
			}
			r.runs = append(r.runs, m)
		}
	}
	return rows, nil
}

// warm reads the capture once.
func warm(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(struct{ io.Writer }{io.Discard}, f)
	return err
}

// reportSize returns how many bytes kaanalyze writes.
func reportSize(file, kaanalyze string) (int64, error) {
	var n size
	cmd := exec.Command(kaanalyze, "--json", file)
	cmd.Stdout = &n
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("run kaanalyze on %s: %w", file, err)
	}
	return int64(n), nil
}

// size counts what is written to it.
type size int64

func (n *size) Write(p []byte) (int, error) {
	*n += size(len(p))
	return len(p), nil
}

// measure runs the program on the capture, to write a report of that size. An
// output that is compared is hashed afterwards.
func measure(p program, file string, size int64) (measured, error) {
	args := make([]string, len(p.command))
	for i, a := range p.command {
		switch a {
		case "FILE":
			a = file
		case "SIZE":
			a = strconv.FormatInt(size, 10)
		}
		args[i] = a
	}
	cmd := exec.Command(args[0], args[1:]...)
	if p.output != discarded {
		out, err := os.CreateTemp("", "kaan-bench-*.json")
		if err != nil {
			return measured{}, fmt.Errorf("make an output file: %w", err)
		}
		defer os.Remove(out.Name())
		defer out.Close()
		cmd.Stdout = out
	}
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start).Seconds()
	if err != nil {
		return measured{}, fmt.Errorf("run %s on %s: %w", p.name, file, err)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	m := measured{
		wall: wall,
		cpu:  (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(),
		peak: usage.Maxrss * 1024, // Linux counts KiB
	}
	if out, ok := cmd.Stdout.(*os.File); ok && p.output == compared {
		if m.sum, err = hash(out); err != nil {
			return measured{}, fmt.Errorf("hash the output of %s: %w", p.name, err)
		}
	}
	return m, nil
}

func hash(f *os.File) (string, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
