package pcapfile_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// TestDrops reads what packets and statistics say of lost packets.
func TestDrops(t *testing.T) {
	n := filetest.BE
	drops := func(code uint16, count uint64) []byte { return n.Option(code, n.Long(count)...) }
	packet := func(count uint64) []byte {
		return n.Enhanced(0, 1, filetest.Packet{Mark: 1}.Bytes(), drops(filetest.OptionPacketDrops, count))
	}
	statistics := func(iface uint32, options ...[]byte) []byte {
		return n.Block(filetest.BlockStatistics, filetest.Concat(n.Words(iface, 0, 0), filetest.Concat(options...)))
	}
	start := n.Option(filetest.OptionStart, n.Words(1, 2)...)
	file := filetest.Concat(
		n.Section(), n.Iface(1, 0, n.Option(filetest.OptionName, []byte("eth0")...)), n.Iface(1, 0),
		packet(2), packet(3),
		statistics(0, start, drops(filetest.OptionIfaceDrops, 4), drops(filetest.OptionKernelDrops, 5)),
		statistics(1, start, drops(filetest.OptionIfaceDrops, 6)), // without a name
		statistics(1, start), // without drops
		packet(7),
		n.Section(), n.Iface(1, 0), statistics(0, drops(filetest.OptionKernelDrops, 8)),
	)
	f, rest, err := pcapfile.Open(bytes.NewReader(file[4:]), file[:4], 9)
	if err != nil {
		t.Fatal(err)
	}
	r := pcapfile.Records{Buf: append(rest, file[4:]...)}
	if _, _, err := f.Walk(&r, 0); err != nil {
		t.Fatal(err)
	}
	want := []pcapfile.Drops{
		{Source: 9, Packets: 5},
		{Source: 9, Section: 1, Iface: 0, Start: 1<<32 | 2, Name: "eth0", Packets: 9, Total: true},
		{Source: 9, Section: 1, Iface: 1, Packets: 6, Total: true},
		{Source: 9, Packets: 7},
		{Source: 9, Section: 2, Iface: 0, Packets: 8, Total: true},
	}
	if diff := cmp.Diff(r.Side.Drops, want); diff != "" {
		t.Errorf("got, then want\n%s", diff)
	}
}

// TestTake moves side records: each link type is known once.
func TestTake(t *testing.T) {
	var all, more pcapfile.SideRecords
	if !all.Empty() {
		t.Error("the zero value is not empty")
	}
	all.AddLink(1)
	more.AddLink(113)
	more.AddLink(1)
	more.AddDrops(pcapfile.Drops{Packets: 2})
	secret := []byte("secret")
	more.AddSecret(secret)
	secret[0] = 'x'
	all.Take(&more)
	want := pcapfile.SideRecords{Links: []pcapfile.LinkType{1, 113}, Drops: []pcapfile.Drops{{Packets: 2}}, Secrets: [][]byte{[]byte("secret")}}
	if diff := cmp.Diff(all, want); diff != "" {
		t.Errorf("got, then want\n%s", diff)
	}
	if !more.Empty() || all.Empty() {
		t.Errorf("got %+v left", more)
	}
}

