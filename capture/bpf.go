package capture

import (
	"encoding/binary"
	"fmt"
)

// instruction is one of classic BPF's, as libpcap compiles filters to (McCanne
// and Jacobson, The BSD Packet Filter, 1993).
type instruction struct {
	code                uint16
	jumpTrue, jumpFalse uint8
	k                   uint32
}

// Instruction codes: class, and then size and mode of a load, or operation and
// source of the rest.
const (
	bpfLoadWordAbs   = 0x20
	bpfLoadHalfAbs   = 0x28
	bpfLoadByteAbs   = 0x30
	bpfLoadWordInd   = 0x40
	bpfLoadHalfInd   = 0x48
	bpfLoadByteInd   = 0x50
	bpfLoadImm       = 0x00
	bpfLoadMem       = 0x60
	bpfLoadLen       = 0x80
	bpfLoadXImm      = 0x01
	bpfLoadXMem      = 0x61
	bpfLoadXLen      = 0x81
	bpfLoadXIPHeader = 0xb1 // MSH: four times the low nibble of a byte
	bpfStore         = 0x02
	bpfStoreX        = 0x03
	bpfJump          = 0x05
	bpfReturnK       = 0x06
	bpfReturnA       = 0x16
	bpfToX           = 0x07
	bpfToA           = 0x87

	bpfALU     = 0x04 // class
	bpfJumps   = 0x05 // class
	bpfSourceX = 0x08
	bpfClass   = 0x07

	bpfAdd = 0x00
	bpfSub = 0x10
	bpfMul = 0x20
	bpfDiv = 0x30
	bpfOr  = 0x40
	bpfAnd = 0x50
	bpfLsh = 0x60
	bpfRsh = 0x70
	bpfNeg = 0x80
	bpfMod = 0x90
	bpfXor = 0xa0

	bpfEqual   = 0x10
	bpfGreater = 0x20
	bpfAtLeast = 0x30
	bpfAnyBit  = 0x40
)

const bpfMemory = 16

// bpfLoops bounds the jumps back. libpcap's protochain has a loop over
// extension headers, which are of 8 bytes at least.
const bpfLoops = 65536 / 8

// filter is a compiled filter. It is safe for concurrent use.
type filter struct{ program []instruction }

// newFilter checks that jumps stay inside the program, and that its last
// instruction returns.
func newFilter(program []instruction) (*filter, error) {
	if len(program) == 0 {
		return nil, fmt.Errorf("check filter program: it is empty")
	}
	for i, in := range program {
		if !in.valid(i, len(program)-i-1) {
			return nil, fmt.Errorf("check filter program: instruction %d (code %#x, k %#x) is not valid", i, in.code, in.k)
		}
	}
	return &filter{program}, nil
}

// valid reports whether the instruction is known and, with so many instructions
// before and after it, leads to another one.
func (in instruction) valid(before, after int) bool {
	switch in.code {
	case bpfReturnK, bpfReturnA:
		return true
	case bpfLoadMem, bpfLoadXMem, bpfStore, bpfStoreX:
		return in.k < bpfMemory && after > 0
	case bpfLoadWordAbs, bpfLoadHalfAbs, bpfLoadByteAbs, bpfLoadWordInd, bpfLoadHalfInd, bpfLoadByteInd,
		bpfLoadImm, bpfLoadLen, bpfLoadXImm, bpfLoadXLen, bpfLoadXIPHeader, bpfToX, bpfToA:
		return after > 0
	case bpfJump:
		distance := int(int32(in.k))
		return -1-before <= distance && distance < after
	}
	operation := in.code &^ (bpfClass | bpfSourceX)
	switch in.code & bpfClass {
	case bpfALU:
		return operation <= bpfXor && after > 0
	case bpfJumps:
		return operation >= bpfEqual && operation <= bpfAnyBit && int(max(in.jumpTrue, in.jumpFalse)) < after
	}
	return false
}

