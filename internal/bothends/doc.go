// Package bothends sets two captures of the same traffic side by side, made at two points
// of one path: what one of them saw and the other did not happened between the points.
//
// A [Log] for each capture takes the packets of its connections. [Compare] then matches the
// connections, by both initial sequence numbers (addresses and ports may have been
// translated between the points), puts packets into pairs, tells the offset of the clocks
// from all pairs, and says what became of the packets that are in no pair.
//
// The capture that the report is of is "here", the other one "there". A Log keeps
// [PacketBytes] for each packet and about 80 for each connection; the packets of one matched
// connection are copied once more while they are compared. [NewLog] bounds how many packets are kept:
// what comes later is left out of the comparison, and told.
//
// Times are nanoseconds since the Unix epoch by the clock of the capture that they are of,
// durations nanoseconds.
package bothends
