package serve_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/serve"
)

var (
	typeLine   = regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`)
	metricName = regexp.MustCompile(`\bkaanalyze_[a-z0-9_]+`)
	selector   = regexp.MustCompile(`\b(kaanalyze_[a-z0-9_]+)\{([^}]*)\}`)
	labelName  = regexp.MustCompile(`([a-z0-9_]+)(?:=~|!=|!~|=)"`)
	byLabels   = regexp.MustCompile(`\b(?:by|without) \(([^)]*)\)`)
	legend     = regexp.MustCompile(`\{\{([a-z0-9_]+)\}\}`)
	ratedName  = regexp.MustCompile(`rate\((kaanalyze_[a-z0-9_]+)`)
)

// registry returns the metrics there are with their types, and all labels.
func registry(t *testing.T) (types map[string]string, labels map[string]bool) {
	t.Helper()
	s := serve.New(version, noon)
	s.Publish(everything(t))
	_, text := scrape(t, s)
	types, labels = map[string]string{}, map[string]bool{"instance": true, "job": true}
	for _, m := range typeLine.FindAllStringSubmatch(text, -1) {
		types[m[1]] = m[2]
	}
	s.LabelServers(10)
	_, labelled := scrape(t, s)
	for _, m := range labelName.FindAllStringSubmatch(text+labelled, -1) {
		labels[m[1]] = true
	}
	return types, labels
}

func contrib(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "contrib", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkQuery holds a query to the metrics there are.
func checkQuery(t *testing.T, where, query string) {
	t.Helper()
	types, labels := registry(t)
	for _, name := range metricName.FindAllString(query, -1) {
		if types[name] == "" {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
	for _, m := range ratedName.FindAllStringSubmatch(query, -1) {
		if types[m[1]] != "counter" {
			t.Errorf("%s: the rate of %s, which is a %s", where, m[1], types[m[1]])
		}
	}
	var used []string
	for _, m := range selector.FindAllStringSubmatch(query, -1) {
		for _, l := range labelName.FindAllStringSubmatch(m[2], -1) {
			used = append(used, l[1])
		}
	}
	for _, m := range byLabels.FindAllStringSubmatch(query, -1) {
		used = append(used, strings.Split(m[1], ", ")...)
	}
	for _, m := range legend.FindAllStringSubmatch(query, -1) {
		used = append(used, m[1])
	}
	for _, l := range used {
		if !labels[l] {
			t.Errorf("%s: no metric has the label %q", where, l)
		}
	}
}

// TestDashboard asks only for what there is.
func TestDashboard(t *testing.T) {
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr, LegendFormat string }
		}
		Templating struct{ List []struct{ Definition string } }
	}
	text := contrib(t, "kaanalyze.dashboard.json")
	if err := json.Unmarshal([]byte(text), &board); err != nil {
		t.Fatal(err)
	}
	ids, n := map[int]bool{}, 0
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d %q: want an id of its own, a title, a query and a place", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			n++
			checkQuery(t, p.Title, q.Expr+" "+q.LegendFormat)
		}
	}
	for _, v := range board.Templating.List {
		checkQuery(t, "variable", v.Definition)
	}
	if n < 20 {
		t.Errorf("got %d queries", n)
	}
	types, _ := registry(t)
	for name := range types {
		if !strings.Contains(text, name) {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// TestPrometheusRules ask only for what there is, and are tried where promtool
// is installed.
func TestPrometheusRules(t *testing.T) {
	for _, name := range []string{"kaanalyze.rules.yml", "kaanalyze.rules_test.yml"} {
		for line := range strings.Lines(contrib(t, name)) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") && !strings.Contains(line, "summary:") && !strings.Contains(line, "description:") {
				checkQuery(t, name, line)
			}
		}
	}
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed:", err)
	}
	for _, args := range [][]string{{"check", "rules", "kaanalyze.rules.yml"}, {"test", "rules", "kaanalyze.rules_test.yml"}} {
		cmd := exec.Command(path, args...)
		cmd.Dir = filepath.Join("..", "..", "contrib")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}

// TestAlertsAreTried finds each alert in the tests of the rules.
func TestAlertsAreTried(t *testing.T) {
	tests := contrib(t, "kaanalyze.rules_test.yml")
	for _, m := range regexp.MustCompile(`(?:alert|record): (\S+)`).FindAllStringSubmatch(contrib(t, "kaanalyze.rules.yml"), -1) {
		if !strings.Contains(tests, m[1]) {
			t.Errorf("%s is not tried", m[1])
		}
	}
}

// TestUnit verifies the unit where systemd is, with another program in the place
// of this one, which is not installed.
func TestUnit(t *testing.T) {
	path, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd is not installed:", err)
	}
	text := contrib(t, "kaanalyze.service")
	unit := filepath.Join(t.TempDir(), "kaanalyze.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(text, "ExecStart=/usr/local/bin/kaanalyze", "ExecStart=/bin/true")), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "verify", unit)
	if out, err := cmd.CombinedOutput(); strings.Contains(string(out), "kaanalyze.service") { // others may be amiss here
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// TestReadmeMetrics finds each metric in docs/metrics.md, and no other.
func TestReadmeMetrics(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	types, _ := registry(t)
	named := metricName.FindAllString(string(text), -1)
	for name := range types {
		if !slices.Contains(named, name) {
			t.Errorf("%s is not in docs/metrics.md", name)
		}
	}
	for _, name := range named {
		if types[name] == "" {
			t.Errorf("docs/metrics.md names %s, which there is not", name)
		}
	}
}
