//go:build !cgo || nolibpcap

package bpf

import "github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"

func Compile(string, pcapfile.LinkType, uint32) (*Filter, error) { return nil, ErrNoLibpcap }
