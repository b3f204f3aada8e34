package analyze_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// tellServer says how a server answered, times in ms.
func tellServer(s *analyze.ServerSummary) string {
	x := &s.Times
	ms := func(ns int64) string {
		if ns == analyze.Unknown {
			return "-"
		}
		return fmt.Sprintf("%.4g", float64(ns)/1e6)
	}
	if s.ByClass[0] == analyze.Unknown {
		return fmt.Sprintf("unknown, %d times", x.Count)
	}
	return fmt.Sprintf("%v, %d times: %s %s %s %s %s", s.ByClass, x.Count, ms(x.P50), ms(x.P90), ms(x.P95), ms(x.P99), ms(x.Max))
}

// TestResponses counts responses by class, and how long they took.
func TestResponses(t *testing.T) {
	const brief = `"GET / HTTP/1.1\r\nHost: x\r\n\r\n"`
	status := func(s string) string { return `"HTTP/1.1 ` + s + `\r\nContent-Length: 0\r\n\r\n"` }
	for _, c := range []struct{ name, script, want string }{
		{"each class", opening + `
0.100 > P. ` + brief + `
0.110 < P. ` + status("200 OK") + `
0.200 > P. ` + brief + `
0.220 < P. ` + status("302 Found") + `
0.300 > P. ` + brief + `
0.330 < P. ` + status("404 Not Found") + `
0.400 > P. ` + brief + `
0.440 < P. ` + status("503 Service Unavailable"), "[0 1 1 1 1], 4 times: 20.09 40 40 40 40"}, // 2 digits
		{"an interim response has no time", opening + `
0.100 > P. "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
0.110 < P. "HTTP/1.1 100 Continue\r\n\r\n"
0.120 > P. "hi"
0.150 < P. ` + status("201 Created"), "[1 1 0 0 0], 1 times: 30 30 30 30 30"},
		{"answered before the request is whole", opening + `
0.100 > P. "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
0.110 < P. ` + status("413 Content Too Large") + `
0.120 > P. "hi"`, "[0 0 0 1 0], 0 times: - - - - -"},
		{"101 is final", opening + `
0.100 > P. "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
0.105 < P. "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"`, "[1 0 0 0 0], 1 times: 5 5 5 5 5"},
		{"the request was not captured", `
0.110 < P. 1000:1038(38) ack 1000 ` + status("200 OK") + `
0.200 > P. 1000:1027(27) ack 1038 ` + brief + `
0.220 < P. ` + status("500 No"), "[0 1 0 0 1], 1 times: 20 20 20 20 20"},
		{"streams of HTTP/2, one refused and one without its end", opening + h2Script(t, `
0.010 > P. h2(preface get:1 get:3 post:5)
0.020 < P. h2(settings head:3)
0.030 < P. h2(end:3 reset:1:7)
0.040 > P. h2(end:5)
0.060 < P. h2(ok:5)`), "[0 2 0 0 0], 2 times: 10.05 20 20 20 20"},
		{"TLS", opening + `
0.010 > P. "\x16\x03\x01\x00\x04\x01\x00\x00\x00"`, "unknown, 0 times"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, analyze.Options{}, c.script)
			if got := tellServer(&r.Servers[0]); len(r.Servers) != 1 || got != c.want {
				t.Errorf("got %d servers, %s; want %s", len(r.Servers), got, c.want)
			}
			if r.Totals.ByClass != r.Servers[0].ByClass {
				t.Errorf("got %v in all, %v at the server", r.Totals.ByClass, r.Servers[0].ByClass)
			}
		})
	}
}

// asked returns a connection to a server with requests that took so long, in µs.
func asked(server string, micros []int64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "server %s\n0 > S\n0 < S.\n0 > .\n", server)
	at := 1e3
	for _, n := range micros {
		fmt.Fprintf(&b, "%.6f > P. \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\"\n", at/1e6)
		at += float64(n)
		fmt.Fprintf(&b, "%.6f < P. \"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n", at/1e6)
		at += 10
	}
	return b.String()
}

// TestServerTimes compares quantiles with the exact ones, for few times and for many, short
// and long ones.
func TestServerTimes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 19, 20, 100, 256, 257, 3000} {
		for _, spread := range []float64{0, 0.3, 2} {
			times := make([]int64, n)
			for i := range times {
				times[i] = int64(math.Exp(8 + spread*random.NormFloat64()))
			}
			r := run(t, analyze.Options{}, asked("10.0.0.2:80", times))
			x := &r.Servers[0].Times
			slices.Sort(times)
			if x.Count != int64(n) || x.Max != times[n-1]*1000 {
				t.Errorf("%d times: got %d, the longest %d ns, want %d us", n, x.Count, x.Max, times[n-1])
			}
			for _, q := range []struct {
				percent float64
				got     int64
			}{{50, x.P50}, {90, x.P90}, {95, x.P95}, {99, x.P99}} {
				rank := q.percent / 100 * float64(n)
				least, most := times[max(0, int(math.Round(rank))-1)], times[min(n-1, max(0, int(math.Ceil(rank))-1))]
				if got := float64(q.got) / 1000; got < float64(min(least, most)) || got > float64(max(least, most))*1.01+1 {
					t.Errorf("%d times, spread %g: p%g is %g us, want %d to %d", n, spread, q.percent, got, least, most)
				}
			}
		}
	}
}

// TestManyServersTimed keeps the times of the busiest servers alone, also where they come
// late, and says of the others that they are not known.
func TestManyServersTimed(t *testing.T) {
	a := analyze.New(analyze.Options{Limits: analyze.Limits{Pairs: 1 << 20, Servers: 1 << 20, Hosts: 1 << 20, Timed: 40}})
	last := int64(0)
	for i := range 200 {
		n := 1
		if i >= 190 {
			n = 300 // with counts
		}
		segs := capturetest.Segments(t, asked(fmt.Sprintf("10.0.1.%d:80", i), slices.Repeat([]int64{1500}, n)))
		for j := range segs {
			segs[j].Time += int64(i) * 1e9
			last = segs[j].Time
		}
		a.Apply(segs)
	}
	soFar := a.ResultSoFar(0, last, nil)
	r := a.Finish(0, last)
	for _, r := range []*analyze.Result{soFar, r} {
		timed, lost, busy := 0, 0, 0
		for i := range r.Servers {
			x := &r.Servers[i]
			if x.ByClass[1] != x.Requests {
				t.Fatalf("%v: got %v of %d responses", x.Server, x.ByClass, x.Requests)
			}
			if x.TimesLost {
				lost++
			}
			if x.Times.Count > 0 {
				timed++
			}
			if x.Times.Count == 300 && x.Times.P50 == 1_500_000 {
				busy++
			}
		}
		if timed != 40 || lost != 160 || busy != 10 {
			t.Errorf("got %d servers with times, %d without, %d busy ones; want 40, 160, 10", timed, lost, busy)
		}
	}
	if m := a.Memory(); m.Rows > 1<<20 {
		t.Errorf("the rows take %d bytes", m.Rows)
	}
}
