package machine

import (
	"math"
	"net/netip"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// encoder appends JSON values to b. It is written by hand because a capture
// may hold millions of connections: no reflection, no allocation. An encoder
// belongs to one goroutine.
type encoder struct {
	b []byte

	secrets bool // keep the queries of targets

	day     int64  // days since the epoch that dayText is for
	dayText []byte // "2026-11-20T"

	lastServer     netip.AddrPort // that serverText is for
	lastServerText []byte

	lastCause     cause.NotReused // that whyText is for, Undecided for none
	lastCauseText []byte

	conn analyze.Connection // scratch, too large for the stack of each call
}

// newEncoder returns an encoder for r.
func newEncoder(r *report.Report) *encoder {
	return &encoder{secrets: r.Options.ShowSecrets}
}

// raw appends s as it is.
func (e *encoder) raw(s string) { e.b = append(e.b, s...) }

// key begins a member of an object, with a comma if it is not the first.
func (e *encoder) key(name string) {
	if e.b[len(e.b)-1] != '{' {
		e.b = append(e.b, ',')
	}
	e.b = append(e.b, '"')
	e.b = append(e.b, name...)
	e.b = append(e.b, '"', ':')
}

// open begins an object that is the value of a member.
func (e *encoder) open(name string) {
	e.key(name)
	e.b = append(e.b, '{')
}

// close ends an object.
func (e *encoder) close() { e.b = append(e.b, '}') }

// line begins a member on a new line, for a person who pages through.
func (e *encoder) line(name string) {
	e.raw(",\n\"")
	e.raw(name)
	e.raw(`":`)
}

// null appends null.
func (e *encoder) null() { e.b = append(e.b, "null"...) }

// int appends n, null if it is Unknown.
func (e *encoder) int(n int64) {
	if n == analyze.Unknown {
		e.null()
		return
	}
	e.b = strconv.AppendInt(e.b, n, 10)
}

// uint appends n.
func (e *encoder) uint(n uint64) { e.b = strconv.AppendUint(e.b, n, 10) }

// bool appends v.
func (e *encoder) bool(v bool) { e.b = strconv.AppendBool(e.b, v) }

// float appends f, null if it is no number.
func (e *encoder) float(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		e.null()
		return
	}
	e.b = strconv.AppendFloat(e.b, f, 'f', -1, 64)
}

// seconds appends a duration in ns as a number of seconds.
func (e *encoder) seconds(ns int64) {
	if ns == analyze.Unknown {
		e.null()
		return
	}
	e.b = appendSeconds(e.b, ns)
}

