package pcapfile_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// A result is what the records of a file hold.
type result struct {
	Err       string // of the header
	Format    string
	Segments  []string // number, time, mark, length of the payload on the wire
	LinkTypes []string
	Packets   int
	Bytes     int
	Cut       int
	Dropped   uint64 // between packets
	Secrets   [][]byte
	Damage    *damage
}

// damage is where a file cannot be read further.
type damage struct {
	Packet int
	Offset int64
	Reason string
}

// readAll reads a file in pieces of size bytes.
func readAll(file []byte, size int) result {
	rest := bytes.NewReader(file)
	head := make([]byte, 4)
	n, _ := io.ReadFull(rest, head)
	f, buf, err := pcapfile.Open(rest, head[:n], 0)
	if err != nil {
		return result{Err: err.Error()}
	}
	r := result{Format: f.Name()}
	for _, l := range f.LinkTypes() {
		r.LinkTypes = append(r.LinkTypes, l.String())
	}
	offset := f.HeaderLen()
	for need := 0; ; {
		piece := make([]byte, max(size, need-len(buf)))
		n, err := io.ReadFull(rest, piece)
		buf = append(buf, piece[:n]...)
		b := pcapfile.Records{Buf: buf}
		next, more, walked := f.Walk(&b, 0)
		r.add(&b)
		offset, buf, need = offset+int64(next), buf[next:], more
		switch {
		case walked != nil:
			r.Damage = &damage{r.Packets + 1, offset, walked.Error()}
			return r
		case err != nil && len(buf) > 0:
			r.Damage = &damage{r.Packets + 1, offset, "cut"}
			return r
		case err != nil:
			return r
		}
	}
}

// add takes what one walk has found.
func (r *result) add(b *pcapfile.Records) {
	for i := range b.Frames {
		f := &b.Frames[i]
		r.Packets++
		r.Bytes += int(f.WireLen)
		if f.CapLen < f.WireLen {
			r.Cut++
		}
		if f.Kind == pcapfile.NoPacket {
			continue
		}
		ip := b.Buf[f.Off : f.Off+f.CapLen]
		if f.Link == pcapfile.LinkEthernet && len(ip) >= 14 {
			ip = ip[14:]
		}
		mark, length := "-", 0
		if len(ip) >= 40 {
			length = int(binary.BigEndian.Uint16(ip[2:])) - 40
		}
		if len(ip) > 40 && length > 0 {
			mark = fmt.Sprintf("%02x", ip[40])
		}
		r.Segments = append(r.Segments, fmt.Sprintf("%d %d %s %d", r.Packets, f.Time, mark, length))
	}
	for _, l := range b.Side.Links {
		if !slices.Contains(r.LinkTypes, l.String()) {
			r.LinkTypes = append(r.LinkTypes, l.String())
		}
	}
	for _, d := range b.Side.Drops {
		if !d.Total {
			r.Dropped += d.Packets
		}
	}
	r.Secrets = append(r.Secrets, b.Side.Secrets...)
}

// readEveryWay reads a file in pieces of several sizes, demands one result and
// returns it.
func readEveryWay(t *testing.T, file []byte) result {
	t.Helper()
	want := readAll(file, 1<<20)
	for _, size := range []int{1, 60, 100, 333, 4096} {
		if diff := cmp.Diff(readAll(file, size), want); diff != "" {
			t.Fatalf("pieces of %d bytes: got, then want with large ones\n%s", size, diff)
		}
	}
	return want
}

// marks returns the payload's first byte of each segment, and the time.
func marks(r result) string {
	var b strings.Builder
	for _, s := range r.Segments {
		f := strings.Fields(s)
		fmt.Fprintf(&b, "%s@%s ", f[2], f[1])
	}
	return strings.TrimSpace(b.String())
}
