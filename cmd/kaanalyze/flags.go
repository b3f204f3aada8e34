package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// A commandLine is what the user typed, as it was understood: what to print, or else a run.
type commandLine struct {
	app.Config
	help, version, schema bool
	rules, metrics        bool
	explain               func(io.Writer) error // nil without
	completion            string                // the shell, "" for none
	interfaces            bool                  // list them
	extcap                extcap
}

// newFlags returns the flags, which fill c. Help is printed from them, and the
// values that c has are their defaults.
func newFlags(c *commandLine) *pflag.FlagSet {
	f := pflag.NewFlagSet("kaanalyze", pflag.ContinueOnError)
	f.SortFlags = false
	f.Usage = func() {}
	f.StringArrayVarP(&c.Read, "read", "r", nil, "read capture `FILE`, - is standard input (repeatable)")
	f.BoolVar(&c.Follow, "follow", false, "the FILE grows: go on at its end, and in the files that follow it, until Ctrl-C or --duration")
	f.StringVarP(&c.FilterFile, "filter-file", "F", "", "read the pcap filter from `FILE`")
	f.Uint64VarP(&c.Count, "count", "c", 0, "stop after `N` packets")
	f.StringVar(&c.Since, "since", "", "leave out packets before `TIME`: RFC 3339, HH:MM:SS of the first day, or +SECONDS")
	f.StringVar(&c.Until, "until", "", "leave out packets after `TIME`")
	f.StringVar(&c.Server, "server", "", "only connections to this server, `ADDR:PORT`")
	f.StringVar(&c.TLSKeyLog, "tls-keylog", "", "decrypt TLS with the secrets in `FILE`, as programs write it to SSLKEYLOGFILE")
	durationFlag(f, &c.TimeWait, "time-wait", "`TIME` that TIME_WAIT lasts")
	f.StringVar(&c.TimeZone, "tz", "", "tell times in `ZONE`, as Europe/Berlin, UTC or local (default: TZ of the environment, else UTC); JSON and CSV stay UTC")
	f.BoolVar(&c.Resolve, "resolve", false, "tell names beside addresses: of the hosts file, and of DNS answers in the capture; nobody is asked")

	newLiveFlags(f, c)
	newTcpdumpFlags(f)
	newExtcapFlags(f, &c.extcap)

	f.StringVarP(&c.Format, "format", "f", c.Format, "`FORMAT` of standard output: "+strings.Join(app.FormatNames(), ", "))
	f.BoolVar(&c.JSON, "json", false, "the same as --format json")
	f.StringArrayVarP(&c.Output, "output", "o", nil, "write a report to `FILE` too, in the format of its ending: "+app.FormatEndings()+", a part that merges with others (repeatable)")
	f.StringVar(&c.Evidence, "evidence", "", "write the connections that prove the findings, or that of --conn, to the capture `FILE`")
	f.BoolVar(&c.EvidenceBodies, "evidence-bodies", false, "keep all payload in it, not only the heads of HTTP messages")
	f.StringVar(&c.EvidenceFormat, "evidence-format", "", "`FORMAT` of it: "+strings.Join(app.EvidenceFormats, ", ")+" (default: by its ending); comments of packets name the rules in pcapng")
	f.IntVar(&c.Top, "top", c.Top, "show at most `N` rows of a table in the text report")
	f.Uint64Var(&c.Conn, "conn", 0, "tell connection `ID` packet by packet")
	f.BoolVar(&c.Exchanges, "exchanges", false, "list every request with its response and times (not in text)")
	f.BoolVar(&c.ShowSecrets, "show-secrets", false, "show queries and user names in request targets")
	f.StringVar(&c.Anonymize, "anonymize", "", "replace addresses, hosts, paths and header values by pseudonyms, the same ones for the same `KEY`")
	f.Lookup("anonymize").NoOptDefVal = app.RandomKey
	f.BoolVar(&c.SHA256, "sha256", false, "report the SHA-256 of captures larger than 64 MiB, too")
	f.StringVar(&c.OtherSide, "other-side", "", "set the capture `FILE` of the same traffic at the other end of the path beside this one: what was lost, reset or changed between them")
	f.StringVar(&c.Baseline, "baseline", "", "compare with `FILE`, an earlier JSON report")
	f.StringArrayVar(&c.FailOn, "fail-on", nil, "exit with 3 if `EXPR` holds, as reuse_ratio<0.9 or finding=KA1011 (repeatable)")
	f.BoolVar(&c.Each, "each", false, "make a report of each capture by itself; its name becomes part of those of -o's files")
	newPartFlags(f, c)
	f.BoolVar(&c.Strict, "strict", false, "exit with 4 if a capture is damaged, packets were dropped, or times are absurd")

	f.StringVar(&c.Listen, "listen", "", "answer /metrics, /report and /healthz while reading, at `ADDR:PORT`; PORT alone is on 127.0.0.1")
	f.StringVar(&c.MetricsLabel, "metrics-label", "", "split the metrics of --listen by `LABEL`, which is "+strings.Join(app.MetricsLabels, ", ")+": each of the --top busiest servers, the rest as other")
	f.BoolVar(&c.TUI, "tui", false, "open a view on the terminal; the report follows when you leave it, unless -q")
	f.IntVar(&c.Workers, "workers", 0, "read with `N` threads (default: one per CPU)")
	f.StringVar(&c.MaxMemory, "max-memory", "", "give up detail, the oldest first, to take at most `SIZE`, as 512MiB or 2GB (default: a quarter of the machine's memory, or of its cgroup's limit)")
	f.StringVar(&c.Color, "color", c.Color, "`WHEN` the text report has colours: "+strings.Join(app.Colours, ", "))
	f.StringVar(&c.Progress, "progress", c.Progress, "`WHEN` a terminal shows a progress bar: "+strings.Join(app.ProgressModes, ", "))
	f.BoolVarP(&c.Quiet, "quiet", "q", false, "no warnings and no progress bar")
	f.BoolVarP(&c.Verbose, "verbose", "v", false, "tell on standard error what is being done")
	f.BoolP("numeric", "n", false, "accepted as in tcpdump; addresses are not turned into names")
	f.Bool("demo", false, "analyse a capture that is built into the program")
	f.BoolVar(&c.rules, "list-rules", false, "list the rules that findings come from")
	f.String("explain", "", "explain `RULE`, as KA1011")
	f.BoolVar(&c.metrics, "list-metrics", false, "list the metrics that --fail-on takes")
	f.BoolVar(&c.schema, "json-schema", false, "print the JSON Schema of the JSON report")
	f.StringVar(&c.completion, "completion", "", "print what completes command lines in `SHELL`: "+strings.Join(shells, ", "))
	f.BoolVar(&c.version, "version", false, "print the version")
	f.BoolVarP(&c.help, "help", "h", false, "print this help")
	return f
}

