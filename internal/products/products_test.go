package products

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestPrograms holds what every row must have.
func TestPrograms(t *testing.T) {
	names, begins := map[string]bool{}, map[string]string{}
	if len(programs) >= int(Other) {
		t.Fatalf("got %d programs, too many for an ID", len(programs))
	}
	for i := range programs {
		p := &programs[i]
		if (p.Name == "") != (len(p.Says) == 0) {
			t.Errorf("row %d: got the name %q and the fields %q, want both or neither", i, p.Name, p.Says)
		}
		if p.Name != "" && names[p.Name] {
			t.Errorf("%s: there are two rows of that name", p.Name)
		}
		names[p.Name] = true
		if p.Name == "" && (len(p.Advice) > 0 || len(p.ServerIdle)+len(p.ClientIdle) == 0) {
			t.Errorf("row %d: it has no name, and advice %v or no timeout", i, p.Advice)
		}
		if p.KeepIdle != "" && strings.Contains(fmt.Sprintf(p.KeepIdle, 7), "%!") {
			t.Errorf("%s: KeepIdle is %q, want one %%d in it", p.Name, p.KeepIdle)
		}
		for _, says := range p.Says {
			for other, of := range begins {
				if of != p.Name && (strings.HasPrefix(says, other) || strings.HasPrefix(other, says)) {
					t.Errorf("%q of %s and %q of %s: a value may begin with both", says, p.Name, other, of)
				}
			}
			begins[says] = p.Name
		}
		for _, timeout := range slices.Concat(p.ServerIdle, p.ClientIdle) {
			if timeout.Setting == "" || timeout.After <= 0 {
				t.Errorf("%s: got the timeout %+v, want a setting and a time", p.Name, timeout)
			}
		}
	}
}

