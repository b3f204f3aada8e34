package app

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

// sameCopied has each packet twice: on the same interface up to 0.9 ms later, or up to
// 90 ms later in another VLAN or on another interface, where it may have passed a
// router. They come at a pace of 10 to 200,000 packets/s.
func sameCopied(t *rapid.T, p packetFile, dir string) {
	packets := unlike(p.records)
	if len(packets) == 0 {
		t.Skip("nothing but RSTs")
	}
	if rapid.IntRange(0, 3).Draw(t, "many") == 0 {
		packets = multiplied(packets, min(20, 20_000/len(packets)))
	}
	apart := int64(1e9) / rapid.SampledFrom([]int64{10, 100, 1_000, 10_000, 50_000, 200_000}).Draw(t, "packets/s")
	where := rapid.SampledFrom([]string{"here", "VLAN", "interface"}).Draw(t, "copies")
	latest := int64(90_000) // us
	if where == "here" {
		latest = 900
	}
	delay := rapid.Int64Range(0, latest).Draw(t, "delay, us") * 1e3
	jitter := min(rapid.Int64Range(0, 300).Draw(t, "jitter, us")*1e3, latest*1e3-delay)
	routed := where != "here" && rapid.Bool().Draw(t, "routed")

	once := make([]capturedFrame, 0, 2*len(packets)+1)
	for i, packet := range packets {
		once = append(once, capturedFrame{at: int64(i) * apart, data: packet})
	}
	end := capturedFrame{at: int64(len(packets))*apart + 1e9, data: notTCP} // so that both last as long
	twice := slices.Clone(once)
	var last int64
	for i, f := range once {
		last = max(last, f.at+delay+int64(i%7)*jitter/6) // no copy overtakes another
		twice = append(twice, copyOf(capturedFrame{at: last, data: f.data}, where, routed))
	}
	slices.SortStableFunc(twice, func(a, b capturedFrame) int { return int(a.at - b.at) })

	want := unnumbered(told(t, reading(saved(t, dir, "once.pcapng", pcapngOf(append(once, end))))))
	got := unnumbered(told(t, reading(saved(t, dir, "twice.pcapng", pcapngOf(append(twice, end))))))
	wantSame(t, "with copies", want, got)
}

// A capturedFrame is an Ethernet frame, when and where it was captured.
type capturedFrame struct {
	at          int64 // ns
	onInterface uint32
	data        []byte
}

// notTCP is a frame of another protocol.
var notTCP = append(make([]byte, 12), 0x88, 0xb5, 0, 0)

// unlike returns the frames of records, each that is sent twice alike once. RSTs before
// which there is no other packet are left out: whether they were copied is told by
// others.
func unlike(records [][]byte) (frames [][]byte) {
	seen := map[string]bool{}
	for _, r := range records {
		if frame := r[recordHead:]; !seen[string(frame)] && (len(frames) > 0 || !isRST(r)) {
			seen[string(frame)] = true
			frames = append(frames, frame)
		}
	}
	return frames
}

// multiplied returns the frames n times, each time with other addresses.
func multiplied(frames [][]byte, n int) (all [][]byte) {
	for i := range n {
		for _, f := range frames {
			f = slices.Clone(f)
			f[14+12+1] += byte(i) // the second byte of the addresses
			f[14+16+1] += byte(i)
			all = append(all, f)
		}
	}
	return all
}

// copyOf returns f as it was captured a second time.
func copyOf(f capturedFrame, where string, routed bool) capturedFrame {
	f.data = slices.Clone(f.data)
	if routed {
		f.data[14+8]--  // TTL
		f.data[14+11]-- // and the checksum, in some way
		f.data[0]++
	}
	switch where {
	case "VLAN":
		f.data = slices.Insert(f.data, 12, 0x81, 0, 0, 7)
	case "interface":
		f.onInterface = 1
	}
	return f
}

// pcapngOf returns a pcapng file with two interfaces, in ns.
func pcapngOf(frames []capturedFrame) []byte {
	block := func(kind uint32, body []byte) []byte {
		n := uint32(12 + len(body))
		return binary.LittleEndian.AppendUint32(append(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, kind), n), body...), n)
	}
	file := block(0x0a0d0d0a, []byte{0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	described := block(1, []byte{1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0}) // Ethernet; if_tsresol 9
	file = append(append(file, described...), described...)
	for _, f := range frames {
		at := uint64(1_700_000_000e9 + f.at)
		body := binary.LittleEndian.AppendUint32(nil, f.onInterface)
		for _, x := range []uint32{uint32(at >> 32), uint32(at), uint32(len(f.data)), uint32(len(f.data))} {
			body = binary.LittleEndian.AppendUint32(body, x)
		}
		body = append(append(body, f.data...), make([]byte, -len(f.data)&3)...)
		file = append(file, block(6, body)...)
	}
	return file
}

// unnumbered returns a report without the numbers of packets, and of how many there are.
func unnumbered(report map[string]any) map[string]any {
	for _, key := range []string{"packets", "tcp_packets", "bytes", "duplicate_packets"} {
		delete(report["capture"].(map[string]any), key)
	}
	renumber(report, func(int) int { return 0 })
	return report
}

// inText is a packet number in what is told in words.
var inText = regexp.MustCompile(`packet \d+`)

// renumber changes the packet numbers in v, a part of a report.
func renumber(v any, change func(int) int) any {
	switch v := v.(type) {
	case string:
		return inText.ReplaceAllStringFunc(v, func(found string) string {
			n, _ := strconv.Atoi(found[len("packet "):])
			return fmt.Sprintf("packet %d", change(n))
		})
	case []any:
		for i, x := range v {
			v[i] = renumber(x, change)
		}
	case map[string]any:
		for key, x := range v {
			n, number := x.(float64)
			list, isList := x.([]any)
			switch {
			case number && (key == "packet" || strings.HasSuffix(key, "_packet")):
				v[key] = float64(change(int(n)))
			case isList && key == "packets":
				for i := range list {
					list[i] = float64(change(int(list[i].(float64))))
				}
			default:
				v[key] = renumber(x, change)
			}
		}
	}
	return v
}
