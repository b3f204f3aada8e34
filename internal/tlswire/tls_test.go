package tlswire

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A piece is what one side has written at once.
type piece struct {
	from Side
	b    []byte
}

// tap is a connection that notes what is written to it.
type tap struct {
	net.Conn
	from Side
	to   *wire
}

// wire is what went over a connection.
type wire struct {
	mu     sync.Mutex
	pieces []piece
}

func (c *tap) Write(b []byte) (int, error) {
	c.to.mu.Lock()
	c.to.pieces = append(c.to.pieces, piece{c.from, bytes.Clone(b)})
	c.to.mu.Unlock()
	return c.Conn.Write(b)
}

// certificate returns one for "example.test".
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"example.test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// talk connects a client to a server and sends n requests, and returns what went over
// the wire.
func talk(t testing.TB, client, server *tls.Config, n int) []piece {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	w := &wire{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		raw, err := ln.Accept()
		if err != nil {
			return
		}
		raw.SetDeadline(time.Now().Add(10 * time.Second))
		c := tls.Server(&tap{raw, 1, w}, server)
		defer c.Close()
		buf := make([]byte, 4096)
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
			c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))
			c.Write([]byte("hello"))
		}
	}()
	raw, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	raw.SetDeadline(time.Now().Add(10 * time.Second))
	c := tls.Client(&tap{raw, 0, w}, client)
	for range n {
		if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: example.test\r\n\r\n")); err != nil {
			break
		}
		if _, err := io.ReadFull(c, make([]byte, len("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Log(err)
			}
			break
		}
	}
	c.Close()
	<-done
	return w.pieces
}

// read follows pieces, which come a millisecond apart, every other one by Inside if it can.
func read(pieces []piece, table *Table) (*Session, *Reader) {
	s, r := &Session{}, &Reader{}
	for i, p := range pieces {
		if i%2 == 0 || !r.Inside(p.from, len(p.b)) {
			s.Data(r, p.from, p.b, int64(i+1)*1e6, table)
		}
	}
	return s, r
}

// split cuts and joins what each side wrote into segments at random, and keeps the
// order between the sides.
func split(pieces []piece, r *mathrand.Rand) (cut []piece) {
	for i := 0; i < len(pieces); i++ {
		b := pieces[i].b
		for i+1 < len(pieces) && pieces[i+1].from == pieces[i].from && r.IntN(2) == 0 {
			i++
			b = append(slices.Clip(b), pieces[i].b...)
		}
		for len(b) > 0 {
			n := 1 + r.IntN(min(len(b), 1460))
			cut = append(cut, piece{pieces[i].from, b[:n]})
			b = b[n:]
		}
	}
	return cut
}

