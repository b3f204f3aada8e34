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
	kind string // server, nginx, apache, python or node
	port int
	args []string
	near bool // on the clients' side of the line, a proxy
}

func (p program) ip() string {
	if p.near {
		return clientIP
	}
	return serverIP
}

func (p program) address() string { return p.ip() + ":" + strconv.Itoa(p.port) }

// tools are what the kinds of programs need on the PATH, and the package of
// Debian that has it.
var tools = map[string][2]string{
	"nginx":  {"nginx", "nginx"},
	"apache": {"apache2", "apache2-bin"},
	"python": {"python3", "python3"},
	"node":   {"node", "nodejs"},
}

// command returns what to run; what it needs is put into dir.
func (p program) command(where places, dir string) (string, []string, error) {
	port := strconv.Itoa(p.port)
	switch p.kind {
	case "server":
		return filepath.Join(where.bin, "server"), append([]string{"-listen", p.address()}, p.args...), nil
	case "node":
		return "node", append([]string{filepath.Join(where.lab, "node.js"), p.ip(), port}, p.args...), nil
	}
	page := strings.Repeat(".", 299) + "\n"
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte(page), 0o644); err != nil {
		return "", nil, err
	}
	switch p.kind {
	case "python":
		return "python3", []string{"-m", "http.server", "--bind", p.ip(), "--directory", dir, port}, nil
	case "apache":
		// One process: killed, it leaves no other behind.
		file, err := p.configuration(where, dir, "apache.conf")
		return "apache2", []string{"-X", "-d", dir, "-f", file}, err
	}
	file, err := p.configuration(where, dir, "nginx.conf")
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
