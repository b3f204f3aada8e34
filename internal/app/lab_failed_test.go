package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// failedBeyond are the failed requests of a recording that its programs did not
// report as errors, and why.
var failedBeyond = map[string]struct {
	requests int64
	why      string
}{
	"go-upload-413":                   {3, "uploads ended by a 413, which the program reads"},
	"nginx-413":                       {3, "uploads ended by a 413, which curl reads"},
	"go-stale-race":                   {4, "net/http sends them again by itself"},
	"go-stale-race-server":            {4, "net/http sends them again by itself"},
	"half-open":                       {4, "net/http sends them again by itself"},
	"cut-data":                        {1, "what was not answered is its repetition"},
	"cut-data-pool":                   {3, "what was not answered is their repetition"},
	"accept-queue-overflow":           {4, "the program sends them and does not wait for a response"},
	"accept-queue-overflow-nocookies": {2, "the program sends them and does not wait for a response"},
}

// TestLabFailed holds the failed requests of each recording to the errors of its
// programs, but for those of connections that never opened.
func TestLabFailed(t *testing.T) {
	for _, name := range captures(t, recordings) {
		text, err := os.ReadFile(filepath.Join(recordings, name+".truth.json"))
		if err != nil {
			t.Fatal(err)
		}
		var said struct {
			Refused, Unanswered, Failed, Requests int64
			TLS                                   bool
			NotHTTP1                              bool `json:"not_http1"`
			Connections                           []struct{ TLS *agreed }
		}
		if err := json.Unmarshal(text, &said); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Totals struct {
				Failed    *int64 `json:"failed_requests"`
				Abandoned *int64 `json:"abandoned_requests"`
				Estimated *int64 `json:"failed_requests_estimated"`
			}
			Servers []struct {
				Failed *int64 `json:"failed_requests"`
			}
			Findings []struct {
				Failed int64 `json:"failed_requests"`
			}
		}
		report := succeedJSON(t, Config{Read: []string{filepath.Join(recordings, name+".pcap")}})
		if err := json.Unmarshal([]byte(report), &got); err != nil {
			t.Fatal(err)
		}
		isH2 := slices.ContainsFunc(said.Connections, func(c struct{ TLS *agreed }) bool { return c.TLS != nil && c.TLS.ALPN != nil && *c.TLS.ALPN == "h2" })
		if said.TLS && !said.NotHTTP1 && !isH2 && said.Requests > 0 && (got.Totals.Estimated == nil || *got.Totals.Estimated != said.Failed) {
			t.Errorf("%s: got %v failed requests, estimated, want %d", name, got.Totals.Estimated, said.Failed)
		}
		if said.TLS {
			if got.Totals.Failed != nil || got.Totals.Abandoned != nil {
				t.Errorf("%s: got %d failed requests, want null: they cannot be counted", name, *got.Totals.Failed)
			}
			continue
		}
		beyond := failedBeyond[name]
		want := said.Failed - said.Refused - said.Unanswered + beyond.requests
		if got.Totals.Failed == nil {
			t.Errorf("%s: got no number of failed requests, want %d", name, want)
			continue
		}
		if *got.Totals.Failed != want {
			t.Errorf("%s: got %d failed requests, want %d %s", name, *got.Totals.Failed, want, beyond.why)
		}
		servers, findings := int64(0), int64(0)
		for _, s := range got.Servers {
			servers += *s.Failed
		}
		for _, f := range got.Findings {
			findings += f.Failed
		}
		if servers != want || findings != want {
			t.Errorf("%s: got %d failed requests by server and %d by finding, want %d", name, servers, findings, want)
		}
	}
}
