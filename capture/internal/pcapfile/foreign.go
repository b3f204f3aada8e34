package pcapfile

import (
	"bytes"
	"fmt"
)

// foreign are files that people take for captures, by their first bytes.
var foreign = [...]struct{ magic, what string }{
	{"BZh", "bzip2 is not read; decompress it first"},
	{"PK\x03\x04", "a zip archive is not read; unpack it first"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive is not read; unpack it first"},
	{"\x1f\x9d", "compress (.Z) is not read; decompress it first"},
	{"snoop\x00\x00\x00", "snoop files are not read; convert it with editcap"},
	{"GMBU", "Network Monitor files are not read; convert it with editcap"},
	{"RTSS", "Network Monitor files are not read; convert it with editcap"},
	{"\x7fELF", "it is a program"},
}

// A NotCaptureError says why a file is no capture, by its first bytes.
type NotCaptureError struct{ Reason string }

// Error names the reason.
func (e *NotCaptureError) Error() string { return "not a capture: " + e.Reason }

// notCapture explains why a file that begins with head is not a capture.
func notCapture(head []byte) *NotCaptureError {
	if len(head) == 0 {
		return &NotCaptureError{"the file is empty"}
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return &NotCaptureError{f.what}
		}
	}
	kind := ""
	if isText(head) {
		kind = "text, "
	}
	return &NotCaptureError{fmt.Sprintf("%sfirst bytes are %q", kind, head[:min(len(head), 16)])}
}

// isText reports whether head has only printable ASCII and white space.
func isText(head []byte) bool {
	for _, c := range head {
		if (c < ' ' || c > '~') && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}
