// Package products knows the programs that speak HTTP: how each says who it is,
// what it does by default, and how to change that.
//
// A [Program] is one row of one table, programs.go; to add a program is to add a
// row. [Recognize] finds the row of what a User-Agent, Server or X-Powered-By field
// says, [RecognizeVia] that of what Via says, as an [ID] that takes one byte. [MatchServer] and [MatchClient] list the
// defaults that an observed idle timeout may be, and [ID.Advice] gives the fix of
// a rule in the words of a program.
//
// What a program says of itself makes advice fit; nothing is decided by it alone.
// All functions are safe for concurrent use, and the table is not changed.
package products

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"
)

// ID is a program by its place in the table, small enough to be kept for each
// client and server.
type ID uint8

const (
	// Unknown is a program that says nothing of itself.
	Unknown ID = 0
	// Other is one that says a name, but none of the table; or several programs.
	Other ID = 255
)

// The programs that judgements single out.
var (
	Go          = byName("Go")
	Nginx       = byName("nginx")
	Node        = byName("Node")
	HealthCheck = byName("a health check")
)

// Program is a row of the table.
type Program struct {
	Name string   // as reports name it
	Says []string // the beginnings that its User-Agent, Server or X-Powered-By field may have

	ServerIdle []Timeout // after which it closes idle connections as a server
	ClientIdle []Timeout // and as a client
	ServerBody []Timeout // after which it gives up on the body of a request; After is 0 where it does not by default

	ExactIdle bool // as a server it has a timer for each idle connection, and does not look at all from time to time

	MaxRequests  string // its setting that limits the requests of a connection, if it allows more than that
	RequestsMore int64  // how many more

	Pool     int64  // how many idle connections per host its client keeps by default; 0 if that tells nothing
	KeepIdle string // how to let its client keep %d idle connections per host; "" if Advice has no number
	OneShot  bool   // a person runs it once for each request, or few

	Advice map[string]Advice // in its words, by the ID of the rule
}

// Timeout is the default of a setting.
type Timeout struct {
	Setting string // with the program's name
	After   time.Duration
	Unnamed bool // the program need not say that it is this one: it hands on what others say
	Rare    bool // to be named after the others that it may be
}

// prefix is how a field of a program begins.
type prefix struct {
	says string
	is   ID
}

// prefixes are how the fields of all programs begin.
var prefixes = func() (all []prefix) {
	for i := range programs {
		for _, says := range programs[i].Says {
			all = append(all, prefix{says, ID(i + 1)})
		}
	}
	return all
}()

// Recognize returns the program that a value of User-Agent, Server or X-Powered-By
// is of: Unknown if it is empty, Other if it is in no row. It keeps no reference to
// value and does not allocate.
func Recognize(value []byte) ID {
	for i := range prefixes {
		if p := &prefixes[i]; len(value) >= len(p.says) && string(value[:len(p.says)]) == p.says {
			return p.is
		}
	}
	if len(value) == 0 {
		return Unknown
	}
	return Other
}

// RecognizeVia returns the program that handed on a message with that value of Via: the last
// one that it names, by its comment or else its pseudonym (RFC 9110, 7.6.3); Other if it is in
// no row.
func RecognizeVia(value []byte) ID {
	last := bytes.TrimSpace(value[bytes.LastIndexByte(value, ',')+1:])
	_, by, _ := bytes.Cut(last, []byte(" ")) // after the version
	if _, comment, ok := bytes.Cut(by, []byte("(")); ok {
		if id := Recognize(comment); id != Unknown && id != Other {
			return id
		}
	}
	return cmp.Or(Recognize(by), Other)
}

// byName returns the program of that name, which must be in the table.
func byName(name string) ID {
	i := slices.IndexFunc(programs, func(p Program) bool { return p.Name == name })
	if i < 0 {
		panic("products: no row is called " + name)
	}
	return ID(i + 1)
}

// All returns the programs with a name, in the order of the table.
func All() []ID {
	var ids []ID
	for i := range programs {
		if programs[i].Name != "" {
			ids = append(ids, ID(i+1))
		}
	}
	return ids
}

// Row returns the row of a program. That of Unknown and Other is empty. It
// must not be changed.
func (id ID) Row() *Program {
	if i := int(id) - 1; i >= 0 && i < len(programs) {
		return &programs[i]
	}
	return &none
}

// none is the row of programs without one.
var none Program

// String returns the name of a program; "" for Unknown and Other.
func (id ID) String() string { return id.Row().Name }

// Advice returns how to mend what a rule found in the words of the program, and whether
// it has any.
func (id ID) Advice(rule string) (Advice, bool) {
	row := id.Row()
	if rule == poolRule && row.KeepIdle != "" {
		return Advise(strings.Replace(row.KeepIdle, "%d", "N", 1)), true
	}
	a, ok := row.Advice[rule]
	return a, ok
}

// poolRule is the rule about pools that are too small, which [Program].KeepIdle mends.
const poolRule = "KA1011"

// WithAdvice returns the programs that have words of their own for a rule, in the
// order of the table.
func WithAdvice(rule string) []ID {
	return slices.DeleteFunc(All(), func(id ID) bool {
		_, ok := id.Advice(rule)
		return !ok
	})
}

const (
	// nearShare: an observed timeout may differ from a default by one in 50 of it, for
	// timers run late, and so do packets.
	nearShare = 50
	// nearLeast is by how much it may differ at least.
	nearLeast = 50 * time.Millisecond
)

// MatchServer returns the settings whose default a server's idle timeout may be;
// says is what the server says it is.
func MatchServer(idle time.Duration, says ID) []string {
	return match(idle, says, func(p *Program) []Timeout { return p.ServerIdle })
}

// MatchBody is MatchServer for the time that a server waits for the body of a request.
func MatchBody(after time.Duration, says ID) []string {
	return match(after, says, func(p *Program) []Timeout { return p.ServerBody })
}

// BodySettings returns the settings of how long servers wait for the body of a request:
// that of says, if it is known to have one, else those of all, in the order of the table.
func BodySettings(says ID) (names []string) {
	if own := says.Row().ServerBody; len(own) > 0 {
		return []string{own[0].Setting}
	}
	for i := range programs {
		if of := programs[i].ServerBody; len(of) > 0 {
			names = append(names, of[0].Setting)
		}
	}
	return names
}

// MatchClient is MatchServer for a client.
func MatchClient(idle time.Duration, says ID) []string {
	return match(idle, says, func(p *Program) []Timeout { return p.ClientIdle })
}

// match returns the settings of some timeouts that idle may be.
func match(idle time.Duration, says ID, of func(*Program) []Timeout) (names []string) {
	var rare []string
	for i := range programs {
		p := &programs[i]
		another := len(p.Says) > 0 && says != Unknown && says != ID(i+1)
		for _, t := range of(p) {
			switch {
			case another && !t.Unnamed || !near(idle, t.After):
			case t.Rare:
				rare = append(rare, t.Setting)
			default:
				names = append(names, t.Setting)
			}
		}
	}
	return append(names, rare...)
}
