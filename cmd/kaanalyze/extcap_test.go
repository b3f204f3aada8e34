package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// extcapFolder finds where tshark looks for programs that capture.
var extcapFolder = regexp.MustCompile(`(?m)^(?:Global )?Extcap path:\s*(/\S+)$`)

// TestExtcap has tshark list the interfaces, and capture ten packets of lo through the
// program, which writes its report meanwhile.
func TestExtcap(t *testing.T) {
	if os.Getenv("KAANALYZE_TSHARK") == "" {
		t.Skip("KAANALYZE_TSHARK is not set")
	}
	if os.Geteuid() != 0 {
		t.Skip("root may lay another folder over tshark's")
	}
	folders, err := exec.Command("tshark", "-G", "folders").Output()
	if err != nil {
		t.Skip("tshark is not installed")
	}
	found := extcapFolder.FindSubmatch(folders)
	if found == nil {
		t.Skip("tshark does not say where it looks for programs")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	program := executable(t)
	if err := os.Mkdir(filepath.Join(dir, "extcap"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(dir, "extcap", "kaanalyze")); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	// In a mount namespace, so that nobody else sees the folder.
	tshark := func(args string) *exec.Cmd {
		line := fmt.Sprintf("mount --bind %s %s && exec tshark %s", filepath.Join(dir, "extcap"), found[1], args)
		return exec.CommandContext(ctx, "unshare", "-m", "sh", "-c", line)
	}
	list, err := tshark("-D").Output()
	if err != nil {
		t.Skipf("no mount namespace: %v", err)
	}
	if !strings.Contains(string(list), "kaanalyze-lo (kaanalyze (lo))") {
		t.Fatalf("tshark lists\n%s", list)
	}
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	go func() { // until tshark has its packets
		for ctx.Err() == nil {
			if c, err := net.Dial("tcp", server.Addr().String()); err == nil {
				_ = c.Close()
			}
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	port := server.Addr().(*net.TCPAddr).Port
	report := filepath.Join(dir, "report.txt")
	out, err := tshark(fmt.Sprintf("-i kaanalyze-lo -f 'tcp port %d' -c 10 -o extcap.kaanalyze_lo.output:%s -T fields -e frame.number -e tcp.port -e eth.type", port, report)).Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 10 || !strings.Contains(lines[9], fmt.Sprint(port)) || !strings.HasSuffix(lines[9], "0x0800") {
		t.Errorf("tshark captured\n%s", out)
	}
	text := ""
	for ctx.Err() == nil && text == "" { // tshark does not wait for it
		b, _ := os.ReadFile(report)
		text = string(b)
		time.Sleep(20 * time.Millisecond)
	}
	if !strings.HasPrefix(text, "kaanalyze: lo ") || !strings.Contains(text, fmt.Sprintf("filter tcp port %d", port)) {
		t.Errorf("the report is\n%s", text)
	}
}
