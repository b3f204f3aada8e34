package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

// compressors compress a file as users' tools do.
var compressors = map[string]func(io.Writer) (io.WriteCloser, error){
	".gz":  func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	".zst": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	".lz4": func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil },
	".xz": func(w io.Writer) (io.WriteCloser, error) { // several blocks
		return xz.WriterConfig{BlockSize: 1000, CheckSum: xz.CRC64, DictCap: 1 << 16}.NewWriter(w)
	},
}

// compress compresses b.
func compress(t testing.TB, suffix string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := compressors[suffix](&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// manyPackets returns packets that do not compress to nothing.
func manyPackets(n int) []packet {
	var ps []packet
	for i := range n {
		ps = append(ps, packet{time: int64(i) * 1e6, mark: byte(i * 7), size: 1 + i*31%900})
	}
	return ps
}

func TestCompressed(t *testing.T) {
	packets := manyPackets(200)
	for format, plain := range map[string][]byte{"pcap": plainPcap.write(packets...), "pcapng": be.write(packets...)} {
		want := readAll(t, save(t, plain), Options{Workers: 1}, blockSize)
		for suffix := range compressors {
			t.Run(format+suffix, func(t *testing.T) {
				file := compress(t, suffix, plain)
				got := readEveryWay(t, save(t, file), Options{})
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
	plain := plainPcap.write(manyPackets(60)...)
	for suffix := range compressors {
		file := append(compress(t, suffix, plain[:2000]), compress(t, suffix, plain[2000:])...)
		if r := readEveryWay(t, save(t, file), Options{}); r.Stats.Packets != 60 || r.Stats.Damage != nil {
			t.Errorf("%s: got %d packets, damage %+v; want 60", suffix, r.Stats.Packets, r.Stats.Damage)
		}
	}
}

// TestCompressedCut cuts compressed files: what comes before is read, and the
// damage is told.
func TestCompressedCut(t *testing.T) {
	plain := plainPcap.write(manyPackets(60)...)
	for suffix := range compressors {
		file := compress(t, suffix, plain)
		for n := 0; n < len(file); n += 1 + n/7 {
			r := readAll(t, save(t, file[:n]), Options{Workers: 2}, 512)
			if r.Err == "" && (r.Stats.Damage == nil || r.Stats.Packets == 0) && r.Stats.Packets != 60 {
				t.Errorf("%s cut at %d of %d: got %d packets, no damage", suffix, n, len(file), r.Stats.Packets)
			}
		}
		flipped := bytes.Clone(file)
		flipped[len(file)/2] ^= 0x55
		if r := readAll(t, save(t, flipped), Options{Workers: 2}, 512); r.Err == "" && r.Stats.Damage == nil && r.Stats.Packets == 60 &&
			suffix != ".zst" && suffix != ".lz4" { // these have no checksum by default
			t.Errorf("%s: changed in the middle, and no damage", suffix)
		}
	}
}

func TestXzChecks(t *testing.T) {
	plain := plainPcap.write(manyPackets(60)...)
	for _, check := range []byte{xz.None, xz.CRC32, xz.CRC64, xz.SHA256} {
		var out bytes.Buffer
		w, err := xz.WriterConfig{CheckSum: check, NoCheckSum: check == xz.None, BlockSize: 4000}.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		file := append(out.Bytes(), 0, 0, 0, 0) // stream padding
		if r := readAll(t, save(t, file), Options{}, blockSize); r.Stats.Packets != 60 || r.Stats.Damage != nil {
			t.Errorf("check %d: got %d packets, damage %+v", check, r.Stats.Packets, r.Stats.Damage)
		}
	}
}

// TestHugeWindows has files that ask for more memory than they may have.
func TestHugeWindows(t *testing.T) {
	x := compress(t, ".xz", plainPcap.write(manyPackets(3)...))
	// The block header: its size, flags, two sizes, the filter's id, its
	// properties' size and the dictionary's size, then the CRC32.
	h := x[12 : 12+(int(x[12])+1)*4]
	at := bytes.Index(h, []byte{0x21, 1})
	h[at+2] = 40 // 4 GiB - 1
	fixCRC(h)
	r := readAll(t, save(t, x), Options{}, blockSize)
	if !strings.Contains(r.Err, "dictionary of 4294967295 bytes is larger than") {
		t.Errorf("xz: got error %q", r.Err)
	}
	// A frame header with a window of 1 GiB (RFC 8878, 3.1.1.1).
	z := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, (30 - 10) << 3, 1, 0, 0}
	if r := readAll(t, save(t, z), Options{}, blockSize); !strings.Contains(r.Err, "window") {
		t.Errorf("zstd: got error %q", r.Err)
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
		"bzip2":           {[]byte("BZh91AY&SY...."), "bzip2 is not read"},
		"zip":             {[]byte("PK\x03\x04......"), "zip archive"},
		"snoop":           {[]byte("snoop\x00\x00\x00\x00\x00\x00\x02"), "snoop"},
		"cut header":      {plainPcap.write()[:20], "the file ends inside its header"},
		"text in gzip":    {compress(t, ".gz", []byte("hello world")), `inside .gz: not a capture: text, first bytes are "hello world"`},
		"nothing in gzip": {compress(t, ".gz", nil), "inside .gz: not a capture: the file is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			r := readAll(t, save(t, tt.file), Options{}, blockSize)
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

// fixCRC writes the CRC32 of an xz block header to its end.
func fixCRC(h []byte) {
	binary.LittleEndian.PutUint32(h[len(h)-4:], crc32.ChecksumIEEE(h[:len(h)-4]))
}