// appendSeconds appends ns as seconds, exactly: no rounding through a float,
// no zeros at the end.
func appendSeconds(b []byte, ns int64) []byte {
	u := uint64(ns)
	if ns < 0 {
		b = append(b, '-')
		u = -u
	}
	b = strconv.AppendUint(b, u/1e9, 10)
	frac := u % 1e9
	if frac == 0 {
		return b
	}
	b = append(b, '.')
	b = appendNine(b, uint32(frac))
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

// digits holds 00 to 99.
const digits = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

// appendNine appends n, below 1e9, with nine digits.
func appendNine(b []byte, n uint32) []byte {
	hi, lo := n/1e5, n%1e5 // four and five digits
	h1, h2 := hi/100*2, hi%100*2
	l1, l2 := lo/1000*2, lo/10%100*2
	return append(b, digits[h1], digits[h1+1], digits[h2], digits[h2+1],
		digits[l1], digits[l1+1], digits[l2], digits[l2+1], '0'+byte(lo%10))
}

// time appends ns since the epoch as an RFC 3339 string with nanoseconds,
// null if it is Unknown.
func (e *encoder) time(ns int64) {
	if ns == analyze.Unknown {
		e.null()
		return
	}
	e.b = append(e.b, '"')
	e.b = e.appendTime(e.b, ns)
	e.b = append(e.b, '"')
}

// appendTime appends ns since the epoch without quotes. The date is made once
// a day.
func (e *encoder) appendTime(b []byte, ns int64) []byte {
	const perDay = 86400e9
	day, rest := ns/perDay, ns%perDay
	if rest < 0 {
		day, rest = day-1, rest+perDay
	}
	if day != e.day || e.dayText == nil {
		e.day = day
		e.dayText = time.Unix(day*86400, 0).UTC().AppendFormat(e.dayText[:0], "2006-01-02T")
	}
	s := uint32(rest / 1e9)
	h, m, s := s/3600*2, s/60%60*2, s%60*2
	b = append(b, e.dayText...)
	b = append(b, digits[h], digits[h+1], ':', digits[m], digits[m+1], ':', digits[s], digits[s+1], '.')
	b = appendNine(b, uint32(rest%1e9))
	return append(b, 'Z')
}

// addr appends an endpoint, null if it has none.
func (e *encoder) addr(a netip.AddrPort) {
	if !a.IsValid() {
		e.null()
		return
	}
	e.b = append(e.b, '"')
	e.b = a.AppendTo(e.b)
	e.b = append(e.b, '"')
}

// serverAddr appends a server's endpoint; neighbours often share it.
func (e *encoder) serverAddr(a netip.AddrPort) {
	if a != e.lastServer || e.lastServerText == nil {
		at := len(e.b)
		e.addr(a)
		e.lastServer = a
		e.lastServerText = append(e.lastServerText[:0], e.b[at:]...)
		return
	}
	e.b = append(e.b, e.lastServerText...)
}

// host appends an address, null if it is none.
func (e *encoder) host(a netip.Addr) {
	if !a.IsValid() {
		e.null()
		return
	}
	e.b = append(e.b, '"')
	e.b = a.AppendTo(e.b)
	e.b = append(e.b, '"')
}

// word appends a name of ours, which needs no escape; null if it is empty.
func (e *encoder) word(s string) {
	if s == "" {
		e.null()
		return
	}
	e.b = append(e.b, '"')
	e.b = append(e.b, s...)
	e.b = append(e.b, '"')
}

// hex holds the digits of an escape.
const hex = "0123456789abcdef"

// obeyed reports whether a terminal or a script may act on r, which is not ASCII,
// instead of showing it: C1 controls, line separators, marks of direction.
func obeyed(r rune) bool {
	return r <= 0x9f || r <= 0xffff && unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// str appends s as a string. Control characters are escaped, and so is what is
// not valid UTF-8: a reader gets U+FFFD for it.
func (e *encoder) str(s string) {
	b := append(e.b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			if (r != utf8.RuneError || size > 1) && !obeyed(r) {
				i += size
				continue
			}
			b = append(b, s[from:i]...)
			b = append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		} else {
			b = append(b, s[from:i]...)
			b = appendEscape(b, c)
		}
		i += size
		from = i
	}
	b = append(b, s[from:]...)
	e.b = append(b, '"')
}

// appendEscape appends the ASCII character c as JSON escapes it.
func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// text appends s as a string, null if it is empty.
func (e *encoder) text(s string) {
	if s == "" {
		e.null()
		return
	}
	e.str(s)
}

// strings appends an array of strings.
func (e *encoder) strings(list []string) {
	e.b = append(e.b, '[')
	for i, s := range list {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.str(s)
	}
	e.b = append(e.b, ']')
}

// ints appends an array of numbers.
func (e *encoder) ints(list []int64) {
	e.b = append(e.b, '[')
	for i, n := range list {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.int(n)
	}
	e.b = append(e.b, ']')
}

// ratio appends f, rounded to six decimals, null if it is no number. The
// rounding never makes a share that is not quite 1 a 1.
func (e *encoder) ratio(f float64) {
	rounded := math.Round(f*1e6) / 1e6
	if rounded == math.Trunc(f) || rounded == math.Ceil(f) {
		rounded = f
	}
	e.float(rounded)
}

// member is a count with its name.
type member struct {
	name string
	n    int64
}

// members appends counts as members of the open object.
func (e *encoder) members(list ...member) {
	for _, m := range list {
		e.key(m.name)
		e.int(m.n)
	}
}