// TestPcapngDamageLater has blocks that are damaged in a way of their kind.
func TestPcapngDamageLater(t *testing.T) {
	n := filetest.LE
	good := filetest.Concat(n.Section(), n.Iface(1, 0), filetest.OnePacket())
	for name, tt := range map[string]struct {
		bad    []byte
		reason string
	}{
		"obsolete packet too short":            {n.Block(filetest.BlockObsolete, n.Words(0, 0)), "shorter than its kind"},
		"obsolete packet of no interface":      {n.Block(filetest.BlockObsolete, n.Words(7, 0, 0, 0, 0)), "interface 7, which is not declared"},
		"simple packet without its length":     {n.Block(filetest.BlockSimple, nil), "shorter than its kind"},
		"simple packet without interfaces":     {filetest.Concat(n.Section(), n.Block(filetest.BlockSimple, n.Words(0))), "interface 0"},
		"interface too short":                  {n.Block(filetest.BlockInterface, nil), "shorter than its kind"},
		"statistics too short":                 {n.Block(filetest.BlockStatistics, n.Words(0)), "shorter than its kind"},
		"secrets too short":                    {n.Block(filetest.BlockSecrets, n.Words(0)), "shorter than its kind"},
		"section too short":                    {n.Block(filetest.BlockSection, n.Words(0x1a2b3c4d)), "shorter than its kind"},
		"packet with drops of too few bytes":   {n.Enhanced(0, 1, nil, n.Option(filetest.OptionPacketDrops, 1)), ""},
		"option that is longer than its block": {n.Enhanced(0, 1, nil, []byte{4, 0, 255, 0}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := readEveryWay(t, filetest.Concat(good, tt.bad))
			switch d := r.Damage; {
			case tt.reason == "" && (d != nil || r.Packets != 2 || r.Dropped != 0):
				t.Errorf("got damage %+v, %d packets, %d dropped; want none, 2 and 0", d, r.Packets, r.Dropped)
			case tt.reason != "" && (d == nil || !strings.Contains(d.Reason, tt.reason) || r.Packets != 1):
				t.Errorf("got damage %+v after %d packets; want %q after 1", d, r.Packets, tt.reason)
			}
		})
	}
	first := filetest.Concat(n.Block(filetest.BlockInterface, nil))
	if _, _, err := pcapfile.Open(bytes.NewReader(first[4:]), first[:4], 0); err == nil {
		t.Error("a file that begins with an interface is a capture")
	}
}

// TestPcapngTooManyInterfaces has a section that declares one more than there may
// be.
func TestPcapngTooManyInterfaces(t *testing.T) {
	file := filetest.LE.Section()
	for range 1<<16 + 1 {
		file = append(file, filetest.LE.Iface(1, 0)...)
	}
	r := readAll(file, 1<<20)
	if d := r.Damage; d == nil || d.Offset != int64(28+20*(1<<16)) || !strings.Contains(d.Reason, "more than 65536 interfaces") {
		t.Errorf("got damage %+v", d)
	}
}

func TestNotCaptures(t *testing.T) {
	for file, want := range map[string]string{
		"":                             "not a capture: the file is empty",
		"hello world, this is a log\n": `not a capture: text, first bytes are "hello world, thi"`,
		"\x01":                         `not a capture: first bytes are "\x01"`,
		"\x00\x01\x02\x03\x04":         `not a capture: first bytes are "\x00\x01\x02\x03\x04"`,
		"BZh91AY&SY....":               "not a capture: it is compressed with bzip2; try bunzip2 -c FILE | kaanalyze",
		"PK\x03\x04......":             "not a capture: it is a zip archive; try unzip -p FILE | kaanalyze",
		"snoop\x00\x00\x00\x00\x00":    "not a capture: it is a snoop capture; convert it with editcap -F pcap FILE NEWFILE",
		"GMBU\x00\x02\x01\x00":         "not a capture: it is a Network Monitor capture; convert it with editcap -F pcap FILE NEWFILE",
		"\x7fver\x00\x00\x00\x00":      "not a capture: it is an EtherPeek or OmniPeek capture; convert it with editcap -F pcap FILE NEWFILE",
		"\x07\x00\x00\x00\x10\x00\x00\x00\x00\x05\xb4\xf3\x3c\x00\x00\x00": "not a capture: it looks like an EtherPeek capture; convert it with editcap -F pcap FILE NEWFILE",
		"\xa2\x1a\xb3\x70\x53\x4d\xaf\x43\x02\x04\x00\x58\x00\x00\x00\x46": "not a capture: it looks like an ERF capture; convert it with editcap -F pcap FILE NEWFILE",
	} {
		r := readAll([]byte(file), 100)
		if r.Err != want {
			t.Errorf("%q: got %q, want %q", file, r.Err, want)
		}
	}
	if r := readAll(filetest.PlainPcap.Write()[:20], 100); r.Err != "not a capture: the file ends inside its header" {
		t.Errorf("cut header: got %q", r.Err)
	}
}
