package keylog

import (
	"bytes"
	"encoding/hex"
	"io"
)

// maxLine is the longest line that is read: those that are in use have 241 bytes at most.
const maxLine = 1 << 10

// ReadFrom reads to the end of what r has now. A line that is not whole goes on with what
// is read next.
func (l *Log) ReadFrom(r io.Reader) (int64, error) {
	var buf [64 << 10]byte
	for total := int64(0); ; {
		n, err := r.Read(buf[:])
		l.Write(buf[:n])
		clear(buf[:n])
		total += int64(n)
		switch {
		case err == io.EOF:
			return total, nil
		case err != nil:
			return total, err
		}
	}
}

// Write takes more of the text. It never fails.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(b)
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		switch {
		case i < 0:
			l.hold(b)
			return n, nil
		case l.skips:
			l.skips = false
		case len(l.line) > 0:
			l.hold(b[:i])
			l.end()
		default:
			l.take(b[:i])
		}
		b = b[i+1:]
	}
	return n, nil
}

// End says that the last line is whole, although nothing ends it.
func (l *Log) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end()
}

func (l *Log) end() {
	if len(l.line) > 0 {
		l.take(l.line)
		clear(l.line)
		l.line = l.line[:0]
	}
	l.skips = false
}

// hold keeps the beginning of a line.
func (l *Log) hold(b []byte) {
	switch {
	case l.skips:
	case len(l.line)+len(b) > maxLine:
		l.skips = true
		l.tooLong(append(l.line, b[0]))
		clear(l.line)
		l.line = l.line[:0]
	default:
		l.line = append(l.line, b...)
	}
}

// tooLong counts a line by its beginning; a comment may be of any length.
func (l *Log) tooLong(b []byte) {
	if b[0] != '#' {
		l.stats.Garbage++
	}
}

// take takes a line.
func (l *Log) take(b []byte) {
	if len(b) > maxLine {
		l.tooLong(b)
		return
	}
	b = bytes.TrimRight(b, "\r\t ")
	if len(b) == 0 || b[0] == '#' {
		return
	}
	name, rest, ok := bytes.Cut(b, space)
	random, secret, ok2 := bytes.Cut(rest, space)
	var r Random
	var s [maxSecret]byte
	if !ok || !ok2 || len(name) == 0 || !isName(name) {
		l.stats.Garbage++
		return
	}
	label, known := labelOf(name)
	if !known { // of others not even the random need be one
		l.stats.Others++
		return
	}
	n := hex.DecodedLen(len(secret))
	if len(random) != hex.EncodedLen(len(r)) || n > len(s) || !label.fits(n) {
		l.stats.Garbage++
		return
	}
	_, err := hex.Decode(r[:], random)
	_, err2 := hex.Decode(s[:], secret)
	if err != nil || err2 != nil {
		l.stats.Garbage++
		return
	}
	l.add(r, label, s[:n])
	clear(s[:])
}

var space = []byte(" ")

// maxSecret is the longest secret: of a hash of 384 bits, and a master secret.
const maxSecret = 48

// fits reports whether a secret for that may have n bytes.
func (l Label) fits(n int) bool { return n == maxSecret || n == 32 && l != Master }

// isName reports whether b is what a label looks like.
func isName(b []byte) bool {
	for _, c := range b {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// labelOf returns the label with that name.
func labelOf(name []byte) (Label, bool) {
	switch string(name) {
	case "CLIENT_RANDOM":
		return Master, true
	case "CLIENT_EARLY_TRAFFIC_SECRET":
		return ClientEarly, true
	case "CLIENT_HANDSHAKE_TRAFFIC_SECRET":
		return ClientHandshake, true
	case "SERVER_HANDSHAKE_TRAFFIC_SECRET":
		return ServerHandshake, true
	case "CLIENT_TRAFFIC_SECRET_0":
		return ClientTraffic, true
	case "SERVER_TRAFFIC_SECRET_0":
		return ServerTraffic, true
	}
	switch {
	case isUpdated(name, "CLIENT_TRAFFIC_SECRET_"):
		return ClientUpdated, true
	case isUpdated(name, "SERVER_TRAFFIC_SECRET_"):
		return ServerUpdated, true
	}
	return 0, false
}

// isUpdated reports whether a name is of a secret after a KeyUpdate: OpenSSL puts N behind
// all of them, others their number.
func isUpdated(name []byte, begin string) bool {
	n, ok := bytes.CutPrefix(name, []byte(begin))
	if !ok || len(n) == 0 || len(n) > 9 {
		return false
	}
	for _, c := range n {
		if c < '0' || c > '9' {
			return string(n) == "N"
		}
	}
	return true
}
