package app

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestMade reads what the benchmark's generator makes: the same bytes each time, the
// requests that it says, and with TLS the packets of clear text.
func TestMade(t *testing.T) {
	generate := filepath.Join(t.TempDir(), "generate")
	if out, err := exec.Command("go", "build", "-pgo=off", "-buildvcs=false", "-o", generate, "../../testdata/bench/generate").CombinedOutput(); err != nil {
		t.Fatalf("build the generator: %v\n%s", err, out)
	}
	capture := func(kind string) string {
		file := filepath.Join(t.TempDir(), kind+".pcap")
		if out, err := exec.Command(generate, "-kind", kind, "-n", "70", "-o", file).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return file
	}
	read := func(file string) []byte {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	files := map[string]string{}
	for _, tc := range []struct {
		kind                string
		requests, estimated int64 // of each connection, -1 for null
	}{
		{"churn", 1, -1},
		{"clients", 1, -1},
		{"servers", 1, -1},
		{"clear-churn", 3, -1},
		{"tls-churn", -1, 2},
	} {
		t.Run(tc.kind, func(t *testing.T) {
			file := capture(tc.kind)
			files[tc.kind] = file
			if !bytes.Equal(read(file), read(capture(tc.kind))) {
				t.Error("another time it makes other bytes")
			}
			var got answer
			if err := json.Unmarshal([]byte(succeedJSON(t, reading(file))), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Connections) != 70 {
				t.Errorf("got %d connections, want 70", len(got.Connections))
			}
			for _, c := range got.Connections {
				if orMinusOne(c.Requests) != tc.requests || orMinusOne(c.Estimated) != tc.estimated {
					t.Fatalf("connection %d: %d requests and %d estimated, want %d and %d",
						c.ID, orMinusOne(c.Requests), orMinusOne(c.Estimated), tc.requests, tc.estimated)
				}
			}
		})
	}
	clear, secret := readPackets(t, read(files["clear-churn"])), readPackets(t, read(files["tls-churn"]))
	if len(clear.records) != len(secret.records) {
		t.Fatalf("%d packets of TLS and %d in clear text", len(secret.records), len(clear.records))
	}
	for i := range clear.records {
		if len(clear.records[i]) != len(secret.records[i]) || at(clear.records[i]) != at(secret.records[i]) {
			t.Fatalf("packet %d: %d bytes of TLS and %d in clear text", i+1, len(secret.records[i]), len(clear.records[i]))
		}
	}
}

func orMinusOne(n *int64) int64 {
	if n == nil {
		return -1
	}
	return *n
}
