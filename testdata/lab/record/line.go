//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The addresses of every case: the namespaces keep the cases apart.
const (
	clientIP = "10.20.0.1"
	serverIP = "10.20.0.2"
	secondIP = "10.20.0.3" // of the client's side
	thirdIP  = "10.20.0.5" // of the client's side
	farIP    = "10.20.0.4" // of the server's side

	clientMAC = "02:00:00:00:00:01"
	serverMAC = "02:00:00:00:00:02"
)

// line is two namespaces and the link program between them.
type line struct {
	client, server, middle string // namespaces
	link                   *exec.Cmd
}

// layLine makes the namespaces of the case and joins them. The caller must
// remove the line, also after an error.
func layLine(ctx context.Context, p places, c labCase) (*line, error) {
	prefix := "kaan-" + strconv.Itoa(os.Getpid()) + "-" + c.name
	l := &line{client: prefix + "-c", server: prefix + "-s", middle: prefix + "-l"}
	for _, ns := range []string{l.client, l.server, l.middle} {
		if err := ip(ctx, "netns", "add", ns); err != nil {
			return l, err
		}
	}
	args := append([]string{"netns", "exec", l.middle, p.bin + "/link"}, "-delay", c.oneWay().String(), "-loss", strconv.FormatFloat(c.loss, 'f', -1, 64), "tapc", "taps")
	l.link = exec.CommandContext(ctx, "ip", args...)
	l.link.Stderr = os.Stderr
	if err := l.link.Start(); err != nil {
		return l, fmt.Errorf("start link: %w", err)
	}
	err := wait(ctx, "the link's interfaces", func() bool { return ip(ctx, "-n", l.middle, "link", "show", "taps") == nil })
	if err != nil {
		return l, err
	}
	for _, command := range []string{
		"-n " + l.middle + " link set tapc netns " + l.client + " name eth0",
		"-n " + l.middle + " link set taps netns " + l.server + " name eth0",
		"-n " + l.client + " addr add " + clientIP + "/24 dev eth0",
		"-n " + l.client + " addr add " + secondIP + "/24 dev eth0",
		"-n " + l.server + " addr add " + serverIP + "/24 dev eth0",
		"-n " + l.client + " addr add " + thirdIP + "/24 dev eth0",
		"-n " + l.server + " addr add " + farIP + "/24 dev eth0",
		"-n " + l.client + " link set eth0 address " + clientMAC,
		"-n " + l.server + " link set eth0 address " + serverMAC,
		"-n " + l.client + " link set lo up",
		"-n " + l.server + " link set lo up",
		"-n " + l.client + " link set eth0 up",
		"-n " + l.server + " link set eth0 up",
		// Known neighbours: asking for one would delay the first SYN only.
		"-n " + l.client + " neigh replace " + serverIP + " lladdr " + serverMAC + " dev eth0 nud permanent",
		"-n " + l.client + " neigh replace " + farIP + " lladdr " + serverMAC + " dev eth0 nud permanent",
		"-n " + l.server + " neigh replace " + clientIP + " lladdr " + clientMAC + " dev eth0 nud permanent",
		"-n " + l.server + " neigh replace " + secondIP + " lladdr " + clientMAC + " dev eth0 nud permanent",
		"-n " + l.server + " neigh replace " + thirdIP + " lladdr " + clientMAC + " dev eth0 nud permanent",
	} {
		if err := ip(ctx, strings.Fields(command)...); err != nil {
			return l, err
		}
	}
	return l, errors.Join(l.set(ctx, l.client, c.clientSet), l.set(ctx, l.server, c.serverSet))
}

// set applies settings below /proc/sys/net, each KEY=VALUE.
func (l *line) set(ctx context.Context, namespace string, settings []string) error {
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		echo := l.in(ctx, namespace, "sh", "-c", `echo "$1" >"/proc/sys/net/$2"`, "sh", value, key)
		if out, err := echo.CombinedOutput(); err != nil {
			return fmt.Errorf("set %s: %w: %s", s, err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// in returns a command that runs in a namespace. `ip netns exec` becomes the
// program, so the command's process is the program's own.
func (l *line) in(ctx context.Context, namespace, program string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", namespace, program}, args...)...)
}

// cut stops all traffic, join lets it pass again.
func (l *line) cut() error  { return l.link.Process.Signal(syscall.SIGUSR1) }
func (l *line) join() error { return l.link.Process.Signal(syscall.SIGUSR2) }

// remove takes the line down. The context may be over, hence none here.
func (l *line) remove() {
	if l.link != nil && l.link.Process != nil {
		l.link.Process.Kill()
		l.link.Wait()
	}
	for _, ns := range []string{l.client, l.server, l.middle} {
		exec.Command("ip", "netns", "del", ns).Run()
	}
}

func ip(ctx context.Context, args ...string) error {
	if out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// wait waits up to 10 seconds until ready.
func wait(ctx context.Context, what string, ready func() bool) error {
	for range 200 {
		if ready() {
			return nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("waited too long for %s", what)
}

// pause sleeps unless the recording is interrupted.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
