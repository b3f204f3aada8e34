//go:build cgo && !nolibpcap

package bpf

import (
	"encoding/binary"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// ownExprs are for captures of any traffic; ADDRESS and PORT are of the capture.
var ownExprs = []string{
	"", "tcp", "ip", "ip6", "not tcp", "not ip", "tcp and ip6", "ip or ip6", "ip and ip6",
	"port PORT", "src port PORT", "dst port PORT", "src or dst port PORT", "src and dst port PORT", "tcp port PORT",
	"not port PORT", "port PORT or 80 or 443", "tcp port 80 or (443 or PORT)", "port (80 or PORT)", "tcp dst port not PORT",
	"portrange 1-1023", "portrange 1023-1", "portrange 80", "tcp src portrange 1024-65535", "not tcp portrange 1024-65535",
	"src portrange 80-PORT or dst port PORT", "port 0", "portrange 0-65535", "tcp and not port 80",
	"host 10.0.0.1", "not host 10.0.0.1", "host ADDRESS", "src ADDRESS", "dst host ADDRESS", "src or dst ADDRESS", "src and dst host ADDRESS", "not host ADDRESS",
	"host ADDRESS and port PORT", "host ADDRESS or port PORT", "not (host ADDRESS or port PORT)", "!host ADDRESS && !port PORT",
	"host ADDRESS and not 10.0.0.2 and tcp", "host 10.1", "host 10.0.0.1 or ::1 or ADDRESS",
	"net 10", "net 192.168", "src net 192.168.0.0/16", "dst net 0.0.0.0/1", "net 0.0.0.0/0", "not net 192.168.0.0/16", "ip net 10.0/8", "net 172.16.0.0/12 or 10.0/8", "net 10/8",
	"net ::/0", "net 2001::/16", "src net 2001:db8::/33", "ip6 net fe80::/10", "not net ::/64", "ip6 host ::1", "net 2001:db8::1",
	"tcp or vlan and tcp", "vlan", "not vlan", "vlan and tcp", "vlan 1 and port 80", "vlan and host ADDRESS", "tcp port 80 or (vlan and (tcp port PORT or ip6))",
	"vlan 4095 or port PORT", "vlan 0",
	"tcp port 80 or port 443 and host ADDRESS", "port 80 and port 443 or host ADDRESS", "(port 80)", "((tcp))", "not not tcp",
	"not (not (tcp port 80) or not (host ADDRESS))",
}

// TestOwnAsLibpcap holds each program of ours to libpcap's, over the captures of
// the tests and the corpus, whole and cut.
func TestOwnAsLibpcap(t *testing.T) {
	for _, pattern := range []string{"../../../testdata/*.pcap", "../../testdata/*.pcap*", "../decode/testdata/*.pcap*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			compareOwn(t, name, ownExprs)
		}
	}
	byLink := map[pcapfile.LinkType][]filetest.Recorded{}
	for i, e := range filetest.Encapsulations(t) {
		byLink[e.Link] = append(byLink[e.Link], filetest.Recorded{Num: uint64(i), Link: e.Link, Data: e.Frame, WireLen: uint32(len(e.Frame))})
	}
	compareLinks(t, "encapsulations", byLink, ownExprs)
	t.Run("corpus", func(t *testing.T) {
		for _, name := range filetest.Corpus(t) {
			compareOwn(t, name, ownExprs)
		}
	})
}

// compareOwn compares the verdicts on each frame of a capture, for each of its link types.
func compareOwn(t *testing.T, name string, exprs []string) {
	t.Helper()
	byLink := map[pcapfile.LinkType][]filetest.Recorded{}
	for _, fr := range filetest.ReadFrames(t, name) {
		byLink[fr.Link] = append(byLink[fr.Link], fr)
	}
	compareLinks(t, name, byLink, exprs)
}

func compareLinks(t *testing.T, name string, byLink map[pcapfile.LinkType][]filetest.Recorded, exprs []string) {
	t.Helper()
	for _, link := range slices.Sorted(maps.Keys(byLink)) {
		if _, known := layouts[link]; !known {
			t.Logf("%s: link type %v is left to libpcap", name, link)
			continue
		}
		address, port := endpoint(byLink[link])
		for _, expr := range exprs {
			expr = strings.NewReplacer("ADDRESS", address, "PORT", port).Replace(expr)
			compareExpr(t, name, expr, link, byLink[link])
		}
	}
}

