package rules

import (
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// TestRules runs the scripts of testdata/rules. Each says what becomes of every
// connection, and which rules fire, these and no others.
func TestRules(t *testing.T) {
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, s := range causetest.Scripts(t) {
		id := strings.ToUpper(s.Archive)
		kind, _, _ := strings.Cut(s.Name, ":")
		rule, _ := ByID(id)
		switch {
		case kind == "fires" && rule != nil:
			fires[id] = true
		case kind == "silent" && rule != nil:
			silent[id] = true
		case kind != "nothing" && kind != "cause" || rule != nil:
			t.Errorf("%s: %q is neither of fires and silent", s.Archive, s.Name)
		}
		t.Run(s.Archive+"/"+s.Name, func(t *testing.T) {
			p := play(t, s.Text)
			want, fired := expected(t, &p), firedIn(p.Diagnosis)
			if !slices.Equal(fired, want) {
				t.Errorf("got %v, want %v to fire", fired, want)
			}
			if rule != nil && slices.Contains(fired, id) != (kind == "fires") {
				t.Errorf("got %v, want %s %s", fired, id, kind)
			}
			if got, want := failedIn(p.Diagnosis), p.TotalLost().Failed+p.EstimatedLost().Failed; got != want {
				t.Errorf("the findings tell of %d failed requests, want all %d", got, want)
			}
			if kind == "nothing" && p.Verdict.Level == Problem {
				t.Errorf("got the verdict %q, want no problem", p.Verdict.Text)
			}
			if t.Failed() {
				t.Logf("in all:\n%s", summary(p.Diagnosis))
			}
		})
	}
	for _, r := range Rules {
		if r.Needs&OtherEnd != 0 {
			continue // a script is one capture: TestOtherSideCorrects of package app has recordings of both ends
		}
		if !fires[r.ID] || !silent[r.ID] {
			t.Errorf("%s: a script where it fires: %v, one where it is silent: %v; want both", r.ID, fires[r.ID], silent[r.ID])
		}
	}
}

var ruleID = regexp.MustCompile(`^KA\d{4}$`)

// expected reads the wants of a script: it returns the rules that are to fire,
// and compares the causes, of which every connection must have one.
func expected(t *testing.T, p *played) (rules []string) {
	t.Helper()
	said := map[uint64]bool{}
	for num, text := range p.Wants {
		for _, word := range strings.Fields(text) {
			if ruleID.MatchString(word) {
				rules = append(rules, word)
				continue
			}
			c, ok := p.ConnectionOf(num)
			if !ok {
				t.Fatalf("packet %d belongs to no connection", num)
			}
			said[c.ID] = true
			if got := p.Of(c.ID).Cause.String(); got != word {
				t.Errorf("packet %d: connection %d, port %d: got %s, want %s", num, c.ID, c.Client.Port(), got, word)
			}
		}
	}
	for _, r := range p.Records() {
		if !said[uint64(r.ID)] {
			t.Errorf("connection %d, port %d: got %v, want is not said", r.ID, r.Port, r.Cause)
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

// failedIn returns the failed requests that the findings tell of: each is told once.
func failedIn(d *Diagnosis) (n int64) {
	for _, f := range d.Findings {
		n += f.Failed
	}
	return n
}

// firedIn returns the rules that fired.
func firedIn(d *Diagnosis) (ids []string) {
	for _, f := range d.Findings {
		ids = append(ids, f.Rule.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// TestRuleFields holds what every rule must have.
func TestRuleFields(t *testing.T) {
	files, err := filepath.Glob("ka*.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(Rules) {
		t.Errorf("got %d files of rules, want %d", len(files), len(Rules))
	}
	before := ""
	for i, r := range Rules {
		if !ruleID.MatchString(r.ID) || r.ID <= before {
			t.Errorf("rule %d: got ID %q after %q, want KAnnnn in ascending order", i, r.ID, before)
		}
		before = r.ID
		if got, _ := ByID(r.ID); got != r {
			t.Errorf("%s: RuleByID returns another rule", r.ID)
		}
		file := ""
		for _, f := range files {
			if strings.HasPrefix(f, strings.ToLower(r.ID)+"_") {
				file = f
			}
		}
		if src, err := os.ReadFile(file); err != nil || !regexp.MustCompile(fmt.Sprintf(`\bID: +%q`, r.ID)).Match(src) {
			t.Errorf("%s: got file %q, want one of its own that defines it", r.ID, file)
		}
		if r.Needs == 0 || r.Check == nil || r.Who == analyze.Nobody {
			t.Errorf("%s: Needs %v, Check set %v, Who %q; want all", r.ID, r.Needs, r.Check != nil, r.Who)
		}
		checkTexts(t, r)
	}
}

// checkTexts holds that the texts of a rule can be put into a report.
func checkTexts(t *testing.T, r *Rule) {
	texts := map[string]string{"Title": r.Title, "SetWhen": r.SetWhen, "Why": r.Why, "Filter": r.Filter, "Hint": r.Hint}
	advise := func(who string, a products.Advice) {
		texts[who+"fix"], texts[who+"note"] = a.Fix, a.Note
		for i, s := range a.Alternatives {
			texts[fmt.Sprint(who, "alternative ", i+1)] = s
		}
	}
	advise("", r.Advice)
	for _, is := range products.WithAdvice(r.ID) {
		a, _ := is.Advice(r.ID)
		advise(is.String()+": ", a)
	}
	for name, text := range texts {
		if text == "" && name != "Hint" && !strings.HasSuffix(name, "note") || strings.TrimSpace(text) != text || strings.HasSuffix(text, ".") || strings.Contains(text, "  ") || strings.Contains(text, "\n") {
			t.Errorf("%s: %s is %q, want one line of text without spaces around it or a full stop", r.ID, name, text)
		}
		if strings.Count(text, "(") != strings.Count(text, ")") {
			t.Errorf("%s: %s is %q, want its parentheses whole", r.ID, name, text)
		}
	}
}

// TestAdvice holds that programs have advice for rules that there are.
func TestAdvice(t *testing.T) {
	for _, is := range products.All() {
		for id := range is.Row().Advice {
			if _, err := ByID(id); err != nil {
				t.Errorf("%v: %v", is, err)
			}
		}
	}
}

// TestNeedsString holds that each need has words of its own.
func TestNeedsString(t *testing.T) {
	all := Opening | BothSides | HTTP | Messages | Probed | Whole
	if got, want := strings.Count(all.String(), ", ")+1, bits.OnesCount8(uint8(all)); got != want {
		t.Errorf("got %q, which are %d, want %d", all, got, want)
	}
	if got, want := (Probed | BothSides).String(), "both directions, keep-alive probes"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFixFits holds that a fix is in the words of the program that has to change.
func TestFixFits(t *testing.T) {
	for _, tc := range []struct{ name, request, response, want string }{
		{"a server that says what it is", "GET / HTTP/1.1\\r\\n", "Server: nginx\\r\\nX-Powered-By: PHP/8.2\\r\\n", "nginx's keepalive_timeout"},
		{"one that says what it runs", "GET / HTTP/1.1\\r\\n", "X-Powered-By: PHP/8.2.1\\r\\n", "php-fpm"},
		{"one that says nothing", "GET / HTTP/1.1\\r\\n", "", responseClose.Fix},
		{"requests that are HTTP/1.0", "GET / HTTP/1.0\\r\\nConnection: keep-alive\\r\\n", "", "send HTTP/1.1 requests"},
	} {
		p := play(t, fmt.Sprintf(`conn 40001..40004 every 1
0.000 $open
0.002 > P. "%s\r\n"
0.010 < P. "HTTP/1.1 200 OK\r\nConnection: close\r\n%sContent-Length: 2\r\n\r\nok"
0.011 < F.
0.012 > F.
0.013 < .`, tc.request, tc.response))
		if len(p.Findings) == 0 || p.Findings[0].Rule != responseClose || !strings.Contains(p.Findings[0].Words(), tc.want) {
			t.Errorf("%s: got %s, want the fix %q", tc.name, summary(p.Diagnosis), tc.want)
		}
	}
}

// TestFixAnnounced holds that a client that closes at once is not blamed where the
// server announces to keep connections for a second alone.
func TestFixAnnounced(t *testing.T) {
	for timeout, want := range map[string]string{"1": "it announces 1 s", "5": clientPerRequest.Fix} {
		p := play(t, fmt.Sprintf(`conn 40001..40004 every 1
0.000 $open
0.002 > P. $get
0.010 < P. "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=%s\r\nContent-Length: 2\r\n\r\nok"
0.011 > F.
0.012 < F.
0.013 > .`, timeout))
		if len(p.Findings) == 0 || p.Findings[0].Rule != clientPerRequest || !strings.Contains(p.Findings[0].Words(), want) {
			t.Errorf("timeout=%s: got %s, want the fix %q", timeout, summary(p.Diagnosis), want)
		}
	}
}
