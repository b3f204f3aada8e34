//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// tuple is a connection as its programs name it.
type tuple struct {
	client, server string // ADDR:PORT
}

// sockets are the TCP states of one namespace's connections, as ss names them.
type sockets map[tuple]string

// clientSockets asks ss in the client's namespace.
func clientSockets(ctx context.Context, namespace string) (sockets, error) {
	return askSS(ctx, namespace, func(local, peer string) tuple { return tuple{local, peer} })
}

// serverSockets asks ss in the server's namespace.
func serverSockets(ctx context.Context, namespace string) (sockets, error) {
	return askSS(ctx, namespace, func(local, peer string) tuple { return tuple{peer, local} })
}

func askSS(ctx context.Context, namespace string, order func(local, peer string) tuple) (sockets, error) {
	out, err := exec.CommandContext(ctx, "ip", "netns", "exec", namespace, "ss", "-tanH").Output()
	if err != nil {
		return nil, fmt.Errorf("ask ss: %w", err)
	}
	found := sockets{}
	for line := range strings.Lines(string(out)) {
		// State, two queues, local and peer address.
		f := strings.Fields(line)
		if len(f) < 5 || f[0] == "LISTEN" {
			continue
		}
		// A server on a dual-stack socket sees an IPv4 peer as ::ffff:ADDR.
		local, peer := plain(f[3]), plain(f[4])
		found[order(local, peer)] = f[0]
	}
	return found, nil
}

// plain takes an IPv4-mapped address's wrapping off.
func plain(addr string) string {
	rest, mapped := strings.CutPrefix(addr, "[::ffff:")
	if !mapped {
		return addr
	}
	return strings.Replace(rest, "]", "", 1)
}

// timeWaits counts the entries in TIME_WAIT.
func (s sockets) timeWaits() int {
	n := 0
	for _, state := range s {
		if state == "TIME-WAIT" {
			n++
		}
	}
	return n
}
