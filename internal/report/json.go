package report

import (
	"bufio"
	"fmt"
	"io"
	"math"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// writeJSON writes r as one JSON object. Its members and the items of its long
// lists stand on lines of their own.
func writeJSON(w io.Writer, r *Report) error {
	out := bufio.NewWriterSize(w, 64<<10)
	err := writeDocument(out, r)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return writeError(err)
	}
	return nil
}

// writeError says what failed. The formats wrap once, what they call does not.
func writeError(err error) error { return fmt.Errorf("write report: %w", err) }

// writeDocument writes r to out.
func writeDocument(out io.Writer, r *Report) error {
	e := newEncoder(r)
	e.raw("{\n\"schema\":")
	e.word(schemaName)
	e.line("tool")
	e.tool(r)
	e.line("verdict")
	e.verdict(r.diagnosis().Verdict)
	e.line("capture")
	e.capture(r)
	e.line("totals")
	e.totals(&r.Result.Totals)
	if r.Host != nil {
		e.line("host")
		e.hostFacts(r.Host)
	}
	if r.Evidence != nil {
		e.line("evidence")
		e.evidence(r.Evidence)
	}
	if r.Baseline != nil {
		e.line("baseline")
		e.baseline(r)
	}
	if err := flushTo(out, e); err != nil {
		return err
	}
	if err := writeLists(out, r); err != nil {
		return err
	}
	_, err := io.WriteString(out, "\n}\n")
	return err
}

// flushTo writes what e holds and empties it.
func flushTo(w io.Writer, e *encoder) error {
	_, err := w.Write(e.b)
	e.b = e.b[:0]
	return err
}

