//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// labCase is one recording: who runs, what happens to them, what was set.
type labCase struct {
	name, what string
	at         string        // where tcpdump runs: client, unless said
	delay      time.Duration // of the line, one way; half a millisecond, unless said

	loss float64       // of the line, the share of frames that are lost
	late time.Duration // the capture begins that long after the clients; before them, unless said

	clientSet, serverSet []string // settings below /proc/sys/net, KEY=VALUE

	servers    []program
	clients    [][]string    // command lines; client and raw are the lab's, see client and raw
	farClients bool          // they run on the servers' side: the first server is a proxy on the other
	actions    []action      // in order of time
	after      time.Duration // from the clients' last exchange to the end

	causes               causes
	keyed                causes // what they are with keys, where they tell more
	probes, probesServer *probes
	exchanges            bool // write down the client's own measures

	needs     []string // of needs, beside what its commands name
	certified bool     // its programs read the recorder's certificates
	tls       bool     // requests cannot be counted without keys
	healthy   bool     // nothing is wrong
	notHTTP1  bool     // requests over TLS cannot be estimated: it is not HTTP for long
	pipelined bool     // nor are they exact
}

// causes says why the case's connections carried no further request: for each
// cause how many connections, at least and at most. It follows from what the
// programs are told to do, in the order of causes that the analyzer keeps to.
type causes map[string][2]int

// missing returns what the case needs and this machine has not, or "".
func (c labCase) missing(where places) string {
	for _, p := range c.servers {
		if tool := tools[p.kind]; tool[0] != "" {
			if _, err := exec.LookPath(where.replace(tool[0])); err != nil {
				return tool[0] + " (Debian: apt-get install " + tool[1] + ")"
			}
		}
		if name := where.replace(programs[p.kind]); name != "" {
			if _, err := exec.LookPath(name); err != nil {
				return p.kind
			}
		}
	}
	for _, line := range c.clients {
		name := where.program(line[0])
		if _, err := exec.LookPath(name); err != nil {
			return name
		}
	}
	for _, name := range c.needs {
		n := needs[name]
		if exec.Command(where.replace(n.check[0]), replaceAll(n.check[1:], where.replace)...).Run() != nil {
			return n.what
		}
	}
	return ""
}

func (c labCase) capturedAt() string {
	if c.at == "" {
		return "client"
	}
	return c.at
}

func (c labCase) oneWay() time.Duration {
	if c.delay == 0 {
		return 500 * time.Microsecond
	}
	return c.delay
}

// action is something done to a running case.
type action struct {
	at time.Duration // from the start of the clients
	do func(context.Context, *recording) error
}

func cutLine(_ context.Context, r *recording) error    { return r.cut() }
func joinLine(_ context.Context, r *recording) error   { return r.join() }
func killServer(_ context.Context, r *recording) error { return r.servers[0].Process.Kill() }
func killClient(_ context.Context, r *recording) error { return r.clients[0].Process.Kill() }
func askNow(ctx context.Context, r *recording) error   { return r.look(ctx) }

// shutDown asks the lab's server for http.Server.Shutdown.
func shutDown(_ context.Context, r *recording) error {
	return r.servers[0].Process.Signal(syscall.SIGTERM)
}

// reload has the first server read its configuration anew.
func reload(_ context.Context, r *recording) error {
	return r.servers[0].Process.Signal(syscall.SIGHUP)
}

// stopSoftly asks HAProxy to end once its connections have.
func stopSoftly(_ context.Context, r *recording) error {
	return r.servers[0].Process.Signal(syscall.SIGUSR1)
}

// reboot makes the server's host forget its connections behind a cut line: the
// server is killed, its sockets are destroyed, and a new one is started.
func reboot(ctx context.Context, r *recording) error {
	if err := r.cut(); err != nil {
		return err
	}
	r.servers[0].Process.Kill()
	r.servers[0].Wait()
	// ss fails on what it cannot destroy, but the new server needs the port.
	r.in(ctx, r.line.server, "ss", "-K", "-t").Run()
	if err := pause(ctx, settle); err != nil {
		return err
	}
	cmd, err := r.startServer(ctx, r.labCase.servers[0])
	if cmd != nil {
		r.servers[0] = cmd
	}
	if err != nil {
		return err
	}
	return r.join()
}

// dropInput has the client's host drop what comes from the server.
func dropInput(ctx context.Context, r *recording) error {
	return r.in(ctx, r.line.client, "iptables", "-I", "INPUT", "-s", serverIP, "-j", "DROP").Run()
}

// goServer is the lab's server on port 8080.
func goServer(args ...string) []program { return []program{{kind: "server", port: 8080, args: args}} }

// client is one client; each word with a slash is a path on port 8080, or
// :PORT and a path. METHOD= may stand before it.
func client(line string) []string {
	args := strings.Fields(line)
	for i, a := range args {
		method, path := "", a
		if m, p, found := strings.Cut(a, "="); found && m == strings.ToUpper(m) && !strings.ContainsAny(m, "/-") {
			method, path = m+"=", p
		}
		switch {
		case strings.HasPrefix(path, "/"):
			args[i] = method + "http://" + serverIP + ":8080" + path
		case strings.HasPrefix(path, ":"):
			args[i] = method + "http://" + serverIP + path
		}
	}
	return append([]string{"client"}, args...)
}

// raw is one raw client of port 8080, rawAt of another.
func raw(line string) []string { return rawAt(8080, line) }

func rawAt(port int, line string) []string {
	return append([]string{"raw", "-server", fmt.Sprintf("%s:%d", serverIP, port)}, strings.Fields(line)...)
}

// curlUploads sends 1 MB several times with curl, which says what it did as
// the lab's client does.
func curlUploads(times, path string) []string {
	const ends = `"local":"%{local_ip}:%{local_port}","remote":"%{remote_ip}:%{remote_port}"}`
	const says = `{"event":"connect",` + ends + `{"event":"request",` + ends
	const script = `head -c 1000000 /dev/zero >upload
for i in $(seq "$1"); do curl -s -o /dev/null -H Expect: --data-binary @upload -w "$2" "$3"; sleep 0.1; done`
	return []string{"sh", "-c", script, "sh", times, says, "http://" + serverIP + path}
}

// proxied is nginx on a port of the clients' side, and its backend, which says
// what nginx asks for.
func proxied(port int) []program {
	return []program{
		{kind: "nginx", port: port, near: true},
		{kind: "server", port: 8080, args: []string{"-say"}},
	}
}

// These keep a receiver's window and a sender's buffer small, and so the
// recording.
var (
	smallWindow = []string{"ipv4/tcp_rmem=4096 8192 8192"}
	smallBuffer = []string{"ipv4/tcp_wmem=4096 8192 8192"}
)

// In the stale races the server's FIN leaves 1 s after its response did, so it
// reaches the client 1 s after that. A request that the first client sends
// 20 ms earlier crosses it; the second client's would be late.
var (
	staleRaceClients = [][]string{
		client("-bursts 5 -pause 980ms /x"),
		client("-from " + secondIP + " -bursts 4 -pause 1100ms /x"),
	}
	staleRace = causes{"stale_race": {2, 4}, "server_idle_timeout": {5, 7}}
)

func one(line string) [][]string { return [][]string{client(line)} }

var cases = slices.Concat(reuseCases, failureCases, tlsCases, h2Cases)
