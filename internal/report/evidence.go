package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// Evidence is a small capture that was written beside the report.
type Evidence struct {
	Name        string
	Bytes       int64
	Bodies      bool                 // it holds all payload, not only what messages begin with
	Connections []EvidenceConnection // by ID
	Packets     []uint64             // the number in the capture of each of its packets
	Left        uint64               // packets of these connections that are not in it: they were too many

	Verdict rules.Verdict // what that capture alone gives
	Same    bool          // of the same level, and for the same finding
}

// EvidenceConnection is a connection of an Evidence.
type EvidenceConnection struct {
	ID     uint64 // in the report
	Stream int64  // tcp.stream in the evidence
}

// number returns which packet of the file a packet of the capture is, 0 if it is
// not in it.
func (e *Evidence) number(packet uint64) uint64 {
	if i, ok := slices.BinarySearch(e.Packets, packet); ok {
		return uint64(i + 1)
	}
	return 0
}

// stream returns a connection's tcp.stream in the file.
func (e *Evidence) stream(id uint64) (int64, bool) {
	i, ok := slices.BinarySearchFunc(e.Connections, id, func(c EvidenceConnection, id uint64) int {
		switch {
		case c.ID < id:
			return -1
		case c.ID > id:
			return 1
		}
		return 0
	})
	if !ok {
		return 0, false
	}
	return e.Connections[i].Stream, true
}

// evidence writes what the capture beside the report holds.
func (p *page) evidence() {
	e := p.r.Evidence
	if e == nil {
		return
	}
	p.section("EVIDENCE")
	payload := "payload only as far as HTTP messages begin in it"
	if e.Bodies {
		payload = "with all payload"
	}
	p.fact("file", fmt.Sprintf("%s: %s, %s, %s; %s", plain(e.Name), plural(int64(len(e.Connections)), "connection", "connections"),
		plural(int64(len(e.Packets)), "packet", "packets"), size(e.Bytes), payload))
	if e.Left > 0 {
		p.fact("left out", plural(int64(e.Left), "packet", "packets")+" of these connections: they were too many")
	}
	alone := "the same verdict"
	if !e.Same {
		alone = fmt.Sprintf("another verdict, %s: %s", e.Verdict.Level.Words(), plain(e.Verdict.Text))
	}
	p.fact("by itself it gives", alone)
	tab := table{align: "lrlrl", heads: []string{"finding", "connection", "packets", "tcp.stream there", "packets there"}, apart: true}
	findings := p.r.diagnosis().Findings
	for i := range min(len(findings), p.top) {
		x := &findings[i].Examples[0]
		if stream, ok := e.stream(x.Connection); ok {
			here, there := e.numbers(x.Packets)
			tab.row(findings[i].Rule.ID, fmt.Sprint(x.Connection), here, fmt.Sprint(stream), there)
		}
	}
	if len(tab.rows) > 0 {
		p.table(&tab)
	}
}

// numbers writes the numbers of packets in the capture and in the file.
func (e *Evidence) numbers(packets []uint64) (here, there string) {
	var h, t []string
	for _, n := range packets {
		h = append(h, fmt.Sprint(n))
		if m := e.number(n); m != 0 {
			t = append(t, fmt.Sprint(m))
		} else {
			t = append(t, "-")
		}
	}
	return strings.Join(h, ", "), strings.Join(t, ", ")
}

// evidence appends e as an object.
func (enc *encoder) evidence(e *Evidence) {
	enc.raw(`{"file":`)
	enc.str(e.Name)
	enc.members(member{"bytes", e.Bytes}, member{"left_out_packets", int64(e.Left)})
	enc.key("bodies")
	enc.bool(e.Bodies)
	enc.key("verdict")
	enc.verdict(e.Verdict)
	enc.key("same_verdict")
	enc.bool(e.Same)
	enc.raw(`,"connections":[`)
	for i, c := range e.Connections {
		if i > 0 {
			enc.b = append(enc.b, ',')
		}
		enc.raw(`{"connection":`)
		enc.uint(c.ID)
		enc.raw(`,"evidence_stream":`)
		enc.int(c.Stream)
		enc.close()
	}
	enc.raw(`],"packets":[`)
	for i, n := range e.Packets {
		if i > 0 {
			enc.b = append(enc.b, ',')
		}
		enc.uint(n)
	}
	enc.raw("]}")
}
