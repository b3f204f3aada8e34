//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// agreed is what a program says that a handshake came to. ALPN is null where it does
// not say it.
type agreed struct {
	Version string  `json:"version"`
	ALPN    *string `json:"alpn"`
	Resumed bool    `json:"resumed"`
}

// UnmarshalJSON reads what the lab's programs and servers' logs say, each in its words.
func (a *agreed) UnmarshalJSON(text []byte) error {
	var said struct {
		Version, ALPN string
		Resumed       any
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return err
	}
	a.Version = strings.TrimPrefix(said.Version, "TLSv")
	a.Resumed = slices.Contains([]any{true, "r", "1", "Resumed"}, said.Resumed)
	switch said.ALPN {
	case "HTTP/1.1", "HTTP/1.0": // of Apache, which says no more
		return nil
	case "HTTP/2.0":
		said.ALPN = "h2"
	case "-":
		said.ALPN = ""
	}
	a.ALPN = &said.ALPN
	return nil
}

// writeCertificate makes a self-signed certificate that lives as long as the recording:
// cert.pem, key.pem, and both.pem for HAProxy.
func writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "lab.example"}, DNSNames: []string{"lab.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("write a key: %w", err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	for name, content := range map[string][]byte{
		"cert.pem": certificate, "key.pem": private, "both.pem": append(slices.Clone(certificate), private...),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
