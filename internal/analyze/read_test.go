package analyze_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

func TestAdvertised(t *testing.T) {
	r := run(t, analyze.Options{}, opening+`
0.010 > P. `+get+`
0.020 < P. "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=100\r\nContent-Length: 0\r\n\r\n"
0.030 > P. `+get+`
0.040 < P. "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=7, max=99\r\nContent-Length: 0\r\n\r\n"
0.050 > P. `+get+`
0.060 < P. `+ok)
	if s := r.Servers[0]; s.AdvertisedTimeout != 7 || s.AdvertisedMax != 100 {
		t.Errorf("timeout %d s and max %d, want the last timeout, 7, and the largest max, 100", s.AdvertisedTimeout, s.AdvertisedMax)
	}
	r = run(t, analyze.Options{}, request(1, 10, 20))
	if s := r.Servers[0]; s.AdvertisedTimeout != analyze.Unknown || s.AdvertisedMax != analyze.Unknown {
		t.Errorf("timeout %d s and max %d, want unknown", s.AdvertisedTimeout, s.AdvertisedMax)
	}
}

func TestExample(t *testing.T) {
	twice := request(1, 10, 20) + "0.030 > P. " + get + "\n0.040 < P. " + ok + "\n"
	for _, tc := range []struct {
		name, script string
		id           uint64
		why          string
	}{
		{"without a request", opening, 0, ""},
		{"reused", twice, 1, "the first connection that was reused: 2 requests"},
		{"single and open", twice + request(2, 50, 60), 2, "the first connection that carried a single request"},
		{"single and closed", twice + request(2, 50, 60) + closed(3, 100) + closed(4, 200), 3, "the first connection that was closed after a single request"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			id, why, ok := run(t, analyze.Options{}, tc.script).Example()
			if id != tc.id || why != tc.why || ok != (tc.id != 0) {
				t.Errorf("got %d, %q, %v, want %d, %q", id, why, ok, tc.id, tc.why)
			}
		})
	}
}

func TestByID(t *testing.T) {
	r := run(t, analyze.Options{}, request(1, 10, 20)+closed(2, 30))
	for id := range uint64(4) {
		var c analyze.Connection
		if got, want := r.ByID(id, &c), id == 1 || id == 2; got != want || want && c.ID != id {
			t.Errorf("connection %d: got %v with ID %d, want %v", id, got, c.ID, want)
		}
	}
	r = run(t, analyze.Options{OnConnection: func(*analyze.Connection) {}}, request(1, 10, 20))
	if r.Len() != 0 || r.ByID(1, new(analyze.Connection)) {
		t.Error("a result has connections that OnConnection was called with")
	}
}

// TestSnapshot counts while a capture goes on, and after its last packet.
func TestSnapshot(t *testing.T) {
	segs := capturetest.Segments(t, request(1, 10, 20)+closed(2, 30)+closed(3, 40))
	a := analyze.New(analyze.Options{OnConnection: func(*analyze.Connection) {}})
	a.Apply(segs)
	last := segs[len(segs)-1].Time
	if got, want := a.Snapshot(last), (analyze.Snapshot{Connections: 3, Requests: 3, Open: 1, TimeWait: 2}); got != want {
		t.Errorf("at the last packet: got %+v, want %+v", got, want)
	}
	if got, want := a.Snapshot(last+61e9), (analyze.Snapshot{Connections: 3, Requests: 3, Open: 1}); got != want {
		t.Errorf("a minute later: got %+v, want %+v", got, want)
	}
	if n := a.Kept(); n != 3 {
		t.Errorf("%d connections are kept, want all 3", n)
	}
}

// observer writes down what it is shown of one connection.
type observer struct {
	id      uint64
	packets int
	parts   []string
}

func (o *observer) Wants(id uint64) bool { return id == o.id }

func (o *observer) Packet(*flows.Conn, flows.Side, *flows.Segment) { o.packets++ }

func (o *observer) Payload(_ *flows.Conn, from flows.Side, seq uint32, b []byte, part httpparse.Part, ev httpparse.Event) {
	o.parts = append(o.parts, fmt.Sprintf("%d %d %d %v %s", from, part, seq%1000, ev, b))
}

