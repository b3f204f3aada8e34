package report

import (
	"fmt"
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// evidence writes what the capture beside the report holds.
func (p *teller) evidence() {
	e := p.r.Evidence
	if e == nil {
		return
	}
	p.section("EVIDENCE")
	payload := "payload only of the heads of HTTP messages"
	if e.Bodies {
		payload = "with all payload"
	}
	p.fact("file", fmt.Sprintf("%s: %s, %s, %s; %s", Plain(e.Name), cause.Plural(int64(len(e.Connections)), "connection", "connections"),
		cause.Plural(int64(len(e.Packets)), "packet", "packets"), size(e.Bytes), payload))
	if e.LeftOut > 0 {
		p.fact("left out", cause.Plural(int64(e.LeftOut), "packet", "packets")+" of these connections: they were too many")
	}
	if e.Pcapng {
		p.fact("comments", "name the rules that packets show: frame.comment in Wireshark")
	}
	alone := "the same verdict"
	if !e.SameVerdict {
		alone = "another verdict, " + Plain(e.Verdict.Words())
	}
	p.fact("by itself it gives", alone)
	tab := Table{Align: "lrlrl", Heads: []string{"finding", "connection", "packets", "tcp.stream there", "packets there"}, Apart: true}
	findings := p.r.Diagnosed().Findings
	for i := range min(len(findings), p.rows) {
		x := &findings[i].Examples[0]
		if stream, ok := e.stream(x.Connection); ok {
			here, there := e.numbers(x.Packets)
			tab.Row(findings[i].Rule.ID, fmt.Sprint(x.Connection), here, fmt.Sprint(stream), there)
		}
	}
	if len(tab.Rows) > 0 {
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
