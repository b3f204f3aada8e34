package rules

import "testing"

// Requests that fail with their stream, while the connection goes on, are told by a finding;
// those that the client cancels are its own choice.
func TestStreamLosses(t *testing.T) {
	p := play(t, `
conn 40001..40002 every 1
0.000 $open
0.002 > P. h2(preface get:1 get:3 get:5)
0.010 < P. h2(settings head:1)
0.012 < P. h2(reset:1:2 reset:3:2)
0.020 > P. h2(reset:5:8)
0.100 > P. h2(get:7)
0.110 < P. h2(ok:7)`)
	lost := p.TotalLost()
	told := int64(0)
	for _, f := range p.Findings {
		told += f.Failed
	}
	if lost.Failed != 4 || lost.Abandoned != 2 || told != 4 || p.Verdict.Level != Problem {
		t.Errorf("got %+v, %d told, %v; want 4 failed and told, 2 abandoned, a problem", lost, told, p.Verdict.Level)
	}
}
