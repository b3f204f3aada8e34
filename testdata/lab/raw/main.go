//go:build linux

// Raw is the lab's client where net/http would do too much: it takes the steps
// that it is told on a plain TCP connection, and says on stdout what the client
// does (see client/main.go).
//
//	raw -server 127.0.0.1:8080 dial get=/x read sleep=1s close
//
// The steps:
//
//	dial          open a connection; the one before, if any, stays as it is
//	get=PATH      send a request
//	upgrade=PATH  send a request for another protocol
//	tunnel=ADDR   send CONNECT and read the head of the response
//	inner=PATH    send a request inside the tunnel, of which nothing is said
//	part          send the first bytes of a request
//	upload=N      send a request with a body of N bytes, and a few of these
//	long=N        send a request with a field of N bytes
//	text=WORD     send a line that is not HTTP
//	read          read one response
//	line          read one line
//	eof           read until the server closes
//	shut          shut down the sending side
//	close         close the connection
//	reset         close it with SO_LINGER 0
//	sleep=D       wait; no byte is read meanwhile
//
// Then it stays, with whatever connections it has, until its stdin is closed
// or it is killed.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// event is one line of the output.
type event struct {
	Event  string `json:"event"` // connect, refused, unanswered, request, failed or done
	Local  string `json:"local,omitempty"`
	Remote string `json:"remote,omitempty"`
	Reused bool   `json:"reused,omitempty"`
	Error  string `json:"error,omitempty"`
}

// settings are the flags.
type settings struct {
	server   string
	port     int
	parallel int
	stagger  time.Duration
	timeout  time.Duration
	receive  int
}

// program writes what its runs say.
type program struct {
	settings
	mu  sync.Mutex // guards out
	out *json.Encoder
}

// run takes the steps on one connection after the other.
type run struct {
	*program
	kept     []net.Conn // all of them: a collected one would be closed
	conn     net.Conn
	reader   *bufio.Reader
	requests int // on conn
}

func main() {
	p := &program{out: json.NewEncoder(os.Stdout)}
	flag.StringVar(&p.server, "server", "127.0.0.1:8080", "`address` of the server")
	flag.IntVar(&p.port, "port", 0, "local port of every connection, with SO_REUSEADDR")
	flag.IntVar(&p.parallel, "parallel", 1, "how many take the steps")
	flag.DurationVar(&p.stagger, "stagger", 0, "time between their starts")
	flag.DurationVar(&p.timeout, "dial-timeout", 5*time.Second, "for the handshake")
	flag.IntVar(&p.receive, "receive-buffer", 0, "SO_RCVBUF in `bytes`")
	flag.Parse()
	var all sync.WaitGroup
	runs := make([]*run, p.parallel)
	for i := range runs {
		runs[i] = &run{program: p}
		all.Go(func() {
			time.Sleep(time.Duration(i) * p.stagger)
			runs[i].steps(flag.Args())
		})
	}
	all.Wait()
	p.say(event{Event: "done"})
	io.Copy(io.Discard, os.Stdin)
}

// steps takes the steps; the first that fails is the last.
func (r *run) steps(steps []string) {
	for _, s := range steps {
		if err := r.step(s); err != nil {
			r.say(event{Event: "failed", Error: err.Error()})
			return
		}
	}
}

// response reads one.
func (r *run) response() error {
	response, err := http.ReadResponse(r.reader, nil)
	if err != nil {
		return err
	}
	if _, err = io.Copy(io.Discard, response.Body); err == nil && response.StatusCode == http.StatusRequestTimeout {
		err = errors.New("status 408 came in place of a response")
	}
	return err
}

func (r *run) step(s string) error {
	name, value, _ := strings.Cut(s, "=")
	switch name {
	case "dial":
		return r.dial()
	case "get":
		return r.request("GET " + value + " HTTP/1.1\r\nHost: lab.example\r\n\r\n")
	case "upgrade":
		return r.request("GET " + value + " HTTP/1.1\r\nHost: lab.example\r\nConnection: Upgrade\r\nUpgrade: lab\r\n\r\n")
	case "tunnel":
		if err := r.request("CONNECT " + value + " HTTP/1.1\r\nHost: " + value + "\r\n\r\n"); err != nil {
			return err
		}
		_, err := http.ReadResponse(r.reader, nil)
		return err
	case "inner":
		return r.send("GET " + value + " HTTP/1.1\r\nHost: lab.example\r\n\r\n")
	case "part":
		return r.send("GET /x HTTP/1.1\r\nHost: lab")
	case "upload":
		return r.request("POST /x HTTP/1.1\r\nHost: lab.example\r\nContent-Length: " + value + "\r\n\r\nbegin")
	case "long":
		n, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		return r.request("GET /x HTTP/1.1\r\nHost: lab.example\r\nX-Long: " + strings.Repeat(".", n) + "\r\n\r\n")
	case "text":
		return r.send(value + "\r\n")
	case "line":
		_, err := r.reader.ReadString('\n')
		return err
	case "shut":
		return r.conn.(*net.TCPConn).CloseWrite()
	case "read":
		return r.response()
	case "eof":
		_, err := io.Copy(io.Discard, r.reader)
		return err
	case "close":
		return r.conn.Close()
	case "reset":
		r.conn.(*net.TCPConn).SetLinger(0)
		return r.conn.Close()
	case "sleep":
		d, err := time.ParseDuration(value)
		time.Sleep(d)
		return err
	}
	log.Fatalf("raw: no such step: %s", s)
	return nil
}

// dial opens a connection, without keep-alive probes.
func (r *run) dial() error {
	dialer := &net.Dialer{
		Timeout: r.timeout, KeepAlive: -1,
		Control: func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) {
				if r.port > 0 {
					syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
				}
				if r.receive > 0 {
					syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, r.receive)
				}
			})
		},
	}
	if r.port > 0 {
		dialer.LocalAddr = &net.TCPAddr{Port: r.port}
	}
	conn, err := dialer.Dial("tcp", r.server)
	var timeout net.Error
	switch {
	case err == nil:
		r.say(event{Event: "connect", Local: conn.LocalAddr().String(), Remote: conn.RemoteAddr().String()})
	case errors.Is(err, syscall.ECONNREFUSED):
		r.say(event{Event: "refused", Remote: r.server})
	case errors.As(err, &timeout) && timeout.Timeout():
		r.say(event{Event: "unanswered", Remote: r.server})
	}
	if err != nil {
		return err
	}
	r.kept = append(r.kept, conn)
	r.conn, r.reader, r.requests = conn, bufio.NewReader(conn), 0
	return nil
}

// request sends a request and says so.
func (r *run) request(head string) error {
	if err := r.send(head); err != nil {
		return err
	}
	r.say(event{Event: "request", Local: r.conn.LocalAddr().String(), Remote: r.conn.RemoteAddr().String(), Reused: r.requests > 0})
	r.requests++
	return nil
}

func (r *run) send(text string) error {
	_, err := io.WriteString(r.conn, text)
	return err
}

func (p *program) say(e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.out.Encode(e); err != nil {
		log.Fatal(err)
	}
}
