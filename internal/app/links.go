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
	if of.Mode()&os.ModeSticky == 0 || of.Mode().Perm()&0o002 == 0 {
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
