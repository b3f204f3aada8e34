package serve_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/kaanalyze/kaanalyze/capture"
	"github.com/kaanalyze/kaanalyze/flows"
	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/live"
	"github.com/kaanalyze/kaanalyze/internal/rules"
	"github.com/kaanalyze/kaanalyze/internal/serve"
)

// A scraped server is asked for its metrics again and again.
type scraped struct {
	*serve.Server
	t       testing.TB
	handler http.Handler
	before  map[string]float64
}

// labelling returns a server that labels so many servers at a time, 0 for none.
func labelling(t testing.TB, most int) *scraped {
	s := &scraped{Server: serve.New(version, noon), t: t}
	if most > 0 {
		s.LabelServers(most)
	}
	s.handler = s.Handler()
	return s
}

// look scrapes a moment. No counter goes down, and none vanishes.
func (s *scraped) look(m serve.Moment) map[string]float64 {
	s.t.Helper()
	s.Publish(m)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/metrics", nil))
	text := w.Body.String()
	got := samples(s.t, text)
	for k, v := range s.before {
		if n, ok := got[k]; strings.Contains(text, "# TYPE "+family(k)+" counter") && (!ok || n < v) {
			s.t.Fatalf("%s was %v, got %v (there: %v)", k, v, n, ok)
		}
	}
	s.before = got
	return got
}

var serverPair = regexp.MustCompile(`,?server="((?:[^"\\]|\\.)*)"`)

// withoutServer adds up over the label, or takes the highest of what is no sum.
func withoutServer(all map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for k, v := range all {
		k = strings.Replace(strings.Replace(serverPair.ReplaceAllString(k, ""), "{,", "{", 1), "{}", "", 1)
		if strings.HasPrefix(k, "kaanalyze_server_seconds") {
			out[k] = max(out[k], v)
		} else {
			out[k] += v
		}
	}
	return out
}

// TestServerLabelSums adds up over the label while recordings are read: it is what the
// metrics say without, whatever is labelled when.
func TestServerLabelSums(t *testing.T) {
	labels := map[string]bool{}
	for _, name := range recordings(t) {
		plain, one, ten := labelling(t, 0), labelling(t, 1), labelling(t, 10)
		look := func(m serve.Moment) {
			want := plain.look(m)
			for _, s := range []*scraped{one, ten} {
				got := s.look(m)
				if sums := withoutServer(got); !maps.Equal(sums, want) {
					t.Fatalf("%s: sums over the label (-), without it (+)\n%s", name, cmp.Diff(sums, want))
				}
				for k := range got {
					if m := serverPair.FindStringSubmatch(k); m != nil {
						labels[family(k)] = true
						if _, err := netip.ParseAddrPort(m[1]); err != nil && m[1] != "other" {
							t.Fatalf("%s: got label %q", name, m[1])
						}
					}
				}
			}
		}
		session := live.NewSession(analyze.Options{}, 10, 0)
		n, looks := 0, 0
		meta := recording(t, name, func(segs []flows.Segment, stats *capture.Stats) {
			for len(segs) > 0 {
				part := segs[:min(len(segs), 10)]
				segs = segs[len(part):]
				session.Apply(part)
				if n += len(part); n <= 50 || n%200 < 10 && looks < 15 {
					looks++
					m := metaOf(name, stats)
					m.Last = part[len(part)-1].Time
					look(serve.Moment{Snapshot: session.Peek().Snapshot(m.First, m.Last), Meta: m})
				}
			}
		})
		look(serve.Moment{Snapshot: session.Finish(meta.First, meta.Last), Meta: meta})
	}
	want := []string{"kaanalyze_closed_connections_total", "kaanalyze_connections_total", "kaanalyze_grpc_calls_total", "kaanalyze_grpc_failed_total",
		"kaanalyze_http2_streams_refused_total", "kaanalyze_http2_streams_total", "kaanalyze_requests_total", "kaanalyze_responses_by_class_total",
		"kaanalyze_reused_requests_total", "kaanalyze_server_seconds"}
	if got := slices.Sorted(maps.Keys(labels)); !slices.Equal(got, want) {
		t.Errorf("metrics with the label: got %v, want %v", got, want)
	}
}

// momentOf is one in which servers have so many connections.
func momentOf(servers ...analyze.ServerSummary) serve.Moment {
	r := &analyze.Result{Servers: servers}
	for i := range servers {
		r.Totals.Connections += servers[i].Connections
	}
	slices.SortFunc(r.Servers, func(x, y analyze.ServerSummary) int { return int(y.Connections - x.Connections) })
	return serve.Moment{Snapshot: &live.Snapshot{Result: r, Diagnosis: &rules.Diagnosis{}}}
}

func server(at string, connections int64) analyze.ServerSummary {
	return analyze.ServerSummary{Server: netip.MustParseAddrPort(at), Connections: connections}
}

