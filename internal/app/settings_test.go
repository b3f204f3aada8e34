package app

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/report"
)

func TestLooksLikeFile(t *testing.T) {
	for _, word := range []string{
		"incident.pcap", "a.pcapng", "x.cap", "X.PCAP", "cap.pcap0", "cap.pcap12", "a.pcap.gz", "dump.gz", "a b.pcap.zst",
		"/var/tmp/incident", "./x", "../x", "~/x", "captures/today", "a/b/c-1_2",
	} {
		if !looksLikeFile(word) {
			t.Errorf("%q: got part of a filter, want a file", word)
		}
	}
	for _, word := range []string{
		"tcp", "port", "80", "10.0.0.1", "10.0.0.0/8", "10.1/16", "2001:db8::/32", "example.org", "(tcp[12]&0xf0)/4", "tcp[12]/4",
		"and", "tcp port 80 and net 10.0.0.0/8", "len<=100", "",
	} {
		if looksLikeFile(word) {
			t.Errorf("%q: got a file, want part of a filter", word)
		}
	}
}

func TestReadFilter(t *testing.T) {
	name := filepath.Join(t.TempDir(), "filter")
	if err := os.WriteFile(name, []byte("# which port\ntcp and   # only\n\tport 80\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := readFilter(name)
	if want := "tcp and port 80"; got != want || err != nil {
		t.Errorf("got %q, error %v; want %q", got, err, want)
	}
}

func TestBounds(t *testing.T) {
	first := time.Date(2026, 11, 20, 23, 59, 58, 500e6, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-11-20T04:13:20Z":           time.Date(2026, 11, 20, 4, 13, 20, 0, time.UTC),
		"2026-11-20T04:13:20.25+02:00":   time.Date(2026, 11, 20, 2, 13, 20, 250e6, time.UTC),
		"2026-11-20T04:13:20.000000001Z": time.Date(2026, 11, 20, 4, 13, 20, 1, time.UTC),
		"04:13:20":                       time.Date(2026, 11, 20, 4, 13, 20, 0, time.UTC),
		"23:59:59.999":                   time.Date(2026, 11, 20, 23, 59, 59, 999e6, time.UTC),
		"04:13":                          time.Date(2026, 11, 20, 4, 13, 0, 0, time.UTC),
		"+0":                             first,
		"+2":                             first.Add(2 * time.Second),
		"+0.001":                         first.Add(time.Millisecond),
		"+0.5s":                          first.Add(500 * time.Millisecond),
		"+1m30s":                         first.Add(90 * time.Second),
	} {
		b, err := parseBound(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := time.Unix(0, b.at(first.UnixNano(), report.Zone{})).UTC(); !got.Equal(want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"-1", "+", "+x", "+NaN", "+Inf", "+1e300", "+-1", "+-1s", "+5d", "25:00:00", "2026-11-20", "now", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z"} {
		if b, err := parseBound(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, b)
		}
	}
	if b, err := parseBound(""); err != nil || b.at(first.UnixNano(), report.Zone{}) != 0 {
		t.Errorf("no bound: got %+v, error %v", b, err)
	}
}

// TestFilesAndFilter tells captures from the filter.
func TestFilesAndFilter(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"a.pcap", "b.pcap", "tcp"} {
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		read, words string
		files       string
		filter      string
	}{
		{"", "a.pcap", "a.pcap", ""},
		{"", "a.pcap b.pcap udp", "a.pcap b.pcap", "udp"},
		{"", "- udp port 53", "-", "udp port 53"},
		{"a.pcap b.pcap", "udp", "a.pcap b.pcap", "udp"},
		{"a.pcap", "b.pcap", "a.pcap b.pcap", ""},
		{"a.pcap", "port 80", "a.pcap", "port 80"},
		{"", "tcp port 80", "tcp", "port 80"}, // that file is there
		{"", "a.pcap ip[0] - 64 = 5", "a.pcap", "ip[0] - 64 = 5"},
		{"", "port 80", "", "port 80"},
		{"", "", "", ""},
	} {
		s, err := newSettings(filled(Config{Read: strings.Fields(tt.read), Words: strings.Fields(tt.words)}))
		if err != nil {
			t.Errorf("%+v: %v", tt, err)
			continue
		}
		if got := strings.Join(s.files, " "); got != tt.files || s.filter != tt.filter {
			t.Errorf("%+v: got files %q, filter %q", tt, got, s.filter)
		}
	}
	if s, err := newSettings(filled(Config{Demo: demo, Words: []string{"port", "80"}})); err != nil || s.filter != "port 80" {
		t.Errorf("got %+v, error %v, want the filter port 80", s, err)
	}
}

// TestRefused says which settings are wrong.
func TestRefused(t *testing.T) {
	file, other := save(t, demo), filepath.Join(t.TempDir(), "other.json")
	if err := os.WriteFile(other, []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	linked, here, pipe := filepath.Join(folder, "linked.json"), filepath.Join(folder, "here"), filepath.Join(folder, "pipe")
	if err := errors.Join(os.Symlink(other, linked), os.Symlink(folder, here), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Skip(err)
	}
	var usage *UsageError
	if _, err := newSettings(filled(Config{Read: []string{pipe}, Evidence: "x.pcap"})); !errors.As(err, &usage) || !strings.Contains(usage.Hint, "is read only once") {
		t.Errorf("evidence of a pipe: got error %v, want that it is read only once", err)
	}
	for want, c := range map[string]Config{
		"--conn 0: connections count from 1":                  {Given: given("conn")},
		"--tui and --conn exclude each other":                 {TUI: true, Conn: 1},
		"--anonymize: the key is empty":                       {Given: given("anonymize")},
		"--json and --format csv exclude each other":          {JSON: true, Format: "csv"},
		`--output "x.txt" is given twice`:                     {Output: []string{"x.txt", "x.txt"}},
		`--output "./x.txt" is given twice`:                   {Output: []string{"x.txt", "./x.txt"}},
		`--output "a/../x.txt" is given twice`:                {Output: []string{"x.txt", "a/../x.txt"}},
		`--output "` + linked + `" is given twice`:            {Output: []string{other, linked}},
		`--output "` + here + `/y.txt" is given twice`:        {Output: []string{folder + "/y.txt", here + "/y.txt"}},
		`--evidence "./z.json" is an --output, too`:           {Read: []string{file}, Evidence: "./z.json", Output: []string{"z.json"}},
		`--progress "fast": it is not one of auto, never`:     {Progress: "fast"},
		"--time-wait -1s: it is not within 24h":               {TimeWait: -time.Second},
		"--workers -1: it is not from 1 to 1024":              {Workers: -1},
		`--output "` + file + `": its ending is not one of `:  {Output: []string{file}},
		`--evidence "` + file + `": it is a capture to read`:  {Read: []string{file}, Evidence: file},
		`--evidence "` + other + `" is an --output, too`:      {Read: []string{file}, Evidence: other, Output: []string{other}},
		"--evidence-bodies needs --evidence FILE":             {EvidenceBodies: true},
		"--anonymize and --evidence-bodies exclude":           {Anonymize: "key", Evidence: "x.pcap", EvidenceBodies: true},
		"--evidence needs a capture that can be read again":   {Read: []string{"-"}, Evidence: "x.pcap"},
		"--tui and --evidence exclude each other":             {Read: []string{file}, TUI: true, Evidence: "x.pcap"},
		`--baseline "` + other + `": it is not a JSON report`: {Baseline: other},
		"--demo and " + file + " exclude each other":          {Demo: demo, Read: []string{file}},
		"the filter is given twice: ":                         {Read: []string{file}, Words: []string{"tcp"}, FilterFile: other},
	} {
		_, err := newSettings(filled(c))
		if _, ok := errors.AsType[*UsageError](err); !ok || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}

// TestNothingToRead asks for input where standard input is a terminal.
func TestNothingToRead(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil || !IsTerminal(tty) {
		t.Skipf("there is no terminal here: %v", err)
	}
	defer tty.Close()
	if _, err := New(filled(Config{}), tty, io.Discard, io.Discard); err != ErrNoInput {
		t.Errorf("got error %v", err)
	}
	code, _, stderr := commandOn(strings.NewReader("no capture"), Config{})
	if code != ExitFailed || !strings.Contains(stderr, "hint: no FILE was given, so standard input was read") {
		t.Errorf("got exit code %d, %q", code, stderr)
	}
}

// TestLists writes what help and completion are made of.
func TestLists(t *testing.T) {
	for what, write := range map[string]func(io.Writer) error{"KA1011": WriteRules, "reuse_ratio": WriteMetrics, `"$schema"`: WriteSchema} {
		var out strings.Builder
		if err := write(&out); err != nil || !strings.Contains(out.String(), what) {
			t.Errorf("got error %v, no %s in %s", err, what, out.String())
		}
	}
	for _, id := range RuleIDs() {
		var out strings.Builder
		write, err := ExplainRule(id)
		if err == nil {
			err = write(&out)
		}
		if err != nil || !strings.HasPrefix(out.String(), id) {
			t.Errorf("%s: got error %v, %s", id, err, out.String())
		}
	}
	if _, err := ExplainRule("KA1"); err == nil {
		t.Error("got an explanation of a rule that is not there")
	}
	if len(Formats()) != len(FormatNames()) || !slices.Contains(MetricNames(), "reuse_ratio") {
		t.Errorf("got formats %q, metrics %q", FormatNames(), MetricNames())
	}
	if err := WriteText(closed{}, "x"); err == nil || err.Error() != "write to standard output: file already closed" {
		t.Errorf("got error %v", err)
	}
}

// closed is a stream that takes nothing.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, os.ErrClosed }
