package page

import (
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// chooseExchanges returns which rows have room for all of their exchanges, the findings'
// examples before others, and how many rows have none.
func (b *rowsBuilder) chooseExchanges(rows map[uint64]int64, list []analyze.Exchange) (chosen []bool, without int) {
	n := make([]int, b.data.Rows)
	for i := range list {
		if row, ok := rows[list[i].Connection]; ok {
			n[row]++
		}
	}
	chosen = make([]bool, len(n))
	room := maxExchanges
	take := func(row int64) {
		if !chosen[row] && n[row] <= room {
			chosen[row] = true
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
		if take(int64(row)); !chosen[row] {
			without++
		}
	}
	return chosen, without
}

// exchanges adds the exchanges of the rows.
func (b *rowsBuilder) exchanges(rows map[uint64]int64) {
	list := b.r.Records().Exchanges()
	held, without := b.chooseExchanges(rows, list)
	x := &exchangeData{All: len(list), Without: without, Columns: map[string]column{}}
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
		set("stream", int64(e.Stream))
		set("method", texts.number(report.Fit(report.MethodName(e), 40)))
		set("target", texts.number(report.Fit(report.Target(e.Target, b.r.Options.ShowSecrets), report.MaxText)))
		set("host", texts.number(report.Fit(e.Host, report.MaxText)))
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
