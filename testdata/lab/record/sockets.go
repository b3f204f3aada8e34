//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// tuple is a connection as its programs name it.
type tuple struct {
	client, server string // ADDR:PORT
}

// ends are a socket's two addresses, as ss names them.
type ends struct {
	local, peer string // ADDR:PORT
}

// sockets are the TCP states of both namespaces' connections. Their addresses
// differ, so a socket's local address tells whose it is.
type sockets map[ends]string

// askSS asks ss in both namespaces.
func askSS(ctx context.Context, l *line) (sockets, error) {
	found := sockets{}
	for _, namespace := range []string{l.client, l.server} {
		out, err := exec.CommandContext(ctx, "ip", "netns", "exec", namespace, "ss", "-tanH").Output()
		if err != nil {
			return nil, fmt.Errorf("ask ss: %w", err)
		}
		for line := range strings.Lines(string(out)) {
			// State, two queues, local and peer address.
			f := strings.Fields(line)
			if len(f) < 5 || f[0] == "LISTEN" {
				continue
			}
			// A server on a dual-stack socket sees an IPv4 peer as ::ffff:ADDR.
			found[ends{plain(f[3]), plain(f[4])}] = f[0]
		}
	}
	return found, nil
}

// of returns the states of a connection's two sockets, empty where ss knows
// none.
func (s sockets) of(t tuple) (client, server string) {
	return s[ends{t.client, t.server}], s[ends{t.server, t.client}]
}

// plain takes an IPv4-mapped address's wrapping off.
func plain(addr string) string {
	rest, mapped := strings.CutPrefix(addr, "[::ffff:")
	if !mapped {
		return addr
	}
	return strings.Replace(rest, "]", "", 1)
}

// timeWaits counts the entries in TIME_WAIT at clients and at servers, whose
// addresses are given. What a host has with itself was not on the line.
func (s sockets) timeWaits(addresses []string) (client, server int) {
	for e, state := range s {
		local, _ := split(e.local)
		peer, _ := split(e.peer)
		switch {
		case state != "TIME-WAIT" || local == peer:
		case slices.Contains(addresses, e.local):
			server++
		default:
			client++
		}
	}
	return client, server
}
