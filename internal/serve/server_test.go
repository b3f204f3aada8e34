package serve_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/formats"
	"github.com/kaanalyze/kaanalyze/internal/rules"
	"github.com/kaanalyze/kaanalyze/internal/serve"
)

const version = "v0.1.0"

// noon is the wall clock of these tests.
func noon() time.Time { return time.Unix(1_800_000_000, 0) }

// recording calls take with the segments of a recording, and returns what was read.
func recording(t testing.TB, name string, take func([]flows.Segment, *capture.Stats)) report.Meta {
	t.Helper()
	src, err := capture.OpenFiles([]string{filepath.Join("..", "..", "testdata", name)}, capture.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	err = src.Run(context.Background(), func(segs []flows.Segment) error {
		stats := src.Stats()
		take(segs, &stats)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	stats := src.Stats()
	return metaOf(name, &stats)
}

func metaOf(name string, s *capture.Stats) report.Meta {
	return report.Meta{
		Sources: []report.Source{{Name: name, Format: s.Format, Size: -1, Packets: s.Packets}}, Format: s.Format, LinkTypes: s.LinkTypes,
		Packets: s.Packets, TCPPackets: s.TCPPackets, Bytes: s.Bytes, First: s.First, Last: s.Last, KernelDropped: s.KernelDropped,
		CommandLine: []string{"kaanalyze", name},
	}
}

// read returns the last moment of a recording.
func read(t testing.TB, name string) serve.Moment {
	t.Helper()
	s := live.NewSession(analyze.Options{}, live.DefaultKeep, 0)
	m := recording(t, name, func(segs []flows.Segment, _ *capture.Stats) { s.Apply(segs) })
	return serve.Moment{Snapshot: s.Finish(m.First, m.Last), Meta: m}
}

// get asks a server, which listens nowhere.
func get(s *serve.Server, method, target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "127.0.0.1:9190"
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// TestReport compares the report of the server with that of a program that read
// the whole recording.
func TestReport(t *testing.T) {
	for _, name := range []string{"demo.pcap", "go-tls-failed.pcap", "healthy-mixed.pcap", "accept-queue-overflow.pcap", "hostile/hostile.pcap"} {
		a := analyze.New(analyze.Options{})
		m := recording(t, name, func(segs []flows.Segment, _ *capture.Stats) { a.Apply(segs) })
		result := a.Finish(m.First, m.Last)
		r := &report.Report{Version: version, Meta: m, Result: result, Diagnosis: rules.Run(result, 2)}
		s := serve.New(version, noon)
		s.Publish(read(t, name))
		for i := range formats.All {
			f := &formats.All[i]
			var want bytes.Buffer
			if err := f.Write(&want, r); err != nil {
				t.Fatal(err)
			}
			got := get(s, "GET", "/report?format="+f.Name)
			if got.Code != http.StatusOK || !bytes.Equal(got.Body.Bytes(), want.Bytes()) {
				t.Errorf("%s as %s: got status %d and\n%s\nwant\n%s", name, f.Name, got.Code, cut(got.Body.String()), cut(want.String()))
			}
			if f.Name == "json" && !bytes.Equal(get(s, "GET", "/report").Body.Bytes(), want.Bytes()) {
				t.Errorf("%s: without a format the report is not JSON", name)
			}
		}
	}
}

// TestHostileCapture serves what a capture full of attacks comes to.
func TestHostileCapture(t *testing.T) {
	s := serve.New(version, noon)
	s.Publish(read(t, "hostile/hostile.pcap"))
	line := regexp.MustCompile(`^(# (HELP|TYPE) kaanalyze_[a-z_]+ [ -~]+|kaanalyze_[a-z_]+(\{[a-z_]+="[A-Za-z0-9_.+-]+"(,[a-z_]+="[A-Za-z0-9_.+-]+")*\})? [0-9.e+-]+|kaanalyze_build_info\{[ -~]+\} 1)$`)
	for l := range strings.Lines(get(s, "GET", "/metrics").Body.String()) {
		if strings.HasPrefix(strings.TrimPrefix(strings.TrimPrefix(l, "# HELP "), "# TYPE "), "kaanalyze_") && !line.MatchString(strings.TrimSuffix(l, "\n")) {
			t.Errorf("/metrics has the line %q", l)
		}
	}
	for i := range formats.All {
		name := formats.All[i].Name
		got := get(s, "GET", "/report?format="+name)
		if got.Header().Get("X-Content-Type-Options") != "nosniff" || got.Header().Get("Content-Type") == "" {
			t.Errorf("/report as %s may be taken for something else: %v", name, got.Header())
		}
	}
}

func cut(s string) string { return s[:min(len(s), 2000)] }

func TestRequests(t *testing.T) {
	empty, full := serve.New(version, noon), serve.New(version, noon)
	full.Publish(read(t, "demo.pcap"))
	body := func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), 1 }
	chunked := func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), -1 }
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	for _, c := range []struct {
		name           string
		s              *serve.Server
		method, target string
		change         func(*http.Request)
		want           int
	}{
		{"healthy before a packet", empty, "GET", "/healthz", nil, 200},
		{"metrics before a packet", empty, "GET", "/metrics", nil, 200},
		{"report before a packet", empty, "GET", "/report", nil, 503},
		{"what there is", full, "GET", "/", nil, 200},
		{"head of metrics", full, "HEAD", "/metrics", nil, 200},
		{"head of report", full, "HEAD", "/report", nil, 200},
		{"nothing is posted", full, "POST", "/report", nil, 405},
		{"nothing is deleted", full, "DELETE", "/metrics", nil, 405},
		{"another path", full, "GET", "/debug/pprof/", nil, 404},
		{"a file's path", full, "GET", "/report/../../etc/passwd", nil, 307},
		{"a body", full, "GET", "/metrics", body, 400},
		{"a chunked body", full, "GET", "/metrics", chunked, 400},
		{"another site's page", full, "GET", "/report", host("evil.example:9190"), 403},
		{"localhost", full, "GET", "/report", host("LOCALHOST:9190"), 200},
		{"an IPv6 address", full, "GET", "/report", host("[::1]:9190"), 200},
		{"an empty format", full, "GET", "/report?format=", nil, 400},
		{"an unknown format", full, "GET", "/report?format=exe", nil, 400},
		{"a path as format", full, "GET", "/report?format=../../etc/passwd", nil, 400},
		{"a script as format", full, "GET", "/report?format=%3Cscript%3Ealert(1)%3C/script%3E", nil, 400},
		{"a long format", full, "GET", "/report?format=" + strings.Repeat("x", 10_000), nil, 400},
		{"control characters", full, "GET", "/report?format=json%00%0d%0aSet-Cookie:x", nil, 400},
		{"a format twice", full, "GET", "/report?format=csv&format=exe", nil, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := get(c.s, c.method, c.target, func(r *http.Request) {
				if c.change != nil {
					c.change(r)
				}
			})
			if w.Code != c.want {
				t.Errorf("got status %d %q, want %d", w.Code, cut(w.Body.String()), c.want)
			}
			if w.Code >= 400 && (w.Body.Len() > 200 || strings.Contains(w.Body.String(), "script>")) {
				t.Errorf("got %q, want what was asked not to be repeated", cut(w.Body.String()))
			}
			if c.method == "HEAD" && c.target == "/report" && w.Body.Len() > 0 {
				t.Errorf("got %d bytes for HEAD", w.Body.Len())
			}
		})
	}
	if got := get(empty, "GET", "/healthz").Body.String(); !strings.Contains(got, `"status":"ok","snapshot_age_seconds":null`) {
		t.Errorf("before a packet: got %s, want ok and null", got)
	}
	if got := get(full, "GET", "/healthz").Body.String(); !strings.Contains(got, `"snapshot_age_seconds":0,"last_packet_age_seconds":`) {
		t.Errorf("got %s, want the ages of what is shown", got)
	}
	for format, want := range map[string]string{"json": "", "html": "30"} { // a page shows what has come since
		if got := get(full, "GET", "/report?format="+format).Header().Get("Refresh"); got != want {
			t.Errorf("%s: got Refresh %q, want %q", format, got, want)
		}
	}
	if got := get(full, "GET", "/report").Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("got a report of type %q, want JSON", got)
	}
}

