//go:build !cgo || nolibpcap

package bpf

import "github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"

// Compile compiles expr for frames of a link type. The error is a [*SyntaxError].
func Compile(expr string, link pcapfile.LinkType, _ uint32) (*Filter, error) {
	return compileOwn(expr, link)
}
