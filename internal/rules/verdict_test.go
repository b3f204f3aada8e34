package rules

import (
	"strings"
	"testing"
)

// TestVerdict shows what a capture must hold to be judged: a rule that lacks it
// abstains, and does not say that all is well.
func TestVerdict(t *testing.T) {
	const closes = `
conn 40001..40004 every 1
0.000 $open
0.002 > P. $get
0.010 < P. $bye
0.011 < F.
0.012 > F.
0.013 < .`
	for _, tc := range []struct {
		name, script string
		level        Level
		text         string // a part of it
		abstain      Needs  // rules with one of these needs
	}{
		{"all there", closes, Problem, "closes after every response", Probed},
		{"over loopback, and either side closed", `
conn 40001..40003 every 1
client 127.0.0.1
server 127.0.0.1:8080
0.000 $open
0.002 > P. $get
0.010 < P. $bye
0.011 < F.
0.012 > F.
0.013 < .
conn 40004
client 127.0.0.1
server 127.0.0.1:8080
4.000 $open
4.002 > P. $get
4.010 < P. $bye
4.011 > F.
4.012 < F.
4.013 > .`, Problem, "127.0.0.1:8080 closes after every response; 127.0.0.1 holds up to 4 TIME_WAIT", Probed},
		{"reused", `
0.000 $open
0.002 > P. $get
0.010 < P. $ok
1.002 > P. $get
1.010 < P. $ok`, OK, "too little traffic to judge reuse (2 requests)", Probed},
		{"hardly reused, and hardly used", `
conn 40001..40003 every 600
0.000 $open
0.002 > P. $get
0.010 < P. $ok
1.002 > P. $get
1.010 < P. $ok
1.020 > F.
1.021 < F.
1.022 > .`, OK, "too little traffic to judge reuse (6 requests)", Probed},
		{"the client's packets only", without(closes, "<"), CannotTell, "only one direction", BothSides | Probed},
		{"the server's packets only", without(closes, ">"), CannotTell, "only one direction", BothSides | HTTP | Probed},
		{"begun in the middle, one request each", `
conn 40001..40003 every 1
0.002 > P. $get
0.010 < P. $ok
0.011 > F.
0.012 < F.
0.013 > .`, CannotTell, "the opening of no connection was captured", Opening | Probed},
		{"begun in the middle, reused", `
0.002 > P. $get
0.010 < P. $ok
0.011 > .
1.002 > P. $get
1.010 < P. $ok`, OK, "too little traffic to judge reuse", Opening | Probed},
		{"begun in the middle, packets with data alone", `
0.002 > P. $get
0.010 < P. $ok
1.002 > P. $get
1.010 < P. $ok`, CannotTell, "only packets with data were captured", Opening | Probed},
		{"begun in the middle, and nothing said", `
0.010 < .
9.010 > .`, CannotTell, "the opening of no connection was captured", Opening | HTTP | Messages | Probed},
		{"half of the responses lost by the capture", `
conn 40001..40003 every 1
0.000 $open
0.002 > P. $get
0.010 > . ack 1041
0.500 > F.
0.501 < F. 1041:1041(0)
0.502 > .`, CannotTell, "bytes are missing", Whole | Probed},
		{"packets with SYN, FIN or RST alone", `
conn 40001..40003 every 1
0.000 > S
0.001 < S.
0.500 < F. 91:91(0) ack 60
0.501 > F. 60:60(0) ack 92`, CannotTell, "bytes are missing from many connections; capture with a larger buffer (tcpdump -B 65536), all of each packet (-s 0) and no filter on TCP flags", Whole | HTTP | Messages | Probed},
		{"a few bytes lost", `
0.000 $open
0.002 > P. $get
0.010 < P. 1:2001(2000) "HTTP/1.1 200 OK\r\nContent-Length: 2050\r\n\r\n"
0.011 < P. 2051:2092(41)
0.012 > .
1.002 > P. $get
1.010 < P. $ok`, OK, "too little traffic to judge reuse", Probed},
		{"reused, beside TLS", `
conn 40001
0.000 $open
0.002 > P. $get
0.010 < P. $ok
1.002 > P. $get
1.010 < P. $ok
conn 40002
0.000 $open
0.002 > P. "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
0.003 < P. "\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"
0.004 > P. "\x17\x03\x03\x00\x05abcde"`, OK, "too little traffic to judge reuse (2 requests); the requests of 1 connection cannot be read", Probed},
		{"one reused, beside more TLS", `
conn 40001
0.000 $open
0.002 > P. $get
0.010 < P. $ok
1.002 > P. $get
1.010 < P. $ok
conn 40002..40003
0.000 $open
0.002 > P. "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
0.003 < P. "\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"
0.004 > P. "\x17\x03\x03\x00\x05abcde"`, CannotTell, "the requests of 2 of 3 connections cannot be read: they are encrypted, and their TLS records do not show where one begins (HTTP/2, another protocol, or captured from the middle); capture with a key log (SSLKEYLOGFILE, --tls-keylog), or between the TLS terminator and its backend, if there is one; the others: too little traffic to judge reuse (2 requests)", Probed},
		{"one server reused, another one's requests encrypted", `
conn 40001
0.000 $open
0.002 > P. $get
0.010 < P. $ok
1.002 > P. $get
1.010 < P. $ok
conn 40002..40004
server 198.51.100.2:443
0.000 $open
0.002 > P. "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
0.003 < P. "\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"
0.004 > P. "\x17\x03\x03\x00\x05abcde"`, OK, "too little traffic to judge reuse (2 requests); 198.51.100.2:443 cannot be judged (encrypted)", Probed},
		{"of one server one direction", `
conn 40001
0.000 $open
0.002 > P. $get
0.010 < P. $ok
1.002 > P. $get
1.010 < P. $ok
conn 40002..40004
server 198.51.100.2:80
0.000 > S
0.001 > .
0.002 > P. $get
0.100 > F.`, OK, "too little traffic to judge reuse (2 requests); 198.51.100.2:80 cannot be judged (only one direction was captured)", Probed},
		{"a problem beside what is encrypted", closes + `
conn 50002..50009
server 198.51.100.2:443
0.000 $open
0.002 > P. "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
0.003 < P. "\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"
0.004 > P. "\x17\x03\x03\x00\x05abcde"
conn 50012..50013
server 198.51.100.3:443
0.000 $open
0.002 > P. "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
0.003 < P. "\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"
0.004 > P. "\x17\x03\x03\x00\x05abcde"
conn 50022..50023
server 198.51.100.4:443
0.000 $open
0.002 > P. "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
0.003 < P. "\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"
0.004 > P. "\x17\x03\x03\x00\x05abcde"`, Problem, "4 TIME_WAIT; 198.51.100.2:443, 198.51.100.3:443 and 1 more server cannot be judged (encrypted)", Probed},
		{"TLS and HTTP/2", `
conn 40001
0.000 $open
0.002 > P. "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"
0.003 < .
conn 40002
0.000 $open
0.002 > P. "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
0.003 < P. "\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"`, CannotTell, "they are encrypted or HTTP/2; capture with a key log (SSLKEYLOGFILE, --tls-keylog), or between the TLS terminator and its backend", HTTP | Messages | Probed},
		{"heads cut", `
conn 40001..40003 every 1
0.000 $open
0.002 > P. 1:200(199) "GET / HTTP/1.1\r\n" cut 3
0.003 < P. 1:200(199) "HTTP/1.1 200 OK\r\n" cut 17
0.004 > .`, CannotTell, "cannot be read: they are cut or not captured; capture all of each packet", HTTP | Messages | Probed},
		{"closed after errors alone", strings.ReplaceAll(closes, "$bye", `"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"`),
			Problem, "closes after error responses", Probed},
		{"health checks that only connect", `
conn 30000
0.000 $open
0.002 > P. $get
0.010 < P. $ok
9.002 > P. $get
9.010 < P. $ok
conn 40001..40020 every 0.4
0.100 $open
0.101 > R.`, OK, "too little traffic to judge reuse", Probed},
		{"connections for nothing, at any time", `
conn 30000
0.000 $open
0.002 > P. $get
0.010 < P. $ok
9.002 > P. $get
9.010 < P. $ok
conn 40001..40010 every 0.31
0.100 $open
0.101 > R.
conn 41001..41010 every 0.47
0.400 $open
0.401 > R.`, Problem, "that it does not use", Probed},
		{"TLS", `
conn 40001..40003 every 1
0.000 $open
0.002 > P. "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
0.003 < P. "\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"
0.004 > P. "\x17\x03\x03\x00\x05abcde"
0.005 < P. "\x17\x03\x03\x00\x05abcde"
0.006 > F.
0.007 < F.
0.008 > .`, CannotTell, "they are encrypted", HTTP | Messages | Probed},
		{"another protocol", `
0.000 $open
0.002 < P. "220 mail\r\n"
0.003 > P. "QUIT\r\n"
0.004 < F.
0.005 > F.`, CannotTell, "no HTTP request was captured, but another protocol (1 of 1 connection)", HTTP | Messages | Probed},
		{"nothing but connections", `
0.000 $open
9.000 > F.
9.001 < F.
9.002 > .`, CannotTell, "no HTTP request was captured", HTTP | Messages | Probed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := play(t, tc.script)
			if p.Verdict.Level != tc.level || !strings.Contains(p.Verdict.Text, tc.text) {
				t.Errorf("got %v: %s, want %v with %q", p.Verdict.Level, p.Verdict.Text, tc.level, tc.text)
			}
			for _, j := range p.Judged {
				if got, want := j.Lacks != "", j.Rule.Needs&(tc.abstain|OtherEnd) != 0; got != want {
					t.Errorf("%s abstains: %v (%s), want %v", j.Rule.ID, got, j.Lacks, want)
				}
				if j.Lacks != "" && j.Findings > 0 {
					t.Errorf("%s abstains, and has %d findings", j.Rule.ID, j.Findings)
				}
			}
			if t.Failed() {
				t.Logf("in all:\n%s", summary(p.Diagnosis))
			}
		})
	}
}

// without drops the packets of one direction.
func without(script, direction string) string {
	var kept []string
	for line := range strings.Lines(script) {
		switch f := strings.Fields(line); {
		case len(f) > 1 && f[1] == direction:
		case len(f) > 1 && f[1] == "$open" && direction == "<":
			kept = append(kept, f[0]+" > S\n", "0.001 > . 1:1(0) ack 1\n")
		case len(f) > 1 && f[1] == "$open":
			kept = append(kept, f[0]+" < S. 0:0(0) ack 1\n")
		default:
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
