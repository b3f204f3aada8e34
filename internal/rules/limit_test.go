package rules

import (
	"strings"
	"testing"
)

// TestClientLimit holds that a client which closes each connection after as
// many requests is told of that limit, and one that just ends is not.
func TestClientLimit(t *testing.T) {
	const two = `
0.000 $open
0.002 > P. $get
0.010 < P. $ok
0.102 > P. $get
0.110 < P. $ok
0.111 > F.
0.112 < F.
0.113 > .
`
	for _, c := range []struct {
		name, conns string
		limit       bool
	}{
		{"others follow", "conn 40001..40004 every 1", true},
		{"none follows", "conn 40001..40004 every 0.03", false},
		{"one carries more", "conn 40010\n9.000 $open\n9.002 > P. $get\n9.010 < P. $ok\n9.102 > P. $get\n9.110 < P. $ok\n9.202 > P. $get\n9.210 < P. $ok\nconn 40001..40004 every 1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := false
			for _, f := range play(t, c.conns+two).Findings {
				if f.Rule == clientPerRequest {
					got = strings.Contains(f.Words(), "keepalive_requests") && strings.HasSuffix(f.brief, "after 2 requests")
				}
			}
			if got != c.limit {
				t.Errorf("KA1014 with a limit: %v, want %v", got, c.limit)
			}
		})
	}
}

// TestServerLimitSet holds that a server which allows more requests than it is set to
// is told with its setting.
func TestServerLimitSet(t *testing.T) {
	for server, want := range map[string]string{
		"Apache/2.4.71":   ", as with MaxKeepAliveRequests 1",
		"lighttpd/1.4.69": ", as with server.max-keep-alive-requests 1",
		"nginx":           "",
	} {
		says := `"HTTP/1.1 200 OK\r\nServer: ` + server + `\r\nContent-Length: 2\r\n`
		p := play(t, "conn 40001..40004 every 1\n0.000 $open\n0.002 > P. $get\n0.010 < P. "+says+`\r\nok"`+
			"\n0.102 > P. $get\n0.110 < P. "+says+`Connection: close\r\n\r\nok"`+"\n0.111 < F.\n0.112 > F.\n0.113 < .\n")
		title := ""
		for _, f := range p.Findings {
			if f.Rule == maxRequests {
				title = f.Title
			}
		}
		if !strings.HasSuffix(title, "(4 of 4)"+want) {
			t.Errorf("%s: got %q, want it to end in %q", server, title, want)
		}
	}
}
