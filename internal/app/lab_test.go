package app

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// answer is what the tests of truths look at in a JSON report.
type answer struct {
	Verdict  struct{ Level, Text string }
	Findings []struct {
		Rule, Severity, Fix, Note string
		Alternatives              []string
	}
	Capture struct{ Packets int64 }
	Totals  struct {
		Connections int64
		SYN         int64
		SYNACK      int64 `json:"syn_ack"`
		FIN, RST    int64
		Midstream   int64
		Requests    int64
		Responses   int64
		Interim     int64 `json:"interim_responses"`
		Reused      int64 `json:"reused_requests"`
		GRPCFailed  int64 `json:"grpc_failed"`
		PerConn     struct {
			Max *int64
		} `json:"requests_per_connection"`
		Probes   int64
		TimeWait struct {
			Client, Server, Both int64
			AtEnd                int64 `json:"at_end"`
		} `json:"time_wait"`
	}
	Connections []connectionAnswer
	Exchanges   []exchangeAnswer
}

type connectionAnswer struct {
	ID             uint64
	Stream         *int64
	Start          time.Time
	Client, Server netip.AddrPort
	Requests       *int64
	Estimated      *int64 `json:"requests_estimated"`
	Probes         struct{ Client, Server probesAnswer }
	Handshake      struct{ State string }
	NotReused      struct{ Cause string } `json:"not_reused"`
	TLS            *agreed
	Close          struct {
		Kind     string
		FirstFIN *string `json:"first_fin"`
		TimeWait *string `json:"time_wait"`
	}
}

type probesAnswer struct {
	Sent, Answered int64
	Idle           *float64 `json:"idle_seconds"`
	Interval       *float64 `json:"interval_seconds"`
}

type exchangeAnswer struct {
	Connection uint64
	N          int
	Connect    *float64 `json:"connect_seconds"`
	Server     *float64 `json:"server_seconds"`
	Transfer   *float64 `json:"transfer_seconds"`
}

// ask analyses a capture and reads the JSON.
func ask(t *testing.T, c Config) *answer {
	t.Helper()
	return decode(t, succeedJSON(t, c))
}

// decode reads the JSON.
func decode(t *testing.T, report string) *answer {
	t.Helper()
	a := &answer{}
	if err := json.Unmarshal([]byte(report), a); err != nil {
		t.Fatal(err)
	}
	return a
}

// truth is what the lab's programs and ss said; see testdata/README.md.
type truth struct {
	ClientIP    string `json:"client_ip"`
	Server      string
	Requests    int64
	Reused      int64
	Connects    int64
	Refused     int64
	Unanswered  int64
	Connections []struct {
		ClientPort  int    `json:"client_port"`
		ClientIP    string `json:"client_ip"`
		Server      string
		Requests    int64
		GRPCFailed  int64  `json:"grpc_failed"`
		TimeWait    string `json:"time_wait"`
		ClientState string `json:"client_state"`
		ServerState string `json:"server_state"`
		TLS         *agreed
	}
	TLS, Healthy, Pipelined bool
	NotHTTP1                bool `json:"not_http1"`
	Causes                  map[string][2]int64
	CausesWithKeys          map[string][2]int64 `json:"causes_with_keys"`
	GRPCFailed              int64               `json:"grpc_failed"`
	TimeWaitClient          int64               `json:"time_wait_client"`
	TimeWaitServer          int64               `json:"time_wait_server"`
	Probes                  *probesTruth        `json:"probes"`
	ProbesServer            *probesTruth        `json:"probes_server"`
	Exchanges               []struct {
		ClientPort int `json:"client_port"`
		Reused     bool
		Connect    float64 `json:"connect_seconds"`
		TLS        float64 `json:"tls_seconds"`
		Server     float64 `json:"server_seconds"`
		Transfer   float64 `json:"transfer_seconds"`
	}
}

type probesTruth struct {
	Side     string
	Idle     float64 `json:"idle_seconds"`
	Interval float64 `json:"interval_seconds"`
	CountMin int64   `json:"count_min"`
}

// labFolder is where the recordings of the lab are.
func labFolder() string { return cmp.Or(os.Getenv("KAANALYZE_LAB"), recordings) }

// TestLab holds every recording of the lab to what its programs and ss said:
// those in testdata or, with KAANALYZE_LAB=DIR, in that folder.
func TestLab(t *testing.T) {
	folder := labFolder()
	for _, name := range captures(t, folder) {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(folder, name+".truth.json"))
			if err != nil {
				t.Fatal(err)
			}
			var want truth
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			got := ask(t, Config{Read: []string{filepath.Join(folder, name+".pcap")}, Exchanges: true})
			uncounted := want.TLS
			checkCauses(t, name, got, &want)
			checkTotals(t, got, &want, uncounted)
			checkConnections(t, got, &want, uncounted)
			checkProbes(t, got, "client", want.Probes)
			checkProbes(t, got, "server", want.ProbesServer)
			if !uncounted {
				checkExchanges(t, got, &want)
			}
			checkHealth(t, got, &want)
		})
	}
}

