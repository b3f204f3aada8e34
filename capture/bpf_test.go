package capture

import (
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/net/bpf"
	"pgregory.net/rapid"
)

// bpfCodes are the instructions that x/net/bpf's machine runs, too: not
// negation; and the length it loads into A where it should be X.
func bpfCodes() []uint16 {
	codes := []uint16{
		bpfLoadWordAbs, bpfLoadHalfAbs, bpfLoadByteAbs, bpfLoadWordInd, bpfLoadHalfInd, bpfLoadByteInd,
		bpfLoadImm, bpfLoadMem, bpfLoadLen, bpfLoadXImm, bpfLoadXMem, bpfLoadXIPHeader,
		bpfStore, bpfStoreX, bpfJump, bpfReturnK, bpfReturnA, bpfToX, bpfToA,
	}
	for operation := uint16(bpfAdd); operation <= bpfXor; operation += 0x10 {
		if operation != bpfNeg {
			codes = append(codes, bpfALU|operation, bpfALU|operation|bpfSourceX)
		}
	}
	for operation := uint16(bpfEqual); operation <= bpfAnyBit; operation += 0x10 {
		codes = append(codes, bpfJumps|operation, bpfJumps|operation|bpfSourceX)
	}
	return codes
}

// drawInstruction draws one that is mostly valid with so many behind it.
func drawInstruction(t *rapid.T, after int) instruction {
	in := instruction{
		code:      rapid.SampledFrom(bpfCodes()).Draw(t, "code"),
		jumpTrue:  uint8(rapid.IntRange(0, min(after, 255)).Draw(t, "jump true")),
		jumpFalse: uint8(rapid.IntRange(0, min(after, 255)).Draw(t, "jump false")),
		k:         uint32(rapid.IntRange(0, 40).Draw(t, "k")),
	}
	switch in.code {
	case bpfLoadMem, bpfLoadXMem, bpfStore, bpfStoreX:
		in.k %= bpfMemory
	case bpfJump:
		in.k %= uint32(after + 1)
	case bpfLoadImm, bpfLoadXImm:
		in.k = rapid.Uint32().Draw(t, "immediate")
	}
	return in
}

// TestBPF runs random programs, and x/net/bpf's machine beside.
func TestBPF(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "instructions")
		var program []instruction
		var raw []bpf.RawInstruction
		for i := range n {
			in := drawInstruction(t, n-i)
			program = append(program, in)
			raw = append(raw, bpf.RawInstruction{Op: in.code, Jt: in.jumpTrue, Jf: in.jumpFalse, K: in.k})
		}
		last := instruction{code: bpfReturnA}
		program = append(program, last)
		raw = append(raw, bpf.RawInstruction{Op: last.code})
		f, err := newFilter(program)
		theirs, ok := bpf.Disassemble(raw)
		if !ok {
			t.Fatalf("x/net/bpf does not know an instruction of %v", raw)
		}
		vm, theirErr := bpf.NewVM(theirs)
		if err != nil || theirErr != nil {
			return // it divides by a constant zero, say, which they alone refuse
		}
		data := rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "data")
		want, err := vm.Run(data)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.match(data, uint32(len(data))); got != (want != 0) {
			t.Fatalf("match is %v, want %v", got, want != 0)
		}
	})
}

// FuzzBPF runs any program that is accepted: it ends and does not panic.
func FuzzBPF(f *testing.F) {
	f.Add([]byte{0, 0x28, 0, 0, 0, 0, 0, 12, 0, 6, 0, 0, 0, 0, 0, 1}, []byte("frame"), uint32(60))
	f.Fuzz(func(t *testing.T, code, data []byte, wireLen uint32) {
		var program []instruction
		for chunk := range slices.Chunk(code, 8) {
			if len(chunk) == 8 {
				program = append(program, instruction{binary.BigEndian.Uint16(chunk), chunk[2], chunk[3], binary.BigEndian.Uint32(chunk[4:])})
			}
		}
		if filter, err := newFilter(program); err == nil {
			filter.match(data, wireLen)
		}
	})
}

func TestBPFNegate(t *testing.T) {
	f, err := newFilter([]instruction{
		{code: bpfLoadImm, k: 5}, {code: bpfALU | bpfNeg}, {code: bpfJumps | bpfEqual, jumpFalse: 1, k: 1<<32 - 5}, {code: bpfReturnK, k: 1}, {code: bpfReturnK},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !f.match(nil, 0) {
		t.Error("-5 is something else")
	}
}

func TestBPFLength(t *testing.T) {
	for _, code := range []uint16{bpfLoadLen, bpfLoadXLen} {
		f, err := newFilter([]instruction{
			{code: code}, {code: bpfToA}, {code: bpfJumps | bpfEqual, jumpFalse: 1, k: 1500}, {code: bpfReturnK, k: 1}, {code: bpfReturnK},
		})
		if code == bpfLoadLen {
			f, err = newFilter([]instruction{{code: code}, {code: bpfALU | bpfSub, k: 1499}, {code: bpfReturnA}})
		}
		if err != nil {
			t.Fatal(err)
		}
		if !f.match(nil, 1500) {
			t.Errorf("code %#x does not load the length on the wire", code)
		}
	}
}

// TestBPFLoop has a loop without end, and one that a packet ends.
func TestBPFLoop(t *testing.T) {
	f, err := newFilter([]instruction{{code: bpfJump, k: 1<<32 - 1}, {code: bpfReturnK, k: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if f.match(nil, 0) {
		t.Error("a loop without end matches")
	}
	f, err = newFilter([]instruction{ // until a byte is 7
		{code: bpfLoadByteInd},
		{code: bpfJumps | bpfEqual, jumpTrue: 4, k: 7},
		{code: bpfToA},
		{code: bpfALU | bpfAdd, k: 1},
		{code: bpfToX},
		{code: bpfJump, k: 1<<32 - 6},
		{code: bpfReturnK, k: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !f.match([]byte{1, 2, 3, 7}, 4) || f.match([]byte{1, 2, 3, 4}, 4) {
		t.Error("the loop finds no 7, or one that is not there")
	}
}

func TestBPFInvalid(t *testing.T) {
	ret := instruction{code: bpfReturnK, k: 1}
	for _, test := range []struct {
		name    string
		program []instruction
	}{
		{"empty", nil},
		{"no return", []instruction{{code: bpfLoadImm}}},
		{"jump behind the end", []instruction{{code: bpfJump, k: 1}, ret}},
		{"jump far behind the end", []instruction{{code: bpfJump, k: 1<<31 - 1}, ret}},
		{"jump before the begin", []instruction{{code: bpfJump, k: 1<<32 - 2}, ret}},
		{"conditional jump behind the end", []instruction{{code: bpfJumps | bpfEqual, jumpFalse: 1}, ret}},
		{"memory that is not there", []instruction{{code: bpfStore, k: 16}, ret}},
		{"unknown class", []instruction{{code: 0xc7}, ret}},
		{"unknown operation", []instruction{{code: bpfALU | 0xb0}, ret}},
		{"unknown jump", []instruction{{code: bpfJumps | bpfSourceX}, ret}},
		{"code of more than a byte", []instruction{{code: 0x120}, ret}},
	} {
		if _, err := newFilter(test.program); err == nil {
			t.Errorf("%s: the program is accepted", test.name)
		}
	}
}
