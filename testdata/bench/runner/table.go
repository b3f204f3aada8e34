//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// printTable prints what was measured on one capture.
func printTable(file string, rows []row, rounds int) {
	size := int64(0)
	if info, err := os.Stat(file); err == nil {
		size = info.Size()
	}
	fmt.Printf("\n%s, %.2f GB, medians of %d rounds\n", filepath.Base(file), float64(size)/1e9, rounds)
	fmt.Printf("  %-24s %9s %9s %9s %9s %9s\n", "", "wall s", "x tcpdump", "cpu s", "x tcpdump", "peak MiB")
	var base []measured
	for _, r := range rows {
		if r.name == baseline {
			base = r.runs
		}
	}
	for _, r := range rows {
		if r.failed != nil {
			fmt.Printf("  %-24s failed: %v\n", r.name, r.failed)
			continue
		}
		wall := func(m measured) float64 { return m.wall }
		cpu := func(m measured) float64 { return m.cpu }
		fmt.Printf("  %-24s %9.3f %9s %9.3f %9s %9.1f\n", r.name,
			median(r.runs, wall), ratio(r.runs, base, wall),
			median(r.runs, cpu), ratio(r.runs, base, cpu),
			float64(peak(r.runs))/(1<<20))
	}
}

// sameOutput reports whether all outputs that are compared are the same, and
// says what it saw.
func sameOutput(rows []row) bool {
	sums := map[string]bool{}
	for _, r := range rows {
		for _, m := range r.runs {
			if r.output == compared {
				sums[m.sum] = true
			}
		}
	}
	switch len(sums) {
	case 0:
	case 1:
		fmt.Println("  kaanalyze's output is the same in every run, whatever the workers")
	default:
		fmt.Printf("  kaanalyze wrote %d different outputs\n", len(sums))
	}
	return len(sums) <= 1
}

// ratio is the median of the ratios within each round: what slows a round down
// slows both.
func ratio(runs, base []measured, of func(measured) float64) string {
	var all []float64
	for i := range min(len(runs), len(base)) {
		if b := of(base[i]); b > 0 {
			all = append(all, of(runs[i])/b)
		}
	}
	if len(all) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", middle(all))
}

func median(runs []measured, of func(measured) float64) float64 {
	all := make([]float64, len(runs))
	for i, m := range runs {
		all[i] = of(m)
	}
	return middle(all)
}

// middle is the median; of an even number of values, the mean of the two in
// the middle.
func middle(all []float64) float64 {
	slices.Sort(all)
	n := len(all)
	if n == 0 {
		return 0
	}
	return (all[(n-1)/2] + all[n/2]) / 2
}

// peak is the largest memory of any run. A child starts with its parent's
// figure, so the runner's own few MiB are the least that can be seen.
func peak(runs []measured) int64 {
	var most int64
	for _, m := range runs {
		most = max(most, m.peak)
	}
	return most
}
