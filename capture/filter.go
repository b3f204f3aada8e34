package capture

import (
	"errors"
	"fmt"
	"sync"

	"github.com/kaanalyze/kaanalyze/capture/internal/bpf"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// ErrNoLibpcap says that this program was built without libpcap, which would compile
// more filter expressions than host, net, port, portrange, tcp, ip, ip6 and vlan with and, or,
// not and parentheses.
var ErrNoLibpcap = bpf.ErrNoLibpcap

// A FilterError is a filter expression that is not accepted, for the link type of a
// capture or at all. It wraps [ErrNoLibpcap] if libpcap might accept it.
type FilterError struct {
	Expr   string // as given
	Reason string // libpcap's, if it is there

	cause error
}

// Error names the expression and the reason.
func (e *FilterError) Error() string { return fmt.Sprintf("filter %q: %s", e.Expr, e.Reason) }

// Unwrap returns [ErrNoLibpcap] or nil.
func (e *FilterError) Unwrap() error { return e.cause }

// filterError makes a [*FilterError] of the reason why expr does not compile.
func filterError(expr string, err error) error {
	if syntax, ok := errors.AsType[*bpf.SyntaxError](err); ok {
		return &FilterError{Expr: expr, Reason: syntax.Reason, cause: syntax.Unwrap()}
	}
	return err
}

// A filterSet compiles a filter for each link type met. It is safe for
// concurrent use; nil is no filter.
type filterSet struct {
	expr string

	mu       sync.Mutex
	compiled map[pcapfile.LinkType]compiled
}

// compiled is what became of an expression for one link type.
type compiled struct {
	filter *bpf.Filter
	err    error
}

// newFilterSet returns the set for an expression.
func newFilterSet(expr string) *filterSet {
	if expr == "" {
		return nil
	}
	return &filterSet{expr: expr, compiled: map[pcapfile.LinkType]compiled{}}
}

// compileAll compiles the filter for link types that are known, and for
// Ethernet if none is: a syntax error should be told before anything is read.
func (s *filterSet) compileAll(links []pcapfile.LinkType) error {
	if s == nil {
		return nil
	}
	if len(links) == 0 {
		links = []pcapfile.LinkType{pcapfile.LinkEthernet}
	}
	for _, l := range links {
		if _, err := s.get(l); err != nil {
			return err
		}
	}
	return nil
}

// get returns the filter for a link type.
func (s *filterSet) get(l pcapfile.LinkType) (*bpf.Filter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.compiled[l]
	if !ok {
		c.filter, c.err = bpf.Compile(s.expr, l, pcapfile.MaxSnapLen)
		c.err = filterError(s.expr, c.err)
		s.compiled[l] = c
	}
	return c.filter, c.err
}
