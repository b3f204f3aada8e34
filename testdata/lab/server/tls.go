package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"
)

// security is what the flags say of TLS.
type security struct {
	on                      bool
	protocols               string
	versions                string
	group                   string
	noTickets               bool
	asks                    bool
	expired                 bool
	keyLog, certificateFile string
}

// newSecurity makes the flags of TLS.
func newSecurity() *security {
	s := &security{}
	flag.BoolVar(&s.on, "tls", false, "serve TLS with a new certificate")
	flag.StringVar(&s.protocols, "alpn", "http/1.1", "`protocols` to choose from")
	flag.StringVar(&s.versions, "tls-versions", "1.2,1.3", "lowest and highest `version`, or the only one")
	flag.StringVar(&s.group, "group", "", "the one key exchange to accept: P-256, P-384 or X25519")
	flag.BoolVar(&s.noTickets, "no-tickets", false, "never resume a session")
	flag.BoolVar(&s.asks, "client-certificate", false, "ask for any certificate, and insist")
	flag.BoolVar(&s.expired, "expired", false, "with a certificate that has expired")
	flag.StringVar(&s.certificateFile, "certificate-file", "", "write the certificate to this `file`")
	flag.StringVar(&s.keyLog, "keylog", "", "write TLS secrets to this `file`")
	return s
}

var (
	versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}
	groups   = map[string]tls.CurveID{"P-256": tls.CurveP256, "P-384": tls.CurveP384, "X25519": tls.X25519}
)

// config applies the flags.
func (s *security) config() (*tls.Config, error) {
	certificate, err := newCertificate(s.expired)
	if err != nil {
		return nil, err
	}
	if s.certificateFile != "" {
		block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
		if err := os.WriteFile(s.certificateFile, block, 0o644); err != nil {
			return nil, err
		}
	}
	lowest, highest, two := strings.Cut(s.versions, ",")
	if !two {
		highest = lowest
	}
	c := &tls.Config{
		Certificates: []tls.Certificate{certificate}, NextProtos: strings.Split(s.protocols, ","),
		MinVersion: versions[lowest], MaxVersion: versions[highest], SessionTicketsDisabled: s.noTickets,
	}
	if s.group != "" {
		c.CurvePreferences = []tls.CurveID{groups[s.group]}
	}
	if s.asks {
		c.ClientAuth = tls.RequireAnyClientCert
	}
	if s.keyLog != "" {
		if c.KeyLogWriter, err = os.Create(s.keyLog); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// agreed is what a handshake came to.
type agreed struct {
	Version string `json:"version"`
	ALPN    string `json:"alpn"`
	Resumed bool   `json:"resumed"`
}

// agreedOn returns that of a connection, nil without TLS.
func agreedOn(s *tls.ConnectionState) *agreed {
	if s == nil {
		return nil
	}
	return &agreed{strings.TrimPrefix(tls.VersionName(s.Version), "TLS "), s.NegotiatedProtocol, s.DidResume}
}

// newCertificate makes a self-signed certificate that lives as long as the
// recording, or ended an hour ago.
func newCertificate(expired bool) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "lab.example"},
		DNSNames:     []string{"lab.example"},
		NotBefore:    time.Now().Add(-2 * time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	if expired {
		template.NotAfter = time.Now().Add(-time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
