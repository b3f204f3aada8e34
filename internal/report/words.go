package report

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// MaxText is how many characters of a text are kept.
const MaxText = 300

// PartyName returns who did something; "none" for nobody.
func PartyName(p analyze.Party) string {
	if p == analyze.Nobody {
		return "none"
	}
	return p.String()
}

// SentenceCase writes a heading in small letters, as prose has it.
func SentenceCase(heading string) string {
	words := strings.Split(heading, " ")
	for i, w := range words {
		switch strings.Trim(w, "()") {
		case "TIME_WAIT", "HTTP", "TCP":
			continue
		}
		words[i] = strings.ToLower(w)
		if i == 0 {
			words[i] = w[:1] + words[i][1:]
		}
	}
	return strings.Join(words, " ")
}

// largest returns the largest value, 0 if none is above it.
func largest(values []int64) (n int64) {
	for _, v := range values {
		n = max(n, v)
	}
	return n
}

// AddrText writes an endpoint.
func AddrText(a netip.AddrPort) string {
	if !a.IsValid() {
		return notKnown
	}
	return a.String()
}

// HostText writes an address.
func HostText(a netip.Addr) string {
	if !a.IsValid() {
		return notKnown
	}
	return a.String()
}

// notKnown stands in text for what the capture does not tell.
const notKnown = cause.NotKnown

// Plain returns s as a terminal shows it, quoted where it would act on it.
func Plain(s string) string {
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

// Fit returns s as a terminal shows it, cut to at most n characters.
func Fit(s string, n int) string {
	for keep := n; ; keep = keep * 3 / 4 {
		// A character takes up to ten ("\U0010ffff") when it is quoted.
		shown := Plain(Shorten(s, max(4, keep)))
		if utf8.RuneCountInString(shown) <= n || keep <= 4 {
			return shown
		}
	}
}

// Shorten cuts s to at most n characters. It looks at few more: s may be long.
func Shorten(s string, n int) string {
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

// Connections writes a count of them.
func Connections(n int64) string { return cause.Plural(n, "connection", "connections") }

// share writes part of whole as a percentage.
func share(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return cause.Percent(float64(part) / float64(whole))
}

// rounded writes an estimate of a number of entries: tenths would claim more.
func rounded(n float64) string { return cause.Count(int64(math.Round(n))) }

// WholeSeconds writes a whole number of seconds.
func WholeSeconds(seconds int64) string {
	if seconds < 600 {
		return cause.Count(seconds) + " s"
	}
	return cause.Duration(seconds * 1e9)
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
	case Plain(a) == a:
		return "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	return "$" + "'" + strings.ReplaceAll(strings.Trim(strconv.QuoteToASCII(a), `"`), "'", `\'`) + "'"
}

// span writes from when to when the capture lasts.
func (z Zone) span(first, last int64) string {
	if first == analyze.Unknown {
		return "no time"
	}
	from, to, word := z.At(first), z.At(last), z.Word(last)
	if from.YearDay() == to.YearDay() && from.Year() == to.Year() {
		clock := time.TimeOnly
		if last-first < 10e9 {
			clock = "15:04:05.000"
		}
		return from.Format("2006-01-02 "+clock) + to.Format("-"+clock) + " " + word + " (" + cause.Duration(last-first) + ")"
	}
	return from.Format(time.DateTime) + " to " + to.Format(time.DateTime) + " " + word + " (" + cause.Duration(last-first) + ")"
}
