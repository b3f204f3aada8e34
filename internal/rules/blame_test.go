package rules

import (
	"strings"
	"testing"
)

// TestBlame holds who is said to be to blame, and what to change, where that depends on
// more than the cause.
func TestBlame(t *testing.T) {
	const (
		open     = "0.000 $open\n0.002 > P. $get\n0.010 < P. $ok\n"
		missing  = `"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"`
		upload   = `"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\nabc"`
		gone     = "conn 40005..40007 every 0.1\n2.500 > S\n2.501 < R. 0:0(0) ack 1 win 0\n"
		rejected = "conn 40001..40003 every 20\n0.000 $open\n0.102 > P. " + upload + "\n0.103 < P. \"HTTP/1.1 STATUS\\r\\nContent-Length: 2\\r\\n\\r\\nno\"\n" +
			"0.104 < F.\n0.105 > P. \"abcdefg\"\n0.106 < R 42:42(0)\n"
		python = `"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: python-requests/2.31\r\n\r\n"`
	)
	for _, c := range []struct {
		name, text string
		rule       *Rule
		title, fix string // parts of them
		not        string // part of neither
	}{
		{
			"the server shuts down: 503 on kept connections, new ones refused",
			"conn 40001..40004 every 0.1\n" + open + "2.002 > P. $get\n2.010 < P. \"HTTP/1.1 503 Service Unavailable\\r\\nContent-Length: 2\\r\\n\\r\\nno\"\n" + gone,
			refused, "after it had begun to shut down", "out of the load balancer", "start the server",
		},
		{
			"the server shuts down: it still answers on kept connections, new ones refused",
			"conn 40001..40004 every 0.1\n" + open + "3.002 > P. $get\n3.010 < P. $ok\n" + gone,
			refused, "it is shutting down", "out of the load balancer", "start the server",
		},
		{
			"the server shut down: responses said close",
			"conn 40001..40004 every 0.01\n" + open + "2.102 > P. $get\n2.110 < P. $bye\n2.111 < F.\n2.112 > F.\n2.113 < .\n" + gone,
			refused, "after it had begun to shut down", "out of the load balancer", "start the server",
		},
		{"nothing listens", gone, refused, "refused", "start the server", "shut"},
		{
			"it takes others again", "conn 40001..40002 every 5\n" + open + gone,
			refused, "refused", "start the server", "shut",
		},
		{
			"404 and kept, closed at the third request, too seldom to be sure",
			"conn 40001..40002 every 3\n0.000 $open\n0.002 > P. $get\n0.010 < P. " + missing + "\n0.102 > P. $get\n0.110 < P. " + missing +
				"\n0.202 > P. $get\n0.210 < P. " + strings.Replace(missing, `\r\n\r\n`, `\r\nConnection: close\r\n\r\n`, 1) + "\n0.211 < F.\n0.212 > F.\n0.213 < .\n",
			responseClose, "each after 3 requests", "keepalive_requests", "with errors",
		},
		{
			"404 and kept, closed at the third request, without a word",
			"conn 40001..40004 every 3\n0.000 $open\n0.002 > P. $get\n0.010 < P. " + missing + "\n0.102 > P. $get\n0.110 < P. " + missing +
				"\n0.202 > P. $get\n0.210 < P. " + missing + "\n0.211 < F.\n0.212 > F.\n0.213 < .\n",
			maxRequests, "after 3 requests", "raise the limit", "error",
		},
		{"401 before the body", strings.ReplaceAll(rejected, "STATUS", "401 Unauthorized"), earlyResponse, "401", "read or buffer the body", "limit"},
		{"413 before the body", strings.ReplaceAll(rejected, "STATUS", "413 Too Large"), earlyResponse, "413", "client_max_body_size", ""},
		{"408 before the body", strings.ReplaceAll(rejected, "STATUS", "408 Timeout"), earlyResponse, "408", "server.requestTimeout", ""},
		{
			"408 on connections opened ahead",
			"conn 40001..40004 every 3\n0.000 $open\n10.000 < P. \"HTTP/1.0 408 Request Time-out\\r\\nConnection: close\\r\\n\\r\\n\"\n10.001 < F.\n10.002 > F.\n10.003 < .\n",
			idle408, "opened ahead", "option http-ignore-probes", "idle timeout",
		},
		{
			"an idle timeout ends an upload",
			"conn 40001..40003 every 20\n" + open + "0.102 > P. " + upload + "\n1.102 > P. \"abcdefg\"\n1.103 < .\n5.103 < F.\n5.104 > .\n6.102 > P. \"abcdefg\"\n6.103 < R 41:41(0)\n",
			serverTimeout, "had not come whole", "raise the server's timeouts for reading", "write timeout",
		},
		{
			"an idle timeout ends an upload that was answered, and the next request is lost",
			"conn 40001..40003 every 20\n0.000 $open\n0.102 > P. " + upload + "\n0.103 < P. $ok\n1.102 > P. \"abcdefg\"\n1.103 < .\n5.103 < F.\n5.104 > .\n" +
				"6.102 > P. \"abcdefg\"\n6.102 > P. $get\n6.103 < R 41:41(0)\n",
			lateRequest, "closed before uploads", "raise the server's idle timeout", "client's idle timeout",
		},
		{
			"full segments alone are lost",
			"0.000 $open\n0.002 > P. $get\n0.003 < .\n0.010 < . 1:1449(1448) \"HTTP/1.1 200 OK\\r\\nContent-Length: 5000\\r\\n\\r\\n\"\n0.210 < . 1:1449(1448)\n" +
				"0.610 < . 1:1449(1448)\n1.410 < . 1:1449(1448)\n3.002 > F. 28:28(0) ack 1\n3.003 < .\n",
			silentDrop, "too large for the path", "clamp the MSS", "capture at both ends",
		},
		{
			"a path forgets what waits",
			"conn 40001..40004 every 0.1\n" + open + "0.011 > .\n0.020 > P. $get\n0.021 < .\n40001: 2.020 < P. $ok\n40001: 2.021 > .\n" +
				lostResponse("40002", 6) + lostResponse("40003", 7) + lostResponse("40004", 8),
			silentDrop, "after 5.900 s or more of silence, waiting for the response; silence of 2.000 s was survived",
			"let keep-alive probes come during the wait, no later than after 2.000 s", "firewall rules",
		},
		{
			"a path forgets what is idle",
			"conn 40001\n" + open + "0.011 > .\n40.010 > P. $get\n40.020 < P. $ok\n40.021 > .\nconn 40002..40003 every 0.1\n" + open +
				"0.011 > .\n240.010 > P. $get\n240.210 > P. 28:55(27) $get\n240.610 > P. 28:55(27) $get\n241.410 > P. 28:55(27) $get\n",
			silentDrop, "after 240 s or more of idling; silence of 40 s was survived", "between 40 s and 240 s", "wait, no later",
		},
		{
			"a pool of Python is full",
			strings.ReplaceAll(burst("40001..40006", 0)+burst("40011..40014", 2)+"conn 40001..40002 every 0.0001\n2.000 > P. $python\n2.100 < P. $ok\n", "$python", python),
			poolOverflow, "keeps only 2", "pool_maxsize", "Go ",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := play(t, c.text)
			for _, f := range p.Findings {
				if f.Rule != c.rule {
					continue
				}
				if !strings.Contains(f.Title, c.title) || !strings.Contains(f.Words(), c.fix) {
					t.Errorf("got %q, fix %q; want %q and %q in them", f.Title, f.Fix, c.title, c.fix)
				}
				if c.not != "" && strings.Contains(f.Title+f.Words()+f.Rule.Why, c.not) {
					t.Errorf("got %q, for %q, fix %q; want no %q there", f.Title, f.Rule.Why, f.Fix, c.not)
				}
				return
			}
			t.Errorf("got no finding of %s in\n%s", c.rule.ID, summary(p.Diagnosis))
		})
	}
}

// lostResponse returns the packets of a response that is sent again and again without an
// answer, so many seconds after its request.
func lostResponse(port string, after int) string {
	var b strings.Builder
	for _, late := range []string{".020", ".220", ".620", "1.420"} {
		at := after
		if late[0] == '1' {
			at, late = after+1, late[1:]
		}
		b.WriteString(port + ": " + string(rune('0'+at)) + late + " < P. 41:81(40) ack 55 $ok\n")
	}
	return b.String()
}

// burst returns connections that are opened at a time for a request each, in Python, and
// closed after it but for the first two of all.
func burst(ports string, at int) string {
	text := "conn " + ports + " every 0.0001\n0.000 $open\n0.010 > P. $python\n0.100 < P. $ok\n"
	first, _, _ := strings.Cut(ports, "..")
	if first == "40001" {
		text += "conn 40003..40006 every 0.0001\n"
	}
	text += "0.102 > F.\n0.103 < F.\n0.104 > .\n"
	return strings.ReplaceAll(text, "\n0.", "\n"+string(rune('0'+at))+".")
}
