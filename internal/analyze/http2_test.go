package analyze_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// h2Script replaces h2(...) by the frames that it stands for.
func h2Script(t *testing.T, script string) string {
	t.Helper()
	return regexp.MustCompile(`h2\([^)]*\)`).ReplaceAllStringFunc(script, func(s string) string {
		payload, err := capturetest.HTTP2(s[3 : len(s)-1])
		if err != nil {
			t.Fatal(err)
		}
		return payload
	})
}

// tellH2 tells what HTTP/2 shows of a connection.
func tellH2(c *analyze.Connection) string {
	if c.HTTP2 == nil {
		return fmt.Sprintf("%v %d/%d", c.Protocol, c.Requests, c.Responses)
	}
	x := c.HTTP2
	s := fmt.Sprintf("%v %d/%d/%d, streams %d-%d most %d", c.Protocol, c.Requests, c.Responses, c.Interim, x.StreamsOpened, x.StreamsRefused, x.MostAtOnce)
	if c.HTTPUnknown {
		s = c.Protocol.String() + " unknown"
	}
	if x.Failed+x.Abandoned > 0 {
		s += fmt.Sprintf(", failed %d abandoned %d", x.Failed, x.Abandoned)
	}
	if x.GRPCCalls > 0 {
		s += fmt.Sprintf(", gRPC %d failed %d", x.GRPCCalls, x.GRPCFailed)
	}
	if x.KeepAlivePings+x.OtherPings > 0 {
		s += fmt.Sprintf(", pings %d/%d", x.KeepAlivePings, x.OtherPings)
	}
	if g := x.GoAway; g.By != analyze.Nobody {
		s += fmt.Sprintf(", goaway by %v last %d %v %q open %d after %d", g.By, g.LastStream, g.Code, g.Debug, g.Open, g.After)
	}
	if x.Lost {
		s += ", lost"
	}
	if n := c.Evidence.Outstanding; n > 0 {
		s += fmt.Sprintf(", outstanding %d", n)
	}
	return s
}

