package rules

import (
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// Level is what a verdict comes to.
type Level uint8

// The levels.
const (
	CannotTell Level = iota
	OK
	Problem
)

// String returns the level as JSON names it.
func (l Level) String() string { return [...]string{"unknown", "ok", "problem"}[l] }

// Words returns the level as a report for people has it.
func (l Level) Words() string { return [...]string{"CANNOT TELL", "OK", "PROBLEM"}[l] }

// Verdict is the answer in one line.
type Verdict struct {
	Level Level
	Text  string // one line without a full stop
}

// tooLittle begins the text of a verdict that is OK for want of traffic.
const tooLittle = "too little traffic to judge reuse"

// Words returns the verdict as a report for people has it.
func (v Verdict) Words() string { return v.Level.Words() + v.Joint() + v.Text }

// Joint returns what stands between the level and the text: an OK for want of traffic is
// one with a but.
func (v Verdict) Joint() string {
	if v.Level == OK && strings.HasPrefix(v.Text, tooLittle) {
		return ", but "
	}
	return ": "
}

// Judgement is what became of a rule.
type Judgement struct {
	Rule     *Rule
	Findings int    // how many it made
	Lacks    string // what the capture lacks for the rule to judge; "" if it judged
}

// Diagnosis is what the causes of all connections come to. Only Before and AddPast
// change it; all other methods are safe for concurrent use.
type Diagnosis struct {
	cause.Decisions
	Verdict  Verdict
	Findings []Finding   // what costs most first
	Judged   []Judgement // what became of each rule, in the order of Rules
	Repeats  []Repeat    // of requests that failed, in the order of their packets
}