// connections returns the connections by label.
func connections(all map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for k, v := range all {
		if m := serverPair.FindStringSubmatch(k); m != nil && family(k) == "kaanalyze_connections_total" {
			out[m[1]] = v
		}
	}
	return out
}

// TestServerLabelStays tells what single servers are counted for as others overtake them.
func TestServerLabelStays(t *testing.T) {
	const a, b, c = "192.0.2.1:80", "[2001:db8::1]:443", "192.0.2.3:80"
	s := labelling(t, 1)
	for i, step := range []struct {
		servers []analyze.ServerSummary
		want    map[string]float64
	}{
		{nil, map[string]float64{"other": 0}},
		{[]analyze.ServerSummary{server(a, 5), server(b, 2)}, map[string]float64{a: 5, "other": 2}},
		{[]analyze.ServerSummary{server(a, 6), server(b, 9)}, map[string]float64{a: 6, b: 7, "other": 2}}, // its 2 stay where they were
		{[]analyze.ServerSummary{server(a, 7), server(b, 9), server(c, 4)}, map[string]float64{a: 7, b: 7, "other": 6}},
		{[]analyze.ServerSummary{server(b, 10), server(c, 4)}, map[string]float64{a: 7, b: 7, "other": 6}}, // a has lost its row: the sum is behind
		{[]analyze.ServerSummary{server(b, 20), server(c, 4), server(a, 1)}, map[string]float64{a: 7, b: 12, "other": 6}},
		{[]analyze.ServerSummary{server(b, 25), server(c, 4), server(a, 9)}, map[string]float64{a: 9, b: 23, "other": 6}},
	} {
		if diff := cmp.Diff(connections(s.look(momentOf(step.servers...))), step.want); diff != "" {
			t.Errorf("step %d: got (-), want (+)\n%s", i, diff)
		}
	}
}

// TestServerLabelsEnd gives no more labels than there may be, however many are asked for.
func TestServerLabelsEnd(t *testing.T) {
	for _, most := range []int{1, 7, 1_000_000} {
		s := labelling(t, most)
		var all []analyze.ServerSummary
		for i := range 2 * serve.MaxServerLabels {
			all = append(all, server(fmt.Sprintf("10.0.%d.%d:80", i/200, i%200), int64(i+1)))
			s.look(momentOf(slices.Clone(all)...))
		}
		got := connections(s.before)
		if n := len(got) - 1; n != serve.MaxServerLabels || got["other"] < serve.MaxServerLabels {
			t.Errorf("of %d at a time: got %d labels, %v connections of others", most, n, got["other"])
		}
	}
}

// TestServerLabelEscapes writes what is hostile as the exposition format demands.
func TestServerLabelEscapes(t *testing.T) {
	zone := "a\"b\\c\nd} 1\n# HELP x"
	s := labelling(t, 3)
	at := netip.AddrPortFrom(netip.MustParseAddr("fe80::1").WithZone(zone), 80)
	broken := netip.AddrPortFrom(netip.MustParseAddr("fe80::1").WithZone("\xff"), 80)
	s.Publish(momentOf(analyze.ServerSummary{Server: at, Connections: 3}, analyze.ServerSummary{Server: broken, Connections: 2}))
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/metrics", nil))
	text := w.Body.String()
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Fatalf("promlint: %v, error %v in\n%s", problems, err, text)
	}
	for quoted, v := range connections(samples(t, text)) {
		got, err := strconv.Unquote(`"` + quoted + `"`)
		if want := map[float64]string{3: at.String(), 2: "[fe80::1%\uFFFD]:80", 0: "other"}[v]; err != nil || got != want {
			t.Errorf("got label %q with %v, want %q", got, v, want)
		}
	}
}

// TestServerLabelTimes tells how long each server takes, and the slowest of the others.
func TestServerLabelTimes(t *testing.T) {
	timed := func(at string, connections, count, ms int64) analyze.ServerSummary {
		s := server(at, connections)
		s.Times = analyze.ServerTimes{Count: count, P50: ms * 1e6, P90: ms * 2e6, P95: ms * 3e6, P99: ms * 4e6, Max: ms * 5e6}
		return s
	}
	got := labelling(t, 2).look(momentOf(timed("192.0.2.1:80", 9, 50, 10), timed("192.0.2.2:80", 8, 19, 500), timed("192.0.2.3:80", 7, 20, 30), timed("192.0.2.4:80", 6, 20, 20)))
	for k := range got {
		if !strings.HasPrefix(k, `kaanalyze_server_seconds{percentile="p95"`) {
			delete(got, k)
		}
	}
	want := map[string]float64{`kaanalyze_server_seconds{percentile="p95",server="192.0.2.1:80"}`: .03, `kaanalyze_server_seconds{percentile="p95",server="other"}`: .09}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got (-), want (+)\n%s", diff)
	}
}
