//go:build cgo && !nolibpcap

package bpf

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket/pcap"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

const filteredScript = `
	0 > S  mss 1460 IFACE
	1 > P. "GET / HTTP/1.1\r\n\r\n" tsval 1 tsecr 2 IFACE
	conn 50000
	server 203.0.113.1:443
	2 > P. 1:1001(1000) "hello" IFACE
	3 < R IFACE
	conn 50001
	client 2001:db8::1
	server [2001:db8::2]:80
	4 > P. "hello" IFACE`

func TestFilter(t *testing.T) {
	ethernet := filetest.ReadPcap(capturetest.Pcap(t, strings.ReplaceAll(filteredScript, "IFACE", "")))
	cooked := filetest.ReadPcap(capturetest.Pcap(t, strings.ReplaceAll(filteredScript, "IFACE", "iface 1")))
	if cooked[0].Link != pcapfile.LinkSLL2 {
		t.Fatalf("link type is %v, want %v", cooked[0].Link, pcapfile.LinkSLL2)
	}
	for _, test := range []struct {
		expr string
		want string // the packets that match
	}{
		{"", "12345"},
		{"tcp", "12345"},
		{"udp", ""},
		{"port 80", "125"},
		{"src port 80", ""},
		{"host 203.0.113.1", "34"},
		{"dst net 203.0.113.0/24 and tcp[tcpflags] & tcp-push != 0", "3"},
		{"ip6", "5"},
		{"ip6 host 2001:db8::2", "5"},
		{"not port 80", "34"},
		{"tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420", "2"}, // "GET "
		{"len > 500", "3"},
		{"ip[2:2] % 10 = 0", "234"},
		{"portrange 50000-50001", "345"},
	} {
		for _, frames := range [][]filetest.Recorded{ethernet, cooked} {
			f, err := Compile(test.expr, frames[0].Link, 0)
			if err != nil {
				t.Fatalf("%q: %v", test.expr, err)
			}
			got := ""
			for i, fr := range frames {
				if f.Match(fr.Data, fr.WireLen) {
					got += string(rune('1' + i))
				}
			}
			if got != test.want {
				t.Errorf("%v, %q: matches packets %q, want %q", frames[0].Link, test.expr, got, test.want)
			}
		}
	}
}

func TestFilterErrors(t *testing.T) {
	_, err := Compile("tcp prt 80", pcapfile.LinkEthernet, 0)
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || !strings.Contains(syntax.Reason, "syntax error") || err.Error() != syntax.Reason {
		t.Errorf("got error %#v, want a *SyntaxError", err)
	}
	if _, err := Compile("tcp", 299, 0); err == nil {
		t.Error("a filter compiles for a link type that libpcap does not know")
	}
}

// TestSetFilter has libpcap filter a file as it does an interface.
func TestSetFilter(t *testing.T) {
	name := filetest.Save(t, capturetest.Pcap(t, strings.ReplaceAll(filteredScript, "IFACE", "")))[0]
	handle, err := pcap.OpenOffline(name)
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	var syntax *SyntaxError
	if err := SetFilter(handle, "tcp prt 80"); !errors.As(err, &syntax) || !strings.Contains(syntax.Reason, "syntax error") {
		t.Errorf("got error %#v, want a *SyntaxError", err)
	}
	if err := SetFilter(handle, "port 443"); err != nil {
		t.Fatal(err)
	}
	packets := 0
	for _, _, err := handle.ReadPacketData(); err == nil; _, _, err = handle.ReadPacketData() {
		packets++
	}
	if packets != 2 {
		t.Errorf("got %d packets, want 2", packets)
	}
}

// TestFilterAsLibpcap lets libpcap filter the corpus, too.
func TestFilterAsLibpcap(t *testing.T) {
	exprs := []string{
		"tcp port 80", "vlan and tcp", "ip6 and tcp", "tcp[13] & 7 != 0", "greater 100", "ip[0] & 0xf != 5",
		"ip6 protochain 6", "mpls", "pppoes and tcp", "ether[0] & 1 = 0", "inbound",
	}
	for _, name := range filetest.Corpus(t) {
		if filepath.Ext(name) == ".pcapng" {
			continue // libpcap ends where the link type changes
		}
		frames := filetest.ReadFrames(t, name)
		for _, expr := range exprs {
			handle, err := pcap.OpenOffline(name)
			if err != nil || len(frames) == 0 {
				break
			}
			f, ours := Compile(expr, frames[0].Link, 0)
			if theirs := handle.SetBPFFilter(expr); (ours == nil) != (theirs == nil) {
				t.Errorf("%s, %q: got error %v, libpcap's is %v", name, expr, ours, theirs)
			}
			if ours == nil {
				compareMatches(t, name+", "+expr, f, frames, handle)
			}
			handle.Close()
		}
	}
}

// compareMatches wants f to choose the frames that handle does.
func compareMatches(t *testing.T, name string, f *Filter, frames []filetest.Recorded, handle *pcap.Handle) {
	t.Helper()
	for _, fr := range frames {
		if !f.Match(fr.Data, fr.WireLen) {
			continue
		}
		data, _, err := handle.ReadPacketData()
		if err != nil {
			t.Errorf("%s: frame %d matches, libpcap has no more: %v", name, fr.Num, err)
			return
		}
		if !bytes.Equal(data, fr.Data) {
			t.Errorf("%s: frame %d matches, libpcap has another one", name, fr.Num)
			return
		}
	}
	if _, _, err := handle.ReadPacketData(); err == nil {
		t.Errorf("%s: libpcap has a frame more", name)
	}
}

func BenchmarkFilter(b *testing.B) {
	fr := filetest.ReadPcap(capturetest.Pcap(b, "conn 80\n0 < . tsval 1 tsecr 2"))[0]
	f, err := Compile("tcp port 80", fr.Link, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !f.Match(fr.Data, fr.WireLen) {
			b.Fatal("the filter does not match")
		}
	}
}
