package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/kaanalyze/kaanalyze"

// mayImport holds, by folder, which folders of this module its files may
// import, and which modules of others. A folder that is not here fails the test.
var mayImport = map[string]struct{ own, others []string }{
	"internal/compact":  {},
	"internal/products": {},
	"flows":             {own: []string{"internal/compact"}},
	"httpparse":         {others: []string{"golang.org/x/net/http2/hpack"}},
	"capture": {
		own:    []string{"flows", "capture/internal/pcapfile", "capture/internal/unpack", "capture/internal/decode", "capture/internal/bpf"},
		others: []string{"github.com/google/gopacket"},
	},
	"capture/internal/pcapfile": {},
	"capture/internal/unpack":   {others: []string{"github.com/klauspost/compress", "github.com/pierrec/lz4", "github.com/ulikunitz/xz"}},
	"capture/internal/decode":   {own: []string{"flows", "capture/internal/pcapfile"}, others: []string{"github.com/google/gopacket"}},
	"capture/internal/bpf":      {own: []string{"capture/internal/pcapfile"}, others: []string{"github.com/google/gopacket"}},
	"capture/internal/filetest": { // for tests
		own:    []string{"capture/capturetest", "capture/internal/pcapfile"},
		others: []string{"github.com/google/gopacket", "github.com/klauspost/compress", "github.com/pierrec/lz4", "github.com/ulikunitz/xz"},
	},
	"capture/capturetest":     {own: []string{"flows"}, others: []string{"github.com/google/gopacket"}},
	"internal/tlswire":        {others: []string{"golang.org/x/crypto"}},
	"internal/anonymize":      {own: []string{"httpparse"}},
	"internal/analyze":        {own: []string{"flows", "httpparse", "internal/tlswire", "internal/compact", "internal/products"}},
	"internal/cause":          {own: []string{"flows", "internal/analyze", "internal/compact", "internal/products"}},
	"internal/rules":          {own: []string{"flows", "internal/analyze", "internal/cause", "internal/products"}},
	"internal/gate":           {own: []string{"internal/analyze", "internal/cause", "internal/rules", "internal/products"}},
	"internal/diagnose":       {own: []string{"flows", "internal/analyze", "internal/compact"}},
	"internal/report":         {own: []string{"flows", "httpparse", "internal/analyze", "internal/cause", "internal/rules", "internal/gate", "internal/diagnose"}}, // flows and httpparse for values in analyze's
	"internal/report/machine": {own: []string{"flows", "internal/analyze", "internal/cause", "internal/rules", "internal/gate", "internal/diagnose", "internal/report"}},
	"internal/report/page":    {own: []string{"internal/analyze", "internal/cause", "internal/rules", "internal/gate", "internal/diagnose", "internal/report"}},
	"internal/report/picture": {
		own:    []string{"internal/analyze", "internal/cause", "internal/rules", "internal/gate", "internal/diagnose", "internal/report"},
		others: []string{"gonum.org/v1/plot", "codeberg.org/go-fonts/liberation", "golang.org/x/image/font"},
	},
	"internal/report/text":    {own: []string{"internal/analyze", "internal/cause", "internal/rules", "internal/gate", "internal/diagnose", "internal/report"}},
	"internal/report/formats": {own: []string{"internal/report", "internal/report/machine", "internal/report/page", "internal/report/picture", "internal/report/text"}},
	"internal/report/reporttest": {
		own:    []string{"flows", "httpparse", "internal/analyze", "internal/cause", "internal/rules", "internal/gate", "internal/diagnose", "internal/report"},
		others: []string{"github.com/google/go-cmp", "github.com/santhosh-tekuri/jsonschema/v6"},
	},
	"internal/kernel": {others: []string{"github.com/prometheus/procfs", "github.com/vishvananda/netlink", "github.com/florianl/go-diag", "github.com/mdlayher/netlink", "golang.org/x/sys"}},
	"internal/live": {
		own: []string{"flows", "capture", "internal/analyze", "internal/diagnose", "internal/cause", "internal/rules", "internal/gate", "internal/report", "internal/kernel"},
		others: []string{"charm.land/bubbletea/v2", "charm.land/bubbles/v2", "charm.land/lipgloss/v2", "github.com/charmbracelet/colorprofile", "github.com/charmbracelet/x/ansi",
			"github.com/prometheus/client_golang", "github.com/prometheus/procfs", "golang.org/x/net/netutil"},
	},
	"internal/tui": {
		own:    []string{"flows", "capture", "internal/analyze", "internal/cause", "internal/rules", "internal/gate", "internal/report", "internal/report/text", "internal/report/formats", "internal/live", "internal/diagnose"},
		others: []string{"charm.land/bubbletea/v2", "charm.land/bubbles/v2", "charm.land/lipgloss/v2", "github.com/charmbracelet/colorprofile", "github.com/charmbracelet/x/ansi"},
	},
	"internal/serve": {
		own:    []string{"flows", "capture", "internal/analyze", "internal/cause", "internal/rules", "internal/gate", "internal/report", "internal/report/formats", "internal/live", "internal/diagnose"},
		others: []string{"github.com/prometheus/client_golang", "golang.org/x/net/netutil"},
	},
	"internal/evidence": {own: []string{"flows", "httpparse", "capture", "internal/analyze"}},
	"cmd/kaanalyze": {
		own:    []string{"flows", "httpparse", "capture", "internal/anonymize", "internal/analyze", "internal/diagnose", "internal/cause", "internal/rules", "internal/gate", "internal/report", "internal/report/text", "internal/report/machine", "internal/report/formats", "internal/evidence", "internal/live", "internal/tui", "internal/serve", "internal/kernel", "internal/app"},
		others: []string{"github.com/spf13/pflag", "github.com/schollz/progressbar", "golang.org/x/term", "kernel.org/pub/linux/libs/security/libcap/psx"},
	},
}

// onlyInCommand are what the command alone may use: it owns the process and
// the wall clock.
var onlyInCommand = map[string][]string{
	"os":   {"Args", "Exit"},
	"time": {"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"},
}

// TestImports holds which way imports go. Test files are free.
func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		seen++
		checkImports(t, filepath.ToSlash(rel), name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 30 {
		t.Errorf("got %d source files, want all of this module", seen)
	}
}

func checkImports(t *testing.T, rel, name string) {
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	folder := path.Dir(rel)
	may, ok := mayImport[folder]
	if !ok {
		t.Errorf("%s: the folder is not in the table", rel)
		return
	}
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(imp, "/")
		own, isOwn := strings.CutPrefix(imp, module+"/")
		switch {
		case isOwn && !slices.Contains(may.own, own):
			t.Errorf("%s imports %s, which is not below it", rel, own)
		case !isOwn && strings.Contains(first, ".") && !slices.ContainsFunc(may.others, func(o string) bool {
			return imp == o || strings.HasPrefix(imp, o+"/")
		}):
			t.Errorf("%s imports %s, which is not in the table", rel, imp)
		}
	}
	if folder != "cmd/kaanalyze" {
		checkUses(t, rel, f)
	}
}

// checkUses looks for what only the command may use.
func checkUses(t *testing.T, rel string, f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && slices.Contains(onlyInCommand[pkg.Name], sel.Sel.Name) {
			t.Errorf("%s uses %s.%s, which is the command's", rel, pkg.Name, sel.Sel.Name)
		}
		return true
	})
}
