//go:build !cgo || nolibpcap

package bpf

import "github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"

// Compile returns [ErrNoLibpcap].
func Compile(string, pcapfile.LinkType, uint32) (*Filter, error) { return nil, ErrNoLibpcap }
