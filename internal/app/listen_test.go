package app

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

var listens = regexp.MustCompile(`kaanalyze: status: (http://127\.0\.0\.1:\d+)/metrics answers while the capture is read\n`)

// TestListen asks while a capture is read, and after it.
func TestListen(t *testing.T) {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Skip("no loopback interface:", err)
	} else {
		l.Close()
	}
	in := begunInput(t)
	var url string
	got := map[string]string{}
	errs := &watched{}
	out := &watched{want: []string{firstConnection}, act: []func(){func() {
		if m := listens.FindStringSubmatch(errs.String()); m != nil {
			url = m[1]
		}
		for _, path := range []string{"/metrics", "/report", "/healthz"} {
			resp, err := http.Get(url + path)
			if err != nil {
				t.Error(err)
				continue
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("%s: got status %s, error %v", path, resp.Status, err)
			}
			got[path] = string(body)
		}
		send(t, syscall.SIGINT)()
	}}}
	if code := runOn(Config{Read: []string{"-"}, Format: "ndjson", Listen: ":0"}, in, out, errs); code != ExitOK {
		t.Errorf("got exit code %d, want 0", code)
	}
	close(in.never)
	if !strings.Contains(got["/metrics"], "\nkaanalyze_connections_total 2\n") || !strings.Contains(got["/healthz"], `"status":"ok"`) {
		t.Errorf("got metrics %s\nand health %s", got["/metrics"], got["/healthz"])
	}
	var r struct {
		Schema      string
		Tool        struct{ Version string }
		Connections []any
	}
	if err := json.Unmarshal([]byte(got["/report"]), &r); err != nil || r.Schema != "kaanalyze.report/1" || r.Tool.Version != Version || len(r.Connections) != 2 {
		t.Errorf("got report %s, error %v", got["/report"], err)
	}
	if _, err := http.Get(url + "/healthz"); err == nil {
		t.Error("it answers after the end of the capture")
	}
}

// TestListenRefused cannot listen where somebody else does.
func TestListenRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no loopback interface:", err)
	}
	defer l.Close()
	addr := l.Addr().String()
	code, stdout, stderr := command(Config{Demo: demo, Listen: addr})
	if want := "kaanalyze: error: listen on " + addr + ": bind: address already in use\n"; code != ExitFailed || stdout != "" || stderr != want {
		t.Errorf("got exit code %d, %d bytes, standard error %q; want %q", code, len(stdout), stderr, want)
	}
	for _, text := range []string{"example.com:80", "70000", "[::1]"} {
		if code, _, stderr := command(Config{Demo: demo, Listen: text}); code != ExitUsage || !strings.Contains(stderr, "hint: write 9190") {
			t.Errorf("--listen %s: got exit code %d, standard error %q; want 2 and a hint", text, code, stderr)
		}
	}
}
