package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/kaanalyze/kaanalyze/internal/part"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Parts are told from captures by their first bytes, and joined; captures among them are one
// point, whose part is made on the way.

// takeParts takes the parts out of the files to read.
func (s *settings) takeParts() {
	all := s.files
	s.files, s.parts = nil, nil
	for _, name := range all {
		if isPart(name) {
			s.parts = append(s.parts, name)
		} else {
			s.files = append(s.files, name)
		}
	}
}

// isPart reports whether a file is a part. One that cannot be read is left to the reader of
// captures, which says why.
func isPart(name string) bool {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() { // to look into a pipe would take from it
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, part.Recognized)
	n, _ := io.ReadFull(f, head)
	return part.Is(head[:n])
}

// checkJoin refuses what needs the packets of a part.
func (s *settings) checkJoin() error {
	if len(s.parts) == 0 {
		return nil
	}
	name := printable(s.parts[0])
	for _, x := range []struct {
		given bool
		flag  string
	}{
		{s.Exchanges, "--exchanges"}, {s.Evidence != "", "--evidence"}, {s.Since != "", "--since"}, {s.Until != "", "--until"}, {s.Server != "", "--server"},
		{s.Count != 0, "-c"}, {s.TLSKeyLog != "", "--tls-keylog"}, {s.key != nil, "--anonymize"},
	} {
		if x.given {
			return &UsageError{
				fmt.Errorf("%s: %s is a part, which has no packets", x.flag, name),
				"give it to the call that writes the part, or read the captures themselves",
			}
		}
	}
	switch {
	case s.filter != "":
		return &UsageError{
			fmt.Errorf("the filter %q: %s is a part, which has no packets", s.filter, name), "filter where the part is written",
		}
	case s.live != nil, s.Follow, s.TUI, s.Listen != "":
		return usagef("%s is a part: -i, --follow, --tui and --listen are for packets that come", name)
	}
	return nil
}

// joinParts reads parts, and captures if there are any, and reports what they come to.
func (j *Job) joinParts() error {
	j.memory = j.limitMemory()
	if err := j.outs.open(j.s, j.stdout); err != nil {
		return err
	}
	files := map[string]string{} // by point
	var list []*part.Part
	for _, name := range j.s.parts {
		p, err := j.readPart(name)
		if err != nil {
			return err
		}
		if before, ok := files[p.Point]; ok {
			return &UsageError{
				fmt.Errorf("%s and %s are both of point %q", printable(before), printable(name), p.Point), "write one of them anew, with --point NAME",
			}
		}
		files[p.Point] = name
		list = append(list, p)
	}
	if len(j.s.files) > 0 {
		p, err := j.capturedPart()
		if err != nil {
			return err
		}
		list = append(list, p)
	}
	j.interruption.enter(phaseJudging)
	joined, err := part.Join(list, j.workers())
	if err != nil {
		return &UsageError{err, "docs/fleets.md says what can be joined"}
	}
	if joined.Meta.Anonymized && j.s.Resolve {
		return usagef("--resolve: addresses are pseudonyms in these parts")
	}
	for i := range joined.Meta.Points {
		if joined.Meta.Anonymized {
			break // what files are called is withheld
		}
		joined.Meta.Points[i].Part = files[joined.Meta.Points[i].Name]
	}
	r := j.joinedReport(joined)
	if j.s.Conn != 0 && joined.NotKept > 0 {
		return &UsageError{fmt.Errorf("--conn %d: not all of these parts have their connections one by one", j.s.Conn), "--part-rows keeps them, when a part is written"}
	}
	j.sums = noSums()
	return j.deliver(r)
}

// readPart reads a part.
func (j *Job) readPart(name string) (*part.Part, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read part: %w", err)
	}
	defer f.Close()
	room := int64(math.MaxInt64)
	if j.memory > 0 {
		room = j.memory
	}
	p, err := part.Read(&stoppable{f, j}, room)
	if err == nil && j.s.given("time-wait") && p.TimeWait != j.s.TimeWait {
		return nil, &UsageError{
			fmt.Errorf("--time-wait %v: in part %q TIME_WAIT lasts %v", j.s.TimeWait, name, p.TimeWait), "write the part anew, with the same --time-wait",
		}
	}
	if _, ok := errors.AsType[*part.VersionError](err); ok {
		return nil, &UsageError{fmt.Errorf("read part %q: %w", name, err), "write it anew with this version, or read it with the other"}
	}
	if err != nil {
		return nil, fmt.Errorf("read part %q: %w", name, err)
	}
	return p, nil
}

// A stoppable reads until the job is told to stop.
type stoppable struct {
	r io.Reader
	j *Job
}

var errStopped = errors.New("interrupted")

func (s *stoppable) Read(b []byte) (int, error) {
	if s.j.ctx.Err() != nil {
		return 0, errStopped
	}
	return s.r.Read(b)
}

// capturedPart reads the captures among parts, and returns theirs.
func (j *Job) capturedPart() (*part.Part, error) {
	opt, err := j.captureOptions()
	if err != nil {
		return nil, err
	}
	j.part = &partMaker{}
	src, err := j.open(opt)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	j.source.set(src)
	j.sums = startSums(j.ctx, j.s)
	r, err := j.analyzeFiles(src, opt)
	if err != nil {
		return nil, err
	}
	for i, sum := range j.sums.wait() {
		r.Meta.Sources[i].SHA256 = sum
	}
	var b bytes.Buffer
	own := *j.s
	own.PartRows = true
	if err := j.part.write(&b, r, j.s.pointOf(j.s.files[0]), &own); err != nil {
		return nil, err
	}
	return part.Read(&b, math.MaxInt64)
}

// joinedReport makes the report of parts.
func (j *Job) joinedReport(x *part.Joined) *report.Report {
	r := &report.Report{
		Version: Version, Meta: x.Meta, Result: x.Result, Facts: x.Rows, NotKept: x.NotKept, Baseline: j.s.baseline,
		Diagnosis: rules.Diagnose(x.Collector, x.Result),
		Options:   report.Options{Top: j.s.Top, ShowSecrets: j.s.ShowSecrets, Workers: j.workers()},
	}
	r.Meta.Zone, r.Meta.Naming = j.s.zone, j.naming()
	r.Meta.Narrowed.Zone = j.s.zone
	if !r.Meta.Anonymized {
		r.Meta.CommandLine = reportedCommandLine(j.s.CommandLine)
	}
	if len(r.Meta.Sources) > 1 {
		r.Origin = x.Origin
	}
	if j.s.CompleteRows {
		r.PointOf = x.PointOf
	}
	j.last = x.Result.Last
	for _, g := range j.s.gates {
		r.Gates = append(r.Gates, g.Judge(r.Result, r.Diagnosis))
	}
	return r
}
