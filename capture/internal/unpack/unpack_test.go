package unpack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
)

// sample returns bytes that do not compress to nothing.
func sample(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.IntN(20))
	}
	return b
}

// unpacked returns what a file decompresses to, as far as that can be read.
func unpacked(file []byte) (content []byte, suffix string, err error) {
	head := file[:min(4, len(file))]
	r, suffix, err := Open(head, bytes.NewReader(file[len(head):]))
	if r == nil || err != nil {
		return nil, suffix, err
	}
	defer r.Close()
	content, err = io.ReadAll(r)
	return content, suffix, err
}

func TestOpen(t *testing.T) {
	plain := sample(20000)
	for suffix := range filetest.Compressors {
		got, found, err := unpacked(filetest.Compress(t, suffix, plain))
		if err != nil || found != suffix || !bytes.Equal(got, plain) {
			t.Errorf("%s: got %d bytes of %s, error %v; want %d", suffix, len(got), found, err, len(plain))
		}
	}
	for _, file := range [][]byte{nil, {0x1f}, plain} {
		if r, suffix, err := Open(file[:min(4, len(file))], bytes.NewReader(nil)); r != nil || suffix != "" || err != nil {
			t.Errorf("% x is no compression: got %v, %q, error %v", file[:min(4, len(file))], r, suffix, err)
		}
	}
}

// TestLegacyLZ4 has what `lz4 -l` writes: a block of literals.
func TestLegacyLZ4(t *testing.T) {
	file := []byte("\x02\x21\x4c\x18\x06\x00\x00\x00\x50hello")
	if got, suffix, err := unpacked(file); err != nil || string(got) != "hello" || suffix != ".lz4" {
		t.Errorf("got %q of %s, error %v", got, suffix, err)
	}
}

// TestTwice has a file of two compressed parts, as `cat` makes it.
func TestTwice(t *testing.T) {
	plain := sample(5000)
	for suffix := range filetest.Compressors {
		file := append(filetest.Compress(t, suffix, plain[:2000]), filetest.Compress(t, suffix, plain[2000:])...)
		if got, _, err := unpacked(file); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%s: got %d bytes, error %v; want %d", suffix, len(got), err, len(plain))
		}
	}
}

// TestCut cuts compressed files: what comes before is read, and then there is an
// error.
func TestCut(t *testing.T) {
	plain := sample(5000)
	for suffix := range filetest.Compressors {
		file := filetest.Compress(t, suffix, plain)
		for n := 4; n < len(file); n += 1 + n/7 {
			got, _, err := unpacked(file[:n])
			if err == nil && !bytes.Equal(got, plain) || !bytes.HasPrefix(plain, got) {
				t.Errorf("%s cut at %d of %d: got %d bytes, error %v", suffix, n, len(file), len(got), err)
			}
			if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s cut at %d: got error %v", suffix, n, err)
			}
		}
		flipped := bytes.Clone(file)
		flipped[len(file)/2] ^= 0x55
		if got, _, err := unpacked(flipped); err == nil && bytes.Equal(got, plain) {
			t.Errorf("%s: changed in the middle, and no error", suffix)
		}
	}
}

func TestXzChecks(t *testing.T) {
	plain := sample(9000)
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
		if got, _, err := unpacked(file); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("check %d: got %d bytes, error %v", check, len(got), err)
		}
	}
}

// TestXzDamage changes what surrounds the data.
func TestXzDamage(t *testing.T) {
	file := filetest.Compress(t, ".xz", sample(3000))
	for name, tt := range map[string]struct {
		at   int // from the end if negative
		want string
	}{
		"flags of the stream":    {6, "wrong stream header"},
		"checksum of the stream": {8, "wrong checksum of a stream header"},
		"header of a block":      {14, "wrong checksum of a block header"},
		"footer":                 {-1, "wrong stream footer"},
	} {
		b := bytes.Clone(file)
		b[(tt.at+len(b))%len(b)] ^= 0x80
		if _, _, err := unpacked(b); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want %q", name, err, tt.want)
		}
	}
}

// TestHugeWindows has files that ask for more memory than they may have.
func TestHugeWindows(t *testing.T) {
	x := filetest.Compress(t, ".xz", sample(300))
	// The block header: its size, flags, two sizes, the filter's id, its
	// properties' size and the dictionary's size, then the CRC32.
	h := x[12 : 12+(int(x[12])+1)*4]
	at := bytes.Index(h, []byte{0x21, 1})
	h[at+2] = 40 // 4 GiB - 1
	fixCRC(h)
	if _, _, err := unpacked(x); err == nil || !strings.Contains(err.Error(), "dictionary of 4294967295 bytes is larger than") {
		t.Errorf("xz: got error %v", err)
	}
	// A frame header with a window of 1 GiB (RFC 8878, 3.1.1.1).
	z := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, (30 - 10) << 3, 1, 0, 0}
	if _, _, err := unpacked(z); err == nil || !strings.Contains(err.Error(), "window") {
		t.Errorf("zstd: got error %v", err)
	}
}

// TestXzBlockHeaders has block headers that are whole, and say what is not read.
func TestXzBlockHeaders(t *testing.T) {
	file := filetest.Compress(t, ".xz", sample(300))
	size := (int(file[12]) + 1) * 4
	lzma := bytes.Index(file[12:12+size], []byte{0x21, 1})
	for name, tt := range map[string]struct {
		at    int
		value byte
		want  string
	}{
		"two filters":             {1, file[13] | 1, "filters other than LZMA2"},
		"delta filter":            {lzma, 3, "filters other than LZMA2"},
		"properties of 5 bytes":   {lzma + 1, 5, "wrong block header"},
		"dictionary of no size":   {lzma + 2, 63, "dictionary"},
		"no end of the size":      {2, 0x80, ""}, // the compressed size takes the filter's place
		"index cut in its middle": {size, 0, ""},
	} {
		b := bytes.Clone(file)
		h := b[12 : 12+size]
		if tt.at < size {
			h[tt.at] = tt.value
			fixCRC(h)
		} else {
			b = b[:len(b)-20]
		}
		if _, _, err := unpacked(b); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want %q", name, err, tt.want)
		}
	}
}

// fixCRC writes the CRC32 of an xz block header to its end.
func fixCRC(h []byte) {
	binary.LittleEndian.PutUint32(h[len(h)-4:], crc32.ChecksumIEEE(h[:len(h)-4]))
}

// TestXzDamagedAnywhere changes each byte of a file behind the first ones, which tell what
// it is: no file is taken for whole.
func TestXzDamagedAnywhere(t *testing.T) {
	file := filetest.Compress(t, ".xz", sample(300))
	block := 12 + (int(file[12])+1)*4 // where its data begin
	for i := len(xzMagic); i < len(file); i++ {
		if i == block+3 || i == block+4 { // how long the data are once compressed, which the decoder finds out by itself
			continue
		}
		damaged := bytes.Clone(file)
		damaged[i] ^= 0x10
		if got, _, err := unpacked(damaged); err == nil {
			t.Errorf("byte %d of %d: got %d bytes and no error", i, len(file), len(got))
		}
	}
}
