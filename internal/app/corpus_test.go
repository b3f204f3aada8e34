package app

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
)

// A difference is one that is known: what we count in a capture of the corpus,
// what tshark counts, and why.
type difference struct {
	file, column string
	ours, theirs int64
	why          string // with packet numbers
}

// differences are all that are known. One that is not here fails the test, and
// so does one that is here and is no more.
var differences = []difference{
	{"PcapPlusPlus__many-protocols.pcap", "http_resp", 155, 153,
		"the responses that begin in frames 2597 (its end, 2599, comes behind the FIN in 2598) and 2933 (3012 and 3014 come late) have segments out of order, which tshark does not put together by default"},
	{"zeek__docker-http-upgrade.pcap", "ka_idle1s", 6, 4,
		"frames 113 and 114 are the client's own probes, 0.77 s and 0.13 s after the server's: the column asks for 1 s after any frame, the definition for 0.9 s after one that is neither a probe nor its answer"},
	{"zeek__vlan-collisions.pcap", "syn", 1, 3, "each packet was captured three times, on other VLANs: copies count as packets only"},
	{"zeek__vlan-collisions.pcap", "synack", 1, 3, "as syn"},
	{"zeek__vlan-collisions.pcap", "fin", 2, 6, "as syn"},
	{"PcapPlusPlus__tcp-reassembly.pcap", "tcp_streams", 1, 2, "tshark's stream 1 is a TCP header quoted in the sFlow sample of frame 66, not a packet of this capture"},
	{"PcapPlusPlus__tcp-reassembly.pcap", "mid_stream", 0, 1, "as tcp_streams"},
	{"suricata-verify__http2-range.pcap", "http_resp", 8, 5, "the column counts HTTP/1; tshark shows three responses of HTTP/2, in frames 23, 65 and 109"},
	{"suricata-verify__app-layer-protocol-exact_input.pcap", "http_req", 4, 0, "the column counts HTTP/1; tshark shows these four in HTTP/2, in frames 4 (two), 13 and 14"},
	{"suricata-verify__app-layer-protocol-exact_input.pcap", "http_resp", 3, 0, "as http_req; a fourth answers a stream that the client had cancelled"},
	{"suricata-verify__app-layer-protocol-exact_input.pcap", "max_req_per_stream", 4, 0, "as http_req"},
	{"suricata-verify__http-gap-simple_input.pcap", "http_resp", 3, 2, "the response in frame 13 has a whole head; 14 bytes of its body are missing before frame 18, and tshark then does not show it"},
	{"zeek__nflog-http.pcap", "syn", 1, 3, "frames 1 to 3 are one packet (IP id 0xe8ef) logged three times at one instant: copies count as packets only"},
	{"PcapPlusPlus__raw_ip.pcap", "http_resp", 7, 6, "the response in frame 49 has a whole head; the capture ends within its body, and tshark then does not show it"},
	{"PcapPlusPlus__pcapng-example.pcapng", "http_resp", 0, 1, "the head in frame 139 is cut by the snap length (128 of 1,296 bytes): a message counts when its head is whole"},
	{"ipfixprobe__tls.pcap", "syn", 6, 12, "frames 84 to 89 are frames 1 to 6 again, with the same times and IP ids: copies count as packets only"},
	{"ipfixprobe__tls.pcap", "synack", 6, 12, "as syn: frames 91 and on are copies of frames 7 and on"},
}

// columns are what is compared: a column of truth.tsv and where ours is.
var columns = []struct {
	name string
	ours func(*answer) int64
}{
	{"tcp_streams", func(a *answer) int64 { return a.Totals.Connections }},
	{"syn", func(a *answer) int64 { return a.Totals.SYN }},
	{"synack", func(a *answer) int64 { return a.Totals.SYNACK }},
	{"fin", func(a *answer) int64 { return a.Totals.FIN }},
	{"rst", func(a *answer) int64 { return a.Totals.RST }},
	{"mid_stream", func(a *answer) int64 { return a.Totals.Midstream }},
	{"ka_idle1s", func(a *answer) int64 { return a.Totals.Probes }},
	{"http_req", func(a *answer) int64 { return a.Totals.Requests }},
	{"http_resp", func(a *answer) int64 { return a.Totals.Responses + a.Totals.Interim }},
	{"max_req_per_stream", func(a *answer) int64 {
		if a.Totals.PerConn.Max == nil {
			return 0
		}
		return *a.Totals.PerConn.Max
	}},
}

// corpusRows returns the rows of the corpus's truth.tsv and its folder, which
// KAANALYZE_CORPUS names.
func corpusRows(t *testing.T) (folder string, rows []map[string]string) {
	t.Helper()
	folder = os.Getenv("KAANALYZE_CORPUS")
	if folder == "" {
		t.Skip("KAANALYZE_CORPUS is not set")
	}
	return folder, readTSV(t, filepath.Join(folder, "truth.tsv"))
}

