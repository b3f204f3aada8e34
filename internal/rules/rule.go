package rules

import (
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// Rule is something that goes wrong between a client and a server, how the
// capture shows it, and what to do. Its fields are its documentation.
type Rule struct {
	ID      string // stable, never given to another rule
	Title   string // in a few words
	SetWhen string // what the capture shows when the rule fires
	Why     string // the likely cause
	Filter  string // a display filter of Wireshark that leaves the packets that show it
	Hint    string // what to look for among these; "" if that is plain

	products.Advice // what to change; package products has it in the words of programs

	Needs Needs // what the capture must hold for the rule to judge
	Check func(*view, *Rule) []Finding
	Who   analyze.Party // has to change; Both for either
	Costs bool          // it is told only where it cost a connection or a request
}

// Needs are what a capture must hold for a rule to judge.
type Needs uint8

// The needs.
const (
	Opening   Needs = 1 << iota // connections whose handshake was captured
	BothSides                   // both directions of the connections
	HTTP                        // requests that can be read
	Messages                    // HTTP that can be read, requests or not
	Probed                      // keep-alive probes
	Whole                       // all bytes of most connections, but for a few
	OtherEnd                    // a capture at the other end of the path
)

// String returns the needs in words.
func (n Needs) String() string {
	var list []string
	for i, words := range [...]string{
		"the opening of connections", "both directions", "requests that can be read",
		"HTTP that can be read", "keep-alive probes", "few missing bytes", "a capture at the other end of the path",
	} {
		if n&(1<<i) != 0 {
			list = append(list, words)
		}
	}
	return strings.Join(list, ", ")
}