func TestHTTP2(t *testing.T) {
	const begin = `
0.010 > P. h2(preface)
0.011 < P. h2(settings:100)`
	for _, tc := range []struct{ name, script, want string }{
		{"requests one after the other, and idle times", begin + `
0.020 > P. h2(get:1)
0.030 < P. h2(ok:1)
0.040 > P. h2(get:3)
0.050 < P. h2(ok:3)`, "h2c 2/2/0, streams 2-0 most 1"},
		{"several at once, which end in another order", begin + `
0.020 > P. h2(get:1 get:3 get:5)
0.030 < P. h2(head:3 head:1)
0.040 < P. h2(end:3)
0.050 < P. h2(ok:5 end:1)`, "h2c 3/3/0, streams 3-0 most 3"},
		{"an upload, and its response", begin + `
0.020 > P. h2(post:1 data:1)
0.021 > P. h2(end:1)
0.030 < P. h2(ok:1)`, "h2c 1/1/0, streams 1-0 most 1"},
		{"refused by RST_STREAM", begin + `
0.020 > P. h2(get:1 get:3)
0.030 < P. h2(ok:1 reset:3:7)`, "h2c 1/1/0, streams 2-1 most 2"},
		{"above the last stream of GOAWAY, before and after it", begin + `
0.020 > P. h2(get:1 get:3)
0.030 < P. h2(goaway:1 ok:1)
0.031 > P. h2(get:5)`, "h2c 1/1/0, streams 3-2 most 2, goaway by server last 1 NO_ERROR \"\" open 2 after 1"},
		{"a GOAWAY that is made exact", begin + `
0.020 > P. h2(get:1)
0.030 < P. h2(goaway:2147483647:0:max_age)
0.031 > P. h2(get:3)
0.040 < P. h2(goaway:3 ok:1 ok:3)`, "h2c 2/2/0, streams 2-0 most 2, goaway by server last 3 NO_ERROR \"max_age\" open 1 after 1"},
		{"too many PINGs", begin + `
0.020 > P. h2(get:1)
0.030 < P. h2(ok:1)
1.030 > P. h2(ping)
1.031 < P. h2(ping:ack)
2.030 > P. h2(ping)
2.031 < P. h2(goaway:1:11:too_many_pings)`, "h2c 1/1/0, streams 1-0 most 1, pings 2/0, goaway by server last 1 ENHANCE_YOUR_CALM \"too_many_pings\" open 0 after 0"},
		{"cancelled, as Go does", begin + `
0.020 > P. h2(get:1)
2.030 > P. h2(reset:1:8 ping)
2.031 < P. h2(ping:ack)
2.040 > P. h2(get:3)
2.050 < P. h2(head:3 reset:3:2)`, "h2c 2/1/0, streams 2-0 most 1, failed 1 abandoned 1, pings 0/1"},
		{"gRPC, one call of which fails", begin + `
0.020 > P. h2(post:1 end:1)
0.030 < P. h2(call:1 data:1 grpc:1:0)
0.040 > P. h2(post:3 end:3)
0.050 < P. h2(call:3 grpc:3:14)`, "h2c 2/2/0, streams 2-0 most 1, gRPC 2 failed 1"},
		{"one is under way at the end", begin + `
0.020 > P. h2(get:1)
0.030 < P. h2(head:1 data:1)`, "h2c 1/1/0, streams 1-0 most 1, outstanding 1"},
		{"by Upgrade: the request is stream 1", `
0.010 > P. "GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
0.020 < P. "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
0.021 > P. h2(preface)
0.030 < P. h2(settings ok:1)
0.040 > P. h2(get:3)
0.050 < P. h2(ok:3)`, "h2c 2/2/1, streams 2-0 most 1"},
		{"by Upgrade, the response in the same packet", `
0.010 > P. "GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
0.020 < P. "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x01\x01\x05\x00\x00\x00\x01\x88"
0.021 > P. h2(preface)`, "h2c 1/1/1, streams 1-0 most 1"},
		{"not what the preface promises", `
0.010 > P. "PRI * HTTP/2.0\r\n\r\nXX"`, "h2c unknown, lost"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := connections(run(t, analyze.Options{}, opening+h2Script(t, tc.script)))[0]
			if got := tellH2(&c); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// A pair needs as many connections as the streams at once take, by what the server allows.
func TestHTTP2PoolNeed(t *testing.T) {
	for _, tc := range []struct {
		connections, streams, limit int
		need                        int64
	}{
		{1, 5, 0, 1}, {3, 2, 0, 1}, {3, 2, 2, 3}, {3, 2, 4, 2}, {2, 60, 0, 2}, {2, 50, 0, 1}, {1, 9, 2, 1},
	} {
		var get, ok strings.Builder
		for i := range tc.streams {
			fmt.Fprintf(&get, " get:%d", 2*i+1)
			fmt.Fprintf(&ok, " ok:%d", 2*i+1)
		}
		settings := "settings"
		if tc.limit > 0 {
			settings = fmt.Sprintf("settings:%d", tc.limit)
		}
		script := ""
		for _, packet := range []string{"0.000 > S 0:0(0)", "0.001 < S. 0:0(0) ack 1", "0.002 > . ack 1", "0.010 > P. h2(preface" + get.String() + ")", "0.020 < P. h2(" + settings + ok.String() + ")"} {
			for i := range tc.connections {
				script += fmt.Sprintf("%d: %s\n", 40000+i, packet)
			}
		}
		r := run(t, analyze.Options{}, h2Script(t, script))
		if got := r.Totals.PoolNeed; got != tc.need || r.Totals.Requests != int64(tc.connections*tc.streams) {
			t.Errorf("%d connections with %d streams at once, %d allowed: got need %d, %d requests, want %d, %d", tc.connections, tc.streams, tc.limit,
				got, r.Totals.Requests, tc.need, tc.connections*tc.streams)
		}
	}
}

// A story tells what the frames of each packet mean.
func TestHTTP2Story(t *testing.T) {
	r := run(t, analyze.Options{Story: 1}, opening+h2Script(t, `
0.010 > P. h2(preface get:1 get:3)
0.020 < P. h2(settings head:3)
0.030 < P. h2(end:3 reset:1:7 ping)
0.040 < P. h2(goaway:3)`))
	var got []string
	for _, e := range r.Story().Events[3:] {
		got = append(got, strings.Join(e.Means, "; "))
	}
	want := []string{
		"SETTINGS; request 1: GET /; request 2: GET /",
		"SETTINGS; response 2: 200",
		"response 2 complete; request 1 reset: REFUSED_STREAM; PING",
		"GOAWAY: last stream 3, NO_ERROR",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got (-), want (+)\n%s", diff)
	}
}

// Exchanges of streams have their own times, in the order of their requests; a stream
// that is refused has none.
func TestHTTP2Exchanges(t *testing.T) {
	r := run(t, analyze.Options{Exchanges: true}, opening+h2Script(t, `
0.010 > P. h2(preface get:1 get:3 post:5)
0.020 < P. h2(settings head:3)
0.030 < P. h2(end:3 reset:1:7)
0.040 > P. h2(end:5)
0.060 < P. h2(ok:5)`))
	var got []string
	for _, e := range r.Exchanges() {
		got = append(got, fmt.Sprintf("%d on %d: %s %s %d, %d %d ms, packets %d %d", e.N, e.Stream, e.MethodName, e.Target, e.Status,
			e.ServerTime()/1e6, e.TransferTime()/1e6, e.RequestPacket, e.ResponsePacket))
	}
	want := []string{
		"2 on 3: GET / 200, 10 10 ms, packets 4 5",
		"3 on 5: POST / 200, 20 0 ms, packets 4 8",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got (-), want (+)\n%s", diff)
	}
}

// More streams are open at once than are remembered: all are counted, and told once.
func TestHTTP2ManyStreams(t *testing.T) {
	const n = 4100
	var get, head, end strings.Builder
	for i := range n {
		fmt.Fprintf(&get, " get:%d", 2*i+1)
		fmt.Fprintf(&head, " head:%d", 2*i+1)
		fmt.Fprintf(&end, " end:%d", 2*i+1)
	}
	r := run(t, analyze.Options{}, opening+h2Script(t, `
0.010 > P. h2(preface`+get.String()+`)
0.020 < P. h2(settings`+head.String()+`)
0.030 < P. h2(`+end.String()+`)
0.040 > P. h2(get:9001)
0.050 < P. h2(ok:9001)`))
	c := connections(r)[0]
	if got, want := tellH2(&c), "h2c 4101/4101/0, streams 4101-0 most 4100"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(r.GivenUp) != 1 || r.GivenUp[0].What != analyze.GaveUpStreams || r.GivenUp[0].Count != 4 {
		t.Errorf("got %+v, want 4 streams given up", r.GivenUp)
	}
}

// A connection whose beginning was not captured is read from the first frame that is found;
// bytes that are missing later hide the frames in them alone.
func TestHTTP2Gaps(t *testing.T) {
	for _, tc := range []struct{ name, script, want string }{
		{"midstream", `
40001: 0.000 > P. 100:112(12) ack 500 h2(get:101)
40001: 0.010 < P. 500:521(21) ack 112 h2(ok:101)
40001: 0.020 > P. 112:124(12) ack 521 h2(get:103)
40001: 0.030 < P. 521:542(21) ack 124 h2(ok:103)`, "h2c 2/2/0, streams 2-0 most 1"},
		{"a request and its response are missing", opening + `
0.010 > P. h2(preface get:1)
0.020 < P. h2(settings ok:1)
0.040 > P. 58:82(24) ack 31 h2(get:3 get:5)
0.050 < P. 152:194(42) ack 82 h2(ok:3 ok:5)
0.060 > . ack 194`, "h2c 3/3/0, streams 3-0 most 2"},
	} {
		c := connections(run(t, analyze.Options{}, h2Script(t, tc.script)))[0]
		if got := tellH2(&c); got != tc.want {
			t.Errorf("%s: got  %s\nwant %s", tc.name, got, tc.want)
		}
	}
}
