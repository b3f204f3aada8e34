package capture

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fuzz returns a target that reads a file with small and large blocks, with
// one and with several workers, and beside another file; all must agree, and
// end.
func fuzz(f *testing.F) func(*testing.T, []byte) {
	other := save(f, plainPcap.write(times(1, 2)...))[0]
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
	f.Add(plainPcap.write(times(1, 2, 3)...))
	for _, change := range []func(*pcapFormat){
		func(f *pcapFormat) { f.magic = pcapNano },
		func(f *pcapFormat) { f.magic = pcapModified },
		func(f *pcapFormat) { f.minor = 2 },
		func(f *pcapFormat) { f.minor = 3 },
		func(f *pcapFormat) { f.link = 113 },
	} {
		format := plainPcap
		change(&format)
		f.Add(format.write(times(1, 2)...))
	}
	f.Add(append(plainPcap.write(times(1)...), make([]byte, 64)...))
	f.Fuzz(fuzz(f))
}

func FuzzPcapng(f *testing.F) {
	f.Add(le.write(times(1, 2, 3)...))
	f.Add(be.write(times(1, 2)...))
	f.Add(join(le.section(), le.iface(1, 64, le.option(optionResolution, 0x90), le.option(optionOffset, le.long(7)...)),
		le.block(blockSimple, join(le.words(55), packet{mark: 1}.bytes())), le.block(blockCustom, le.words(1)),
		le.enhanced(0, 5, packet{mark: 1}.bytes(), le.option(optionPacketDrops, le.long(3)...)),
		le.block(blockStatistics, join(le.words(0, 0, 0), le.option(optionIfaceDrops, le.long(3)...))),
		le.block(blockSecrets, le.words(secretsTLS, 4, 0)), be.section(), be.iface(101, 0)))
	f.Fuzz(fuzz(f))
}
