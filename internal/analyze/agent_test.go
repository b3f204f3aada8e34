package analyze_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// TestAgents asks which program a client is: the words of one do not fit where
// there are several.
func TestAgents(t *testing.T) {
	for _, tc := range []struct {
		name, agents string
		want         products.ID
	}{
		{"one", "curl/8 curl/8", products.Recognize([]byte("curl/8"))},
		{"two, though seldom", "ApacheBench/2.3 ApacheBench/2.3 ApacheBench/2.3 ApacheBench/2.3 ApacheBench/2.3 curl/8", products.Other},
		{"two that take turns", "curl/8 Go-http-client/1.1 curl/8", products.Other},
	} {
		var script strings.Builder
		for i, agent := range strings.Fields(tc.agents) {
			fmt.Fprintf(&script, "conn %d\n%[2]d.000 > S\n%[2]d.001 < S.\n%[2]d.002 > .\n", 40001+i, i)
			fmt.Fprintf(&script, "%d.003 > P. %q\n", i, "GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: "+agent+"\r\n\r\n")
		}
		if got := run(t, analyze.Options{}, script.String()).Pairs[0].Agent; got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestSoftware asks which program a server is: a proxy hands on the Server field of what stands
// behind it, and says itself who it is in Via.
func TestSoftware(t *testing.T) {
	for _, tc := range []struct{ fields, want string }{
		{"Server: nginx/1.22\r\n", "nginx"},
		{"X-Powered-By: Express\r\n", "Node"},
		{"Server: nginx/1.22\r\nVia: 1.1 varnish (Varnish/7.1)\r\n", "Varnish"},
		{"Server: nginx/1.22\r\nvia: 1.1 vegur\r\n", ""},
		{"", ""},
	} {
		got := run(t, analyze.Options{}, fmt.Sprintf("conn 40001\n0.000 > S\n0.001 < S.\n0.002 > .\n0.003 > P. %q\n0.004 < P. %q\n",
			"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 204 No Content\r\n"+tc.fields+"\r\n")).Servers[0].Software
		if got.String() != tc.want {
			t.Errorf("%q: got %q, want %q", tc.fields, got, tc.want)
		}
	}
}
