//go:build cgo

package app

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// onAllThreads calls f, whose psx calls reach all threads: where C is linked psx looks
// them up in /proc by the number of this process, and waits for what it finds. A /proc
// that is missing, or of another namespace of processes, would end or hang the program.
// Then f is called by a thread that has a /proc of its own.
func onAllThreads(f func() error) error {
	if threadsAreListed() {
		return f()
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine, and with it its mounts
		err := mountOwnProc()
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

// threadsAreListed reports whether /proc lists the threads of this process.
func threadsAreListed() bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	self, err := os.Readlink("/proc/self")
	if err != nil || self != strconv.Itoa(os.Getpid()) {
		return false
	}
	_, err = os.Stat(fmt.Sprintf("/proc/%s/task/%d", self, syscall.Gettid()))
	return err == nil
}

// mountOwnProc mounts a /proc that only this thread sees.
func mountOwnProc() error {
	err := syscall.Unshare(syscall.CLONE_NEWNS)
	if err == nil {
		err = syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	}
	if err == nil {
		err = syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "")
	}
	if err == nil && threadsAreListed() {
		return nil
	}
	return &hintError{
		errors.New("give up privileges: /proc does not list this process, so not all of its threads can be reached"),
		"mount proc there, as `unshare --mount-proc` does, or use a program that is built without cgo to read files",
	}
}
