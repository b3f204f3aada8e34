// Sentences gathers what users read: each text of the program with three words or more,
// with the file and the line that it stands in, to be read aloud once.
//
//	go run ./sentences DIR
package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// left are folders whose texts no user reads.
var left = []string{"testdata", "tools", ".git", "bin", "reporttest", "capturetest", "filetest"}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: sentences DIR")
		os.Exit(2)
	}
	if err := os.Chdir(os.Args[1]); err != nil {
		fail(err)
	}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(left, d.Name()):
			return filepath.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		return gather(name)
	})
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "sentences: error:", err)
	os.Exit(1)
}

// sentence is a text and where it begins.
type sentence struct {
	at   token.Pos
	text string
}

// gather prints the sentences of a file.
func gather(name string) error {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, nil, 0)
	if err != nil {
		return err
	}
	var all []sentence
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field: // its tag is no text
			return n.Tag == nil
		case ast.Expr:
			if text, ok := joined(n); ok {
				if len(strings.Fields(text)) >= 3 {
					all = append(all, sentence{n.Pos(), strings.Join(strings.Fields(text), " ")})
				}
				return false
			}
		}
		return true
	})
	slices.SortFunc(all, func(x, y sentence) int { return cmp.Compare(x.at, y.at) })
	for _, s := range all {
		fmt.Printf("%s:%d: %s\n", filepath.ToSlash(name), set.Position(s.at).Line, s.text)
	}
	return nil
}

// joined returns the text of an expression that is made of literals; what stands between
// them is "...". It reports whether there are any.
func joined(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		x, isX := joined(e.X)
		y, isY := joined(e.Y)
		if !isX {
			x = "..."
		}
		if !isY {
			y = "..."
		}
		return x + y, isX || isY
	}
	return "", false
}
