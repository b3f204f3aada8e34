//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Every case is over well before these.
const (
	caseLimit   = 90 * time.Second
	clientLimit = 60 * time.Second
)

// settle is how long the line must be left alone before ss is asked.
const settle = 300 * time.Millisecond

// recording is one case being recorded.
type recording struct {
	places
	labCase
	*line
	dir     string // scratch
	servers []*exec.Cmd
	clients []*runningClient
}

// runningClient is a client program and what it has said.
type runningClient struct {
	*exec.Cmd
	stdin io.Closer // the client stays until this is closed
	ended chan struct{}

	mu     sync.Mutex // guards events
	events []event
}

// record records one case and sums it up in a line.
func record(ctx context.Context, p places, c labCase) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, caseLimit)
	defer cancel()
	dir, err := os.MkdirTemp("", "kaan-lab-")
	if err != nil {
		return "", fmt.Errorf("make a scratch directory: %w", err)
	}
	defer os.RemoveAll(dir)
	// A server may run as another user: nginx's worker, tcpdump.
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	l, err := layLine(ctx, p, c)
	defer l.remove()
	if err != nil {
		return "", err
	}
	r := &recording{places: p, labCase: c, line: l, dir: dir}
	defer r.stopPrograms()
	return r.run(ctx)
}

// run starts everything, lets the case happen and writes the files. The
// capture ends before any program does, so that it shows the case only.
func (r *recording) run(ctx context.Context) (string, error) {
	if err := r.startServers(ctx); err != nil {
		return "", err
	}
	stopCapture, err := r.capture(ctx)
	if err != nil {
		return "", err
	}
	client, server, err := r.observe(ctx)
	if err := errors.Join(err, stopCapture()); err != nil {
		return "", err
	}
	var events []event
	for _, c := range r.clients {
		c.mu.Lock()
		events = append(events, c.events...)
		c.mu.Unlock()
	}
	t, err := newTruth(r.labCase, events, client, server)
	if err != nil {
		return "", err
	}
	if err := r.write(t); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d connections, %d requests, TIME_WAIT %d at the client, %d at the server",
		t.Connects, t.Requests, t.TimeWaitClient, t.TimeWaitServer), nil
}

// observe lets the case happen and asks ss on both sides what is left of it.
func (r *recording) observe(ctx context.Context) (client, server sockets, err error) {
	if err := r.play(ctx); err != nil {
		return nil, nil, err
	}
	if client, err = clientSockets(ctx, r.line.client); err != nil {
		return nil, nil, err
	}
	server, err = serverSockets(ctx, r.line.server)
	return client, server, err
}

// startServers starts the case's servers and waits until they listen.
func (r *recording) startServers(ctx context.Context) error {
	for _, p := range r.labCase.servers {
		name, args, err := p.command(r.places, r.dir)
		if err != nil {
			return err
		}
		cmd := r.in(ctx, r.line.server, name, args...)
		cmd.Dir = r.dir
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
		r.servers = append(r.servers, cmd)
		err = wait(ctx, name+" to listen", func() bool {
			out, err := r.in(ctx, r.line.server, "ss", "-ltnH").Output()
			return err == nil && strings.Contains(string(out), fmt.Sprintf(":%d ", p.port))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// capture starts tcpdump and returns what stops it. Immediate mode and -U keep
// it from losing the last packets.
func (r *recording) capture(ctx context.Context) (stop func() error, err error) {
	namespace := r.line.client
	if r.capturedAt() == "server" {
		namespace = r.line.server
	}
	var said bytes.Buffer
	listens := make(chan struct{})
	cmd := r.in(ctx, namespace, "tcpdump", "-i", "eth0", "-n", "-U", "--immediate-mode", "-s", "0",
		"-Z", "root", "-w", filepath.Join(r.dir, "pcap"), "tcp")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start tcpdump: %w", err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			fmt.Fprintln(&said, lines.Text())
			if strings.Contains(lines.Text(), "listening on") {
				close(listens)
			}
		}
	}()
	select {
	case <-listens:
	case <-read:
		cmd.Wait()
		return nil, fmt.Errorf("tcpdump ended: %s", said.String())
	}
	return func() error {
		cmd.Process.Signal(os.Interrupt)
		<-read
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("tcpdump: %w: %s", err, said.String())
		}
		if !strings.Contains(said.String(), "\n0 packets dropped by kernel") {
			return fmt.Errorf("tcpdump lost packets: %s", said.String())
		}
		return nil
	}, nil
}

// play runs the clients beside the case's actions, and waits until both are
// over and the line is quiet.
func (r *recording) play(ctx context.Context) error {
	for _, args := range r.labCase.clients {
		c, err := r.startClient(ctx, args)
		if err != nil {
			return err
		}
		r.clients = append(r.clients, c)
	}
	start := time.Now()
	for _, a := range r.actions {
		if err := pause(ctx, time.Until(start.Add(a.at))); err != nil {
			return err
		}
		if err := a.do(r); err != nil {
			return fmt.Errorf("act at %v: %w", a.at, err)
		}
	}
	for _, c := range r.clients {
		select {
		case <-c.ended:
		case <-time.After(clientLimit):
			return fmt.Errorf("a client does not end")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return pause(ctx, max(r.after, settle))
}

// startClient starts a client program and follows what it says.
func (r *recording) startClient(ctx context.Context, args []string) (*runningClient, error) {
	args = replaceAll(args, "@DIR@", r.dir)
	c := &runningClient{Cmd: r.in(ctx, r.line.client, filepath.Join(r.bin, "client"), args...), ended: make(chan struct{})}
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.stdin, c.Stderr = stdin, os.Stderr
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start client: %w", err)
	}
	go c.follow(stdout)
	return c, nil
}

// follow collects events until the client is done, or killed.
func (c *runningClient) follow(stdout io.Reader) {
	defer close(c.ended)
	lines := json.NewDecoder(stdout)
	for {
		var e event
		if lines.Decode(&e) != nil || e.Event == "done" {
			return
		}
		c.mu.Lock()
		c.events = append(c.events, e)
		c.mu.Unlock()
	}
}

// stopPrograms ends what the recording started.
func (r *recording) stopPrograms() {
	for _, c := range r.clients {
		c.stdin.Close()
		c.Process.Kill()
		<-c.ended
		c.Wait()
	}
	for _, cmd := range r.servers {
		cmd.Process.Kill()
		cmd.Wait()
	}
}

// write puts the recording and its truth, and the TLS secrets if any, where
// they belong.
func (r *recording) write(t *truth) error {
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	pcap, err := os.ReadFile(filepath.Join(r.dir, "pcap"))
	if err != nil {
		return err
	}
	files := map[string][]byte{".pcap": pcap, ".truth.json": append(text, '\n')}
	if secrets, err := os.ReadFile(filepath.Join(r.dir, "keylog")); err == nil {
		files[".keylog"] = secrets
	}
	for ending, content := range files {
		if err := os.WriteFile(filepath.Join(r.out, r.name+ending), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// replaceAll replaces a word in every argument.
func replaceAll(args []string, word, by string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = strings.ReplaceAll(a, word, by)
	}
	return out
}
