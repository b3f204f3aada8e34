// Package machine writes a report for programs: as JSON ([WriteJSON]), as NDJSON
// ([WriteNDJSON], or a [Stream] while the capture is still being read) and as
// CSV ([WriteCSV]). [Schema] describes the JSON, [ReadBaseline] reads it back.
package machine

import (
	"bufio"
	"io"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// WriteJSON writes r as one JSON object. Its members and the items of its long
// lists stand on lines of their own.
func WriteJSON(w io.Writer, r *report.Report) error {
	out := bufio.NewWriterSize(w, 64<<10)
	err := writeDocument(out, r)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return report.WriteError(err)
	}
	return nil
}

// writeDocument writes r to out.
func writeDocument(out io.Writer, r *report.Report) error {
	e := newEncoder(r)
	e.raw("{\n\"schema\":")
	e.word(report.SchemaName)
	e.line("tool")
	e.object(newTool(r.Version, &r.Meta))
	e.facts(r, e.line)
	if err := flushTo(out, e); err != nil {
		return err
	}
	if err := writeLists(out, r); err != nil {
		return err
	}
	_, err := io.WriteString(out, "\n}\n")
	return err
}

// facts appends the members that are about the whole capture, each begun by begin.
func (e *encoder) facts(r *report.Report, begin func(name string)) {
	member := func(name string, v any) {
		begin(name)
		e.object(v)
	}
	member("verdict", newVerdict(r.Diagnosed().Verdict))
	member("capture", newCapture(r))
	member("totals", newTotals(r))
	leftOut(r.Result, member)
	if r.Meta.Naming != nil {
		member("names", newNames(r))
	}
	if r.Host != nil {
		member("host", newKernel(r.Host))
	}
	if r.Evidence != nil {
		member("evidence", newEvidence(r.Evidence))
	}
	if r.OtherSide != nil {
		member("other_side", newOtherSide(r.OtherSide, r.Diagnosed().Corrected))
	}
	if r.Recent != nil {
		member("window", newRecent(r.Recent))
	}
	if r.Baseline != nil {
		member("baseline", newBaseline(r))
	}
}

// writeLists writes the members whose length depends on the capture.
func writeLists(w io.Writer, r *report.Report) error {
	if err := writeGroups(w, r, onLines); err != nil {
		return err
	}
	if r.Story != nil {
		return writeStoryLists(w, r)
	}
	return writeConnections(w, r)
}

// writeGroups writes the members from causes to series. Findings and gates have
// lines of their own in NDJSON.
func writeGroups(w io.Writer, r *report.Report, newline string) error {
	res, d := r.Result, r.Diagnosed()
	causes := func(e *encoder, i int) { e.cause(&d.Causes[i], res.Totals.Connections) }
	if err := writeList(w, r, newline, "causes", len(d.Causes), causes); err != nil {
		return err
	}
	if newline == onLines {
		findings := func(e *encoder, i int) {
			e.b = append(e.b, '{')
			e.finding(&d.Findings[i], r.Origin)
		}
		if err := writeList(w, r, newline, "findings", len(d.Findings), findings); err != nil {
			return err
		}
		if err := writeGates(w, r); err != nil {
			return err
		}
	}
	if err := writeRepeats(w, r, newline); err != nil {
		return err
	}
	policies := func(e *encoder, i int) { e.policy(&d.Policies[i]) }
	if err := writeList(w, r, newline, "policies", len(d.Policies), policies); err != nil {
		return err
	}
	judged := func(e *encoder, i int) { e.judgement(&d.Judged[i]) }
	if err := writeList(w, r, newline, "rules", len(d.Judged), judged); err != nil {
		return err
	}
	servers := func(e *encoder, i int) { e.serverSummary(&res.Servers[i], d) }
	if err := writeList(w, r, newline, "servers", len(res.Servers), servers); err != nil {
		return err
	}
	pairs := func(e *encoder, i int) { e.pair(&res.Pairs[i]) }
	if err := writeList(w, r, newline, "pairs", len(res.Pairs), pairs); err != nil {
		return err
	}
	if moments := d.Events(); len(moments) > 0 {
		events := func(e *encoder, i int) { e.event(&moments[i]) }
		if err := writeList(w, r, newline, "events", len(moments), events); err != nil {
			return err
		}
	}
	e := newEncoder(r)
	e.raw("," + newline + `"series":`)
	e.series(&res.Series, res.Totals.TimeWait.Peak != analyze.Unknown)
	return flushTo(w, e)
}

// writeGates writes the member gates if there are any.
func writeGates(w io.Writer, r *report.Report) error {
	if len(r.Gates) == 0 {
		return nil
	}
	return writeList(w, r, onLines, "gates", len(r.Gates), func(e *encoder, i int) {
		e.b = append(e.b, '{')
		e.gate(&r.Gates[i])
	})
}

// writeConnections writes all connections, and the exchanges if asked for.
func writeConnections(w io.Writer, r *report.Report) error {
	found := r.Records()
	d := r.Diagnosed()
	connections := func(e *encoder, i int) {
		found.Numbers(i, &e.conn)
		e.b = append(e.b, '{')
		e.connection(&e.conn, d.Of(e.conn.ID))
	}
	if err := writeList(w, r, onLines, "connections", found.Len(), connections); err != nil {
		return err
	}
	if !r.Options.Exchanges {
		return nil
	}
	return writeExchanges(w, r, found.Exchanges())
}
