package rules

import (
	"testing"
)

// TestHealthyWords holds that the words of an OK say no more than its numbers.
func TestHealthyWords(t *testing.T) {
	for _, tc := range []struct {
		name string
		add  func(s *scene)
		want string
	}{
		{"a few requests, all on one connection", func(s *scene) { s.healthy(1, 1, 1, littleTraffic-1, 0) },
			"OK, but too little traffic to judge reuse (9 requests)"},
		{"one more", func(s *scene) { s.healthy(1, 1, 1, littleTraffic, 0) }, "OK: connections are reused: 10 requests on 1 connection"},
		{"a client each", func(s *scene) {
			for i := range 55 {
				s.healthy(i+1, 1, 1, 1+i/54, float64(i))
			}
		}, "OK: every connection was needed: 56 requests on 55 connections"},
		{"hardly any more than needed", func(s *scene) {
			for i := range 9 {
				s.healthy(i+1, 1, 1, 1, 0.1*float64(i))
			}
			s.healthy(9, 1, 1, 1, 30)
		}, "OK: too little to complain about: 10 requests on 10 connections, 1 of them avoidable"},
		{"one process with a pool", func(s *scene) { s.healthy(1, 1, 5, 8, 0) }, "OK: connections are reused: 40 requests on 5 connections"},
		{"processes with a pool each", func(s *scene) {
			for i := range 12 {
				s.healthy(1, 1, 1, 8+i%3, 0.012*float64(i)+float64(i%2)/100)
			}
		}, "OK: connections are reused: 108 requests on 12 connections; 6 more than one pool would open, each used again and again, as by processes with a pool each"},
	} {
		s := &scene{}
		tc.add(s)
		d := s.judged(t)
		if got := d.Verdict.Words(); got != tc.want {
			t.Errorf("%s: got %q, want %q in\n%s", tc.name, got, tc.want, summary(d))
		}
	}
}
