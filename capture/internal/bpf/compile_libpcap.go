//go:build cgo && !nolibpcap

package bpf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/google/gopacket/pcap"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// compiling guards libpcap's compiler, which older versions keep state of in
// global variables.
var compiling sync.Mutex

// Compile compiles expr for frames of a link type, cut to snapLen bytes
// (0 is no limit). gopacket's link type is a byte, and one of a running system
// rather than of a file: so libpcap opens a file that is a header, with the real
// link type in it, and no packet. The error is a [*SyntaxError] if the expression
// is at fault.
func Compile(expr string, link pcapfile.LinkType, snapLen uint32) (*Filter, error) {
	name, err := emptyCapture(link, snapLen)
	if err != nil {
		return nil, fmt.Errorf("compile filter: %w", err)
	}
	defer os.Remove(name)

	compiling.Lock()
	defer compiling.Unlock()
	handle, err := pcap.OpenOffline(name)
	if err != nil {
		return nil, fmt.Errorf("compile filter for link type %v: %w", link, err)
	}
	defer handle.Close()
	code, err := handle.CompileBPFFilter(expr)
	if err != nil {
		return nil, newSyntaxError(err)
	}
	program := make([]instruction, len(code))
	for i, c := range code {
		program[i] = instruction{code: c.Code, jumpTrue: c.Jt, jumpFalse: c.Jf, k: c.K}
	}
	return newFilter(program)
}

// SetFilter puts a filter for what a handle captures into the kernel.
// The error is a [*SyntaxError].
func SetFilter(handle *pcap.Handle, expr string) error {
	compiling.Lock()
	defer compiling.Unlock()
	if err := handle.SetBPFFilter(expr); err != nil {
		return newSyntaxError(err)
	}
	return nil
}

// newSyntaxError makes a SyntaxError of what libpcap says.
func newSyntaxError(err error) error { return &SyntaxError{Reason: strings.TrimSpace(err.Error())} }

// emptyCapture writes a pcap file header to a file, which is the caller's to remove.
func emptyCapture(link pcapfile.LinkType, snapLen uint32) (name string, err error) {
	const maxSnapLen = 262144 // libpcap's own
	if snapLen == 0 || snapLen > maxSnapLen {
		snapLen = maxSnapLen
	}
	header := make([]byte, 24)
	binary.LittleEndian.PutUint32(header, 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(header[4:], 2)
	binary.LittleEndian.PutUint16(header[6:], 4)
	binary.LittleEndian.PutUint32(header[16:], snapLen)
	binary.LittleEndian.PutUint32(header[20:], uint32(link))
	file, err := os.CreateTemp("", "kaanalyze-filter-*.pcap")
	if err != nil {
		return "", err
	}
	_, err = file.Write(header)
	if err = errors.Join(err, file.Close()); err != nil {
		os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}
