//go:build linux

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tlsCases are those of programs over TLS. Who closed and why they say without its
// headers, so several causes may be right: "at least none" is of each of them.
//
// A case's name says the program that it is about. Requests, versions, protocols and
// resumption are what the server said, or its log; the lab's own client says its own.
var tlsCases = slices.Concat(goCases, serverCases, clientCases, failingCases, otherCases)

// secure returns a case over TLS.
func secure(name, what string, servers []program, clients [][]string, why causes) labCase {
	return labCase{name: name, what: what, servers: servers, clients: clients, causes: why, tls: true}
}

// url is of a path on the server's host.
func url(port int, path string) string {
	return "https://" + serverIP + ":" + strconv.Itoa(port) + path
}

// goClient is the lab's client over TLS, in which words with a slash are paths as in
// client; with "next " before them the one that the next version of Go builds.
func goClient(line string) []string {
	name := "client"
	if rest, next := strings.CutPrefix(line, "next "); next {
		name, line = "client-next", rest
	}
	args := client("-keylog @DIR@/keylog " + line)
	for i := range args {
		if i > 0 && args[i-1] != "-proxy" {
			args[i] = strings.Replace(args[i], "http://"+serverIP, "https://"+serverIP, 1)
		}
	}
	args[0] = name
	return args
}

// goTLS is the lab's server over TLS; goSays is one that says what it sees, for clients
// that do not.
func goTLS(args ...string) []program { return goServer(append([]string{"-tls"}, args...)...) }

func goSays(args ...string) []program { return goTLS(append([]string{"-say"}, args...)...) }

// goSaysKeys writes down the secrets, too, for clients that cannot.
func goSaysKeys(args ...string) []program {
	return goSays(append([]string{"-keylog", "@DIR@/keylog"}, args...)...)
}

// logging is a server with a log that the recorder reads.
func logging(kind string, port int, args ...string) []program {
	return []program{{kind: kind, port: port, args: args, says: true}}
}

// quiet is one whose log is not needed: the client says all.
func quiet(kind string, port int, args ...string) []program {
	return []program{{kind: kind, port: port, args: args}}
}

// nodeClient is a client of the lab's for Node; node-next is the newest one.
func nodeClient(node, library string, port int, options string) []string {
	return append([]string{node, "--no-warnings", "--tls-keylog=@DIR@/keylog", "@LAB@/node-client.js", library, url(port, "/x")}, strings.Fields(options)...)
}

func pythonClient(library string, port int, options string) []string {
	return append([]string{debianPython, "@LAB@/client.py", library, url(port, "/x")}, strings.Fields(options)...)
}

// javaClient has bursts, parallel requests, the pause in ms and versions as its line.
func javaClient(settings, library string, port int, line string) []string {
	args := append([]string{"java"}, strings.Fields(settings)...)
	return append(append(args, "@LAB@/Client.java", library, url(port, "/x")), strings.Fields(line)...)
}

// shell is a script, mostly of curl and openssl.
func shell(script string) []string { return []string{"sh", "-c", script} }

// curl runs curl; PORT:/path in its line are URLs over TLS.
func curl(line string) string {
	args := strings.Fields(line)
	for i, a := range args {
		if port, path, found := strings.Cut(a, ":/"); found {
			if n, err := strconv.Atoi(port); err == nil {
				args[i] = url(n, "/"+path) + " -o /dev/null"
			}
		}
	}
	return "curl -sk --max-time 8 " + strings.Join(args, " ") + "\n"
}

// times repeats a command of a script, pause seconds apart.
func times(n int, pause string, command string) string {
	return fmt.Sprintf("for i in $(seq %d); do %s sleep %s; done\n", n, command, pause)
}

// sClient is openssl s_client with what is said to it.
func sClient(port int, options, says string) string {
	return fmt.Sprintf("( %s ) | openssl s_client -connect %s:%d -keylogfile @DIR@/keylog %s >>s_client.out 2>&1\n", says, serverIP, port, options)
}

// get is a request said to openssl s_client, then time for the response.
const get = `printf 'GET /x HTTP/1.1\r\nHost: lab.example\r\n\r\n'; sleep 0.3;`

// near and far are round trips of 0.1 and 20 ms.
func (c labCase) near() labCase { c.delay = 50 * time.Microsecond; return c }
func (c labCase) far() labCase  { c.delay = 10 * time.Millisecond; return c }

func (c labCase) lasting(after time.Duration) labCase { c.after = after; return c }
func (c labCase) needing(what ...string) labCase      { c.needs = what; return c }
func (c labCase) well() labCase                       { c.healthy = true; return c }
func (c labCase) notEstimated() labCase               { c.notHTTP1 = true; return c }
func (c labCase) inSeries() labCase                   { c.pipelined = true; return c }
func (c labCase) acting(a ...action) labCase          { c.actions = a; return c }
