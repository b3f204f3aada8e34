package page

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

const (
	// maxRows is how many connections a page holds.
	maxRows = 20_000
	// maxPageExchanges is how many exchanges it holds.
	maxPageExchanges = 50_000
)

// pageData is what the script of a page draws from. Times are microseconds
// since Zero, and those of a connection since its start.
type pageData struct {
	Zero      int64    `json:"zero"` // ms since the epoch
	ZeroMicro int64    `json:"zero_micro"`
	End       int64    `json:"end"`
	All       int64    `json:"all"` // connections of the capture, of which Rows are here
	Rows      int      `json:"rows"`
	Pairs     []string `json:"pairs"`
	Words     []string `json:"words"` // that columns refer to

	Columns   map[string]Column `json:"columns"`
	Findings  []pageFinding     `json:"findings"`
	Series    *pageSeries       `json:"series"`
	Exchanges *pageExchanges    `json:"exchanges"`
}

// pageFinding says which rows show a finding.
type pageFinding struct {
	Rule string `json:"rule"`
	Rows Column `json:"rows"` // each as the distance from the one before
	All  int64  `json:"all"`
}

// pageSeries is the shape over time.
type pageSeries struct {
	Step     int64        `json:"step"` // seconds
	Start    int64        `json:"start"`
	Opened   Column       `json:"opened"`
	Requests Column       `json:"requests"`
	Reused   Column       `json:"reused"`
	TimeWait Column       `json:"time_wait"`
	Holders  []pageHolder `json:"holders"`
}

type pageHolder struct {
	Host     string `json:"host"`
	TimeWait Column `json:"time_wait"`
}

// pageExchanges are the exchanges of the rows: of each all or none.
type pageExchanges struct {
	All     int               `json:"all"`     // of the capture
	Held    int               `json:"held"`    // of which so many are here
	Without int               `json:"without"` // rows that have exchanges, but not here
	Texts   []string          `json:"texts"`
	Columns map[string]Column `json:"columns"`
}

// Column holds a value for each row, Unknown for none.
type Column []int64

// MarshalJSON writes null for what is unknown.
func (c Column) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, n := range c {
		if i > 0 {
			b = append(b, ',')
		}
		if n == analyze.Unknown {
			b = append(b, "null"...)
		} else {
			b = fmt.Append(b, n)
		}
	}
	return append(b, ']'), nil
}

// dictionary numbers strings as they are met.
type dictionary struct {
	list []string
	by   map[string]int64
}

func (w *dictionary) of(s string) int64 {
	n, ok := w.by[s]
	if !ok {
		if w.by == nil {
			w.by = map[string]int64{}
		}
		n = int64(len(w.list))
		w.by[s] = n
		w.list = append(w.list, s)
	}
	return n
}

// rowsBuilder makes the columns of connections.
type rowsBuilder struct {
	r     *report.Report
	zero  int64 // ns
	data  *pageData
	pairs dictionary
	words dictionary
}

// newPageData returns what the script needs of r.
func newPageData(r *report.Report) *pageData {
	first, last := r.Meta.Times()
	if first == analyze.Unknown {
		first, last = 0, 0
	}
	d := &pageData{
		Zero: first / 1e6, ZeroMicro: first % 1e6 / 1e3, End: micro(last - first),
		All: r.Result.Totals.Connections, Columns: map[string]Column{}, Findings: []pageFinding{},
	}
	b := &rowsBuilder{r: r, zero: first, data: d}
	rows := b.rows()
	d.Pairs, d.Words = b.pairs.list, b.words.list
	b.findings(rows)
	d.Series = newPageSeries(r, first)
	if r.Options.Exchanges {
		b.exchanges(rows)
	}
	return d
}

// micro returns ns in microseconds.
func micro(ns int64) int64 {
	if ns == analyze.Unknown {
		return ns
	}
	return ns / 1e3
}

// chosen returns whether the page shows the connection with that ID, when asked
// for each in order: all, or the examples of the findings and others at equal
// distances.
func (b *rowsBuilder) chosen() func(id uint64) bool {
	all := b.r.Records().Len()
	if all <= maxRows {
		return func(uint64) bool { return true }
	}
	wanted := map[uint64]bool{}
	for _, f := range b.r.Diagnosed().Findings {
		for _, x := range f.Examples {
			if len(wanted) < maxRows/2 {
				wanted[x.Connection] = true
			}
		}
	}
	others, room, i := all-len(wanted), maxRows-len(wanted), 0
	return func(id uint64) bool {
		if wanted[id] {
			return true
		}
		i++
		return (i-1)*room/others != i*room/others
	}
}

