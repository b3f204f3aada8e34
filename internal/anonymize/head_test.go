package anonymize

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/httpparse"
)

const request = "POST http://anna:pw@shop.example.com:8080/cart/42.json?token=geheim&n=1#part HTTP/1.1\r\n" +
	"Host: shop.example.com:8080\r\n" +
	"User-Agent: Go-http-client/1.1 (intern)\r\n" +
	"Connection: keep-alive, X-Tenant\r\n" +
	"X-Tenant: acme-corp\r\n" +
	"Cookie: sid=abcdef123; theme=dunkelblau\r\n" +
	"Content-Type: multipart/form-data; boundary=zzTopBand\r\n" +
	"Content-Length: 12345\r\n" +
	"Expect: 100-continue\r\n" +
	"X-Folded: eins\r\n zwei\r\n" +
	"\r\n"

const response = "HTTP/1.1 200 Alles gut\r\n" +
	"Server: nginx/1.25.3\r\n" +
	"Set-Cookie: sid=abcdef123; Path=/intern; HttpOnly\r\n" +
	"Keep-Alive: timeout=5, max=1000, note=4711\r\n" +
	"Transfer-Encoding: gzip, chunked\r\n" +
	"Content-Type: text/event-stream; charset=weird\r\n" +
	"Location: https://shop.example.com/fertig?x=1\r\n\r\n"

func TestHeadReplaces(t *testing.T) {
	a := New([]byte("key"))
	for raw, kept := range map[string][]string{
		request: {"POST http://", "@", ":8080/", "?", "&", "#", " HTTP/1.1\r\nHost: ", ":8080\r\nUser-Agent: Go-http-client", "\r\nConnection: keep-alive, ",
			"\r\nCookie: ", "\r\nContent-Type: multipart/form-data; ", "\r\nContent-Length: 12345\r\nExpect: 100-continue\r\n", "\r\n "},
		response: {"HTTP/1.1 200 ", "\r\nServer: nginx", "Keep-Alive: timeout=5, max=1000, ", "Transfer-Encoding: gzip, chunked\r\n",
			"Content-Type: text/event-stream; "},
	} {
		got := string(a.Head(nil, []byte(raw)))
		rest := got
		for _, k := range kept {
			_, after, found := strings.Cut(rest, k)
			if !found {
				t.Errorf("got %q, want %q to stay in it, in this order", got, k)
			}
			rest = after
		}
		for _, gone := range []string{"anna", "pw@", "shop", "example", "com:", "cart", "/42.", "json", "token", "geheim", "part ", "intern", "Tenant",
			"acme", "corp", "sid", "abcdef123", "theme", "dunkelblau", "boundary=", "zzTopBand", "Folded", "eins", "zwei", "Alles", "gut",
			"1.25", "Path", "HttpOnly", "note", "4711", "charset", "weird", "https", "fertig"} {
			if strings.Contains(got, gone) {
				t.Errorf("got %q, want no %q in it", got, gone)
			}
		}
		if again := string(New([]byte("key")).Head(nil, []byte(raw))); again != got {
			t.Errorf("with the same key: got %q, then %q", got, again)
		}
		if other := string(New([]byte("other")).Head(nil, []byte(raw))); other == got {
			t.Errorf("with another key: got %q again", got)
		}
	}
}

// TestHeadConsistent holds that what is one name before is one name after.
func TestHeadConsistent(t *testing.T) {
	a := New([]byte("key"))
	parts := func(raw, pattern string) []string {
		t.Helper()
		head := string(a.Head(nil, []byte(raw)))
		_, head, _ = strings.Cut(head, pattern)
		return strings.FieldsFunc(head, func(c rune) bool { return strings.ContainsRune("/.?=&;:, \r\n", c) })
	}
	get := parts("GET /api/v1/api HTTP/1.1\r\nhost: WWW.example.org\r\n\r\n", "GET ")
	if get[0] != get[2] || get[0] == get[1] {
		t.Errorf("segments: got %q, want the first and the third equal alone", get)
	}
	absolute := parts("GET http://www.EXAMPLE.org:80/api HTTP/1.1\r\n\r\n", "//")
	if want := get[7:10]; absolute[0] != want[0] || absolute[1] != want[1] || absolute[2] != want[2] {
		t.Errorf("host: got %q, want that of the field, %q", absolute, want)
	}
	set, sent := parts("HTTP/1.1 200 OK\r\nSet-Cookie: sid=4711; Path=/\r\n\r\n", "Set-Cookie"), parts("GET / HTTP/1.1\r\nCookie: a=b; sid=4711\r\n\r\n", "Cookie")
	if set[0] != sent[2] || set[1] != sent[3] {
		t.Errorf("cookie: got %q set, %q sent", set, sent)
	}
	named := parts("GET / HTTP/1.1\r\nConnection: close, X-Hop\r\nx-hop: 1\r\n\r\n", "Connection")
	if named[0] != "close" || named[1] != named[2] {
		t.Errorf("nominated field: got %q", named)
	}
}

