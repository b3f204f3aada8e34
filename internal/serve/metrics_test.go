package serve_test

import (
	"io"
	"math"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/serve"
)

// scrape returns the samples, by name with labels.
func scrape(t testing.TB, s *serve.Server) (all map[string]float64, text string) {
	t.Helper()
	text = get(s, "GET", "/metrics").Body.String()
	return samples(t, text), text
}

// samples reads the samples of a text, by name with labels.
func samples(t testing.TB, text string) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		line = strings.TrimSpace(line)
		at := strings.LastIndexByte(line, ' ')
		name, value := line[:max(0, at)], line[at+1:]
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all[name] = v
	}
	return all
}

// everything is a moment that has all metrics.
func everything(t testing.TB) serve.Moment {
	m := read(t, "demo.pcap")
	dropped := uint64(7)
	m.Meta.KernelDropped = &dropped
	m.Snapshot.Recent = &live.Recent{Span: 300e9, First: m.Meta.First, Snapshot: m.Snapshot}
	m.Host = &report.Host{Sockets: report.HostSockets{TimeWait: 70}}
	m.Snapshot.Result.Totals.Streams = analyze.StreamCount{Connections: 4, Opened: 60, Refused: 3, GRPCCalls: 50, GRPCFailed: 2}
	return m
}

