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

// sound is traffic with nothing wrong: over TLS on ports 40001 and 40002, in clear on 40003.
const sound = `
conn 40001..40002
server 10.0.0.2:443
0.000 $tls
0.100 > P. $request
0.110 < P. $response
2.000 > P. $request
2.010 < P. $response
5.000 < P. $notify
5.000 < F.
5.001 > P. $notify
5.001 > F.
5.002 < .
conn 40003
server 10.0.0.2:8080
0.000 $open
0.100 > P. $get
0.110 < P. $ok
2.000 > P. $get
2.010 < P. $ok
5.000 < F.
5.001 > F.
5.002 < .
`

// badPort is the port of the client that breaks TLS; its connection is opened last.
const badPort = 41000

// bytesOf writes a record as it is sent, with a length that may lie.
func bytesOf(kind byte, length int, body string) string {
	return fmt.Sprintf("%q", string([]byte{kind, 3, 3, byte(length >> 8), byte(length)})+body)
}

// helloOf writes the records of a ClientHello whose length says that, with that many bytes of
// padding in its extensions (RFC 7685).
func helloOf(says, padding int) (records []string) {
	rest := "\x00\x2b\x00\x03\x02\x03\x04" + string([]byte{0, 21, byte(padding >> 8), byte(padding)}) + strings.Repeat("\x00", padding)
	body := "\x03\x03" + strings.Repeat("c", 32) + "\x00\x00\x02\x13\x01\x01\x00" + string([]byte{byte(len(rest) >> 8), byte(len(rest))}) + rest
	if says < 0 {
		says = len(body)
	}
	b := string([]byte{1, byte(says >> 16), byte(says >> 8), byte(says)}) + body
	for len(b) > 0 {
		n := min(len(b), 1<<14)
		records = append(records, bytesOf(22, n, b[:n]))
		b = b[n:]
	}
	return records
}

// helloPackets are helloOf from 0.3 s on.
func helloPackets(says, padding int) string {
	var s strings.Builder
	for i, r := range helloOf(says, padding) {
		fmt.Fprintf(&s, "0.3%02d > P. %s\n", i, r)
	}
	return s.String()
}

// badTLS are connections that break TLS.
var badTLS = []struct {
	name string
	text string
	is   analyze.Protocol
	lost bool // its records cannot be followed
}{
	{"a record that is cut off", "0.2 $tls\n0.3 > P. $request\n0.4 < P. " + bytesOf(23, 400, "begin") + "\n0.5 < F.\n0.5 > F.\n0.51 < .", analyze.HTTP11, false},
	{"a header that is cut off", "0.2 $tls\n0.3 > P. $request\n0.4 < P. \"\\x17\\x03\"\n0.5 < F.\n0.5 > F.\n0.51 < .", analyze.HTTP11, false},
	{"a hello that is cut off", "0.2 $open\n0.3 > P. " + bytesOf(22, 400, "\x01\x00\x01\x8cbegin") + "\n0.5 > F.\n0.5 < F.\n0.51 > .", analyze.TLS, false},
	{"a record that is longer than it says", "0.2 $tls\n0.3 > P. $request\n0.4 < P. " + bytesOf(23, 100, strings.Repeat("p", 400)) + "\n0.5 > P. $request\n0.6 < P. $response", analyze.HTTP11, true},
	{"a record that is shorter than it says", "0.2 $tls\n0.3 > P. $request\n0.4 < P. " + bytesOf(23, 500, strings.Repeat("p", 100)) + "\n0.5 > P. $request\n0.6 < P. $response", analyze.HTTP11, true},
	{"a record without content", "0.2 $tls\n0.3 > P. " + bytesOf(23, 0, "") + "\n0.4 < P. $response", analyze.HTTP11, true},
	{"a record that is too long", "0.2 $tls\n0.3 > P. " + bytesOf(23, 0xffff, strings.Repeat("p", 1000)) + "\n0.4 < P. $response", analyze.HTTP11, true},
	{"a hello of 16 MiB", "0.2 $open\n" + helloPackets(1<<24-1, 200), analyze.TLS, false},
	{"a hello of 64 KiB", "0.2 $open\n" + helloPackets(-1, 65535-60), analyze.TLS, false},
	{"a hello that never ends", "0.2 $open\n" + helloPackets(65535, 200), analyze.TLS, false},
	{"a hello that ends before its extensions", "0.2 $open\n" + helloPackets(60, 200) + "0.5 < P. " + bytesOf(21, 2, "\x02\x32") + "\n0.5 < F.\n0.51 > F.\n0.52 < .", analyze.TLS, false},
	{"no TLS at all", "0.2 $open\n0.201 < P. \"SSH-2.0-OpenSSH_9.2\\r\\n\"\n0.3 > P. \"SSH-2.0-Go\\r\\n\"\n0.5 > F.\n0.5 < F.", analyze.Other, false},
	{"a server that speaks something else", "0.2 $open\n" + helloPackets(-1, 200) + "0.4 < P. \"220 mail ESMTP\\r\\n\"\n0.4 < F.\n0.5 > F.", analyze.TLS, true},
	{"noise after the handshake", "0.2 $tls\n0.3 > P. \"no record\"\n0.4 < P. \"none either\"\n0.5 > F.\n0.5 < F.", analyze.HTTP11, true},
	{"within a record", "0.3 > P. 1:101(100) ack 1\n0.4 < P. $response\n0.5 > P. $request\n0.6 < P. $response\n0.7 > F.\n0.7 < F.", analyze.TLS, false},
	{"from a record on", "0.3 > P. $request\n0.4 < P. $response\n0.5 > P. $request\n0.6 < P. $response\n0.7 > F.\n0.7 < F.", analyze.TLS, false},
	{"the end of the hello is missing", "0.2 $open\n0.3 > P. " + bytesOf(22, 400, "\x01\x00\x01\x8cbegin") + "\n0.4 < . ack 406\n0.5 > P. 406:411(5) ack 1 " + bytesOf(20, 1, ""), analyze.TLS, false},
	{"the beginning of the hello is missing", "0.2 $open\n0.3 > P. 101:406(305) ack 1\n0.4 < . ack 406\n0.5 < P. $response\n0.6 > P. $request\n0.7 < P. $response", analyze.TLS, true},
	{"the server's flight is missing", "0.2 $open\n" + helloPackets(-1, 200) + "0.4 > P. ack 2000 " + bytesOf(23, 53, strings.Repeat("f", 53)) + "\n0.5 > P. ack 2000 $request\n0.6 < P. 2000:2405(405) $response", analyze.TLS, true},
}

// TestBadTLS has a connection that breaks TLS beside others, which it must not touch.
func TestBadTLS(t *testing.T) {
	for _, bad := range badTLS {
		t.Run(bad.name, func(t *testing.T) {
			p := causetest.Run(t, sound+fmt.Sprintf("conn %d\nclient 10.0.0.9\nserver 10.0.0.2:443\n%s\n", badPort, bad.text))
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
			if lost := p.Totals.TLSLost == 1; y.Protocol != bad.is || lost != bad.lost || (y.TLS != nil) != (bad.is != analyze.Other) {
				t.Errorf("got %v, TLS %+v, told as lost: %t; want %v, %t", y.Protocol, y.TLS, lost, bad.is, bad.lost)
			}
			if y.RequestsEstimated != analyze.Unknown && bad.lost {
				t.Errorf("got %d requests, want none where a place is lost", y.RequestsEstimated)
			}
		})
	}
}
