package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/kaanalyze/kaanalyze/internal/diagnose"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/formats"
	"github.com/kaanalyze/kaanalyze/internal/report/machine"
	"github.com/kaanalyze/kaanalyze/internal/serve"
)

// settings are what the command line asks for.
type settings struct {
	args   []string      // as given
	files  []string      // captures, "-" is standard input; none with demo
	filter string        // pcap filter, "" for all; of files
	live   *liveSettings // nil for files

	format  report.Format // for standard output
	outputs []output

	count        uint64
	since, until bound
	server       netip.AddrPort
	conn         uint64
	timeWait     time.Duration
	workers      int
	keep         int            // connections of a live capture
	listen       netip.AddrPort // of the metrics, not valid for none

	evidence string // a capture to write, "" for none
	bodies   bool   // with all payload

	top         int
	exchanges   bool
	showSecrets bool
	key         []byte // that names are replaced with, nil if they stay
	sha256      bool
	strict      bool
	gates       []*diagnose.Gate
	baseline    *report.Baseline // nil without

	tui                   bool
	quiet, verbose        bool
	color                 string
	progress              bool
	demo                  bool
	help, version, schema bool
	rules, metrics        bool
	rule                  *diagnose.Rule // to explain, or nil
	completion            string         // the shell, "" for none
	list                  bool           // the interfaces
}

// output is a file that a report goes to.
type output struct {
	name   string
	format report.Format
}

// raw are the flags that need a second look.
type raw struct {
	read, out, failOn                        []string
	filterFile, format, since, until, server string
	listen                                   string
	progress, explain, baseline, anonymize   string
	json, numeric                            bool
	live                                     rawLive
}

// newFlags returns the flags, which fill s and r. Help is printed from them.
func newFlags(s *settings, r *raw) *pflag.FlagSet {
	f := pflag.NewFlagSet("kaanalyze", pflag.ContinueOnError)
	f.SortFlags = false
	f.Usage = func() {}
	f.StringArrayVarP(&r.read, "read", "r", nil, "read capture `FILE`, - is standard input (repeatable)")
	f.StringVarP(&r.filterFile, "filter-file", "F", "", "read the pcap filter from `FILE`")
	f.Uint64VarP(&s.count, "count", "c", 0, "stop after `N` packets")
	f.StringVar(&r.since, "since", "", "leave out packets before `TIME`: RFC 3339, HH:MM:SS of the first day in UTC, or +SECONDS")
	f.StringVar(&r.until, "until", "", "leave out packets after `TIME`")
	f.StringVar(&r.server, "server", "", "only connections to this server, `ADDR:PORT`")
	f.DurationVar(&s.timeWait, "time-wait", time.Minute, "how long TIME_WAIT lasts")

	newLiveFlags(f, s, &r.live)

	f.StringVarP(&r.format, "format", "f", "text", "`FORMAT` of standard output: "+strings.Join(formatNames(), ", "))
	f.BoolVar(&r.json, "json", false, "the same as --format json")
	f.StringArrayVarP(&r.out, "output", "o", nil, "write a report to `FILE` too, in the format of its ending: "+formatEndings()+" (repeatable)")
	f.StringVar(&s.evidence, "evidence", "", "write the connections that prove the findings, or that of --conn, to the capture `FILE`")
	f.BoolVar(&s.bodies, "evidence-bodies", false, "keep all payload in it, not only what HTTP messages begin with")
	f.IntVar(&s.top, "top", 10, "rows that a table of the text report shows")
	f.Uint64Var(&s.conn, "conn", 0, "tell connection `ID` packet by packet")
	f.BoolVar(&s.exchanges, "exchanges", false, "list every request with its response and times (not in text)")
	f.BoolVar(&s.showSecrets, "show-secrets", false, "show queries and user names in request targets")
	f.StringVar(&r.anonymize, "anonymize", "", "replace addresses, hosts, paths and header values by pseudonyms, the same ones for the same `KEY`")
	f.Lookup("anonymize").NoOptDefVal = randomKey
	f.BoolVar(&s.sha256, "sha256", false, "name the SHA-256 of captures of more than 64 MiB too")
	f.StringVar(&r.baseline, "baseline", "", "compare with `FILE`, an earlier JSON report")
	f.StringArrayVar(&r.failOn, "fail-on", nil, "exit with 3 if `EXPR` holds, as reuse_ratio<0.9 or finding=KA1011 (repeatable)")
	f.BoolVar(&s.strict, "strict", false, "exit with 4 if a capture is damaged or packets were dropped")

	f.StringVar(&r.listen, "listen", "", "answer /metrics, /report and /healthz while reading, at `ADDR:PORT`; PORT alone is on 127.0.0.1")
	f.BoolVar(&s.tui, "tui", false, "look around in a view on the terminal; the report follows when it is left, unless -q")
	f.IntVar(&s.workers, "workers", 0, "read with `N` threads (default: one per CPU)")
	f.StringVar(&s.color, "color", "auto", "colours in the text report: "+strings.Join(colours, ", "))
	f.StringVar(&r.progress, "progress", "auto", "progress bar on a terminal: "+strings.Join(progressModes, ", "))
	f.BoolVarP(&s.quiet, "quiet", "q", false, "no warnings and no progress bar")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "say on standard error what is done")
	f.BoolVarP(&r.numeric, "numeric", "n", false, "accepted as in tcpdump; addresses are never turned into names")
	f.BoolVar(&s.demo, "demo", false, "analyse a capture that is built into the program")
	f.BoolVar(&s.rules, "list-rules", false, "list the rules that findings come from")
	f.StringVar(&r.explain, "explain", "", "explain `RULE`, as KA1011")
	f.BoolVar(&s.metrics, "list-metrics", false, "list the metrics that --fail-on takes")
	f.BoolVar(&s.schema, "json-schema", false, "print the JSON Schema of the JSON report")
	f.StringVar(&s.completion, "completion", "", "print what completes command lines in `SHELL`: "+strings.Join(shells, ", "))
	f.BoolVar(&s.version, "version", false, "print the version")
	f.BoolVarP(&s.help, "help", "h", false, "print this help")
	return f
}

