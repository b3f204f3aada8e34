package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks is how many links a name may lead through, as in Linux.
const maxLinks = 40

// A place is where a file is to be written.
type place struct {
	path string      // without links, but those of the kernel to what has no name
	info fs.FileInfo // what is there, nil for nothing
}

// findPlace finds the place of a file. Its error is that a link on the way there is not
// to be followed.
func findPlace(name string) (place, error) {
	path, err := followLinks(name)
	if err != nil {
		return place{}, err
	}
	if info, err := os.Lstat(path); err == nil {
		return place{path, info}, nil
	}
	if info, err := os.Stat(name); err == nil { // as /dev/stdout
		return place{name, info}, nil
	}
	return place{path, nil}, nil // creating it tells what is wrong
}

// regular reports whether a regular file is there or may come to be.
func (p *place) regular() bool { return p.info == nil || p.info.Mode().IsRegular() }

// mayReplace returns an error if a file is there whose name cannot be given to another
// file, as in a folder where only owners may remove files.
func (p *place) mayReplace() error {
	of, err := os.Stat(filepath.Dir(p.path))
	if p.info == nil || err != nil || of.Mode()&os.ModeSticky == 0 || isOwn(p.info) || isOwn(of) {
		return nil
	}
	return fmt.Errorf("%s belongs to somebody else, in a folder where only its owner may replace it", printable(p.path))
}

// mayOverwrite returns an error if a file is there that somebody else may have put there
// to read what is written to it.
func (p *place) mayOverwrite() error {
	if p.info == nil || isOwn(p.info) {
		return nil
	}
	of, err := os.Stat(filepath.Dir(p.path))
	if err != nil || !forAll(of) {
		return err
	}
	return fmt.Errorf("%s belongs to somebody else, in a folder for all", printable(p.path))
}

// forAll reports whether anybody may create files in a folder, and none may remove those
// of others.
func forAll(folder fs.FileInfo) bool {
	return folder.Mode()&os.ModeSticky != 0 && folder.Mode().Perm()&0o002 != 0
}

// followLinks returns the name of a file without links in it, whether the file is there
// or not. In a folder where anybody may create files and none may remove those of others,
// as /tmp, it follows a link only if the link and what it leads to belong to the user:
// somebody else may have put it there to have another file written over.
func followLinks(name string) (string, error) {
	at := "/"
	if !filepath.IsAbs(name) {
		folder, err := os.Getwd()
		if err != nil {
			return "", err
		}
		at = folder
	}
	rest := strings.Split(name, "/")
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, part)
		info, err := os.Lstat(next)
		if errors.Is(err, fs.ErrNotExist) {
			return filepath.Join(append([]string{next}, rest...)...), nil
		}
		if err != nil {
			return "", err
		}
		if info.Mode()&os.ModeSymlink == 0 {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", syscall.ELOOP
		}
		target, err := os.Readlink(next)
		if err != nil {
			return "", err
		}
		if err := mayFollow(at, next, info); err != nil {
			return "", err
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return at, nil
}

// mayFollow returns an error if a link in a folder is not to be followed.
func mayFollow(folder, link string, info fs.FileInfo) error {
	of, err := os.Stat(folder)
	if err != nil {
		return err
	}
	if !forAll(of) {
		return nil
	}
	target, err := os.Stat(link)
	if err != nil || !isOwn(info) || !isOwn(target) {
		return fmt.Errorf("%s is a link of somebody else, or to a file of somebody else, in a folder for all", printable(link))
	}
	return nil
}

// isOwn reports whether a file belongs to the user.
func isOwn(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid()
}
