package tlscrypt

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/internal/keylog"
)

// chunk is what one side of a recorded connection wrote.
type chunk struct {
	from Side
	b    []byte
}

// wire keeps what goes over a connection, in order.
type wire struct {
	mu      sync.Mutex
	chunks  []chunk
	resumed bool // the client says so
}

// tap is an end of a recorded connection.
type tap struct {
	net.Conn
	side Side
	wire *wire
}

func (x tap) Write(b []byte) (int, error) {
	x.wire.mu.Lock()
	x.wire.chunks = append(x.wire.chunks, chunk{x.side, bytes.Clone(b)})
	x.wire.mu.Unlock()
	return x.Conn.Write(b)
}

// bufferedPipe is net.Pipe, where a write does not wait for a read.
func bufferedPipe() (a, b net.Conn) {
	queue := func(from net.Conn) net.Conn {
		ours, theirs := net.Pipe()
		for _, way := range [][2]net.Conn{{from, ours}, {ours, from}} {
			pieces := make(chan []byte, 1000)
			go func() {
				for p := range pieces {
					way[1].Write(p)
				}
				way[1].Close()
			}()
			go func() {
				defer close(pieces)
				for {
					p := make([]byte, 32<<10)
					n, err := way[0].Read(p)
					if n > 0 {
						pieces <- p[:n]
					}
					if err != nil {
						return
					}
				}
			}()
		}
		return theirs
	}
	one, two := net.Pipe()
	return one, queue(two)
}

// newCertificate returns that of a server, with a key for ECDSA or RSA.
func newCertificate(t testing.TB, ec bool) tls.Certificate {
	t.Helper()
	var key any
	var public any
	if ec {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, public = k, &k.PublicKey
	} else {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		key, public = k, &k.PublicKey
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"example.com"}, NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// talk has a client and a server of crypto/tls send each other texts in turn, and returns
// what went over the wire and the key log.
func talk(t testing.TB, client, server *tls.Config, texts ...string) (w *wire, secrets []byte) {
	t.Helper()
	var keys bytes.Buffer
	w = &wire{}
	a, b := bufferedPipe()
	client = client.Clone()
	client.KeyLogWriter, client.InsecureSkipVerify, client.ServerName = &keys, true, "example.com"
	one, two := tls.Client(tap{a, 0, w}, client), tls.Server(tap{b, 1, w}, server)
	var done sync.WaitGroup
	done.Go(func() {
		for i, text := range texts {
			if i%2 == 0 {
				if _, err := io.ReadFull(two, make([]byte, len(text))); err != nil {
					t.Errorf("server: %v", err)
				}
			} else if _, err := io.WriteString(two, text); err != nil {
				t.Errorf("server: %v", err)
			}
		}
		two.Close()
	})
	for i, text := range texts {
		if i%2 == 1 {
			if _, err := io.ReadFull(one, make([]byte, len(text))); err != nil {
				t.Errorf("client: %v", err)
			}
		} else if _, err := io.WriteString(one, text); err != nil {
			t.Errorf("client: %v", err)
		}
	}
	io.Copy(io.Discard, one)
	w.resumed = one.ConnectionState().DidResume
	one.Close()
	done.Wait()
	return w, keys.Bytes()
}

// read is what a Conn finds.
type read struct {
	texts    [2]bytes.Buffer
	kinds    [Lost + 1]int
	missing  int64
	finished [2]bool
	alerts   []uint8
}

// decrypt has a Conn read chunks, in pieces of the length that cut returns.
func decrypt(c *Conn, t *Table, chunks []chunk, cut func() int) *read {
	r := &read{}
	at := int64(0)
	for _, x := range chunks {
		for b := x.b; len(b) > 0; {
			n := min(cut(), len(b))
			at++
			piece := bytes.Clone(b[:n])
			if c.Data(x.from, piece, Stamp{At: at, Num: uint64(at)}, t) {
				r.take(c, t)
			}
			b = b[n:]
			clear(piece)
		}
	}
	return r
}

// take reads all that there is.
func (r *read) take(c *Conn, t *Table) {
	for {
		ev := c.Next(t)
		r.kinds[ev.Kind]++
		switch ev.Kind {
		case None:
			return
		case Text:
			r.texts[ev.From].Write(ev.Text)
		case Missing:
			r.missing += ev.N
			r.texts[ev.From].Write(make([]byte, ev.N))
		case Finished:
			r.finished[ev.From] = true
		case Alert:
			r.alerts = append(r.alerts, ev.Code)
		}
	}
}

// logOf returns a key log with that text.
func logOf(secrets []byte) *keylog.Log {
	l := &keylog.Log{}
	l.Write(secrets)
	l.End()
	return l
}

// conversation is what clients and servers say in tests: some of it fills records.
var conversation = []string{
	"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n" + string(bytes.Repeat([]byte("body"), 9000)),
	"GET /2 HTTP/1.1\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
}

// sent joins what a side says in a conversation.
func sent(side int) (s string) {
	for i, text := range conversation {
		if i%2 == side {
			s += text
		}
	}
	return s
}

// allSuites are those of crypto/tls that are to be decrypted.
func allSuites() (all []uint16) {
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if suiteOf(s.ID).open() {
			all = append(all, s.ID)
		}
	}
	return all
}