// checkCauses holds a truth to itself, as every connection has one cause, and
// the causes to the truth.
func checkCauses(t *testing.T, name string, got *answer, want *truth) {
	t.Helper()
	found := map[string]int64{}
	for _, c := range got.Connections {
		found[c.NotReused.Cause]++
	}
	for cause, n := range want.Causes {
		if found[cause] < n[0] || found[cause] > n[1] {
			t.Errorf("%s: got %d connections, want %d to %d", cause, found[cause], n[0], n[1])
		}
		delete(found, cause)
	}
	for cause, n := range found {
		t.Errorf("%s: got %d connections, want none", cause, n)
	}
	least, most := int64(0), int64(0)
	for _, n := range want.Causes {
		least += n[0]
		most += n[1]
	}
	if n := want.Connects + want.Refused + want.Unanswered; n < least || n > most {
		t.Errorf("the truth's causes: got %d to %d connections, want %d", least, most, n)
	}
}

// checkTotals compares the totals. Where a port was used again the closes are
// more than the entries that ss lists at the end.
func checkTotals(t *testing.T, got *answer, want *truth, uncounted bool) {
	client, server := int64(0), int64(0)
	for _, c := range want.Connections {
		switch c.TimeWait {
		case "client":
			client++
		case "server":
			server++
		case "both":
			client++
			server++
		}
	}
	tw := &got.Totals.TimeWait
	equal(t, "totals.time_wait at the client", tw.Client+tw.Both, client)
	equal(t, "totals.time_wait at the server", tw.Server+tw.Both, server)
	equal(t, "totals.time_wait.at_end", tw.AtEnd, want.TimeWaitClient+want.TimeWaitServer)
	equal(t, "totals.connections", got.Totals.Connections, want.Connects+want.Refused+want.Unanswered)
	if !uncounted && !want.NotHTTP1 {
		equal(t, "totals.requests", got.Totals.Requests, want.Requests)
		equal(t, "totals.reused_requests", got.Totals.Reused, want.Reused)
		equal(t, "totals.grpc_failed", got.Totals.GRPCFailed, want.GRPCFailed)
	}
}

func checkConnections(t *testing.T, got *answer, want *truth, uncounted bool) {
	// A port that was used again has several connections, in order of time.
	byClient := map[string][]*connectionAnswer{}
	for i := range got.Connections {
		client := got.Connections[i].Client.String()
		byClient[client] = append(byClient[client], &got.Connections[i])
	}
	for _, w := range want.Connections {
		ip, server := w.ClientIP, w.Server
		if ip == "" {
			ip = want.ClientIP
		}
		if server == "" {
			server = want.Server
		}
		client := fmt.Sprintf("%s:%d", ip, w.ClientPort)
		if len(byClient[client]) == 0 {
			t.Errorf("%s: got no such connection", client)
			continue
		}
		c := byClient[client][0]
		byClient[client] = byClient[client][1:]
		equal(t, client+": server", c.Server.String(), server)
		switch {
		case want.NotHTTP1 && !want.TLS: // what its programs said was in a tunnel
		case !uncounted && c.Requests == nil:
			t.Errorf("%s: requests: got null, want %d", client, w.Requests)
		case !uncounted:
			equal(t, client+": requests", *c.Requests, w.Requests)
		case c.Requests != nil:
			t.Errorf("%s: requests: got %d of a connection whose requests are not counted, want null", client, *c.Requests)
		}
		checkTimeWait(t, client, c, w.TimeWait)
		if want.TLS {
			checkAgreed(t, client, c.TLS, w.TLS)
			checkEstimate(t, client, c, w.Requests, w.TLS, want)
		}
	}
}

// checkTimeWait compares a holder with ss's. Where ss had none the connection
// was still open or never opened (null), half-closed (pending), or an RST had
// ended it (none).
func checkTimeWait(t *testing.T, what string, c *connectionAnswer, want string) {
	t.Helper()
	got := word(c.Close.TimeWait)
	if want == "none" && (got == "pending" || got == "null") {
		switch c.Close.Kind {
		case "open", "half_closed", "silent":
			return
		case "reset":
			if s := c.Handshake.State; s != "complete" && s != "midstream" {
				return
			}
		}
	}
	equal(t, what+": time_wait ("+c.Close.Kind+")", got, want)
}