func TestHeadStays(t *testing.T) {
	a := New(nil)
	for _, raw := range []string{
		"OPTIONS * HTTP/1.1\r\nTE: trailers\r\nUpgrade: h2c\r\nUpgrade: WebSocket\r\n\r\n",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 0, 0\r\nConnection: Close\r\n\r\n",
		"\r\n\nGET / HTTP/1.0\nKeep-Alive : timeout = 5,max=7\n\n",
		"HTTP/1.1 2", "HTTP/1.", "GET ", "",
	} {
		if got := string(a.Head(nil, []byte(raw))); got != raw {
			t.Errorf("got %q, want it as it was: %q", got, raw)
		}
	}
}

func TestHeadMasksWhatFollows(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n\r\n"
	if got, want := string(New(nil).Head(nil, []byte(head+"body\x00 here\n"))), head+"xxxx\x00 xxxx\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// pseudonymOf returns what stands for a host.
func pseudonymOf(a *Anonymizer, host string) string {
	out := []byte(host)
	a.host(out)
	return string(out)
}

func TestHost(t *testing.T) {
	a := New([]byte("key"))
	long := strings.Repeat("long", 100)
	for _, name := range []string{"", "a", "7", "www.example.org", "[2001:db8::1]:80", long} {
		got := pseudonymOf(a, name)
		if len(got) != len(name) || name != "" && got == name {
			t.Errorf("%q: got %q, want another text of that length", name, got)
		}
		if again := pseudonymOf(a, strings.ToUpper(name)); again != got {
			t.Errorf("%q: got %q in another case, want %q", name, again, got)
		}
	}
	if host, path := pseudonymOf(a, "example"), string(a.Head(nil, []byte("GET example"))[4:]); host == path {
		t.Errorf("got %q as a host and as a path", host)
	}
	want := pseudonymOf(a, "www.example.org:80")
	for i := range maxNames + 10 {
		pseudonymOf(a, strconv.Itoa(i))
	}
	if n := len(a.names); n > maxNames {
		t.Errorf("got %d names kept, want %d at most", n, maxNames)
	}
	if got := pseudonymOf(a, "www.example.org:80"); got != want || !strings.HasSuffix(got, ":80") {
		t.Errorf("got %q, want %q again, with the port", got, want)
	}
}

func TestRedact(t *testing.T) {
	for raw, want := range map[string]string{
		request: "POST http://xxxxxxx@shop.example.com:8080/cart/42.json?xxxxxxxxxxxxxxxxxxxxx HTTP/1.1\r\n" +
			"Host: shop.example.com:8080\r\n" +
			"User-Agent: Go-http-client/1.1 (intern)\r\n" +
			"Connection: keep-alive, X-Tenant\r\n" +
			"X-Tenant: xxxxxxxxx\r\n" +
			"Cookie: xxxxxxxxxxxxxx xxxxxxxxxxxxxxxx\r\n" +
			"Content-Type: multipart/form-data; boundary=zzTopBand\r\n" +
			"Content-Length: 12345\r\n" +
			"Expect: 100-continue\r\n" +
			"X-Folded: xxxx\r\n xxxx\r\n" +
			"\r\n",
		"GET /a#b HTTP/1.1\r\nX-API-Key : k1\r\nauthorization:Basic eA==\r\nX-Auth-Token: a\r\n b\r\nReferer: http://u:p@h/p?q\r\n\r\nbody?x": "GET /a#x HTTP/1.1\r\nX-API-Key : xx\r\nauthorization:xxxxx xxxx\r\nX-Auth-Token: x\r\n x\r\nReferer: http://xxx@h/p?x\r\n\r\nbody?x",
		"CONNECT u:p@h:443 HTTP/1.1\r\nCookie: a": "CONNECT xxx@h:443 HTTP/1.1\r\nCookie: x",
		"GET /a?secret":                "GET /a?xxxxxx",
		"GET /a?secret\r\n":            "xxx ?x?xxxxxx\r\n",
		"GET http://u:p":               "GET http://xxx",
		"AUTH secret":                  "xxxx xxxxxx",
		"GET secret":                   "GET xxxxxx",
		"PASS secret HTTP/1.1\r\n\r\n": "xxxx xxxxxx HTTP/1.1\r\n\r\n",
		"GET /a;jsessionid=1/b;c?d HTTP/1.1\r\n\r\n":                "GET /a;xxxxxxxxxxxx/b;x?x HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\n Cookie: a\r\nCookie a\r\n\r\n":          "GET / HTTP/1.1\r\n xxxxxxx x\r\nxxxxxx x\r\n\r\n",
		"GET / HTTP/1.1\r\nAccept: a\rCookie: b\r\nHost: u@h?q\r\n": "GET / HTTP/1.1\r\nAccept: a\rxxxxxxx x\r\nHost: x@hxx\r\n",
		"HTTP/1.1 302 Found\r\nLocation: //u:p@h/p;s?q\r\n\r\n":     "HTTP/1.1 302 Found\r\nLocation: //xxxxh/p;x?x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; c\r\n":                 "HTTP/1.1 200 OK\r\nSet-Cookie: xxxx x\r\n",
	} {
		if got := string(Redact(nil, []byte(raw))); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

// What looks like a port behind a bare IPv6 address is a part of it.
func TestBareAddress(t *testing.T) {
	a := New([]byte("key"))
	for name, kept := range map[string]bool{"2001:db8::4131": false, "[2001:db8::1]:4131": true, "h:4131": true} {
		if got := pseudonymOf(a, name); strings.HasSuffix(got, ":4131") != kept {
			t.Errorf("%s became %s; its end is kept, want %v", name, got, kept)
		}
	}
}

// FuzzHead holds that a head is read as before: the same in everything but text.
func FuzzHead(f *testing.F) {
	for _, s := range []string{request, response, request[:70], response[:10], "", "\r", "GET", "G?T / HTTP/1.1\r\n\r\n", "FROB /x HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 12x, 5\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length:\r\n 5\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", "GET / HTTP/1.1\r\nKeep-Alive: timeout=a,max=5=3,timeout=4\r\n\r\n",
		"GET / HTTP/1.1\r\n: x\r\nno colon\r\n\tfold\r\nte\x00xt: 1\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200OK\r\n\r\n", "HTTP/1.x 200 OK\r\n\r\n",
		"GET /old\r\n", "GET  HTTP/1.1\r\n\r\n", "GET /a b HTTP/1.1 \t\r\n\r\n", "CONNECT [::1]:443 HTTP/1.1\r\n\r\n", "\x16\x03\x01"} {
		f.Add([]byte(s))
	}
	names, err := filepath.Glob("../../testdata/http/*.txt")
	if err != nil || len(names) < 20 {
		f.Fatalf("got %d wire examples, %v", len(names), err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if wire, err := strconv.Unquote(strings.TrimSpace(line)); err == nil {
				f.Add([]byte(wire))
			}
		}
	}
	a := New([]byte("key"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		was := bytes.Clone(raw)
		same(t, raw, a.Head(nil, raw))
		same(t, raw, Redact(make([]byte, 3), raw))
		if !bytes.Equal(raw, was) {
			t.Errorf("raw was %q, is %q", was, raw)
		}
	})
}

// same fails unless both are read as the same.
func same(t *testing.T, raw, got []byte) {
	t.Helper()
	if len(got) != len(raw) {
		t.Fatalf("%q became %q: %d bytes, want %d", raw, got, len(got), len(raw))
	}
	for i, c := range raw {
		if (c <= ' ' || got[i] <= ' ') && c != got[i] {
			t.Fatalf("%q became %q: white space at byte %d differs", raw, got, i)
		}
	}
	want, wantResult := httpparse.ScanHead(raw)
	is, isResult := httpparse.ScanHead(got)
	if isResult != wantResult {
		t.Fatalf("%q became %q: %v, want %v", raw, got, isResult, wantResult)
	}
	if wantResult != httpparse.Complete {
		return
	}
	if is.A != want.A || is.B != want.B || is.ContentLength() != want.ContentLength() { // the target is another one
		t.Fatalf("%q became %q: got %+v, want %+v", raw, got, is, want)
	}
	for _, name := range []string{"Via", "Server", "Content-Type", "X-Real-IP"} {
		_, had := httpparse.Field(raw[:want.Len()], name)
		if _, has := httpparse.Field(got[:want.Len()], name); has != had {
			t.Fatalf("%q became %q: a field %s: %v, want %v", raw, got, name, has, had)
		}
	}
	if d, want := httpparse.Detect(got), httpparse.Detect(raw); d != want {
		t.Fatalf("%q became %q: %v, want %v", raw, got, d, want)
	}
}

func BenchmarkHead(b *testing.B) {
	a, dst := New([]byte("key")), []byte(nil)
	b.ReportAllocs()
	b.SetBytes(int64(len(request)))
	for b.Loop() {
		dst = a.Head(dst, []byte(request))
	}
}
