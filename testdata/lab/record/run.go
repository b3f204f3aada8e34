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
	"slices"
	"strings"
	"sync"
	"syscall"
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
	dir      string // scratch
	servers  []*exec.Cmd
	clients  []*runningClient
	speakers []*speaker
	looks    []look

	captured    time.Time // when the capture began
	stopCapture func() error
}

// runningClient is a client program.
type runningClient struct {
	*exec.Cmd
	*speaker
	stdin io.Closer // the client stays until this is closed
}

// speaker is what a program has said.
type speaker struct {
	ended chan struct{} // closed when it has no more to say

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
	if c.tls || c.certified {
		if err := writeCertificate(dir); err != nil {
			return "", err
		}
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
	if r.late == 0 {
		if err := r.beginCapture(ctx); err != nil {
			return "", err
		}
	} else {
		r.stopCapture = func() error { return errors.New("the capture has not begun") }
		r.actions = slices.Insert(r.actions, 0, action{r.late, func(ctx context.Context, r *recording) error { return r.beginCapture(ctx) }})
	}
	if err := errors.Join(r.play(ctx), r.look(ctx), r.stopCapture()); err != nil {
		return "", err
	}
	var events []event
	for _, s := range r.speakers {
		s.mu.Lock()
		events = append(events, s.events...)
		s.mu.Unlock()
	}
	t, err := newTruth(r.labCase, events, r.looks, r.captured)
	if err != nil {
		return "", err
	}
	if err := r.write(t); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d connections, %d requests, TIME_WAIT %d at the client, %d at the server",
		t.Connects, t.Requests, t.TimeWaitClient, t.TimeWaitServer), nil
}

// beginCapture starts what captures, and says in stopCapture how it is stopped.
func (r *recording) beginCapture(ctx context.Context) error {
	stop, err := r.capture(ctx)
	if err != nil {
		return err
	}
	r.captured, r.stopCapture = time.Now(), stop
	if r.live == "" {
		return nil
	}
	stopLive, err := r.sniff(ctx, r.observed())
	if err != nil {
		return errors.Join(err, stop())
	}
	r.stopCapture = func() error { return errors.Join(stopLive(), stop()) }
	return nil
}

// look asks ss what there is of the connections.
func (r *recording) look(ctx context.Context) error {
	found, err := askSS(ctx, r.line)
	if err == nil {
		r.looks = append(r.looks, look{time.Now(), found})
	}
	return err
}

// startServers starts the case's servers.
func (r *recording) startServers(ctx context.Context) error {
	for _, p := range r.labCase.servers {
		cmd, err := r.startServer(ctx, p)
		if cmd != nil {
			r.servers = append(r.servers, cmd)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// startServer starts a server and waits until it listens. A command that it
// returns was started, also after an error.
func (r *recording) startServer(ctx context.Context, p program) (*exec.Cmd, error) {
	name, args, err := p.command(r.places, r.dir)
	if err != nil {
		return nil, err
	}
	namespace := r.line.server
	if p.near {
		namespace = r.line.client
	}
	cmd := r.in(ctx, namespace, name, args...)
	cmd.Dir = r.dir
	if p.says || slices.Contains(p.args, "-say") {
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		r.listen(stdout)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return cmd, wait(ctx, name+" to listen", func() bool {
		out, err := r.in(ctx, namespace, "ss", "-ltnH").Output()
		return err == nil && strings.Contains(string(out), fmt.Sprintf(":%d ", p.port))
	})
}

// observed is the namespace where packets are captured.
func (r *recording) observed() string {
	if r.capturedAt() == "server" {
		return r.line.server
	}
	return r.line.client
}

// precision is that of times: the recordings are in microseconds.
func (r *recording) precision() string {
	if r.live != "" {
		return "nano"
	}
	return "micro"
}

// capture starts tcpdump and returns what stops it. Immediate mode and -U keep
// it from losing the last packets.
func (r *recording) capture(ctx context.Context) (stop func() error, err error) {
	namespace := r.observed()
	var said bytes.Buffer
	listens := make(chan struct{})
	cmd := r.in(ctx, namespace, "tcpdump", "-i", "eth0", "-n", "-U", "--immediate-mode", "-s", "0", "--time-stamp-precision", r.precision(),
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
			return fmt.Errorf("%w: %s", errLost, said.String())
		}
		return nil
	}, nil
}

// play runs the clients beside the case's actions, and waits until both are
// over and the line is quiet.
func (r *recording) play(ctx context.Context) error {
	for _, line := range r.labCase.clients {
		c, err := r.startClient(ctx, line)
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
		if err := a.do(ctx, r); err != nil {
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
func (r *recording) startClient(ctx context.Context, line []string) (*runningClient, error) {
	name := r.program(line[0])
	namespace := r.line.client
	if r.farClients {
		namespace = r.line.server
	}
	c := &runningClient{Cmd: r.in(ctx, namespace, name, replaceAll(line[1:], r.place)...)}
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.Dir, c.stdin, c.Stderr = r.dir, stdin, os.Stderr
	if r.tls { // for OpenSSL's programs, and Python's
		c.Env = append(os.Environ(), "SSLKEYLOGFILE="+filepath.Join(r.dir, "keylog"))
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", line[0], err)
	}
	c.speaker = r.listen(stdout)
	return c, nil
}

// listen follows what a program says.
func (r *recording) listen(stdout io.Reader) *speaker {
	s := &speaker{ended: make(chan struct{})}
	r.speakers = append(r.speakers, s)
	go s.follow(stdout)
	return s
}

// follow collects events until the program is done, or killed. Lines that are
// no events are something else that the program says.
func (s *speaker) follow(stdout io.Reader) {
	defer close(s.ended)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		if e.Event == "done" {
			return
		}
		e.at = time.Now()
		s.mu.Lock()
		s.events = append(s.events, e)
		s.mu.Unlock()
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
	for i, cmd := range r.servers {
		if i < len(r.labCase.servers) && r.labCase.servers[i].leaves() {
			cmd.Process.Signal(syscall.SIGTERM) // to its processes, too
			time.Sleep(settle)
		}
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
	if secrets, err := os.ReadFile(filepath.Join(r.dir, "keylog")); err == nil && len(secrets) > 0 {
		files[".keylog"] = secrets
	}
	for _, ending := range liveFiles {
		if content, err := os.ReadFile(filepath.Join(r.dir, ending[1:])); err == nil {
			files[ending] = content
		}
	}
	for ending, content := range files {
		if err := os.WriteFile(filepath.Join(r.out, r.name+ending), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// place replaces the names of places in a word.
func (r *recording) place(word string) string {
	return strings.ReplaceAll(r.replace(word), "@DIR@", r.dir)
}

// replaceAll replaces in every argument.
func replaceAll(args []string, replace func(string) string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = replace(a)
	}
	return out
}