func TestObserver(t *testing.T) {
	script := `
isn 1000 2000
` + request(1, 10, 20) + `
conn 2
isn 1000 2000
0.100 > S  0:0(0)
0.101 < S. 0:0(0) ack 1
0.102 > .  ack 1
0.110 > P. "GET / HTTP/1.1\r\nHo"
0.111 > P. "st: x\r\n\r\n"
0.120 < P. "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
conn 3
0.200 > S  0:0(0)
0.201 < S. 0:0(0) ack 1
0.202 > .  ack 1
0.210 > P. "\x16\x03\x01\x00\x05hello"`
	want := []string{
		"0 0 1 head start GET / HTTP/1.1\r\nHo",
		"0 0 19 head done st: x\r\n\r\n",
		"1 0 1 head done HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"1 1 48 none 2", "1 1 49 none \r", "1 1 50 none \n",
		"1 3 51 none hi",
		"1 1 53 none \r", "1 1 54 none \n", "1 1 55 none 0", "1 1 56 none \r", "1 1 57 none \n",
		"1 2 58 none \r", "1 2 59 message done \n",
	}
	for _, scanned := range []bool{false, true} {
		o := &observer{id: 2}
		a := analyze.New(analyze.Options{Observer: o})
		segs := capturetest.Segments(t, script)
		if scanned {
			for i := range segs {
				segs[i].Note = flows.Note(httpparse.Scan(segs[i].Payload))
			}
		}
		a.Apply(segs)
		if o.packets != 6 {
			t.Errorf("scanned %v: shown %d packets, want 6", scanned, o.packets)
		}
		if diff := cmp.Diff(o.parts, want); diff != "" {
			t.Errorf("scanned %v: shown (-) and wanted (+):\n%s", scanned, diff)
		}
	}
	o := &observer{id: 3}
	a := analyze.New(analyze.Options{Observer: o})
	a.Apply(capturetest.Segments(t, script))
	if diff := cmp.Diff(o.parts, []string{"0 1 1 none \x16\x03\x01\x00\x05", "0 1 6 none hell"}); diff != "" {
		t.Errorf("of TLS, shown (-) and wanted (+):\n%s", diff)
	}
}

func TestTunnels(t *testing.T) {
	for _, tc := range []struct {
		name, request, response string
		want                    analyze.Protocol
	}{
		{"WebSocket", `"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"`, `"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"`, analyze.WebSocket},
		{"h2c", `"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"`, `"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"`, analyze.H2C},
		{"another upgrade", `"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"`, `"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"`, analyze.HTTP11},
		{"CONNECT", `"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"`, `"HTTP/1.1 200 OK\r\n\r\n"`, analyze.Connect},
		{"CONNECT refused", `"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"`, `"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"`, analyze.HTTP11},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := connections(run(t, analyze.Options{}, opening+"0.010 > P. "+tc.request+"\n0.020 < P. "+tc.response+"\n0.030 > P. "+get))[0]
			switched := tc.want != analyze.H2C && (tc.want != analyze.HTTP11 || strings.Contains(tc.response, " 101 "))
			wantRequests := int64(2)
			if switched || tc.want == analyze.H2C {
				wantRequests = 1 // what follows is not HTTP/1
			}
			if c.Protocol != tc.want || c.Evidence.Switched != switched || c.Requests != wantRequests {
				t.Errorf("got %v, switched %v, %d requests; want %v, %v, %d", c.Protocol, c.Evidence.Switched, c.Requests, tc.want, switched, wantRequests)
			}
		})
	}
}

