package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// unknown stands in text for what the capture does not tell.
const unknown = cause.NotKnown

// Plain returns s as a terminal shows it, quoted where it would act on it.
func Plain(s string) string { return plain(s) }

// plain returns s if a terminal shows it as it is, else a quoted form.
func plain(s string) string {
	if s == "" || s[0] == ' ' || s[len(s)-1] == ' ' || !utf8.ValidString(s) {
		return strconv.Quote(s)
	}
	for _, c := range s {
		if !strconv.IsPrint(c) {
			return strconv.Quote(s)
		}
	}
	return s
}

// fit returns s as a terminal shows it, cut to at most n characters.
func fit(s string, n int) string {
	for keep := n; ; keep = keep * 3 / 4 {
		// A character takes up to ten ("\U0010ffff") when it is quoted.
		shown := plain(shorten(s, max(4, keep)))
		if utf8.RuneCountInString(shown) <= n || keep <= 4 {
			return shown
		}
	}
}

// shorten cuts s to at most n characters. It looks at few more: s may be long.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	chars := 0
	cut := 0
	for i := range s {
		if chars == n-3 {
			cut = i
		}
		if chars == n {
			return s[:cut] + "..."
		}
		chars++
	}
	return s
}

// connections writes a count of them.
func connections(n int64) string { return plural(n, "connection", "connections") }

// The words that findings use, too.
var (
	count    = cause.Count
	plural   = cause.Plural
	percent  = cause.Percent
	decimal  = cause.Decimal
	duration = cause.Duration
)

// share writes part of whole as a percentage.
func share(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return percent(float64(part) / float64(whole))
}

// rounded writes an estimate of a number of entries: tenths would claim more.
func rounded(n float64) string { return count(int64(math.Round(n))) }

// steps writes a whole number of seconds.
func steps(seconds int64) string {
	if seconds < 600 {
		return count(seconds) + " s"
	}
	return duration(seconds * 1e9)
}

// size writes bytes in decimal units.
func size(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"}
	f, u := float64(n), 0
	for f >= 999.5 && u < len(units)-1 {
		f, u = f/1000, u+1
	}
	if u == 0 || f >= 9.95 {
		return fmt.Sprintf("%.0f %s", f, units[u])
	}
	return fmt.Sprintf("%.1f %s", f, units[u])
}

// command writes arguments so that a shell reads them back.
func command(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = quoteArg(a)
	}
	return strings.Join(quoted, " ")
}

// quoteArg quotes one argument where a shell needs it.
func quoteArg(a string) string {
	const safe = "-_./:=,+@%"
	special := func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune(safe, c))
	}
	switch {
	case a == "":
		return "''"
	case strings.IndexFunc(a, special) < 0:
		return a
	case plain(a) == a:
		return "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	return "$" + "'" + strings.ReplaceAll(strings.Trim(strconv.QuoteToASCII(a), `"`), "'", `\'`) + "'"
}

// span writes from when to when the capture lasts.
func (p *page) span(first, last int64) string {
	if first == analyze.Unknown {
		return "no time"
	}
	from, to := time.Unix(0, first).UTC(), time.Unix(0, last).UTC()
	if from.YearDay() == to.YearDay() && from.Year() == to.Year() {
		clock := time.TimeOnly
		if last-first < 10e9 {
			clock = "15:04:05.000"
		}
		return from.Format("2006-01-02 "+clock) + to.Format("-"+clock) + " UTC (" + duration(last-first) + ")"
	}
	return from.Format(time.DateTime) + " to " + to.Format(time.DateTime) + " UTC (" + duration(last-first) + ")"
}

// clock writes a time of day, with milliseconds in a short capture and with
// the date in a long one.
func (p *page) clock(ns int64) string {
	if ns == analyze.Unknown {
		return unknown
	}
	first, last := p.r.Meta.times()
	t := time.Unix(0, ns).UTC()
	switch d := last - first; {
	case first == analyze.Unknown || time.Unix(0, first).UTC().Format(time.DateOnly) != time.Unix(0, last).UTC().Format(time.DateOnly):
		return t.Format(time.DateTime)
	case d < 10e9:
		return t.Format("15:04:05.000")
	}
	return t.Format(time.TimeOnly)
}
