package analyze_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// rawFrame returns a frame of HTTP/2 that says it has that length.
func rawFrame(kind, flags byte, stream uint32, length int, payload string) string {
	return string([]byte{byte(length >> 16), byte(length >> 8), byte(length), kind, flags,
		byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream)}) + payload
}

// sent returns the packets by which a side sends bytes, from 0.3 s on.
func sent(side, b string) string {
	var s strings.Builder
	for i := 0; len(b) > 0; i++ {
		n := min(len(b), 60000)
		fmt.Fprintf(&s, "0.3%05d %s P. %q\n", i, side, b[:n])
		b = b[n:]
	}
	return s.String()
}

// TestBadHTTP2 has a connection that breaks HTTP/2, or floods, beside others, which it must
// not touch. What is wrong is told once, with a count.
func TestBadHTTP2(t *testing.T) {
	const begin = "0.2 $open\n0.21 > P. h2(preface get:1)\n0.22 < P. h2(settings)\n"
	const flood = 20_000
	literal := "\x40\x01a\x7f\x81\x1e" + strings.Repeat("v", 4000) // added to the table (RFC 7541, 6.2.1), of 4,000 bytes
	bomb := rawFrame(1, 5, 3, len(literal)+12_000, literal+strings.Repeat("\xbe", 12_000))
	long := "\x82\x84\x86\x40\x01a\x7f\x82\xb8\x02" + strings.Repeat("v", 40_001) // a value of 40,001 bytes
	var streams strings.Builder
	for i := range 5000 {
		streams.WriteString(rawFrame(1, 5, uint32(2*i+3), 3, "\x82\x84\x86"))
	}
	for _, tc := range []struct{ name, text, want, given string }{
		{"DATA of 16 MiB, of which little comes", begin + sent("<", rawFrame(0, 0, 1, 1<<24-1, strings.Repeat("x", 100_000))),
			"h2c 1/0/0, streams 1-0 most 1, outstanding 1; settings 2, odd 0", ""},
		{"a whole frame that is too long, and what follows it", begin + sent("<", rawFrame(1, 4, 1, 1, "\x88")+rawFrame(0, 0, 1, 100_000, strings.Repeat("x", 100_000))+rawFrame(0, 1, 1, 0, "")),
			"h2c 1/1/0, streams 1-0 most 1; settings 2, odd 1", ""},
		{"a header block in a frame that is too long", begin + sent(">", rawFrame(1, 5, 3, 30_000, strings.Repeat("\x82\x84\x86", 10_000))),
			"h2c 2/0/0, streams 2-0 most 2, outstanding 2; settings 2, odd 1", ""},
		{"a header block as long, in frames that are not", begin + sent(">", rawFrame(1, 1, 3, 15_000, strings.Repeat("\x82\x84\x86", 5_000))+rawFrame(9, 4, 3, 15_000, strings.Repeat("\x82\x84\x86", 5_000))),
			"h2c 2/0/0, streams 2-0 most 2, outstanding 2; settings 2, odd 0", ""},
		{"a long frame that SETTINGS allow", begin + "0.23 > P. \"\\x00\\x00\\x06\\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x05\\x00\\x01\\x86\\xa0\"\n" + sent("<", rawFrame(0, 0, 1, 100_000, strings.Repeat("x", 100_000))),
			"h2c 1/0/0, streams 1-0 most 1, outstanding 1; settings 3, odd 0", ""},
		{"a length of a PING that cannot be", begin + sent("<", rawFrame(6, 0, 0, 1<<24-1, "12345678")),
			"h2c 1/0/0, streams 1-0 most 1, lost, outstanding 1; settings 2, odd 0", ""},
		{"SETTINGS again and again", begin + sent(">", strings.Repeat(rawFrame(4, 0, 0, 6, "\x00\x04\x00\x00\x10\x00"), flood)),
			fmt.Sprintf("h2c 1/0/0, streams 1-0 most 1, outstanding 1; settings %d, odd 0", flood+2), ""},
		{"PING again and again", begin + sent(">", strings.Repeat(rawFrame(6, 0, 0, 8, "12345678"), flood)),
			fmt.Sprintf("h2c 1/0/0, streams 1-0 most 1, pings 0/%d, outstanding 1; settings 2, odd 0", flood), ""},
		{"a header block that says much by little, which is decoded", begin + sent(">", bomb),
			"h2c 2/0/0, streams 2-0 most 2, outstanding 2; settings 2, odd 0", ""},
		{"a header block with a value that is too long, and a request after it", begin + sent(">", rawFrame(1, 5, 3, len(long), long)+rawFrame(1, 5, 5, 3, "\x82\x84\x86")),
			"h2c 3/0/0, streams 3-0 most 3, outstanding 3; settings 2, odd 1", ""},
		{"a header block of many frames that never ends", begin + sent(">", rawFrame(1, 0, 3, 3, "\x82\x84\x86")+strings.Repeat(rawFrame(9, 0, 3, 1, "\x82"), flood)),
			"h2c 1/0/0, streams 1-0 most 1, outstanding 1; settings 2, odd 0", ""},
		{"a header block that is none", begin + sent(">", rawFrame(1, 5, 3, 4, "\xff\xff\xff\xff")),
			"h2c 2/0/0, streams 2-0 most 2, outstanding 2; settings 2, odd 1", ""},
		{"streams that never end", begin + sent(">", streams.String()),
			"h2c 5001/0/0, streams 5001-0 most 5001, outstanding 5001; settings 2, odd 0", "905 streams"},
		{"the last stream that there can be, and none after it", begin + sent(">", rawFrame(1, 5, 1<<31-1, 3, "\x82\x84\x86")+rawFrame(1, 5, 3, 3, "\x82\x84\x86")),
			"h2c 2/0/0, streams 2-0 most 2, outstanding 2; settings 2, odd 0", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := causetest.Run(t, sound+fmt.Sprintf("conn %d\nclient 10.0.0.9\nserver 10.0.0.2:8080\n%s\n", badPort, tc.text))
			var others []flows.Segment
			for _, s := range p.Segments {
				if s.SrcPort != badPort && s.DstPort != badPort {
					others = append(others, s)
				}
			}
			a := analyze.New(analyze.Options{})
			a.Apply(others)
			want := a.Finish(p.Segments[0].Time, p.Segments[len(p.Segments)-1].Time)
			if want.Len() != 3 || p.Len() != 4 {
				t.Fatalf("got %d connections, and %d in all", want.Len(), p.Len())
			}
			var x, y analyze.Connection
			for i := range want.Len() {
				want.Connection(i, &x)
				p.Connection(i, &y)
				if diff := cmp.Diff(x, y, sameResult); diff != "" {
					t.Errorf("alone (-), and beside it (+):\n%s", diff)
				}
			}
			p.Connection(3, &y)
			if y.HTTP2 == nil {
				t.Fatalf("got %v, want h2c", y.Protocol)
			}
			if got := fmt.Sprintf("%s; settings %d, odd %d", tellH2(&y), y.HTTP2.Settings, y.HTTP2.OddFrames); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			given := ""
			for _, g := range p.GivenUp {
				given += fmt.Sprintf("%d %s", g.Count, g.What)
			}
			if given != tc.given {
				t.Errorf("given up: got %q, want %q", given, tc.given)
			}
			if n := &p.Totals.Streams; n.OddFrames != y.HTTP2.OddFrames || n.Odd != min(1, n.OddFrames) {
				t.Errorf("got %d odd frames of %d connections in all, want %d", n.OddFrames, n.Odd, y.HTTP2.OddFrames)
			}
		})
	}
}

// Where names are replaced, the text of a GOAWAY is one that is known, or none.
func TestHTTP2DebugAnonymous(t *testing.T) {
	for text, want := range map[string]string{"max_age": "max_age", "go:too_many_pings": "too_many_pings", "db1.corp.example": ""} {
		script := opening + h2Script(t, `
0.010 > P. h2(preface get:1)
0.020 < P. h2(settings ok:1 goaway:1:0:`+text+`)`)
		if got := connections(run(t, analyze.Options{}, script))[0].HTTP2.GoAway.Debug; got != text {
			t.Errorf("got %q, want %q", got, text)
		}
		hidden := analyze.Options{Rewrite: func(head []byte) []byte { return head }}
		if got := connections(run(t, hidden, script))[0].HTTP2.GoAway.Debug; got != want {
			t.Errorf("%s, anonymous: got %q, want %q", text, got, want)
		}
	}
}
