package capture

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/capturetest"
)

// later returns a pcap file of capturetest with later times.
func later(file []byte, by time.Duration) []byte {
	file = bytes.Clone(file)
	for b := file[24:]; len(b) > 0; b = b[16+binary.LittleEndian.Uint32(b[8:]):] {
		ns := int64(binary.LittleEndian.Uint32(b))*1e9 + int64(binary.LittleEndian.Uint32(b[4:])) + int64(by)
		binary.LittleEndian.PutUint32(b, uint32(ns/1e9))
		binary.LittleEndian.PutUint32(b[4:], uint32(ns%1e9))
	}
	return file
}

// TestFilesTogether holds what is warned of where several files are given.
func TestFilesTogether(t *testing.T) {
	script := func(hosts string) string {
		var b strings.Builder
		for _, port := range []string{"40001", "40002", "40003", "40004"} {
			b.WriteString("conn " + port + "\n" + hosts)
		}
		for i, port := range []string{"40001", "40002", "40003", "40004"} {
			at := string(rune('1' + i))
			b.WriteString(port + ": " + at + ".000 > S 0:0(0) id " + at + "\n" + port + ": " + at + ".001 < S. 0:0(0) ack 1 id " + at + "\n" +
				port + ": " + at + ".002 > . ack 1 id 1" + at + "\n")
		}
		return b.String()
	}
	ours := capturetest.Pcap(t, script("client 192.0.2.1\nserver 198.51.100.1:80\n"))
	others := capturetest.Pcap(t, script("client 192.0.2.2\nserver 198.51.100.2:80\n"))
	half := 24 + (len(ours)-24)/2
	for name, tt := range map[string]struct {
		files [][]byte
		want  []string
	}{
		"one capture, rotated":        {[][]byte{ours[:half], append(bytes.Clone(ours[:24]), ours[half:]...)}, nil},
		"one file":                    {[][]byte{ours}, nil},
		"the same host an hour later": {[][]byte{ours, capturetest.Pcap(t, "client 192.0.2.1\nserver 198.51.100.1:80\n3500 > S 0:0(0)")}, nil},
		"the same traffic 5 ms later": {[][]byte{ours, later(ours, 5*time.Millisecond)},
			[]string{"0 and 1 hold the same packets: identical ones count once; if they were captured at two places, give only one of the files"}},
		"the same traffic by another clock": {[][]byte{ours, later(ours, 500*time.Millisecond)},
			[]string{"1 holds packets of 0 500ms later: packets in both count twice; give only one of the files, or correct its clock with editcap -t"}},
		"the same traffic by a clock that is slow": {[][]byte{later(ours, time.Minute), ours},
			[]string{"1 holds packets of 0 1m0s earlier: packets in both count twice; give only one of the files, or correct its clock with editcap -t"}},
		"other hosts at the same time": {[][]byte{ours, others},
			[]string{"no two of the files have a host in common: they are not parts of one capture; analyse them one by one, or with --each"}},
		"other hosts in one of three": {[][]byte{ours[:half], append(bytes.Clone(ours[:24]), ours[half:]...), others},
			[]string{"2 has no host in common with the other files; analyse it by itself"}},
		"a day later": {[][]byte{ours, capturetest.Pcap(t, "client 192.0.2.1\nserver 198.51.100.1:80\n86404.002 > S 0:0(0)")},
			[]string{"1 begins 24h0m0s after 0 ends; what happened in between was not captured"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			var names []string
			for i, file := range tt.files {
				names = append(names, filepath.Join(".", string(rune('0'+i))))
				if err := os.WriteFile(names[i], file, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			src, err := OpenFiles(names, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			if err := src.Run(t.Context(), nothing); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range src.Stats().Warnings {
				got = append(got, w.Say(nil))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
