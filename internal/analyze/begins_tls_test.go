package analyze_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// TestShortFirstSegment has a ClientHello whose first segment holds 1 to 6 bytes of it: TLS
// all the same, and what is told of it is the same.
func TestShortFirstSegment(t *testing.T) {
	hello, err := strconv.Unquote(helloOf(-1, 200)[0])
	if err != nil {
		t.Fatal(err)
	}
	const rest = "0.4 < P. " + `"\x15\x03\x03\x00\x02\x02\x28"` + "\n0.5 < F.\n0.51 > F.\n0.52 < .\n"
	var want analyze.Connection
	causetest.Run(t, fmt.Sprintf("0.0 $open\n0.3 > P. %q\n%s", hello, rest)).Connection(0, &want)
	if want.TLS == nil || want.TLS.Alert != "handshake_failure" {
		t.Fatalf("got %+v, want TLS", want.TLS)
	}
	for n := 1; n <= 6; n++ {
		var got analyze.Connection
		p := causetest.Run(t, fmt.Sprintf("0.0 $open\n0.3 > P. %q\n0.301 > P. %q\n%s", hello[:n], hello[n:], rest))
		p.Connection(0, &got)
		if diff := cmp.Diff(want.TLS, got.TLS); diff != "" || got.Protocol != analyze.TLS || !got.HTTPUnknown {
			t.Errorf("%d bytes: %s, in one segment (-) and in two (+):\n%s", n, got.Protocol, diff)
		}
		if p.Totals.TLSLost != 0 {
			t.Errorf("%d bytes: told as lost", n)
		}
	}
}

// TestShortFirstSegmentOfOther has first segments that a record could begin with, and that go
// on as something else, or not at all.
func TestShortFirstSegmentOfOther(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want analyze.Protocol
	}{
		"another version":     {`0.3 > P. "\x16"` + "\n" + `0.4 > P. "\x04\x01\x00\x10binary"` + "\n0.5 < P. \"binary\"\n0.6 > F.\n0.6 < F.", analyze.Other},
		"no length":           {`0.3 > P. "\x16\x03\x01"` + "\n" + `0.4 > P. "\x00\x00binary"`, analyze.Other},
		"nothing more":        {`0.3 > P. "\x16\x03\x01"` + "\n0.6 > F.\n0.6 < F.\n0.61 > .", analyze.Other},
		"a reset":             {`0.3 > P. "\x16\x03"` + "\n0.6 < R.", analyze.Other},
		"requests behind it":  {`0.3 > P. "\x16"` + "\n0.4 > P. $get\n0.5 > P. $get", analyze.Other},
		"an answer in HTTP":   {`0.3 > P. "\x16\x03"` + "\n0.4 < P. \"HTTP/1.1 408 Request Timeout\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n0.4 < F.\n0.5 > F.", analyze.HTTP11},
		"bytes of the server": {`0.3 < P. "\x15"` + "\n0.4 < P. \"\\x20 hello\"\n0.5 > P. \"hello\"\n0.6 > F.\n0.6 < F.", analyze.Other},
	} {
		p := causetest.Run(t, "0.0 $open\n"+strings.TrimSpace(tc.text))
		var got analyze.Connection
		p.Connection(0, &got)
		if got.Protocol != tc.want || got.TLS != nil || got.HTTPUnknown || got.Requests > 0 || p.Totals.TLSLost != 0 {
			t.Errorf("%s: got %s, TLS %+v, unknown: %t, %d requests; want %s", name, got.Protocol, got.TLS, got.HTTPUnknown, got.Requests, tc.want)
		}
	}
}
