//go:build !cgo || nolibpcap

package capture

import (
	"errors"
	"testing"
)

func TestNoLibpcap(t *testing.T) {
	if _, err := compileFilter("tcp", linkEthernet, 0); !errors.Is(err, ErrNoLibpcap) {
		t.Errorf("got error %v, want %v", err, ErrNoLibpcap)
	}
}
