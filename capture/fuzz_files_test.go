package capture

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
)

// fuzz returns a target that reads a file with small and large blocks, with
// one and with several workers, and beside another file; all must agree, and
// end.
func fuzz(f *testing.F) func(*testing.T, []byte) {
	other := filetest.Save(f, filetest.PlainPcap.Write(filetest.Times(1, 2)...))[0]
	return func(t *testing.T, file []byte) {
		read := func(workers, size int, names ...string) result {
			return readAll(t, names, Options{Workers: workers, Stdin: bytes.NewReader(file)}, size)
		}
		want := read(1, blockSize, "-")
		for _, size := range []int{1, 77} {
			if diff := cmp.Diff(read(2, size, "-"), want); diff != "" {
				t.Fatalf("blocks of %d bytes: got, then want with large ones\n%s", size, diff)
			}
		}
		if want.Err != "" {
			return
		}
		one, two := read(1, 60, "-", other), read(2, blockSize, "-", other)
		if diff := cmp.Diff(one, two); diff != "" {
			t.Fatalf("with another file: got with small blocks, then with large ones\n%s", diff)
		}
		if one.Stats.Packets != want.Stats.Packets+2 {
			t.Fatalf("with another file: got %d packets, want %d", one.Stats.Packets, want.Stats.Packets+2)
		}
	}
}

func FuzzPcap(f *testing.F) {
	f.Add(filetest.PlainPcap.Write(filetest.Times(1, 2, 3)...))
	for _, change := range []func(*filetest.PcapFormat){
		func(f *filetest.PcapFormat) { f.Magic = filetest.MagicNano },
		func(f *filetest.PcapFormat) { f.Magic = filetest.MagicModified },
		func(f *filetest.PcapFormat) { f.Minor = 2 },
		func(f *filetest.PcapFormat) { f.Minor = 3 },
		func(f *filetest.PcapFormat) { f.Link = 113 },
	} {
		format := filetest.PlainPcap
		change(&format)
		f.Add(format.Write(filetest.Times(1, 2)...))
	}
	f.Add(append(filetest.PlainPcap.Write(filetest.Times(1)...), make([]byte, 64)...))
	f.Fuzz(fuzz(f))
}

func FuzzPcapng(f *testing.F) {
	f.Add(filetest.LE.Write(filetest.Times(1, 2, 3)...))
	f.Add(filetest.BE.Write(filetest.Times(1, 2)...))
	f.Add(filetest.Concat(filetest.LE.Section(), filetest.LE.Iface(1, 64, filetest.LE.Option(filetest.OptionResolution, 0x90), filetest.LE.Option(filetest.OptionOffset, filetest.LE.Long(7)...)),
		filetest.LE.Block(filetest.BlockSimple, filetest.Concat(filetest.LE.Words(55), filetest.Packet{Mark: 1}.Bytes())), filetest.LE.Block(filetest.BlockCustom, filetest.LE.Words(1)),
		filetest.LE.Enhanced(0, 5, filetest.Packet{Mark: 1}.Bytes(), filetest.LE.Option(filetest.OptionPacketDrops, filetest.LE.Long(3)...)),
		filetest.LE.Block(filetest.BlockStatistics, filetest.Concat(filetest.LE.Words(0, 0, 0), filetest.LE.Option(filetest.OptionIfaceDrops, filetest.LE.Long(3)...))),
		filetest.LE.Block(filetest.BlockSecrets, filetest.LE.Words(filetest.SecretsTLS, 4, 0)), filetest.BE.Section(), filetest.BE.Iface(101, 0)))
	f.Fuzz(fuzz(f))
}
