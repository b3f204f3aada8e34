package report

import (
	"math"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/diagnose"
)

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		diagnose.Count(0): "0", diagnose.Count(999): "999", diagnose.Count(1000): "1,000", diagnose.Count(-1234567): "-1,234,567", diagnose.Count(-999): "-999",
		diagnose.Count(analyze.Unknown):   "unknown",
		diagnose.Percent(1):               "100.0%",
		diagnose.Percent(0.99999):         "99.9%",
		diagnose.Percent(0.00001):         "<0.1%",
		diagnose.Percent(0.125):           "12.5%",
		diagnose.Percent(math.NaN()):      "unknown",
		diagnose.Duration(0):              "0 s",
		diagnose.Duration(999):            "999 ns",
		diagnose.Duration(123456):         "123 us",
		diagnose.Duration(999_999):        "1.0 ms",
		diagnose.Duration(2_123_456):      "2.1 ms",
		diagnose.Duration(999_999_999):    "1.000 s",
		diagnose.Duration(1_000_000_000):  "1.000 s",
		diagnose.Duration(9_999_999_999):  "10 s",
		diagnose.Duration(15_040_000_000): "15 s",
		diagnose.Duration(15_400_000_000): "15.4 s",
		diagnose.Duration(3600e9):         "3,600 s",
		diagnose.Duration(-5e6):           "-5.0 ms",
		size(999):                         "999 bytes",
		size(1500):                        "1.5 kB",
		size(418_000_123):                 "418 MB",
		size(math.MaxInt64):               "9.2 EB",
		diagnose.Decimal(5.4):             "5.4", diagnose.Decimal(138.43): "138.4", diagnose.Decimal(78): "78", diagnose.Decimal(628408.4): "628,408",
		Plain("a b"): "a b", Plain(""): `""`, Plain(" a"): `" a"`, Plain("\x1b"): `"\x1b"`, Plain("日本"): "日本",
		Fit("abcdef", 6): "abcdef", Fit("abcdefg", 6): "abc...", Fit("日本日本日本日", 6): "日本日...",
		command([]string{"a", "tcp port 80", "it's", ""}): `a 'tcp port 80' 'it'\''s' ''`,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
