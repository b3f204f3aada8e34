package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// TestBodyTimeout holds what is told of a server that does not wait for whole bodies: the
// time that it waits is a setting, and the fix names where it is set.
func TestBodyTimeout(t *testing.T) {
	const head = "0.000 $open\n0.002 > P. \"POST /in HTTP/1.1\\r\\nContent-Length: 5000\\r\\n\\r\\nthe beginning\"\n0.003 < .\n"
	answer := func(server, status string) string {
		return head + `2.004 < P. "HTTP/1.1 ` + status + `\r\nServer: ` + server + `\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"` +
			"\n2.005 < F.\n2.006 > F.\n2.007 < .\n"
	}
	for _, c := range []struct {
		name, conns string
		wait        time.Duration // 0: no setting is told
		fix         string
	}{
		{"it closes", "conn 40001..40003 every 1\n" + head + "2.004 < F.\n2.005 > F.\n2.006 < .\n", 2002 * time.Millisecond, "nginx client_body_timeout, Apache"},
		{"it answers 408", "conn 40001..40003 every 1\n" + answer("nginx", "408 Request Timeout"), 2002 * time.Millisecond, "(nginx client_body_timeout)"},
		{"it answers 500", "conn 40001..40003 every 1\n" + answer("lighttpd/1.4.69", "500 Oh"), 2002 * time.Millisecond, "(lighttpd server.max-read-idle)"},
		{"two do not tell", "conn 40001..40002 every 1\n" + answer("nginx", "408 Request Timeout"), 0, "(nginx client_body_timeout)"},
		{"it rejects them at once and closes later", "conn 40001..40003 every 1\n" + strings.NewReplacer("2.004", "0.004", "2.00", "1.00").Replace(answer("nginx", "403 No")), 0, "proxy_request_buffering"},
		{"it rejects them at once", "conn 40001..40003 every 1\n" + strings.ReplaceAll(answer("nginx", "413 No"), "2.00", "0.00"), 0, "client_max_body_size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := play(t, c.conns)
			x, _ := p.PolicyOf(cause.BodyTimeout, analyze.Server, "198.51.100.1:80")
			if time.Duration(x.Value) != c.wait {
				t.Errorf("got a body timeout of %s, want %s", cause.Duration(x.Value), c.wait)
			}
			if len(p.Findings) == 0 || !strings.Contains(p.Findings[0].Words(), c.fix) {
				t.Errorf("got %s, want the fix to name %s", summary(p.Diagnosis), c.fix)
			}
		})
	}
}

// TestRestarted holds that refusals between the end of a server and its next connection
// are told as a restart.
func TestRestarted(t *testing.T) {
	const ends = `conn 40001..40003 every 0.1
0.000 $open
0.002 > P. $get
0.010 < P. $ok
conn 40001..40003 every 0.0001
1.000 < F.
1.001 > F.
1.002 < .
conn 40004
1.100 > S
1.101 < R. 0:0(0) ack 1 win 0
`
	const back = "conn 40005\n1.400 $open\n1.402 > P. $get\n1.410 < P. $ok\n"
	for _, c := range []struct{ name, conns, brief, fix string }{
		{"it comes back", ends + back, " while it restarts", "listening socket"},
		{"it does not", ends, " refuses connections", "start the server"},
		{"it refuses another one later", ends + back + "conn 40006\n50.000 > S\n50.001 < R. 0:0(0) ack 1 win 0\n", " refuses connections", "start the server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := play(t, c.conns)
			for _, f := range p.Findings {
				if f.Rule == refused && strings.HasSuffix(f.brief, c.brief) && strings.Contains(f.Words(), c.fix) {
					return
				}
			}
			t.Errorf("got %s, want KA1027 whose fix names %q", summary(p.Diagnosis), c.fix)
		})
	}
}
