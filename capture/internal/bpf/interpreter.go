package bpf

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
	opLoadWordAbs   = 0x20
	opLoadHalfAbs   = 0x28
	opLoadByteAbs   = 0x30
	opLoadWordInd   = 0x40
	opLoadHalfInd   = 0x48
	opLoadByteInd   = 0x50
	opLoadImm       = 0x00
	opLoadMem       = 0x60
	opLoadLen       = 0x80
	opLoadXImm      = 0x01
	opLoadXMem      = 0x61
	opLoadXLen      = 0x81
	opLoadXIPHeader = 0xb1 // MSH: four times the low nibble of a byte
	opStore         = 0x02
	opStoreX        = 0x03
	opJump          = 0x05
	opReturnK       = 0x06
	opReturnA       = 0x16
	opToX           = 0x07
	opToA           = 0x87

	classALU  = 0x04 // class
	classJump = 0x05 // class
	sourceX   = 0x08
	classMask = 0x07

	opAdd = 0x00
	opSub = 0x10
	opMul = 0x20
	opDiv = 0x30
	opOr  = 0x40
	opAnd = 0x50
	opLsh = 0x60
	opRsh = 0x70
	opNeg = 0x80
	opMod = 0x90
	opXor = 0xa0

	opEqual   = 0x10
	opGreater = 0x20
	opAtLeast = 0x30
	opAnyBit  = 0x40
)

// memoryWords is how many words of memory a program has.
const memoryWords = 16

// maxLoops bounds the jumps back. libpcap's protochain has a loop over
// extension headers, which are of 8 bytes at least.
const maxLoops = 65536 / 8

// A Filter is a compiled filter. It is safe for concurrent use.
type Filter struct{ program []instruction }

// newFilter checks that jumps stay inside the program, and that its last
// instruction returns.
func newFilter(program []instruction) (*Filter, error) {
	if len(program) == 0 {
		return nil, fmt.Errorf("check filter program: it is empty")
	}
	for i, in := range program {
		if !in.valid(i, len(program)-i-1) {
			return nil, fmt.Errorf("check filter program: instruction %d (code %#x, k %#x) is not valid", i, in.code, in.k)
		}
	}
	return &Filter{program}, nil
}

// valid reports whether the instruction is known and leads to another one, if that
// many instructions are before and after it.
func (in instruction) valid(before, after int) bool {
	switch in.code {
	case opReturnK, opReturnA:
		return true
	case opLoadMem, opLoadXMem, opStore, opStoreX:
		return in.k < memoryWords && after > 0
	case opLoadWordAbs, opLoadHalfAbs, opLoadByteAbs, opLoadWordInd, opLoadHalfInd, opLoadByteInd,
		opLoadImm, opLoadLen, opLoadXImm, opLoadXLen, opLoadXIPHeader, opToX, opToA:
		return after > 0
	case opJump:
		distance := int(int32(in.k))
		return -1-before <= distance && distance < after
	}
	operation := in.code &^ (classMask | sourceX)
	switch in.code & classMask {
	case classALU:
		return operation <= opXor && after > 0
	case classJump:
		return operation >= opEqual && operation <= opAnyBit && int(max(in.jumpTrue, in.jumpFalse)) < after
	}
	return false
}

// Match reports whether the filter accepts a frame of which data was captured.
// A load beyond data, and a division by zero, reject it.
func (f *Filter) Match(data []byte, wireLen uint32) bool {
	var a uint32 // rather than in m: this loop is run for every frame
	var m machine
	loops, ok, program := 0, true, f.program
	for pc := 0; ok; pc++ {
		in := &program[pc]
		switch in.code { // what filters are made of, and then the rest
		case opLoadHalfAbs:
			a, ok = loadHalf(data, uint64(in.k))
		case opLoadHalfInd:
			a, ok = loadHalf(data, uint64(in.k)+uint64(m.x))
		case opLoadWordAbs:
			a, ok = loadWord(data, uint64(in.k))
		case opLoadByteAbs:
			a, ok = loadByte(data, uint64(in.k))
		case opLoadXIPHeader:
			m.x, ok = loadByte(data, uint64(in.k))
			m.x = m.x & 15 * 4
		case classJump | opEqual:
			pc += in.jump(a == in.k)
		case classJump | opAnyBit:
			pc += in.jump(a&in.k != 0)
		case classJump | opGreater:
			pc += in.jump(a > in.k)
		case classJump | opAtLeast:
			pc += in.jump(a >= in.k)
		case opJump:
			pc += int(int32(in.k))
			if int32(in.k) < 0 {
				loops++
				ok = loops <= maxLoops
			}
		case opReturnK:
			return in.k != 0
		case opReturnA:
			return a != 0
		default:
			if in.code&classMask == classJump {
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
	memory [memoryWords]uint32
}

// step runs an instruction that neither jumps nor returns, and reports whether
// it could.
func (m *machine) step(in *instruction, data []byte, wireLen uint32) (ok bool) {
	switch in.code {
	case opLoadWordInd:
		m.a, ok = loadWord(data, uint64(in.k)+uint64(m.x))
		return ok
	case opLoadByteInd:
		m.a, ok = loadByte(data, uint64(in.k)+uint64(m.x))
		return ok
	case opLoadImm:
		m.a = in.k
	case opLoadXImm:
		m.x = in.k
	case opLoadMem:
		m.a = m.memory[in.k]
	case opLoadXMem:
		m.x = m.memory[in.k]
	case opStore:
		m.memory[in.k] = m.a
	case opStoreX:
		m.memory[in.k] = m.x
	case opLoadLen:
		m.a = wireLen
	case opLoadXLen:
		m.x = wireLen
	case opToX:
		m.x = m.a
	case opToA:
		m.a = m.x
	default:
		operand := in.k
		if in.code&sourceX != 0 {
			operand = m.x
		}
		m.a, ok = calculate(in.code&0xf0, m.a, operand)
		return ok
	}
	return true
}

// jump returns how many instructions a conditional jump skips.
func (in *instruction) jump(yes bool) int {
	if yes {
		return int(in.jumpTrue)
	}
	return int(in.jumpFalse)
}

// loadByte, loadHalf and loadWord load a number in network byte order, and report
// whether all of it was captured.
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

// compare says whether a conditional jump's condition holds.
func compare(operation uint16, a, operand uint32) bool {
	switch operation {
	case opEqual:
		return a == operand
	case opGreater:
		return a > operand
	case opAtLeast:
		return a >= operand
	}
	return a&operand != 0
}

// calculate is not ok for a division by zero.
func calculate(operation uint16, a, operand uint32) (result uint32, ok bool) {
	switch operation {
	case opAdd:
		return a + operand, true
	case opSub:
		return a - operand, true
	case opMul:
		return a * operand, true
	case opOr:
		return a | operand, true
	case opAnd:
		return a & operand, true
	case opXor:
		return a ^ operand, true
	case opLsh:
		return a << operand, true
	case opRsh:
		return a >> operand, true
	case opNeg:
		return -a, true
	}
	if operand == 0 {
		return 0, false
	}
	if operation == opMod {
		return a % operand, true
	}
	return a / operand, true
}
