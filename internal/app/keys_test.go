package app

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// keysReport is what tests of key logs read of a report.
type keysReport struct {
	Capture struct {
		TLSKeys struct {
			Sessions, Decrypted int
			InCapture           int `json:"sessions_in_capture"`
			WithoutKey          int `json:"without_key"`
		} `json:"tls_keys"`
	}
	Totals struct {
		Requests    *int
		Estimated   *int `json:"requests_estimated"`
		HTTPUnknown int  `json:"http_unknown_connections"`
		PoolNeed    *int `json:"pool_need"`
		GRPCFailed  int  `json:"grpc_failed"`
	}
	Connections []struct {
		Client     netip.AddrPort
		Protocol   *string
		GRPCFailed int `json:"grpc_failed"`
		Requests   *int
		TLS        *tlsObject
		Gone       struct{ Cause, Observed string } `json:"not_reused"`
	}
	Exchanges []struct {
		Connection, N  int
		Method, Target string
		Status         int
		TLS            float64 `json:"tls_seconds"`
		Request        int     `json:"request_packet"`
		Response       int     `json:"response_packet"`
	}
}

// withKeys returns the report of a capture with a key log.
func withKeys(t *testing.T, pcap, keys string) (r keysReport, text string) {
	t.Helper()
	text = succeedJSON(t, Config{Read: []string{pcap}, TLSKeyLog: keys, Exchanges: true, Quiet: true})
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r, text
}

// TestKeys holds that with keys the exchanges are those that tshark shows with the same
// keys, with the same numbers of packets. Of the resumed session of TLS 1.2, for which Go
// writes no secret, tshark shows none.
func TestKeys(t *testing.T) {
	three := []string{"1.1 GET /x 200 9 11", "1.2 GET /x 200 14 15", "1.3 GET /x 200 17 18"}
	for name, want := range map[string][]string{
		"go_tls13":         append(three[:3:3], "2.1 GET /y 200 34 36"),
		"go_tls13srvclose": append(three[:3:3], "2.1 GET /y 200 34 37"),
		"go_tls12":         append([]string{"1.1 GET /x 200 10 11"}, append(three[1:3:3], "2.1 GET /y 200 34 36")...),
	} {
		file := filepath.Join(recordings, "fixtures", name)
		r, _ := withKeys(t, file+".pcap", file+".keylog")
		var got []string
		for _, e := range r.Exchanges {
			got = append(got, fmt.Sprintf("%d.%d %s %s %d %d %d", e.Connection, e.N, e.Method, e.Target, e.Status, e.Request, e.Response))
			tls := *r.Connections[e.Connection-1].TLS.Handshake
			if first := e.N == 1; first && (e.TLS != tls || tls == 0) || !first && e.TLS != 0 {
				t.Errorf("%s: exchange %d.%d waited %v s for TLS; the handshake took %v", name, e.Connection, e.N, e.TLS, tls)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: exchanges, want, then got\n%s", name, diff)
		}
		if x := r.Totals; x.Estimated != nil || x.HTTPUnknown != 0 || x.PoolNeed == nil || *x.PoolNeed != 1 || r.Capture.TLSKeys.Decrypted != 2 {
			t.Errorf("%s: %+v, %+v; want nothing that is estimated or unknown", name, x, r.Capture.TLSKeys)
		}
	}
}

// TestKeysOfLab reads recordings of the lab with their key logs: requests are as
// many as the programs counted, on each connection, none is estimated, and the causes are those of what the
// programs did. KAANALYZE_LAB=DIR is of other recordings, as in TestLab.
func TestKeysOfLab(t *testing.T) {
	folder := labFolder()
	logs, err := filepath.Glob(filepath.Join(folder, "*.keylog"))
	if err != nil || len(logs) < 10 {
		t.Fatalf("%d key logs, error %v", len(logs), err)
	}
	counted := 0
	for _, keys := range logs {
		file := strings.TrimSuffix(keys, ".keylog")
		b, err := os.ReadFile(file + ".truth.json")
		if err != nil {
			t.Fatal(err)
		}
		var truth truth
		if err := json.Unmarshal(b, &truth); err != nil {
			t.Fatal(err)
		}
		if truth.CausesWithKeys != nil {
			truth.Causes = truth.CausesWithKeys
		}
		r, text := withKeys(t, file+".pcap", keys)
		secrets, err := os.ReadFile(keys)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range regexp.MustCompile(`\b[0-9a-fA-F]{64,}\b`).FindAllString(string(secrets), -1) {
			if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
				t.Errorf("%s: what is in the key log is in the report", file)
			}
		}
		causes := map[string]int64{}
		for _, c := range r.Connections {
			causes[c.Gone.Cause]++
		}
		for cause, most := range truth.Causes {
			if n := causes[cause]; n < most[0] || n > most[1] {
				t.Errorf("%s: %d connections with the cause %s, want %d to %d", file, n, cause, most[0], most[1])
			}
		}
		if r.Capture.TLSKeys.Decrypted == 0 || truth.Requests == 0 && r.Totals.HTTPUnknown > 0 { // the handshake failed
			continue
		}
		counted++
		if r.Totals.Requests == nil || int64(*r.Totals.Requests) != truth.Requests || r.Totals.Estimated != nil {
			t.Errorf("%s: got %+v, want %d requests", file, r.Totals, truth.Requests)
		}
		checkCounted(t, file, &r, &truth)
	}
	if counted < 20 {
		t.Errorf("%d recordings have requests to count, want 20 at least", counted)
	}
}

