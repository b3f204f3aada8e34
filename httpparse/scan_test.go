package httpparse

import (
	"bytes"
	"strings"
	"testing"
)

// req and resp are heads without the values that a test names.
func req(m Method, off, length int32, flags HeadFlags) parsedHead {
	return parsedHead{kind: Request, method: m, minor: 1, targetOff: off, targetLen: length, flags: flags,
		contentLength: -1, keepAliveTimeout: -1, keepAliveMax: -1}
}

func resp(status uint16, flags HeadFlags) parsedHead {
	return parsedHead{kind: Response, status: status, minor: 1, flags: flags,
		contentLength: -1, keepAliveTimeout: -1, keepAliveMax: -1}
}

func (h parsedHead) cl(n int64) parsedHead    { h.contentLength = n; return h }
func (h parsedHead) http1(n uint8) parsedHead { h.minor = n; return h }
func (h parsedHead) keep(timeout, n int32) parsedHead {
	h.keepAliveTimeout, h.keepAliveMax = timeout, n
	return h
}

// unpack returns what the methods of a head say.
func unpack(h Head) parsedHead {
	return parsedHead{kind: h.Kind(), method: h.Method(), status: h.Status(), minor: h.Minor(), flags: h.Flags(),
		length: int32(h.Len()), contentLength: h.ContentLength(),
		targetOff: int32(h.B >> packOff & maxTargetOff), targetLen: int32(h.B & 0xffff),
		keepAliveTimeout: h.KeepAliveTimeout(), keepAliveMax: h.KeepAliveMax()}
}

// scanned returns what a scan of b finds, also where that is not a whole head,
// after a check that ScanHead says the same.
func scanned(t testing.TB, b []byte) (parsedHead, Result) {
	t.Helper()
	h := newParsedHead()
	r := h.scan(b)
	packed, again := ScanHead(b)
	if again != r || r != Complete && packed != (Head{}) {
		t.Fatalf("ScanHead = %x, %v, want %v", packed, again, r)
	}
	if r == Complete && unpack(packed) != h {
		t.Fatalf("the methods of the head say %+v, want %+v", unpack(packed), h)
	}
	return h, r
}

