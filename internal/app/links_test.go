package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLinksAreFollowed writes a report through links of the user's own.
func TestLinksAreFollowed(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	sub := filepath.Join(dir, "sub")
	if err := errors.Join(os.Mkdir(sub, 0o777), os.Symlink("sub/real.txt", "one.txt"), os.Symlink("one.txt", "two.txt"), os.Symlink(sub, "folder"),
		os.Symlink("loop.txt", "loop.txt"), os.WriteFile("sub/real.txt", []byte("before"), 0o640)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"one.txt": "sub/real.txt", "two.txt": "sub/real.txt", "folder/new.txt": "sub/new.txt", "folder/../other.txt": "other.txt",
		"./sub//real.txt": "sub/real.txt", dir + "/two.txt": "sub/real.txt",
	} {
		if got, err := followLinks(name); err != nil || got != filepath.Join(dir, want) {
			t.Errorf("%s: got %q, error %v, want %s", name, got, err, want)
		}
		out := succeed(t, Config{Demo: demo, Output: []string{name}})
		if text, err := os.ReadFile(want); err != nil || string(text) != out {
			t.Errorf("%s: got %q in %s, error %v, want the report", name, text, want, err)
		}
	}
	if info, err := os.Lstat("one.txt"); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link has become %v, error %v", info, err)
	}
	if info, err := os.Stat("sub/real.txt"); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("got %v, error %v, want that those may read it who could", info, err)
	}
	if code, _, stderr := command(Config{Demo: demo, Output: []string{"loop.txt"}}); code != ExitFailed || !strings.Contains(stderr, "too many levels of symbolic links") {
		t.Errorf("a loop: got exit code %d and %q", code, stderr)
	}
}

// TestLinksOfOthers refuses links that somebody else may have put into a folder for all,
// and leaves alone what they lead to.
func TestLinksOfOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make the files of somebody else")
	}
	const other = 12345
	dir := t.TempDir()
	victim, theirs := filepath.Join(dir, "victim.txt"), filepath.Join(dir, "theirs.txt")
	if err := errors.Join(os.WriteFile(victim, []byte("mine"), 0o600), os.WriteFile(theirs, []byte("theirs"), 0o600), os.Chown(theirs, other, other)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		folder   os.FileMode
		owner    int
		target   string
		followed bool
	}{
		{"somebody's link in a folder for all", 0o777 | os.ModeSticky, other, victim, false},
		{"own link to somebody's file", 0o777 | os.ModeSticky, 0, theirs, false},
		{"own link to own file", 0o777 | os.ModeSticky, 0, victim, true},
		{"somebody's link to no file", 0o777 | os.ModeSticky, other, filepath.Join(dir, "none.txt"), false},
		{"somebody's link in a folder of the user's own", 0o755, other, victim, true},
		{"somebody's link in a folder where all may remove files", 0o777, other, victim, true},
	} {
		folder := filepath.Join(t.TempDir(), "folder")
		link := filepath.Join(folder, "link.txt")
		if err := errors.Join(os.Mkdir(folder, 0o700), os.Chmod(folder, c.folder), os.Symlink(c.target, link), syscall.Lchown(link, c.owner, c.owner)); err != nil {
			t.Fatal(err)
		}
		code, _, stderr := command(Config{Demo: demo, Output: []string{link}})
		if followed := code == ExitOK; followed != c.followed || !followed && (code != ExitFailed || !strings.Contains(stderr, "somebody else")) {
			t.Errorf("%s: got exit code %d and %q, want it followed: %v", c.name, code, stderr, c.followed)
		}
	}
	if text, err := os.ReadFile(theirs); err != nil || string(text) != "theirs" {
		t.Errorf("got %q, error %v, want it as it was", text, err)
	}
}

// TestReplaceFilesOfOthers refuses at the start what could not be written in the end: in a
// folder where only owners may remove files somebody else's file keeps its name.
func TestReplaceFilesOfOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make the files of somebody else")
	}
	const other = 12345
	for _, c := range []struct {
		name         string
		mode         os.FileMode
		folder, file int // owners
		refused      bool
	}{
		{"somebody's file in somebody's sticky folder", 0o777 | os.ModeSticky, other, other, true},
		{"somebody's file in an own sticky folder", 0o777 | os.ModeSticky, 0, other, false},
		{"own file in somebody's sticky folder", 0o777 | os.ModeSticky, other, 0, false},
		{"somebody's file in somebody's folder", 0o777, other, other, false},
	} {
		folder := filepath.Join(t.TempDir(), "folder")
		name := filepath.Join(folder, "report.txt")
		if err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(name, []byte("before"), 0o644),
			os.Chown(name, c.file, c.file), os.Chown(folder, c.folder, c.folder), os.Chmod(folder, c.mode)); err != nil {
			t.Fatal(err)
		}
		code, _, stderr := command(Config{Demo: demo, Output: []string{name}})
		if refused := code != ExitOK; refused != c.refused || refused && !strings.Contains(stderr, "belongs to somebody else") {
			t.Errorf("%s: got exit code %d and %q, want it refused: %v", c.name, code, stderr, c.refused)
		}
	}
}

// TestLinkToPipe follows a link to what is no regular file by the same rule.
func TestLinkToPipe(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make the files of somebody else")
	}
	folder := filepath.Join(t.TempDir(), "folder")
	link := filepath.Join(folder, "link.txt")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.Chmod(folder, 0o777|os.ModeSticky), os.Symlink("/dev/null", link), syscall.Lchown(link, 12345, 12345)); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := command(Config{Demo: demo, Output: []string{link}}); code != ExitFailed || !strings.Contains(stderr, "somebody else") {
		t.Errorf("got exit code %d and %q, want it refused", code, stderr)
	}
}
