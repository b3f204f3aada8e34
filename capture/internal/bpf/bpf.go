package bpf

import "errors"

// ErrNoLibpcap says that this program was built without libpcap, which compiles
// filter expressions.
var ErrNoLibpcap = errors.New("a filter needs libpcap, which this program was built without")

// A syntaxError is why libpcap does not accept an expression.
type SyntaxError struct{ Reason string }

// Error returns libpcap's reason.
func (e *SyntaxError) Error() string { return e.Reason }