// match reports whether the filter accepts a frame of which data was captured.
// A load beyond data, and a division by zero, reject it.
func (f *filter) match(data []byte, wireLen uint32) bool {
	var a uint32 // rather than in m: this loop is run for every frame
	var m machine
	loops, ok, program := 0, true, f.program
	for pc := 0; ok; pc++ {
		in := &program[pc]
		switch in.code { // what filters are made of, and then the rest
		case bpfLoadHalfAbs:
			a, ok = loadHalf(data, uint64(in.k))
		case bpfLoadHalfInd:
			a, ok = loadHalf(data, uint64(in.k)+uint64(m.x))
		case bpfLoadWordAbs:
			a, ok = loadWord(data, uint64(in.k))
		case bpfLoadByteAbs:
			a, ok = loadByte(data, uint64(in.k))
		case bpfLoadXIPHeader:
			m.x, ok = loadByte(data, uint64(in.k))
			m.x = m.x & 15 * 4
		case bpfJumps | bpfEqual:
			pc += in.jump(a == in.k)
		case bpfJumps | bpfAnyBit:
			pc += in.jump(a&in.k != 0)
		case bpfJumps | bpfGreater:
			pc += in.jump(a > in.k)
		case bpfJumps | bpfAtLeast:
			pc += in.jump(a >= in.k)
		case bpfJump:
			pc += int(int32(in.k))
			if int32(in.k) < 0 {
				loops++
				ok = loops <= bpfLoops
			}
		case bpfReturnK:
			return in.k != 0
		case bpfReturnA:
			return a != 0
		default:
			if in.code&bpfClass == bpfJumps {
				pc += in.jump(compare(in.code&0xf0, a, m.x))
				break
			}
			m.a = a
			ok = m.step(in, data, wireLen)
			a = m.a
		}
	}
	return false
}

// machine is the state of BPF's virtual machine.
type machine struct {
	a, x   uint32
	memory [bpfMemory]uint32
}

// step runs an instruction that neither jumps nor returns, and reports whether
// it could.
func (m *machine) step(in *instruction, data []byte, wireLen uint32) (ok bool) {
	switch in.code {
	case bpfLoadWordInd:
		m.a, ok = loadWord(data, uint64(in.k)+uint64(m.x))
		return ok
	case bpfLoadByteInd:
		m.a, ok = loadByte(data, uint64(in.k)+uint64(m.x))
		return ok
	case bpfLoadImm:
		m.a = in.k
	case bpfLoadXImm:
		m.x = in.k
	case bpfLoadMem:
		m.a = m.memory[in.k]
	case bpfLoadXMem:
		m.x = m.memory[in.k]
	case bpfStore:
		m.memory[in.k] = m.a
	case bpfStoreX:
		m.memory[in.k] = m.x
	case bpfLoadLen:
		m.a = wireLen
	case bpfLoadXLen:
		m.x = wireLen
	case bpfToX:
		m.x = m.a
	case bpfToA:
		m.a = m.x
	default:
		operand := in.k
		if in.code&bpfSourceX != 0 {
			operand = m.x
		}
		m.a, ok = calculate(in.code&0xf0, m.a, operand)
		return ok
	}
	return true
}

func (in *instruction) jump(yes bool) int {
	if yes {
		return int(in.jumpTrue)
	}
	return int(in.jumpFalse)
}

func loadByte(data []byte, at uint64) (uint32, bool) {
	if at >= uint64(len(data)) {
		return 0, false
	}
	return uint32(data[at]), true
}

func loadHalf(data []byte, at uint64) (uint32, bool) {
	if at+2 > uint64(len(data)) {
		return 0, false
	}
	return uint32(binary.BigEndian.Uint16(data[at:])), true
}

func loadWord(data []byte, at uint64) (uint32, bool) {
	if at+4 > uint64(len(data)) {
		return 0, false
	}
	return binary.BigEndian.Uint32(data[at:]), true
}

func compare(operation uint16, a, operand uint32) bool {
	switch operation {
	case bpfEqual:
		return a == operand
	case bpfGreater:
		return a > operand
	case bpfAtLeast:
		return a >= operand
	}
	return a&operand != 0
}

// calculate is not ok for a division by zero.
func calculate(operation uint16, a, operand uint32) (result uint32, ok bool) {
	switch operation {
	case bpfAdd:
		return a + operand, true
	case bpfSub:
		return a - operand, true
	case bpfMul:
		return a * operand, true
	case bpfOr:
		return a | operand, true
	case bpfAnd:
		return a & operand, true
	case bpfXor:
		return a ^ operand, true
	case bpfLsh:
		return a << operand, true
	case bpfRsh:
		return a >> operand, true
	case bpfNeg:
		return -a, true
	}
	if operand == 0 {
		return 0, false
	}
	if operation == bpfMod {
		return a % operand, true
	}
	return a / operand, true
}
