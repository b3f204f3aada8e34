package analyze_test

import (
	"fmt"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Heads that the snap length cut are not countable, whether the opening was captured
// or not: nothing is told as zero.
func TestHeadsCut(t *testing.T) {
	for _, cut := range []int{0, 1, 4, 10, 14, 20, 40, 90} {
		exchanges := fmt.Sprintf(`
0.100 > P. 1:101(100) ack 1 "GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: someone" cut %[1]d
0.200 < P. 1:201(200) ack 101 "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nServer: something" cut %[1]d
0.201 > . ack 201
1.100 > P. 101:201(100) ack 201 "GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: someone" cut %[1]d
1.200 < P. 201:401(200) ack 201 "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nServer: something" cut %[1]d
1.201 > . ack 401
`, cut)
		for name, opening := range map[string]string{
			"opened": "0.000 > S\n0.001 < S.\n0.002 > .\n", "midstream": "",
			"midstream, in a body": "0.01 < . -199:1(200) ack 1 \"binary\"\n", "midstream, in a body that is cut": "0.01 < . -199:1(200) ack 1 \"binary\" cut 3\n",
		} {
			c := connections(run(t, analyze.Options{}, opening+exchanges))[0]
			if !c.HTTPUnknown || c.Requests != analyze.Unknown || c.Responses != analyze.Unknown {
				t.Errorf("%s, %d bytes: got %d requests, %d responses, protocol %v, unknown: %v", name, cut, c.Requests, c.Responses, c.Protocol, c.HTTPUnknown)
			}
		}
	}
}
