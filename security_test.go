package kaanalyze_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSecurity looks for the tests that SECURITY.md names.
func TestSecurity(t *testing.T) {
	text, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z0-9/]*)\\.((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(string(text), -1)
	if len(named) < 40 {
		t.Errorf("it names %d tests, want more", len(named))
	}
	for _, n := range named {
		folder, name := n[1], n[2]
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(files, func(file string) bool {
			source, err := os.ReadFile(file)
			return err == nil && strings.Contains(string(source), "\nfunc "+name+"(")
		}) {
			t.Errorf("there is no %s in %q", name, folder)
		}
	}
}

// outgoing are functions of the standard library that open connections or look names
// up, by package.
var outgoing = map[string]*regexp.Regexp{
	"net":  regexp.MustCompile(`^(Dial|Lookup|Resolve|DefaultResolver)`),
	"http": regexp.MustCompile(`^(Get|Post|Head|Client|DefaultClient|Transport|DefaultTransport)`),
	"rpc":  regexp.MustCompile(`^Dial`),
	"tls":  regexp.MustCompile(`^(Dial|Client)`),
	"exec": regexp.MustCompile(`^Command`),
}

// startsCommand is the file that may start a program: the command that --exec names.
const startsCommand = "internal/app/command.go"

// TestNothingIsSent looks for what could open a connection, or start another program,
// in the source of the command.
func TestNothingIsSent(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && slices.Contains([]string{"testdata", "tools", "contrib", ".git"}, d.Name()) {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if ok && outgoing[pkg.Name] != nil && outgoing[pkg.Name].MatchString(sel.Sel.Name) && (pkg.Name != "exec" || filepath.ToSlash(name) != startsCommand) {
				t.Errorf("%s uses %s.%s", name, pkg.Name, sel.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("got %d files, error %v", files, err)
	}
}
