package diagnose

import (
	"strings"
	"testing"
)

// TestFixForProxy holds that nobody is told to change a program that only
// another host says it is: a proxy hands on the User-Agent of its clients.
func TestFixForProxy(t *testing.T) {
	const (
		goes = `
0.000 $open
0.002 > P. "GET / HTTP/1.1\r\nUser-Agent: Go-http-client/1.1\r\nEXTRA\r\n"
0.010 < P. $ok
0.011 > F.
0.012 < F.
0.013 > .
`
		onward = "client 10.0.0.2\nserver 10.0.0.3:8080"
		front  = "conn 41001..41004 every 0.1\nclient 10.0.0.1\nserver 10.0.0.2:80" + goes
	)
	for _, c := range []struct {
		name, extra, more string
		want              string
	}{
		{"its own name", "", "", "resp.Body.Close()"},
		{"forwarded", `X-Forwarded-For: 203.0.113.9\r\n`, "", "nginx"},
		{"asked by that name itself", "", front, "nginx"},
		{"asked by another name", "", strings.ReplaceAll(front, "Go-http-client", "curl"), "resp.Body.Close()"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "conn 40001..40004 every 0.1\n" + onward + strings.ReplaceAll(goes, "EXTRA", c.extra) + strings.ReplaceAll(c.more, "EXTRA", "")
			p := play(t, text)
			for _, f := range p.Findings {
				if f.Rule == clientPerRequest && strings.HasPrefix(f.Subject, "10.0.0.2 ") {
					if !strings.Contains(f.Fix, c.want) {
						t.Errorf("got fix %q, want %q in it", f.Fix, c.want)
					}
					return
				}
			}
			t.Errorf("got no finding of %s in\n%s", clientPerRequest.ID, summary(p.Diagnosis))
		})
	}
}
