package analyze_test

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// run analyzes a script: once with heads scanned beforehand, as a reader
// does, and once without, which must not make a difference.
func run(t *testing.T, opt analyze.Options, script string) *analyze.Result {
	t.Helper()
	var results [2]*analyze.Result
	var seen [2][]analyze.Connection
	for i := range results {
		segs := capturetest.Segments(t, script)
		if i == 1 {
			for j := range segs {
				segs[j].Note = flows.Note(httpparse.Scan(segs[j].Payload))
			}
		}
		a := analyze.New(opt)
		a.Apply(segs)
		results[i] = a.Finish(segs[0].Time, segs[len(segs)-1].Time)
		seen[i] = connections(results[i])
	}
	if diff := cmp.Diff(seen[0], seen[1], cmp.Comparer(sameAddr)); diff != "" {
		t.Fatalf("scanned beforehand (+) and not (-) differ:\n%s", diff)
	}
	return results[1]
}

func sameAddr(a, b fmt.Stringer) bool { return a.String() == b.String() }

func connections(r *analyze.Result) []analyze.Connection {
	all := make([]analyze.Connection, r.Len())
	for i := range all {
		r.Connection(i, &all[i])
	}
	return all
}

// since returns a time as milliseconds after the beginning of the script.
func since(ns int64) float64 {
	if ns == analyze.Unknown {
		return math.NaN()
	}
	return float64(ns-capturetest.Epoch) / 1e6
}

const opening = `
0.000 > S  0:0(0)
0.001 < S. 0:0(0) ack 1
0.003 > .  ack 1
`

const (
	get      = `"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"`
	ok       = `"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"`
	getClose = `"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"`
)

