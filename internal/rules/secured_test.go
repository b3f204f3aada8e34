package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// once is a connection over TLS for each request, which the client closes.
const once = "0.006 > P. $request\n0.010 < P. $response\n0.011 > P. $notify\n0.011 > F.\n0.012 < P. $notify\n0.012 < F.\n0.013 > .\n"

// TestHandshakeThresholds plays what full handshakes are judged by on both sides.
func TestHandshakeThresholds(t *testing.T) {
	requests := func(n int64) string {
		var s strings.Builder
		s.WriteString("conn 40001..40004 every 100\n0.000 $tls\n")
		for i := range n {
			fmt.Fprintf(&s, "%d.006 > P. $request\n%d.010 < P. $response\n", i, i)
		}
		return s.String()
	}
	for _, tc := range []struct {
		name          string
		without, with int64
		script        func(x int64) string
		is            func(p *played) bool
	}{
		{"paidOff", paidOff, paidOff - 1, requests, func(p *played) bool { return p.finding("KA1061") != nil }},
		{"eachTime", eachTime, eachTime + 1, func(x int64) string { // the first had no session to resume
			return fmt.Sprintf("conn 40001..%d every 1\n0.000 $tls\n%s", 40000+x, once)
		}, func(p *played) bool { return p.finding("KA1061").Severity > Info }},
		{"refusedShare", 4*refusedShare - 3, 4*refusedShare - 4, func(x int64) string { // resumed, beside four that are not
			return fmt.Sprintf("conn 40001..40004 every 1\n0.000 $tls-refused\n%sconn 41001..%d every 1\n0.000 $tls-resumed\n%s", once, 41000+x, once)
		}, func(p *played) bool { return p.finding("KA1062") != nil }},
		{"manyHTTP2", manyHTTP2 - 1, manyHTTP2, func(x int64) string {
			return fmt.Sprintf("conn 40001..%d every 0.1\n0.000 $tls-h2\n0.006 > P. $request\n0.010 < P. $response\n", 40000+x)
		}, func(p *played) bool { return p.finding("KA1063") != nil }},
	} {
		without, with := play(t, tc.script(tc.without)), play(t, tc.script(tc.with))
		if tc.is(&without) || !tc.is(&with) {
			t.Errorf("%s: got %v at %d and %v at %d, want false and true", tc.name, tc.is(&without), tc.without, tc.is(&with), tc.with)
		}
	}
}

// TestHandshakesCost holds that full handshakes are told with what they cost.
func TestHandshakesCost(t *testing.T) {
	p := play(t, "conn 40001..40004 every 1\n0.000 $tls\n"+once)
	if f, want := p.finding("KA1061"), "100.0% (4 of 4); to resume 3 would have spared up to 6.0 ms of handshakes"; f == nil || !strings.HasSuffix(f.Title, want) {
		t.Errorf("got %s, want a title that ends in %q", summary(p.Diagnosis), want)
	}
}