// parse reads the command line. Its errors are a *usageError.
func parse(args []string) (*settings, error) {
	s, r := &settings{args: args}, &raw{}
	f := newFlags(s, r)
	if err := f.Parse(args); err != nil {
		return nil, &usageError{err, "kaanalyze --help lists the flags; -- ends them"}
	}
	if f.Changed("explain") {
		return s, s.setRule(r.explain)
	}
	if f.Changed("completion") && !slices.Contains(shells, s.completion) {
		return nil, usagef("--completion %q: it is not one of %s", s.completion, strings.Join(shells, ", "))
	}
	if s.completion != "" || s.help || s.version || s.schema || s.rules || s.metrics || s.list {
		return s, nil
	}
	s.top = max(s.top, 0)
	if f.Changed("conn") && s.conn == 0 {
		return nil, usagef("--conn 0: connections count from 1")
	}
	if s.tui && s.conn != 0 {
		return nil, usagef("--tui and --conn exclude each other; the view opens a connection with the enter key")
	}
	if err := s.setAnonymize(f, r); err != nil {
		return nil, err
	}
	for _, step := range []func(*raw) error{s.setFormats, s.setValues, s.setBounds, s.setGates, s.setBaseline} {
		if err := step(r); err != nil {
			return nil, err
		}
	}
	if err := s.setLive(f, r, f.Args()); err != nil {
		return nil, err
	}
	if err := s.setInput(r, f.Args()); err != nil {
		return nil, err
	}
	if err := s.checkWritten(); err != nil {
		return nil, err
	}
	return s, s.checkEvidence()
}

// checkWritten refuses to write over a capture that is to be read.
func (s *settings) checkWritten() error {
	written := map[string]string{s.evidence: "evidence"}
	for _, o := range s.outputs {
		written[o.name] = "output"
	}
	for _, name := range s.files {
		for out, flag := range written {
			if sameFile(name, out) {
				return usagef("--%s %q: it is a capture to read", flag, out)
			}
		}
	}
	return nil
}

// setFormats finds the formats of standard output and of the files.
func (s *settings) setFormats(r *raw) error {
	if r.json {
		if r.format != "text" && r.format != "json" {
			return usagef("--json and --format %s exclude each other", r.format)
		}
		r.format = "json"
	}
	var ok bool
	if s.format, ok = formats.ByName(r.format); !ok {
		return usagef("--format %q: it is not one of %s", r.format, strings.Join(formatNames(), ", "))
	}
	for i, name := range r.out {
		format, ok := formats.ByEnding(name)
		if !ok {
			return usagef("--output %q: its ending is not one of %s", name, formatEndings())
		}
		if slices.Contains(r.out[:i], name) {
			return usagef("--output %q is given twice", name)
		}
		s.outputs = append(s.outputs, output{name, format})
	}
	return nil
}

// setValues checks the values that pflag does not.
func (s *settings) setValues(r *raw) error {
	if !slices.Contains(colours, s.color) {
		return usagef("--color %q: it is not one of %s", s.color, strings.Join(colours, ", "))
	}
	if !slices.Contains(progressModes, r.progress) {
		return usagef("--progress %q: it is not one of %s", r.progress, strings.Join(progressModes, ", "))
	}
	s.progress = r.progress == "auto"
	if s.timeWait <= 0 || s.timeWait > 24*time.Hour {
		return usagef("--time-wait %v: it is not within 24h", s.timeWait)
	}
	if s.workers < 0 || s.workers > 1024 {
		return usagef("--workers %d: it is not from 1 to 1024", s.workers)
	}
	var err error
	if r.listen != "" {
		if s.listen, err = serve.ParseListen(r.listen); err != nil {
			return &usageError{
				fmt.Errorf("--listen %q: %w", r.listen, err),
				"write 9190 or 127.0.0.1:9190; 0.0.0.0:9190 lets other hosts ask, too",
			}
		}
	}
	if r.server == "" {
		return nil
	}
	if s.server, err = netip.ParseAddrPort(r.server); err != nil {
		return &usageError{
			fmt.Errorf("--server %q: it is not an address and a port", r.server),
			"names are not looked up; write 192.0.2.1:80 or [2001:db8::1]:80",
		}
	}
	return nil
}

