package machine

import (
	"encoding/json"
	"net/netip"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
)

// What is there once in a report is a struct that package encoding/json writes.
// Its fields are of the types below, which write what is not known as null, and
// numbers and text as the rows of connections have them.

// number is a count, null if it is Unknown.
type number int64

// MarshalJSON implements [json.Marshaler].
func (n number) MarshalJSON() ([]byte, error) { return encoded(func(e *encoder) { e.int(int64(n)) }) }

// seconds is a duration in ns, written in seconds; null if it is Unknown.
type seconds int64

// MarshalJSON implements [json.Marshaler].
func (ns seconds) MarshalJSON() ([]byte, error) {
	return encoded(func(e *encoder) { e.seconds(int64(ns)) })
}

// instant is ns since the epoch, written as RFC 3339; null if it is Unknown.
type instant int64

// MarshalJSON implements [json.Marshaler].
func (ns instant) MarshalJSON() ([]byte, error) {
	return encoded(func(e *encoder) { e.time(int64(ns)) })
}

// ratio is a share or a mean, rounded to six decimals; null if it is no number.
type ratio float64

// MarshalJSON implements [json.Marshaler].
func (f ratio) MarshalJSON() ([]byte, error) {
	return encoded(func(e *encoder) { e.ratio(float64(f)) })
}

// float is a number, null if it is none.
type float float64

// MarshalJSON implements [json.Marshaler].
func (f float) MarshalJSON() ([]byte, error) {
	return encoded(func(e *encoder) { e.float(float64(f)) })
}

// str is text from outside, escaped so that no terminal acts on it.
type str string

// MarshalJSON implements [json.Marshaler].
func (s str) MarshalJSON() ([]byte, error) { return encoded(func(e *encoder) { e.str(string(s)) }) }

// text is a [str] that is null if it is empty.
type text string

// MarshalJSON implements [json.Marshaler].
func (s text) MarshalJSON() ([]byte, error) { return encoded(func(e *encoder) { e.text(string(s)) }) }

// address is an IP address, null if it is none.
type address netip.Addr

// MarshalJSON implements [json.Marshaler].
func (a address) MarshalJSON() ([]byte, error) {
	return encoded(func(e *encoder) { e.host(netip.Addr(a)) })
}

// endpoint is an address and a port, null if it is none.
type endpoint netip.AddrPort

// MarshalJSON implements [json.Marshaler].
func (a endpoint) MarshalJSON() ([]byte, error) {
	return encoded(func(e *encoder) { e.addr(netip.AddrPort(a)) })
}

// encoded returns what write appends.
func encoded(write func(e *encoder)) ([]byte, error) {
	var e encoder
	write(&e)
	return e.b, nil
}

// listOf returns each item of list as convert has it, never nil: an empty list is
// not null.
func listOf[T, U any](list []T, convert func(*T) U) []U {
	out := make([]U, len(list))
	for i := range list {
		out[i] = convert(&list[i])
	}
	return out
}

// strList returns list as a member of a struct.
func strList(list []string) []str { return listOf(list, func(s *string) str { return str(*s) }) }

// unlessZero returns n, Unknown for 0.
func unlessZero(n int64) int64 {
	if n == 0 {
		return analyze.Unknown
	}
	return n
}

// object appends v, one of this package's structs.
func (e *encoder) object(v any) {
	enc := json.NewEncoder(e)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("a part of a report is no JSON: " + err.Error()) // all of their fields can be written
	}
	e.b = e.b[:len(e.b)-1] // the newline that Encode adds
}

// Write appends p, as package encoding/json wants it.
func (e *encoder) Write(p []byte) (int, error) {
	e.b = append(e.b, p...)
	return len(p), nil
}
