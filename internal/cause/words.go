package cause

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// NotKnown stands for what the capture does not tell.
const NotKnown = "unknown"

// Count writes n with commas.
func Count(n int64) string {
	if n == analyze.Unknown {
		return NotKnown
	}
	s := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(s) - 3; i > first; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural writes n and its noun.
func Plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Percent writes a share. Only all is 100% and only nothing is 0%.
func Percent(f float64) string {
	switch {
	case math.IsNaN(f):
		return NotKnown
	case f > 0 && f < 0.001:
		return "<0.1%"
	case f < 1 && f >= 0.999:
		return "99.9%"
	}
	return strconv.FormatFloat(f*100, 'f', 1, 64) + "%"
}

// Decimal writes f with one decimal where it matters.
func Decimal(f float64) string {
	if math.IsNaN(f) {
		return NotKnown
	}
	if r := math.Round(f); math.Abs(f-r) < 0.05 || f >= 1000 {
		return Count(int64(r))
	}
	return strconv.FormatFloat(f, 'f', 1, 64)
}

// Duration writes ns with three or four digits and a unit.
func Duration(ns int64) string {
	s := float64(ns) / 1e9
	switch {
	case ns == analyze.Unknown:
		return NotKnown
	case ns == 0:
		return "0 s"
	case ns < 0:
		return "-" + Duration(-ns)
	case ns < 1e3:
		return fmt.Sprintf("%d ns", ns)
	case ns < 999.5e3:
		return fmt.Sprintf("%.3g us", s*1e6)
	case ns < 999.95e6:
		return fmt.Sprintf("%.1f ms", s*1e3)
	case ns < 9.9995e9:
		return fmt.Sprintf("%.3f s", s)
	case ns < 99.95e9:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", s), ".0") + " s"
	}
	switch {
	case s < 3*3600:
		return Count(int64(math.Round(s))) + " s"
	case s < 72*3600:
		return Decimal(s/3600) + " h"
	}
	return Decimal(s/86400) + " days"
}
