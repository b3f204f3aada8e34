package kernel

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// Process is a process of this host. It chose its name itself: print it with care.
type Process struct {
	PID  int
	Name string
}

// Owners says which processes have which sockets: by a socket's inode, and in order of PID.
type Owners map[uint64][]Process

// ReadOwners reads who has the sockets of this host, TCP or not. It sees only the processes
// that this one may look into; so a capture reads them before it gives up privileges. It
// returns nil without /proc.
func ReadOwners() Owners {
	fs, err := procfs.NewFS("/proc")
	if err != nil {
		return nil
	}
	return readOwners(fs)
}

// of returns the owners of some sockets alone.
func (o Owners) of(sockets []Socket) Owners {
	out := Owners{}
	for i := range sockets {
		inode := sockets[i].Inode
		if list := o[inode]; len(list) > 0 && inode != 0 {
			out[inode] = list
		}
	}
	return out
}

// readOwners returns which processes have which sockets. Processes that this one may not
// look into are left out.
func readOwners(fs procfs.FS) Owners {
	out := Owners{}
	procs, _ := fs.AllProcs() // none may be seen then
	slices.SortFunc(procs, func(x, y procfs.Proc) int { return cmp.Compare(x.PID, y.PID) })
	for _, p := range procs {
		files, err := p.FileDescriptorTargets()
		if err != nil {
			continue
		}
		name := ""
		for _, f := range files {
			f, ok := strings.CutPrefix(f, "socket:[")
			inode, err := strconv.ParseUint(strings.TrimSuffix(f, "]"), 10, 64)
			if !ok || err != nil {
				continue
			}
			if name == "" {
				if name, err = p.Comm(); err != nil {
					break // it has ended
				}
			}
			owner := Process{PID: p.PID, Name: name}
			if list := out[inode]; len(list) == 0 || list[len(list)-1] != owner { // several descriptors may lead to it
				out[inode] = append(list, owner)
			}
		}
	}
	return out
}
