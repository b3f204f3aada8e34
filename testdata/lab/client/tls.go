package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"flag"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"
)

// security is what the flags say of TLS.
type security struct {
	h2, verify, resume, certificate bool
	versions, serverName, keyLog    string

	sessions tls.ClientSessionCache
	keys     *os.File
}

// flags makes the flags of TLS.
func (s *security) flags() {
	flag.BoolVar(&s.h2, "h2", false, "offer HTTP/2 over TLS, too")
	flag.BoolVar(&s.verify, "verify", false, "trust no certificate but the system's")
	flag.BoolVar(&s.resume, "resume", false, "keep sessions and resume them")
	flag.BoolVar(&s.certificate, "certificate", false, "have a certificate")
	flag.StringVar(&s.versions, "tls-versions", "1.2,1.3", "lowest and highest `version`, or the only one")
	flag.StringVar(&s.serverName, "server-name", "lab.example", "name that the certificate has to have")
	flag.StringVar(&s.keyLog, "keylog", "", "write TLS secrets to this `file`")
}

var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// config applies the flags. Sessions and secrets are shared by all transports.
func (s *security) config() (*tls.Config, error) {
	lowest, highest, two := strings.Cut(s.versions, ",")
	if !two {
		highest = lowest
	}
	// The lab's server signs its own certificate.
	c := &tls.Config{
		InsecureSkipVerify: !s.verify, ServerName: s.serverName, MinVersion: versions[lowest], MaxVersion: versions[highest],
	}
	if s.resume && s.sessions == nil {
		s.sessions = tls.NewLRUClientSessionCache(0)
	}
	if s.resume {
		c.ClientSessionCache = s.sessions
	}
	if s.keyLog != "" && s.keys == nil {
		var err error
		if s.keys, err = os.Create(s.keyLog); err != nil {
			return nil, err
		}
	}
	if s.keys != nil {
		c.KeyLogWriter = s.keys
	}
	if s.certificate {
		certificate, err := newCertificate()
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{certificate}
	}
	return c, nil
}

// agreed is what a handshake came to.
type agreed struct {
	Version string `json:"version"`
	ALPN    string `json:"alpn"`
	Resumed bool   `json:"resumed"`
}

func agreedOn(s *tls.ConnectionState) *agreed {
	return &agreed{strings.TrimPrefix(tls.VersionName(s.Version), "TLS "), s.NegotiatedProtocol, s.DidResume}
}

// newCertificate makes a certificate for the client.
func newCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "client.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