// Heads that are complete, with what they say; the length is that of the text.
var completeHeads = []struct {
	name, text string
	want       parsedHead
}{
	{"wrk", wrkHead, req(GET, 4, 7, 0)},
	{"nginx", nginxHead, resp(200, HasCL|ConnKeepAlive).cl(1024)},
	{"browser", browserHead, req(GET, 4, 19, ConnKeepAlive)},
	{"no field", "GET / HTTP/1.1\r\n\r\n", req(GET, 4, 1, 0)},
	{"HTTP/1.0", "HEAD /x HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", req(HEAD, 5, 2, ConnKeepAlive).http1(0)},
	{"HTTP/1.7", "HTTP/1.7 200 OK\r\n\r\n", resp(200, 0).http1(7)},
	{"unregistered method", "FROB /x HTTP/1.1\r\n\r\n", req(OtherMethod, 5, 2, 0)},
	{"method in lower case", "get / HTTP/1.1\r\n\r\n", req(OtherMethod, 4, 1, 0)},
	{"longest method", "UPDATEREDIRECTREF / HTTP/1.1\r\n\r\n", req(UPDATEREDIRECTREF, 18, 1, 0)},
	{"method that begins like a response", "HTTPS / HTTP/1.1\r\n\r\n", req(OtherMethod, 6, 1, 0)},
	{"CONNECT", "CONNECT example.org:443 HTTP/1.1\r\n\r\n", req(CONNECT, 8, 15, 0)},
	{"space in target", "GET /a b HTTP/1.1\r\n\r\n", req(GET, 4, 4, 0)},
	{"space after version", "GET /a HTTP/1.1 \t\r\n\r\n", req(GET, 4, 2, 0)},
	{"no reason", "HTTP/1.1 200 \r\n\r\n", resp(200, 0)},
	{"no reason, no space", "HTTP/1.1 304\r\n\r\n", resp(304, 0)},
	{"interim", "HTTP/1.1 100 Continue\r\n\r\n", resp(100, 0)},
	{"status above 599", "HTTP/1.1 999 ?\r\n\r\n", resp(999, 0)},
	{"LF only", "GET / HTTP/1.1\nHost: a\n\n", req(GET, 4, 1, LFOnly)},
	{"LF only, response", "HTTP/1.1 200\n\n", resp(200, LFOnly)},
	{"one LF alone among fields", "GET / HTTP/1.1\r\nHost: a\n\r\n", req(GET, 4, 1, LFOnly)},
	{"last line LF only", "GET / HTTP/1.1\r\nHost: a\r\n\n", req(GET, 4, 1, LFOnly)},
	{"empty lines first", "\r\n\n\r\nGET / HTTP/1.1\r\n\r\n", req(GET, 9, 1, LeadingEmptyLines)},
	{"empty lines before a response", "\r\nHTTP/1.1 200 OK\r\n\r\n", resp(200, LeadingEmptyLines)},
	{"close", "HTTP/1.1 200 OK\r\nCONNECTION:close\r\n\r\n", resp(200, ConnClose)},
	{"options in a list", "GET / HTTP/1.1\r\nConnection: , Upgrade,\tHTTP2-Settings ,Keep-Alive\r\nUpgrade: foo/2, h2c, WebSocket\r\n\r\n",
		req(GET, 4, 1, ConnUpgrade|ConnKeepAlive|HasUpgrade|UpgradeH2C|UpgradeWebSocket)},
	{"options in two lines", "GET / HTTP/1.1\r\nConnection: keep-alive\r\nconnection: close\r\n\r\n", req(GET, 4, 1, ConnKeepAlive|ConnClose)},
	{"an option that only begins as one", "GET / HTTP/1.1\r\nConnection: closed, keep-alive2\r\n\r\n", req(GET, 4, 1, 0)},
	{"Proxy-Connection", "GET / HTTP/1.1\r\nProxy-Connection: keep-alive, close, upgrade\r\n\r\n", req(GET, 4, 1, ProxyConnKeepAlive|ProxyConnClose)},
	{"Keep-Alive", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=100\r\n\r\n", resp(200, HasKeepAlive).keep(5, 100)},
	{"Keep-Alive, odd", "HTTP/1.1 200 OK\r\nKeep-Alive: TimeOut = 7,max=x,timeout=8,max\r\n\r\n", resp(200, HasKeepAlive).keep(7, -1)},
	{"Keep-Alive, huge", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=999999999999, max=99999999999999999999\r\n\r\n", resp(200, HasKeepAlive).keep(MaxKeepAlive, -1)},
	{"Keep-Alive, bare number", "GET / HTTP/1.1\r\nKeep-Alive: 300\r\n\r\n", req(GET, 4, 1, HasKeepAlive)},
	{"Expect", "PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n", req(PUT, 4, 1, ExpectContinue|HasCL).cl(3)},
	{"Expect, other", "PUT / HTTP/1.1\r\nExpect: 200-ok\r\n\r\n", req(PUT, 4, 1, 0)},
	{"fields that begin alike", "GET / HTTP/1.1\r\nContent-Lengthy: 1\r\nConnections: close\r\nTransfer-Encodin: chunked\r\nUpgrade-Insecure-Requests: 1\r\nExpected: 100-continue\r\nKeep-Alives: timeout=1\r\nContent: 3\r\nC:\r\n:\r\nc\r\n\r\n",
		req(GET, 4, 1, 0)},
	{"hyphen replaced by CR", "GET / HTTP/1.1\r\ncontent\rlength: 5\r\n\r\n", req(GET, 4, 1, 0)},
	{"CL 0", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", resp(200, HasCL).cl(0)},
	{"CL largest", "HTTP/1.1 200 OK\r\ncontent-length:9223372036854775807\r\n\r\n", resp(200, HasCL).cl(1<<63 - 1)},
	{"CL too large", "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n", resp(200, HasCL|BadCL)},
	{"CL twice the same", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", resp(200, HasCL).cl(5)},
	{"CL list of the same", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", resp(200, HasCL).cl(5)},
	{"CL twice, different", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\nContent-Length: 5\r\n\r\n", resp(200, HasCL|BadCL)},
	{"CL list, different", "HTTP/1.1 200 OK\r\nContent-Length: 5,6\r\n\r\n", resp(200, HasCL|BadCL)},
	{"CL empty", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", resp(200, HasCL|BadCL)},
	{"CL with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n", resp(200, HasCL|BadCL)},
	{"CL in hexadecimal", "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n", resp(200, HasCL|BadCL)},
	{"CL folded", "HTTP/1.1 200 OK\r\nContent-Length:\r\n  17\r\nX: y\r\n\r\n", resp(200, HasCL|ObsFold).cl(17)},
	{"CL folded between digits", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 7\r\n\r\n", resp(200, HasCL|BadCL|ObsFold)},
	{"space before colon", "POST / HTTP/1.1\r\nContent-Length \t: 5\r\n\r\n", req(POST, 5, 1, HasCL|SpaceBeforeColon).cl(5)},
	{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", resp(200, HasTE|TEChunked)},
	{"chunked after gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked ,\r\n\r\n", resp(200, HasTE|TEChunked)},
	{"chunked not final", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n", resp(200, HasTE)},
	{"TE and CL", "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", req(POST, 5, 1, HasCL|HasTE|TEChunked).cl(4)},
	{"fold of another field", "GET / HTTP/1.1\r\nX: a\r\n\tConnection: close\r\n \r\n\r\n", req(GET, 4, 1, ObsFold)},
	{"fold behind the start line", "GET / HTTP/1.1\r\n Content-Length: 5\r\n\r\n", req(GET, 4, 1, ObsFold)},
	{"binary in a value", "GET / HTTP/1.1\r\nX: \x00\xff\r\rY\r\n\r\n", req(GET, 4, 1, 0)},
}

func TestScanHeadComplete(t *testing.T) {
	for _, tt := range completeHeads {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			want.length = int32(len(tt.text))
			for _, behind := range []string{"", "x", "\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("\n", MaxHead)} {
				got, r := scanned(t, []byte(tt.text+behind))
				if r != Complete {
					t.Fatalf("with %d bytes behind: got %v, want complete", len(behind), r)
				}
				if got != want {
					t.Fatalf("with %d bytes behind: got %+v, want %+v", len(behind), got, want)
				}
			}
			for i := range tt.text {
				if _, r := scanned(t, []byte(tt.text[:i])); r != NeedMore {
					t.Errorf("first %d bytes: got %v, want need more", i, r)
				}
			}
			if back := unpack(want.pack()); back != want {
				t.Errorf("packed: got %+v, want %+v", back, want)
			}
		})
	}
}

func TestScanHeadRejects(t *testing.T) {
	long := strings.Repeat("a", MaxHead)
	for _, tt := range []struct {
		name, text string
		want       Result
	}{
		{"nothing", "", NeedMore},
		{"TLS hello", "\x16\x03\x01\x02\x00\x01", NotMessage},
		{"SSH", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", NotMessage},
		{"SMTP greeting", "220 mail.example.org ESMTP\r\n", NotMessage},
		{"SMTP command", "MAIL FROM:<a@example.org>\r\n", NotMessage},
		{"Redis", "*1\r\n$4\r\nPING\r\n", NotMessage},
		{"memcached", "get key\r\n", NotMessage},
		{"MySQL greeting", "J\x00\x00\x00\x0a8.0.1\x00", NotMessage},
		{"h2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NotMessage},
		{"RTSP request", "OPTIONS rtsp://h/ RTSP/1.0\r\n\r\n", NotMessage},
		{"RTSP response", "RTSP/1.0 200 OK\r\n\r\n", NotMessage},
		{"SIP", "INVITE sip:a@b SIP/2.0\r\n\r\n", NotMessage},
		{"ICY", "ICY 200 OK\r\n\r\n", NotMessage},
		{"HTTP/0.9", "GET /\r\n", NotMessage},
		{"HTTP/2", "HTTP/2 200\r\n\r\n", NotMessage},
		{"HTTP/1.x", "HTTP/1.x 200 OK\r\n", NotMessage},
		{"lower-case version, unknown method", "GETS / http/1.1\r\n\r\n", NotMessage},
		{"another protocol's version", "OPTIONS / RTSP/1.0\r\n\r\n", NotMessage},
		{"lower-case response", "http/1.1 200 OK\r\n\r\n", NotMessage},
		{"no target", "GET HTTP/1.1\r\n\r\n", NotMessage},
		{"empty target", "GET  HTTP/1.1\r\n\r\n", NotMessage},
		{"HTAB for SP", "GET\t/ HTTP/1.1\r\n\r\n", NotMessage},
		{"space first", " GET / HTTP/1.1\r\n\r\n", NotMessage},
		{"colon in method", "GE:T / HTTP/1.1\r\n\r\n", NotMessage},
		{"bare CR first", "\rGET / HTTP/1.1\r\n\r\n", NotMessage},
		{"method of 33 bytes", strings.Repeat("A", 33) + " / HTTP/1.1\r\n\r\n", NotMessage},
		{"many empty lines", strings.Repeat("\r\n", 600) + "GET / HTTP/1.1\r\n\r\n", NotMessage},
		{"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", Malformed},
		{"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", Malformed},
		{"status below 100", "HTTP/1.1 099 OK\r\n\r\n", Malformed},
		{"status not a number", "HTTP/1.1 2x0 OK\r\n\r\n", Malformed},
		{"no status", "HTTP/1.1\r\nServer: x\r\n\r\n", Malformed},
		{"status cut", "HTTP/1.1 20", NeedMore},
		{"status cut, wrong already", "HTTP/1.1 x", Malformed},
		{"head too long", "GET /" + long + " HTTP/1.1\r\n\r\n", Malformed},
		{"field too long", "GET / HTTP/1.1\r\nX: " + long + "\r\n\r\n", Malformed},
		{"reason too long", "HTTP/1.1 200 " + long, Malformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if h, r := scanned(t, []byte(tt.text)); r != tt.want {
				t.Errorf("got %v (%+v), want %v", r, h, tt.want)
			}
			if w := Scan([]byte(tt.text)); w != (Head{}) {
				t.Errorf("Scan = %x, want zero", w)
			}
		})
	}
}

func TestLongestHead(t *testing.T) {
	const frame = "GET / HTTP/1.1\r\nX: \r\n\r\n"
	head := strings.Replace(frame, "X: ", "X: "+strings.Repeat("a", MaxHead-len(frame)), 1)
	h, r := scanned(t, []byte(head+"more"))
	if r != Complete || h.length != MaxHead {
		t.Fatalf("got %v, length %d; want complete, %d", r, h.length, MaxHead)
	}
}

func TestScan(t *testing.T) {
	for _, tt := range completeHeads {
		in := []byte(tt.text + "body")
		got := Scan(in)
		if got == (Head{}) {
			if usualStart(in) {
				t.Errorf("%s: zero", tt.name)
			}
			continue
		}
		if h, _ := ScanHead(in); got != h {
			t.Errorf("%s: got %x, want %x", tt.name, got, h)
		}
	}
	for _, usual := range []string{wrkHead, nginxHead, browserHead} {
		if Scan([]byte(usual)) == (Head{}) {
			t.Errorf("zero for %q", usual)
		}
		if w := Scan([]byte(usual[:len(usual)-1])); w != (Head{}) {
			t.Errorf("got %x for a cut %q", w, usual)
		}
	}
}

func TestPackRange(t *testing.T) {
	good := req(GET, 4, 1, 0)
	good.length = 18
	if good.pack() == (Head{}) {
		t.Fatal("a usual head cannot be packed")
	}
	for _, tt := range []struct {
		name string
		edit func(*parsedHead)
	}{
		{"no kind", func(h *parsedHead) { h.kind = NoKind }},
		{"unknown kind", func(h *parsedHead) { h.kind = 3 }},
		{"long head", func(h *parsedHead) { h.length = MaxHead + 1 }},
		{"negative length", func(h *parsedHead) { h.length = -1 }},
		{"long target", func(h *parsedHead) { h.targetLen = 1 << 16 }},
		{"far target", func(h *parsedHead) { h.targetOff = 1 << 12 }},
		{"timeout", func(h *parsedHead) { h.keepAliveTimeout = MaxKeepAlive + 1 }},
		{"max", func(h *parsedHead) { h.keepAliveMax = -2 }},
		{"minor", func(h *parsedHead) { h.minor = 10 }},
		{"status of a request", func(h *parsedHead) { h.status = 200 }},
		{"status", func(h *parsedHead) { h.kind, h.method, h.status = Response, NoMethod, 1000 }},
	} {
		h := good
		tt.edit(&h)
		if w := h.pack(); w != (Head{}) {
			t.Errorf("%s: got %x, want zero", tt.name, w)
		}
	}
	if got := (Head{}).Kind(); got != NoKind {
		t.Errorf("the zero head has the kind %v", got)
	}
}

func TestPersistent(t *testing.T) {
	for _, tt := range []struct {
		minor uint8
		flags HeadFlags
		want  bool
	}{
		{1, 0, true},
		{1, ConnKeepAlive, true},
		{1, ConnClose, false},
		{1, ConnClose | ConnKeepAlive, false},
		{1, ProxyConnClose, true},
		{2, 0, true},
		{0, 0, false},
		{0, ConnKeepAlive, true},
		{0, ConnKeepAlive | ConnClose, false},
		{0, ConnKeepAlive | HasTE | TEChunked, false},
		{0, ProxyConnKeepAlive, false},
	} {
		h := resp(200, tt.flags).http1(tt.minor)
		if got := h.pack().Persistent(); got != tt.want {
			t.Errorf("HTTP/1.%d %v: got %v, want %v", tt.minor, tt.flags, got, tt.want)
		}
	}
}

func TestRawHelpers(t *testing.T) {
	for _, tt := range []struct{ name, head, target, host string }{
		{"origin form", "GET /a?b HTTP/1.1\r\nX: y\r\nHOST:  example.org:80 \r\nHost: second\r\n\r\n", "/a?b", "example.org:80"},
		{"empty line first", "\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n", "/a", "h"},
		{"absolute form wins", "GET http://u:p@h.example:8080/x@y?z HTTP/1.1\r\nHost: other\r\n\r\n", "http://u:p@h.example:8080/x@y?z", "h.example:8080"},
		{"absolute form, no path", "GET http://h HTTP/1.1\r\n\r\n", "http://h", "h"},
		{"URL in a query", "GET /r?to=http://x/ HTTP/1.1\r\nHost: h\r\n\r\n", "/r?to=http://x/", "h"},
		{"CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: other\r\n\r\n", "h:443", "h:443"},
		{"CONNECT with a user", "CONNECT u:p@h:443 HTTP/1.1\r\n\r\n", "u:p@h:443", "h:443"},
		{"user in the field", "GET / HTTP/1.1\r\nHost: u:p@h\r\n\r\n", "/", "h"},
		{"query in the field", "GET / HTTP/1.1\r\nHost: u@h:80/a?b@c\r\n\r\n", "/", "h:80"},
		{"no host", "GET / HTTP/1.0\r\nX-Host: h\r\n Host: folded\r\n\r\n", "/", ""},
		{"response", "HTTP/1.1 200 OK\r\nHost: h\r\n\r\n", "", ""},
	} {
		h, r := ScanHead([]byte(tt.head))
		if r != Complete {
			t.Fatalf("%s: %v", tt.name, r)
		}
		if got := string(h.Target([]byte(tt.head))); got != tt.target {
			t.Errorf("%s: target %q, want %q", tt.name, got, tt.target)
		}
		if got := string(h.Host([]byte(tt.head))); got != tt.host {
			t.Errorf("%s: host %q, want %q", tt.name, got, tt.host)
		}
	}
	short := req(GET, 4, 7, 0)
	if got := short.pack().Target([]byte("GET")); got != nil {
		t.Errorf("target of a raw head that is too short: %q, want nil", got)
	}
}

func TestField(t *testing.T) {
	raw := []byte("HTTP/1.1 200 OK\r\nServer : nginx\r\nX: a\r\n b\r\nEmpty:\r\nserver: second\r\n\r\n")
	for _, tt := range []struct {
		name, want string
		ok         bool
	}{
		{"SERVER", "nginx", true},
		{"x", "a\r\n b", true},
		{"Empty", "", true},
		{"HTTP/1.1 200 OK", "", false},
		{"absent", "", false},
		{"", "", false},
	} {
		if got, ok := Field(raw, tt.name); string(got) != tt.want || ok != tt.ok {
			t.Errorf("Field(%q) = %q, %v, want %q, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
	if got, ok := Field(bytes.TrimSuffix(raw, []byte("\r\n\r\n")), "absent"); ok {
		t.Errorf("got %q in a cut head", got)
	}
}

func TestNames(t *testing.T) {
	for m := GET; m <= OtherMethod; m++ {
		if m < OtherMethod && methodOf([]byte(m.String())) != m {
			t.Errorf("%v does not name itself", m)
		}
		if m.String() == "" || len(m.String()) > maxMethod {
			t.Errorf("method %d has the name %q", m, m)
		}
	}
	for _, tt := range []struct{ got, want string }{
		{NoMethod.String(), "none"}, {Method(200).String(), "none"},
		{Kind(9).String(), "invalid"}, {Response.String(), "response"},
		{(HasCL | LFOnly).String(), "cl lf-only"}, {SpaceBeforeColon.String(), "space-before-colon"},
		{stateNotHTTP.String(), "not http"}, {stateStart.String(), "between messages"},
		{NotHTTP.String(), "not http"}, {Unframed.String(), "unframed"},
		{TunnelEnded.String(), "tunnel ended"}, {Other.String(), "other"}, {Malformed.String(), "malformed"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestScanAllocatesNothing(t *testing.T) {
	in := []byte(browserHead)
	other := []byte("FROBNICATE / HTTP/1.1\r\nKeep-Alive: timeout=1\r\n\r\n")
	if n := testing.AllocsPerRun(100, func() {
		sink = Scan(in)
		h, _ := ScanHead(other)
		sink = h
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// TestScanHeadOddVersion reads requests whose version is none of HTTP/1.x: a server
// answers them, if only by 400 or 505.
func TestScanHeadOddVersion(t *testing.T) {
	for _, version := range []string{"http/1.1", "HTTP/2.0", "HTTP/9.9", "HTTP/1.10", "HTTP/one", "HTTP/1,1 "} {
		h, r := ScanHead([]byte("GET /a HTTP HTTP/1.0x " + version + "\r\nHost: x\r\n\r\n"))
		if r != Complete || h.Kind() != Request || h.Minor() != 1 || h.Method() != GET {
			t.Errorf("%s: got %v, %v in HTTP/1.%d, want a whole GET", version, r, h.Kind(), h.Minor())
		}
	}
}
