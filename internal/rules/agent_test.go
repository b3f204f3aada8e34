package rules

import (
	"fmt"
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
					if !strings.Contains(f.Words(), c.want) {
						t.Errorf("got fix %q, want %q in it", f.Fix, c.want)
					}
					return
				}
			}
			t.Errorf("got no finding of %s in\n%s", clientPerRequest.ID, summary(p.Diagnosis))
		})
	}
}

// TestFixForJava holds that programs in Java are told settings that they have.
func TestFixForJava(t *testing.T) {
	for _, c := range []struct{ name, agent, server, closes, answers, title, fix string }{
		{"HttpURLConnection", "Java/17.0.21.1", "nginx", ">", "<", "5.000 s idle: 4 connections, the default of Java HttpURLConnection", "-Dhttp.keepAlive.time.server"},
		{"another client", "python-requests/2.31.0", "nginx", ">", "<", "5.000 s idle: 4 connections", "keepalive_expiry"},
		{"Jetty", "Java-http-client/17.0.21.1", "Jetty(9.4.57.v20241219)", "<", ">", "idle for 5.000 s", "ServerConnector"},
	} {
		p := play(t, fmt.Sprintf(`conn 40001..40004 every 20
0.000 $open
0.002 > P. "GET / HTTP/1.1\r\nUser-Agent: %s\r\n\r\n"
0.010 < P. "HTTP/1.1 200 OK\r\nServer: %s\r\nContent-Length: 2\r\n\r\nok"
5.010 %s F.
5.011 %s F.
5.012 %[3]s .`, c.agent, c.server, c.closes, c.answers))
		if len(p.Findings) == 0 || !strings.Contains(p.Findings[0].Title, c.title) || !strings.Contains(p.Findings[0].Words(), c.fix) {
			t.Errorf("%s: got %s, want the title %q and the fix %q", c.name, summary(p.Diagnosis), c.title, c.fix)
		}
		if strings.Contains(c.agent, "python") && len(p.Findings) > 0 && strings.Contains(p.Findings[0].Title, "Java") {
			t.Errorf("%s: got title %q, want no default of another program", c.name, p.Findings[0].Title)
		}
	}
}

// TestFixForAge holds that a client that limits the age of its connections is
// not told to share them.
func TestFixForAge(t *testing.T) {
	const use = "%.3f > P. $get\n%.3f < P. $ok\n"
	var text strings.Builder
	for i, at := range [][]float64{{.1, .5, .9}, {.2, .95}, {.3, .4, .7, .92}, {.15, .98}} {
		start := 2 * float64(i)
		fmt.Fprintf(&text, "conn %d\n%.3f $open\n", 40001+i, start)
		for _, d := range at {
			fmt.Fprintf(&text, use, start+d, start+d+.008)
		}
		fmt.Fprintf(&text, "%.3f > F.\n%.3f < F.\n%.3f > .\n", start+1.01, start+1.011, start+1.012)
	}
	p := play(t, text.String())
	if len(p.Findings) == 0 || !strings.Contains(p.Findings[0].Title, "at an age of 1.010 s") || !strings.Contains(p.Findings[0].Words(), "setConnectionTimeToLive") {
		t.Errorf("got %s, want an age of 1.010 s and how to raise it", summary(p.Diagnosis))
	}
}
