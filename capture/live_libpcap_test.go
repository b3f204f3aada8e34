//go:build cgo && !nolibpcap

package capture

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"syscall"
	"testing"

	"github.com/google/gopacket/pcap"

	"github.com/kaanalyze/kaanalyze/capture/internal/filetest"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// TestInterfaces: what libpcap lists includes the interfaces that the system does.
func TestInterfaces(t *testing.T) {
	list, err := Interfaces()
	if err != nil {
		t.Skip(err)
	}
	known, err := net.Interfaces()
	if err != nil {
		t.Skip(err)
	}
	for _, k := range known {
		for _, i := range list {
			if i.Name != k.Name {
				continue
			}
			if i.Pseudo || i.Up != (k.Flags&net.FlagUp != 0) || i.Loopback != (k.Flags&net.FlagLoopback != 0) {
				t.Errorf("%s: got %+v, the system says %v", k.Name, i, k.Flags)
			}
			for _, a := range i.Addresses {
				if !a.IsValid() {
					t.Errorf("%s: got address %v", k.Name, a)
				}
			}
		}
	}
}

// TestOpenLiveErrors has an interface that is not there, with a right and a wrong
// filter: who may not capture is told that.
func TestOpenLiveErrors(t *testing.T) {
	dev := Device{Name: "no-such-iface", Now: func() int64 { return 0 }}
	_, err := OpenLive(dev, Options{})
	if !errors.Is(err, syscall.ENODEV) && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got error %v, want ENODEV or no permission", err)
	}
}

func TestExplain(t *testing.T) {
	other := errors.New("the cable burnt")
	for _, tt := range []struct {
		err, want error
	}{
		{errors.New("No Such Device"), syscall.ENODEV},
		{errors.New("Interface Not Up"), syscall.ENETDOWN},
		{other, other},
	} {
		if got := explain("eth0", tt.err); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.err, got, tt.want)
		}
	}
	for _, text := range []string{"Permission Denied", "unknown activated error: -11"} {
		if got := explain(anyInterface, errors.New(text)); got != fs.ErrPermission && got != syscall.ENODEV {
			t.Errorf("%s: got %v", text, got)
		}
		if list, err := Interfaces(); err == nil && len(list) > 0 {
			if got := explain(list[0].Name, errors.New(text)); got != fs.ErrPermission {
				t.Errorf("%s on %s: got %v, want %v", text, list[0].Name, got, fs.ErrPermission)
			}
			if got := explain("no-such-iface", errors.New(text)); got != syscall.ENODEV {
				t.Errorf("%s on no interface: got %v, want %v", text, got, syscall.ENODEV)
			}
		}
	}
}

func TestFileLinkType(t *testing.T) {
	for live, want := range map[pcapfile.LinkType]pcapfile.LinkType{
		11: pcapfile.LinkATM, 12: pcapfile.LinkRaw, 14: pcapfile.LinkRaw, 1: pcapfile.LinkEthernet, 276: pcapfile.LinkSLL2,
	} {
		if got := fileLinkType(live); got != want {
			t.Errorf("%d: got %v, want %v", live, got, want)
		}
	}
}

// TestPcapTap reads a file as if it was an interface.
func TestPcapTap(t *testing.T) {
	packets := filetest.Times(1, 2)
	handle, err := pcap.OpenOffline(filetest.Save(t, filetest.PlainPcap.Write(packets...))[0])
	if err != nil {
		t.Fatal(err)
	}
	tap := &pcapTap{handle: handle}
	defer tap.close()
	for _, p := range packets {
		data, at, wireLen, err := tap.next()
		if err != nil || at != p.Time || int(wireLen) != len(p.Bytes()) || string(data) != string(p.Bytes()) {
			t.Fatalf("got % x at %d, error %v; want % x at %d", data, at, err, p.Bytes(), p.Time)
		}
	}
	if _, _, _, err := tap.next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last packet: got error %v", err)
	}
	if _, _, err := tap.drops(); err == nil {
		t.Error("a file has drops")
	}
	if err := tap.down(); err != nil {
		t.Errorf("no interface of the system's is down: %v", err)
	}
	tap.index = 1 << 30
	if err := tap.down(); err != syscall.ENODEV {
		t.Errorf("an interface that is gone: got %v, want %v", err, syscall.ENODEV)
	}
}