// checkCounted holds the requests of each connection, and its calls of gRPC that failed, to
// what the programs counted.
func checkCounted(t *testing.T, file string, r *keysReport, want *truth) {
	t.Helper()
	byPort := map[int][]int{}
	for i, c := range r.Connections {
		port := int(c.Client.Port())
		byPort[port] = append(byPort[port], i)
	}
	for _, w := range want.Connections {
		if len(byPort[w.ClientPort]) == 0 {
			t.Errorf("%s: no connection from port %d", file, w.ClientPort)
			continue
		}
		c := r.Connections[byPort[w.ClientPort][0]]
		byPort[w.ClientPort] = byPort[w.ClientPort][1:]
		tunnel := c.Requests != nil && c.Protocol != nil && *c.Protocol == "connect"
		if !tunnel && (c.Requests == nil || int64(*c.Requests) != w.Requests) {
			t.Errorf("%s: port %d: requests: got %v, want %d", file, w.ClientPort, c.Requests, w.Requests)
		}
		if int64(c.GRPCFailed) != w.GRPCFailed {
			t.Errorf("%s: port %d: grpc_failed: got %d, want %d", file, w.ClientPort, c.GRPCFailed, w.GRPCFailed)
		}
	}
	if int64(r.Totals.GRPCFailed) != want.GRPCFailed {
		t.Errorf("%s: totals.grpc_failed: got %d, want %d", file, r.Totals.GRPCFailed, want.GRPCFailed)
	}
}

// TestTrustOfKeys reads key logs that do not belong to the capture.
func TestTrustOfKeys(t *testing.T) {
	fixture := func(name string) string { return filepath.Join(recordings, "fixtures", name) }
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("# no secrets\n\x00\xff\nCLIENT_RANDOM 12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ pcap, keys, want string }{
		{"go_tls13.pcap", fixture("go_tls13.keylog"), "TLS keys 2 sessions in the key log, 2 in this capture; 2 connections decrypted; 0 connections with TLS without a key"},
		{"go_tls13.pcap", fixture("go_tls12.keylog"), "TLS keys 1 session in the key log, none in this capture; 0 connections decrypted; 2 connections with TLS without a key"},
		{"go_reuse.pcap", fixture("go_tls12.keylog"), "TLS keys 1 session in the key log, none in this capture; 0 connections decrypted; 0 connections with TLS without a key"},
		{"go_tls13.pcap", garbage, "TLS keys no session is in the key log; 0 connections decrypted; 2 connections with TLS without a key key log 2 lines in it cannot be read"},
	} {
		text := strings.Join(strings.Fields(succeed(t, Config{Read: []string{fixture(test.pcap)}, TLSKeyLog: test.keys, Quiet: true})), " ")
		if !strings.Contains(text, test.want) {
			t.Errorf("%s with %s: want %q in\n%s", test.pcap, filepath.Base(test.keys), test.want, text)
		}
	}
	for _, wrong := range []string{filepath.Join(t.TempDir(), "nothing"), t.TempDir()} {
		code, _, stderr := command(Config{Read: []string{fixture("go_tls13.pcap")}, TLSKeyLog: wrong})
		if code != ExitFailed || !strings.Contains(stderr, "--tls-keylog: ") {
			t.Errorf("%s: exit code %d, %q", wrong, code, stderr)
		}
	}
}

