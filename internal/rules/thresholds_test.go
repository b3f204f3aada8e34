package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// finding returns the finding of a rule, nil if it did not fire.
func (p *played) finding(id string) *Finding {
	for i := range p.Findings {
		if p.Findings[i].Rule.ID == id {
			return &p.Findings[i]
		}
	}
	return nil
}

const (
	closesAfter = `conn 40001..40003 every 50
0.000 $open
0.002 > P. $get
0.010 < P. $ok
%.3f < F.
%.3[2]f > F.
%.3[2]f < .` // a server that says no name closes an idle connection at that time
	opened = "conn %d..%d every %.3f\n0.000 $open\n"
	used   = opened + "0.002 > P. $get\n0.010 < P. $ok\n"
)

// TestThresholds plays each threshold of the rules on both sides: at without
// something does not hold that holds at with.
func TestThresholds(t *testing.T) {
	for _, tc := range []struct {
		name          string
		without, with int64
		script        func(x int64) string
		is            func(p *played) bool
	}{
		{"manyClients", manyClients - 1, manyClients, func(x int64) string {
			var s strings.Builder
			for i := range x {
				fmt.Fprintf(&s, "conn %d..%d every 0.1\nclient 192.0.2.%d\n0.000 $open\n0.002 > P. $last\n0.010 < P. $bye\n0.011 < F.\n0.012 > F.\n0.013 < .\n",
					40000+10*i, 40003+10*i, 10+i)
			}
			return s.String()
		}, func(p *played) bool { return len(p.Findings) == 1 }},
		{"maxExamples", maxExamples - 1, maxExamples, func(x int64) string {
			return fmt.Sprintf("conn 40001..%d every 0.1\n0.000 $open\n0.002 > P. $last\n0.010 < P. $bye\n0.011 < F.\n0.012 > F.\n0.013 < .\n", 40000+x)
		}, func(p *played) bool { f := p.finding("KA1001"); return f != nil && len(f.Examples) == maxExamples }},
		{"lossyCapture", lossyCapture, lossyCapture - 1, func(x int64) string { // one of so many lacks bytes
			return fmt.Sprintf(used+"1.002 > P. $get\n1.010 < P. $ok\n", 40002, 40000+x, 0.1) +
				"conn 40001\n0.000 $open\n0.002 > P. $get\n0.010 > . ack 1041\n0.500 > F.\n0.501 < F. 1041:1041(0)\n0.502 > ."
		}, func(p *played) bool { return strings.Contains(p.Verdict.Text, "bytes are missing") }},
		{"shortTimeout", shortTimeout, shortTimeout - 1e6, func(x int64) string {
			at := 0.010 + float64(x)/1e9
			return fmt.Sprintf(used+"%.3f < F.\n%.3f > . ack 42\n%.3f > P. $get\n%.3f < R 42:42(0)", 40001, 40003, 7.0, at, at+.001, at+.5, at+.501)
		}, func(p *played) bool {
			return strings.Contains(p.finding("KA1042").Words(), "raise the keep-alive timeout")
		}},
		{"longestReadTimeout", longestReadTimeout + 1e9, longestReadTimeout, func(x int64) string {
			at := 0.010 + float64(x)/1e9
			return fmt.Sprintf(closesAfter, at, at+.001)
		}, func(p *played) bool { return p.finding("KA1009") != nil }},
		{"surelyReadTimeout, where it is a default", 5e9, 7e9, func(x int64) string {
			at := 0.010 + float64(x)/1e9
			return fmt.Sprintf(closesAfter, at, at+.001)
		}, func(p *played) bool { return p.finding("KA1009") != nil }},
		{"readTimeoutNear", 2030e6, 2020e6, func(x int64) string {
			at := 0.010 + float64(x)/1e9
			return fmt.Sprintf(closesAfter, at, at+.001)
		}, func(p *played) bool { return p.finding("KA1009") != nil }},
		{"longSilence", longSilence - 1e6, longSilence, func(x int64) string {
			at := 0.010 + float64(x)/1e9
			lost := used
			for _, d := range []float64{0, .2, .6, 1.4, 3} {
				lost += fmt.Sprintf("%.3f > P. 28:55(27) $get\n", at+d)
			}
			return fmt.Sprintf(lost, 40001, 40001, 1.0)
		}, func(p *played) bool { return strings.Contains(p.finding("KA1021").Title, "of idling") }},
		{"shortestPath", shortestPath, shortestPath + 1e6, func(x int64) string {
			at := 0.011 + float64(x)/1e9
			return fmt.Sprintf(used+"0.011 > .\n%.3f > . 27:27(0)\n%.3f < .", 40001, 40001, 1.0, at, at+.001)
		}, func(p *played) bool { return p.finding("KA1039") != nil }},
		{"byHand", byHand - 1, byHand, func(x int64) string {
			return fmt.Sprintf(opened+`0.002 > P. "GET / HTTP/1.1\r\nUser-Agent: curl/8\r\n\r\n"`+"\n0.010 < P. $ok\n0.011 > F.\n0.012 < F.\n0.013 > .", 40001, 40000+x, 0.1)
		}, func(p *played) bool { return p.finding("KA1014").Severity > Info }},
		{"longStall", longStall - 1e6, longStall, func(x int64) string {
			at := 0.011 + float64(x)/1e9
			return fmt.Sprintf("0.000 $open\n0.002 > P. $get\n0.010 < P. $part\n0.011 > . win 0\n0.411 < . 48:48(0)\n0.412 > . win 0\n%.3f > . win 65535\n", at)
		}, func(p *played) bool { return p.finding("KA1037").Severity > Info }},
		{"nextAddress", nextAddress + 1e6, nextAddress, func(x int64) string {
			at := float64(x) / 1e9
			return fmt.Sprintf("conn 40001\nclient 2001:db8::9\nserver [2001:db8::1]:80\n0.000 > S\n0.001 < R. 0:0(0) ack 1 win 0\nconn 40002\n%.3f $open\n%.3f > P. $get\n%.3f < P. $ok\n",
				at, at+.002, at+.01)
		}, func(p *played) bool { return strings.Contains(p.finding("KA1027").Title, "another of its addresses") }},
		{"firstRTO", firstRTO - 1e6, firstRTO, func(x int64) string {
			return fmt.Sprintf("conn 40001\n0.000 > S\nconn 40002\n%.3f > S\n", float64(x)/1e9)
		}, func(p *played) bool { return p.finding("KA1028") != nil }},
		{"lateShare", 300*lateShare/100 + 1, 300 * lateShare / 100, func(x int64) string { // of so many three open late
			return fmt.Sprintf(used, 41001, 41000+x-3, 0.01) +
				"conn 40001..40003 every 0.1\n0.000 > S 0:0(0)\n1.010 > S 0:0(0)\n1.0105 < S. 0:0(0) ack 1\n1.011 > . ack 1\n1.012 > P. $get\n1.020 < P. $ok\n"
		}, func(p *played) bool { return p.finding("KA1048").Severity > Info }},
		{"soonUsed", soonUsed - 1e6, soonUsed, func(x int64) string {
			return fmt.Sprintf("conn 40001..40003 every 0\n0.000 $open\nconn 41001\n%.3f > S\n", float64(x)/1e9)
		}, func(p *played) bool { return p.finding("KA1044") != nil }},
		{"leastUnused", leastUnused - 1, leastUnused, func(x int64) string {
			var s strings.Builder
			for i := range x {
				at := []float64{0, .13, .37, .41, .66, .72, .97, 1.31, 1.34, 1.87, 1.93}[i]
				fmt.Fprintf(&s, "conn %d\n%.3f $open\n%.3f > F.\n%.3f < F.\n%.3f > .\n", 40001+i, at, at+.002, at+.003, at+.004)
			}
			return s.String()
		}, func(p *played) bool { return p.finding("KA1044").Severity > Info }},
		{"manyUnused", 15, 14, func(x int64) string { // ten in so many seconds
			var s strings.Builder
			for i, at := range []float64{0, .13, .37, .41, .66, .72, .97, 1.31, 1.34, float64(x) - 5} {
				fmt.Fprintf(&s, "conn %d\n%.3f $open\n%.3f > F.\n%.3f < F.\n%.3f > .\n", 40001+i, at, at+.002, at+.003, at+.004)
			}
			return s.String()
		}, func(p *played) bool { return p.finding("KA1044").Severity > Info }},
		{"scanPorts", scanPorts - 1, scanPorts, func(x int64) string {
			var s strings.Builder
			for i := range x {
				fmt.Fprintf(&s, "conn %d\nserver 10.0.0.2:%d\n%.3f > S\n%.3f < R. 0:0(0) ack 1 win 0\n", 40001+i, 101+i, float64(i)/100, float64(i)/100+.001)
			}
			return s.String()
		}, func(p *played) bool { return p.finding("KA1046") != nil }},
		{"scanTries", scanTries + 1, scanTries, func(x int64) string {
			var s strings.Builder
			for i := range int64(scanPorts) {
				fmt.Fprintf(&s, "conn %d..%d every 0.1\nserver 10.0.0.2:%d\n0.000 > S\n0.001 < R. 0:0(0) ack 1 win 0\n", 40001+10*i, 40000+10*i+x, 101+i)
			}
			return s.String()
		}, func(p *played) bool { return p.finding("KA1046") != nil }},
		{"pile", pile - 1, pile, func(x int64) string {
			return fmt.Sprintf(opened+"0.0012 > P. $get\n0.0014 < P. $bye\n0.0016 < F.\n0.0018 > F.\n0.0020 < .\n", 1001, 1000+x, 0.001)
		}, func(p *played) bool { return p.finding("KA1033") != nil }},
		{"ShortestRate", ShortestRate - 1e6, ShortestRate, func(x int64) string { // at this rate 1,500 in 60 s
			return fmt.Sprintf(opened+"0.0012 > P. $get\n0.0014 < P. $bye\n0.0016 < F.\n0.0018 > F.\n0.0020 < .\nconn 41001\n%.3f > S\n", 1001, 1050, 0.03, float64(x)/1e9)
		}, func(p *played) bool { return p.finding("KA1033") != nil }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for x, want := range map[int64]bool{tc.without: false, tc.with: true} {
				p := play(t, tc.script(x))
				if got := tc.is(&p); got != want {
					t.Errorf("at %d (%v): got %v, want %v in\n%.2000s", x, time.Duration(x), got, want, summary(p.Diagnosis))
				}
			}
		})
	}
}

