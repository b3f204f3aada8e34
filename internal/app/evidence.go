package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/anonymize"
	"github.com/kaanalyze/kaanalyze/internal/evidence"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/rules"
	"github.com/kaanalyze/kaanalyze/internal/tlswire"
)

const (
	// evidencePackets is how many packets an evidence file has at most, unless one
	// connection has more: Wireshark opens such a file at once.
	evidencePackets = 40_000

	// evidenceAround is how many connections of the subject of the first finding are
	// tried first. Four times as many follow until the verdict is the same.
	evidenceAround = 32
)

// proof is an evidence file, and what a report says of it.
type proof struct {
	*report.Evidence
	file []byte
}

// addEvidence writes the evidence file, before the reports: those say what it holds, or
// nothing if it does not come to be.
func (j *Job) addEvidence(r *report.Report, opt capture.Options) {
	var p proof
	err := errInterrupted
	if !r.Meta.Interrupted {
		p, err = untilSignal(j.interruption, func() (proof, error) { return j.makeEvidence(r, opt) })
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, errInterrupted) {
		j.outs.evidence.discard()
		j.outs.evidence.done = true
		j.ui.warn("interrupted; there is no evidence")
		return
	}
	if err == nil {
		err = j.outs.evidence.writeWhole(p.file)
	}
	if err != nil {
		j.outs.evidence.fail(err)
		return
	}
	if len(p.Packets) == 0 {
		j.ui.warn("%s: there is no connection to put into it", printable(p.Name))
	}
	r.Evidence = p.Evidence
}

// makeEvidence puts the connections that show the findings into a capture of their own.
// It takes more of them until that capture alone gives the same verdict, and all of them
// at last if they fit: a verdict may be about what the others have in common.
func (j *Job) makeEvidence(r *report.Report, opt capture.Options) (proof, error) {
	if analyze.Reopened(r.Result) {
		return proof{}, &hintError{errors.New("--evidence: too many connections were dropped to stay within --max-memory"),
			"a filter leaves fewer connections"}
	}
	for around := evidenceAround; ; around *= 4 {
		ids, more := j.evidenceIDs(r, around)
		p, err := j.prove(r, ids, opt)
		if err != nil || p.SameVerdict {
			return p, err
		}
		if more {
			continue
		}
		if all := allFitting(r.Records()); j.s.Conn == 0 && len(all) > len(ids) {
			whole, err := j.prove(r, all, opt)
			if err != nil || whole.SameVerdict {
				return whole, err
			}
		}
		return p, nil
	}
}

// prove makes the evidence file with these connections, and looks what it shows by
// itself.
func (j *Job) prove(r *report.Report, ids []uint64, opt capture.Options) (proof, error) {
	e, file, err := j.recordEvidence(r, ids, opt)
	if err == nil {
		err = j.verifyEvidence(r, e, file, ids)
	}
	return proof{e, file}, err
}

// allFitting returns the IDs of all connections, none if they are too many for an
// evidence file.
func allFitting(r report.Facts) (ids []uint64) {
	var c analyze.Connection
	packets := uint64(0)
	for i := range r.Len() {
		r.Connection(i, &c)
		if packets += c.PacketsClient + c.PacketsServer; packets > evidencePackets {
			return nil
		}
		ids = append(ids, c.ID)
	}
	return ids
}

// evidenceIDs returns the IDs of the connections to take: the examples of all findings,
// then up to around connections of what each notable finding is about. more reports
// whether there are others that could be taken.
func (j *Job) evidenceIDs(r *report.Report, around int) (ids []uint64, more bool) {
	if j.s.Conn != 0 {
		return []uint64{j.s.Conn}, false
	}
	d := r.Diagnosis
	for i := range d.Findings {
		ids = append(ids, d.Around(&d.Findings[i], 0)...)
	}
	for i := range d.Findings {
		n := around
		if i > 0 {
			n /= 2 // so that the first finding stays the first
		}
		if d.Findings[i].Severity >= rules.Notable {
			found := d.Around(&d.Findings[i], n)
			ids = append(ids, found...)
			more = more || len(found) >= n
		}
	}
	if len(d.Findings) == 0 || d.Findings[0].Severity < rules.Notable { // then the verdict is about all connections
		var c analyze.Connection
		for i := range min(r.Records().Len(), around) {
			r.Records().Connection(i, &c)
			ids = append(ids, c.ID)
		}
		more = more || r.Records().Len() > around
	}
	ids, full := fitting(r.Records(), ids)
	return ids, more && !full
}

