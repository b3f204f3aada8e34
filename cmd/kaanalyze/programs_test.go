package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// programs are what the binary of the tests runs in their place, by the name that it is
// called by: real programs to capture.
var programs = map[string]func(){"kaanalyze": main, "dial": dial, "serve": serve, "ask": ask}

// dial makes a connection that is refused: two packets.
func dial() {
	if c, err := net.Dial("tcp", "127.0.0.1:1"); err == nil {
		_ = c.Close()
	}
}

// serve ADDRESS COMMAND... answers HTTP while a command runs, and exits as that does.
func serve() {
	l, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fail(err)
	}
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello\n") }))
	}()
	command := exec.Command(os.Args[2], os.Args[3:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	var exit *exec.ExitError
	if err := command.Run(); errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	} else if err != nil {
		fail(err)
	}
}

// ask ADDRESS N [PAUSE] sends N requests on one connection, with a pause after each.
func ask() {
	n, _ := strconv.Atoi(os.Args[2])
	pause := time.Duration(0)
	if len(os.Args) > 3 {
		pause, _ = time.ParseDuration(os.Args[3])
	}
	for range n {
		answer, err := http.Get("http://" + os.Args[1] + "/")
		if err != nil {
			fail(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		time.Sleep(pause)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
