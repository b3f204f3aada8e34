package analyze_test

import (
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// Streams of messages that come as they happen are told where they last; a large response
// that takes as long is not one of them.
func TestHTTP2Lasting(t *testing.T) {
	const begin = `
0.010 > P. h2(preface post:1 end:1)
0.011 < P. h2(settings)`
	for _, tc := range []struct {
		name, script string
		want         int64
	}{
		{"a call that streams, and ends", begin + `
0.020 < P. h2(call:1 data:1)
1.020 < P. h2(grpc:1:0)`, 1},
		{"a call that is a little shorter", begin + `
0.020 < P. h2(call:1 data:1)
1.019 < P. h2(grpc:1:0)`, 0},
		{"a call whose answer is late", begin + `
5.020 < P. h2(call:1 data:1 grpc:1:0)`, 0},
		{"a call that streams to the end of the capture", begin + `
0.020 < P. h2(call:1 data:1)
3.000 < P. h2(data:1)`, 1},
		{"a response that takes as long", begin + `
0.020 < P. h2(head:1 data:1)
3.000 < P. h2(end:1)`, 0},
	} {
		if got := connections(run(t, analyze.Options{}, opening+h2Script(t, tc.script)))[0].HTTP2.Lasting; got != tc.want {
			t.Errorf("%s: got %d, want %d", tc.name, got, tc.want)
		}
	}
}
