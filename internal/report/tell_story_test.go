package report_test

import (
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/reporttest"
	"github.com/kaanalyze/kaanalyze/internal/report/text"
)

func TestRedactorTakesTheLongestTarget(t *testing.T) {
	list := []analyze.Exchange{{Target: "/a?k=1"}, {Target: "/a?k=12"}, {Target: "/plain"}, {Target: "http://u:p@h/"}}
	for in, want := range map[string]string{
		"request 1: GET /a?k=1":        "request 1: GET /a",
		"request 2: GET /a?k=12":       "request 2: GET /a",
		"request 3: GET /plain":        "request 3: GET /plain",
		"request 4: GET http://u:p@h/": "request 4: GET http://h/",
		"keep-alive probe":             "keep-alive probe",
	} {
		if got := (&report.Report{}).Redactor(list).Replace(in); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := (&report.Report{Options: report.Options{ShowSecrets: true}}).Redactor(list).Replace(in); got != in {
			t.Errorf("with secrets: got %q, want %q", got, in)
		}
	}
}

func TestStoryOfAnotherConnectionHasItsExchangesAlone(t *testing.T) {
	r := reporttest.Incident()
	if got := len(r.ExchangesOf(1)); got != 2 {
		t.Errorf("connection 1: got %d exchanges, want 2", got)
	}
	if got := len(r.ExchangesOf(2)); got != 0 {
		t.Errorf("connection 2: got %d exchanges, want 0", got)
	}
	c := reporttest.Conn(2, reporttest.Noon, 0)
	r.Story = &report.Story{Connection: &c}
	if got := string(reporttest.Render(t, text.Write, r)); strings.Contains(got, "EXCHANGES") || strings.Contains(got, "more packets") {
		t.Errorf("got what is not there:\n%s", got)
	}
}

func TestConnectionByID(t *testing.T) {
	h := &reporttest.HandMade{Conns: []analyze.Connection{reporttest.Conn(2, reporttest.Noon, 1), reporttest.Conn(5, reporttest.Noon, 1), reporttest.Conn(9, reporttest.Noon, 1)}}
	for id, want := range map[uint64]bool{0: false, 1: false, 2: true, 3: false, 5: true, 9: true, 10: false} {
		var c analyze.Connection
		if got := report.ConnectionByID(h, id, &c); got != want || got && c.ID != id {
			t.Errorf("id %d: got %v and connection %d, want %v", id, got, c.ID, want)
		}
	}
}

func TestWiresharkFilterWithoutStream(t *testing.T) {
	c := reporttest.OpenConn(1, reporttest.Noon)
	c.Stream = analyze.Unknown
	want := "ipv6.addr eq 2001:db8:0:1:aaaa:bbbb:cccc:dddd and ipv6.addr eq 2001:db8::2 and tcp.port eq 50000 and tcp.port eq 443"
	if got := report.WiresharkFilter(&c); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConnectionFacts(t *testing.T) {
	probing := reporttest.OpenConn(4, reporttest.Noon)
	oneProbe := reporttest.Conn(5, reporttest.Noon, 1)
	oneProbe.ServerProbes = analyze.Probes{Sent: 1, Idle: 2000 * reporttest.Ms, Interval: analyze.Unknown}
	reset := reporttest.Conn(6, reporttest.Noon, 1)
	reset.Close.Kind, reset.Close.RSTBy, reset.Close.TimeWait, reset.Close.Inferred = flows.CloseFINReset, analyze.Client, analyze.TimeWaitNone, true
	for name, c := range map[string]struct {
		c    analyze.Connection
		want []string
	}{
		"open, with probes": {probing, []string{"7 keep-alive probes of the client, 6 answered, the first after 15 s, then every 15 s\n",
			"handshake complete in 2.1 ms; tls, requests unknown\n", "close: open (still open when the capture ends)\n"}},
		"one probe, unanswered": {oneProbe, []string{"1 keep-alive probe of the server, 0 answered, the first after 2.000 s\n"}},
		"refused": {reporttest.RefusedConn(8, reporttest.Noon), []string{"handshake refused after 2 SYNs sent again; no data\n",
			"close: reset (RST), RST by server, 12:13:20 (packet 8)\n"}},
		"reset after a FIN": {reset, []string{"close: fin_then_reset (FIN, then RST), server first, RST by client, 12:13:20 (packet",
			"TIME_WAIT: none (inferred: a FIN was not captured)\n"}},
	} {
		r := reporttest.Incident()
		r.Story = &report.Story{Connection: &c.c}
		got := strings.ReplaceAll(string(reporttest.Render(t, text.Write, r)), "\n    ", " ")
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: want %q in\n%s", name, want, got)
			}
		}
	}
}

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		last        int64
		span, clock string
	}{
		{reporttest.Noon + 40*reporttest.Ms, "2026-11-20 12:13:20.000-12:13:20.040 UTC (40.0 ms)", "12:13:20.000"},
		{reporttest.Noon + 120_000*reporttest.Ms, "2026-11-20 12:13:20-12:15:20 UTC (120 s)", "12:13:20"},
		{reporttest.Noon + 86_400_000*reporttest.Ms, "2026-11-20 12:13:20 to 2026-11-21 12:13:20 UTC (24 h)", "2026-11-20 12:13:20"},
		{reporttest.Noon + 30*86_400_000*reporttest.Ms, "2026-11-20 12:13:20 to 2026-12-20 12:13:20 UTC (30 days)", "2026-11-20 12:13:20"},
	} {
		m := &report.Meta{Packets: 2, First: reporttest.Noon, Last: c.last}
		if got := report.Span(reporttest.Noon, c.last); got != c.span {
			t.Errorf("span: got %q, want %q", got, c.span)
		}
		if got := m.Clock(reporttest.Noon); got != c.clock {
			t.Errorf("clock: got %q, want %q", got, c.clock)
		}
	}
}
