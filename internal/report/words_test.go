package report

import (
	"math"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		cause.Count(0): "0", cause.Count(999): "999", cause.Count(1000): "1,000", cause.Count(-1234567): "-1,234,567", cause.Count(-999): "-999",
		cause.Count(analyze.Unknown):   "unknown",
		cause.Percent(1):               "100.0%",
		cause.Percent(0.99999):         "99.9%",
		cause.Percent(0.00001):         "<0.1%",
		cause.Percent(0.125):           "12.5%",
		cause.Percent(math.NaN()):      "unknown",
		cause.Duration(0):              "0 s",
		cause.Duration(999):            "999 ns",
		cause.Duration(123456):         "123 us",
		cause.Duration(999_999):        "1.0 ms",
		cause.Duration(2_123_456):      "2.1 ms",
		cause.Duration(999_999_999):    "1.000 s",
		cause.Duration(1_000_000_000):  "1.000 s",
		cause.Duration(9_999_999_999):  "10 s",
		cause.Duration(15_040_000_000): "15 s",
		cause.Duration(15_400_000_000): "15.4 s",
		cause.Duration(3600e9):         "3,600 s",
		cause.Duration(-5e6):           "-5.0 ms",
		size(999):                      "999 bytes",
		size(1500):                     "1.5 kB",
		size(418_000_123):              "418 MB",
		size(math.MaxInt64):            "9.2 EB",
		cause.Decimal(5.4):             "5.4", cause.Decimal(138.43): "138.4", cause.Decimal(78): "78", cause.Decimal(628408.4): "628,408",
		Plain("a b"): "a b", Plain(""): `""`, Plain(" a"): `" a"`, Plain("\x1b"): `"\x1b"`, Plain("日本"): "日本",
		Fit("abcdef", 6): "abcdef", Fit("abcdefg", 6): "abc...", Fit("日本日本日本日", 6): "日本日...",
		command([]string{"a", "tcp port 80", "it's", ""}): `a 'tcp port 80' 'it'\''s' ''`,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
