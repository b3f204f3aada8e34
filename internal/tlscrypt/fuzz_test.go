package tlscrypt

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/kaanalyze/kaanalyze/internal/keylog"
)

// FuzzConn delivers what was recorded of connections in pieces, with bytes missing, changed,
// repeated or made up. Whatever comes, a text that is found is one that was sent, and nothing
// is held in the end.
func FuzzConn(f *testing.F) {
	type recorded struct {
		chunks  []chunk
		secrets []byte
	}
	var all []recorded
	for _, id := range []uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA} {
		version := uint16(tls.VersionTLS12)
		if id>>8 == 0x13 {
			version = tls.VersionTLS13
		}
		config := &tls.Config{Certificates: []tls.Certificate{newCertificate(f, true)}, MaxVersion: version, CipherSuites: []uint16{id}}
		w, secrets := talk(f, config, config, conversation...)
		all = append(all, recorded{w.chunks, secrets})
	}
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, byte(0))
	f.Add([]byte{0, 0, 0, 0, 41, 7, 0, 200, 0, 0, 0, 0, 0, 0, 0, 0}, byte(1))
	f.Add([]byte{1, 0, 0, 0, 0, 0, 82, 9, 0, 0, 0, 0, 0, 0}, byte(2))
	f.Add([]byte{0, 0, 0, 0, 123, 20, 3, 3, 0, 1, 1, 0, 0, 0, 0}, byte(3))
	f.Add([]byte{0, 0, 0, 0, 0, 161, 0, 0, 0}, byte(16))
	f.Fuzz(func(t *testing.T, script []byte, how byte) {
		if len(script) > 400 {
			return
		}
		x := all[int(how&3)]
		table := &Table{Log: logOf(x.secrets), Grows: how&4 != 0}
		if how&8 != 0 { // they come in the middle
			table.Log = &keylog.Log{}
		}
		c := New(how>>4&1, how&32 != 0)
		i, off := 0, 0
		take := func(from Side) {
			for ev := c.Next(table); ev.Kind != None; ev = c.Next(table) {
				if ev.Kind == Text && !strings.Contains(sent(0)+"\x00"+sent(1), string(ev.Text)) {
					t.Fatalf("a text that was not sent: %d bytes of side %d", len(ev.Text), ev.From)
				}
				if ev.Kind == Missing && ev.N < 0 {
					t.Fatalf("%d bytes are missing", ev.N)
				}
			}
		}
		for k := 0; k < len(script) && i < len(x.chunks); k++ {
			op, arg := script[k]/41, int(script[k]%41)
			from, rest := x.chunks[i].from, x.chunks[i].b[off:]
			n := len(rest)
			if arg > 0 {
				n = min(n, arg*arg*11)
			}
			piece := append([]byte(nil), rest[:n]...)
			if k == len(script)/2 && how&8 != 0 {
				table.Log.Write(x.secrets)
			}
			switch op {
			case 1: // missing
				c.Gap(from, uint64(n), Stamp{}, table)
				take(from)
			case 2: // changed
				piece[arg*31%n] ^= 0x55
				if c.Data(from, piece, Stamp{}, table) {
					take(from)
				}
			case 3: // made up
				if c.Data(from, script[k:], Stamp{}, table) {
					take(from)
				}
				continue
			case 4: // of the other side
				if c.Data(1-from, piece, Stamp{}, table) {
					take(1 - from)
				}
			default:
				if c.Data(from, piece, Stamp{}, table) {
					take(from)
				}
			}
			if off += n; off == len(x.chunks[i].b) {
				i, off = i+1, 0
			}
		}
		c.Close(table)
		held := table.Bytes()
		for i, size := range bufferSizes {
			held -= int64(len(table.spare[i]) * size)
		}
		if held != 0 {
			t.Errorf("%d bytes are held in the end", held)
		}
	})
}
