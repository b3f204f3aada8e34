package rules

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaanalyze/kaanalyze/internal/cause/causetest"
)

// Traffic of which properties are tried: each line is said of one connection of a block.
const (
	closesAlways = "0.000 $open\n0.002 > P. $get\n0.010 < P. $bye\n0.011 < F.\n0.012 > F.\n0.013 < .\n"
	asksToClose  = "0.000 $open\n0.002 > P. $last\n0.010 < P. $bye\n0.011 < F.\n0.012 > F.\n0.013 < .\n"
	racesClose   = "0.000 $open\n0.002 > P. $get\n0.010 < P. $ok\n2.010 < F.\n2.0101 > P. 28:55(27) ack 41 $get\n2.011 < R 42:42(0)\n"
	leavesEmpty  = "0.000 $open\n0.002 > P. $get\n0.003 < .\n1.003 < F.\n1.004 > F.\n1.005 < .\n"
	isRefused    = "0.000 > S 0:0(0)\n0.001 < R. 0:0(0) ack 1\n"
	closedUnread = "0.000 $open\n0.002 > P. $get\n0.010 < P. $ok\n0.011 > F.\n0.012 < F.\n0.013 > .\n"
)

// begins is when scenes begin, in seconds: something may have been long before.
const begins = 1e6

// scene is a capture to be: blocks of connections, each with ports of its own.
type scene struct {
	text strings.Builder
	port int
}

// add adds connections of a client, 192.0.2.x, to a server, 198.51.100.x, which begin at a
// time, in seconds, and follow each other.
func (s *scene) add(client, server, n int, at, every float64, packets string) {
	if s.port == 0 {
		s.port = 10000
	}
	fmt.Fprintf(&s.text, "conn %d..%d every %g\nclient 192.0.2.%d\nserver 198.51.100.%d:80\n", s.port, s.port+n-1, every, client, server)
	s.port += n
	for line := range strings.Lines(packets) {
		after, rest, _ := strings.Cut(line, " ")
		var t float64
		if _, err := fmt.Sscan(after, &t); err != nil {
			panic(err)
		}
		fmt.Fprintf(&s.text, "%.6f %s", begins+at+t, rest)
	}
}

// healthy adds connections with many requests each.
func (s *scene) healthy(client, server, n, requests int, at float64) {
	var b strings.Builder
	b.WriteString("0.000 $open\n")
	for i := range requests {
		fmt.Fprintf(&b, "%.3f > P. $get\n%.3f < P. $ok\n", 0.01+0.05*float64(i), 0.02+0.05*float64(i))
	}
	s.add(client, server, n, at, 0.003, b.String())
}

// copy returns a scene to which more can be added.
func (s *scene) copy() *scene {
	c := &scene{port: s.port}
	c.text.WriteString(s.text.String())
	return c
}

// judged is what a scene comes to.
func (s *scene) judged(t causetest.Test) *Diagnosis {
	t.Helper()
	return Run(causetest.Run(t, s.text.String()).Result, 1)
}

// severities returns how grave the findings are, by rule and subject.
func severities(d *Diagnosis) map[string]Severity {
	by := map[string]Severity{}
	for i := range d.Findings {
		f := &d.Findings[i]
		key := f.Rule.ID + " " + f.Subject
		by[key] = max(by[key], f.Severity)
	}
	return by
}

// troubles are what may go wrong.
var troubles = map[string]string{
	"closes": closesAlways, "asks": asksToClose, "races": racesClose, "empty": leavesEmpty, "refused": isRefused, "unread": closedUnread,
}

// drawTrouble adds one to three kinds of trouble, at servers 1 to 3 of clients 1 to 3, some
// beside traffic that goes well.
func drawTrouble(t *rapid.T) (s *scene, kinds []string) {
	s = &scene{}
	names := []string{"asks", "closes", "empty", "races", "refused", "unread"}
	for i := range rapid.IntRange(1, 3).Draw(t, "troubles") {
		kind := rapid.SampledFrom(names).Draw(t, "kind")
		kinds = append(kinds, kind)
		client := rapid.IntRange(1, 3).Draw(t, "client")
		s.add(client, i+1, rapid.IntRange(1, 12).Draw(t, "connections"), 1, 0.25, troubles[kind])
		if rapid.Bool().Draw(t, "beside others") {
			s.healthy(client, i+1, rapid.IntRange(1, 3).Draw(t, "well used"), rapid.IntRange(1, 40).Draw(t, "requests"), 0.5)
		}
	}
	return s, kinds
}

