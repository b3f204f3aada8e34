package analyze_test

import (
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// TestLateClose has a server that announces its end, and a client that closes before the server
// does: soon enough that the server began, or so late that what it sent was no announcement.
func TestLateClose(t *testing.T) {
	const talk = "0.0 $tls\n1.0 > P. $request\n1.1 < P. $response\n5.0 < P. $notify\n"
	for _, tc := range []struct {
		closes string
		want   analyze.Party
	}{
		{"5.001 > R.", analyze.Server},
		{"6.0 > R.", analyze.Server},
		{"6.5 > R.", analyze.Server},
		{"6.501 > R.", analyze.Client},
		{"6.5 > F.", analyze.Server},
		{"6.501 > F.", analyze.Client},
		{"9.0 < F.\n9.001 > F.\n9.002 < .", analyze.Server}, // its own FIN, however late
		{"9.0 > F.\n9.001 < F.\n9.002 > .", analyze.Server},
		{"9.0 > F.\n9.001 < R.", analyze.Server},
	} {
		p := causetest.Run(t, talk+tc.closes)
		var c analyze.Connection
		if p.Connection(0, &c); c.Close.Began != tc.want {
			t.Errorf("%s: got %v, want %v", tc.closes, c.Close.Began, tc.want)
		}
	}
}
