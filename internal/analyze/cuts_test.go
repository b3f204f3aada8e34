package analyze_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// TestCutRequests holds how many requests the beginnings of segments tell where heads are
// cut, and that nothing is told of what does not read as a request and its response, one after
// the other.
func TestCutRequests(t *testing.T) {
	const (
		turn     = "%d.100 > P. $get cut 20\n%[1]d.200 < P. $ok cut 20\n"
		unknown  = analyze.Unknown
		opening  = "0.000 $open\n"
		response = "1.200 < P. $ok cut 20\n"
	)
	turns := func(n int) (s string) {
		for i := range n {
			s += fmt.Sprintf(turn, i+1)
		}
		return s
	}
	for _, tc := range []struct {
		name, script string
		want         int64
	}{
		{"one", opening + turns(1), 1},
		{"several", opening + turns(5), 5},
		{"the last one waits", opening + turns(2) + "5.000 > P. $get cut 20\n", 3},
		{"a response of several segments", opening + turns(1) + "1.300 < P. \"body\" cut 2\n1.400 < P. \"body\" cut 2\n2.000 > P. $get cut 20\n", 2},
		{"an upload", opening + "1.100 > P. \"POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 8\\r\\n\\r\\n\" cut 20\n1.110 > P. \"body\" cut 3\n1.120 > P. \"body\" cut 3\n" + response, 1},
		{"an upload that waits for 100", opening + "1.100 > P. \"POST / HTTP/1.1\\r\\nHost: x\\r\\nExpect: 100-continue\\r\\n\\r\\n\" cut 20\n1.110 < P. \"HTTP/1.1 100 Continue\\r\\n\\r\\n\" cut 20\n" +
			"1.120 > P. \"body\" cut 3\n" + response, 1},
		{"pipelined, in two segments", opening + "1.100 > P. $get cut 20\n1.110 > P. $get cut 20\n" + response, unknown},
		{"pipelined, the second response shows", opening + "1.100 > P. $get cut 20\n" + response + "1.300 < P. $ok cut 20\n", unknown},
		{"data of the client that belongs to nothing", opening + turns(1) + "1.500 > P. \"frames\" cut 3\n", unknown},
		{"an answer that is no response", opening + "1.100 > P. $get cut 20\n1.200 < P. \"frames\" cut 3\n", unknown},
		{"a tunnel", opening + "1.100 > P. \"CONNECT x:80 HTTP/1.1\\r\\nHost: x:80\\r\\n\\r\\n\" cut 20\n" + response, unknown},
		{"a gap", opening + turns(1) + "2.100 > P. 300:327(27) $get cut 20\n2.200 < . ack 327\n3.000 < P. $ok cut 20\n", unknown},
		{"from the middle on", turns(3), unknown},
		{"nothing captured of the payload", opening + strings.ReplaceAll(turns(2), "cut 20", "cut 1"), unknown},
		{"requests that are whole among them", opening + turns(1) + "2.100 > P. $get\n2.200 < P. $ok cut 20\n", unknown},
	} {
		p := causetest.Run(t, tc.script)
		var c analyze.Connection
		p.Connection(0, &c)
		if !c.HTTPUnknown || c.Requests != unknown || c.RequestsEstimated != tc.want {
			t.Errorf("%s: got %d requests and %d estimated, want %d estimated", tc.name, c.Requests, c.RequestsEstimated, tc.want)
		}
	}
}