func TestMetrics(t *testing.T) {
	s := serve.New(version, noon)
	m := everything(t)
	s.Publish(m)
	got, text := scrape(t, s)
	for name, want := range map[string]float64{
		"kaanalyze_packets_total": 888, "kaanalyze_tcp_packets_total": 888, "kaanalyze_connections_total": 72, "kaanalyze_requests_total": 132,
		"kaanalyze_responses_total": 132, "kaanalyze_reused_requests_total": 60, `kaanalyze_ended_connections_total{handshake="complete"}`: 72,
		`kaanalyze_closed_connections_total{side="server"}`: 15, `kaanalyze_closed_connections_total{side="client"}`: 53,
		`kaanalyze_closed_connections_total{side="none"}`: 4, `kaanalyze_time_wait_closes_total{holder="client"}`: 53,
		`kaanalyze_time_wait_closes_total{holder="server"}`: 15, "kaanalyze_open_connections": 4, "kaanalyze_time_wait_entries": 68,
		"kaanalyze_time_wait_entries_peak": 68, "kaanalyze_kernel_time_wait_entries": 70, "kaanalyze_kernel_dropped_packets_total": 7,
		`kaanalyze_cause_connections{by="client",cause="client_pool_overflow"}`: 35, `kaanalyze_cause_connections{by="none",cause="idle_at_end"}`: 4,
		`kaanalyze_findings{severity="high"}`: 3, `kaanalyze_findings{severity="medium"}`: 0, `kaanalyze_rule_findings{rule="KA1011"}`: 1,
		"kaanalyze_window_problem": 1, `kaanalyze_window_findings{severity="high"}`: 3, "kaanalyze_window_failed_requests": 0,
		`kaanalyze_rule_findings{rule="KA1001"}`: 0, `kaanalyze_flagged_packets_total{flag="syn"}`: 72, "kaanalyze_pool_need_connections": 13,
		"kaanalyze_http2_streams_total": 60, "kaanalyze_http2_streams_refused_total": 3, "kaanalyze_grpc_calls_total": 50, "kaanalyze_grpc_failed_total": 2,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s: got %v (there: %v), want %v", name, v, ok, want)
		}
	}
	if at, want := got["kaanalyze_capture_start_time_seconds"], float64(m.Meta.First)/1e9; math.Abs(at-want) > 1e-3 {
		t.Errorf("got start %v, want %v", at, want)
	}
	if !strings.Contains(text, `kaanalyze_build_info{goversion="go1`) {
		t.Errorf("got no version in\n%s", text)
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, error %v", problems, err)
	}
	if path, err := exec.LookPath("promtool"); err == nil {
		cmd := exec.Command(path, "check", "metrics")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool check metrics: %v\n%s", err, out)
		}
	}
	// Nothing of the capture is in a label.
	for _, c := range regexp.MustCompile(`="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if !regexp.MustCompile(`^([a-z_0-9]+|KA\d{4}|go1\S*|v0\.1\.0)$`).MatchString(c[1]) {
			t.Errorf("label value %q is not one of a small fixed set", c[1])
		}
	}
}

// TestStreamMetrics scrapes what a recording with HTTP/2 shows, and one without.
func TestStreamMetrics(t *testing.T) {
	for _, tc := range []struct {
		recording string
		want      map[string]float64
	}{
		{"go-h2c-shutdown.pcap", map[string]float64{"kaanalyze_http2_streams_total": 3, "kaanalyze_http2_streams_refused_total": 0}},
		{"demo.pcap", map[string]float64{}},
	} {
		s := serve.New(version, noon)
		s.Publish(read(t, tc.recording))
		got, _ := scrape(t, s)
		for name := range got {
			if _, ok := tc.want[name]; !ok && !strings.Contains(name, "http2") && !strings.Contains(name, "grpc") {
				delete(got, name)
			}
		}
		if diff := cmp.Diff(got, tc.want); diff != "" {
			t.Errorf("%s: got (-), want (+)\n%s", tc.recording, diff)
		}
	}
}

// TestCounters scrapes again and again while recordings are read: counters
// never go down nor vanish, and come to what the report says.
func TestCounters(t *testing.T) {
	for _, name := range recordings(t) {
		s := serve.New(version, noon)
		session := live.NewSession(analyze.Options{}, 10, 0)
		before := map[string]float64{}
		look := func(m serve.Moment) map[string]float64 {
			s.Publish(m)
			got, text := scrape(t, s)
			for k, v := range before {
				if n, ok := got[k]; strings.Contains(text, "# TYPE "+family(k)+" counter") && (!ok || n < v) {
					t.Errorf("%s: %s was %v, got %v (there: %v)", name, k, v, n, ok)
				}
			}
			before = got
			return got
		}
		n, looks := 0, 0
		meta := recording(t, name, func(segs []flows.Segment, stats *capture.Stats) {
			for len(segs) > 0 {
				part := segs[:min(len(segs), 10)]
				segs = segs[len(part):]
				session.Apply(part)
				if n += len(part); n < 500 || n%500 < 10 && looks < 100 {
					looks++
					m := metaOf(name, stats)
					m.Last = part[len(part)-1].Time
					look(serve.Moment{Snapshot: session.Peek().Snapshot(m.First, m.Last), Meta: m})
				}
			}
		})
		x := session.Finish(meta.First, meta.Last)
		got, totals := look(serve.Moment{Snapshot: x, Meta: meta}), &x.Result.Totals
		for k, want := range map[string]int64{
			"kaanalyze_connections_total": totals.Connections, "kaanalyze_retransmissions_total": totals.Retransmissions,
			`kaanalyze_probes_total{side="client"}`: totals.ClientProbes.Sent, `kaanalyze_flagged_packets_total{flag="rst"}`: totals.RST,
			`kaanalyze_time_wait_closes_total{holder="server"}`: totals.TimeWait.Server,
		} {
			if got[k] != float64(want) {
				t.Errorf("%s: %s: got %v, want %d", name, k, got[k], want)
			}
		}
		if totals.Requests != analyze.Unknown && got["kaanalyze_requests_total"] != float64(totals.Requests) {
			t.Errorf("%s: got %v requests, want %d", name, got["kaanalyze_requests_total"], totals.Requests)
		}
		if t.Failed() {
			return
		}
	}
}

// family returns the name of a sample without its labels.
func family(sample string) string {
	name, _, _ := strings.Cut(sample, "{")
	return name
}

// BenchmarkScrape measures what a scrape takes beside the reading.
func BenchmarkScrape(b *testing.B) {
	s := serve.New(version, noon)
	s.Publish(everything(b))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = io.WriteString(io.Discard, get(s, "GET", "/metrics").Body.String())
	}
}
