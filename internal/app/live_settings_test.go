package app

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kaanalyze/kaanalyze/capture"
)

func TestLiveSettings(t *testing.T) {
	s, err := newSettings(filled(Config{Count: 9, Words: []string{"tcp", "port", "80"}, Live: Live{
		Interface: "lo", SnapLen: 200, BufferKiB: 4096, NoPromiscuous: true, Write: "x%H", RotateSeconds: 60, RotateSize: 5, RotateCount: 3,
		User: "root", Duration: time.Minute, Keep: 1, Interval: 10 * time.Second,
	}}))
	if err != nil {
		t.Fatal(err)
	}
	want := liveSettings{
		device: capture.Device{Name: "lo", SnapLen: 200, Buffer: 4 << 20, NoPromiscuous: true},
		filter: "tcp port 80", duration: time.Minute, interval: 10 * time.Second, user: "root",
		saving: capture.Saving{Name: "x%H", Every: time.Minute, Size: 5e6, Count: 3},
	}
	if diff := cmp.Diff(want, *s.live, cmp.AllowUnexported(liveSettings{}), cmp.FilterPath(func(p cmp.Path) bool {
		return p.Last().String() == ".Now" || p.Last().String() == ".Pause"
	}, cmp.Ignore())); diff != "" {
		t.Errorf("-want, +got:\n%s", diff)
	}
	if s.files != nil || s.filter != "" || s.Count != 9 {
		t.Errorf("got files %q, filter %q, count %d", s.files, s.filter, s.Count)
	}
	c := Defaults()
	c.Live.Interface = "lo"
	if s, err = newSettings(&c); err != nil || s.live.filter != "tcp" || s.live.device.Buffer != 64<<20 {
		t.Errorf("got %+v, error %v", s.live, err)
	}
}
