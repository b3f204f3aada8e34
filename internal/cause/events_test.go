package cause

import (
	"slices"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// TestEvents holds which moments are told at which one side closed several connections
// at once, and how.
func TestEvents(t *testing.T) {
	const (
		used = "conn 40001..40004 every 0.6\n0.000 $open\n0.002 > P. $get\n0.010 < P. $ok\n"
		// The server closes them at one moment.
		ended  = "40001: 3.1270 < F.\n40002: 3.1271 < F.\n40003: 3.1272 < F.\n40004: 3.1273 < F.\n"
		others = "conn 41001..41003 every 0.01\n3.200 $open\n3.202 > P. $get\n3.210 < P. $ok\n"
		gone   = "conn 42001\n4.000 > S\n4.001 < R. 0:0(0) ack 1 win 0\n"
	)
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", used, nil},
		{"a reload", used + ended + others, []string{"server 198.51.100.1:80 closed all its 4 connections, and accepted new ones"}},
		{"its process ends", used + ended + gone, []string{"server 198.51.100.1:80 closed all its 4 connections: its process ended"}},
		{
			"it shuts down",
			"conn 40001..40002 every 0.01\n0.000 $open\n0.002 > P. $get\n0.010 < P. $ok\n2.102 > P. $get\n2.110 < P. $bye\n2.111 < F.\n2.112 > F.\n2.113 < .\n" + gone,
			[]string{"server 198.51.100.1:80 closed both its connections, and accepted no more"},
		},
		{
			"a worker of two ends",
			"conn 40005..40008 every 0.3\n0.100 $open\n0.102 > P. $get\n0.110 < P. $ok\n3.502 > P. $get\n3.510 < P. $ok\n" + used + ended + others,
			[]string{"server 198.51.100.1:80 closed 4 of its 8 connections, and accepted new ones"},
		},
		{
			"a client ends",
			"conn 40001..40004 every 0.001\n0.000 $open\n0.002 > P. $get\n0.040 < P. $ok\n40001: 1.002 > P. $get\n40001: 1.010 < P. $ok\n" + "40001: 3.1270 > F.\n40002: 3.1271 > F.\n40003: 3.1272 > F.\n40004: 3.1273 > F.\n",
			[]string{"client 192.0.2.1 closed all its 4 connections: its program ended"},
		},
	} {
		p := causetest.Run(t, c.text)
		d := Collect(p.Result, 1).Finish(p.Result)
		var got []string
		for _, x := range d.Events() {
			got = append(got, x.Words())
			if at := x.At - p.Result.First; at < 2*second || at > 4*second {
				t.Errorf("%s: got an event %d ns after the first packet", c.name, at)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q in\n%s", c.name, got, c.want, told(&d))
		}
	}
	if got := new(Decisions).Events(); got != nil {
		t.Errorf("got %v of nothing", got)
	}
}