func TestParseListen(t *testing.T) {
	for text, want := range map[string]string{
		"9190": "127.0.0.1:9190", ":9190": "127.0.0.1:9190", "localhost:0": "127.0.0.1:0", "0.0.0.0:80": "0.0.0.0:80", "[::]:80": "[::]:80", "[::1]:1": "[::1]:1",
		"": "", ":": "", "x": "", "65536": "", "-1": "", "example.com:80": "", "1.2.3.4": "", "::1": "", "[::1]": "", "1.2.3.4:http": "", "http://x:1": "", "256.0.0.1:80": "",
	} {
		got, err := serve.ParseListen(text)
		if want == "" && err == nil || want != "" && (err != nil || got != netip.MustParseAddrPort(want)) {
			t.Errorf("%q: got %v and error %v, want %q", text, got, err, want)
		}
	}
}

// TestListen asks over the loopback interface.
func TestListen(t *testing.T) {
	s := serve.New(version, noon)
	if err := s.Listen(netip.MustParseAddrPort("127.0.0.1:0")); err != nil {
		t.Skip("no loopback interface:", err)
	}
	defer s.Close()
	if err := serve.New(version, noon).Listen(s.Addr()); err == nil || !strings.HasSuffix(err.Error(), "address already in use") {
		t.Errorf("a second server: got error %v, want that the address is in use", err)
	}
	url := "http://" + s.Addr().String()
	// Moments are published while others are asked for.
	m := read(t, "demo.pcap")
	done := make(chan error, 8)
	for range cap(done) {
		go func() {
			for range 5 {
				resp, err := http.Get(url + "/metrics")
				if err != nil {
					done <- err
					return
				}
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 20 {
		s.Publish(m)
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	s.Close()
	if _, err := http.Get(url + "/healthz"); err == nil {
		t.Error("it answers after its end")
	}
	serve.New(version, noon).Close() // which never listened
}

// recordings are the names of all.
func recordings(t *testing.T) []string {
	t.Helper()
	list, err := os.ReadDir(filepath.Join("..", "..", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range list {
		if strings.HasSuffix(f.Name(), ".pcap") {
			names = append(names, f.Name())
		}
	}
	slices.Sort(names)
	return names
}
