package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tlsObject is connections[].tls.
type tlsObject struct {
	Version           *string
	SNI               *string
	ALPN              *string
	Offered           []string `json:"alpn_offered"`
	ResumptionOffered *bool    `json:"resumption_offered"`
	Resumed           *bool
	Handshake         *float64 `json:"handshake_seconds"`
	Alert             *string
}

// tlsOf returns what a report says of the TLS of each connection.
func tlsOf(t *testing.T, c Config) (all []*tlsObject, report string) {
	t.Helper()
	report = succeedJSON(t, c)
	var r struct{ Connections []struct{ TLS *tlsObject } }
	if err := json.Unmarshal([]byte(report), &r); err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Connections {
		all = append(all, c.TLS)
	}
	return all, report
}

// TestTLS reads recordings with TLS, whose programs said how long their handshakes
// took: 12.8 ms in the client, of which 12.4 ms show on the wire.
func TestTLS(t *testing.T) {
	timing := filepath.Join(recordings, "timing-tls.pcap")
	got, _ := tlsOf(t, Config{Read: []string{timing}, Quiet: true})
	want := &tlsObject{Version: new("1.3"), SNI: new("lab.example"), Offered: []string{}, ResumptionOffered: new(false), Resumed: new(false)}
	if len(got) != 2 {
		t.Fatalf("got %d connections, want 2", len(got))
	}
	for i, x := range got {
		if x == nil || x.Handshake == nil || *x.Handshake < 0.012 || *x.Handshake > 0.013 {
			t.Fatalf("connection %d: got %+v, want a handshake of 12 to 13 ms", i+1, x)
		}
		x.Handshake = nil
		if diff := cmp.Diff(want, x); diff != "" {
			t.Errorf("connection %d: want, then got\n%s", i+1, diff)
		}
	}
	text := strings.Join(strings.Fields(succeed(t, Config{Read: []string{timing}, Conn: 1, Quiet: true})), " ")
	if want := "tls, 3 requests (estimated) TLS 1.3, server name lab.example, full handshake, done in 12.4 ms close:"; !strings.Contains(text, want) {
		t.Errorf("want %q in\n%s", want, text)
	}

	failed := filepath.Join(recordings, "go-tls-failed.pcap")
	got, _ = tlsOf(t, Config{Read: []string{failed}, Quiet: true})
	for i, x := range got {
		if x == nil || x.Handshake == nil || *x.Handshake > 0.02 {
			t.Errorf("connection %d that failed: got %+v, want the time to its close", i+1, x)
		}
	}
	text = strings.Join(strings.Fields(succeed(t, Config{Read: []string{failed}, Conn: 1, Quiet: true})), " ")
	if want := "full handshake, not finished after "; !strings.Contains(text, want) {
		t.Errorf("want %q in\n%s", want, text)
	}

	if got, report := tlsOf(t, Config{Read: []string{timing}, Quiet: true, Anonymize: "00112233445566778899aabbccddeeff"}); strings.Contains(report, "lab.example") || len(*got[0].SNI) != len("lab.example") {
		t.Errorf("anonymized: got the name %q in\n%s", *got[0].SNI, report)
	}
	if got, _ := tlsOf(t, Config{Read: []string{filepath.Join(recordings, "pool-default.pcap")}, Quiet: true}); got[0] != nil {
		t.Errorf("in clear: got %+v", got[0])
	}
}

// TestEvidenceOfTLS holds that the small capture tells the same of TLS, with and
// without names, and that nothing secret of a hello is in it.
func TestEvidenceOfTLS(t *testing.T) {
	fixtures := filepath.Join(recordings, "fixtures")
	for _, file := range []string{
		filepath.Join(recordings, "timing-tls.pcap"), filepath.Join(recordings, "go-tls-failed.pcap"),
		filepath.Join(fixtures, "go_tls12.pcap"), filepath.Join(fixtures, "go_tls13.pcap"), filepath.Join(fixtures, "go_tls13srvclose.pcap"),
		filepath.Join(fixtures, "go_h2.pcap"),
	} {
		for _, key := range []string{"", "00112233445566778899aabbccddeeff"} {
			t.Run(filepath.Base(file)+key, func(t *testing.T) {
				small := filepath.Join(t.TempDir(), "evidence.pcap")
				want, report := tlsOf(t, Config{Read: []string{file}, Quiet: true, Evidence: small, Anonymize: key})
				got, alone := tlsOf(t, Config{Read: []string{small}, Quiet: true})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("TLS of the capture (-) and of its evidence (+) differ:\n%s", diff)
				}
				if diff := cmp.Diff(causesOf(t, report), causesOf(t, alone)); diff != "" {
					t.Errorf("causes of the capture (-) and of its evidence (+) differ:\n%s", diff)
				}
				b, err := os.ReadFile(small)
				if err != nil {
					t.Fatal(err)
				}
				if key != "" && strings.Contains(string(b), "lab.example") {
					t.Error("the server's name is in the evidence")
				}
			})
		}
	}
}

// causesOf returns the causes of a report's connections, with what was observed.
func causesOf(t *testing.T, report string) (all []string) {
	t.Helper()
	var r struct {
		Connections []struct {
			NotReused struct{ Cause, Observed string } `json:"not_reused"`
		}
	}
	if err := json.Unmarshal([]byte(report), &r); err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Connections {
		all = append(all, c.NotReused.Cause+": "+c.NotReused.Observed)
	}
	return all
}
