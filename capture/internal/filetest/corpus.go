package filetest

import (
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// Recorded is a frame of a capture file, read by other means than package capture's.
type Recorded struct {
	Num     uint64
	Time    int64
	Link    pcapfile.LinkType
	Iface   uint32
	Data    []byte
	WireLen uint32
}

// Corpus returns the captures in the folder that KAANALYZE_CORPUS names; the
// test is skipped without.
func Corpus(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("KAANALYZE_CORPUS")
	if dir == "" {
		t.Skip("KAANALYZE_CORPUS names no folder with captures")
	}
	var names []string
	for _, pattern := range []string{"*.pcap", "*.pcapng"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	if len(names) == 0 {
		t.Fatalf("no captures in %s", dir)
	}
	return names
}

// ReadFrames reads a capture up to its end, or its damage.
func ReadFrames(t *testing.T, name string) []Recorded {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) >= 4 && binary.LittleEndian.Uint32(b) == 0x0a0d0d0a {
		return readPcapng(t, b)
	}
	return ReadPcap(b)
}

// ReadPcap reads a pcap file up to its end, or its damage.
func ReadPcap(b []byte) []Recorded {
	var order binary.ByteOrder = binary.LittleEndian
	unit, head := int64(1000), 16
	switch binary.LittleEndian.Uint32(b) {
	case 0xd4c3b2a1:
		order = binary.BigEndian
	case 0x4d3cb2a1:
		order, unit = binary.BigEndian, 1
	case 0xa1b23c4d:
		unit = 1
	case 0xa1b2cd34:
		head = 24
	}
	link := pcapfile.LinkType(order.Uint32(b[20:]) & 0xffff)
	b = b[24:]
	var frames []Recorded
	for len(b) >= head {
		n := int(order.Uint32(b[8:]))
		if n > len(b)-head {
			break
		}
		frames = append(frames, Recorded{
			Num:  uint64(len(frames) + 1),
			Time: int64(order.Uint32(b))*1e9 + int64(order.Uint32(b[4:]))*unit,
			Link: link, Data: b[head:][:n:n], WireLen: order.Uint32(b[12:]),
		})
		b = b[head+n:]
	}
	return frames
}

func readPcapng(t *testing.T, b []byte) []Recorded {
	t.Helper()
	r, err := pcapgo.NewNgReader(strings.NewReader(string(b)), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Logf("read pcapng: %v", err)
		return nil
	}
	var frames []Recorded
	for {
		data, info, err := r.ReadPacketData()
		if err != nil {
			if err != io.EOF {
				t.Logf("read pcapng: %v", err)
			}
			return frames
		}
		link := pcapfile.LinkType(info.AncillaryData[0].(layers.LinkType))
		frames = append(frames, Recorded{
			Num: uint64(len(frames) + 1), Time: info.Timestamp.UnixNano(), Link: link,
			Iface: uint32(info.InterfaceIndex), Data: data, WireLen: uint32(info.Length),
		})
	}
}
