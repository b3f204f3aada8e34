package app

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// --each makes a report of each capture: the captures have nothing to do with each other,
// so each has a job of its own, and these run one after the other.

// eachFormats are the formats of which several reports may follow each other on standard
// output.
var eachFormats = []string{"text", "md", "json", "ndjson"}

// checkEach checks --each.
func (s *settings) checkEach() error {
	if !s.Each {
		return nil
	}
	for _, x := range []struct {
		given bool
		flag  string
	}{
		{s.live != nil, "-i"}, {s.Demo != nil, "--demo"}, {s.TUI, "--tui"}, {s.Conn != 0, "--conn"}, {s.Listen != "", "--listen"},
	} {
		if x.given {
			return usagef("--each and %s exclude each other: a report of each capture is for files alone", x.flag)
		}
	}
	if len(s.files)+len(s.parts) == 0 {
		return &UsageError{errors.New("--each: no capture is named"), "kaanalyze --each web1.pcap web2.pcap"}
	}
	if !slices.Contains(eachFormats, s.format.Name) {
		return &UsageError{
			fmt.Errorf("--each and -f %s exclude each other: several reports cannot follow each other on standard output", s.format.Name),
			"name a file, as in -o report" + s.format.Ending + ": its name gets that of each capture",
		}
	}
	return nil
}

// eachOf returns the settings of the reports of --each, nil without it.
func (s *settings) eachOf() (list []*settings, err error) {
	if !s.Each {
		return nil, nil
	}
	taken := map[string]bool{}
	for i, name := range slices.Concat(s.files, s.parts) {
		own := *s
		own.Each, own.files, own.follows = false, []string{name}, i > 0
		own.takeParts()
		own.outputs = nil
		for _, o := range s.outputs {
			own.outputs = append(own.outputs, output{eachName(o.name, name, taken), o.format})
		}
		if s.Evidence != "" {
			own.Evidence = eachName(s.Evidence, name, taken)
		}
		list = append(list, &own)
	}
	for _, own := range list { // no report may take the place of a capture, of its own or another
		all := *own
		all.files, all.parts = s.files, s.parts
		if err := all.checkWritten(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// plainEnding is the ending that the names of reports are without; what rotates ends with
// a number, which tells files apart.
var plainEnding = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(\.(pcap|pcapng|cap|ntar|dmp|dump))?(\.(gz|zst|zstd|xz|lz4))?$`)
})

// eachName returns the name of the file for the report of a capture: report.json becomes
// report-web1.json for web1.pcap, and .json web1.json. A name that is taken gets a number.
func eachName(file, capture string, taken map[string]bool) string {
	about := filepath.Base(capture)
	if capture == "-" {
		about = "stdin"
	}
	if short := plainEnding().ReplaceAllString(about, ""); short != "" {
		about = short
	}
	folder, base := filepath.Split(file)
	ending := filepath.Ext(base)
	if before := strings.TrimSuffix(base, ending); before != "" {
		about = before + "-" + about
	}
	name := folder + about + ending
	for n := 2; taken[name]; n++ {
		name = fmt.Sprintf("%s%s-%d%s", folder, about, n, ending)
	}
	taken[name] = true
	return name
}

// worse orders the exit codes, the worst last.
var worse = []int{ExitOK, ExitGate, ExitDamaged, ExitFailed, ExitUsage, ExitInterrupted}

// runEach runs a job for each capture, and returns the worst of their exit codes. A signal
// ends the one that is under way, and those behind it never begin.
func (j *Job) runEach() int {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	defer signal.Stop(signals)
	worst := ExitOK
	for i, s := range j.each {
		one := newJob(s, &ui{w: j.ui.w, quiet: s.Quiet, verbose: s.Verbose, about: printable(slices.Concat(s.files, s.parts)[0])}, j.stdin, j.stdout)
		code := one.Run()
		if slices.Index(worse, code) > slices.Index(worse, worst) {
			worst = code
		}
		if code == ExitUsage || code == ExitInterrupted {
			break
		}
		select {
		case <-signals:
			if left := len(j.each) - 1 - i; left > 0 {
				j.ui.warn("interrupted; there is no report of %s more", cause.Plural(int64(left), "capture", "captures"))
			}
			return worst
		default:
		}
	}
	return worst
}
