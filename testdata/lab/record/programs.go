//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// program is a server: its kind, its port and, for the lab's own and Node, its
// arguments.
type program struct {
	kind string // of tools or programs
	port int
	args []string
	near bool // on the clients' side of the line, a proxy
	says bool // its output is events
}

func (p program) ip() string {
	if p.near {
		return clientIP
	}
	return serverIP
}

// leaves reports whether the program, when it is killed, leaves processes behind.
func (p program) leaves() bool { return p.kind == "nginx-h2" }

func (p program) address() string { return p.ip() + ":" + strconv.Itoa(p.port) }

// tools are what the kinds of programs need on the PATH, and the package of
// Debian that has it.
var tools = map[string][2]string{
	"nginx":      {"nginx", "nginx"},
	"apache":     {"apache2", "apache2-bin"},
	"nginx-tls":  {"nginx", "nginx"},
	"apache-tls": {"apache2", "apache2-bin"},
	"haproxy":    {"haproxy", "haproxy"},
	"nginx-h2":   {"nginx", "nginx"},
	"apache-h2":  {"apache2", "apache2-bin"},
	"haproxy-h2": {"haproxy", "haproxy"},
	"python":     {"python3", "python3"},
	"node":       {"node", "nodejs"},
	"node-tls":   {"node", "nodejs"},
}

// programs are where the other kinds of programs are, and clients.
var programs = map[string]string{
	"server":        "@BIN@/server",
	"server-next":   "@BIN@/server-next", // built by Go's next version
	"client":        "@BIN@/client",
	"client-next":   "@BIN@/client-next",
	"raw":           "@BIN@/raw",
	"grpc":          "@BIN@/grpc",
	"caddy":         "@BIN@/caddy",
	"node-tls-next": newerNode,
	"node-next":     newerNode,
}

const newerNode = "@LAB@/npm/node_modules/.bin/node"

// need is something that a case needs, a command that fails without it, and what
// to tell then.
type need struct {
	check []string
	what  string
}

const debianPython = "/usr/bin/python3"

var needs = map[string]need{
	"httpx":    {[]string{debianPython, "-c", "import httpx"}, "httpx (Debian: apt-get install python3-httpx)"},
	"aiohttp":  {[]string{debianPython, "-c", "import aiohttp"}, "aiohttp (Debian: apt-get install python3-aiohttp)"},
	"requests": {[]string{debianPython, "-c", "import requests"}, "requests (Debian: apt-get install python3-requests)"},
	"openssl":  {[]string{"openssl", "version"}, "openssl (Debian: apt-get install openssl)"},
	"npm":      {[]string{"ls", "@LAB@/npm/node_modules/ws"}, "ws (npm install --prefix testdata/lab/npm)"},
}

// replace replaces the names of places in a word.
func (p places) replace(word string) string {
	return strings.NewReplacer("@BIN@", p.bin, "@LAB@", p.lab).Replace(word)
}

// program returns the command of a kind of program, else the name itself.
func (p places) program(name string) string {
	if known, ok := programs[name]; ok {
		return p.replace(known)
	}
	return name
}

// command returns what to run; what it needs is put into dir.
func (p program) command(where places, dir string) (string, []string, error) {
	port := strconv.Itoa(p.port)
	args := replaceAll(p.args, func(s string) string { return strings.ReplaceAll(s, "@DIR@", dir) })
	switch p.kind {
	case "server", "server-next":
		return where.program(p.kind), append([]string{"-listen", p.address()}, args...), nil
	case "node":
		return "node", append([]string{filepath.Join(where.lab, "node.js"), p.ip(), port}, args...), nil
	case "node-tls":
		return "node", append([]string{filepath.Join(where.lab, "node-tls.js"), p.ip(), port}, args...), nil
	case "node-tls-next":
		return where.program(p.kind), append([]string{filepath.Join(where.lab, "node-tls.js"), p.ip(), port}, args...), nil
	}
	switch p.kind {
	case "grpc":
		return where.program(p.kind), append(append([]string{"serve"}, args...), p.address()), nil
	case "caddy":
		return where.program(p.kind), []string{dir, p.address(), p.ip() + ":" + strconv.Itoa(p.port+1)}, nil
	}
	page := strings.Repeat(".", 299) + "\n"
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte(page), 0o644); err != nil {
		return "", nil, err
	}
	switch p.kind {
	case "python":
		return "python3", []string{"-m", "http.server", "--bind", p.ip(), "--directory", dir, port}, nil
	case "apache", "apache-tls", "apache-h2":
		// One process: killed, it leaves no other behind.
		file, err := p.configuration(where, dir, p.kind+".conf")
		return "apache2", []string{"-X", "-d", dir, "-f", file}, err
	case "haproxy", "haproxy-h2":
		file, err := p.configuration(where, dir, p.kind+".cfg")
		return "haproxy", []string{"-db", "-f", file}, err
	}
	file, err := p.configuration(where, dir, p.kind+".conf")
	return "nginx", []string{"-p", dir, "-c", file}, err
}

// configuration writes a configuration of the lab with its words replaced.
func (p program) configuration(where places, dir, name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(where.lab, name))
	if err != nil {
		return "", fmt.Errorf("read the configuration: %w", err)
	}
	words := strings.NewReplacer("@DIR@", dir, "@IP@", p.ip(), "@BACKEND@", serverIP+":8080")
	file := filepath.Join(dir, name)
	return file, os.WriteFile(file, []byte(words.Replace(string(text))), 0o644)
}