// TestHandshakeFix holds that the fix of handshakes that fail is by what keeps them from
// their end, and that nobody is told to use connections again for them.
func TestHandshakeFix(t *testing.T) {
	const (
		hello  = `0.002 > P. "\x16\x03\x01\x00/\x01\x00\x00+\x03\x03rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\x00\x00\x02\xc0/\x01\x00\x00\x00"` + "\n"
		answer = `0.004 < P. "\x16\x03\x03\x00;\x02\x00\x00(\x03\x03ssssssssssssssssssssssssssssssss\x00\xc0/\x00\x00\x00\x0b\x00\x00\x07\x00\x00\x04\x00\x00\x01x\x0e\x00\x00\x00"` + "\n"
		ends   = "0.007 < F.\n0.008 > F.\n0.009 < .\n"
	)
	alert := func(by string, code int) string {
		return fmt.Sprintf(`0.006 %s P. "\x15\x03\x03\x00\x02\x02\x%02x"`+"\n", by, code)
	}
	for name, tc := range map[string]struct{ packets, want string }{
		"the server's certificate": {hello + answer + alert(">", 48) + ends, "serve a certificate"},
		"the client's certificate": {hello + answer + alert("<", 116) + ends, "give the client a certificate"},
		"the version":              {hello + alert("<", 70) + ends, "a version and a cipher suite in common"},
		"the cipher suite":         {hello + alert("<", 40) + ends, "a version and a cipher suite in common"},
		"the protocol":             {hello + alert("<", 120) + ends, "a protocol of ALPN in common"},
		"the name":                 {hello + alert("<", 112) + ends, "a name that the server knows"},
		"no TLS": {hello + `0.004 < P. "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request"` + "\n" + ends,
			"use https:// where the port speaks TLS"},
		"a certificate after the handshake": {"0.006 > P. $request\n0.007 < P. $notify\n" + ends, "give the client a certificate"},
		"nothing that is known":             {hello + alert("<", 80) + ends, "read the TLS error in the log"},
	} {
		open := "0.000 $open\n"
		if !strings.HasPrefix(tc.packets, hello) {
			open = "0.000 $tls\n"
		}
		p := play(t, "conn 40001..40005 every 1\n"+open+tc.packets)
		if len(p.Findings) != 1 || p.Findings[0].Rule != tlsFailed || !strings.Contains(p.Findings[0].Words(), tc.want) {
			t.Errorf("%s: got %s, want KA1060 alone and the fix %q", name, summary(p.Diagnosis), tc.want)
		}
	}
	var s scene
	s.add(1, 1, pile+100, 0, 0.02, "0.000 $open\n"+hello+alert("<", 70)+ends)
	for _, f := range s.judged(t).Findings {
		if f.Rule != tlsFailed && !strings.Contains(f.Words(), "KA1060") {
			t.Errorf("got %s with the fix %q, want none about connections that are used again", f.Title, f.Fix)
		}
	}
	if n := severities(s.judged(t)); len(n) < 2 {
		t.Errorf("got %v, want TIME_WAIT that piles up, too", n)
	}
}

// TestHandshakeFaultsHaveFixes holds that no fault is without its fix.
func TestHandshakeFaultsHaveFixes(t *testing.T) {
	for f := cause.UnknownFault + 1; f <= cause.NoTLS; f++ {
		if handshakeAdvice[f].Fix == "" {
			t.Errorf("fault %d has no fix", f)
		}
	}
}

// TestVerdictOverTLS holds that TLS without keys has a verdict wherever its records show
// requests, or that there was none.
func TestVerdictOverTLS(t *testing.T) {
	twelve := "conn 40001..40002 every 0.1\n0.000 $tls\n"
	for i := range 6 {
		twelve += fmt.Sprintf("%d.006 > P. $request\n%d.010 < P. $response\n", i, i)
	}
	for _, tc := range []struct {
		name, script string
		level        Level
		text         string
	}{
		{"connections that are used again", twelve, OK, "connections are reused: 12 requests on 2 connections, estimated"},
		{"one for each request", "conn 40001..40012 every 1\n0.000 $tls\n" + once, Problem, "a new connection"},
		{"HTTP/2", "0.000 $tls-h2\n0.006 > P. $request\n0.010 < P. $response\n", CannotTell, withKeys},
		{"HTTP/2 beside connections that are used again", twelve + "conn 41001\n0.000 $tls-h2\n0.006 > P. $request\n0.010 < P. $response\n",
			OK, "the requests of 1 connection cannot be read"},
		{"connections dialed ahead and left, beside one that is used", "conn 40001\n" + strings.TrimPrefix(twelve, "conn 40001..40002 every 0.1\n") +
			"conn 41001..41008\n0.001 $tls\n0.020 > P. $notify\n0.020 > F.\n0.021 < F.\n0.022 > .\n", OK, "too little traffic"},
		{"a handshake that fails", "0.000 $open\n0.002 > P. \"\\x16\\x03\\x01\\x00/\\x01\\x00\\x00+\\x03\\x03rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\\x00\\x00\\x02\\xc0/\\x01\\x00\\x00\\x00\"\n" +
			"0.003 < P. \"\\x15\\x03\\x03\\x00\\x02\\x02F\"\n0.004 < F.\n0.005 > F.\n0.006 < .\n", CannotTell, "TLS handshakes do not finish (1 of 1 connection)"},
	} {
		p := play(t, tc.script)
		if p.Verdict.Level != tc.level || !strings.Contains(p.Verdict.Text, tc.text) {
			t.Errorf("%s: got %v, %q, want %v with %q", tc.name, p.Verdict.Level, p.Verdict.Text, tc.level, tc.text)
		}
	}
}
