package app

import (
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// withAnswers returns a recording with answers of DNS in front, each a name and the address
// that it has.
func withAnswers(t *testing.T, recording string, answers ...[2]string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(recordings, recording))
	if err != nil {
		t.Fatal(err)
	}
	p := readPackets(t, data)
	var all [][]byte
	for _, a := range answers {
		name := dnsmessage.MustNewName(a[0] + ".")
		message := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: 1, Response: true},
			Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
			Answers: []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 60},
				Body:   &dnsmessage.AResource{A: netip.MustParseAddr(a[1]).As4()},
			}},
		}
		text, err := message.Pack()
		if err != nil {
			t.Fatal(err)
		}
		frame := append([]byte("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00"), 0x45, 0)
		frame = binary.BigEndian.AppendUint16(frame, uint16(28+len(text)))
		frame = append(frame, 0, 1, 0, 0, 64, 17, 0, 0, 10, 20, 0, 53, 10, 20, 0, 1)
		frame = append(frame, 0, 53, 0x9c, 0x40)
		frame = binary.BigEndian.AppendUint16(frame, uint16(8+len(text)))
		frame = append(append(frame, 0, 0), text...)
		record := append([]byte(nil), p.records[0][:8]...) // at the time of the first packet
		record = binary.LittleEndian.AppendUint32(record, uint32(len(frame)))
		record = binary.LittleEndian.AppendUint32(record, uint32(len(frame)))
		all = append(all, append(record, frame...))
	}
	return save(t, p.of(append(all, p.records...)))
}

// TestResolve tells names beside addresses where that is asked for, in each format, and not
// otherwise.
func TestResolve(t *testing.T) {
	file := withAnswers(t, "demo.pcap", [2]string{"old.example.com", "10.20.0.2"}, [2]string{"API.example.com", "10.20.0.2"}, [2]string{"<b>bad</b>.example.com", "10.20.0.1"})
	c := reading(file)
	c.Resolve = true
	dir := t.TempDir()
	for _, ending := range []string{"md", "html", "json", "ndjson", "csv"} {
		c.Output = append(c.Output, filepath.Join(dir, "report."+ending))
	}
	code, text, stderr := command(c)
	if code != ExitOK || stderr != "" {
		t.Fatalf("got exit code %d, %s", code, stderr)
	}
	for _, want := range []string{"10.20.0.2:8081 (api.example.com) ", "10.20.0.1 -> 10.20.0.2:8081 (api.example.com)", "\n  10.20.0.2  api.example.com  DNS", "also old.example.com"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, want := range map[string]string{
		"report.md": "10.20.0.2:8081 (api.example.com)", "report.html": "10.20.0.2:8081 (api.example.com)",
		"report.json":   "\n\"names\":[{\"address\":\"10.20.0.2\",\"dns\":[\"api.example.com\",\"old.example.com\"],\"hosts\":null}]",
		"report.ndjson": `"names":[{"address":"10.20.0.2","dns":["api.example.com","old.example.com"],"hosts":null}]`,
	} {
		if got := read(name); !strings.Contains(got, want) || strings.Contains(got, "/b&gt;.example") || strings.Contains(got, "</b>.example") {
			t.Errorf("%s lacks %q, or has a name that is none", name, want)
		}
	}
	if strings.Contains(read("report.csv"), "example") || strings.Contains(text, "</b>.example") {
		t.Error("CSV has names, or the text one that is none")
	}
	c = reading(file)
	if _, text, _ := command(c); strings.Contains(text, "example.com") || strings.Contains(text, "\nNAMES\n") {
		t.Errorf("names are told that nobody asked for:\n%s", text)
	}
	c.Resolve, c.Words = true, []string{"tcp"}
	if _, text, _ := command(c); strings.Contains(text, "example.com") || !strings.Contains(text, "leaves them out") {
		t.Errorf("a filter without DNS is not told of:\n%s", text)
	}
}

// TestResolveAsTshark compares the names of DNS with those in tshark's fields of the same
// answers, in the captures of the folder in KAANALYZE_DNS, else in a made one.
func TestResolveAsTshark(t *testing.T) {
	if os.Getenv("KAANALYZE_TSHARK") == "" {
		t.Skip("KAANALYZE_TSHARK is not set")
	}
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	files := []string{withAnswers(t, "demo.pcap", [2]string{"b.example.com", "10.20.0.2"}, [2]string{"a.example.com", "10.20.0.2"}, [2]string{"c.example.com", "10.20.0.3"})}
	if dir := os.Getenv("KAANALYZE_DNS"); dir != "" {
		if files, err = filepath.Glob(filepath.Join(dir, "*.pcap")); err != nil {
			t.Fatal(err)
		}
	}
	compared := 0
	for _, file := range files {
		out, err := exec.Command(tshark, "-r", file, "-Y", "dns.flags.response eq 1 and udp.srcport eq 53 and dns.flags.rcode eq 0", "-T", "fields", "-E", "aggregator=,",
			"-e", "dns.qry.name", "-e", "dns.a", "-e", "dns.aaaa").Output()
		if err != nil {
			t.Fatal(err)
		}
		last := map[string]string{}
		for line := range strings.Lines(string(out)) {
			f := strings.Split(strings.TrimRight(line, "\n"), "\t")
			for _, addr := range strings.Split(f[1]+","+f[2], ",") {
				last[addr] = strings.ToLower(f[0])
			}
		}
		c := reading(file)
		c.Resolve = true
		var got struct {
			Names []struct {
				Address string
				DNS     []string
			}
		}
		if err := json.Unmarshal([]byte(succeedJSON(t, c)), &got); err != nil {
			t.Fatal(err)
		}
		for _, n := range got.Names {
			if len(n.DNS) == 0 {
				continue
			}
			if compared++; n.DNS[0] != last[n.Address] {
				t.Errorf("%s: %s: got %s, tshark has %s", file, n.Address, n.DNS, last[n.Address])
			}
		}
	}
	if compared < 2 {
		t.Errorf("%d names compared", compared)
	}
}
