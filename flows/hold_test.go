package flows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
)

// followWithin runs a script through an Engine that holds little.
func followWithin(t *testing.T, opt flows.Options, script string) *recorder {
	t.Helper()
	r := &recorder{}
	e := flows.NewEngine(opt, r)
	segs := capturetest.Segments(t, script)
	for i := range segs {
		e.Segment(&segs[i])
	}
	e.Finish()
	return r
}

func TestHoldBounds(t *testing.T) {
	script := opening + `
1.0 > P. 4:7(3) ack 1 "def"
1.1 > P. 7:10(3) ack 1 "ghi"
1.2 > P. 1:4(3) ack 1 "abc"
1.3 > P. 10:13(3) ack 1 "jkl"`
	for _, tc := range []struct {
		name string
		opt  flows.Options
		want string
	}{
		{"room for all", flows.Options{}, "abcdefghijkl"},
		{"not for a single segment", flows.Options{MaxHeldConn: 10}, "<gap 3>defghijkl"},
		{"for one of a side", flows.Options{MaxHeldConn: 2200}, "<gap 3>defghijkl"},
		{"for none in all", flows.Options{MaxHeld: 10}, "<gap 3>defghijkl"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := followWithin(t, tc.opt, script).data[flows.Initiator]; got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestHoldManyTimes(t *testing.T) {
	var script strings.Builder
	script.WriteString(opening)
	for range 300 {
		script.WriteString("1 > P. 4:7(3) ack 1 \"def\"\n")
	}
	script.WriteString("2 > P. 1:4(3) ack 1 \"abc\"\n")
	if got := followWithin(t, flows.Options{}, script.String()).data[flows.Initiator]; got != "abcdef" {
		t.Errorf("got %q, want each byte once", got)
	}
}

// Of a fast download over a long line megabytes follow a lost segment before it
// is sent again.
func TestHoldWindow(t *testing.T) {
	const segment, n = 1400, 800
	var script strings.Builder
	script.WriteString(opening)
	for i := 1; i < n; i++ {
		fmt.Fprintf(&script, "1.%04d < . %d:%d(%d) ack 1\n", i, 1+i*segment, 1+(i+1)*segment, segment)
	}
	fmt.Fprintf(&script, "1.9 < . 1:%d(%d) ack 1\n", 1+segment, segment)
	_, conns, _ := follow(t, script.String())
	if got := conns[0].Missing(flows.Responder); got != 0 {
		t.Errorf("%d bytes are missing, want 0", got)
	}
	if got := conns[0].Retransmissions(flows.Responder); got != 1 {
		t.Errorf("got %d retransmissions, want 1", got)
	}
}

// However small the segments behind a hole are, their number is bounded.
func TestHoldBound(t *testing.T) {
	var script strings.Builder
	script.WriteString(opening)
	for i := range 6000 {
		fmt.Fprintf(&script, "1.%04d < . %d:%d(1) ack 1\n", i, 10+2*i, 11+2*i)
	}
	_, conns, _ := follow(t, script.String())
	if got := conns[0].Missing(flows.Responder); got < 4096 || got > 6008 {
		t.Errorf("%d bytes are missing, want the hole and those between what was handed over", got)
	}
}
