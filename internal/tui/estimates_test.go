package tui

import (
	"math"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// TestEstimatedCells holds that what is estimated is told, and with its mark.
func TestEstimatedCells(t *testing.T) {
	none := &analyze.Estimates{}
	nine := &analyze.Estimates{Connections: 3, Requests: 9, ReuseRatio: 2.0 / 3}
	nothing := &analyze.Estimates{Connections: 1, ReuseRatio: math.NaN()}
	over := func(p analyze.Protocol, version string) *analyze.Connection {
		x := &analyze.Connection{Protocol: p, HTTPUnknown: true, RequestsEstimated: 3, Requests: analyze.Unknown, TLS: &analyze.TLSInfo{}}
		x.TLS.Version = version
		return x
	}
	for _, tc := range []struct{ name, got, want string }{
		{"requests that are counted", requestsCell(5, none), "5"},
		{"requests that are not known", requestsCell(analyze.Unknown, none), "-"},
		{"requests that are estimated", requestsCell(0, nine), "9 est."},
		{"both", requestsCell(5, nine), "5 + 9 est."},
		{"reuse", reuseCell(0.5, none), "50.0%"},
		{"reuse, estimated", reuseCell(math.NaN(), nine), "66.7% est."},
		{"no reuse that could be estimated", reuseCell(math.NaN(), nothing), "-"},
		{"a connection", carried(over(analyze.HTTP11, "1.3")), "3 est."},
		{"one in clear", carried(&analyze.Connection{Requests: 2, RequestsEstimated: analyze.Unknown}), "2"},
		{"its protocol", protocol(over(analyze.HTTP11, "1.3")), "http/1.1, tls 1.3"},
		{"a protocol that is not known", protocol(over(analyze.TLS, "1.2")), "tls 1.2"},
		{"a version that is not known", protocol(over(analyze.TLS, "")), "tls"},
		{"in clear", protocol(&analyze.Connection{Protocol: analyze.HTTP11}), "http/1.1"},
		{"the curve of requests", besides(nine), ", besides 9 est."},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, tc.got, tc.want)
		}
	}
}
