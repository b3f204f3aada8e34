package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// closing is a server that closes after each response, three times for one client
// and once for another, which it answers twice.
const closing = `
conn 40001..40003 every 1
client 192.0.2.1
0.000 $open
0.002 > P. $get
0.010 < P. $bye
0.011 < F.
0.012 > F.
0.013 < .
conn 41001
client 192.0.2.2
5.000 $open
5.002 > P. $get
5.010 < P. $ok
6.002 > P. $get
6.010 < P. $ok`

// TestShows holds which connections show a finding, also where they are no longer
// kept.
func TestShows(t *testing.T) {
	p := play(t, closing)
	f := p.finding("KA1003")
	if f == nil {
		t.Fatalf("got %s, want KA1003", summary(p.Diagnosis))
	}
	shows := f.Shows()
	for _, r := range p.Records() {
		if got, want := shows(uint64(r.ID)), r.Cause == cause.ResponseConnectionClose; got != want {
			t.Errorf("connection %d: got %v, want %v", r.ID, got, want)
		}
	}
	left := Worst(nil, p.Findings)
	if !left[0].Shows()(f.Examples[0].Connection) || left[0].Shows()(4) {
		t.Error("of a finding that is remembered, want its examples to show it, and no others")
	}
}

// TestAround holds which connections it takes to see a finding: its examples, and
// those of its subject beside them.
func TestAround(t *testing.T) {
	p := play(t, closing)
	f := p.finding("KA1003")
	if got := p.Around(f, 0); !slices.Equal(got, []uint64{1, 2, 3}) {
		t.Errorf("got %d, want the examples", got)
	}
	if got := p.Around(f, 8); !slices.Equal(got, []uint64{1, 2, 3, 4}) {
		t.Errorf("got %d, want all of the server", got)
	}
	ofPair := Finding{subject: subject{pair: p.Diagnosis.Pairs()[0]}, Examples: []Example{{Connection: 2}}}
	if got := p.Around(&ofPair, 8); !slices.Equal(got, []uint64{1, 2, 3}) {
		t.Errorf("got %d, want those of the pair from one before the example on", got)
	}
	ofHost := Finding{subject: subject{host: "192.0.2.2"}}
	if got := p.Around(&ofHost, 8); !slices.Equal(got, []uint64{4}) {
		t.Errorf("got %d, want those of the host", got)
	}
}

// TestBefore holds what a diagnosis says of connections that are no longer kept.
func TestBefore(t *testing.T) {
	earlierRun := play(t, closing)
	remembered := Worst(nil, earlierRun.Findings)
	const fine = "0.000 $open\n0.002 > P. $get\n0.010 < P. $ok\n1.002 > P. $get\n1.010 < P. $ok"
	now := play(t, fine)
	if now.Verdict.Level != OK || now.Verdict.Level.Words() != "OK" || CannotTell.Words() != "CANNOT TELL" {
		t.Fatalf("got %s", summary(now.Diagnosis))
	}
	now.Before(&cause.Past{Causes: []cause.Total{{Cause: cause.ResponseConnectionClose, By: analyze.Server, Connections: 3}}}, remembered)
	if now.Verdict.Level != Problem || !strings.HasPrefix(now.Verdict.Text, "earlier: ") || strings.Count(now.Verdict.Text, "earlier") != 1 {
		t.Errorf("got the verdict %v: %s, want what was earlier", now.Verdict.Level, now.Verdict.Text)
	}
	if len(now.Findings) != len(remembered) || !strings.HasPrefix(now.Findings[0].Title, "earlier: ") {
		t.Errorf("got %s, want what was found earlier", summary(now.Diagnosis))
	}
	if want := (cause.Total{Cause: cause.ResponseConnectionClose, By: analyze.Server, Connections: 3}); now.Causes[0] != want {
		t.Errorf("got %+v, want %+v first", now.Causes, want)
	}

	again := play(t, closing)
	verdict := again.Verdict
	again.Before(&cause.Past{}, remembered)
	if again.Verdict != verdict || len(again.Findings) != len(earlierRun.Findings) {
		t.Errorf("got %s, want nothing said twice", summary(again.Diagnosis))
	}
}

// TestHidden holds what is said of requests that cannot be read.
func TestHidden(t *testing.T) {
	const (
		tls   = "conn 40001\n0.000 $open\n0.002 > P. \"\\x16\\x03\\x01\\x00\\x05\\x01\\x00\\x00\\x01\\x00\"\n0.003 < P. \"\\x16\\x03\\x03\\x00\\x05\\x02\\x00\\x00\\x01\\x00\"\n"
		http2 = "conn 41001\n0.000 $open\n0.002 > P. \"PRI * HTTP/2.0\\r\\n\\r\\nXX\"\n0.003 < .\n"
		cut   = "conn 42001\n0.000 $open\n0.002 > P. 1:200(199) \"GET / HTTP/1.1\\r\\n\" cut 3\n0.003 < P. 1:200(199) \"HTTP/1.1 200 OK\\r\\n\" cut 17\n0.004 > .\n"
	)
	for script, want := range map[string]string{
		tls:               "they are encrypted, and their TLS records do not show where one begins (HTTP/2, another protocol, or captured from the middle); " + withKeys,
		http2:             "they are HTTP/2 whose frames were not found; capture each connection from its beginning",
		tls + http2:       "they are encrypted or HTTP/2",
		cut:               "they are cut or not captured",
		tls + http2 + cut: "they are encrypted, HTTP/2 or cut",
	} {
		if p := play(t, script); p.Verdict.Level != CannotTell || !strings.Contains(p.Verdict.Text, want) {
			t.Errorf("got %v: %s, want %q", p.Verdict.Level, p.Verdict.Text, want)
		}
	}
}