// TestPartOfKeys has the key of one of two connections: the other one is estimated.
func TestPartOfKeys(t *testing.T) {
	file := filepath.Join(recordings, "fixtures", "go_tls13")
	b, err := os.ReadFile(file + ".keylog")
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	r, _ := withKeys(t, file+".pcap", keys)
	if x := r.Totals; x.Requests == nil || *x.Requests != 3 || x.Estimated == nil || *x.Estimated != 1 {
		t.Errorf("got %+v, want 3 requests and 1 estimated", x)
	}
}

// TestEvidenceWithKeys decrypts evidence with the key log of the capture: of handshakes all
// is in it, of what follows nothing, unless bodies are asked for.
func TestEvidenceWithKeys(t *testing.T) {
	for _, name := range []string{"go_tls12", "go_tls13", "go_h2"} {
		file := filepath.Join(recordings, "fixtures", name)
		capture, err := os.ReadFile(file + ".pcap")
		if err != nil {
			t.Fatal(err)
		}
		all, _ := withKeys(t, file+".pcap", file+".keylog")
		for _, bodies := range []bool{false, true} {
			small := filepath.Join(t.TempDir(), "evidence.pcap")
			succeed(t, Config{Read: []string{file + ".pcap"}, TLSKeyLog: file + ".keylog", Quiet: true, Evidence: small, EvidenceBodies: bodies})
			r, _ := withKeys(t, small, file+".keylog")
			if got, want := r.Capture.TLSKeys.Decrypted, all.Capture.TLSKeys.Decrypted; got != want {
				t.Errorf("%s, bodies %v: %d connections are decrypted, want %d", name, bodies, got, want)
			}
			for i, c := range r.Connections {
				if diff := cmp.Diff(all.Connections[i].TLS, c.TLS); diff != "" {
					t.Errorf("%s, bodies %v: TLS, in the capture (-) and in the evidence (+):\n%s", name, bodies, diff)
				}
			}
			if bodies && len(r.Exchanges) != len(all.Exchanges) {
				t.Errorf("%s: %d exchanges in the evidence with bodies, want %d", name, len(r.Exchanges), len(all.Exchanges))
			}
			if !bodies && (len(r.Exchanges) > 0 || name != "go_h2" && (r.Totals.Estimated == nil || *r.Totals.Estimated != 4)) {
				t.Errorf("%s: %+v, want 4 requests estimated", name, r.Totals)
			}
			b, err := os.ReadFile(small)
			if err != nil {
				t.Fatal(err)
			}
			if text := lastRecord(t, capture); bytes.Contains(b, text) != bodies {
				t.Errorf("%s, bodies %v: application data is in the evidence: %v", name, bodies, !bodies)
			}
		}
	}
}

// lastRecord returns bytes of the last record of application data of a capture that is not
// short.
func lastRecord(t *testing.T, capture []byte) []byte {
	t.Helper()
	for i := len(capture) - 60; i > 0; i-- {
		if b := capture[i:]; b[0] == 23 && b[1] == 3 && b[2] == 3 && b[3] == 0 && b[4] > 40 && i+5+int(b[4]) <= len(capture) {
			return b[5:45]
		}
	}
	t.Fatal("there is no application data in the capture")
	return nil
}

// TestCiphers reads connections of curl to nginx, two requests on each, and one to openssl
// s_server with MAC and then encryption: each with another cipher suite of OpenSSL. Those
// with AES-CCM are named.
func TestCiphers(t *testing.T) {
	file := filepath.Join(recordings, "keys", "ciphers")
	r, text := withKeys(t, file+".pcap", file+".keylog")
	for i, e := range r.Exchanges {
		if i == len(r.Exchanges)-1 {
			if e.Target != "/nginx.conf" || e.Status != 200 {
				t.Errorf("got %+v, want the file of s_server", e)
			}
		} else if e.Method != "GET" || e.Status != 200 || e.N == 2 && e.Target != "/again" || e.N > 2 {
			t.Errorf("got %+v", e)
		}
	}
	if len(r.Exchanges) != 2*12+1 || r.Capture.TLSKeys.Decrypted != 13 || r.Totals.HTTPUnknown != 2 {
		t.Errorf("%d exchanges, %+v", len(r.Exchanges), r.Capture.TLSKeys)
	}
	if want := `"not_decrypted": [{"reason":"AES-CCM","connections":2}]`; !strings.Contains(strings.Join(strings.Fields(text), ""), strings.ReplaceAll(want, " ", "")) {
		t.Errorf("want %s in the report", want)
	}
}

