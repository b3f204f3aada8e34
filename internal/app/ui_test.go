package app

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture"
)

// TestBar draws a bar, writes a line over it and takes it away.
func TestBar(t *testing.T) {
	var out bytes.Buffer
	u := &ui{w: &out}
	bar := u.newBar(200)
	if out.Len() > 0 {
		t.Errorf("got %q before the bar is drawn", out.String())
	}
	u.draw(bar, 100)
	if got := out.String(); !strings.Contains(got, "reading") || !strings.Contains(got, "50%") {
		t.Errorf("got %q, want a bar at 50%%", got)
	}
	u.warn("something is missing")
	if got := out.String(); !strings.HasSuffix(got, "\rkaanalyze: warning: something is missing\n") {
		t.Errorf("got %q, want a line that begins where the bar did", got)
	}
	u.clear()
	out.Reset()
	u.warn("again")
	if got, want := out.String(), "kaanalyze: warning: again\n"; got != want {
		t.Errorf("without a bar: got %q, want %q", got, want)
	}
}

func TestProgressOfShortReading(t *testing.T) {
	var out bytes.Buffer
	u := &ui{w: &out}
	u.progress(func() (int64, int64) { return 1, 2 })()
	if out.Len() > 0 {
		t.Errorf("got %q of a reading that was over at once", out.String())
	}
}

func TestFail(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
		want string
	}{
		{errors.New("read capture \"x\": \x1b[2J\n"), 1, "kaanalyze: error: read capture \"x\": ?[2J?\n"},
		{usagef("--top"), 2, "kaanalyze: error: --top\n"},
		{fmt.Errorf("open: %w", &UsageError{errors.New("bad"), "do"}), 2, "kaanalyze: error: open: bad\nkaanalyze: hint: do\n"},
		{&hintError{errors.New("bad"), "do"}, 1, "kaanalyze: error: bad\nkaanalyze: hint: do\n"},
		{fmt.Errorf("open: %w", &capture.FilterError{Expr: "x", Reason: "syntax error"}), 2, "kaanalyze: hint: a filter is written as for tcpdump; see pcap-filter(7)\n"},
		{fmt.Errorf("open: %w", capture.ErrNoLibpcap), 2, "kaanalyze: hint: build with cgo"},
		{fmt.Errorf("write: %w", syscall.EPIPE), 1, ""},
	} {
		var out bytes.Buffer
		if got := (&ui{w: &out}).fail(tt.err); got != tt.code || !strings.Contains(out.String(), tt.want) || tt.want == "" && out.Len() > 0 {
			t.Errorf("%v: got exit code %d and %q, want %d and %q", tt.err, got, out.String(), tt.code, tt.want)
		}
	}
}

func TestQuiet(t *testing.T) {
	var out bytes.Buffer
	u := &ui{w: &out, quiet: true}
	u.warn("something is missing")
	u.inform("something was done")
	if out.Len() > 0 {
		t.Errorf("got %q", out.String())
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"a.pcap":      "a.pcap",
		"größe.pcap":  "größe.pcap",
		"a b":         `"a b"`,
		"":            `""`,
		"\x1b[2J":     `"\x1b[2J"`,
		"a\nb":        `"a\nb"`,
		"\xff":        `"\xff"`,
		`quote"d`:     `"quote\"d"`,
		"\u202etxt":   `"\u202etxt"`,
		"C:\\windows": `"C:\\windows"`,
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// TestStatusLine overwrites the status of a live capture, and keeps lines apart
// from it.
func TestStatusLine(t *testing.T) {
	var out strings.Builder
	u := &ui{w: &out}
	u.show("1s")
	u.warn("something")
	u.show("2s")
	u.show("")
	u.show("")
	const want = clearLine + "1s" + clearLine + "kaanalyze: warning: something\n" + "1s" + clearLine + "2s" + clearLine
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