// TestEndReasons looks at the message that ended the persistence, and at when the
// response before it was done.
func TestEndReasons(t *testing.T) {
	const (
		get10   = `"GET / HTTP/1.0\r\n\r\n"`
		okClose = `"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"`
		ok10    = `"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"`
		unended = `"HTTP/1.1 200 OK\r\n\r\nok"`
	)
	first := opening + "0.010 > P. " + get + "\n0.020 < P. " + ok + "\n"
	for _, tc := range []struct {
		name, script string
		want         analyze.EndReason
		n            int64
		packet       uint64
		previous     float64 // ms
	}{
		{"none", first, analyze.NotEnded, 0, 0, 0},
		{"close in the first request", opening + "0.010 > P. " + getClose, analyze.EndedByRequestClose, 1, 4, math.NaN()},
		{"close in a request", first + "0.030 > P. " + getClose + "\n0.040 < P. " + okClose, analyze.EndedByRequestClose, 2, 6, 20},
		{"a request in HTTP/1.0", first + "0.030 > P. " + get10, analyze.EndedByRequestHTTP10, 2, 6, 20},
		{"close in the first response", opening + "0.010 > P. " + get + "\n0.020 < P. " + okClose, analyze.EndedByResponseClose, 1, 5, math.NaN()},
		{"close in a response", first + "0.030 > P. " + get + "\n0.040 < P. " + okClose, analyze.EndedByResponseClose, 2, 7, 20},
		{"a response in HTTP/1.0", first + "0.030 > P. " + get + "\n0.040 < P. " + ok10, analyze.EndedByResponseHTTP10, 2, 7, 20},
		{"a body that the close ends", first + "0.030 > P. " + get + "\n0.040 < P. " + unended, analyze.EndedByCloseDelimited, 2, 7, math.NaN()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := connections(run(t, analyze.Options{}, tc.script))[0].Evidence
			if e.EndReason != tc.want || e.EndN != tc.n || e.EndMark.Packet != tc.packet || e.EndMark.OK() != (tc.packet != 0) {
				t.Errorf("ended by %d, message %d, packet %d; want %d, %d, %d", e.EndReason, e.EndN, e.EndMark.Packet, tc.want, tc.n, tc.packet)
			}
			if tc.want == analyze.NotEnded {
				return
			}
			if got := since(e.PreviousDone); got != tc.previous && !(math.IsNaN(got) && math.IsNaN(tc.previous)) {
				t.Errorf("the response before was done after %v ms, want %v", got, tc.previous)
			}
		})
	}
}

// TestPacketMeanings tells connections packet by packet.
func TestPacketMeanings(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		want         []string // of the packets after the handshake
	}{
		{"probes", "60.0 > . 0:0(0) ack 1\n60.1 < . ack 1\n120.0 > . 0:0(0) ack 1", []string{
			"keep-alive probe", "answers the probe", "keep-alive probe"}},
		{"retransmission and closed window", "0.01 > P. 1:19(18) ack 1 " + `"GET / HTTP/1.1\r\n\r\n"` + "\n0.30 > P. 1:19(18) ack 1 " + `"GET / HTTP/1.1\r\n\r\n"` + "\n0.31 < . ack 19 win 0", []string{
			"request 1: GET /", "retransmission", "window closed"}},
		{"interim and final response", "0.01 > P. " + get + `
0.02 < P. "HTTP/1.1 100 Continue\r\n\r\n"
0.03 < P. "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok"
0.04 < P. "ok"`, []string{
			"request 1: GET /a?b=c", "interim response", "response 1: 200", "response 1 complete"}},
		{"CONNECT", `0.01 > P. "CONNECT h:1 HTTP/1.1\r\n\r\n"` + "\n" + `0.02 < P. "HTTP/1.1 200 OK\r\n\r\n"`, []string{
			"request 1: CONNECT h:1", "response 1: 200; response 1 complete; leaves HTTP/1"}},
		{"a response to no request", `0.01 < P. "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"`, []string{
			"response 1; response 1 complete"}},
		{"RST by a live socket", "0.01 > R. 1:1(0) ack 1", []string{"RST by a live socket or a refusal"}},
		{"bare RST", "0.01 > F. 1:1(0) ack 1\n0.02 < P. 1:3(2) ack 2 \"ok\"\n0.03 > R 2:2(0)", []string{
			"FIN, client closes first", "", "bare RST: no such connection there"}},
		{"RST out of the window", "0.01 < R 900000001:900000001(0)", []string{"RST that its receiver does not accept"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, e := range run(t, analyze.Options{Story: 1}, opening+tc.script).Story().Events[3:] {
				got = append(got, strings.Join(e.Means, "; "))
			}
			if diff := cmp.Diff(got, tc.want); diff != "" {
				t.Errorf("got (-), want (+):\n%s", diff)
			}
		})
	}
}
