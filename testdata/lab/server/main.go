// Server is the HTTP server of the lab. What a response looks like is asked
// for in the request's query, so that one server serves every case:
//
//	/x?size=600            600 bytes
//	/x?wait=50ms           the handler thinks before it answers
//	/x?pieces=4&gap=20ms   the body leaves in pieces
//
// It runs until it is killed.
package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"time"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8080", "`address`")
	readTimeout := flag.Duration("read-timeout", 0, "http.Server.ReadTimeout")
	writeTimeout := flag.Duration("write-timeout", 0, "http.Server.WriteTimeout")
	idleTimeout := flag.Duration("idle-timeout", 0, "http.Server.IdleTimeout")
	noReuse := flag.Bool("no-reuse", false, "SetKeepAlivesEnabled(false)")
	probes := flag.Duration("probes", 0, "net.ListenConfig.KeepAlive; negative for none")
	secure := flag.Bool("tls", false, "serve TLS, HTTP/1 only, with a new certificate")
	flag.Parse()

	config := net.ListenConfig{KeepAlive: *probes}
	listener, err := config.Listen(context.Background(), "tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Handler:      http.HandlerFunc(handle),
		ReadTimeout:  *readTimeout,
		WriteTimeout: *writeTimeout,
		IdleTimeout:  *idleTimeout,
	}
	server.SetKeepAlivesEnabled(!*noReuse)
	if !*secure {
		log.Fatal(server.Serve(listener))
	}
	certificate, err := newCertificate()
	if err != nil {
		log.Fatal(err)
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}}
	log.Fatal(server.ServeTLS(listener, "", ""))
}

// handle answers as the query says. An error while writing ends the handler
// only, as in most programs.
func handle(w http.ResponseWriter, r *http.Request) {
	size := queryInt(r, "size", 600)
	pieces := queryInt(r, "pieces", 1)
	time.Sleep(queryDuration(r, "wait"))
	gap := queryDuration(r, "gap")
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", strconv.Itoa(size))
	for i := range pieces {
		if i > 0 {
			w.(http.Flusher).Flush()
			time.Sleep(gap)
		}
		from, to := i*size/pieces, (i+1)*size/pieces
		if _, err := w.Write(bytes.Repeat([]byte{'.'}, to-from)); err != nil {
			return
		}
	}
}

func queryInt(r *http.Request, key string, otherwise int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(key))
	if err != nil || n < 1 {
		return otherwise
	}
	return n
}

func queryDuration(r *http.Request, key string) time.Duration {
	d, err := time.ParseDuration(r.URL.Query().Get(key))
	if err != nil {
		return 0
	}
	return d
}

// newCertificate makes a self-signed certificate that lives as long as the
// recording.
func newCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "lab.example"},
		DNSNames:     []string{"lab.example"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