// TestSecretsOfCapture reads a pcapng file that has its key log in itself.
func TestSecretsOfCapture(t *testing.T) {
	r, text := withKeys(t, filepath.Join(recordings, "keys", "go_tls13.pcapng"), "")
	if len(r.Exchanges) != 4 || r.Capture.TLSKeys.Decrypted != 2 || r.Capture.TLSKeys.InCapture != 2 {
		t.Errorf("%d exchanges, %+v; want 4 of 2 connections in\n%s", len(r.Exchanges), r.Capture.TLSKeys, text)
	}
}

// TestMidstreamWithKeys leaves the beginning of a capture out: the secrets are found by
// trying.
func TestMidstreamWithKeys(t *testing.T) {
	file := filepath.Join(recordings, "fixtures", "go_tls13")
	for since, want := range map[string]int{"+0.0012": 3, "+0.2": 2, "+0.35": 1} {
		text := succeedJSON(t, Config{Read: []string{file + ".pcap"}, TLSKeyLog: file + ".keylog", Exchanges: true, Quiet: true, Since: since})
		var r keysReport
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		if len(r.Exchanges) != want {
			t.Errorf("since %s: %d exchanges, want %d: %+v", since, len(r.Exchanges), want, r.Capture.TLSKeys)
		}
	}
}

// TestKeyLogGrows reads a capture that comes through a pipe, with a key log to which lines
// are added while it does: those of the first connection come after its packets, those of
// the second one before them.
func TestKeyLogGrows(t *testing.T) {
	file := filepath.Join(recordings, "fixtures", "go_tls13")
	capture, err := os.ReadFile(file + ".pcap")
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := os.ReadFile(file + ".keylog")
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("# begun anew\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(keys, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	input, feed := io.Pipe()
	go func() {
		half := 24
		for n := 0; n < 15; n++ { // packets: the handshake, and a request
			half += 16 + int(binary.LittleEndian.Uint32(capture[half+8:]))
		}
		feed.Write(capture[:half])
		f.Write(secrets[:len(secrets)-100])
		feed.Write(capture[half:])
		f.Write(secrets[len(secrets)-100:])
		feed.Close()
	}()
	var stdout, stderr strings.Builder
	c := Defaults()
	c.JSON, c.Read, c.TLSKeyLog, c.Exchanges, c.Quiet = true, []string{"-"}, keys, true, true
	j, err := New(&c, input, &stdout, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	j.keys.every = 0
	if code := j.Run(); code != ExitOK {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	var r keysReport
	if err := json.Unmarshal([]byte(stdout.String()), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Exchanges) < 3 || r.Exchanges[0].Request != 9 || r.Exchanges[0].Response != 11 || r.Capture.TLSKeys.Sessions != 2 {
		t.Errorf("%+v, %+v; want the exchanges of the first connection", r.Exchanges, r.Capture.TLSKeys)
	}
}

// TestKeyLogBegunAnew reads on in a key log, and from its beginning once it is shorter.
func TestKeyLogBegunAnew(t *testing.T) {
	name := filepath.Join(t.TempDir(), "keys")
	line := func(c string) string {
		return "CLIENT_RANDOM " + strings.Repeat(c, 64) + " " + strings.Repeat("0", 96) + "\n"
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(line("1"))
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	k := &keys{file: f}
	defer f.Close()
	for i, step := range []struct {
		text string
		want int64
	}{{line("1"), 1}, {line("1") + line("2") + line("3")[:50], 2}, {line("1") + line("2") + line("3"), 3}, {line("4"), 4}} {
		write(step.text)
		k.next = time.Time{}
		k.more()
		if n := k.Log.Stats().Sessions; n != step.want {
			t.Errorf("step %d: %d sessions, want %d", i, n, step.want)
		}
	}
}