// endpoint returns an address and a port that a frame has, or else others.
func endpoint(frames []filetest.Recorded) (address, port string) {
	for _, fr := range frames {
		l := layouts[fr.Link]
		if len(fr.Data) < int(l.packet)+44 {
			continue
		}
		switch packet := fr.Data[l.packet:]; packet[0] {
		case 0x45:
			return netip.AddrFrom4([4]byte(packet[12:16])).String(), strconv.Itoa(int(binary.BigEndian.Uint16(packet[20:])))
		case 0x60:
			return netip.AddrFrom16([16]byte(packet[24:40])).String(), strconv.Itoa(int(binary.BigEndian.Uint16(packet[42:])))
		}
	}
	return "192.0.2.1", "8080"
}

// compareExpr compares an expression's programs on frames, whole and cut.
func compareExpr(t *testing.T, name, expr string, link pcapfile.LinkType, frames []filetest.Recorded) {
	t.Helper()
	theirs, theirErr := Compile(expr, link, 0)
	if theirErr != nil && strings.Contains(theirErr.Error(), "expression rejects all packets") { // ours does so
		theirs, theirErr = newFilter([]instruction{{code: opReturnK}})
	}
	own, ownErr := compileOwn(expr, link)
	if ownErr != nil && theirErr == nil || ownErr == nil && theirErr != nil {
		t.Errorf("%s, %v, %q: got error %v, libpcap's is %v", name, link, expr, ownErr, theirErr)
	}
	if ownErr != nil || theirErr != nil {
		return
	}
	// Of several conditions libpcap's optimizer may test the second first.
	single := !strings.ContainsAny(strings.ReplaceAll(expr, "src or dst", ""), "&|(") && len(strings.Fields(expr)) < 5 && !strings.Contains(expr, "portrange")
	for i, fr := range frames {
		cuts := []int{len(fr.Data)}
		if i < 20 && single { // a cut frame is rejected where a load fails, whatever not says
			for cut := range min(len(fr.Data), 80) {
				cuts = append(cuts, cut)
			}
		}
		for _, cut := range cuts {
			if got, want := own.Match(fr.Data[:cut], fr.WireLen), theirs.Match(fr.Data[:cut], fr.WireLen); got != want {
				t.Errorf("%s, %v, %q: frame %d, %d bytes: got %v, libpcap says %v", name, link, expr, fr.Num, cut, got, want)
				return
			}
		}
	}
}

// TestOwnDrawn has expressions that nobody would write, of the parts that are understood.
func TestOwnDrawn(t *testing.T) {
	frames := filetest.ReadPcap(capturetest.Pcap(t, strings.ReplaceAll(filteredScript, "IFACE", "")))
	primitives := []string{
		"tcp", "ip", "ip6", "port 80", "tcp port 443", "src port 50000", "dst portrange 80-443", "host 203.0.113.1", "src host 2001:db8::1",
		"net 203.0.113.0/24", "dst net 2001:db8::/32", "host 203.0.113.1 or 203.0.113.2", "port (80 or not 443)",
	}
	var draw func(t *rapid.T, depth int) string
	draw = func(t *rapid.T, depth int) string {
		switch n := rapid.IntRange(0, 4).Draw(t, "kind"); {
		case depth == 0 || n < 2:
			return rapid.SampledFrom(primitives).Draw(t, "primitive")
		case n == 2:
			return "not (" + draw(t, depth-1) + ")"
		case n == 3:
			return "(" + draw(t, depth-1) + ") and " + draw(t, depth-1)
		default:
			return draw(t, depth-1) + " or (" + draw(t, depth-1) + ")"
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		compareExpr(t, "drawn", draw(rt, 4), pcapfile.LinkEthernet, frames)
		if t.Failed() {
			rt.FailNow()
		}
	})
}

func BenchmarkOwnFilter(b *testing.B) {
	fr := filetest.ReadPcap(capturetest.Pcap(b, "conn 80\n0 < . tsval 1 tsecr 2"))[0]
	f, err := compileOwn("tcp port 80", fr.Link)
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
