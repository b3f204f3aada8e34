package app

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// leastMemory is the least that --max-memory takes: with less the program cannot even
// begin.
const leastMemory = 64 << 20

// What the program takes beside its heap, and what of its heap is not about what it
// sees, in bytes.
const (
	outsideHeap = 40 << 20
	fixedHeap   = 20 << 20
)

// memoryUnits are the units of sizes; of a decimal and a binary one.
var memoryUnits = map[string]int64{
	"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}

// parseSize reads a size as 512MiB or 1.5GB.
func parseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit := memoryUnits[strings.ToLower(s[len(digits):])]
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if unit == 0 || err != nil || !(n > 0) || n*float64(unit) >= math.MaxInt64 {
		return 0, fmt.Errorf("it is not a size, as 512MiB or 2GB")
	}
	return int64(n * float64(unit)), nil
}

// setMemory reads --max-memory.
func (s *settings) setMemory() error {
	if s.MaxMemory == "" && !s.given("max-memory") {
		s.maxMemory = defaultMemory(os.DirFS("/"))
		return nil
	}
	n, err := parseSize(s.MaxMemory)
	switch {
	case err != nil:
		return usagef("--max-memory %q: %w", s.MaxMemory, err)
	case n < leastMemory:
		return usagef("--max-memory %q: it is less than 64MiB", s.MaxMemory)
	}
	s.maxMemory = n
	return nil
}

// defaultMemory returns a quarter of the machine's memory, or of the limit of the
// cgroup if that is less; 0 if neither is known. root is the root of the file system.
func defaultMemory(root fs.FS) int64 {
	total := min(machineMemory(root), cgroupMemory(root))
	if total == math.MaxInt64 {
		return 0
	}
	return max(leastMemory, total/4)
}

// machineMemory returns how much memory the machine has, [math.MaxInt64] if that is not
// known.
func machineMemory(root fs.FS) int64 {
	b, _ := fs.ReadFile(root, "proc/meminfo")
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "MemTotal:" {
			if n, err := strconv.ParseInt(f[1], 10, 64); err == nil && n > 0 {
				return n << 10
			}
		}
	}
	return math.MaxInt64
}

// cgroupMemory returns the least limit of the process's cgroup and those above it,
// [math.MaxInt64] if there is none.
func cgroupMemory(root fs.FS) int64 {
	least := int64(math.MaxInt64)
	b, _ := fs.ReadFile(root, "proc/self/cgroup")
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() { // hierarchy:controllers:path, as in cgroups(7)
		f := strings.SplitN(lines.Text(), ":", 3)
		if len(f) != 3 {
			continue
		}
		dir, name := "sys/fs/cgroup", "memory.max"
		switch {
		case f[1] == "memory":
			dir, name = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		case f[0] != "0" || f[1] != "":
			continue
		}
		for at := path.Clean("/" + f[2]); ; at = path.Dir(at) {
			b, _ := fs.ReadFile(root, path.Join(dir, at, name))
			if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && n > 0 {
				least = min(least, n)
			}
			if at == "/" {
				break
			}
		}
	}
	return least
}

// limitMemory makes the collector keep the heap within the bound, and returns how much
// of it is for what is seen; 0 without a bound.
func (j *Job) limitMemory() int64 {
	limit := j.s.maxMemory
	if limit == 0 {
		return 0
	}
	limit -= outsideHeap
	if l := j.s.live; l != nil {
		limit -= int64(l.device.Buffer) * int64(1+len(l.device.Others)) // which are mapped
	}
	limit = max(limit, leastMemory/4)
	if os.Getenv("GOMEMLIMIT") == "" {
		outside := int64(0) // of what is in use
		if limitsHeap {
			outside = ballastSize
		}
		debug.SetMemoryLimit(limit + outside)
	}
	return max(limit-fixedHeap, limit/4) / 20 * 11 // the rest is for the report, and for what is garbage until it is collected
}
