package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kaanalyze/kaanalyze/internal/products"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
	"github.com/kaanalyze/kaanalyze/internal/rules"
)

// notes is a medium that keeps what it is told, a line each.
type notes struct{ strings.Builder }

func (n *notes) line(kind string, parts ...string) {
	fmt.Fprintf(n, "%s: %s\n", kind, strings.Join(parts, " | "))
}

func (n *notes) Title(name, facts, narrowed string) { n.line("title", name, facts, narrowed) }
func (n *notes) Verdict(v rules.Verdict)            { n.line("verdict", v.Level.String(), v.Text) }
func (n *notes) Section(heading, of string)         { n.line("section", heading, of) }
func (n *notes) Para(hang int, text string)         { n.line(fmt.Sprintf("para %d", hang), text) }
func (n *notes) Fact(name, value string)            { n.line("fact", name, value) }
func (n *notes) More(rows int)                      { n.line("more", fmt.Sprint(rows)) }

func (n *notes) Finding(i int, a *report.Advice) {
	n.line(fmt.Sprintf("finding %d", i), append([]string{a.Rule.ID, a.Fix, a.Note, a.Likely, a.Seen, a.Filter}, a.Alternatives...)...)
}

func (n *notes) Table(t *report.Table) {
	n.line("table "+t.Align, t.Heads...)
	for i, row := range t.Rows {
		n.line("row", row...)
		if t.Notes[i] != "" {
			n.line("note", t.Notes[i])
		}
	}
}

func (n *notes) Shape(intro string, curves []report.Curve) {
	n.line("shape", intro)
	for _, c := range curves {
		n.line("curve", c.Name, fmt.Sprint(c.Values), fmt.Sprint(c.Most())+c.Unit)
	}
}

func (n *notes) Packets(lines []report.StoryLine, means func(*report.StoryLine) []string) {
	for i := range lines {
		n.line("packet", fmt.Sprint(lines[i].Num), lines[i].By(), strings.Join(means(&lines[i]), "; "))
	}
}

// TestTellGolden holds what is told, and in which order.
func TestTellGolden(t *testing.T) {
	for name, r := range reporttest.Samples() {
		t.Run(name, func(t *testing.T) {
			var n notes
			report.Tell(&n, r, 1)
			reporttest.Golden(t, name+".txt", []byte(n.String()))
		})
	}
}

// TestTellConnection tells one connection without its packets.
func TestTellConnection(t *testing.T) {
	r := reporttest.Incident()
	r.Meta.Anonymized = true
	c := reporttest.Conn(2, reporttest.Noon+400*reporttest.Ms, 1)
	var n notes
	report.TellConnection(&n, r, &c)
	for _, want := range []string{
		"title: incident.pcapng | connection 2, from 2026-11-20 12:13:20.400000 UTC | \n",
		"para 2: 10.20.0.1:40002 -> 10.20.0.2:8080, from 12:13:20 for 1.000 s, 11 packets and 370 bytes\n",
		"para 2: anonymised: addresses, hosts and paths are pseudonyms\n", "para 2: In Wireshark: tcp.stream eq 1\n",
	} {
		if !strings.Contains(n.String(), want) {
			t.Errorf("got no %q in\n%s", want, n.String())
		}
	}
}

// TestAdviceOfInformation says nothing of a cause where nothing is wrong.
func TestAdviceOfInformation(t *testing.T) {
	r := reporttest.Incident()
	f := r.Diagnosis.Findings[0]
	f.Severity, f.Advice = rules.Info, products.Advise("one thing", "another; thing", "a third").Noting("harmless")
	got := r.Advice(&f)
	want := [][2]string{{"also", "another; thing"}, {"also", "a third"}, {"note", "harmless"}}
	if !strings.HasPrefix(got.Fix, "one thing") || cmp.Diff(want, got.Remarks()) != "" {
		t.Errorf("got %q with %q, want nothing beside %q", got.Fix, got.Remarks(), want)
	}
}

// TestHolders gives the hosts that hold TIME_WAIT; none where some connections are
// in the sums alone.
func TestHolders(t *testing.T) {
	r := reporttest.Incident()
	h := r.Facts.(*reporttest.HandMade)
	h.Conns[0].Evidence.ServerTimeWait.From, h.Conns[0].Evidence.ServerTimeWait.To = reporttest.Noon+1500*reporttest.Ms, reporttest.Noon+3000*reporttest.Ms
	got := r.Holders()
	if len(got) != 1 || got[0].Host != h.Conns[0].Server.Addr() || !slices.Equal(got[0].Most[:4], []int64{0, 1, 1, 0}) || got[0].Peak() != 1 {
		t.Errorf("got %+v, want the server with one entry from second 1 to 3", got)
	}
	r.NotKept = 1
	if got := r.Holders(); got != nil {
		t.Errorf("got %+v although a connection is in the sums alone", got)
	}
}

func TestDoubts(t *testing.T) {
	m := &reporttest.Incident().Meta
	m.Interrupted = true
	if got, want := m.Doubts(), "Numbers may be too low: the reading was stopped before the end; damaged at packet 3,804,601; 3 packets were dropped while capturing"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (&report.Meta{}).Doubts(); got != "" {
		t.Errorf("got %q of a whole capture", got)
	}
}
