package app

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

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
	}
	Connections []struct {
		Protocol *string
		Requests *int
		TLS      *tlsObject
		Gone     struct{ Cause, Observed string } `json:"not_reused"`
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

// TestKeysOfLab reads recordings of the lab with their key logs: requests of HTTP/1 are as
// many as the programs counted, and none is estimated.
func TestKeysOfLab(t *testing.T) {
	logs, err := filepath.Glob(filepath.Join(recordings, "*.keylog"))
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
		var truth struct{ Requests int }
		if err := json.Unmarshal(b, &truth); err != nil {
			t.Fatal(err)
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
		if r.Capture.TLSKeys.Decrypted == 0 || r.Totals.HTTPUnknown > 0 { // failed, or HTTP/2
			continue
		}
		counted++
		if r.Totals.Requests == nil || *r.Totals.Requests != truth.Requests || r.Totals.Estimated != nil {
			t.Errorf("%s: got %+v, want %d requests", file, r.Totals, truth.Requests)
		}
	}
	if counted < 8 {
		t.Errorf("%d recordings have requests to count, want 8 at least", counted)
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
