package tlswire

import (
	"crypto/tls"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzSession reads what two sides send, cut in two ways, with parts missing. It must
// not matter how it is cut, and no memory is kept.
//
// The input is pieces: a byte for the side and what is done with the piece, one for
// its length, and its bytes.
func FuzzSession(f *testing.F) {
	add := func(pieces []piece) {
		var b []byte
		for _, p := range pieces {
			for len(p.b) > 0 {
				n := min(len(p.b), 255)
				b = append(append(b, p.from, byte(n)), p.b[:n]...)
				p.b = p.b[n:]
			}
		}
		f.Add(b)
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server := &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"http/1.1"}}
		client := &tls.Config{InsecureSkipVerify: true, ServerName: "example.test", MaxVersion: version, NextProtos: []string{"h2", "http/1.1"}}
		add(talk(f, client, server, 2))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var whole, bytes, copied, cut Session
		var readers [4]Reader
		table := &Table{}
		for at := int64(1); len(b) >= 2; at++ {
			from, missing := b[0]&1, b[0]&0x80 != 0
			n := min(int(b[1]), len(b)-2)
			p := b[2 : 2+n]
			b = b[2+n:]
			if missing {
				whole.Gap(&readers[0], from, uint64(n)*64, at, table)
				bytes.Gap(&readers[1], from, uint64(n)*64, at, table)
				copied.Gap(&readers[2], from, uint64(n)*64, at, table)
				cut.Gap(&readers[3], from, uint64(n)*64, at, table)
				continue
			}
			table.Watch(true, false)
			whole.Data(&readers[0], from, p, at, table)
			table.Watch(false, false)
			read, kept := make([]byte, len(p)), 0
			for _, x := range table.Pieces() {
				kept = x.To
				copy(read[x.From:x.To], p[x.From:x.To])
			}
			copied.Data(&readers[2], from, read, at, table)
			cut.Data(&readers[3], from, read[:kept], at, table)
			if kept < len(p) {
				cut.Gap(&readers[3], from, uint64(len(p)-kept), at, table)
			}
			if readers[1].streams[from].state != inOrder { // where a segment begins matters
				bytes.Data(&readers[1], from, p, at, table)
				continue
			}
			for i := range p {
				bytes.Data(&readers[1], from, p[i:i+1], at, table)
			}
		}
		inPlace := readers[0].streams[0].state == inOrder && readers[0].streams[1].state == inOrder
		for from := range Side(2) { // what came of a hello is told once it does not go on
			for i, session := range []*Session{&whole, &bytes, &copied, &cut} {
				session.helloDone(from, &readers[i].streams[from], false, table)
			}
		}
		x, y := whole.Info(table), bytes.Info(table)
		if diff := cmp.Diff(x, y); diff != "" {
			t.Errorf("whole, then byte by byte:\n%s", diff)
		}
		if diff := cmp.Diff(told(&whole, table), told(&copied, table)); diff != "" {
			t.Errorf("whole, then without what is encrypted:\n%s", diff)
		}
		// What is no TLS is not among the pieces: it is seen in the one, and missing in the other.
		if diff := cmp.Diff(told(&whole, table), told(&cut, table)); diff != "" && inPlace {
			t.Errorf("whole, then cut behind what can be read:\n%s", diff)
		}
		for i := range readers {
			readers[i].Close(table)
		}
		if table.held > maxHeld || len(table.free) != len(table.hellos) {
			t.Errorf("%d bytes are held, %d of %d buffers are free", table.held, len(table.free), len(table.hellos))
		}
	})
}

// told is all that a session tells.
func told(s *Session, t *Table) (all struct {
	Info     Info
	Turns    [2]int64
	Sure     bool
	Notified [2]int64
}) {
	all.Info = s.Info(t)
	if n, answered, ok := s.Turns(t); ok {
		all.Turns, all.Sure = [2]int64{n, answered}, true
	}
	all.Notified = [2]int64{s.CloseNotify(0), s.CloseNotify(1)}
	return all
}
