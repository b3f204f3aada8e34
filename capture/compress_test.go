package capture

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
)

// manyPackets returns packets that do not compress to nothing.
func manyPackets(n int) []filetest.Packet {
	var ps []filetest.Packet
	for i := range n {
		ps = append(ps, filetest.Packet{Time: int64(i) * 1e6, Mark: byte(i * 7), Size: 1 + i*31%900})
	}
	return ps
}

func TestCompressed(t *testing.T) {
	packets := manyPackets(200)
	for format, plain := range map[string][]byte{"pcap": filetest.PlainPcap.Write(packets...), "pcapng": filetest.BE.Write(packets...)} {
		want := readAll(t, filetest.Save(t, plain), Options{Workers: 1}, blockSize)
		for suffix := range filetest.Compressors {
			t.Run(format+suffix, func(t *testing.T) {
				file := filetest.Compress(t, suffix, plain)
				got := readEveryWay(t, filetest.Save(t, file), Options{})
				if diff := cmp.Diff(got.Segments, want.Segments); diff != "" {
					t.Errorf("got, then want\n%s", diff)
				}
				of := got.Stats.Sources[0]
				if of.Format != format+suffix || got.Stats.Format != format || of.Size != int64(len(file)) || got.Stats.Damage != nil {
					t.Errorf("got stats %+v", got.Stats)
				}
			})
		}
	}
}

// TestCompressedTwice has a file of two compressed parts, as `cat` makes it.
func TestCompressedTwice(t *testing.T) {
	plain := filetest.PlainPcap.Write(manyPackets(60)...)
	for suffix := range filetest.Compressors {
		file := append(filetest.Compress(t, suffix, plain[:2000]), filetest.Compress(t, suffix, plain[2000:])...)
		if r := readEveryWay(t, filetest.Save(t, file), Options{}); r.Stats.Packets != 60 || r.Stats.Damage != nil {
			t.Errorf("%s: got %d packets, damage %+v; want 60", suffix, r.Stats.Packets, r.Stats.Damage)
		}
	}
}

// TestCompressedCut cuts compressed files: what comes before is read, and the
// damage is told.
func TestCompressedCut(t *testing.T) {
	plain := filetest.PlainPcap.Write(manyPackets(60)...)
	for suffix := range filetest.Compressors {
		file := filetest.Compress(t, suffix, plain)
		for n := 0; n < len(file); n += 1 + n/7 {
			r := readAll(t, filetest.Save(t, file[:n]), Options{Workers: 2}, 512)
			if r.Err == "" && (r.Stats.Damage == nil || r.Stats.Packets == 0) && r.Stats.Packets != 60 {
				t.Errorf("%s cut at %d of %d: got %d packets, no damage", suffix, n, len(file), r.Stats.Packets)
			}
		}
		flipped := bytes.Clone(file)
		flipped[len(file)/2] ^= 0x55
		if r := readAll(t, filetest.Save(t, flipped), Options{Workers: 2}, 512); r.Err == "" && r.Stats.Damage == nil && r.Stats.Packets == 60 &&
			suffix != ".zst" && suffix != ".lz4" { // these have no checksum by default
			t.Errorf("%s: changed in the middle, and no damage", suffix)
		}
	}
}

func TestNotCaptures(t *testing.T) {
	for name, tt := range map[string]struct {
		file []byte
		want string
	}{
		"empty":           {nil, "the file is empty"},
		"text":            {[]byte("hello world, this is a log\n"), `text, first bytes are "hello world, thi"`},
		"short":           {[]byte{1}, `first bytes are "\x01"`},
		"binary":          {[]byte("\x00\x01\x02\x03\x04"), `first bytes are "\x00\x01\x02\x03\x04"`},
		"bzip2":           {[]byte("BZh91AY&SY...."), "bunzip2 -c FILE"},
		"zip":             {[]byte("PK\x03\x04......"), "unzip -p FILE"},
		"snoop":           {[]byte("snoop\x00\x00\x00\x00\x00\x00\x02"), "snoop capture; convert it with editcap"},
		"cut header":      {filetest.PlainPcap.Write()[:20], "the file ends inside its header"},
		"text in gzip":    {filetest.Compress(t, ".gz", []byte("hello world")), `inside .gz: not a capture: text, first bytes are "hello world"`},
		"nothing in gzip": {filetest.Compress(t, ".gz", nil), "inside .gz: not a capture: the file is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			r := readAll(t, filetest.Save(t, tt.file), Options{}, blockSize)
			if !strings.Contains(r.Err, "0.cap") || !strings.Contains(r.Err, tt.want) {
				t.Errorf("got %q, want %q", r.Err, tt.want)
			}
		})
	}
	if _, err := OpenFiles([]string{t.TempDir()}, Options{}); err == nil || !strings.Contains(err.Error(), "it is a directory") {
		t.Errorf("directory: got %v", err)
	}
	if _, err := OpenFiles([]string{"does-not-exist.pcap"}, Options{}); err == nil ||
		err.Error() != `open capture "does-not-exist.pcap": no such file or directory` {
		t.Errorf("no file: got %v", err)
	}
}
