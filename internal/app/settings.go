package app

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/gate"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/formats"
	"github.com/kaanalyze/kaanalyze/internal/report/machine"
	"github.com/kaanalyze/kaanalyze/internal/serve"
)

// settings are a Config whose values have been read and found to go together.
type settings struct {
	Config

	parts  []string      // that are to be joined
	files  []string      // captures; "-" is standard input, or the built-in capture
	filter string        // pcap filter of files, "" for all
	live   *liveSettings // nil for files

	format  report.Format // for standard output
	outputs []output

	since, until bound
	zone         report.Zone
	oddZone      string // TZ that is no zone, "" if it is one
	server       netip.AddrPort
	listen       netip.AddrPort // where to answer by HTTP, not valid for nowhere

	key      []byte // of the pseudonyms, nil if names stay
	gates    []*gate.Condition
	baseline *report.Baseline // nil for none
	progress bool
	follows  bool // another report has been written to standard output

	maxMemory int64 // bytes, 0 for no bound
}

// liveSettings are those of a capture from an interface.
type liveSettings struct {
	device   capture.Device
	filter   string // pcap filter, for the kernel
	duration time.Duration
	user     string // who to become, "" for a default
	saving   capture.Saving
}

// output is a file that a report goes to.
type output struct {
	name   string
	format report.Format
}

// given reports whether the user gave that flag.
func (s *settings) given(flag string) bool { return s.Given != nil && s.Given(flag) }

// growing reports whether the capture may be one that is being made.
func (s *settings) growing() bool {
	return s.goesOn() || s.Demo == nil && slices.Contains(s.files, "-")
}