func TestRecognize(t *testing.T) {
	for value, want := range map[string]string{
		"":                          "",
		"Go-http-client/1.1":        "Go",
		"Go":                        "",
		"nginx":                     "nginx",
		"Apache/2.4.62 (Debian)":    "Apache",
		"Apache-HttpClient/5.4":     "Java",
		"BaseHTTP/0.6 Python/3.12":  "Python's http.server",
		"python-requests/2.32":      "Python",
		"ApacheBench/2.3":           "a load generator",
		"PycURL/7.45 libcurl/8.10":  "PycURL",
		"HTTPie/3.2":                "HTTPie",
		"Intranet-Crawler/1 (curl)": "",
	} {
		if got := Recognize([]byte(value)); got.String() != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
	if got := Recognize(nil); got != Unknown {
		t.Errorf("got %d of nothing, want %d", got, Unknown)
	}
	if got := Recognize([]byte("cur")); got != Other {
		t.Errorf("got %d of a name that is not known, want %d", got, Other)
	}
	if n := testing.AllocsPerRun(10, func() { Recognize([]byte("a name that no row has")) }); n > 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

// TestRecognizeVia holds that the last proxy counts, by its comment or its pseudonym.
func TestRecognizeVia(t *testing.T) {
	for value, want := range map[string]string{
		"1.1 varnish (Varnish/7.1)":                       "Varnish",
		"1.1 varnish-v4":                                  "Varnish",
		"1.1 proxy.example:3128 (squid/5.7)":              "Squid",
		"2.0 Caddy":                                       "Caddy",
		"1.1 web1 (Apache/2.4.57 (Debian))":               "Apache",
		"1.1 varnish, 1.1 proxy.example (squid/5.7)":      "Squid",
		"1.1 proxy.example (squid/5.7), 1.1 vegur":        "",
		"1.1 abc.cloudfront.net (CloudFront)":             "",
		"HTTP/1.1 proxy.example (ApacheTrafficServer/10)": "",
		"1.1":   "",
		"(":     "",
		" , , ": "",
	} {
		got := RecognizeVia([]byte(value))
		if got.String() != want || want == "" && got != Other {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

// TestMatch holds which settings an idle timeout is compared with: those of the
// program that it says it is, or of all if it says nothing.
func TestMatch(t *testing.T) {
	java, other := byName("Java"), Other
	for _, tc := range []struct {
		name string
		got  []string
		want string
	}{
		{"a server that says nothing, 5 s", MatchServer(5*time.Second, Unknown),
			"Apache httpd KeepAliveTimeout, Node keepAliveTimeout, before the extra second, lighttpd server.max-keep-alive-idle, uvicorn timeout_keep_alive"},
		{"nginx, 5 s", MatchServer(5*time.Second, Nginx), ""},
		{"Apache, 5 s", MatchServer(5*time.Second, byName("Apache")), "Apache httpd KeepAliveTimeout"},
		{"a server that says nothing, 60 s", MatchServer(60*time.Second, Unknown), "Tomcat connectionTimeout, AWS ALB idle timeout"},
		{"a server of another name, 60 s", MatchServer(60*time.Second, other), ""},
		{"what hands traffic on says nothing of itself", MatchServer(350*time.Second, java), "AWS NLB or NAT gateway idle timeout"},
		{"a client that says nothing, 60 s", MatchClient(60*time.Second, Unknown), "nginx upstream keepalive_timeout, .NET PooledConnectionIdleTimeout"},
		{"Java, 60 s: nginx hands on what its clients say", MatchClient(60*time.Second, java), "nginx upstream keepalive_timeout"},
		{"Java, 5 s", MatchClient(5*time.Second, java), "Java HttpURLConnection"},
		{"a client, 75 s, which is a server's", MatchClient(75*time.Second, Unknown), ""},
	} {
		if got := strings.Join(tc.got, ", "); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestMatchNear holds how near a timeout must be to a default, on both sides.
func TestMatchNear(t *testing.T) {
	for _, tc := range []struct {
		after, near time.Duration
		setting     string
		match       func(time.Duration, ID) []string
	}{
		{75 * time.Second, 1500 * time.Millisecond, "nginx keepalive_timeout", MatchServer},
		{2 * time.Second, 50 * time.Millisecond, "Ruby Net::HTTP keep_alive_timeout", MatchClient},
	} {
		for off, want := range map[time.Duration]bool{-tc.near - 1: false, -tc.near: true, 0: true, tc.near: true, tc.near + 1: false} {
			if got := slices.Contains(tc.match(tc.after+off, Unknown), tc.setting); got != want {
				t.Errorf("%s: got %v at %v from %v, want %v", tc.setting, got, off, tc.after, want)
			}
		}
	}
}

func TestAdvice(t *testing.T) {
	if got, ok := Go.Advice("KA1001"); !ok || !strings.Contains(got.Fix, "DisableKeepAlives") {
		t.Errorf("got %+v for Go, want how to switch keep-alive on", got)
	}
	if got, ok := Go.Advice("KA1011"); !ok || !strings.Contains(got.Fix, "MaxIdleConnsPerHost to N or more") {
		t.Errorf("got %+v for Go, want how to keep more idle connections", got)
	}
	for _, id := range []ID{Unknown, Other, Other - 1, ID(len(programs) + 1)} {
		if _, ok := id.Advice("KA1001"); ok || id.String() != "" {
			t.Errorf("got advice and the name %q for program %d, which is none", id, id)
		}
	}
	var names []string
	for _, id := range WithAdvice("KA1003") {
		names = append(names, id.String())
	}
	if got, want := strings.Join(names, ", "), "Go, nginx, Apache, Node, Python, lighttpd, PHP"; got != want {
		t.Errorf("got advice of KA1003 for %s, want %s", got, want)
	}
}

// TestByName holds that a program that judgements single out must be in the
// table.
func TestByName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("got no panic for a name that is in no row")
		}
	}()
	byName("a program of no row")
}

func BenchmarkRecognize(b *testing.B) {
	value := []byte("a name that no row has")
	b.ReportAllocs()
	for b.Loop() {
		Recognize(value)
	}
}
