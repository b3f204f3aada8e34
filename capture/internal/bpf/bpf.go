// Package bpf compiles and runs pcap filter expressions.
//
// [Compile] has libpcap compile an expression (pcap-filter(7)) for a link type to a
// program of classic BPF, and returns a [Filter] that runs it on one frame after
// another: libpcap's own interpreter is reached through cgo, at a price per packet.
// [SetFilter] gives a filter to the kernel instead. Built without libpcap, the
// package can only say [ErrNoLibpcap].
package bpf

import "errors"

// ErrNoLibpcap says that this program was built without libpcap, which compiles
// filter expressions.
var ErrNoLibpcap = errors.New("a filter needs libpcap, which this program was built without")

// A SyntaxError is why libpcap does not accept an expression.
type SyntaxError struct{ Reason string }

// Error returns libpcap's reason.
func (e *SyntaxError) Error() string { return e.Reason }