// TestRarely holds of which share of reused requests on a client is not said to need
// a connection for each.
func TestRarely(t *testing.T) {
	for requests, want := range map[uint32]bool{rarely - 1: false, rarely: true} { // one of so many is on a reused connection
		p := &cause.Pair{}
		for range requests - 2 {
			p.Records = append(p.Records, &cause.Record{Requests: 1})
		}
		p.Records = append(p.Records, &cause.Record{Requests: 2})
		if got := rarelyReused(p); got != want {
			t.Errorf("1 of %d requests is on a reused connection: got %v, want %v", requests, got, want)
		}
	}
}

// TestRemembered holds how many findings are remembered of connections that are no
// longer kept, and that the graver one of each subject is.
func TestRemembered(t *testing.T) {
	var many []Finding
	for i := range maxRemembered + 1 {
		many = append(many, Finding{Rule: Rules[0], Subject: fmt.Sprint(i), Connections: 1})
	}
	if got := len(Worst(nil, many[:maxRemembered])); got != maxRemembered {
		t.Errorf("got %d findings of %d", got, maxRemembered)
	}
	if got := len(Worst(nil, many)); got != maxRemembered {
		t.Errorf("got %d findings of %d, want %d", got, len(many), maxRemembered)
	}
	less, more := Finding{Rule: Rules[0], Subject: "x", Connections: 1}, Finding{Rule: Rules[0], Subject: "x", Connections: 2}
	for _, got := range [][]Finding{Worst([]Finding{less}, []Finding{more}), Worst([]Finding{more}, []Finding{less})} {
		if len(got) != 1 || got[0].Connections != 2 {
			t.Errorf("got %+v, want the graver one", got)
		}
	}
}
