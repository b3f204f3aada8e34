package app

import (
	"slices"

	"pgregory.net/rapid"
)

// sameSwapped has neighbours of one connection swapped, as two queues of a network
// card do: within a millisecond, each packet at most once. Nothing but times and the
// numbers of packets changes.
func sameSwapped(t *rapid.T, _ packetFile, dir string) {
	p := drawRecords(t, true) // what is missing may be what would tell the order
	want := counted(told(t, reading(saved(t, dir, "capture.pcap", p.of(p.records)))))
	swapped := slices.Clone(p.records)
	last := map[string]int{}  // the last packet of each connection, if it may be swapped
	seen := map[string]bool{} // connections
	for i, r := range swapped {
		c := connectionOf(r)
		j, ok := last[c]
		if last[c] = i; !seen[c] && !opens(r) {
			delete(last, c) // the first packet tells whether the opening was captured
		}
		seen[c] = true
		if ok && i != j+1 && (opens(swapped[j]) || opens(r)) {
			continue // which connection was opened before another must not change
		}
		if !ok || gap(p, swapped[j], r) >= 1_000_000 || rapid.IntRange(0, 3).Draw(t, "swap") != 0 {
			continue
		}
		swapped[j], swapped[i] = takenAt(r, swapped[j]), takenAt(swapped[j], r)
		delete(last, c)
	}
	wantSame(t, "swapped", want, counted(told(t, reading(saved(t, dir, "swapped.pcap", p.of(swapped))))))
}

// connectionOf returns what tells a connection: the addresses and ports of a record of
// IPv4 in Ethernet, in either direction.
func connectionOf(record []byte) string {
	ip := record[recordHead+14:]
	from, to := string(ip[12:16])+string(ip[20:22]), string(ip[16:20])+string(ip[22:24])
	return min(from, to) + max(from, to)
}

// tcpFlags returns the flags of a record of IPv4 in Ethernet without IP options.
func tcpFlags(record []byte) byte { return record[recordHead+14+20+13] }

// opens reports whether a record is a SYN.
func opens(record []byte) bool { return tcpFlags(record)&0x12 == 2 }

// gap returns the time between two records, in ns.
func gap(p packetFile, from, to []byte) int64 {
	unit := int64(1000)
	if p.head[0] == 0x4d {
		unit = 1
	}
	a, b := at(from), at(to)
	return (int64(b>>32)-int64(a>>32))*1e9 + (int64(uint32(b))-int64(uint32(a)))*unit
}

// takenAt returns the packet of a record with the time of another.
func takenAt(packet, time []byte) []byte {
	return append(slices.Clone(time[:8]), packet[8:]...)
}

// counted returns what a report counts and says of each connection, but for times
// and the numbers of packets.
func counted(report map[string]any) map[string]any {
	var conns []any
	for _, x := range report["connections"].([]any) {
		c := x.(map[string]any)
		end := c["close"].(map[string]any)
		for _, key := range []string{"at", "packet", "first_fin"} {
			delete(end, key)
		}
		hand := c["handshake"].(map[string]any)
		delete(hand, "rtt_seconds")
		delete(hand, "connect_seconds")
		if tls, ok := c["tls"].(map[string]any); ok {
			delete(tls, "handshake_seconds")
		}
		for _, side := range c["probes"].(map[string]any) {
			delete(side.(map[string]any), "idle_seconds")
			delete(side.(map[string]any), "interval_seconds")
		}
		cause := c["not_reused"].(map[string]any)
		delete(cause, "observed")
		for _, key := range []string{"id", "start", "end", "idle_gaps_seconds"} {
			delete(c, key)
		}
		conns = append(conns, c)
	}
	slices.SortFunc(conns, func(a, b any) int {
		return int(a.(map[string]any)["stream"].(float64) - b.(map[string]any)["stream"].(float64))
	})
	totals := report["totals"].(map[string]any)
	for _, key := range []string{"time_wait", "close_wait", "fin_wait_2", "pool_need", "avoidable_connections", "avoidable_handshake_seconds"} {
		delete(totals, key) // what is open at the same time
		delete(totals, key+"_estimated")
	}
	return map[string]any{"connections": conns, "totals": totals, "level": report["verdict"].(map[string]any)["level"]}
}
