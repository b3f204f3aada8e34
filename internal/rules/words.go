package rules

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// after writes how long after the message before them connections ended: from the
// least to the most, if that is not about the same.
func after(records []*cause.Record) string {
	d := cause.Values(records, (*cause.Record).Measured)
	return spanning(d)
}

// spanning writes times: from the least to the most, if these are not about the same.
func spanning(d []int64) string {
	lo, hi := slices.Min(d), slices.Max(d)
	if hi-lo <= max(hi*cause.Agreement/100, cause.Jitter) {
		return cause.Duration(cause.Typical(d))
	}
	return cause.Duration(lo) + " to " + cause.Duration(hi)
}

// list writes names as in a sentence.
func list(names []string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
	return strings.Join(names, "")
}

// shareOf writes part of whole: "99.8% (1,198 of 1,200)".
func shareOf(part, whole int64) string {
	if whole <= 0 {
		return cause.Count(part)
	}
	return fmt.Sprintf("%s (%s of %s)", cause.Percent(math.Min(1, float64(part)/float64(whole))), cause.Count(part), cause.Count(whole))
}

// underWay says how many of some connections had a request under way.
func underWay(n int64) string {
	if n == 0 {
		return "none of them with a request under way"
	}
	return cause.Count(n) + " of them with a request under way"
}

// conns writes a count of connections.
func conns(n int64) string { return cause.Plural(n, "connection", "connections") }
