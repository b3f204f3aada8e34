package analyze_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// However many requests are sent before the first response, each response is read by
// the method of its own request, and each exchange has its times.
func TestPipelined(t *testing.T) {
	const n = 1100
	var s strings.Builder
	s.WriteString("0.000 > S\n0.001 < S.\n0.002 > .\n")
	for i := range n {
		method := "GET"
		if i%3 == 1 {
			method = "HEAD"
		}
		fmt.Fprintf(&s, "0.%06d > P. \"%s /%d HTTP/1.1\\r\\n\\r\\n\"\n", 3000+i, method, i)
	}
	for i := range n {
		body := "ok"
		if i%3 == 1 {
			body = "" // a HEAD's response has the length, and no body
		}
		fmt.Fprintf(&s, "1.%06d < P. \"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n%s\"\n", i, body)
	}
	r := run(t, analyze.Options{Exchanges: true}, s.String())
	if c := connections(r)[0]; c.Requests != n || c.Responses != n {
		t.Errorf("got %d requests and %d responses, want %d each", c.Requests, c.Responses, n)
	}
	list := r.Exchanges()
	if len(list) != n {
		t.Fatalf("got %d exchanges, want %d", len(list), n)
	}
	for i := range list {
		e := &list[i]
		at, done := (e.RequestAt-capturetest.Epoch)/1e3, (e.DoneAt-capturetest.Epoch)/1e3
		if at != int64(3000+i) || done != int64(1_000_000+i) || e.Status != 200 {
			t.Fatalf("exchange %d: request at %d us, done at %d us, status %d", i, at, done, e.Status)
		}
	}
}
