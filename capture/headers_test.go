package capture

import (
	"bytes"
	"context"
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
	"github.com/kaanalyze/kaanalyze/flows"
)

// headersOf returns what Headers says of the last segment of some frames.
func headersOf(t *testing.T, link pcapfile.LinkType, frames ...[]byte) (ip, tcp []byte) {
	t.Helper()
	file := bytes.NewBuffer(pcapfile.FileHeader(link, pcapfile.MaxSnapLen))
	w := &Writer{w: file}
	for i, f := range frames {
		if err := w.Write(int64(i)*1e3, f, len(f)); err != nil {
			t.Fatal(err)
		}
	}
	src, err := OpenFiles([]string{"-"}, Options{Stdin: file, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	err = src.Run(context.Background(), func(segs []flows.Segment) error {
		ip, tcp = src.Headers(&segs[len(segs)-1])
		ip, tcp = bytes.Clone(ip), bytes.Clone(tcp)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ip, tcp
}

// The headers of a segment are the same whatever carried it.
func TestHeaders(t *testing.T) {
	for _, e := range filetest.Encapsulations(t) {
		t.Run(e.Name, func(t *testing.T) {
			ip, tcp := headersOf(t, e.Link, e.Frame)
			packet, size := filetest.IPOf(t, filetest.ScriptIPv4), 20
			if ip[0]>>4 == 6 {
				packet, size = filetest.IPOf(t, filetest.ScriptIPv6), 40
			}
			checkHeaders(t, ip, tcp, packet, size)
		})
	}
}

func TestHeadersOfFragments(t *testing.T) {
	v4, v6 := filetest.IPOf(t, filetest.ScriptIPv4), filetest.IPOf(t, filetest.ScriptIPv6)
	ip, tcp := headersOf(t, pcapfile.LinkRaw, filetest.CutUp(v4, 24)...)
	checkHeaders(t, ip, tcp, v4, 20)
	ip, tcp = headersOf(t, pcapfile.LinkRaw, filetest.CutUp6(v6, 24)...)
	checkHeaders(t, ip, tcp, v6, 40)
}

// checkHeaders compares headers with those of a packet, but for what its carrier
// changes: lengths, fragments, the next header and checksums.
func checkHeaders(t *testing.T, ip, tcp, packet []byte, size int) {
	t.Helper()
	if len(ip) != size {
		t.Fatalf("the IP header has %d bytes, want %d", len(ip), size)
	}
	addresses := size - 8
	if size == 40 {
		addresses = 8
	}
	if !bytes.Equal(ip[addresses:], packet[addresses:size]) {
		t.Errorf("the IP header is % x, want % x", ip, packet[:size])
	}
	if want := packet[size : size+int(packet[size+12]>>4)*4]; !bytes.Equal(tcp, want) {
		t.Errorf("the TCP header is % x, want % x", tcp, want)
	}
}
