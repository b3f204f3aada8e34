// Package bpf compiles and runs pcap filter expressions.
//
// [Compile] has libpcap compile an expression (pcap-filter(7)) for a link type to a
// program of classic BPF, and returns a [Filter] that runs it on one frame after
// another: libpcap's own interpreter is reached through cgo, at a price per packet.
// [SetFilter] gives a filter to the kernel instead. Built without libpcap, the
// package compiles the expressions that captures of TCP are chosen by itself, and says
// [ErrNoLibpcap] of others.
package bpf

import "errors"

// ErrNoLibpcap says that this program was built without libpcap, which would
// understand more filter expressions than it does.
var ErrNoLibpcap = errors.New("the filter needs libpcap, which this program was built without")

// A SyntaxError is why an expression is not accepted. It is [ErrNoLibpcap], too,
// if libpcap might accept it.
type SyntaxError struct {
	Reason string

	limited bool
}

// Error returns the reason.
func (e *SyntaxError) Error() string { return e.Reason }

// Unwrap returns ErrNoLibpcap if that is the reason.
func (e *SyntaxError) Unwrap() error {
	if e.limited {
		return ErrNoLibpcap
	}
	return nil
}