// newPartFlags adds those of parts.
func newPartFlags(f *pflag.FlagSet, c *commandLine) {
	f.StringVar(&c.Point, "point", "", "all captures were made at one point, `NAME` in its part and in complete rows (default: the name of the part, or of the first capture)")
	f.BoolVar(&c.CompleteRows, "complete-rows", false, "write NDJSON at the end, each connection with its final cause, point, initial sequence numbers and TIME_WAIT; takes as much memory as JSON")
	f.BoolVar(&c.PartRows, "part-rows", false, "keep each connection in a part, not only sums and what judging needs")
}

// newLiveFlags adds those of a live capture.
func newLiveFlags(f *pflag.FlagSet, c *commandLine) {
	l := &c.Live
	f.StringArrayVarP(&l.Interfaces, "interface", "i", nil, "capture from interface `IF`; several (-i eth0 -i lo) are one capture, any is all of them")
	f.BoolVarP(&c.interfaces, "list-interfaces", "D", false, "list the interfaces")
	durationFlag(f, &l.Duration, "duration", "capture for `TIME`, as 90s, 5m or a number of seconds (default: until Ctrl-C)")
	f.IntVarP(&l.SnapLen, "snapshot-length", "s", 0, "capture at most `N` bytes of a packet (default 262144)")
	f.IntVarP(&l.BufferKiB, "buffer-size", "B", l.BufferKiB, "`KiB` of packets that the kernel buffers")
	f.BoolVarP(&l.NoPromiscuous, "no-promiscuous-mode", "p", false, "do not put the interface into promiscuous mode")
	f.StringVar(&l.Engine, "capture-engine", "", "get packets by `pcap` (libpcap, the default where it is built in) or ring (Linux' TPACKET_V3, less CPU time)")
	f.StringVarP(&l.Write, "write", "w", "", "save the packets to `FILE` while they are analysed, - is standard output")
	f.IntVarP(&l.RotateSeconds, "rotate-seconds", "G", 0, "begin another file every `N` seconds; its name has the time, as in trace-%H%M%S.pcap")
	f.IntVarP(&l.RotateSize, "rotate-size", "C", 0, "begin another file after `N` million bytes")
	f.IntVarP(&l.RotateCount, "rotate-count", "W", 0, "write over the first of `N` files; with -G alone, stop after N")
	f.StringVarP(&l.User, "relinquish-privileges", "Z", "", "run as `USER` after opening the interface (default: who called sudo, else root without its capabilities)")
	f.StringVar(&l.Exec, "exec", "", "capture while `COMMAND` runs, a line for /bin/sh; its exit code is kaanalyze's, unless a condition of --fail-on holds")
	durationFlag(f, &l.Window, "window", "judge the last `TIME`, such as 5m, beside the whole, live or with --listen")
	durationFlag(f, &l.ReportEvery, "report-every", "write a report each `TIME`, such as 10m, of all since the beginning and of that time: to -o's files with the time in their names, else to standard output")
	f.IntVar(&l.Keep, "keep", l.Keep, "keep `N` ended connections in detail at least; older ones are only in the sums")
	durationFlag(f, &l.Interval, "interval", "`TIME` between status lines where standard error is no terminal; 0 is none")
}

