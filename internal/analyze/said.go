package analyze

import (
	"github.com/kaanalyze/kaanalyze/httpparse"
)

// Said is how a message ended the persistence of its connection (RFC 9112, 9.3).
type Said uint8

// The ways.
const (
	SaidNothing        Said = iota
	SaidRequestClose        // Connection: close in a request
	SaidRequestHTTP10       // a request in HTTP/1.0 that does not ask to keep the connection
	SaidResponseClose       // Connection: close in a response
	SaidResponseHTTP10      // a response in HTTP/1.0 that does not keep it
	SaidCloseDelimited      // a response whose body only the close ends (RFC 9112, 6.3)
)

func (s Said) byServer() bool { return s >= SaidResponseClose }

func saidByRequest(w httpparse.Packed) Said {
	if w.Flags()&httpparse.ConnClose != 0 {
		return SaidRequestClose
	}
	return SaidRequestHTTP10
}

func saidByResponse(w httpparse.Packed) Said {
	if w.Flags()&httpparse.ConnClose != 0 {
		return SaidResponseClose
	}
	return SaidResponseHTTP10
}

// say notes a message that ends the persistence, the first one only.
func (t *talk) say(how Said, n uint32, at int64, num uint64) {
	if t.said.how != SaidNothing {
		return
	}
	t.said = said{how: how, n: n, at: at, num: num, usedAt: Unknown}
	if t.responses > 1 || t.responses == 1 && !how.byServer() {
		t.said.usedAt = t.lastDone
	}
}
