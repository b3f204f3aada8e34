package cause

import (
	"strings"
	"testing"
	"unsafe"
)

// TestCauses holds what every cause must have.
func TestCauses(t *testing.T) {
	names := map[string]bool{}
	for c := Undecided + 1; c < causeCount; c++ {
		if c.Meaning() == "" || strings.TrimSpace(c.Meaning()) != c.Meaning() {
			t.Errorf("%v: got meaning %q, want some text", c, c.Meaning())
		}
		if c.String() == "" || names[c.String()] {
			t.Errorf("cause %d: got name %q, want one of its own", c, c)
		}
		names[c.String()] = true
	}
}

// A million connections are a million records.
func TestRecordSize(t *testing.T) {
	if got := unsafe.Sizeof(Record{}); got > 104 {
		t.Errorf("a record has %d bytes, more than 104", got)
	}
}
