package products

import "strings"

// Advice is how to mend what a rule found.
type Advice struct {
	Fix          string   // what to change first
	Alternatives []string // what else helps, or does where that cannot be done
	Note         string   // what to know beside; "" for none
}

// Advise returns the advice to do fix, or one of the alternatives.
func Advise(fix string, alternatives ...string) Advice {
	return Advice{Fix: fix, Alternatives: alternatives}
}

// Noting returns a with something to know beside it.
func (a Advice) Noting(note string) Advice {
	a.Note = note
	return a
}

// Words returns all of a in one line.
func (a Advice) Words() string {
	words := append([]string{a.Fix}, a.Alternatives...)
	if a.Note != "" {
		words = append(words, a.Note)
	}
	return strings.Join(words, "; ")
}
