// Client is the HTTP client of the lab. It sends bursts of parallel requests
// and says on stdout, a JSON object a line, what net/http told it: each
// connection it opened, each request it wrote and on which connection, and how
// long the parts of an exchange took. Then it stays, with whatever connections
// it has, until its stdin is closed or it is killed.
//
//	client -bursts 4 -parallel 8 -pause 100ms http://127.0.0.1:8080/x
//
// With several URLs the requests take turns. A URL is asked for with GET, or
// with what stands before it: HEAD=http://127.0.0.1:8080/x. A request that
// carries a body is said when its head is written, any other when all is.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// event is one line of the client's output.
type event struct {
	Event   string  `json:"event"`            // connect, refused, unanswered, request, exchange, failed or done
	Local   string  `json:"local,omitempty"`  // the connection: the client's end
	Remote  string  `json:"remote,omitempty"` // and the server's
	Reused  bool    `json:"reused,omitempty"`
	Connect float64 `json:"connect_seconds,omitempty"`
	TLS     float64 `json:"tls_seconds,omitempty"`
	Server  float64 `json:"server_seconds,omitempty"`
	Body    float64 `json:"transfer_seconds,omitempty"`
	Error   string  `json:"error,omitempty"`
	Agreed  *agreed `json:"tls,omitempty"`
}

// settings are the flags.
type settings struct {
	bursts, parallel  int
	pause             time.Duration
	body              string
	maxIdle           int
	idleTimeout       time.Duration
	timeout           time.Duration
	keepAlive         time.Duration
	probeIdle         time.Duration
	probeInterval     time.Duration
	probeCount        int
	disableKeepAlives bool
	h2c               bool
	warm, silent      bool
	maxConns          int
	ping              time.Duration
	newClient         bool
	closeIdle         bool
	upload            int
	ifNoneMatch       string
	from, proxy       string
	security
}

// client is the program: one transport, as most programs have, unless told to
// make one for each request.
type client struct {
	settings
	http *http.Client
	mu   sync.Mutex // guards out
	out  *json.Encoder
}

func main() {
	c := &client{out: json.NewEncoder(os.Stdout)}
	flag.IntVar(&c.bursts, "bursts", 1, "how often to send requests")
	flag.IntVar(&c.parallel, "parallel", 1, "requests in a burst")
	flag.DurationVar(&c.pause, "pause", 0, "time between bursts")
	flag.StringVar(&c.body, "body", "read", "what to do with a body: read (and close), close (unread) or leave")
	flag.IntVar(&c.maxIdle, "max-idle", 0, "Transport.MaxIdleConnsPerHost")
	flag.DurationVar(&c.idleTimeout, "idle-timeout", 0, "Transport.IdleConnTimeout")
	flag.DurationVar(&c.timeout, "timeout", 0, "Client.Timeout")
	flag.DurationVar(&c.keepAlive, "keepalive", 0, "Dialer.KeepAlive")
	flag.DurationVar(&c.probeIdle, "probe-idle", 0, "Dialer.KeepAliveConfig.Idle")
	flag.DurationVar(&c.probeInterval, "probe-interval", 0, "Dialer.KeepAliveConfig.Interval")
	flag.IntVar(&c.probeCount, "probe-count", 0, "Dialer.KeepAliveConfig.Count")
	flag.BoolVar(&c.disableKeepAlives, "disable-keepalives", false, "Transport.DisableKeepAlives")
	flag.BoolVar(&c.h2c, "h2c", false, "HTTP/2 without TLS, and nothing else")
	flag.BoolVar(&c.warm, "warm", false, "send a single request before the first burst")
	flag.BoolVar(&c.silent, "silent", false, "say nothing but that it is done: the server says the rest")
	flag.IntVar(&c.maxConns, "max-conns", 0, "Transport.MaxConnsPerHost")
	flag.DurationVar(&c.ping, "ping", 0, "HTTP2Config.SendPingTimeout: HTTP/2 pings after that much silence")
	flag.BoolVar(&c.newClient, "new-client", false, "a new Transport for every request")
	flag.BoolVar(&c.closeIdle, "close-idle", false, "Transport.CloseIdleConnections after every exchange")
	flag.IntVar(&c.upload, "upload", 0, "POST a body of this many `bytes`")
	flag.StringVar(&c.ifNoneMatch, "if-none-match", "", "send this `ETag`")
	flag.StringVar(&c.from, "from", "", "local `address`")
	flag.StringVar(&c.proxy, "proxy", "", "`URL` of a proxy")
	c.security.flags()
	flag.Parse()
	if flag.NArg() == 0 {
		log.Fatal("client: no URL")
	}
	c.http = c.newHTTP()
	c.run(flag.Args())
	c.say(event{Event: "done"})
	io.Copy(io.Discard, os.Stdin)
}

// newHTTP returns a client with a transport of its own.
func (c *client) newHTTP() *http.Client {
	transport, err := c.transport()
	if err != nil {
		log.Fatal(err)
	}
	return &http.Client{Transport: transport, Timeout: c.timeout}
}

