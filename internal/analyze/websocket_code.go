package analyze

import "strconv"

// SocketCode returns the code of a Close with what it means (RFC 6455, 7.4.1).
func SocketCode(code uint16) string {
	s := strconv.Itoa(int(code))
	if words := socketCodes[code]; words != "" {
		s += " (" + words + ")"
	}
	return s
}

var socketCodes = map[uint16]string{
	1000: "normal", 1001: "going away", 1002: "protocol error", 1003: "unsupported data", 1005: "no code", 1007: "invalid data",
	1008: "policy violation", 1009: "message too big", 1010: "extension missing", 1011: "internal error", 1012: "service restart",
	1013: "try again later", 1014: "bad gateway",
}