// TestNothingElsewhereMatters holds that neither a PROBLEM nor the severity of a finding
// changes by what goes well elsewhere, by silence or by other protocols.
func TestNothingElsewhereMatters(t *testing.T) {
	for name, add := range map[string]func(t *rapid.T, s *scene){
		"another server": func(t *rapid.T, s *scene) {
			s.healthy(rapid.IntRange(1, 3).Draw(t, "its client"), 9, rapid.IntRange(1, 20).Draw(t, "more"), rapid.IntRange(2, 100).Draw(t, "each"), 0)
		},
		"another client": func(t *rapid.T, s *scene) {
			s.healthy(9, rapid.IntRange(1, 3).Draw(t, "its server"), rapid.IntRange(1, 20).Draw(t, "more"), rapid.IntRange(2, 100).Draw(t, "each"), 0)
		},
		"another pair": func(t *rapid.T, s *scene) {
			s.healthy(9, 9, rapid.IntRange(1, 20).Draw(t, "more"), rapid.IntRange(2, 100).Draw(t, "each"), 0)
		},
		"idle before": func(t *rapid.T, s *scene) {
			s.add(9, 9, 1, -rapid.Float64Range(60, 1e6).Draw(t, "before"), 0, "0.000 > . 1:1(0) ack 1\n")
		},
		"idle after": func(t *rapid.T, s *scene) {
			s.add(9, 9, 1, rapid.Float64Range(60, 1e6).Draw(t, "after"), 0, "0.000 > . 1:1(0) ack 1\n")
		},
		"an encrypted server": func(t *rapid.T, s *scene) {
			s.add(rapid.IntRange(1, 9).Draw(t, "its client"), 9, rapid.IntRange(1, 30).Draw(t, "more"), 0, 0.1,
				"0.000 $open\n0.002 > P. \"\\x16\\x03\\x01\\x00\\x05\\x01\\x00\\x00\\x01\\x00\"\n0.003 < P. \"\\x16\\x03\\x03\\x00\\x05\\x02\\x00\\x00\\x01\\x00\"\n"+
					"0.004 > P. \"\\x17\\x03\\x03\\x00\\x05abcde\"\n")
		},
		"one direction of another server": func(t *rapid.T, s *scene) {
			s.add(rapid.IntRange(1, 9).Draw(t, "its client"), 9, rapid.IntRange(1, 30).Draw(t, "more"), 0, 0.1,
				"0.000 > S\n0.001 > .\n0.002 > P. $get\n0.100 > P. $get\n")
		},
		"bytes of another server are missing": func(t *rapid.T, s *scene) {
			s.add(rapid.IntRange(1, 9).Draw(t, "its client"), 9, rapid.IntRange(1, 30).Draw(t, "more"), 0, 0.1,
				"0.000 $open\n0.002 > P. $get\n0.010 > . ack 1041\n0.500 > F.\n0.501 < F. 1041:1041(0)\n0.502 > .\n")
		},
		"another protocol": func(t *rapid.T, s *scene) {
			s.add(rapid.IntRange(1, 9).Draw(t, "its client"), 9, rapid.IntRange(1, 30).Draw(t, "more"), 0, 0.1,
				"0.000 $open\n0.002 < P. \"220 mail\\r\\n\"\n0.003 > P. \"QUIT\\r\\n\"\n0.004 < F.\n0.005 > F.\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s, _ := drawTrouble(t)
				before := s.judged(t)
				more := s.copy()
				add(t, more)
				after := more.judged(t)
				if before.Verdict.Level == Problem && after.Verdict.Level != Problem {
					t.Errorf("got %v, want %v still", after.Verdict, before.Verdict)
				}
				is := severities(after)
				for key, want := range severities(before) {
					if got, ok := is[key]; got != want || !ok {
						t.Errorf("%s: got %v (%v), want %v", key, got, ok, want)
					}
				}
				if t.Failed() {
					t.Logf("before:\n%s\nafter:\n%s", summary(before), summary(after))
				}
			})
		})
	}
}

// TestMoreNeverMattersLess holds that no finding becomes less grave as more requests fail
// or more connections are wasted, and that healthy traffic beside requests that fail does
// not make them harmless.
func TestMoreNeverMattersLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, kinds := drawTrouble(t)
		before := s.judged(t)
		more := s.copy()
		for i, kind := range kinds {
			n := rapid.IntRange(0, 8).Draw(t, "more")
			if n > 0 {
				more.add(rapid.IntRange(1, 3).Draw(t, "client"), i+1, n, 20, 0.25, troubles[kind])
			}
		}
		after := more.judged(t)
		worst := map[string]Severity{} // by rule: more clients may be told together
		for _, f := range after.Findings {
			worst[f.Rule.ID] = max(worst[f.Rule.ID], f.Severity)
		}
		for key, was := range severities(before) {
			if rule, _, _ := strings.Cut(key, " "); worst[rule] < was {
				t.Errorf("%s: got %v, want %v or more", key, worst[rule], was)
			}
		}
		if after.Verdict.Level < before.Verdict.Level && before.Verdict.Level == Problem {
			t.Errorf("got %v, want %v", after.Verdict, before.Verdict)
		}
		if n := after.TotalLost().Failed; n > 0 && after.Verdict.Level != Problem {
			t.Errorf("got %v beside %d requests that failed", after.Verdict, n)
		}
		if t.Failed() {
			t.Logf("before:\n%s\nafter:\n%s", summary(before), summary(after))
		}
	})
}