// writeLists writes the members whose length depends on the capture.
func writeLists(w io.Writer, r *Report) error {
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
func writeGroups(w io.Writer, r *Report, newline string) error {
	res, d := r.Result, r.diagnosis()
	causes := func(e *encoder, i int) { e.cause(&d.Causes[i], res.Totals.Connections) }
	if err := writeList(w, r, newline, "causes", len(d.Causes), causes); err != nil {
		return err
	}
	if newline == onLines {
		findings := func(e *encoder, i int) {
			e.b = append(e.b, '{')
			e.finding(&d.Findings[i])
		}
		if err := writeList(w, r, newline, "findings", len(d.Findings), findings); err != nil {
			return err
		}
		if err := writeGates(w, r); err != nil {
			return err
		}
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
	e := newEncoder(r)
	e.raw("," + newline + `"series":`)
	e.series(&res.Series)
	return flushTo(w, e)
}

// writeGates writes the member gates if there are any.
func writeGates(w io.Writer, r *Report) error {
	if len(r.Gates) == 0 {
		return nil
	}
	return writeList(w, r, onLines, "gates", len(r.Gates), func(e *encoder, i int) {
		e.b = append(e.b, '{')
		e.gate(&r.Gates[i])
	})
}

// writeConnections writes all connections, and the exchanges if asked for.
func writeConnections(w io.Writer, r *Report) error {
	found := r.found()
	d := r.diagnosis()
	connections := func(e *encoder, i int) {
		found.Connection(i, &e.conn)
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

// writeExchanges writes the member exchanges.
func writeExchanges(w io.Writer, r *Report, list []analyze.Exchange) error {
	return writeList(w, r, onLines, "exchanges", len(list), func(e *encoder, i int) {
		e.b = append(e.b, '{')
		e.exchange(&list[i])
	})
}

// Where the items of a list stand.
const (
	onLines = "\n" // each on a line of its own
	inLine  = ""
)

// writeList writes the member called name, an array of n items.
func writeList(w io.Writer, r *Report, newline, name string, n int, item func(e *encoder, i int)) error {
	if _, err := fmt.Fprintf(w, `,%s"%s":[`, newline, name); err != nil {
		return err
	}
	err := r.writeItems(w, n, func(e *encoder, i int) {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.raw(newline)
		item(e, i)
	})
	if err == nil {
		_, err = io.WriteString(w, "]")
	}
	return err
}

// tool appends what wrote the report.
func (e *encoder) tool(r *Report) {
	e.raw(`{"name":`)
	e.word(toolName)
	e.key("version")
	e.str(r.Version)
	e.key("command_line")
	e.strings(r.Meta.CommandLine)
	e.close()
}

// strings appends an array of strings.
func (e *encoder) strings(list []string) {
	e.b = append(e.b, '[')
	for i, s := range list {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.str(s)
	}
	e.b = append(e.b, ']')
}

// capture appends what was read.
func (e *encoder) capture(r *Report) {
	m := &r.Meta
	first, last := m.times()
	e.raw(`{"sources":[`)
	for i := range m.Sources {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.source(&m.Sources[i])
	}
	e.raw(`],"format":`)
	e.text(m.Format)
	e.key("link_types")
	e.strings(m.LinkTypes)
	e.key("packets")
	e.uint(m.Packets)
	e.key("tcp_packets")
	e.uint(m.TCPPackets)
	e.key("bytes")
	e.uint(m.Bytes)
	e.key("first")
	e.time(first)
	e.key("last")
	e.time(last)
	e.key("duration_seconds")
	e.seconds(m.duration())
	e.key("damaged")
	e.bool(m.Damage != nil)
	e.key("damage")
	e.damage(m.Damage)
	e.key("kernel_dropped")
	if m.KernelDropped == nil {
		e.null()
	} else {
		e.uint(*m.KernelDropped)
	}
	if m.live() {
		e.key("interface_dropped")
		e.uint(m.InterfaceDropped)
	}
	e.key("cut_packets")
	e.uint(m.CutPackets)
	e.key("undecoded_packets")
	e.uint(m.UndecodedPackets)
	e.key("duplicate_packets")
	e.int(r.Result.Totals.DuplicatePackets)
	e.key("time_back_seconds")
	e.seconds(r.Result.Totals.TimeBack)
	e.members(member{"connections_not_kept", r.NotKept})
	e.key("interrupted")
	e.bool(m.Interrupted)
	e.key("filter")
	e.text(m.Filter)
	e.narrowed(&m.Narrowed, r.analysed())
	e.anonymized(m)
	e.close()
}

// analysed returns how long the part of the capture is that was asked for in ns,
// or Unknown.
func (r *Report) analysed() int64 {
	if r.Meta.Packets == 0 {
		return analyze.Unknown
	}
	return r.Result.Last - r.Result.First
}

// anonymized says that names are pseudonyms, if they are.
func (e *encoder) anonymized(m *Meta) {
	if m.Anonymized {
		e.key("anonymized")
		e.bool(true)
	}
}

// live reports whether packets came from an interface, not from files.
func (m *Meta) live() bool { return m.Format == "live" }

// times returns the first and the last capture time, Unknown without a packet.
func (m *Meta) times() (first, last int64) {
	if m.Packets == 0 {
		return analyze.Unknown, analyze.Unknown
	}
	return m.First, m.Last
}

// duration returns the time that the capture spans in ns, or Unknown.
func (m *Meta) duration() int64 {
	if m.Packets == 0 {
		return analyze.Unknown
	}
	return m.Last - m.First
}

// source appends one file.
func (e *encoder) source(s *Source) {
	e.raw(`{"name":`)
	e.str(s.Name)
	e.key("format")
	e.text(s.Format)
	e.key("size_bytes")
	if s.Size < 0 {
		e.null()
	} else {
		e.int(s.Size)
	}
	e.key("packets")
	e.uint(s.Packets)
	e.key("sha256")
	e.text(s.SHA256)
	e.close()
}

// damage appends where a file is damaged, null if it is not.
func (e *encoder) damage(d *Damage) {
	if d == nil {
		e.null()
		return
	}
	e.raw(`{"source":`)
	e.str(d.Source)
	e.key("packet")
	e.uint(d.Packet)
	e.key("offset")
	e.int(d.Offset)
	e.key("reason")
	e.str(d.Reason)
	e.close()
}

// series appends the shape over time.
func (e *encoder) series(s *analyze.Series) {
	e.raw(`{"step_seconds":`)
	if len(s.NewConnections) == 0 {
		e.raw(`null,"start":null,"new_connections":[],"requests":[],"time_wait":[]}`)
		return
	}
	e.int(s.Step)
	e.key("start")
	e.time(s.Start)
	e.key("new_connections")
	e.ints(s.NewConnections)
	e.key("requests")
	e.ints(s.Requests)
	e.key("time_wait")
	e.ints(s.TimeWait)
	e.close()
}

// ints appends an array of numbers.
func (e *encoder) ints(list []int64) {
	e.b = append(e.b, '[')
	for i, n := range list {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.int(n)
	}
	e.b = append(e.b, ']')
}

// ratio appends f, rounded to six decimals, null if it is no number. The
// rounding never makes a share that is not quite 1 a 1.
func (e *encoder) ratio(f float64) {
	rounded := math.Round(f*1e6) / 1e6
	if rounded == math.Trunc(f) || rounded == math.Ceil(f) {
		rounded = f
	}
	e.float(rounded)
}
