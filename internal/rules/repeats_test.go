package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestRepeats tells requests that come again after a loss from others.
func TestRepeats(t *testing.T) {
	const lost = `
0.000 $open
0.002 > P. "%s /orders/1 HTTP/1.1\r\nHost: x\r\n\r\n"
0.003 < .
5.000 < F.
5.001 > F.
5.002 < .
`
	// again sends a request on another connection at that time, and its answer.
	again := func(port int, at float64, request, more string) string {
		return fmt.Sprintf("conn %d\n%s%.3f $open\n%.3f > P. \"%s HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\"\n", port, more, at-0.002, at, request)
	}
	answer := func(at float64) string { return fmt.Sprintf("%.3f < P. $ok\n", at) }
	for _, c := range []struct {
		name, method, then string
		want               []Outcome
	}{
		{"at once", "GET", again(40001, 5.003, "GET /orders/1", "") + answer(5.01), []Outcome{Recovered}},
		{"at once, with an effect", "POST", again(40001, 5.003, "POST /orders/1", "") + answer(5.01), []Outcome{ExecutedTwice}},
		{"put twice is put once", "PUT", again(40001, 5.003, "PUT /orders/1", "") + answer(5.01), []Outcome{Recovered}},
		{"a second later", "GET", again(40001, 6.0, "GET /orders/1", "") + answer(6.01), []Outcome{Recovered}},
		{"later than that", "GET", again(40001, 6.001, "GET /orders/1", "") + answer(6.01), nil},
		{"before the loss", "GET", again(40001, 4.9, "GET /orders/1", "") + answer(5.5), nil},
		{"another target", "GET", again(40001, 5.003, "GET /orders/2", "") + answer(5.01), nil},
		{"another method", "GET", again(40001, 5.003, "HEAD /orders/1", ""), nil},
		{"another client", "GET", again(40001, 5.003, "GET /orders/1", "client 10.9.9.9\n") + answer(5.01), nil},
		{"another server", "GET", again(40001, 5.003, "GET /orders/1", "server 10.9.9.9:80\n") + answer(5.01), []Outcome{Recovered}},
		{"no answer", "GET", again(40001, 5.003, "GET /orders/1", "") + "5.500 < F.\n5.501 > F.\n", []Outcome{LostAgain}},
		{"a cut answer, and once more", "GET", again(40001, 5.003, "GET /orders/1", "") + "5.100 < P. $part\n5.200 < F.\n5.201 > F.\n" +
			again(40002, 5.300, "GET /orders/1", "") + answer(5.31), []Outcome{LostAgain, Recovered}},
		{"twice is a repeat and more", "GET", again(40001, 5.003, "GET /orders/1", "") + answer(5.01) + again(40002, 5.050, "GET /orders/1", "") + answer(5.06), []Outcome{Recovered}},
		{"as every 50 ms", "GET", func() (s string) {
			for i := range 20 {
				at := 5.048 + 0.05*float64(i)
				s += again(40001+i, at, "GET /orders/1", "") + answer(at+0.001)
			}
			return s
		}(), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := play(t, fmt.Sprintf(lost, c.method)+c.then)
			var got []Outcome
			for _, r := range p.Repeats {
				got = append(got, r.Outcome)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v:\n%+v\n%s", got, c.want, p.Repeats, summary(p.Diagnosis))
			}
			told := strings.Contains(summary(p.Diagnosis), "came again")
			if want := slices.ContainsFunc(c.want, func(o Outcome) bool { return o != ExecutedTwice }); told != want {
				t.Errorf("the findings tell of it: %v, want %v:\n%s", told, want, summary(p.Diagnosis))
			}
		})
	}
}

// TestNoRepeats holds that a client that sends the same again and again repeats nothing,
// though one in a hundred is lost.
func TestNoRepeats(t *testing.T) {
	var s strings.Builder
	s.WriteString("0.000 $open\n")
	at := 0.010
	for i := range 40 {
		port := 40000 + i
		fmt.Fprintf(&s, "conn %d\n%.4f $open\n", port, at-0.005)
		for range 25 {
			fmt.Fprintf(&s, "%.4f > P. $get\n%.4f < P. $ok\n", at, at+0.0005)
			at += 0.001
		}
		fmt.Fprintf(&s, "%.4f > P. $get\n%.4f < F.\n%.4f > F.\n", at, at+0.0005, at+0.0006)
		at += 0.001
	}
	p := play(t, s.String())
	if n := p.TotalLost().Failed; n != 40 {
		t.Errorf("got %d failed requests, want 40", n)
	}
	if n := len(p.Repeats); n > 1 { // nothing follows the last one
		t.Errorf("got %d repeats, want none: %+v", n, p.Repeats[0])
	}
}

// TestRepeatsOf finds those of a connection, from either end.
func TestRepeatsOf(t *testing.T) {
	p := play(t, `
conn 40000..40003 every 0.0001
0.000 $open
0.002 > P. $get
0.010 < P. $ok
5.002 > P. $get
5.003 < F. ack 28
5.004 < R 41:41(0)
conn 40010..40013 every 0.0001
5.020 $open
5.022 > P. $get
5.030 < P. $ok
`)
	if n := len(p.Repeats); n != 4 {
		t.Fatalf("got %d repeats, want 4: %+v", n, p.Repeats)
	}
	for id, want := range map[uint64]int{1: 1, 4: 1, 5: 1, 8: 1, 9: 0} {
		if got := len(p.RepeatsOf(id)); got != want {
			t.Errorf("connection %d: got %d repeats, want %d", id, got, want)
		}
	}
	if f := p.Findings[0]; !strings.HasSuffix(f.Title, "; 4 of 4 came again on another connection within 1 s and got an answer") {
		t.Errorf("got %q", f.Title)
	}
}
