package app

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// judged is what the rules make of a recording: the verdict, and the findings.
type judged struct{ level, rules string }

// recorded holds, for every recording of the lab, all rules that fire and no
// other: what its programs did wrong, and what follows from that.
var recorded = map[string]judged{
	"accept-queue-full":               {"problem", "KA1029"},
	"accept-queue-overflow-nocookies": {"problem", "KA1029"},
	"accept-queue-overflow":           {"problem", "KA1021"},
	"apache-408":                      {"unknown", "KA1038 KA1044"},
	"apache-keepalive":                {"problem", "KA1006 KA1008"},
	"cut-data-pool":                   {"problem", "KA1021 KA1028"},
	"cut-data":                        {"problem", "KA1021 KA1028"},
	"cut-idle":                        {"problem", "KA1020"},
	"demo":                            {"problem", "KA1009 KA1011 KA1014"},
	"firewall-input-drop":             {"problem", "KA1023"},
	"go-body-leak":                    {"problem", "KA1037"},
	"go-client-disablekeepalives":     {"problem", "KA1001"},
	"go-client-timeout-body":          {"problem", "KA1017"},
	"go-client-timeout":               {"problem", "KA1017"},
	"go-close-wait":                   {"ok", ""},
	"go-connect":                      {"ok", ""},
	"go-h2c-shutdown":                 {"problem", "KA1027 KA1036"},
	"go-half-close":                   {"ok", ""},
	"go-idleconntimeout":              {"ok", ""},
	"go-new-client-closed":            {"problem", "KA1014"},
	"go-new-client":                   {"problem", "KA1013"},
	"go-notclosed":                    {"problem", "KA1013"},
	"go-probes-default":               {"ok", ""},
	"go-probes-dialer-2s":             {"ok", ""},
	"go-probes-dialer":                {"ok", ""},
	"go-readtimeout-fixed":            {"ok", ""},
	"go-readtimeout":                  {"problem", "KA1009"},
	"go-reuse":                        {"ok", ""},
	"go-server-noreuse":               {"problem", "KA1003"},
	"go-shutdown":                     {"problem", "KA1027 KA1036"},
	"go-stale-race-server":            {"problem", "KA1002 KA1009"},
	"go-stale-race":                   {"problem", "KA1002 KA1009"},
	"go-tls-failed":                   {"problem", "KA1060"},
	"go-tls-client-idle":              {"ok", ""},
	"go-tls-idle":                     {"problem", "KA1009 KA1061"},
	"go-tls-pool":                     {"problem", "KA1011 KA1061"},
	"go-tls-unread":                   {"problem", "KA1014 KA1061"},
	"go-unread-big":                   {"problem", "KA1012"},
	"go-unread-small-fixed":           {"ok", ""},
	"go-unread-small":                 {"problem", "KA1014"},
	"go-unused":                       {"ok", "KA1044"},
	"go-upgrade":                      {"ok", ""},
	"go-upload-413":                   {"problem", "KA1035"},
	"go-used-after-close":             {"problem", "KA1042"},
	"go-writetimeout":                 {"problem", "KA1016"},
	"grpc-deadline":                   {"ok", ""},
	"grpc-failed":                     {"ok", ""},
	"grpc-graceful-stop":              {"ok", "KA1036"},
	"grpc-lasting":                    {"ok", ""},
	"grpc-loss":                       {"ok", ""},
	"grpc-max-age-grace":              {"problem", "KA1007"},
	"grpc-max-age":                    {"problem", "KA1007"},
	"grpc-max-idle":                   {"ok", "KA1008"},
	"grpc-pings":                      {"ok", ""},
	"grpc-streaming":                  {"ok", ""},
	"grpc-tls-unary":                  {"unknown", ""},
	"grpc-too-many-pings":             {"problem", "KA1071"},
	"grpc-unary":                      {"ok", ""},
	"h2-apache-idle":                  {"unknown", ""},
	"h2-caddy-mux":                    {"unknown", ""},
	"h2-caddy-reload":                 {"unknown", ""},
	"h2-curl-parallel":                {"unknown", ""},
	"h2-go-cancel":                    {"unknown", ""},
	"h2-go-drain":                     {"unknown", ""},
	"h2-go-kept-after-goaway":         {"unknown", ""},
	"h2-go-loss":                      {"unknown", ""},
	"h2-go-midstream":                 {"unknown", ""},
	"h2-go-mux":                       {"unknown", ""},
	"h2-go-next-mux":                  {"unknown", ""},
	"h2-go-pings":                     {"unknown", ""},
	"h2-go-refused":                   {"unknown", "KA1063 KA1064"},
	"h2-haproxy-stop":                 {"unknown", ""},
	"h2-nginx-age":                    {"unknown", ""},
	"h2-nginx-refused":                {"unknown", ""},
	"h2-nginx-reload":                 {"unknown", ""},
	"h2-nginx-requests":               {"unknown", "KA1061"},
	"h2-node-next-cancel":             {"unknown", ""},
	"h2-node-next-pings":              {"unknown", ""},
	"h2-undici7":                      {"unknown", "KA1063"},
	"h2-undici8":                      {"unknown", ""},
	"h2-websocket":                    {"unknown", ""},
	"h2c-caddy-mux":                   {"ok", ""},
	"h2c-curl-prior":                  {"ok", "KA1081"},
	"h2c-curl-upgrade":                {"ok", ""},
	"h2c-go-midstream":                {"ok", ""},
	"h2c-go-mux":                      {"ok", ""},
	"h2c-haproxy":                     {"ok", ""},
	"h2c-java-upgrade":                {"ok", ""},
	"half-open":                       {"problem", "KA1024"},
	"healthy-mixed":                   {"ok", ""},
	"kill-client":                     {"ok", "KA1019"},
	"kill-server-busy":                {"problem", "KA1018 KA1027"},
	"kill-server":                     {"problem", "KA1018 KA1027"},
	"nginx-413":                       {"problem", "KA1035"},
	"nginx-keepalive-off":             {"problem", "KA1003"},
	"nginx-keepalive-on":              {"ok", ""},
	"nginx-keepalive-requests":        {"problem", "KA1006"},
	"nginx-keepalive-timeout":         {"problem", "KA1008"},
	"nginx-max-age":                   {"problem", "KA1007"},
	"nginx-proxy-http10":              {"problem", "KA1005"},
	"nginx-proxy-keepalive":           {"ok", ""},
	"node-400-after-close":            {"ok", ""},
	"node-400-431":                    {"ok", ""},
	"node-408-unasked":                {"problem", "KA1042"},
	"node-408-upload":                 {"problem", "KA1035"},
	"node-408":                        {"unknown", "KA1038 KA1044"},
	"node-5s":                         {"problem", "KA1008"},
	"node-keepalive":                  {"problem", "KA1008"},
	"node-raised":                     {"ok", ""},
	"not-http":                        {"unknown", ""},
	"pool-default":                    {"problem", "KA1011"},
	"pool-large":                      {"ok", ""},
	"pool-unread":                     {"problem", "KA1014"},
	"python-http10":                   {"problem", "KA1004"},
	"reset-linger":                    {"problem", "KA1041"},
	"syn-challenge":                   {"problem", "KA1031 KA1045"},
	"timing-tls":                      {"ok", ""},
	"timing":                          {"ok", ""},
	"tls-apache-idle-near":            {"ok", "KA1009"},
	"tls-curl-upload":                 {"ok", ""},
	"tls-curl12-each":                 {"problem", "KA1014 KA1061"},
	"tls-early-data":                  {"ok", "KA1014"},
	"tls-failed-alpn":                 {"problem", "KA1060"},
	"tls-failed-curl":                 {"problem", "KA1060"},
	"tls-failed-expired":              {"problem", "KA1060"},
	"tls-failed-name":                 {"unknown", "KA1044"},
	"tls-failed-no-certificate12":     {"problem", "KA1060"},
	"tls-failed-plain-client-node":    {"problem", "KA1016"},
	"tls-failed-plain-server":         {"problem", "KA1060"},
	"tls-failed-version":              {"problem", "KA1060"},
	"tls-go-certificate":              {"ok", ""},
	"tls-go-connect":                  {"ok", ""},
	"tls-go-h2-burst":                 {"unknown", ""},
	"tls-go-next-unread":              {"ok", ""},
	"tls-go-timeout":                  {"problem", "KA1017"},
	"tls-go12-resumed":                {"problem", "KA1014"},
	"tls-haproxy-h2-idle":             {"unknown", "KA1061"},
	"tls-java-client-h2":              {"unknown", ""},
	"tls-java12-client":               {"ok", ""},
	"tls-key-update":                  {"ok", ""},
	"tls-nginx-h2-idle-near":          {"unknown", "KA1061"},
	"tls-nginx-requests":              {"problem", "KA1006 KA1061"},
	"tls-nginx-retry":                 {"ok", ""},
	"tls-node-agent-idle":             {"ok", "KA1064"},
	"tls-node-http2":                  {"unknown", ""},
	"tls-node-next-fetch":             {"ok", "KA1064"},
	"tls-pipelined":                   {"ok", ""},
	"tls-python-close":                {"problem", "KA1040 KA1061"},
	"tls-python-session":              {"ok", ""},
	"tls-unused":                      {"ok", ""},
	"tls-websocket":                   {"unknown", ""},
	"tw-recycle-client":               {"problem", "KA1014 KA1030"},
	"tw-recycle-server":               {"problem", "KA1008 KA1030"},
	"zero-window":                     {"ok", "KA1037"},
}

// TestRecordingsAreJudged compares what the rules make of each recording.
func TestRecordingsAreJudged(t *testing.T) {
	names := captures(t, recordings)
	for _, name := range names {
		got := ask(t, reading(filepath.Join(recordings, name+".pcap")))
		rules := make([]string, len(got.Findings))
		for i := range got.Findings {
			rules[i] = got.Findings[i].Rule
		}
		slices.Sort(rules)
		if is := (judged{got.Verdict.Level, strings.Join(rules, " ")}); is != recorded[name] {
			t.Errorf("%s: got %v, want %v", name, is, recorded[name])
		}
	}
	if len(recorded) != len(names) {
		t.Errorf("got %d recordings in the table, want %d", len(recorded), len(names))
	}
}

// TestFailedCalls has calls of gRPC that failed in the verdict, though their connection is
// as good as any.
func TestFailedCalls(t *testing.T) {
	const want = "; 4 of 10 gRPC calls failed"
	if got := ask(t, reading(filepath.Join(recordings, "grpc-failed.pcap"))).Verdict; got.Level != "ok" || !strings.HasSuffix(got.Text, want) {
		t.Errorf("got %+v, want %q at its end", got, want)
	}
}
