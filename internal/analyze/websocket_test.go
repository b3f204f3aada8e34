package analyze_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

const switched = `
0.000 > S 0:0(0)
0.001 < S. 0:0(0) ack 1
0.002 > . ack 1
0.003 > P. "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
0.010 < P. "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" "\x81\x02hi"
`

// TestWebSocket holds what the frames of a WebSocket show: one behind the 101, in its
// segment, and those that are cut, masked or missing.
func TestWebSocket(t *testing.T) {
	for _, tc := range []struct{ name, script, want string }{
		{"messages, Pings and a Close", `
1.000 > P. "\x89\x80abcd"
1.001 < P. "\x8a\x00"
11.000 > P. "\x89\x80abcd"
11.001 < P. "\x8a\x00"
20.000 > P. "\x81\x82\x00\x00"
20.001 > P. "\x00\x00hi\x82\x80abcd"
21.000 > P. "\x88\x82\x00\x00\x00\x00\x03\xe9"
21.001 < P. "\x88\x02\x03\xe9"
21.002 < F.
21.003 > F.
21.004 < .`, "open 20992 ms, messages 2 and 1, pings 2 every 10000 ms and 0 every ?, Close by client 1001, silence 1 ms, lost false"},
		{"no Close", `
61.010 < F.
61.011 > F.
61.012 < .`, "open 61000 ms, messages 0 and 1, pings 0 every ? and 0 every ?, Close by  0, silence 61000 ms, lost false"},
		{"bytes of a message are missing", `
1.000 < P. "\x82\x0ahello"
1.001 < P. 91:94(3) ack 69 "rld"
1.002 < P. "\x89\x00"
1.003 > . ack 96`, "open 993 ms, messages 0 and 2, pings 0 every ? and 1 every ?, Close by  0, silence ?, lost false"},
		{"no frames", `
1.000 < P. "hello"
1.001 < P. "\x89\x00"`, "open 991 ms, messages 0 and 1, pings 0 every ? and 1 every ?, Close by  0, silence ?, lost true"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := connections(run(t, analyze.Options{}, switched+tc.script))[0]
			x := c.WebSocket
			if x == nil {
				t.Fatalf("got no WebSocket in %+v", c)
			}
			got := fmt.Sprintf("open %s, messages %d and %d, pings %d every %s and %d every %s, Close by %v %v, silence %s, lost %v", millis(x.Open(&c)),
				x.ClientMessages, x.ServerMessages, x.ClientPings.Sent, millis(x.ClientPings.Interval), x.ServerPings.Sent, millis(x.ServerPings.Interval),
				x.Close.By, x.Close.Code, millis(x.Silence(&c)), x.Lost)
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// millis writes a duration, "?" if it is not known.
func millis(ns int64) string {
	if ns == analyze.Unknown {
		return "?"
	}
	return fmt.Sprintf("%d ms", ns/1e6)
}

// TestWebSocketStory holds that the frames of a WebSocket are told packet by packet.
func TestWebSocketStory(t *testing.T) {
	r := run(t, analyze.Options{Story: 1}, switched+`
1.000 > P. "\x89\x80abcd\x8a\x80abcd"
2.000 < P. "\x88\x02\x03\xe9"`)
	var told []string
	for _, e := range r.Story().Events {
		told = append(told, strings.Join(e.Means, "; "))
	}
	got, want := strings.Join(told[len(told)-3:], "\n"), "response 1: 101; response 1 complete; leaves HTTP/1; WebSocket message\nWebSocket Ping; WebSocket Pong\nWebSocket Close 1001 (going away)"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// parts notes what an Observer is shown.
type parts struct{ told []string }

func (*parts) Wants(uint64) bool                              { return true }
func (*parts) Packet(*flows.Conn, flows.Side, *flows.Segment) {}

func (p *parts) Payload(_ *flows.Conn, _ flows.Side, seq uint32, b []byte, part httpparse.Part, _ httpparse.Event) {
	if part == httpparse.FramingPart || part == httpparse.OtherPart {
		p.told = append(p.told, fmt.Sprintf("%d %d %q", part, len(b), b))
	}
}

// TestWebSocketParts holds that what an Observer is shown of a WebSocket as framing are the
// headers of its frames and the code of a Close, and nothing that they carry.
func TestWebSocketParts(t *testing.T) {
	var p parts
	run(t, analyze.Options{Observer: &p}, switched+`
1.000 > P. "\x81\x82abcdXX"
2.000 < P. "\x88\x05\x03\xe9bye"`)
	framing, other := httpparse.FramingPart, httpparse.OtherPart
	want := []string{
		fmt.Sprintf("%d 2 %q", framing, "\x81\x02"), fmt.Sprintf("%d 2 %q", other, "hi"),
		fmt.Sprintf("%d 6 %q", framing, "\x81\x82abcd"), fmt.Sprintf("%d 2 %q", other, "XX"),
		fmt.Sprintf("%d 2 %q", framing, "\x88\x05"), fmt.Sprintf("%d 2 %q", framing, "\x03\xe9"), fmt.Sprintf("%d 3 %q", other, "bye"),
	}
	if diff := cmp.Diff(p.told, append(want, want...)); diff != "" { // run analyzes twice
		t.Errorf("got (-), want (+)\n%s", diff)
	}
}