// checkProbes holds the probes of one side to the program's settings. At least
// one connection must show them, and none may show others.
func checkProbes(t *testing.T, got *answer, side string, want *probesTruth) {
	most := int64(0)
	for i := range got.Connections {
		c := &got.Connections[i]
		p := &c.Probes.Client
		if side == "server" {
			p = &c.Probes.Server
		}
		if want == nil {
			continue
		}
		most = max(most, p.Sent)
		near(t, fmt.Sprintf("connection %d: %s probes: idle_seconds", c.ID, side), p.Idle, want.Idle)
		near(t, fmt.Sprintf("connection %d: %s probes: interval_seconds", c.ID, side), p.Interval, want.Interval)
	}
	if want != nil && most < want.CountMin {
		t.Errorf("%s probes: got at most %d on a connection, want %d", side, most, want.CountMin)
	}
}

// near compares a time of probes, if there is one: kernels are not exact.
func near(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got != nil && math.Abs(*got-want) > 0.05*want+0.05 {
		t.Errorf("%s: got %g, want about %g", what, *got, want)
	}
}

// checkExchanges compares times with the client's own. It measures in user
// space, a little later than the packets.
func checkExchanges(t *testing.T, got *answer, want *truth) {
	ports := map[uint64]int{}
	for _, c := range got.Connections {
		ports[c.ID] = int(c.Client.Port())
	}
	byPort := map[int][]exchangeAnswer{}
	for _, x := range got.Exchanges {
		byPort[ports[x.Connection]] = append(byPort[ports[x.Connection]], x)
	}
	for _, w := range want.Exchanges {
		list := byPort[w.ClientPort]
		if len(list) == 0 {
			t.Errorf("port %d: got too few exchanges", w.ClientPort)
			continue
		}
		x := list[0]
		byPort[w.ClientPort] = list[1:]
		what := fmt.Sprintf("port %d, exchange %d: ", w.ClientPort, x.N)
		within(t, what+"connect_seconds", x.Connect, w.Connect)
		within(t, what+"server_seconds", x.Server, w.Server)
		within(t, what+"transfer_seconds", x.Transfer, w.Transfer)
		if w.Reused && (x.Connect == nil || *x.Connect != 0) {
			t.Errorf("%sconnect_seconds: got %s on reuse, want 0", what, seconds(x.Connect))
		}
	}
}

func within(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	const few = 0.003
	if got == nil || math.Abs(*got-want) > few {
		t.Errorf("%s: got %s, want %g within %g", what, seconds(got), want, few)
	}
}

// TestFixtures holds the other recordings to testdata/fixtures/truth.tsv.
func TestFixtures(t *testing.T) {
	for file, rows := range fixtures(t) {
		t.Run(file, func(t *testing.T) {
			got := ask(t, reading(filepath.Join(recordings, "fixtures", file)))
			equal(t, "connections", len(got.Connections), len(rows))
			byStream := map[int64]*connectionAnswer{}
			for i := range got.Connections {
				if s := got.Connections[i].Stream; s != nil {
					byStream[*s] = &got.Connections[i]
				}
			}
			for _, row := range rows {
				stream, err := strconv.ParseInt(row["stream"], 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				c := byStream[stream]
				if c == nil {
					t.Errorf("stream %d: got no such connection", stream)
					continue
				}
				checkFixture(t, fmt.Sprintf("stream %d", stream), c, row)
			}
		})
	}
}

func checkFixture(t *testing.T, what string, c *connectionAnswer, row map[string]string) {
	t.Helper()
	equal(t, what+": client", c.Client.String(), row["client"])
	equal(t, what+": server", c.Server.String(), row["server"])
	firstFIN := row["first_fin"]
	if firstFIN == "-" {
		firstFIN = "null"
	}
	equal(t, what+": first_fin", word(c.Close.FirstFIN), firstFIN)
	checkTimeWait(t, what, c, row["time_wait"])
	if n := row["requests"]; n != "?" {
		got := "null"
		if c.Requests != nil {
			got = strconv.FormatInt(*c.Requests, 10)
		}
		equal(t, what+": requests", got, n)
	}
}

// fixtures returns the rows of truth.tsv by file, each by column.
func fixtures(t *testing.T) map[string][]map[string]string {
	t.Helper()
	byFile := map[string][]map[string]string{}
	for _, row := range readTSV(t, filepath.Join(recordings, "fixtures", "truth.tsv")) {
		byFile[row["file"]] = append(byFile[row["file"]], row)
	}
	return byFile
}

// readTSV returns the rows of a table, each by column.
func readTSV(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, v := range line {
			row[lines[0][i]] = v
		}
		rows = append(rows, row)
	}
	return rows
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// word returns a word of the JSON, "null" if it is null.
func word(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

func seconds(f *float64) string {
	if f == nil {
		return "null"
	}
	return strconv.FormatFloat(*f, 'g', -1, 64)
}
