// Package serve shows a capture by HTTP while it is read: metrics for Prometheus,
// and the report in any format.
//
// [ParseListen] reads an address, [New] makes a [Server], which answers there from
// Listen to Close. It shows the latest [Moment] that was published.
package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/kaanalyze/kaanalyze/internal/report"
	"github.com/kaanalyze/kaanalyze/internal/report/formats"
)

// Bounds of the server, which answers a few programs and people.
const (
	maxClients = 64       // connections; beyond that those that wait lose their place
	maxScrapes = 8        // answered at once
	maxReports = 2        // being written at once: each takes time and memory
	maxHead    = 16 << 10 // bytes of a request's head

	headTimeout  = 5 * time.Second
	writeTimeout = time.Minute
	idleTimeout  = 20 * time.Second // whoever asks once a minute opens a connection each time
	stopTimeout  = time.Second
)

// refreshAfter is when a browser asks for the page again, in seconds: often enough to
// watch, seldom enough to read.
const refreshAfter = "30"

// ParseListen reads an address to listen on: ADDR:PORT, or PORT alone for
// 127.0.0.1. ADDR may be localhost; other names are errors, as they are not looked up.
func ParseListen(text string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		if host, port = "", text; strings.ContainsAny(text, ":[]") {
			return netip.AddrPort{}, errors.New("it is not an address and a port")
		}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port %q is not from 0 to 65535", port)
	}
	addr := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if host != "" && host != "localhost" {
		if addr, err = netip.ParseAddr(host); err != nil {
			return netip.AddrPort{}, errors.New("names are not looked up")
		}
	}
	return netip.AddrPortFrom(addr, uint16(n)), nil
}

// Server shows a capture by HTTP while it goes on. Its methods are safe for concurrent
// use, but Listen and Close, which one goroutine calls, in that order.
type Server struct {
	version string
	now     func() time.Time
	latest  atomic.Pointer[published]
	servers int           // how many have a label of their own at a time
	reports chan struct{} // full while maxReports are being written

	http  *http.Server
	addr  netip.AddrPort
	ended chan struct{}
}

// published is a moment, and when it was published.
type published struct {
	Moment
	at time.Time
}

// New returns a Server that does not listen yet. It tells the version of the program,
// and the age of what it shows by the clock now.
func New(version string, now func() time.Time) *Server {
	return &Server{version: version, now: now, reports: make(chan struct{}, maxReports)}
}

// LabelServers gives metrics of single servers a label for those with the most connections,
// so many at a time and [MaxServerLabels] in all. It may be called before Listen and Handler.
func (s *Server) LabelServers(most int) { s.servers = most }

// Publish has the server show m from now on. Nobody may change what m refers to any
// more.
func (s *Server) Publish(m Moment) { s.latest.Store(&published{m, s.now()}) }

// moment returns the latest moment, nil if there is none yet.
func (s *Server) moment() *Moment {
	if x := s.latest.Load(); x != nil {
		return &x.Moment
	}
	return nil
}

// Listen begins to answer at an address, in the background until Close. Port 0 is any
// free one, see Addr.
func (s *Server) Listen(at netip.AddrPort) error {
	l, err := net.Listen("tcp", at.String())
	if err != nil {
		if sys, ok := errors.AsType[*net.OpError](err); ok {
			err = sys.Err
		}
		return fmt.Errorf("listen on %v: %w", at, err)
	}
	s.addr = l.Addr().(*net.TCPAddr).AddrPort()
	s.ended = make(chan struct{})
	c := &clients{limit: maxClients}
	s.http = &http.Server{
		Handler:     c.answer(s.Handler()),
		ConnState:   c.changed,
		ConnContext: c.remember,
		ReadTimeout: headTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHead,
		ErrorLog: log.New(io.Discard, "", 0), // what strangers send is no message to the user
	}
	go func() {
		defer close(s.ended)
		_ = s.http.Serve(l) // until Close
	}()
	return nil
}

// Addr returns where the server listens, after Listen.
func (s *Server) Addr() netip.AddrPort { return s.addr }