func TestSuites(t *testing.T) {
	certs := []tls.Certificate{newCertificate(t, true), newCertificate(t, false)}
	n := 0
	for _, id := range allSuites() {
		for _, cert := range certs {
			version := uint16(tls.VersionTLS12)
			if id>>8 == 0x13 {
				version = tls.VersionTLS13
			}
			_, rsaKey := cert.PrivateKey.(*rsa.PrivateKey)
			name := tls.CipherSuiteName(id)
			if version == tls.VersionTLS12 && rsaKey == bytes.Contains([]byte(name), []byte("ECDSA")) {
				continue
			}
			config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: version, MaxVersion: version, CipherSuites: []uint16{id}, NextProtos: []string{"http/1.1"}}
			w, secrets := talk(t, config, config, conversation...)
			for _, most := range []int{3, 1448, 40000} {
				table := &Table{Log: logOf(secrets)}
				c := New(0, false)
				r := decrypt(c, table, w.chunks, func() int { return 1 + mathrand.IntN(most) })
				if r.texts[0].String() != sent(0) || r.texts[1].String() != sent(1) {
					t.Errorf("%s: texts of %d and %d bytes, want %d and %d; reason %d", name, r.texts[0].Len(), r.texts[1].Len(), len(sent(0)), len(sent(1)), c.Reason())
				}
				if p, known := c.Protocol(); p != "http/1.1" || !known || r.finished != [2]bool{true, true} || r.kinds[Lost]+r.kinds[Missing] > 0 {
					t.Errorf("%s: protocol %q, finished %v, lost %d, want http/1.1, both, 0", name, p, r.finished, r.kinds[Lost])
				}
				if len(r.alerts) == 0 || r.alerts[0] != 0 {
					t.Errorf("%s: alerts %v, want close_notify", name, r.alerts)
				}
				if s := table.Log.Stats(); s.Sessions != 1 || table.Claimed() != 1 {
					t.Errorf("%s: %d sessions, %d claimed, want 1 and 1", name, s.Sessions, table.Claimed())
				}
			}
			n++
		}
	}
	if n < 15 {
		t.Errorf("%d suites were tried", n)
	}
}

