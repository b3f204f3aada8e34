package analyze_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// TestProxied has connections that begin with a PROXY protocol header.
func TestProxied(t *testing.T) {
	const (
		v1     = `PROXY TCP4 203.0.113.7 203.0.113.80 51000 443\r\n`
		v2     = `\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\xcb\x00\x71\x50\xc7\x38\x01\xbb`
		get    = `GET / HTTP/1.1\r\nHost: h\r\n\r\n`
		answer = "\n0.020 < P. " + `"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"`
		again  = "\n0.030 > P. \"" + get + "\"\n0.040 < P. " + `"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"`
		who    = "203.0.113.7:51000 203.0.113.80:443"
	)
	send := func(texts ...string) string {
		var b strings.Builder
		b.WriteString(opening)
		for i, s := range texts {
			fmt.Fprintf(&b, "\n0.01%d > P. \"%s\"", i, s)
		}
		return b.String()
	}
	for _, tc := range []struct{ name, script, want string }{
		{"none", send(get) + answer, "http/1.1 1/1 -"},
		{"version 1, with the request", send(v1+get) + answer + again, "http/1.1 2/2 " + who},
		{"version 1, before the request", send(v1, get) + answer + again, "http/1.1 2/2 " + who},
		{"version 1, in pieces", send(v1[:3], v1[3:20], v1[20:]+get[:9], get[9:]) + answer, "http/1.1 1/1 " + who},
		{"version 1, unknown", send(`PROXY UNKNOWN\r\n`+get) + answer, "http/1.1 1/1 unknown"},
		{"version 2, with the request", send(v2+get) + answer + again, "http/1.1 2/2 " + who},
		{"version 2, in pieces", send(`\r\n\r\n\x00\r\nQU`, `IT\n\x21\x11\x00\x0c\xcb\x00\x71`, `\x07\xcb\x00\x71\x50\xc7\x38\x01\xbb`+get) + answer, "http/1.1 1/1 " + who},
		{"version 2, with more in another segment", send(strings.Replace(v2, `\x00\x0c`, `\x00\x10`, 1), `\x04\x00`, `\x01x`+get) + answer, "http/1.1 1/1 " + who},
		{"version 2, local", send(`\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00`+get) + answer, "http/1.1 1/1 unknown"},
		{"version 2, a length that lies", send(strings.Replace(v2, `\x00\x0c`, `\xff\xff`, 1)+get) + answer, "http/1.1 0/1 " + who},
		{"before TLS", send(v1+`\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00`) + "\n0.020 < P. " + `"\x16\x03\x03\x00\x04\x02\x00\x00\x00"`, "tls -/- " + who},
		{"before HTTP/2", send(v1 + `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`), "h2c 0/0 " + who},
		{"the word begins something else", send("PRO", "XY / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n") + answer, "http/1.1 1/1 -"},
		{"a header later", send(get, v1) + answer, "http/1.1 1/1 -"},
	} {
		r := run(t, analyze.Options{}, tc.script)
		var c analyze.Connection
		r.Connection(0, &c)
		n := func(n int64) string {
			if n == analyze.Unknown {
				return "-"
			}
			return fmt.Sprint(n)
		}
		got := fmt.Sprintf("%v %s/%s ", c.Protocol, n(c.Requests), n(c.Responses))
		switch {
		case c.Proxied == nil:
			got += "-"
		case !c.Proxied.Client.IsValid():
			got += "unknown"
		default:
			got += fmt.Sprintf("%v %v", c.Proxied.Client, c.Proxied.Server)
		}
		if got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

// TestProxiedCut has a header of which packets were captured in part.
func TestProxiedCut(t *testing.T) {
	r := run(t, analyze.Options{}, opening+`
0.010 > P. 1:66(65) ack 1 "PROXY TCP4 203.0.113.7 203.0.113.80 51000 443\r\nGET /"
0.020 > P. 66:90(24) ack 1 " HTTP/1.1\r\n\r\n"`)
	var c analyze.Connection
	r.Connection(0, &c)
	if c.Proxied == nil || c.Proxied.Client.Port() != 51000 {
		t.Errorf("got %+v", c.Proxied)
	}
}