// transport applies the settings.
func (c *client) transport() (*http.Transport, error) {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: c.keepAlive}
	if c.probeIdle > 0 {
		dialer.KeepAliveConfig = net.KeepAliveConfig{
			Enable: true, Idle: c.probeIdle, Interval: c.probeInterval, Count: c.probeCount,
		}
	}
	if c.from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(c.from)}
	}
	secure, err := c.config()
	if err != nil {
		return nil, err
	}
	var protocols *http.Protocols
	if c.h2c {
		protocols = new(http.Protocols)
		protocols.SetUnencryptedHTTP2(true)
	}
	proxy := http.ProxyURL(nil)
	if c.proxy != "" {
		at, err := url.Parse(c.proxy)
		if err != nil {
			return nil, err
		}
		proxy = http.ProxyURL(at)
	}
	return &http.Transport{
		Protocols:           protocols,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: c.ping},
		MaxConnsPerHost:     c.maxConns,
		MaxIdleConnsPerHost: c.maxIdle,
		IdleConnTimeout:     c.idleTimeout,
		DisableKeepAlives:   c.disableKeepAlives,
		TLSClientConfig:     secure,
		ForceAttemptHTTP2:   c.h2,
		Proxy:               proxy,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, addr)
			var timeout net.Error
			switch {
			case err == nil:
				c.say(event{Event: "connect", Local: conn.LocalAddr().String(), Remote: conn.RemoteAddr().String()})
			case errors.Is(err, syscall.ECONNREFUSED):
				c.say(event{Event: "refused", Remote: addr})
			case errors.As(err, &timeout) && timeout.Timeout():
				c.say(event{Event: "unanswered", Remote: addr})
			}
			return conn, err
		},
	}, nil
}

// run sends the bursts.
func (c *client) run(urls []string) {
	n := 0
	if c.warm {
		c.exchange(urls[0])
	}
	for i := range c.bursts {
		if i > 0 || c.warm {
			time.Sleep(c.pause)
		}
		var burst sync.WaitGroup
		for range c.parallel {
			url := urls[n%len(urls)]
			n++
			burst.Go(func() { c.exchange(url) })
		}
		burst.Wait()
	}
}

// exchange sends one request and treats its response's body as told.
func (c *client) exchange(target string) {
	var t timing
	method := "GET"
	if m, rest, found := strings.Cut(target, "=http"); found {
		method, target = m, "http"+rest
	}
	var upload io.Reader
	if c.upload > 0 {
		method, upload = "POST", strings.NewReader(strings.Repeat(".", c.upload))
	}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), t.trace(c)), method, target, upload)
	if err != nil {
		log.Fatal(err)
	}
	if c.ifNoneMatch != "" {
		request.Header.Set("If-None-Match", c.ifNoneMatch)
	}
	through := c.http
	if c.newClient {
		through = c.newHTTP()
	}
	if c.closeIdle {
		defer through.CloseIdleConnections()
	}
	response, err := through.Do(request)
	if err != nil {
		c.say(event{Event: "failed", Error: err.Error()})
		return
	}
	if c.body == "read" {
		_, err = io.Copy(io.Discard, response.Body)
	}
	done := time.Now()
	if c.body != "leave" {
		response.Body.Close()
	}
	if err != nil {
		c.say(event{Event: "failed", Error: err.Error()})
		return
	}
	c.say(t.event(done))
}

// timing is what httptrace says of one exchange.
type timing struct {
	mu             sync.Mutex
	conn           net.Conn
	reused         bool
	connect, tls   time.Duration
	start, startup time.Time // of the connection and its TLS handshake
	wrote, first   time.Time
	agreed         *agreed
}

// trace notes the times. A retry by net/http is traced again: the last
// attempt stays.
func (t *timing) trace(c *client) *httptrace.ClientTrace {
	note := func(f func()) {
		t.mu.Lock()
		defer t.mu.Unlock()
		f()
	}
	return &httptrace.ClientTrace{
		ConnectStart:      func(string, string) { note(func() { t.start = time.Now() }) },
		ConnectDone:       func(string, string, error) { note(func() { t.connect = time.Since(t.start) }) },
		TLSHandshakeStart: func() { note(func() { t.startup = time.Now() }) },
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			note(func() {
				t.tls = time.Since(t.startup)
				if err == nil {
					t.agreed = agreedOn(&s)
				}
			})
		},
		GotConn: func(info httptrace.GotConnInfo) {
			note(func() { t.conn, t.reused = info.Conn, info.Reused })
		},
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			note(func() {
				t.wrote = time.Now()
				if info.Err == nil && c.upload == 0 {
					c.say(t.request())
				}
			})
		},
		WroteHeaders: func() {
			note(func() {
				if c.upload > 0 {
					c.say(t.request())
				}
			})
		},
		GotFirstResponseByte: func() { note(func() { t.first = time.Now() }) },
	}
}

// request says that a request was written. The caller holds mu.
func (t *timing) request() event {
	return event{Event: "request", Local: t.conn.LocalAddr().String(), Remote: t.conn.RemoteAddr().String(), Reused: t.reused, Agreed: t.agreed}
}

// event sums an exchange up. A connection opened for another exchange, or
// before, took this one no time.
func (t *timing) event(done time.Time) event {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := event{
		Event: "exchange", Local: t.conn.LocalAddr().String(), Remote: t.conn.RemoteAddr().String(),
		Reused: t.reused, Server: t.first.Sub(t.wrote).Seconds(), Body: done.Sub(t.first).Seconds(),
	}
	if !t.reused {
		e.Connect, e.TLS = t.connect.Seconds(), t.tls.Seconds()
	}
	return e
}

func (c *client) say(e event) {
	if c.silent && e.Event != "done" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.out.Encode(e); err != nil {
		log.Fatal(err)
	}
}
