// Server is the HTTP server of the lab. What a response looks like is asked
// for in the request's query, so that one server serves every case:
//
//	/x?size=600            600 bytes
//	/x?wait=50ms           the handler thinks before it answers
//	/x?pieces=4&gap=20ms   the body leaves in pieces
//	/x?chunked=1           without Content-Length
//	/x?limit=1000          413 if the request's body is larger
//
// A request with If-None-Match is answered with 304, one with Upgrade with 101
// and then what was received; CONNECT makes a tunnel. The server runs until it
// is killed; on SIGTERM it shuts down as http.Server.Shutdown does, and ends.
//
// With -say it prints what it accepts and each request, as the client does.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8080", "`address`")
	readTimeout := flag.Duration("read-timeout", 0, "http.Server.ReadTimeout")
	writeTimeout := flag.Duration("write-timeout", 0, "http.Server.WriteTimeout")
	idleTimeout := flag.Duration("idle-timeout", 0, "http.Server.IdleTimeout")
	noReuse := flag.Bool("no-reuse", false, "SetKeepAlivesEnabled(false)")
	probes := flag.Duration("probes", 0, "net.ListenConfig.KeepAlive; negative for none")
	secure := newSecurity()
	resetAfter := flag.Duration("reset-after", 0, "this long after each response, close with SO_LINGER 0")
	stuck := flag.Bool("stuck", false, "listen, but never accept")
	h2c := flag.Bool("h2c", false, "HTTP/2 without TLS too")
	streams := flag.Int("max-streams", 0, "HTTP2Config.MaxConcurrentStreams")
	ping := flag.Duration("ping", 0, "HTTP2Config.SendPingTimeout: HTTP/2 pings after that much silence")
	greet := flag.String("greet", "", "speak no HTTP: send this `line`, then what was received")
	speak := flag.Bool("say", false, "print connections and requests")
	flag.Parse()

	config := net.ListenConfig{KeepAlive: *probes}
	listener, err := config.Listen(context.Background(), "tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	if *stuck {
		select {}
	}
	if *greet != "" {
		log.Fatal(echo(listener, *greet+"\r\n"))
	}
	server := &http.Server{
		Handler:      http.HandlerFunc(handle),
		ReadTimeout:  *readTimeout,
		WriteTimeout: *writeTimeout,
		IdleTimeout:  *idleTimeout,
		HTTP2:        &http.HTTP2Config{MaxConcurrentStreams: *streams, SendPingTimeout: *ping},
	}
	server.SetKeepAlivesEnabled(!*noReuse)
	if *resetAfter > 0 {
		server.ConnState = func(conn net.Conn, state http.ConnState) {
			if state == http.StateIdle {
				time.Sleep(*resetAfter)
				below := conn
				if secure, ok := conn.(*tls.Conn); ok {
					below = secure.NetConn()
				}
				below.(*net.TCPConn).SetLinger(0)
				below.Close()
			}
		}
	}
	if *h2c {
		server.Protocols = new(http.Protocols)
		server.Protocols.SetHTTP1(true)
		server.Protocols.SetUnencryptedHTTP2(true)
	}
	if *speak {
		saying(server)
	}
	go shutDownWhenAsked(server)
	if !secure.on {
		end(server.Serve(listener))
	}
	if server.TLSConfig, err = secure.config(); err != nil {
		log.Fatal(err)
	}
	end(server.ServeTLS(listener, "", ""))
}

// shutDownWhenAsked ends the program after a graceful shutdown.
func shutDownWhenAsked(server *http.Server) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	<-signals
	if err := server.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}
	os.Exit(0)
}

// end waits for a shutdown to finish, or says why the server ended.
func end(err error) {
	if errors.Is(err, http.ErrServerClosed) {
		select {}
	}
	log.Fatal(err)
}

// event is a line of the program's output; see client/main.go.
type event struct {
	Event  string  `json:"event"`
	Local  string  `json:"local"`  // the client's end
	Remote string  `json:"remote"` // and the server's
	Reused bool    `json:"reused,omitempty"`
	TLS    *agreed `json:"tls,omitempty"`
}

// accepted is a connection and how many requests it has carried.
type accepted struct {
	client, server string
	requests       atomic.Int64
}

type acceptedKey struct{}

// saying has the server print what it does.
func saying(server *http.Server) {
	var mu sync.Mutex // guards out
	out := json.NewEncoder(os.Stdout)
	say := func(e event) {
		mu.Lock()
		defer mu.Unlock()
		out.Encode(e)
	}
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		a := &accepted{client: conn.RemoteAddr().String(), server: conn.LocalAddr().String()}
		say(event{Event: "connect", Local: a.client, Remote: a.server})
		return context.WithValue(ctx, acceptedKey{}, a)
	}
	handler := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := r.Context().Value(acceptedKey{}).(*accepted)
		say(event{"request", a.client, a.server, a.requests.Add(1) > 1, agreedOn(r.TLS)})
		handler.ServeHTTP(w, r)
	})
}

// handle answers as the query says. An error while writing ends the handler
// only, as in most programs.
func handle(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect || r.Header.Get("Upgrade") != "" {
		takeOver(w, r)
		return
	}
	size := queryInt(r, "size", 600)
	pieces := queryInt(r, "pieces", 1)
	if r.Header.Get("If-None-Match") != "" {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if limit := queryInt(r, "limit", 0); limit > 0 {
		if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, int64(limit))); err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
	}
	time.Sleep(queryDuration(r, "wait"))
	gap := queryDuration(r, "gap")
	w.Header().Set("Content-Type", "text/plain")
	if r.URL.Query().Has("chunked") {
		w.(http.Flusher).Flush()
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(size))
	}
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

// takeOver answers CONNECT or an upgrade, and ends with the connection.
func takeOver(w http.ResponseWriter, r *http.Request) {
	conn, both, err := http.NewResponseController(w).Hijack()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if r.Method != http.MethodConnect {
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lab\r\n\r\n")
		io.Copy(conn, both)
		return
	}
	target, err := net.Dial("tcp", r.Host)
	if err != nil {
		io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		return
	}
	defer target.Close()
	io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
	go io.Copy(conn, target)
	io.Copy(target, both)
}

// echo greets and sends back what it receives.
func echo(listener net.Listener, greeting string) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			io.WriteString(conn, greeting)
			io.Copy(conn, conn)
		}()
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