// TestPrograms reads what Go's client and server say to each other, whole and cut
// anywhere.
func TestPrograms(t *testing.T) {
	cache := map[string]tls.ClientSessionCache{"1.2": tls.NewLRUClientSessionCache(1), "1.3": tls.NewLRUClientSessionCache(1)}
	server := &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"h2", "http/1.1"}}
	plain := &tls.Config{Certificates: server.Certificates}
	asking := &tls.Config{Certificates: server.Certificates, ClientAuth: tls.RequestClientCert, CurvePreferences: []tls.CurveID{tls.CurveP384}}
	requiring := &tls.Config{Certificates: server.Certificates, ClientAuth: tls.RequireAnyClientCert}
	config := func(version uint16, protocols ...string) *tls.Config {
		return &tls.Config{InsecureSkipVerify: true, ServerName: "example.test", MinVersion: version, MaxVersion: version, NextProtos: protocols}
	}
	with := func(c *tls.Config, change func(*tls.Config)) *tls.Config {
		change(c)
		return c
	}
	for _, tc := range []struct {
		name           string
		client, server *tls.Config
		requests       int
		want           Info
		estimated      bool
	}{
		{"1.3", config(tls.VersionTLS13, "http/1.1"), server, 3, Info{Version: "1.3", Offered: []string{"http/1.1"}, Protocol: "http/1.1", ProtocolKnown: true, ResumptionOffered: No, Resumed: No}, true},
		{"1.3 h2", config(tls.VersionTLS13, "h2", "http/1.1"), server, 2, Info{Version: "1.3", Offered: []string{"h2", "http/1.1"}, Protocol: "h2", ProtocolKnown: true, ResumptionOffered: No, Resumed: No}, false},
		{"1.3 refused protocol", config(tls.VersionTLS13, "http/1.1"), plain, 1, Info{Version: "1.3", Offered: []string{"http/1.1"}, ProtocolKnown: true, ResumptionOffered: No, Resumed: No}, true},
		{"1.3 no protocol, no request", config(tls.VersionTLS13), server, 0, Info{ResumptionOffered: No}, false},
		{"1.3 retried", with(config(tls.VersionTLS13), func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP384} }), asking, 1, Info{Version: "1.3", ProtocolKnown: true, ResumptionOffered: No, Resumed: No}, true},
		{"1.3 first", with(config(tls.VersionTLS13, "http/1.1"), func(c *tls.Config) { c.ClientSessionCache = cache["1.3"] }), server, 1, Info{Version: "1.3", Offered: []string{"http/1.1"}, Protocol: "http/1.1", ProtocolKnown: true, ResumptionOffered: No, Resumed: No}, true},
		{"1.3 second", with(config(tls.VersionTLS13, "http/1.1"), func(c *tls.Config) { c.ClientSessionCache = cache["1.3"] }), server, 2, Info{Version: "1.3", Offered: []string{"http/1.1"}, Protocol: "http/1.1", ProtocolKnown: true, ResumptionOffered: Yes, Resumed: Yes}, true},
		{"1.2", config(tls.VersionTLS12, "h2", "http/1.1"), plain, 2, Info{Version: "1.2", Offered: []string{"h2", "http/1.1"}, ProtocolKnown: true, Resumed: No}, true},
		{"1.2 h2", config(tls.VersionTLS12, "h2"), server, 2, Info{Version: "1.2", Offered: []string{"h2"}, Protocol: "h2", ProtocolKnown: true, Resumed: No}, false},
		{"1.2 asked for a certificate", config(tls.VersionTLS12), asking, 1, Info{Version: "1.2", ProtocolKnown: true, Resumed: No, CertificateAsked: true}, true},
		{"1.2 first", with(config(tls.VersionTLS12, "http/1.1"), func(c *tls.Config) { c.ClientSessionCache = cache["1.2"] }), server, 1, Info{Version: "1.2", Offered: []string{"http/1.1"}, Protocol: "http/1.1", ProtocolKnown: true, Resumed: No}, true},
		{"1.2 second", with(config(tls.VersionTLS12, "http/1.1"), func(c *tls.Config) { c.ClientSessionCache = cache["1.2"] }), server, 4, Info{Version: "1.2", Offered: []string{"http/1.1"}, Protocol: "http/1.1", ProtocolKnown: true, ResumptionOffered: Yes, Resumed: Yes}, true},
		{"no version in common", config(tls.VersionTLS12), with(plain.Clone(), func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }), 1, Info{Failed: true, Alert: "protocol_version"}, false},
		{"no protocol in common", config(tls.VersionTLS13, "spdy/3"), server, 1, Info{Offered: []string{"spdy/3"}, ResumptionOffered: No, Failed: true, Alert: "no_application_protocol"}, false},
		{"unknown authority", with(config(tls.VersionTLS12), func(c *tls.Config) { c.InsecureSkipVerify = false }), plain, 1, Info{Version: "1.2", ProtocolKnown: true, Resumed: No, Failed: true, Alert: "bad_certificate", AlertByClient: true}, false},
		{"1.3 unknown authority", with(config(tls.VersionTLS13), func(c *tls.Config) { c.InsecureSkipVerify = false }), plain, 1, Info{ClientAlert: true, Version: "1.3", ProtocolKnown: true, ResumptionOffered: No, Resumed: No, Failed: true}, false},
		{"1.3 no certificate of the client", config(tls.VersionTLS13), requiring, 1, Info{Version: "1.3", ProtocolKnown: true, ResumptionOffered: No, Resumed: No, Failed: true}, false},
		{"1.2 no certificate of the client", config(tls.VersionTLS12), requiring, 1, Info{Version: "1.2", ProtocolKnown: true, Resumed: No, CertificateAsked: true, Failed: true, Alert: "handshake_failure"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pieces := talk(t, tc.client, tc.server, tc.requests)
			if tc.requests > 0 {
				tc.want.ServerName = "example.test"
			}
			r := mathrand.New(mathrand.NewPCG(1, 2))
			for i, pieces := range [][]piece{pieces, split(pieces, r), split(pieces, r), split(pieces, r)} {
				table := &Table{}
				s, rd := read(pieces, table)
				got := s.Info(table)
				times := [2]int64{got.Begun, got.Done}
				got.Begun, got.Done, got.AlertAt, got.AlertCode, got.Stage = 0, 0, 0, 0, 0
				if tc.requests == 0 {
					continue
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Fatalf("cut %d: want, then got\n%s", i, diff)
				}
				n, answered, ok := s.Turns(table)
				if ok != tc.estimated || ok && (n != int64(tc.requests) || answered != n) {
					t.Errorf("cut %d: got %d turns, %d answered, vouched for: %t; want %d, %t", i, n, answered, ok, tc.requests, tc.estimated)
				}
				if done := !tc.want.Failed; times[0] != 1e6 || done && times[1] <= times[0] {
					t.Errorf("cut %d: got times %d", i, times)
				}
				if !tc.want.Failed && s.CloseNotify(0) == 0 {
					t.Errorf("cut %d: no close_notify of the client", i)
				}
				rd.Close(table)
				if len(table.free) != len(table.hellos) {
					t.Errorf("cut %d: %d of %d buffers are given back", i, len(table.free), len(table.hellos))
				}
			}
		})
	}
}