// fitting returns the IDs, ascending, of the connections that go into an evidence
// file, and whether it is full: those that come first have precedence.
func fitting(r report.Facts, ids []uint64) (fit []uint64, full bool) {
	var c analyze.Connection
	room := uint64(evidencePackets)
	seen := map[uint64]bool{}
	for _, id := range ids {
		if seen[id] || !find(r, id, &c) {
			continue
		}
		seen[id] = true
		n := c.PacketsClient + c.PacketsServer
		if n > room && len(fit) > 0 {
			full = true
			continue
		}
		room -= min(n, room)
		fit = append(fit, id)
	}
	slices.Sort(fit)
	return fit, full
}

// recordEvidence reads the capture again and returns an evidence file with these
// connections. r is of the first reading; if the capture is another one now, that is
// an error.
func (j *Job) recordEvidence(r *report.Report, ids []uint64, opt capture.Options) (*report.Evidence, []byte, error) {
	if j.s.Demo != nil {
		opt.Stdin = bytes.NewReader(j.s.Demo)
	}
	src, err := capture.OpenFiles(j.s.files, opt)
	if err != nil {
		return nil, nil, fmt.Errorf("read again for --evidence: %w", err)
	}
	defer src.Close()
	how := evidence.Options{Headers: src.Headers, Bodies: j.s.EvidenceBodies, Rewrite: anonymize.Redact}
	how.RewriteHello = func(hello []byte, byClient bool) { tlswire.Mask(hello, byClient, nil, nil) }
	if j.s.ShowSecrets {
		how.Rewrite = func(_, head []byte) []byte { return head }
	}
	j.s.anonymizeEvidence(&how)
	rec := evidence.NewRecorder(ids, how)
	what := j.partOptions(opt)
	what.Observer, what.WholeHandshakes = rec, j.s.key == nil    // as who has the key log needs them
	what.OnConnection = func(*analyze.Connection) {}             // forget those that have ended
	what.Fold, what.Limits = j.memory > 0, analyze.DefaultLimits // of its numbers nothing is used
	a := analyze.New(what)
	if err := src.Run(j.ctx, j.s.replaceAddresses(unfailing(a.Apply))); err != nil {
		return nil, nil, fmt.Errorf("read again for --evidence: %w", err)
	}
	stats, m := src.Stats(), &r.Meta
	if stats.Packets != m.Packets || stats.Bytes != m.Bytes || stats.First != m.First || stats.Last != m.Last {
		return nil, nil, &hintError{
			errors.New("read again for --evidence: the capture has changed since it was first read"),
			"if it is still being written, give kaanalyze a copy",
		}
	}
	a.Finish(stats.First, stats.Last)
	var file bytes.Buffer
	e := &report.Evidence{Name: j.evidenceName(), Bodies: j.s.EvidenceBodies, Pcapng: j.s.evidencePcapng()}
	out, say, err := j.evidenceWriter(&file, r, ids)
	if err != nil {
		return nil, nil, err
	}
	if e.Packets, err = rec.Write(out, say); err != nil {
		return nil, nil, err
	}
	e.LeftOut = rec.LeftOut()
	return e, file.Bytes(), nil
}

// verifyEvidence analyses an evidence file by itself, and notes in e whether it gives
// the verdict of r.
func (j *Job) verifyEvidence(r *report.Report, e *report.Evidence, file []byte, ids []uint64) error {
	e.Bytes = int64(len(file))
	src, err := capture.OpenFiles([]string{"-"}, capture.Options{Stdin: bytes.NewReader(file), Workers: 1})
	if err != nil {
		return err
	}
	defer src.Close()
	what := analyze.Options{TimeWait: j.s.TimeWait}
	j.useKeys(&what)
	a := analyze.New(what)
	if err := src.Run(j.ctx, unfailing(a.Apply)); err != nil {
		return err
	}
	stats := src.Stats()
	alone := a.Finish(stats.First, stats.Last)
	for i := range min(len(ids), alone.Len()) {
		var c analyze.Connection
		alone.Connection(i, &c)
		e.Connections = append(e.Connections, report.EvidenceConnection{ID: ids[i], Stream: c.Stream})
	}
	d := rules.Run(alone, j.workers())
	e.Verdict = d.Verdict
	e.SameVerdict = d.Verdict.Level == r.Diagnosis.Verdict.Level && sameVerdict(d, r.Diagnosis)
	return nil
}

// sameVerdict reports whether d begins with the finding that the verdict of another
// diagnosis is about.
func sameVerdict(d, of *rules.Diagnosis) bool {
	if of.Verdict.Level != rules.Problem || len(of.Findings) == 0 {
		return true
	}
	first := &of.Findings[0]
	return len(d.Findings) > 0 && d.Findings[0].Rule == first.Rule && d.Findings[0].Subject == first.Subject
}