// Close ends the server. Answers under way have a second to end. It does nothing if the
// server does not listen.
func (s *Server) Close() {
	if s.http == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	<-s.ended
}

// Handler returns what answers requests, for servers of other programs or tests.
func (s *Server) Handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(s.version, s.moment, s.servers))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes}))
	mux.HandleFunc("GET /report", s.report)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "kaanalyze %s\n\n/metrics  for Prometheus\n/report   as JSON; ?format= %s\n/healthz\n", s.version, formatNames())
	})
	return s.guard(mux)
}

// guard refuses requests with a body, or that a web page of another site may have
// made, and says what browsers may do with the answers.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'")
		switch {
		case r.ContentLength != 0:
			h.Set("Connection", "close") // the body is not read
			http.Error(w, "requests have no body here", http.StatusBadRequest)
		case !s.allowsHost(r.Host):
			http.Error(w, "the Host of the request is neither an address nor localhost", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// allowsHost reports whether a request may name that host. A server on loopback
// refuses names but localhost: a web page's site may have given its own name the
// address 127.0.0.1, to read the answers (DNS rebinding).
func (s *Server) allowsHost(host string) bool {
	if s.addr.IsValid() && !s.addr.Addr().IsLoopback() {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	_, err := netip.ParseAddr(host)
	return err == nil || host == "" || strings.EqualFold(host, "localhost")
}

// report writes the report of the latest moment.
func (s *Server) report(w http.ResponseWriter, r *http.Request) {
	name := "json"
	if q := r.URL.Query(); q.Has("format") {
		name = q.Get("format")
	}
	format, ok := formats.ByName(name)
	if !ok {
		http.Error(w, "there is no such format; formats are "+formatNames(), http.StatusBadRequest)
		return
	}
	m := s.moment()
	if m == nil {
		retryLater(w, "nothing has been read yet")
		return
	}
	select {
	case s.reports <- struct{}{}:
		defer func() { <-s.reports }()
	default:
		retryLater(w, "other reports are being written")
		return
	}
	w.Header().Set("Content-Type", contentType(format))
	if format.Name == "html" {
		w.Header().Set("Refresh", refreshAfter)
	}
	if r.Method == http.MethodHead {
		return
	}
	if format.Write(w, m.report(s.version)) != nil {
		panic(http.ErrAbortHandler) // so that nobody takes it for the whole
	}
}

// report returns the moment as reports have it.
func (m *Moment) report(version string) *report.Report {
	x := m.Snapshot
	return &report.Report{Version: version, Meta: m.Meta, Result: x.Result, Facts: x, Diagnosis: x.Diagnosis, NotKept: x.Left, Host: m.Host, Recent: x.Recent.Told()}
}

// retryLater answers that there is no report at the moment.
func retryLater(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "1")
	http.Error(w, why, http.StatusServiceUnavailable)
}

// health answers that the server is alive, and how old the moment that it shows is.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	answer := struct {
		Status   string   `json:"status"`
		Snapshot *float64 `json:"snapshot_age_seconds"`
		Packet   *float64 `json:"last_packet_age_seconds"`
	}{Status: "ok"}
	if x := s.latest.Load(); x != nil {
		now := s.now()
		age := now.Sub(x.at).Seconds()
		answer.Snapshot = &age
		if x.Meta.Packets > 0 {
			age := now.Sub(time.Unix(0, x.Meta.Last)).Seconds()
			answer.Packet = &age
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // to a client that may be gone
}

// contentType returns the media type of a format.
func contentType(f report.Format) string {
	switch f.Ending {
	case ".json":
		return "application/json"
	case ".ndjson":
		return "application/x-ndjson"
	case ".html":
		return "text/html; charset=utf-8"
	case ".csv":
		return "text/csv; charset=utf-8"
	case ".md":
		return "text/markdown; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	}
	return "text/plain; charset=utf-8"
}

// formatNames lists the formats.
func formatNames() string {
	var names []string
	for i := range formats.All {
		names = append(names, formats.All[i].Name)
	}
	return strings.Join(names, ", ")
}