// rows fills the columns, and returns the rows by ID.
func (b *rowsBuilder) rows() map[uint64]int64 {
	rows := map[uint64]int64{}
	found, is := b.r.Records(), b.chosen()
	var c analyze.Connection
	for i := range found.Len() {
		found.Connection(i, &c)
		if is(c.ID) {
			rows[c.ID] = int64(b.data.Rows)
			b.row(&c)
			b.data.Rows++
		}
	}
	return rows
}

// set sets a value of the row that is being filled.
func (b *rowsBuilder) set(name string, n int64) {
	b.data.Columns[name] = append(b.data.Columns[name], n)
}

// word sets a value that is words.
func (b *rowsBuilder) word(name, s string) { b.set(name, b.words.of(s)) }

// row fills a row. Columns that hold nothing else have 0 for what is not there.
func (b *rowsBuilder) row(c *analyze.Connection) {
	since := func(ns int64) int64 {
		if ns == analyze.Unknown {
			return ns
		}
		return micro(ns - c.Start)
	}
	b.set("id", int64(c.ID))
	b.set("stream", c.Stream)
	b.set("pair", b.pairs.of(report.HostText(c.Client.Addr())+" -> "+report.AddrText(c.Server)))
	b.set("port", int64(c.Client.Port()))
	b.set("start", micro(c.Start-b.zero))
	b.set("lasts", since(c.End))
	b.set("packets_client", int64(c.PacketsClient))
	b.set("packets_server", int64(c.PacketsServer))
	b.set("bytes_client", int64(c.BytesClient))
	b.set("bytes_server", int64(c.BytesServer))
	b.word("handshake", c.Handshake.String())
	b.set("connect", micro(c.ConnectTime))
	b.set("syns", int64(c.SYNRetransmissions))
	b.word("protocol", c.Protocol.String())
	b.set("requests", c.Requests)
	b.set("responses", c.Responses)
	b.set("idle", micro(c.IdleMax))
	b.set("resent_client", int64(c.RetransmissionsClient))
	b.set("resent_server", int64(c.RetransmissionsServer))
	b.set("missing", int64(c.MissingClient+c.MissingServer))
	for _, side := range []struct {
		name string
		p    *analyze.Probes
	}{{"client", &c.ClientProbes}, {"server", &c.ServerProbes}} {
		b.set("probes_"+side.name, int64(side.p.Sent))
		b.set("answered_"+side.name, int64(side.p.Answered))
		b.set("probe_idle_"+side.name, micro(side.p.Idle))
		b.set("probe_interval_"+side.name, micro(side.p.Interval))
	}
	b.word("close", c.Close.Kind.String())
	b.word("close_means", report.CloseMeaning(c.Close.Kind))
	b.word("began", c.Close.Began.String())
	b.set("inferred", int64(oneIf(c.Close.Inferred)))
	b.set("closed", since(c.Close.At))
	b.word("wait", c.Close.TimeWait.String())
	e := &c.Evidence
	for _, m := range []struct {
		name string
		m    analyze.Mark
	}{{"fin_client", e.ClientFIN}, {"fin_server", e.ServerFIN}, {"rst_client", e.ClientRST}, {"rst_server", e.ServerRST}, {"asked", e.Request}} {
		at := int64(analyze.Unknown)
		if m.m.OK() {
			at = since(m.m.At)
		}
		b.set(m.name, at)
		b.set(m.name+"_packet", int64(m.m.Packet))
	}
	b.set("answered", since(e.FirstByteAt))
	b.set("done", since(e.LastDone))
	for _, w := range []struct {
		name string
		w    analyze.TimeWaitSpan
	}{{"wait_client", e.ClientTimeWait}, {"wait_server", e.ServerTimeWait}} {
		from, lasts := int64(analyze.Unknown), int64(0)
		if w.w != (analyze.TimeWaitSpan{}) {
			from, lasts = since(w.w.From), micro(w.w.To-w.w.From)
		}
		b.set(w.name, from)
		b.set(w.name+"_lasts", lasts)
	}
	why := b.r.Diagnosed().Of(c.ID)
	b.word("cause", why.Cause.String())
	b.word("meaning", why.Cause.Meaning())
	b.word("by", report.PartyName(why.By))
	b.word("confidence", why.Confidence.String())
	b.word("observed", why.Observed())
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// findings notes which rows show which finding.
func (b *rowsBuilder) findings(rows map[uint64]int64) {
	for i := range b.r.Diagnosed().Findings {
		f := &b.r.Diagnosed().Findings[i]
		var list Column
		shows := f.Shows()
		for id, row := range rows {
			if shows(id) {
				list = append(list, row)
			}
		}
		slices.Sort(list)
		for i := len(list) - 1; i > 0; i-- {
			list[i] -= list[i-1]
		}
		b.data.Findings = append(b.data.Findings, pageFinding{f.Rule.ID, list, f.Connections})
	}
}

// newPageSeries returns the shape over time, nil if it has none.
func newPageSeries(r *report.Report, zero int64) *pageSeries {
	s := &r.Result.Series
	if len(s.NewConnections) < 2 {
		return nil
	}
	var holders []pageHolder
	for _, h := range r.Holders() {
		holders = append(holders, pageHolder{h.Host.String(), h.Most})
	}
	return &pageSeries{
		Step: s.Step, Start: micro(s.Start - zero),
		Opened: s.NewConnections, Requests: s.Requests, Reused: s.Reused, TimeWait: s.TimeWait, Holders: holders,
	}
}

// held returns which rows have room for all of their exchanges, the findings'
// examples before others, and how many rows have none.
func (b *rowsBuilder) held(rows map[uint64]int64, list []analyze.Exchange) (is []bool, without int) {
	n := make([]int, b.data.Rows)
	for i := range list {
		if row, ok := rows[list[i].Connection]; ok {
			n[row]++
		}
	}
	is = make([]bool, len(n))
	room := maxPageExchanges
	take := func(row int64) {
		if !is[row] && n[row] <= room {
			is[row] = true
			room -= n[row]
		}
	}
	for _, f := range b.r.Diagnosed().Findings {
		for _, x := range f.Examples {
			if row, ok := rows[x.Connection]; ok {
				take(row)
			}
		}
	}
	for row := range n {
		if take(int64(row)); !is[row] {
			without++
		}
	}
	return is, without
}

// exchanges adds the exchanges of the rows.
func (b *rowsBuilder) exchanges(rows map[uint64]int64) {
	list := b.r.Records().Exchanges()
	held, without := b.held(rows, list)
	x := &pageExchanges{All: len(list), Without: without, Columns: map[string]Column{}}
	var texts dictionary
	set := func(name string, v int64) { x.Columns[name] = append(x.Columns[name], v) }
	for i := range list {
		e := &list[i]
		row, ok := rows[e.Connection]
		if !ok || !held[row] {
			continue
		}
		x.Held++
		after := func(ns int64) int64 {
			if ns == analyze.Unknown {
				return ns
			}
			return micro(ns - e.RequestAt)
		}
		set("row", row)
		set("n", int64(e.N))
		set("method", texts.of(report.Fit(report.MethodName(e), 40)))
		set("target", texts.of(report.Fit(report.Target(e.Target, b.r.Options.ShowSecrets), report.LongText)))
		set("host", texts.of(report.Fit(e.Host, report.LongText)))
		set("status", int64(e.Status))
		set("at", micro(e.RequestAt-b.zero))
		set("first", after(e.FirstByteAt))
		set("done", after(e.DoneAt))
		set("server", micro(e.ServerTime()))
		set("request_packet", int64(e.RequestPacket))
		set("response_packet", int64(e.ResponsePacket))
	}
	x.Texts = texts.list
	b.data.Exchanges = x
}

// packed returns v as JSON, compressed (RFC 1951) and in base64 (RFC 4648, 5),
// so that nothing of a capture stands in the page as it is.
func packed(v any) (string, error) {
	var b bytes.Buffer
	text := base64.NewEncoder(base64.RawURLEncoding, &b)
	small, err := flate.NewWriter(text, flate.BestCompression)
	if err != nil {
		return "", err
	}
	encoder := json.NewEncoder(small)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "", err
	}
	for _, c := range []io.Closer{small, text} {
		if err := c.Close(); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}
