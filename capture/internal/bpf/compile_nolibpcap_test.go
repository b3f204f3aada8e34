//go:build !cgo || nolibpcap

package bpf

import (
	"errors"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

func TestNoLibpcap(t *testing.T) {
	frame := make([]byte, 60)
	copy(frame[12:], []byte{8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 6})
	if f, err := Compile("tcp", pcapfile.LinkEthernet, 0); err != nil || !f.Match(frame, 60) {
		t.Errorf("tcp does not compile, or does not match: %v", err)
	}
	if _, err := Compile("len > 100", pcapfile.LinkEthernet, 0); !errors.Is(err, ErrNoLibpcap) {
		t.Errorf("got error %v, want %v", err, ErrNoLibpcap)
	}
}
