package tui

import (
	"encoding/binary"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// printable takes out of text of several lines what a terminal would act on.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || strconv.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

// oneLine is printable for text that has to stay on its line.
func oneLine(text string) string { return strings.ReplaceAll(printable(text), "\n", "?") }

// cut returns text in at most w columns, with dots at its end if it was longer.
func cut(text string, w int, s *style) string { return ansi.Truncate(text, max(0, w), s.dots) }

// cutMiddle shortens text of ASCII to w columns, and leaves its beginning and its end.
func cutMiddle(text string, w int, s *style) string {
	tail := max(0, w-ansi.StringWidth(s.dots)) / 2
	return cut(text, w-tail, s) + text[len(text)-tail:]
}

// pad fills a line up to w columns.
func pad(line string, w int) string {
	return line + strings.Repeat(" ", max(0, w-ansi.StringWidth(line)))
}

// countCell writes a count, "-" if it is not known.
func countCell(n int64) string {
	if text := cause.Count(n); text != cause.NotKnown {
		return text
	}
	return "-"
}

// ratioCell writes a share of one as percent, "-" if there is none.
func ratioCell(f float64) string {
	if math.IsNaN(f) {
		return "-"
	}
	return cause.Percent(f)
}

// seconds writes a duration in ns that changes while the user looks: its unit and its
// width stay as they are for long.
func seconds(ns int64) string {
	switch {
	case ns < 10e9:
		return strconv.FormatFloat(float64(ns)/1e9, 'f', 1, 64) + " s"
	case ns < 3*3600e9:
		return cause.Count(ns/1e9) + " s"
	}
	return cause.Duration(ns)
}

// durationCell writes a duration in ns, "-" if it is not known.
func durationCell(ns int64) string {
	if ns == analyze.Unknown {
		return "-"
	}
	return cause.Duration(ns)
}

// byAddress returns text that sorts as endpoints do: by address, then by port.
func byAddress(a netip.AddrPort) string {
	var b strings.Builder
	ip := a.Addr().As16()
	b.Write(ip[:])
	b.Write(binary.BigEndian.AppendUint16(nil, a.Port()))
	return b.String()
}

// timeSpan writes from when to when, of times in ns since the epoch.
func timeSpan(z report.Zone, first, last int64) string {
	from, to := z.At(first), z.At(last)
	format := time.TimeOnly
	if from.Format(time.DateOnly) != to.Format(time.DateOnly) {
		format = time.DateTime
	}
	return from.Format(format) + "-" + to.Format(format) + " " + z.Word(last) + " (" + seconds(last-first) + ")"
}