func TestMessages(t *testing.T) {
	for _, tc := range []struct {
		name, script, want string // requests/responses/interim protocol
	}{
		{"one exchange", `
0.010 > P. ` + get + `
0.020 < P. ` + ok, "1/1/0 http/1.1"},
		{"two requests in one segment", `
0.010 > P. "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
0.020 < P. "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"`, "2/2/0 http/1.1"},
		{"a head across segments", `
0.010 > P. "GET / HTT"
0.011 > P. "P/1.1\r\nHost: x\r\n"
0.012 > P. "\r\n"
0.020 < P. "HTTP/1.1 204 No Content\r\n\r"
0.021 < P. "\n"`, "1/1/0 http/1.1"},
		{"a response to HEAD has no body", `
0.010 > P. "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
0.020 < P. "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
0.030 > P. ` + get + `
0.040 < P. ` + ok, "2/2/0 http/1.1"},
		{"100 Continue is not final", `
0.010 > P. "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
0.020 < P. "HTTP/1.1 100 Continue\r\n\r\n"
0.030 > P. "hi"
0.040 < P. ` + ok, "1/1/1 http/1.1"},
		{"HTTP/1.0 until the close", `
0.010 > P. "GET / HTTP/1.0\r\n\r\n"
0.020 < P. "HTTP/1.0 200 OK\r\n\r\nbody"
0.030 < F.`, "1/1/0 http/1.0"},
		{"a websocket is not HTTP any more", `
0.010 > P. "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
0.020 < P. "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
0.030 > P. "GET /not-a-request HTTP/1.1\r\n\r\n"`, "1/1/0 websocket"},
		{"CONNECT makes a tunnel", `
0.010 > P. "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"
0.020 < P. "HTTP/1.1 200 OK\r\n\r\n"
0.030 > P. ` + get, "1/1/0 connect"},
		{"TLS", `
0.010 > P. "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"`, "-/-/- tls"},
		{"HTTP/2 with prior knowledge", `
0.010 > P. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"`, "0/0/0 h2c"},
		{"another protocol", `
0.010 < P. "220 mail ESMTP\r\n"
0.020 > P. "EHLO x\r\n"`, "0/0/0 other"},
		{"no data", ``, "0/0/0 "},
		{"bytes of a body are missing", `
0.010 > P. ` + get + `
0.020 < P. "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
0.021 < P. 45:50(5) "56789"
0.022 > .  ack 50
0.030 > P. ` + get + `
0.040 < P. ` + ok, "2/2/0 http/1.1"},
		{"a head is missing", `
0.010 > P. ` + get + `
0.021 < P. 100:142(42) ` + ok + `
0.022 > .  ack 142
0.030 > P. ` + get + `
0.040 < P. ` + ok, "2/2/0 http/1.1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := connections(run(t, analyze.Options{}, opening+tc.script))[0]
			got := fmt.Sprintf("%d/%d/%d %v", c.Requests, c.Responses, c.Interim, c.Protocol)
			got = strings.ReplaceAll(got, fmt.Sprint(int64(analyze.Unknown)), "-")
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestExchangeTimes(t *testing.T) {
	r := run(t, analyze.Options{Exchanges: true}, opening+`
0.010 > P. "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
0.012 > P. "hi"
0.062 < P. "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n12"
0.092 < P. "34"
0.100 > P. `+get+`
0.150 < P. `+ok)
	var got []string
	for _, e := range r.Exchanges() {
		got = append(got, fmt.Sprintf("%d %s %s %d at %.0f..%.0f, connect %d, server %d, transfer %d ms, packets %d %d",
			e.N, e.MethodName, e.Target, e.Status, since(e.RequestAt), since(e.DoneAt),
			e.ConnectTime/1e6, e.ServerTime()/1e6, e.TransferTime()/1e6, e.RequestPacket, e.ResponsePacket))
	}
	want := []string{
		"1 POST /a?b 200 at 10..92, connect 3, server 50, transfer 30 ms, packets 4 6",
		"2 GET /a?b=c 200 at 100..150, connect 0, server 50, transfer 0 ms, packets 8 9",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestIdleGaps(t *testing.T) {
	c := connections(run(t, analyze.Options{}, opening+`
0.010 > P. `+get+`
0.020 < P. `+ok+`
1.020 > P. `+get+`
1.030 < P. `+ok+`
4.030 > P. `+get+`
4.040 < P. `+ok+`
6.040 < F.`))[0]
	got := []int64{c.IdleP50 / 1e6, c.IdleMax / 1e6, c.IdleLast / 1e6}
	if want := []int64{2000, 3000, 2000}; !cmp.Equal(got, want) {
		t.Errorf("p50, max, last %v ms, want %v", got, want)
	}
}

// request is one exchange of a connection on a port, from begin to end in ms.
func request(port, begin, end int) string {
	return fmt.Sprintf(`
conn %d
%.3f > S  0:0(0)
%.3f < S. 0:0(0) ack 1
%.3f > .  ack 1
%.3f > P. %s
%.3f < P. %s
`, port, float64(begin)/1e3-0.003, float64(begin)/1e3-0.002, float64(begin)/1e3-0.001, float64(begin)/1e3, get, float64(end)/1e3, ok)
}

func TestPoolNeed(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		need, spare  int64
	}{
		{"one after the other", request(1, 10, 20) + request(2, 30, 40) + request(3, 50, 60), 1, 2},
		{"the next begins when the first ends", request(1, 10, 20) + request(2, 20, 30), 1, 1},
		{"in no time at all", request(1, 10, 10), 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := run(t, analyze.Options{}, tc.script).Totals
			if got.PoolNeed != tc.need || got.AvoidableConnections != tc.spare {
				t.Errorf("need %d, avoidable %d, want %d and %d", got.PoolNeed, got.AvoidableConnections, tc.need, tc.spare)
			}
			if want := tc.spare * 2e6; got.AvoidableHandshake != want {
				t.Errorf("handshake time wasted took %d ns, want %d", got.AvoidableHandshake, want)
			}
		})
	}
}

func TestPoolNeedOverlapping(t *testing.T) {
	got := run(t, analyze.Options{}, `
1: 0.001 > S  0:0(0)
1: 0.002 < S. 0:0(0) ack 1
1: 0.003 > .  ack 1
2: 0.004 > S  0:0(0)
2: 0.005 < S. 0:0(0) ack 1
2: 0.006 > .  ack 1
1: 0.010 > P. `+get+`
2: 0.011 > P. `+get+`
1: 0.020 < P. `+ok+`
2: 0.021 < P. `+ok).Totals
	if got.PoolNeed != 2 || got.AvoidableConnections != 0 {
		t.Errorf("need %d, avoidable %d, want 2 and 0", got.PoolNeed, got.AvoidableConnections)
	}
}

// TestPoolNeedGivenUp holds that an exchange that the client gave up in its response ends
// with its FIN, not with the RST that the rest of the response meets.
func TestPoolNeedGivenUp(t *testing.T) {
	head := strconv.Quote("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok")
	for _, tc := range []struct {
		name, before, after string
		need                int64
	}{
		{"closed in the response", "< P. " + head, "", 1},
		{"its side closed before the response", "", "< P. " + head, 2},
	} {
		script := ""
		for port := range 2 {
			at := func(ms int) string { return fmt.Sprintf("%d: %.3f ", port+1, float64(10*port+ms)/1e3) }
			script += at(1) + "> S 0:0(0)\n" + at(2) + "< S. 0:0(0) ack 1\n" + at(3) + "> . ack 1\n" + at(4) + "> P. " + get + "\n"
			if tc.before != "" {
				script += at(5) + tc.before + "\n"
			}
			script += at(6) + "> F.\n"
			if tc.after != "" {
				script += at(25) + tc.after + "\n"
			}
			script += at(30) + "< P. \"ok\"\n" + at(31) + "> R 9999:9999(0)\n"
		}
		if got := run(t, analyze.Options{}, inOrder(script)).Totals.PoolNeed; got != tc.need {
			t.Errorf("%s: got need %d, want %d", tc.name, got, tc.need)
		}
	}
}

// inOrder sorts the packets of a script by time.
func inOrder(script string) string {
	lines := strings.Split(strings.TrimSpace(script), "\n")
	slices.SortStableFunc(lines, func(x, y string) int { return strings.Compare(strings.Fields(x)[1], strings.Fields(y)[1]) })
	return strings.Join(lines, "\n")
}

func TestMidstreamRatio(t *testing.T) {
	got := run(t, analyze.Options{}, `
0.010 > P. 1000:1034(34) ack 500 `+get+`
0.020 < P. 500:541(41) ack 1034 `+ok+`
0.030 > P. `+get+`
0.040 < P. `+ok).Totals
	if got.Requests != 2 || got.ReusedRequests != 1 || got.ReuseRatio != 1 {
		t.Errorf("requests %d, reused %d, ratio %v; want 2, 1 and 1: the first request seen is left out", got.Requests, got.ReusedRequests, got.ReuseRatio)
	}
}

// closed is a connection on a port with one exchange that the client closes
// at a time in ms.
func closed(port, at int) string {
	s := float64(at) / 1e3
	return request(port, at-50, at-40) + fmt.Sprintf(`
%.3f > F.
%.3f < F.
%.3f > .
`, s, s+0.001, s+0.002)
}

func TestPopulation(t *testing.T) {
	got := run(t, analyze.Options{}, closed(1, 1000)+closed(2, 2000)+closed(3, 30000)+closed(4, 90000)).Totals.TimeWait
	if got.Closes != 4 || got.Client != 4 || got.Peak != 3 || got.AtEnd != 1 {
		t.Errorf("closes %d, client %d, peak %d, at end %d; want 4, 4, 3 and 1", got.Closes, got.Client, got.Peak, got.AtEnd)
	}
	if since(got.PeakAt) != 30001 {
		t.Errorf("peak at %.0f ms, want 30001", since(got.PeakAt))
	}
	if !math.IsNaN(got.SteadyState) {
		t.Errorf("steady state %v for a capture longer than TIME_WAIT, want none", got.SteadyState)
	}
	if got.PerfectPool != 1 {
		t.Errorf("perfect pool's peak %d, want 1", got.PerfectPool)
	}
	if len(got.Hosts) != 1 || got.Hosts[0].Peak != 3 {
		t.Errorf("hosts %+v, want the client alone with a peak of 3", got.Hosts)
	}
}

func TestSteadyState(t *testing.T) {
	got := run(t, analyze.Options{}, closed(1, 1000)+closed(2, 3000)+closed(3, 10950)).Totals.TimeWait
	if want := 3 * 60 / 10.005; math.Abs(got.SteadyState-want) > 0.01 {
		t.Errorf("steady state %v, want %v: 3 closes in 10.005 s", got.SteadyState, want)
	}
}

func TestInferredPolicies(t *testing.T) {
	script := ""
	for port := 1; port <= 3; port++ {
		script += request(port, 100*port, 100*port+10) + fmt.Sprintf("%.3f < F.\n", float64(100*port+10)/1e3+1)
	}
	got := run(t, analyze.Options{}, script).Servers[0]
	if got.ClosedFirst.Server != 3 {
		t.Errorf("closed first %+v; want the server, 3 times", got.ClosedFirst)
	}
}

func TestServerOption(t *testing.T) {
	script := request(1, 10, 20) + `
conn 2
server 10.9.9.9:81
0.100 > S  0:0(0)
0.101 < S. 0:0(0) ack 1
`
	all := run(t, analyze.Options{}, script)
	one := run(t, analyze.Options{Server: all.Servers[0].Server}, script)
	if all.Len() != 2 || one.Len() != 1 || one.Totals.Connections != 1 || one.Totals.SYN != 1 {
		t.Errorf("got %d and %d connections, %d SYN; want 2, 1 and 1", all.Len(), one.Len(), one.Totals.SYN)
	}
}

func TestServerOptionLeavesOthersOut(t *testing.T) {
	script := request(1, 10, 20) + `
conn 2
server 10.9.9.9:81
` + request(2, 30, 40) + `
0.100 < R 900000:900000(0)   # outside of the window
conn 81
client 10.9.9.9
` + request(81, 200, 210)
	one := run(t, analyze.Options{Server: netip.MustParseAddrPort("198.51.100.1:80"), Exchanges: true}, script)
	two := run(t, analyze.Options{Server: netip.MustParseAddrPort("10.9.9.9:81"), Exchanges: true}, script)
	if n := len(one.Exchanges()); n != 2 || one.Totals.IgnoredRSTs != 0 {
		t.Errorf("one server: %d exchanges and %d ignored RSTs, want 2 and 0", n, one.Totals.IgnoredRSTs)
	}
	if n := len(two.Exchanges()); n != 1 || two.Totals.IgnoredRSTs != 1 || two.Len() != 1 {
		t.Errorf("the other: %d exchanges, %d ignored RSTs and %d connections, want 1 each: who opens from its port is no server", n, two.Totals.IgnoredRSTs, two.Len())
	}
}

func TestStreaming(t *testing.T) {
	script := closed(1, 1000) + closed(2, 2000) + closed(3, 80000) + request(4, 90000, 90010)
	whole := connections(run(t, analyze.Options{}, script))
	var streamed []analyze.Connection
	a := analyze.New(analyze.Options{OnConnection: func(c *analyze.Connection) { streamed = append(streamed, *c) }})
	segs := capturetest.Segments(t, script)
	early := 0
	for i := range segs {
		a.Apply(segs[i : i+1])
		early = len(streamed)
	}
	r := a.Finish(segs[0].Time, segs[len(segs)-1].Time)
	if early != 2 {
		t.Errorf("%d connections left before the end, want the two whose TIME_WAIT was over", early)
	}
	if diff := cmp.Diff(whole, streamed, cmp.Comparer(sameAddr)); diff != "" {
		t.Errorf("streamed (+) and whole (-) differ:\n%s", diff)
	}
	if r.Totals.Connections != 4 || r.Totals.TimeWait.Peak != 2 {
		t.Errorf("%d connections, peak %d; want 4 and 2", r.Totals.Connections, r.Totals.TimeWait.Peak)
	}
}

// On a quiet link the clock says that a TIME_WAIT is over.
func TestStreamingQuiet(t *testing.T) {
	script := closed(1, 1000) + closed(2, 2000)
	whole := run(t, analyze.Options{}, script)
	segs := capturetest.Segments(t, script)
	first, last := segs[0].Time, segs[len(segs)-1].Time
	now := int64(0)
	var streamed []analyze.Connection
	a := analyze.New(analyze.Options{
		Clock:        func() int64 { return now },
		OnConnection: func(c *analyze.Connection) { streamed = append(streamed, *c) },
	})
	a.Apply(segs)
	for _, tt := range []struct {
		seconds int64 // after the last packet
		left    int
	}{{-10, 0}, {0, 0}, {59, 0}, {62, 2}} {
		now = last + tt.seconds*1e9
		if a.Apply(nil); len(streamed) != tt.left {
			t.Errorf("after %d s: %d connections left, want %d", tt.seconds, len(streamed), tt.left)
		}
	}
	if r := a.Finish(first, last); r.Last != whole.Last || !cmp.Equal(r.Totals, whole.Totals, cmp.Comparer(sameAddr), cmpopts.EquateNaNs()) {
		t.Errorf("got %+v, want %+v", r.Totals, whole.Totals)
	}
	if diff := cmp.Diff(connections(whole), streamed, cmp.Comparer(sameAddr)); diff != "" {
		t.Errorf("streamed (+) and whole (-) differ:\n%s", diff)
	}
}

// A connection that is over is kept in another form where connections are
// forgotten: messages that come for it after all count in either.
func TestDataAfterTheEnd(t *testing.T) {
	script := opening + `
0.010 > P. ` + getClose + `
0.020 < P. ` + ok + `
0.030 < R.
0.040 > P. ` + get + `
0.050 > R.
0.060 > P. ` + get + `
`
	whole := connections(run(t, analyze.Options{}, script))
	if got := whole[0].Requests; got != 3 {
		t.Fatalf("got %d requests, want 3", got)
	}
	var streamed []analyze.Connection
	a := analyze.New(analyze.Options{OnConnection: func(c *analyze.Connection) { streamed = append(streamed, *c) }})
	segs := capturetest.Segments(t, script)
	a.Apply(segs)
	a.Finish(segs[0].Time, segs[len(segs)-1].Time)
	if diff := cmp.Diff(whole, streamed, cmp.Comparer(sameAddr)); diff != "" {
		t.Errorf("streamed (+) and whole (-) differ:\n%s", diff)
	}
}

func TestStory(t *testing.T) {
	r := run(t, analyze.Options{Story: 1}, opening+`
0.010 > P. `+getClose+`
0.020 < P. `+ok+`
0.030 < F.
0.031 > F.
0.032 < .`)
	var got []string
	for _, e := range r.Story().Events {
		got = append(got, fmt.Sprintf("%d %v %v: %s", e.Num, e.FromClient, e.Flags, strings.Join(e.Means, "; ")))
	}
	want := []string{
		"1 true S: SYN",
		"2 false S.: SYN-ACK",
		"3 true .: handshake complete, round trip 3.000 ms",
		"4 true P.: request 1: GET /",
		"5 false P.: response 1: 200; response 1 complete",
		"6 false F.: FIN, server closes first, will hold TIME_WAIT",
		"7 true F.: FIN, client closes second",
		"8 false .: ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestManyGaps(t *testing.T) {
	var b strings.Builder
	b.WriteString(opening)
	at := 0.010
	for i := range 1000 {
		fmt.Fprintf(&b, "%.3f > P. %s\n%.3f < P. %s\n", at, get, at+0.001, ok)
		at += 0.001 + float64(i%10+1)/1e3
	}
	c := connections(run(t, analyze.Options{}, b.String()))[0]
	if c.Requests != 1000 || c.IdleMax != 10e6 {
		t.Errorf("%d requests, longest gap %d ns", c.Requests, c.IdleMax)
	}
	if c.IdleP50 < 4e6 || c.IdleP50 > 7e6 {
		t.Errorf("median gap %d ns, want about 5 ms", c.IdleP50)
	}
}

func TestHandshakeNames(t *testing.T) {
	r := run(t, analyze.Options{}, `
conn 1
0.000 > S  0:0(0)
0.001 < R. 0:0(0) ack 1 win 0
conn 2
0.010 > S  0:0(0)
1.010 > S  0:0(0)`)
	all := connections(r)
	if all[0].Handshake != flows.HandshakeRefused || all[1].Handshake != flows.HandshakeUnanswered || all[1].SYNRetransmissions != 1 {
		t.Errorf("got %v and %v with %d retransmissions", all[0].Handshake, all[1].Handshake, all[1].SYNRetransmissions)
	}
	if r.Totals.Refused != 1 || r.Totals.Unanswered != 1 || r.Totals.TimeWait.Closes != 0 {
		t.Errorf("totals %+v", r.Totals)
	}
}
