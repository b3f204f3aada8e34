package serve

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// clients keep the connections to the server few without locking anybody out:
// beyond the limit a new one takes the place of one that waits, so a place is
// always left for who asks. It is safe for concurrent use.
type clients struct {
	limit int

	mu   sync.Mutex
	all  map[net.Conn]*client
	turn uint64 // counts up
}

// client is one connection.
type client struct {
	doing    doing
	lastTurn uint64 // when it began to wait
}

// doing is what a client does, in the order in which it loses its place.
type doing uint8

const (
	waiting   doing = iota // for a request to begin
	asking                 // its request has begun
	answering              // its request is whole: it keeps its place
)

// changed takes what [http.Server] says of a connection.
func (c *clients) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn++
	x := c.all[conn]
	switch {
	case state == http.StateNew:
		c.enter(conn)
	case state == http.StateClosed || state == http.StateHijacked:
		delete(c.all, conn)
	case x == nil: // it has lost its place
	case state == http.StateActive:
		x.doing = asking
	case state == http.StateIdle:
		*x = client{waiting, c.turn}
	}
}

// enter gives conn a place, and takes one away from another if there is none left.
func (c *clients) enter(conn net.Conn) {
	if len(c.all) >= c.limit {
		var first net.Conn
		for other, x := range c.all {
			if x.doing != answering && (first == nil || before(x, c.all[first])) {
				first = other
			}
		}
		if first == nil {
			_ = conn.Close()
			return
		}
		_ = first.Close()
		delete(c.all, first)
	}
	if c.all == nil {
		c.all = map[net.Conn]*client{}
	}
	c.all[conn] = &client{waiting, c.turn}
}

// before reports whether a loses its place before b.
func before(a, b *client) bool {
	return a.doing < b.doing || a.doing == b.doing && a.lastTurn < b.lastTurn
}

// clientKey is the key of a request's connection in its context.
type clientKey struct{}

// remember puts the connection into the context of its requests, for answer.
func (*clients) remember(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, clientKey{}, conn)
}

// answer has next answer requests; their connections keep their places until then.
func (c *clients) answer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(clientKey{}).(net.Conn); ok {
			c.mu.Lock()
			if x := c.all[conn]; x != nil {
				x.doing = answering
			}
			c.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}