// A session of TLS 1.2 that is resumed has no line of its own in Go's key log.
func TestResumed12(t *testing.T) {
	server := &tls.Config{Certificates: []tls.Certificate{newCertificate(t, true)}, MaxVersion: tls.VersionTLS12}
	client := &tls.Config{MaxVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	table := &Table{}
	var secrets []byte
	for i := range 3 {
		w, more := talk(t, client, server, conversation...)
		secrets = append(secrets, more...)
		if i > 0 && len(more) > 0 {
			t.Fatalf("a line of its own: %d bytes", len(more))
		}
		table.Log = logOf(secrets)
		c := New(0, false)
		if r := decrypt(c, table, w.chunks, func() int { return 1000 }); r.texts[1].String() != sent(1) {
			t.Errorf("connection %d: %d bytes, want %d; reason %d", i+1, r.texts[1].Len(), len(sent(1)), c.Reason())
		}
	}
}

func TestResumed13(t *testing.T) {
	server := &tls.Config{Certificates: []tls.Certificate{newCertificate(t, true)}}
	client := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	for i := range 2 {
		w, secrets := talk(t, client, server, conversation...)
		c := New(0, false)
		if w.resumed != (i > 0) {
			t.Fatalf("connection %d: resumed %v", i+1, w.resumed)
		}
		if r := decrypt(c, &Table{Log: logOf(secrets)}, w.chunks, func() int { return 1000 }); r.texts[1].String() != sent(1) {
			t.Errorf("connection %d: %d bytes, want %d; reason %d", i+1, r.texts[1].Len(), len(sent(1)), c.Reason())
		}
	}
}

// A HelloRetryRequest, and a client that shows a certificate.
func TestRetryAndClientCertificate(t *testing.T) {
	cert := newCertificate(t, true)
	server := &tls.Config{Certificates: []tls.Certificate{cert}, CurvePreferences: []tls.CurveID{tls.CurveP384}, ClientAuth: tls.RequireAnyClientCert}
	client := &tls.Config{Certificates: []tls.Certificate{cert}, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}}
	w, secrets := talk(t, client, server, conversation...)
	c := New(0, false)
	if r := decrypt(c, &Table{Log: logOf(secrets)}, w.chunks, func() int { return 1000 }); r.texts[0].String() != sent(0) || r.texts[1].String() != sent(1) {
		t.Errorf("%d and %d bytes; reason %d", r.texts[0].Len(), r.texts[1].Len(), c.Reason())
	}
}

func TestNoKey(t *testing.T) {
	config := &tls.Config{Certificates: []tls.Certificate{newCertificate(t, true)}}
	w, secrets := talk(t, config, config, conversation...)
	for _, grows := range []bool{false, true} {
		table := &Table{Log: &keylog.Log{}, Grows: grows}
		c := New(0, false)
		if r := decrypt(c, table, w.chunks, func() int { return 1000 }); r.texts[0].Len()+r.texts[1].Len() > 0 || c.Opened() {
			t.Errorf("without a key: %d and %d bytes", r.texts[0].Len(), r.texts[1].Len())
		}
		if !grows && (!c.Over() || c.Reason() != NoKey) {
			t.Errorf("without a key: over %v, reason %d", c.Over(), c.Reason())
		}
		c.Close(table)
		if n := table.Bytes() - int64(len(table.spare[0])*bufferSizes[0]+len(table.spare[1])*bufferSizes[1]); n != 0 {
			t.Errorf("%d bytes are held after the end", n)
		}
	}
	wrong := bytes.ReplaceAll(secrets, []byte("1"), []byte("2"))
	random := bytes.Fields(secrets)[1]
	for i, f := range bytes.Fields(wrong) { // the right random with wrong secrets
		if i%3 == 1 {
			copy(f, random)
		}
	}
	c := New(0, false)
	if r := decrypt(c, &Table{Log: logOf(wrong)}, w.chunks, func() int { return 1000 }); r.texts[1].Len() > 0 || c.Reason() != WrongKey || !c.Over() {
		t.Errorf("with wrong secrets: %d bytes, reason %d", r.texts[1].Len(), c.Reason())
	}
}

// Secrets that come while the connection goes on.
func TestGrows(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{Certificates: []tls.Certificate{newCertificate(t, true)}, MaxVersion: version}
		w, secrets := talk(t, config, config, conversation[:2]...)
		for after := range len(w.chunks) {
			table := &Table{Log: &keylog.Log{}, Grows: true}
			c := New(0, false)
			r := decrypt(c, table, w.chunks[:after], func() int { return 700 })
			lines := bytes.SplitAfter(secrets, []byte("\n"))
			for i := range lines { // one by one, the last first
				table.Log.Write(lines[len(lines)-1-i])
				r.take(c, table)
			}
			r2 := decrypt(c, table, w.chunks[after:], func() int { return 700 })
			got := r.texts[1].String() + r2.texts[1].String()
			if got != conversation[1] {
				t.Errorf("version %x, key after %d of %d: %d bytes, want %d", version, after, len(w.chunks), len(got), len(conversation[1]))
			}
		}
	}
}

