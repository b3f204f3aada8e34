package app

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestMaxMemory reads sizes.
func TestMaxMemory(t *testing.T) {
	for text, want := range map[string]int64{"512MiB": 512 << 20, "2GB": 2e9, "1.5gib": 3 << 29, "70000 kB": 70e6, "1TiB": 1 << 40} {
		c := filled(Config{MaxMemory: text})
		s, err := newSettings(c)
		if err != nil || s.maxMemory != want {
			t.Errorf("%s: got %+v and error %v, want %d", text, s, err, want)
		}
	}
	for text, want := range map[string]string{
		"": "not a size", "512": "not a size", "MiB": "not a size", "-1GB": "not a size", "NaNGB": "not a size", "1e30TB": "not a size",
		"5 apples": "not a size", "10MiB": "less than 64MiB", "0GB": "not a size",
	} {
		c := filled(Config{MaxMemory: text, Given: given("max-memory")})
		if _, err := newSettings(c); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--max-memory") {
			t.Errorf("%q: got error %v, want %q", text, err, want)
		}
	}
}

// TestDefaultMemory takes a quarter of the least that the machine, its cgroup and those
// above it have.
func TestDefaultMemory(t *testing.T) {
	machine := &fstest.MapFile{Data: []byte("MemTotal:        8388608 kB\nMemFree: 1 kB\n")}
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	for name, c := range map[string]struct {
		root fstest.MapFS
		want int64
	}{
		"machine":   {fstest.MapFS{"proc/meminfo": machine}, 2 << 30},
		"unlimited": {fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("0::/a\n"), "sys/fs/cgroup/a/memory.max": file("max\n")}, 2 << 30},
		"version 2": {fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/memory.max": file("4294967296\n"), "sys/fs/cgroup/a/b/memory.max": file("max\n")}, 1 << 30},
		"version 1": {fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("5:cpu:/x\n4:memory:/a\n"), "sys/fs/cgroup/memory/a/memory.limit_in_bytes": file("2147483648\n")}, 512 << 20},
		"container": {fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("1073741824\n")}, 256 << 20},
		"tiny":      {fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("1048576\n")}, leastMemory},
		"unknown":   {fstest.MapFS{}, 0},
	} {
		if got := defaultMemory(c.root); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}
