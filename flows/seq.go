package flows

// Sequence numbers are compared modulo 2^32 (RFC 9293, 3.4): a is before b if b
// is reached from a in fewer than 2^31 steps.

func before(a, b uint32) bool   { return int32(a-b) < 0 }
func beforeEq(a, b uint32) bool { return int32(a-b) <= 0 }
func after(a, b uint32) bool    { return int32(a-b) > 0 }
func afterEq(a, b uint32) bool  { return int32(a-b) >= 0 }
