package cause

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// short is a record of TLS 1.3 as long as one with GOAWAY or a ping of HTTP/2.
var short = fmt.Sprintf(`"\x17\x03\x03\x00\x22%s"`, strings.Repeat("g", 34))

// TestOverTLS holds causes that rest on the lengths and times of records alone.
func TestOverTLS(t *testing.T) {
	thrice := func(from int) (s string) {
		for i := range 3 {
			s += fmt.Sprintf("%d.000 > P. $request\n%d.010 < P. $response\n", from+i, from+i)
		}
		return s
	}
	const (
		byServer = "3.0101 < P. $notify\n3.0102 < F.\n3.012 > F.\n3.013 < .\n"
		byClient = "3.0101 > P. $notify\n3.0102 > F.\n3.012 < R.\n"
		crossing = "3.0101 > P. $notify\n3.0102 > F.\n3.0103 < P. ack 1 $notify\n3.0104 < F. ack 1\n3.012 > R\n"
		follows  = "3.0101 > P. $notify\n3.0102 > F.\n3.0103 < P. $notify\n3.0104 < F.\n3.012 > R\n"
		open     = "conn 49000\n0.000 $tls\n0.010 > P. $request\n0.020 < P. $response\n"
	)
	used := "0.000 $tls\n0.010 > P. $request\n0.020 < P. $response\n"
	said := "0.000 $tls\n" + thrice(1)
	h2 := "0.000 $tls-h2\n0.010 > P. $request\n0.020 < P. $response\n"
	closes := "12.020 < P. $notify\n12.020 < F.\n12.021 > F.\n12.022 < .\n"
	for _, tc := range []struct {
		name, script string
		want         map[Cause]int
	}{
		{"the third response says close, and the client is the first to close one",
			"conn 40001..40002 every 1\n" + said + byServer + "conn 40003\n" + said + byClient + open,
			map[Cause]int{ServerMaxRequests: 3, IdleAtEnd: 1}},
		{"a client that closes after three, and a server that did so once",
			"conn 40001\n" + said + byServer + "conn 40002..40006 every 1\n" + said + byClient,
			map[Cause]int{ServerClosedUnannounced: 1, ClientClosedAfterResponse: 5}},
		{"every response says close, and either side is the first to close",
			"conn 40001\n0.000 $tls\n3.000 > P. $request\n3.010 < P. $response\n" + byServer +
				"conn 40002..40003 every 1\n0.000 $tls\n3.000 > P. $request\n3.010 < P. $response\n" + byClient,
			map[Cause]int{ServerClosedUnannounced: 3}},
		{"the third response says close, and the client is the first to close all, before it has the server's",
			"conn 40001..40003 every 1\n" + said + crossing + open,
			map[Cause]int{ServerMaxRequests: 3, IdleAtEnd: 1}},
		{"the same, and the server closes because the client did", "conn 40001..40003 every 1\n" + said + follows + open,
			map[Cause]int{ClientClosedAfterResponse: 3, IdleAtEnd: 1}},
		{"a client that closes after three", "conn 40001..40004 every 1\n" + said + byClient, map[Cause]int{ClientClosedAfterResponse: 4}},
		{"connections opened ahead fill the pool, and others are closed for them",
			"conn 40001..40002\n0.000 $tls\n9.000 > P. $request\n9.010 < P. $response\n" +
				"conn 40003..40005\n0.000 $tls\n0.100 > P. $request\n0.110 < P. $response\n0.1101 > P. $notify\n0.1102 > F.\n0.112 < R.\n",
			map[Cause]int{ClientPoolOverflow: 3, IdleAtEnd: 2}},
		{"the same without them", "conn 40003..40005\n0.000 $tls\n0.100 > P. $request\n0.110 < P. $response\n0.1101 > P. $notify\n0.1102 > F.\n0.112 < R.\n",
			map[Cause]int{ClientClosedAfterResponse: 3}},
		{"a response is left unread", "0.000 $tls\n0.010 > P. $request\n0.020 < P. $response\n0.0201 > P. $notify\n0.0201 > R.\n", map[Cause]int{ClientUnreadBody: 1}},
		{"the server's close_notify is left unread", "0.000 $tls\n0.010 > P. $request\n0.020 < P. $response\n0.0200 < P. $notify\n0.0201 > P. $notify\n0.0201 > R.\n",
			map[Cause]int{ServerClosedUnannounced: 1}},
		{"idle connections are closed at one moment, after no time that somebody set", "conn 40001..40003\n" + used + "0.587 < F.\n0.588 > F.\n0.589 < .\n",
			map[Cause]int{ServerClosedUnannounced: 3}},
		{"the same after one", "conn 40001..40003\n" + used + "0.620 < F.\n0.621 > F.\n0.622 < .\n", map[Cause]int{ServerIdleTimeout: 3}},
		{"the same, one after the other", "conn 40001..40003 every 1\n" + used + "0.587 < F.\n0.588 > F.\n0.589 < .\n", map[Cause]int{ServerIdleTimeout: 3}},
		{"HTTP/2 after 11 s, of which one since GOAWAY", "conn 40001..40003 every 20\n" + h2 + "11.020 < P. " + short + "\n" + closes, map[Cause]int{ServerIdleTimeout: 3}},
		{"HTTP/2 with a message behind what is as short as GOAWAY",
			"conn 40001..40003 every 20\n" + h2 + "11.000 < P. " + short + "\n11.500 > P. $request\n12.019 < P. $response\n" + closes, map[Cause]int{ServerClosedUnannounced: 3}},
	} {
		p := causetest.Run(t, tc.script)
		d := Collect(p.Result, 1).Finish(p.Result)
		got := map[Cause]int{}
		for _, r := range d.Records() {
			got[r.Cause]++
		}
		if !maps.Equal(got, tc.want) {
			t.Errorf("%s: got %v, want %v\n%s", tc.name, got, tc.want, told(&d))
		}
	}
}

// TestIdleToGoAway holds that an idle timeout of HTTP/2 over TLS runs to GOAWAY, not to the
// close, and that pings do not end the idle time.
func TestIdleToGoAway(t *testing.T) {
	const h2 = "conn 40001..40003 every 20\n0.000 $tls-h2\n0.010 > P. $request\n0.020 < P. $response\n"
	for name, between := range map[string]string{
		"nothing between": "",
		"pings of the server": "3.020 < P. " + short + "\n3.021 > P. " + short + "\n" +
			"6.020 < P. " + short + "\n6.021 > P. " + short + "\n",
	} {
		p := causetest.Run(t, h2+between+"10.020 < P. "+short+"\n11.020 < P. $notify\n11.020 < F.\n11.021 > F.\n11.022 < .\n")
		d := Collect(p.Result, 1).Finish(p.Result)
		if len(d.Policies) != 1 || d.Policies[0].Kind != IdleTimeout || d.Policies[0].Value != 10*second {
			t.Errorf("%s: got the policies %+v, want an idle timeout of 10 s\n%s", name, d.Policies, told(&d))
		}
	}
}
