package app

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaanalyze/kaanalyze/capture"
)

// TestSavedLinks has -w follow links as -o does, and lets nobody else read what it saves.
func TestSavedLinks(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make the files of somebody else")
	}
	const (
		other = 12345
		all   = 0o777 | os.ModeSticky
	)
	j := liveJob(t, Config{}, io.Discard)
	dir := t.TempDir()
	victim, theirs := filepath.Join(dir, "victim.pcap"), filepath.Join(dir, "theirs.pcap")
	for _, c := range []struct {
		name    string
		folder  os.FileMode
		owner   int
		target  string // of a link; "" for a file
		refused string
	}{
		{"somebody's link in a folder for all", all, other, victim, "is a link of somebody else"},
		{"own link to somebody's file", all, 0, theirs, "is a link of somebody else"},
		{"somebody's link to no file", all, other, filepath.Join(dir, "none.pcap"), "is a link of somebody else"},
		{"somebody's file in a folder for all", all, other, "", "belongs to somebody else"},
		{"own link to own file", all, 0, victim, ""},
		{"own file", all, 0, "", ""},
		{"somebody's link in a folder of the user's own", 0o755, other, victim, ""},
		{"somebody's file in a folder of the user's own", 0o755, other, "", ""},
	} {
		if err := errors.Join(os.WriteFile(victim, []byte("mine"), 0o644), os.WriteFile(theirs, []byte("theirs"), 0o644), os.Chown(theirs, other, other)); err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(t.TempDir(), "folder")
		name := filepath.Join(folder, "x.pcap")
		err := errors.Join(os.Mkdir(folder, 0o700), os.Chmod(folder, c.folder))
		if c.target == "" {
			err = errors.Join(err, os.WriteFile(name, []byte("there"), 0o644))
		} else {
			err = errors.Join(err, os.Symlink(c.target, name))
		}
		if err = errors.Join(err, syscall.Lchown(name, c.owner, c.owner)); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(name)
		f, w, err := j.createSaved(name)
		if c.refused != "" {
			after, _ := os.ReadFile(name)
			if err == nil || !strings.Contains(err.Error(), c.refused) || string(before) != string(after) {
				t.Errorf("%s: got error %v, %q in the file, want it refused and %q", c.name, err, after, before)
			}
			continue
		}
		if err != nil || w != io.Writer(f) {
			t.Errorf("%s: got error %v", c.name, err)
			continue
		}
		info, err := f.Stat()
		if err = errors.Join(err, f.Close()); err != nil || info.Size() != 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v with %d bytes, error %v; want -rw------- and none", c.name, info.Mode(), info.Size(), err)
		}
	}
}

// TestSavedPipe saves to a pipe that nobody reads: the capture ends with its time or a
// signal, also where somebody has opened the pipe.
func TestSavedPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	l := Defaults().Live
	l.Interfaces, l.Duration = []string{"lo"}, time.Millisecond
	if _, _, err := liveJob(t, Config{Live: l}, io.Discard).createSaved(name); !errors.Is(err, errNoReader) {
		t.Errorf("when the time is over: got error %v", err)
	}
	j := liveJob(t, Config{}, io.Discard)
	j.interruption.signal()
	if _, _, err := j.createSaved(name); !errors.Is(err, errNoReader) || !errors.Is(err, errInterrupted) {
		t.Errorf("after a signal: got error %v", err)
	}

	reader, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	j = liveJob(t, Config{}, io.Discard)
	f, w, err := j.createSaved(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	time.AfterFunc(10*time.Millisecond, j.interruption.signal)
	if _, err := w.Write(make([]byte, 1<<20)); !errors.Is(err, errInterrupted) {
		t.Errorf("a reader that does not read: got error %v", err)
	}
}

// TestSaverNamesTheFile tells the name that was asked for, not where a link led.
func TestSaverNamesTheFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Symlink("/dev/full", "link.pcap"); err != nil {
		t.Fatal(err)
	}
	j := liveJob(t, Config{}, io.Discard)
	src, err := capture.OpenLive(j.s.live.device, capture.Options{})
	if err != nil {
		t.Skip(err)
	}
	defer src.Close()
	if err := j.saveTo(src, capture.Saving{Name: "link.pcap"}); !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), `save capture to "link.pcap": `) {
		t.Errorf("got error %v", err)
	}
}
