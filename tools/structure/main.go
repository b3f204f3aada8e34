// Structure measures the packages of this module and draws them.
//
//	structure [-long N] [-svg FILE] [DIR]
//
// Without flags it prints, for each package, its lines, its largest file and
// function, and its references upward between files. A file is above another if
// most references between the two go down from it; the others go upward. They
// tell how much of a package has to be understood at once.
//
// With -long it prints the functions of more than N lines instead, and exits
// with 1 if there are any that do not say why in a comment "Long:". With -svg it
// draws which package imports which, levels from top to bottom.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	long := flag.Int("long", 0, "list functions of more than `N` lines")
	picture := flag.String("svg", "", "draw the imports to `FILE`")
	flag.Parse()
	dir := "."
	if flag.NArg() > 0 {
		dir = flag.Arg(0)
	}
	pkgs, err := load(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "structure: error:", err)
		os.Exit(1)
	}
	switch {
	case *long > 0:
		if listLong(pkgs, *long) {
			os.Exit(1)
		}
	case *picture != "":
		if err := os.WriteFile(*picture, drawImports(pkgs), 0o666); err != nil {
			fmt.Fprintln(os.Stderr, "structure: error:", err)
			os.Exit(1)
		}
	default:
		printTable(pkgs)
	}
}

// load returns the module's packages in dir, without their tests, by path.
func load(dir string) ([]*packages.Package, error) {
	pkgs, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedSyntax |
			packages.NeedTypes | packages.NeedTypesInfo | packages.NeedModule | packages.NeedDeps,
		Dir: dir,
	}, "./...")
	if err != nil {
		return nil, err
	}
	for _, p := range pkgs {
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("load %s: %w", p.PkgPath, p.Errors[0])
		}
	}
	slices.SortFunc(pkgs, func(a, b *packages.Package) int { return cmp.Compare(a.PkgPath, b.PkgPath) })
	return pkgs, nil
}

// name returns a package's path within the module.
func name(p *packages.Package) string {
	if p.PkgPath == p.Module.Path {
		return p.Name
	}
	return strings.TrimPrefix(p.PkgPath, p.Module.Path+"/")
}

// size is a named number of lines.
type size struct {
	name  string
	lines int
}

func larger(a, b size) size {
	if b.lines > a.lines {
		return b
	}
	return a
}

func printTable(pkgs []*packages.Package) {
	fmt.Println("| Package | Lines | Largest file | Largest function | References upward |")
	fmt.Println("|---|---|---|---|---|")
	for _, p := range pkgs {
		total, file, function := 0, size{}, size{}
		for _, f := range p.Syntax {
			at := p.Fset.File(f.FileStart)
			total += at.LineCount()
			file = larger(file, size{filepath.Base(at.Name()), at.LineCount()})
			for _, fn := range functions(p.Fset, f) {
				function = larger(function, fn.size)
			}
		}
		up, all := upward(p)
		fmt.Printf("| %s | %d | %s %d | %s %d | %d of %d |\n", name(p), total, file.name, file.lines, function.name, function.lines, up, all)
	}
}

// function is one with a body.
type function struct {
	size
	at   token.Position
	long bool // its comment says why it is long
}

func functions(fset *token.FileSet, f *ast.File) []function {
	var out []function
	for _, d := range f.Decls {
		d, ok := d.(*ast.FuncDecl)
		if !ok || d.Body == nil {
			continue
		}
		from, to := fset.Position(d.Pos()), fset.Position(d.End())
		out = append(out, function{
			size: size{d.Name.Name, to.Line - from.Line + 1},
			at:   from,
			long: strings.Contains(d.Doc.Text(), "Long:"),
		})
	}
	return out
}

// listLong prints the functions of more than limit lines, and reports whether
// there are any that do not say why.
func listLong(pkgs []*packages.Package, limit int) bool {
	found := false
	for _, p := range pkgs {
		for _, f := range p.Syntax {
			for _, fn := range functions(p.Fset, f) {
				if fn.lines > limit && !fn.long {
					fmt.Printf("%s: %s has %d lines, more than %d\n", fn.at, fn.name, fn.lines, limit)
					found = true
				}
			}
		}
	}
	return found
}

// upward returns how many references between the files of p go upward, and how
// many there are between its files.
func upward(p *packages.Package) (up, all int) {
	type pair struct{ from, to string }
	refs := map[pair]int{}
	for id, used := range p.TypesInfo.Uses {
		if v, ok := used.(*types.Var); ok && v.IsField() { // as its type, which is named, too
			continue
		}
		if used.Pkg() != p.Types || !used.Pos().IsValid() {
			continue
		}
		from, to := p.Fset.File(id.Pos()).Name(), p.Fset.File(used.Pos()).Name()
		if from != to {
			refs[pair{from, to}]++
			all++
		}
	}
	for k, n := range refs {
		if k.from < k.to {
			up += min(n, refs[pair{k.to, k.from}])
		}
	}
	return up, all
}
