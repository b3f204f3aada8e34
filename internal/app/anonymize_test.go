package app

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/report/formats"
)

// TestAnonymizedIsJudged holds that of each recording all numbers, causes and
// findings are the same without names.
func TestAnonymizedIsJudged(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	for _, name := range captures(t, recordings) {
		file := filepath.Join(recordings, name+".pcap")
		want := nameless(t, succeedJSON(t, Config{Read: []string{file}, Exchanges: true}))
		got := nameless(t, succeedJSON(t, Config{Read: []string{file}, Exchanges: true, Anonymize: "key"}))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -with names +without:\n%s", name, diff)
		}
	}
}

// nameless returns a report without what tells names, and in an order that does
// not depend on them.
func nameless(t rapid.TB, text string) map[string]any {
	t.Helper()
	r := map[string]any{}
	if err := json.Unmarshal(anyIPv4.ReplaceAll([]byte(text), []byte("ADDRESS")), &r); err != nil {
		t.Fatal(err)
	}
	delete(r, "tool")
	for _, name := range []string{"sources", "anonymized", "filter"} {
		delete(r["capture"].(map[string]any), name)
	}
	for _, x := range r["exchanges"].([]any) {
		delete(x.(map[string]any), "host")
		delete(x.(map[string]any), "target")
		if x := x.(map[string]any); !slices.Contains(methods, x["method"].(string)) {
			delete(x, "method") // a name that somebody chose
		}
	}
	for _, x := range r["connections"].([]any) {
		if tls, ok := x.(map[string]any)["tls"].(map[string]any); ok {
			for _, name := range []string{"sni", "alpn", "alpn_offered"} {
				delete(tls, name)
			}
		}
		if h2, ok := x.(map[string]any)["h2"].(map[string]any); ok {
			if goaway, ok := h2["goaway"].(map[string]any); ok {
				delete(goaway, "debug") // the words of whoever sent it
			}
		}
	}
	for _, name := range []string{"servers", "pairs", "policies", "findings"} {
		sortJSON(r[name])
	}
	for _, state := range []string{"time_wait", "close_wait", "fin_wait_2"} {
		sortJSON(r["totals"].(map[string]any)[state].(map[string]any)["hosts"])
	}
	return r
}

// methods are those that stay as they are.
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

var anyIPv4 = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+`)

// sortJSON sorts a list by what it holds.
func sortJSON(v any) {
	list, _ := v.([]any)
	text := func(v any) string {
		b, _ := json.Marshal(v)
		return string(b)
	}
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(text(a), text(b)) })
}

// TestAnonymizedHasNoName looks for all names of each recording in all formats,
// and in the evidence.
func TestAnonymizedHasNoName(t *testing.T) {
	for _, name := range captures(t, recordings) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(recordings, name+".pcap")
			const key = "geheimer-schluessel"
			originals := append(namesIn(t, file), name, recordings, key)
			c := Config{Read: []string{file}, Anonymize: key, CommandLine: []string{"--anonymize=" + key, file}}
			outputs := everyFormat(t, c)
			outputs["evidence"] = evidenceOf(t, c)
			for format, out := range outputs {
				for _, gone := range originals {
					if strings.Contains(out, gone) {
						t.Errorf("%s has %q in it", format, gone)
					}
				}
			}
		})
	}
}

// everyFormat returns the report in each format, and the stories of connection 1.
func everyFormat(t *testing.T, c Config) map[string]string {
	t.Helper()
	c.Exchanges = true
	all, one := c, c
	all.Top, one.Conn = 10000, 1
	out := map[string]string{}
	for which, c := range map[string]Config{"": c, " with all rows": all, " of one connection": one} {
		dir := t.TempDir()
		for _, f := range formats.All {
			c.Output = append(c.Output, filepath.Join(dir, "report"+f.Ending))
		}
		out["stdout"+which] = succeed(t, c)
		for i, f := range formats.All {
			data, err := os.ReadFile(c.Output[i])
			if err != nil {
				t.Fatal(err)
			}
			out[f.Name+which] = string(data)
		}
		c.Output, c.Format = nil, "ndjson" // whose lines leave meanwhile, if they are alone
		out["stream"+which] = succeed(t, c)
	}
	return out
}

// evidenceOf returns the evidence file.
func evidenceOf(t *testing.T, c Config) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "proof.pcap")
	c.Evidence = name
	succeed(t, c)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// namesIn returns the addresses in a capture, as text and as bytes, and, of its heads, the hosts, the
// targets with their segments and the values of the fields that are not about
// how messages are framed. What is so short that it stands anywhere is left out.
func namesIn(t *testing.T, file string) []string {
	t.Helper()
	names := map[string]bool{}
	add := func(b []byte, least int) {
		if len(b) >= least {
			names[string(b)] = true
		}
	}
	src, err := capture.OpenFiles([]string{file}, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	err = src.Run(context.Background(), func(segs []flows.Segment) error {
		for i := range segs {
			s := &segs[i]
			ip := netip.AddrFrom16(s.SrcIP).Unmap()
			names[ip.String()], names[string(ip.AsSlice())] = true, true
			h, r := httpparse.ScanHead(s.Payload)
			if r != httpparse.Complete {
				continue
			}
			raw := s.Payload[:h.Len()]
			add(h.Host(raw), 1)
			target := h.Target(raw)
			add(target, 4)
			for part := range bytes.SplitSeq(target, []byte{'/'}) {
				add(part, 6)
			}
			for _, field := range []string{"Date", "User-Agent", "Server", "Last-Modified", "ETag", "Accept", "Cookie", "Via", "Sec-WebSocket-Key"} {
				if v, ok := httpparse.Field(raw, field); ok && !slices.Contains([]string{"nginx", "curl/", "Go-http-client"}, string(v)) {
					add(v, 6)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for n := range names {
		list = append(list, n)
	}
	return list
}

// secretive is a capture with names and secrets wherever they may stand.
const secretive = `
	client 192.0.2.77
	server 198.51.100.88:8080
	0.000 > S  0:0(0)
	0.001 < S. ack 1
	0.001 > .  ack 1
	0.002 > P. "GET http://anna:pw0rt@kasse.example.org:8080/konto/anna.html?token=geheim1#teil7 HTTP/1.1\r\nHost: bert:pw1rt@kasse.example.org\r\nUser-Agent: Hauscrawler/7\r\nCookie: sid=keks123\r\nAuthorization: Basic YW5uYTpwdw==\r\nX-Mandant: firma9\r\n\r\n"
	0.010 < P. "HTTP/1.1 200 Jawohl\r\nServer: Hausserver/3\r\nSet-Cookie: sid=keks456; Path=/konto\r\nLocation: /fertig?token=geheim2\r\nContent-Length: 0\r\n\r\n"
	0.020 > P. "GET /liste/offen?key=geheim3 HTTP/1.1\r\nHost: kasse.example.org\r\nProxy-Authorization: Digest geheim4\r\n\r\n"
	0.030 < P. "HTTP/1.1 204 No Content\r\n\r\n"
	0.040 > P. "CONNECT carl:pw2rt@ziel.example.org:443 HTTP/1.1\r\n\r\n"
	0.050 < P. "HTTP/1.1 200 OK\r\n\r\n"
