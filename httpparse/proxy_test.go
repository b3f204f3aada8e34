package httpparse_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/httpparse"
)

const (
	signature = "\r\n\r\n\x00\r\nQUIT\n"
	ends4     = "\xc0\x00\x02\x01\xc6\x33\x64\x01\x9c\x40\x01\xbb"
	ends6     = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02" + "\x9c\x40\x01\xbb"
)

// proxyHeaders are headers, and what is none. want is client, server and length.
var proxyHeaders = []struct {
	name, bytes string
	want        string
}{
	{"version 1", "PROXY TCP4 192.0.2.1 198.51.100.1 40000 443\r\n", "192.0.2.1:40000 198.51.100.1:443 45"},
	{"version 1, IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 40000 443\r\n", "[2001:db8::1]:40000 [2001:db8::2]:443 46"},
	{"version 1, unknown", "PROXY UNKNOWN\r\n", "- - 15"},
	{"version 1, unknown with words", "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "- - 59"},
	{"version 1, the longest", "PROXY UNKNOWN " + strings.Repeat("f", 91) + "\r\n", "- - 107"},
	{"version 1, too long", "PROXY UNKNOWN " + strings.Repeat("f", 92) + "\r\n", "none"},
	{"version 1, without an end", "PROXY TCP4 " + strings.Repeat("1", 200), "none"},
	{"version 1, other families", "PROXY TCP4 2001:db8::1 2001:db8::2 40000 443\r\n", "none"},
	{"version 1, no port", "PROXY TCP4 192.0.2.1 198.51.100.1 40000 70000\r\n", "none"},
	{"version 1, two blanks", "PROXY TCP4  192.0.2.1 198.51.100.1 40000 443\r\n", "none"},
	{"version 1, a word less", "PROXY TCP4 192.0.2.1 198.51.100.1 40000\r\n", "none"},
	{"a request of that method", "PROXY / HTTP/1.1\r\n\r\n", "none"},
	{"a request", "POST / HTTP/1.1\r\n\r\n", "none"},
	{"version 2", signature + "\x21\x11\x00\x0c" + ends4, "192.0.2.1:40000 198.51.100.1:443 28"},
	{"version 2, IPv6", signature + "\x21\x21\x00\x24" + ends6, "[2001:db8::1]:40000 [2001:db8::2]:443 52"},
	{"version 2, with more to say", signature + "\x21\x11\x00\x0f" + ends4 + "\x04\x00\x00", "192.0.2.1:40000 198.51.100.1:443 31"},
	{"version 2, more than is there", signature + "\x21\x11\xff\xff" + ends4, "192.0.2.1:40000 198.51.100.1:443 65551"},
	{"version 2, local", signature + "\x20\x00\x00\x00", "- - 16"},
	{"version 2, local with addresses", signature + "\x20\x11\x00\x0c" + ends4, "- - 28"},
	{"version 2, shorter than its addresses", signature + "\x21\x11\x00\x04" + ends4[:4], "- - 20"},
	{"version 2, a path", signature + "\x21\x31\x00\x02ab", "- - 18"},
	{"version 3", signature + "\x31\x11\x00\x0c" + ends4, "none"},
	{"version 2, no command", signature + "\x22\x11\x00\x0c" + ends4, "none"},
	{"empty lines before a request", "\r\n\r\nGET / HTTP/1.1\r\n\r\n", "none"},
}

func scanned(b []byte) string {
	h, r := httpparse.ScanProxy(b)
	switch {
	case r == httpparse.NeedMore:
		return "more"
	case r != httpparse.Complete:
		return "none"
	case !h.Client.IsValid() && !h.Server.IsValid():
		return fmt.Sprintf("- - %d", h.Len)
	}
	return fmt.Sprintf("%v %v %d", h.Client, h.Server, h.Len)
}

func TestScanProxy(t *testing.T) {
	for _, tt := range proxyHeaders {
		whole := tt.bytes + "GET / HTTP/1.1\r\n"
		if got := scanned([]byte(whole)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
		told := false
		for n := range len(tt.bytes) { // a part says the same, or that more is needed
			switch got := scanned([]byte(tt.bytes[:n])); {
			case got == tt.want:
				told = true
			case got != "more" || told:
				t.Errorf("%s, cut to %d bytes: got %s", tt.name, n, got)
			case n >= httpparse.MaxProxyHeld:
				t.Errorf("%s, cut to %d bytes: more is wanted", tt.name, n)
			}
		}
	}
}

// TestHideProxy holds that of a header nothing is left but that there was one.
func TestHideProxy(t *testing.T) {
	for _, tt := range proxyHeaders {
		if tt.want == "none" {
			continue
		}
		b := []byte(tt.bytes)
		httpparse.HideProxy(b)
		_, length, _ := strings.Cut(tt.want, " ")
		_, length, _ = strings.Cut(length, " ")
		if got := scanned(b); got != "- - "+length || len(b) != len(tt.bytes) || bytes.Contains(b, []byte("192.0.2.1")) || bytes.Contains(b, []byte(ends4)) {
			t.Errorf("%s: got %s, %q", tt.name, got, b)
		}
	}
}

func FuzzScanProxy(f *testing.F) {
	for _, tt := range proxyHeaders {
		f.Add([]byte(tt.bytes))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, r := httpparse.ScanProxy(b)
		if r == httpparse.Complete && (h.Len < 15 || h.Len > 16+0xffff || h.Client.IsValid() != h.Server.IsValid()) {
			t.Errorf("got %+v", h)
		}
		if r == httpparse.NeedMore && len(b) >= httpparse.MaxProxyHeld {
			t.Errorf("%d bytes are not enough", len(b))
		}
		if r == httpparse.Complete && len(b) >= h.Len {
			hidden := bytes.Clone(b[:h.Len])
			httpparse.HideProxy(hidden)
			if again, r := httpparse.ScanProxy(hidden); r != httpparse.Complete || again.Len != h.Len || again.Client.IsValid() {
				t.Errorf("%q hidden is %q: %+v, %v", b, hidden, again, r)
			}
		}
	})
}
