package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// resolved is a server of DNS and one of HTTP, and a client that finds the one by the other
// while the program captures.
const resolved = `
import http.server, socket, subprocess, sys, threading
dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
dns.bind(("127.0.0.1", 53))
def answer():
    while True:
        q, who = dns.recvfrom(512)
        end = 12
        while q[end]: end += q[end] + 1
        a = q[end+2] == 1 # a record of type A is asked for
        text = q[:2] + b"\x81\x80\x00\x01\x00" + bytes([a]) + b"\0\0\0\0" + q[12:end+5]
        if a: text += b"\xc0\x0c\x00\x01\x00\x01\0\0\0\x3c\x00\x04\x7f\x00\x00\x01"
        dns.sendto(text, who)
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *a): pass
web = http.server.HTTPServer(("127.0.0.1", 8099), Quiet)
threading.Thread(target=answer, daemon=True).start()
threading.Thread(target=web.serve_forever, daemon=True).start()
client = sys.executable + " -c 'import urllib.request as u; u.urlopen(\"http://shop.example.test:8099/\").read()'"
sys.exit(subprocess.run([sys.argv[1], "-i", "lo", "--resolve", "--capture-engine", "ring", "--duration", "30", "--exec", client]).returncode)
`

// TestResolveLive captures a client that asks a server of DNS for the address of a server of
// HTTP, in a network and with a resolv.conf of their own.
func TestResolveLive(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts servers")
	}
	program := executable(t)
	dir := filepath.Dir(program)
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	if err := exec.Command("unshare", "-n", "-m", "sh", "-c", "ip link set lo up && mount --bind /etc/resolv.conf /etc/resolv.conf && grep -q '^hosts:.*dns' /etc/nsswitch.conf").Run(); err != nil {
		t.Skipf("no network of its own: %v", err)
	}
	conf := filepath.Join(dir, "resolv.conf")
	if err := os.WriteFile(conf, []byte("nameserver 127.0.0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	line := "ip link set lo up && mount --bind " + conf + " /etc/resolv.conf && exec " + python + ` -c "$0" ` + program
	out, err := exec.Command("unshare", "-n", "-m", "sh", "-c", line, resolved).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"127.0.0.1:8099 (shop.example.test)", "\n  127.0.0.1  shop.example.test  DNS\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
}
