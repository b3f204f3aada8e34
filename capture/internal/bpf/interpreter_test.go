package bpf

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
		opLoadWordAbs, opLoadHalfAbs, opLoadByteAbs, opLoadWordInd, opLoadHalfInd, opLoadByteInd,
		opLoadImm, opLoadMem, opLoadLen, opLoadXImm, opLoadXMem, opLoadXIPHeader,
		opStore, opStoreX, opJump, opReturnK, opReturnA, opToX, opToA,
	}
	for operation := uint16(opAdd); operation <= opXor; operation += 0x10 {
		if operation != opNeg {
			codes = append(codes, classALU|operation, classALU|operation|sourceX)
		}
	}
	for operation := uint16(opEqual); operation <= opAnyBit; operation += 0x10 {
		codes = append(codes, classJump|operation, classJump|operation|sourceX)
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
	case opLoadMem, opLoadXMem, opStore, opStoreX:
		in.k %= memoryWords
	case opJump:
		in.k %= uint32(after + 1)
	case opLoadImm, opLoadXImm:
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
		last := instruction{code: opReturnA}
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
		if got := f.Match(data, uint32(len(data))); got != (want != 0) {
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
			filter.Match(data, wireLen)
		}
	})
}

func TestBPFNegate(t *testing.T) {
	f, err := newFilter([]instruction{
		{code: opLoadImm, k: 5}, {code: classALU | opNeg}, {code: classJump | opEqual, jumpFalse: 1, k: 1<<32 - 5}, {code: opReturnK, k: 1}, {code: opReturnK},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !f.Match(nil, 0) {
		t.Error("-5 is something else")
	}
}

func TestBPFLength(t *testing.T) {
	for _, code := range []uint16{opLoadLen, opLoadXLen} {
		f, err := newFilter([]instruction{
			{code: code}, {code: opToA}, {code: classJump | opEqual, jumpFalse: 1, k: 1500}, {code: opReturnK, k: 1}, {code: opReturnK},
		})
		if code == opLoadLen {
			f, err = newFilter([]instruction{{code: code}, {code: classALU | opSub, k: 1499}, {code: opReturnA}})
		}
		if err != nil {
			t.Fatal(err)
		}
		if !f.Match(nil, 1500) {
			t.Errorf("code %#x does not load the length on the wire", code)
		}
	}
}

// TestBPFLoop has a loop without end, and one that a packet ends.
func TestBPFLoop(t *testing.T) {
	f, err := newFilter([]instruction{{code: opJump, k: 1<<32 - 1}, {code: opReturnK, k: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if f.Match(nil, 0) {
		t.Error("a loop without end matches")
	}
	f, err = newFilter([]instruction{ // until a byte is 7
		{code: opLoadByteInd},
		{code: classJump | opEqual, jumpTrue: 4, k: 7},
		{code: opToA},
		{code: classALU | opAdd, k: 1},
		{code: opToX},
		{code: opJump, k: 1<<32 - 6},
		{code: opReturnK, k: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !f.Match([]byte{1, 2, 3, 7}, 4) || f.Match([]byte{1, 2, 3, 4}, 4) {
		t.Error("the loop finds no 7, or one that is not there")
	}
}

func TestBPFInvalid(t *testing.T) {
	ret := instruction{code: opReturnK, k: 1}
	for _, test := range []struct {
		name    string
		program []instruction
	}{
		{"empty", nil},
		{"no return", []instruction{{code: opLoadImm}}},
		{"jump behind the end", []instruction{{code: opJump, k: 1}, ret}},
		{"jump far behind the end", []instruction{{code: opJump, k: 1<<31 - 1}, ret}},
		{"jump before the begin", []instruction{{code: opJump, k: 1<<32 - 2}, ret}},
		{"conditional jump behind the end", []instruction{{code: classJump | opEqual, jumpFalse: 1}, ret}},
		{"memory that is not there", []instruction{{code: opStore, k: 16}, ret}},
		{"unknown class", []instruction{{code: 0xc7}, ret}},
		{"unknown operation", []instruction{{code: classALU | 0xb0}, ret}},
		{"unknown jump", []instruction{{code: classJump | sourceX}, ret}},
		{"code of more than a byte", []instruction{{code: 0x120}, ret}},
	} {
		if _, err := newFilter(test.program); err == nil {
			t.Errorf("%s: the program is accepted", test.name)
		}
	}
}