// parse reads the command line. Its errors are a *app.UsageError.
func parse(args []string) (*commandLine, error) {
	c := newCommandLine()
	f := newFlags(c)
	if err := f.Parse(args); err != nil {
		return nil, &app.UsageError{Err: namedFlag(err, f), Hint: "kaanalyze --help lists the flags; -- ends them"}
	}
	if err := refuse(f); err != nil {
		return nil, err
	}
	if err := c.extcap.check(f); err != nil {
		return nil, err
	}
	c.CommandLine, c.Words, c.Given = args, f.Args(), f.Changed
	if c.extcap.capture {
		c.Extcap(c.extcap.name, c.extcap.pipe, c.extcap.filter)
	}
	if demo, _ := f.GetBool("demo"); demo {
		c.Demo = demoCapture
	}
	if f.Changed("explain") {
		var err error
		c.explain, err = app.ExplainRule(f.Lookup("explain").Value.String())
		return c, err
	}
	if f.Changed("completion") && !slices.Contains(shells, c.completion) {
		return nil, &app.UsageError{Err: fmt.Errorf("--completion %q: it is not one of %s", c.completion, strings.Join(shells, ", "))}
	}
	return c, nil
}

// namedFlag adds to the error of a flag that does not exist which one may be meant.
func namedFlag(err error, f *pflag.FlagSet) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	var names []string
	f.VisitAll(func(flag *pflag.Flag) { names = append(names, "--"+flag.Name) })
	return fmt.Errorf("%w%s", err, app.DidYouMean("--"+unknown.GetSpecifiedName(), names))
}

// newCommandLine returns a line without flags.
func newCommandLine() *commandLine { return &commandLine{Config: app.Defaults()} }
