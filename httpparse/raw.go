package httpparse

import "bytes"

// Target returns the request target in raw, the head that h describes, or nil
// for a response. It is part of raw.
func Target(raw []byte, h Head) []byte {
	end := int(h.TargetOff) + int(h.TargetLen)
	if h.Kind != Request || h.TargetOff < 0 || h.TargetLen < 0 || end > len(raw) {
		return nil
	}
	return raw[h.TargetOff:end]
}

// Host returns the host, and port if given, that the request in raw is for:
// the authority of a target in absolute-form or authority-form, else the Host
// field (RFC 9112, 3.3). User information is cut off, and what
// follows the authority. It is part of raw, and nil for a response.
func Host(raw []byte, h Head) []byte {
	if h.Kind != Request {
		return nil
	}
	target := Target(raw, h)
	switch i := bytes.Index(target, []byte("://")); {
	case h.Method == CONNECT:
		return withoutUser(target)
	case i > 0 && target[0] != '/':
		return withoutUser(target[i+len("://"):])
	}
	host, _ := Field(raw, "host")
	return withoutUser(host)
}

// withoutUser returns the authority that b begins with, without user information
// (RFC 3986, 3.2).
func withoutUser(b []byte) []byte {
	if end := bytes.IndexAny(b, "/?#"); end >= 0 {
		b = b[:end]
	}
	return b[bytes.LastIndexByte(b, '@')+1:]
}

// Field returns the value of the first field with the given name, in any
// case, of the head raw, and reports whether there is one. White space around
// the value is cut off; a folded value has its line ends inside. It is part
// of raw.
func Field(raw []byte, name string) ([]byte, bool) {
	lf := bytes.IndexByte(raw, '\n')
	for lf >= 0 { // the start line, and empty lines before it, have no field
		raw = raw[lf+1:]
		if lf = bytes.IndexByte(raw, '\n'); lf < 0 {
			break
		}
		key, _, found := bytes.Cut(raw[:lf], []byte{':'})
		if found && len(key) > 0 && !isSpace(key[0]) && foldEqual(trim(key), name) {
			return trim(raw[len(key)+1 : foldedEnd(raw, lf)]), true
		}
	}
	return nil, false
}

// foldEqual reports whether two names are equal without regard to the case
// of ASCII letters.
func foldEqual(b []byte, name string) bool {
	if len(b) != len(name) {
		return false
	}
	for i, c := range b {
		if lower(c) != lower(name[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
