// Man writes the manual page kaanalyze(1): what doc.go says, and the flags that
// the program itself lists.
//
//	man PROGRAM DOC.GO >kaanalyze.1
//
// The page has no date, so that the same source makes the same page.
package main

import (
	"fmt"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: man PROGRAM DOC.GO")
		os.Exit(2)
	}
	page, err := page(os.Args[1], os.Args[2])
	if err == nil {
		_, err = os.Stdout.WriteString(page)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "man: error:", err)
		os.Exit(1)
	}
}

// page returns the page of a program that the comment in docFile describes.
func page(program, docFile string) (string, error) {
	help, err := exec.Command(program, "--help").Output()
	if err != nil {
		return "", fmt.Errorf("%s --help: %w", program, err)
	}
	version, err := exec.Command(program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", program, err)
	}
	_, flags, ok := strings.Cut(string(help), "\nFlags:\n")
	if !ok {
		return "", fmt.Errorf("%s --help lists no flags", program)
	}
	flags, formats, ok := strings.Cut(flags, "\nFormats:\n")
	if !ok {
		return "", fmt.Errorf("%s --help lists no formats", program)
	}
	formats, _, _ = strings.Cut(formats, "\nExit codes:")
	file, err := parser.ParseFile(token.NewFileSet(), docFile, nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return "", err
	}
	name, number := "kaanalyze", strings.Fields(string(version))
	w := &writer{}
	w.linef(`.TH KAANALYZE 1 "" "%s %s" "User Commands"`, name, strings.TrimSuffix(number[1], ","))
	w.line(".SH NAME")
	w.line(`kaanalyze \- says why HTTP did not use TCP connections again`)
	var docs comment.Parser
	w.manual(docs.Parse(file.Doc.Text()).Content, func() {
		w.flags(flags)
		w.line(".SH FORMATS")
		w.code(strings.TrimRight(formats, "\n"))
	})
	w.line(".SH SEE ALSO")
	w.line(".BR tcpdump (8),\n.BR ss (8),\n.BR tshark (1),\n.BR pcap\\-filter (7)")
	return w.b.String(), nil
}