// setRule finds the rule to explain.
func (s *settings) setRule(id string) error {
	var err error
	if s.rule, err = diagnose.RuleByID(id); err != nil {
		return &usageError{fmt.Errorf("--explain: %w", err), "--list-rules lists them"}
	}
	return nil
}

// setGates reads --fail-on.
func (s *settings) setGates(r *raw) error {
	for _, text := range r.failOn {
		g, err := diagnose.ParseGate(text)
		if err != nil {
			return &usageError{fmt.Errorf("--fail-on %q: %w", text, err), "--list-metrics and --list-rules list what it takes"}
		}
		s.gates = append(s.gates, g)
	}
	return nil
}

// setBaseline reads --baseline.
func (s *settings) setBaseline(r *raw) error {
	if r.baseline == "" {
		return nil
	}
	f, err := os.Open(r.baseline)
	if err != nil {
		return fmt.Errorf("read baseline: %w", err)
	}
	defer f.Close()
	name := r.baseline
	if s.key != nil {
		name = "an earlier report"
	}
	s.baseline, err = machine.ReadBaseline(f, name)
	if _, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("read baseline: %w", err)
	}
	if err != nil {
		return &usageError{
			fmt.Errorf("--baseline %q: it is not a JSON report as this version writes it: %w", r.baseline, err),
			"write it with -o before.json; --json-schema says what it is",
		}
	}
	if s.key != nil && !s.baseline.Anonymized {
		return &usageError{
			fmt.Errorf("--baseline %q: it has addresses, which --anonymize is to keep out of the report", r.baseline),
			"make that one with --anonymize=KEY and the same key",
		}
	}
	return nil
}

// setBounds reads --since and --until.
func (s *settings) setBounds(r *raw) error {
	var err error
	if s.since, err = parseBound(r.since); err != nil {
		return usagef("--since %q: %w", r.since, err)
	}
	if s.until, err = parseBound(r.until); err != nil {
		return usagef("--until %q: %w", r.until, err)
	}
	return nil
}

// setInput tells captures from the filter.
func (s *settings) setInput(r *raw, words []string) error {
	s.files = r.read
	for s.live == nil && len(words) > 0 && (words[0] == "-" || exists(words[0])) {
		s.files = append(s.files, words[0])
		words = words[1:]
	}
	for _, w := range words {
		if s.live == nil && looksLikeFile(w) && !exists(w) {
			return &usageError{
				fmt.Errorf("%s: no such file", printable(w)),
				"words that do not name a file are a pcap filter; quote the filter as one word if it is one",
			}
		}
	}
	if s.demo {
		if len(s.files) > 0 {
			return usagef("--demo and %s exclude each other", printable(s.files[0]))
		}
		s.files = []string{"-"}
	}
	filter := strings.Join(words, " ")
	if r.filterFile != "" {
		if filter != "" {
			return usagef("the filter is given twice: %q and --filter-file %q", filter, r.filterFile)
		}
		var err error
		if filter, err = readFilter(r.filterFile); err != nil {
			return err
		}
	}
	if s.live != nil {
		s.live.filter = cmp.Or(filter, defaultFilter)
		return nil
	}
	s.filter = filter
	return nil
}

// exists reports whether there is a file, or anything else, of that name.
func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

var (
	captureEnding = regexp.MustCompile(`(?i)\.(pcap|pcapng|cap|ntar|dmp|dump)[0-9]*(\.(gz|zst|zstd|xz|lz4))?$|\.(gz|zst|zstd|xz|lz4)$`)
	pathWord      = regexp.MustCompile(`^(~|\.{1,2})?/|^[\pL\pN._-]+(/[\pL\pN._-]+)*/[\pL\pN._-]*[\pL._-][\pL\pN._-]*$`)
)

// looksLikeFile reports whether a word is more likely a file's name than part
// of a filter. A network as 10.0.0.0/8 is part of a filter.
func looksLikeFile(word string) bool {
	return captureEnding.MatchString(word) || pathWord.MatchString(word)
}

// readFilter reads a filter as tcpdump's -F does: # begins a comment.
func readFilter(name string) (string, error) {
	const most = 1 << 20
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("read filter: %w", err)
	}
	if len(text) > most {
		return "", fmt.Errorf("read filter: %s is longer than 1 MiB", printable(name))
	}
	var words []string
	for line := range bytes.Lines(text) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		words = append(words, strings.Fields(string(line))...)
	}
	return strings.Join(words, " "), nil
}

func formatNames() (names []string) {
	for i := range formats.All {
		names = append(names, formats.All[i].Name)
	}
	return names
}

func formatEndings() string {
	var endings []string
	for i := range formats.All {
		endings = append(endings, formats.All[i].Ending)
	}
	return strings.Join(endings, " ")
}