// TestCorpusCounts compares with the counts that tshark made of a folder of
// captures.
func TestCorpusCounts(t *testing.T) {
	folder, rows := corpusRows(t)
	known := map[string]difference{}
	for _, d := range differences {
		known[d.file+" "+d.column] = d
	}
	agree := make([]int, len(columns))
	for _, row := range rows {
		file := row["file"]
		code, stdout, stderr := command(Config{Read: []string{filepath.Join(folder, file)}, JSON: true})
		if code != ExitOK {
			t.Errorf("%s: got exit code %d: %s", file, code, stderr)
			continue
		}
		got := decode(t, stdout)
		for i, c := range columns {
			theirs, err := strconv.ParseInt(row[c.name], 10, 64)
			if err != nil {
				t.Fatalf("%s: %s: %v", file, c.name, err)
			}
			ours, key := c.ours(got), file+" "+c.name
			d, ok := known[key]
			delete(known, key)
			switch {
			case ok && (d.ours != ours || d.theirs != theirs):
				t.Errorf("%s: %s: got %d, tshark %d; known is %d, %d", file, c.name, ours, theirs, d.ours, d.theirs)
			case !ok && ours != theirs:
				t.Errorf("%s: %s: got %d, tshark counts %d", file, c.name, ours, theirs)
			case ours == theirs:
				agree[i]++
			}
		}
	}
	for key := range known {
		t.Errorf("%s: a difference is known, but was not met", key)
	}
	printAgreement(t, len(rows), agree)
}

func printAgreement(t *testing.T, files int, agree []int) {
	w := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "column\tagrees\tof\n")
	for i, c := range columns {
		fmt.Fprintf(w, "%s\t%d\t%d\n", c.name, agree[i], files)
	}
	for _, d := range differences {
		fmt.Fprintf(w, "%s\t%s\tours %d\ttshark's %d\t%s\n", d.file, d.column, d.ours, d.theirs, d.why)
	}
	w.Flush()
}

// TestCorpusStreams compares the numbers of the connections with those that
// tshark, if it is here, gives them: the ports of the first packet of each.
func TestCorpusStreams(t *testing.T) {
	folder, rows := corpusRows(t)
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	for _, row := range rows {
		file := filepath.Join(folder, row["file"])
		code, stdout, stderr := command(Config{Read: []string{file}, JSON: true})
		if code != ExitOK {
			t.Errorf("%s: got exit code %d: %s", row["file"], code, stderr)
			continue
		}
		got := map[int64]beginning{}
		for _, c := range decode(t, stdout).Connections {
			if c.Stream == nil {
				t.Errorf("%s: connection %d: got no stream number", row["file"], c.ID)
				continue
			}
			if other, ok := got[*c.Stream]; ok {
				t.Errorf("%s: stream %d: got it of connections at %d and %d", row["file"], *c.Stream, other.at, c.Start.UnixNano())
			}
			got[*c.Stream] = begin(int(c.Client.Port()), int(c.Server.Port()), c.Start.UnixNano())
		}
		want := streams(t, tshark, file)
		for stream := range int64(len(want)) {
			if want[stream].at == notComparable {
				got[stream] = begin(got[stream].low, got[stream].high, notComparable)
			}
			if got[stream] != want[stream] {
				t.Errorf("%s: stream %d: got %+v, tshark has %+v", row["file"], stream, got[stream], want[stream])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: got %d streams, tshark has %d", row["file"], len(got), len(want))
		}
	}
}

// beginning is what tells a stream: its ports and when its first packet came.
type beginning struct {
	low, high int
	at        int64 // nanoseconds since the epoch
}

// notComparable stands for a time that cannot be right: it counts as that of the packet
// before.
const notComparable = -1

func begin(a, b int, at int64) beginning { return beginning{min(a, b), max(a, b), at} }

// streams returns the beginning of every stream, as tshark numbers them.
func streams(t *testing.T, tshark, file string) map[int64]beginning {
	t.Helper()
	out, err := exec.Command(tshark, "-r", file, "-Y", "tcp && !icmp && !icmpv6 && !sflow", "-T", "fields", "-E", "occurrence=f",
		"-e", "tcp.stream", "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "frame.time_epoch").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[int64]beginning{}
	for line := range strings.Lines(string(out)) {
		var stream, second, nanos int64
		var src, dst int
		if _, err := fmt.Sscanf(line, "%d %d %d %d.%d", &stream, &src, &dst, &second, &nanos); err != nil {
			t.Fatalf("%s: the line %q of tshark: %v", file, line, err)
		}
		if _, ok := found[stream]; !ok {
			at := second*1e9 + nanos
			if at < 0 {
				at = notComparable
			}
			found[stream] = begin(src, dst, at)
		}
	}
	return found
}