// Bytes that are missing cost the records that they are of, and no other.
func TestGap(t *testing.T) {
	for _, id := range allSuites() {
		version := uint16(tls.VersionTLS12)
		if id>>8 == 0x13 {
			version = tls.VersionTLS13
		}
		cert := newCertificate(t, !bytes.Contains([]byte(tls.CipherSuiteName(id)), []byte("RSA")))
		config := &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version, CipherSuites: []uint16{id}}
		w, secrets := talk(t, config, config, append(conversation, "POST /3 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nend")...)
		want := sent(1) + "HTTP/1.1 200 OK\r\n\r\nend"
		var chunks []chunk
		for _, x := range w.chunks {
			for b := x.b; len(b) > 0; {
				n := min(len(b), 1448)
				chunks = append(chunks, chunk{x.from, b[:n]})
				b = b[n:]
			}
		}
		for lost := 0; lost < len(chunks); lost += 1 + lost/8 {
			for _, many := range []int{1, 4} {
				table := &Table{Log: logOf(secrets)}
				c := New(0, false)
				r := &read{}
				for i, x := range chunks {
					if i >= lost && i < lost+many {
						c.Gap(x.from, uint64(len(x.b)), Stamp{}, table)
						r.take(c, table)
						continue
					}
					c.Data(x.from, x.b, Stamp{}, table)
					r.take(c, table)
				}
				got := r.texts[1].String()
				ends := lost+many < len(chunks)-6
				if ends && lost > 8 && !bytes.HasSuffix([]byte(got), []byte(want[len(want)-20:])) {
					t.Errorf("%s, %d lost from %d of %d: %d bytes, want those of the last response; reason %d", tls.CipherSuiteName(id), many, lost, len(chunks), len(got), c.Reason())
				}
				if ends && lost > 8 && suiteOf(id).protection != cbc && len(got) != len(want) {
					t.Errorf("%s, %d lost from %d of %d: %d bytes with those missing, want %d", tls.CipherSuiteName(id), many, lost, len(chunks), len(got), len(want))
				}
			}
		}
	}
}

// A connection that was joined: the record numbers are found by trying.
func TestMidstream(t *testing.T) {
	for _, id := range []uint16{tls.TLS_AES_128_GCM_SHA256} {
		config := &tls.Config{Certificates: []tls.Certificate{newCertificate(t, true)}, CipherSuites: []uint16{id}, MinVersion: tls.VersionTLS13}
		texts := []string{}
		for i := range 20 {
			texts = append(texts, fmt.Sprintf("request %d of this connection", i), fmt.Sprintf("response %d, a little longer than that", i))
		}
		w, secrets := talk(t, config, config, texts...)
		for range 500 { // of others
			_ = secrets
			var r [32]byte
			rand.Read(r[:])
			secrets = fmt.Appendf(secrets, "CLIENT_TRAFFIC_SECRET_0 %x %x\nSERVER_TRAFFIC_SECRET_0 %x %x\n", r, r, r, r)
		}
		for _, from := range []int{8, 20, 30, len(w.chunks) - 6} {
			table := &Table{Log: logOf(secrets)}
			c := New(1, true) // wrong, which the secrets tell
			r := decrypt(c, table, w.chunks[from:], func() int { return 1000 })
			if !c.Opened() || !c.Joined() || c.client != 0 || !bytes.Contains(r.texts[1].Bytes(), []byte("response 19")) || !bytes.Contains(r.texts[0].Bytes(), []byte("request 19")) {
				t.Errorf("from chunk %d on: opened %v, client %d, %q and %q", from, c.Opened(), c.client, &r.texts[0], &r.texts[1])
			}
		}
	}
}

// BenchmarkText opens records of TLS 1.3 that fill segments of Ethernet, as they come.
func BenchmarkText(b *testing.B) {
	config := &tls.Config{Certificates: []tls.Certificate{newCertificate(b, true)}, CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256}, DynamicRecordSizingDisabled: true}
	text := string(make([]byte, 16<<20))
	w, secrets := talk(b, config, config, "request", text)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		table := &Table{Log: logOf(secrets)}
		c := New(0, false)
		n := 0
		for _, x := range w.chunks {
			for rest := x.b; len(rest) > 0; {
				size := min(1448, len(rest))
				more := c.Data(x.from, rest[:size], Stamp{}, table)
				rest = rest[size:]
				if !more {
					continue
				}
				for ev := c.Next(table); ev.Kind != None; ev = c.Next(table) {
					n += len(ev.Text)
				}
			}
		}
		if n != len(text)+len("request") {
			b.Fatalf("%d bytes", n)
		}
	}
}