`

// secrets of it are in no report, the queries and users unless asked for; names
// are in none that is anonymized.
var (
	secretQueries = []string{"token=", "geheim1", "teil7", "geheim3", "anna:", "pw0rt"}
	secretAlways  = []string{"keks123", "YW5uYTpwdw", "firma9", "keks456", "geheim2", "geheim4", "Hauscrawler", "Jawohl", "pw1rt", "bert"}
	secretNames   = []string{"192.0.2.77", "198.51.100.88", "kasse", "example", "konto", "anna", "liste", "offen", "ziel", "carl"}
)

func TestSecretsStayOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "vorfall.pcap")
	if err := os.WriteFile(file, capturetest.Pcap(t, secretive), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, is := range []struct {
		with Config
		gone [][]string
		kept []string // in JSON
	}{
		{Config{}, [][]string{secretQueries, secretAlways, {"pw2rt", "carl"}}, []string{"/konto/anna.html", "kasse.example.org", "198.51.100.88"}},
		{Config{ShowSecrets: true}, [][]string{secretAlways}, []string{"token=geheim1", "anna:pw0rt@", "key=geheim3"}},
		{Config{Anonymize: "key"}, [][]string{secretQueries, secretAlways, secretNames, {"vorfall"}}, []string{`"anonymized":true`}},
		{Config{Anonymize: "k", ShowSecrets: true}, [][]string{secretQueries, secretAlways, secretNames, {"vorfall"}}, []string{`"anonymized":true`, "?"}},
	} {
		is.with.Read = []string{file}
		out := everyFormat(t, is.with)
		for format, text := range out {
			for _, gone := range slices.Concat(is.gone...) {
				if strings.Contains(text, gone) {
					t.Errorf("%s with %+v has %q in it", format, is.with, gone)
				}
			}
		}
		for _, kept := range is.kept {
			if !strings.Contains(out["json"], kept) {
				t.Errorf("json with %+v: got no %q in\n%s", is.with, kept, out["json"])
			}
		}
	}
}

// TestAnonymizeKeys holds that the key decides, and nothing else.
func TestAnonymizeKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	file := filepath.Join(recordings, demoName)
	with := func(key string) map[string]string {
		return everyFormat(t, Config{Read: []string{file}, Anonymize: key, Workers: 2})
	}
	one, again, other, random := with("one"), with("one"), with("other"), with(RandomKey)
	if diff := cmp.Diff(one, again); diff != "" {
		t.Errorf("the same key twice:\n%s", diff)
	}
	for _, picture := range []string{"svg", "png"} { // it has no name in it
		delete(one, picture+" of one connection")
	}
	for format := range one {
		if one[format] == other[format] || one[format] == random[format] || other[format] == random[format] {
			t.Errorf("%s: two keys give the same report", format)
		}
	}
}
