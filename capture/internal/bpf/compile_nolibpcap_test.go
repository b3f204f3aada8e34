//go:build !cgo || nolibpcap

package bpf

import (
	"errors"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

func TestNoLibpcap(t *testing.T) {
	if _, err := Compile("tcp", pcapfile.LinkEthernet, 0); !errors.Is(err, ErrNoLibpcap) {
		t.Errorf("got error %v, want %v", err, ErrNoLibpcap)
	}
}