// newSettings reads the values of c.
func newSettings(c *Config) (*settings, error) {
	s := &settings{Config: *c}
	if s.given("tls-keylog") && s.TLSKeyLog == "" {
		return nil, usagef("--tls-keylog: the name of the file is empty")
	}
	if s.Top < 0 || s.given("top") && s.Top == 0 {
		return nil, usagef("--top %d: it is not 1 or more", s.Top)
	}
	if s.given("conn") && s.Conn == 0 {
		return nil, usagef("--conn 0: connections count from 1")
	}
	if s.TUI && s.Conn != 0 {
		return nil, usagef("--tui and --conn exclude each other; the view opens a connection with the enter key")
	}
	for _, step := range []func() error{
		s.setKey, s.setZone, s.checkResolve, s.setFormats, s.setValues, s.setMemory, s.setBounds, s.setGates, s.setBaseline, s.setLive, s.setInput, s.checkEach, s.checkOtherSide, s.checkFollow, s.checkReportEvery, s.checkWritten, s.checkEvidenceFormat, s.checkEvidence, s.checkJoin, s.checkPart, s.checkRows,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// setKey reads --anonymize.
func (s *settings) setKey() error {
	switch {
	case s.Anonymize == "" && !s.given("anonymize"):
	case s.Anonymize == "":
		return &UsageError{errors.New("--anonymize: the key is empty"), "--anonymize alone makes one up"}
	case s.Anonymize == RandomKey:
		s.key = make([]byte, 32)
		_, _ = rand.Read(s.key) // never fails
	default:
		s.key = []byte(s.Anonymize)
	}
	return nil
}

// setFormats reads --format, --json and --output.
func (s *settings) setFormats() error {
	if s.JSON {
		if s.Format != "text" && s.Format != "json" {
			return usagef("--json and --format %s exclude each other", s.Format)
		}
		s.Format = "json"
	}
	var ok bool
	if s.format, ok = formats.ByName(s.Format); !ok {
		return usagef("--format %q: it is not one of %s", s.Format, strings.Join(FormatNames(), ", "))
	}
	for i, name := range s.Output {
		format, ok := formats.ByEnding(name)
		if strings.HasSuffix(strings.ToLower(name), partEnding) {
			format, ok = report.Format{Name: partFormat, Ending: partEnding}, true
		}
		if !ok {
			return usagef("--output %q: its ending is not one of %s", name, FormatEndings())
		}
		if slices.ContainsFunc(s.Output[:i], func(before string) bool { return samePlace(before, name) }) {
			return usagef("--output %q is given twice", name)
		}
		s.outputs = append(s.outputs, output{name, format})
	}
	return nil
}

// setValues checks single values.
func (s *settings) setValues() error {
	if !slices.Contains(Colours, s.Color) {
		return usagef("--color %q: it is not one of %s", s.Color, strings.Join(Colours, ", "))
	}
	if !slices.Contains(ProgressModes, s.Progress) {
		return usagef("--progress %q: it is not one of %s", s.Progress, strings.Join(ProgressModes, ", "))
	}
	s.progress = s.Progress == "auto"
	if s.TimeWait <= 0 || s.TimeWait > 24*time.Hour {
		return usagef("--time-wait %v: it is not within 24h", s.TimeWait)
	}
	if s.Workers < 0 || s.Workers > 1024 {
		return usagef("--workers %d: it is not from 1 to 1024", s.Workers)
	}
	var err error
	if s.Listen != "" {
		if s.listen, err = serve.ParseListen(s.Listen); err != nil {
			return &UsageError{
				fmt.Errorf("--listen %q: %w", s.Listen, err),
				"write 9190 or 127.0.0.1:9190; 0.0.0.0:9190 lets other hosts ask, too",
			}
		}
	}
	if err = s.checkMetricsLabel(); err != nil {
		return err
	}
	if err = s.checkWindow(); err != nil || s.Server == "" {
		return err
	}
	if s.server, err = netip.ParseAddrPort(s.Server); err != nil {
		return &UsageError{
			fmt.Errorf("--server %q: it is not an address and a port", s.Server),
			"names are not looked up; write 192.0.2.1:80 or [2001:db8::1]:80",
		}
	}
	return nil
}

// checkMetricsLabel refuses labels that there are not, and any without metrics.
func (s *settings) checkMetricsLabel() error {
	switch {
	case s.MetricsLabel == "" && !s.given("metrics-label"):
		return nil
	case !slices.Contains(MetricsLabels, s.MetricsLabel):
		return usagef("--metrics-label %q: the only label is %s", s.MetricsLabel, strings.Join(MetricsLabels, ", "))
	case s.Listen == "":
		return usagef("--metrics-label needs --listen ADDR:PORT, which answers with the metrics")
	}
	return nil
}

// setGates reads --fail-on.
func (s *settings) setGates() error {
	for _, text := range s.FailOn {
		g, err := gate.Parse(text)
		if err != nil {
			return &UsageError{fmt.Errorf("--fail-on %q: %w", text, err), "--list-metrics and --list-rules list what it takes"}
		}
		s.gates = append(s.gates, g)
	}
	return nil
}

// setBaseline reads --baseline.
func (s *settings) setBaseline() error {
	if s.Baseline == "" {
		return nil
	}
	f, err := os.Open(s.Baseline)
	if err != nil {
		return fmt.Errorf("read baseline: %w", err)
	}
	defer f.Close()
	name := s.Baseline
	if s.key != nil {
		name = "an earlier report"
	}
	s.baseline, err = machine.ReadBaseline(f, name)
	if _, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("read baseline: %w", err)
	}
	if err != nil {
		return &UsageError{
			fmt.Errorf("--baseline %q: it is not a JSON report as this version writes it: %w", s.Baseline, err),
			"write it with -o before.json; --json-schema says what it is",
		}
	}
	if s.key != nil && !s.baseline.Anonymized {
		return &UsageError{
			fmt.Errorf("--baseline %q: it has addresses, which --anonymize is to keep out of the report", s.Baseline),
			"make that one with --anonymize=KEY and the same key",
		}
	}
	return nil
}

// setBounds reads --since and --until.
func (s *settings) setBounds() error {
	var err error
	if s.since, err = parseBound(s.Since); err != nil {
		return usagef("--since %q: %w", s.Since, err)
	}
	if s.until, err = parseBound(s.Until); err != nil {
		return usagef("--until %q: %w", s.Until, err)
	}
	return nil
}

// checkWritten refuses to write over a capture that is to be read.
func (s *settings) checkWritten() error {
	written := map[string]string{s.Evidence: "evidence"}
	for _, o := range s.outputs {
		written[o.name] = "output"
	}
	for out, flag := range written {
		for _, name := range s.files {
			if sameFile(name, out) {
				return usagef("--%s %q: it is a capture to read", flag, out)
			}
		}
		if s.OtherSide != "" && sameFile(s.OtherSide, out) {
			return usagef("--%s %q: it is the capture of the other side", flag, out)
		}
		for _, name := range s.parts {
			if sameFile(name, out) {
				return usagef("--%s %q: it is a part to read", flag, out)
			}
		}
		if s.TLSKeyLog != "" && sameFile(s.TLSKeyLog, out) {
			return usagef("--%s %q: it is the key log", flag, out)
		}
	}
	return nil
}

// checkEvidence refuses --evidence where the capture cannot be read again, or its
// connections are not kept.
func (s *settings) checkEvidence() error {
	if s.Evidence == "" {
		if s.EvidenceBodies {
			return usagef("--evidence-bodies needs --evidence FILE")
		}
		return nil
	}
	switch {
	case s.key != nil && s.EvidenceBodies:
		return usagef("--anonymize and --evidence-bodies exclude each other: names in bodies are not found")
	case s.live != nil:
		return &UsageError{errors.New("--evidence needs a capture that can be read again"), "save it with -w FILE, and give FILE to kaanalyze afterwards"}
	case s.Demo == nil && slices.ContainsFunc(s.files, isStream):
		name := s.files[slices.IndexFunc(s.files, isStream)]
		return &UsageError{errors.New("--evidence needs a capture that can be read again"), printable(name) + " is read only once; save it to a file first"}
	case s.Demo == nil && slices.Contains(s.files, "-"):
		return &UsageError{errors.New("--evidence needs a capture that can be read again"), "standard input is read only once; save it to a file first"}
	case s.TUI:
		return usagef("--tui and --evidence exclude each other")
	case slices.ContainsFunc(s.outputs, func(o output) bool { return samePlace(o.name, s.Evidence) }):
		return usagef("--evidence %q is an --output, too", s.Evidence)
	}
	return nil
}

// isStream reports whether a capture is there and is no regular file, as a pipe.
func isStream(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// samePlace reports whether what is written to a and to b would be in one file. A device
// takes more than one.
func samePlace(a, b string) bool {
	if info, err := os.Stat(a); err == nil && info.Mode()&os.ModeDevice != 0 {
		return a == b
	}
	return sameFile(a, b) || resolved(a) == resolved(b)
}

// resolved returns the name of a file that may not be there yet, without links in its
// folder.
func resolved(name string) string {
	folder, base := filepath.Split(name)
	if real, err := filepath.EvalSymlinks(cmp.Or(folder, ".")); err == nil {
		folder = real
	}
	if whole, err := filepath.Abs(filepath.Join(folder, base)); err == nil {
		return whole
	}
	return name
}

// sameFile reports whether two names lead to one file that is there.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// FormatEndings returns the endings of the files that reports go to.
func FormatEndings() string {
	var endings []string
	for i := range formats.All {
		endings = append(endings, formats.All[i].Ending)
	}
	return strings.Join(append(endings, partEnding), " ")
}
