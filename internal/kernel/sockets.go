package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/mdlayher/netlink"
)

// Socket is one that the kernel lists.
type Socket struct {
	Local, Remote netip.AddrPort // IPv4-mapped addresses are IPv4 ones; Remote has port 0 if the socket listens
	State         State
	Inode         uint64 // 0 if no process has the socket
}

// State is the state of a socket, as Linux numbers them.
type State uint8

// The states that tell of connections.
const (
	Established State = 1
	FINWait2    State = 5
	TimeWait    State = 6
	CloseWait   State = 8
	Listening   State = 10
)

// The numbers of linux/sock_diag.h and linux/inet_diag.h.
const (
	familySockDiag   = 4  // NETLINK_SOCK_DIAG
	sockDiagByFamily = 20 // SOCK_DIAG_BY_FAMILY

	// allStates has a bit for each state that a connection can be in, TIME_WAIT
	// and listening too. Sockets that are only bound to a port are left out.
	allStates = 1<<12 - 1<<1

	requestLen = 56 // struct inet_diag_req_v2
	answerLen  = 72 // struct inet_diag_msg; attributes may follow
)

// The address families and the protocol, as Linux numbers them.
const (
	familyIPv4  = 2
	familyIPv6  = 10
	protocolTCP = 6
)

// readSockets asks the kernel for the TCP sockets of this network namespace. It
// needs no privileges.
func readSockets() ([]Socket, error) {
	c, err := netlink.Dial(familySockDiag, nil)
	if err != nil {
		return nil, socketsError(err)
	}
	defer c.Close()
	return listSockets(c.Execute)
}

// listSockets asks for IPv4 and IPv6, one after the other: a request is of one
// family.
func listSockets(execute func(netlink.Message) ([]netlink.Message, error)) ([]Socket, error) {
	var out []Socket
	for _, family := range []byte{familyIPv4, familyIPv6} {
		answers, err := execute(socketsRequest(family))
		if family == familyIPv6 && errors.Is(err, syscall.ENOENT) {
			break // the kernel has no IPv6
		}
		if err != nil {
			return nil, socketsError(err)
		}
		for i := range answers {
			s, err := parseSocket(answers[i].Data)
			if err != nil {
				return nil, socketsError(err)
			}
			out = append(out, s)
		}
	}
	return out, nil
}

func socketsError(err error) error {
	return fmt.Errorf("read the kernel's sockets: %w", err)
}

// socketsRequest asks for all TCP sockets of a family, without attributes.
func socketsRequest(family byte) netlink.Message {
	data := make([]byte, requestLen)
	data[0], data[1] = family, protocolTCP
	binary.NativeEndian.PutUint32(data[4:], allStates)
	return netlink.Message{Header: netlink.Header{Type: sockDiagByFamily, Flags: netlink.Request | netlink.Dump}, Data: data}
}

// parseSocket reads a struct inet_diag_msg. Addresses and ports are in network byte
// order, all else is in the host's.
func parseSocket(b []byte) (Socket, error) {
	if len(b) < answerLen {
		return Socket{}, fmt.Errorf("an answer of %d bytes, want %d", len(b), answerLen)
	}
	var local, remote netip.Addr
	switch family := b[0]; family {
	case familyIPv4:
		local, remote = netip.AddrFrom4([4]byte(b[8:])), netip.AddrFrom4([4]byte(b[24:]))
	case familyIPv6:
		local, remote = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	default:
		return Socket{}, fmt.Errorf("an answer of address family %d", family)
	}
	return Socket{
		Local:  netip.AddrPortFrom(local.Unmap(), binary.BigEndian.Uint16(b[4:])),
		Remote: netip.AddrPortFrom(remote.Unmap(), binary.BigEndian.Uint16(b[6:])),
		State:  State(b[1]),
		Inode:  uint64(binary.NativeEndian.Uint32(b[68:])),
	}, nil
}
