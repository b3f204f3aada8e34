package serve

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

// listening returns a server on loopback.
func listening(t *testing.T) *Server {
	t.Helper()
	s := New("v0", time.Now)
	if err := s.Listen(netip.MustParseAddrPort("127.0.0.1:0")); err != nil {
		t.Skip("no loopback interface:", err)
	}
	t.Cleanup(s.Close)
	return s
}

// dial opens a connection, and sends what there is to send.
func dial(t *testing.T, s *Server, send string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, send); err != nil {
		t.Fatal(err)
	}
	return conn
}

// ask asks on conn, and returns the status.
func ask(conn net.Conn) (int, error) {
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// TestIdleClientsLockNobodyOut has many connections that are kept alive, that send
// nothing, or that send half a request: others are answered, and those that are
// closed are the ones that have waited longest.
func TestIdleClientsLockNobodyOut(t *testing.T) {
	for name, occupy := range map[string]func(t *testing.T, s *Server) net.Conn{
		"kept alive": func(t *testing.T, s *Server) net.Conn {
			conn := dial(t, s, "")
			if got, err := ask(conn); got != http.StatusOK {
				t.Fatalf("got status %d, error %v", got, err)
			}
			return conn
		},
		"silent":         func(t *testing.T, s *Server) net.Conn { return dial(t, s, "") },
		"half a request": func(t *testing.T, s *Server) net.Conn { return dial(t, s, "GET /healthz HTTP/1.1\r\nHo") },
	} {
		t.Run(name, func(t *testing.T) {
			s := listening(t)
			var list []net.Conn
			for range maxClients {
				list = append(list, occupy(t, s))
			}
			const others = 3
			for range others {
				begun := time.Now()
				if got, err := ask(dial(t, s, "")); got != http.StatusOK {
					t.Fatalf("got status %d, error %v after %v, want an answer", got, err, time.Since(begun))
				}
			}
			if name != "kept alive" {
				return
			}
			// A connection is idle once the server notices that it has sent all, which may be
			// after the next one's answer: the longest idle ones are not the first ones to the letter.
			closed := 0
			for i, conn := range list {
				if _, err := ask(conn); err != nil {
					closed++
					if i >= maxClients/2 {
						t.Errorf("connection %d of %d was closed, want the longest idle ones", i+1, maxClients)
					}
				}
			}
			if closed != others {
				t.Errorf("got %d connections closed, want %d", closed, others)
			}
		})
	}
}

// TestAnswersKeepTheirPlaces refuses new connections while all others are being
// answered.
func TestAnswersKeepTheirPlaces(t *testing.T) {
	c := &clients{limit: 2}
	conns := map[string]net.Conn{}
	enter := func(name string) {
		conn, other := net.Pipe()
		t.Cleanup(func() { conn.Close(); other.Close() })
		conns[name] = conn
		c.changed(conn, http.StateNew)
	}
	open := func(name string) bool {
		_, ok := c.all[conns[name]]
		closed := conns[name].SetDeadline(time.Now().Add(time.Hour)) != nil
		if ok == closed {
			t.Errorf("%s: has a place %v, closed %v", name, ok, closed)
		}
		return ok
	}
	want := func(what string, names ...string) {
		t.Helper()
		for name := range conns {
			is := false
			for _, n := range names {
				is = is || n == name
			}
			if open(name) != is {
				t.Errorf("%s: %s is open: %v, want %v", what, name, !is, is)
			}
		}
	}
	serve := func(name string, during func()) {
		c.changed(conns[name], http.StateActive)
		ctx := c.remember(t.Context(), conns[name])
		r, err := http.NewRequestWithContext(ctx, "GET", "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		c.answer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { during() })).ServeHTTP(nil, r)
		c.changed(conns[name], http.StateIdle)
	}
	enter("a")
	enter("b")
	serve("a", func() {
		serve("b", func() {
			enter("c")
			want("both are answered", "a", "b")
		})
		enter("d")
		want("one waits", "a", "d")
	})
	serve("d", func() {})
	enter("e")
	want("a has waited longer than d", "d", "e")
	c.changed(conns["d"], http.StateActive)
	enter("f")
	want("d asks, e waits", "d", "f")
	c.changed(conns["d"], http.StateClosed)
	conns["d"].Close()
	enter("g")
	want("d has gone", "f", "g")
}
