package kaanalyze_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/kaanalyze/kaanalyze"

// may is what the files of a folder may import besides the standard library.
type may struct {
	own    []string // folders of this module
	others []string // modules of others
}

// mayImport holds, by folder, what its files may import. A folder that is not here
// fails the test.
var mayImport = map[string]may{
	"flows":             {own: []string{"internal/compact"}}, // which is of the standard library only
	"httpparse":         {others: []string{"golang.org/x/net/http2/hpack"}},
	"internal/compact":  {},
	"internal/products": {},
	"internal/tlswire":  {others: []string{"golang.org/x/crypto"}},

	"capture": {
		own:    []string{"flows", "capture/internal/pcapfile", "capture/internal/unpack", "capture/internal/decode", "capture/internal/bpf"},
		others: []string{"github.com/google/gopacket"},
	},
	"capture/internal/pcapfile": {},
	"capture/internal/unpack":   {others: compressions},
	"capture/internal/decode":   {own: []string{"flows", "capture/internal/pcapfile"}, others: []string{"github.com/google/gopacket"}},
	"capture/internal/bpf":      {own: []string{"capture/internal/pcapfile"}, others: []string{"github.com/google/gopacket"}},
	"capture/internal/filetest": { // for tests
		own:    []string{"capture/capturetest", "capture/internal/pcapfile"},
		others: append(compressions, "github.com/google/gopacket"),
	},
	"capture/capturetest": {own: []string{"flows"}, others: []string{"github.com/google/gopacket"}},

	"internal/anonymize": {own: []string{"httpparse", "internal/products"}},
	"internal/analyze":   {own: []string{"flows", "httpparse", "internal/tlswire", "internal/compact", "internal/products"}}, // products: how a program is known
	"internal/evidence":  {own: []string{"capture", "flows", "httpparse", "internal/analyze"}},
	"internal/cause":     {own: []string{"flows", "internal/analyze", "internal/compact", "internal/products"}},
	"internal/cause/causetest": { // for tests
		own:    []string{"capture/capturetest", "flows", "httpparse", "internal/analyze"},
		others: []string{"github.com/rogpeppe/go-internal"},
	},
	"internal/rules": {own: []string{"flows", "internal/analyze", "internal/cause", "internal/products"}},
	"internal/gate":  {own: []string{"internal/analyze", "internal/cause", "internal/rules", "internal/products"}}, // rules: a condition names one

	"internal/report":         {own: belowReport},
	"internal/report/machine": {own: belowFormats},
	"internal/report/page":    {own: belowFormats},
	"internal/report/picture": {own: belowFormats, others: drawing},
	"internal/report/text":    {own: append(belowFormats, "internal/products")},
	"internal/report/formats": {own: []string{"internal/report", "internal/report/machine", "internal/report/page", "internal/report/picture", "internal/report/text"}},
	"internal/report/reporttest": { // for tests
		own:    belowFormats,
		others: []string{"github.com/google/go-cmp", "github.com/santhosh-tekuri/jsonschema/v6"},
	},

	"internal/kernel": {others: []string{"github.com/prometheus/procfs", "github.com/mdlayher/netlink"}},
	"internal/live":   {own: append(belowFormats, "internal/kernel")},
	"internal/tui": {
		own:    append(belowFormats, "internal/report/text", "internal/report/formats", "capture", "internal/live"),
		others: []string{"charm.land/bubbletea/v2", "charm.land/bubbles/v2", "charm.land/lipgloss/v2", "github.com/charmbracelet/colorprofile", "github.com/charmbracelet/x/ansi"},
	},
	"internal/serve": {
		own:    append(belowFormats, "internal/report/formats", "capture", "internal/live"),
		others: []string{"github.com/prometheus/client_golang"},
	},

	"internal/assemble": {own: []string{"flows", "httpparse", "capture", "internal/analyze", "internal/report"}}, // what app and the root do alike
	".":                 {own: []string{"flows", "httpparse", "capture", "internal/analyze", "internal/cause", "internal/rules", "internal/gate", "internal/report", "internal/report/machine", "internal/assemble"}},
	"internal/app": {
		own: append(belowFormats, "internal/report/formats", "capture", "internal/assemble", "internal/anonymize", "internal/products", "internal/report/machine", "internal/report/page", "internal/report/picture",
			"internal/report/text", "internal/evidence", "internal/live", "internal/tui", "internal/serve", "internal/kernel"),
		others: []string{"github.com/schollz/progressbar", "golang.org/x/term", "kernel.org/pub/linux/libs/security/libcap/psx"},
	},
	"cmd/kaanalyze": {own: []string{"internal/app"}, others: []string{"github.com/spf13/pflag"}},
}

// belowReport is what reports are made of, belowFormats what their formats are.
var (
	belowReport  = slices.Clip([]string{"flows", "httpparse", "internal/analyze", "internal/cause", "internal/rules", "internal/gate"})
	belowFormats = slices.Clip(append(belowReport, "internal/report"))
)

// compressions are those that captures come in.
var compressions = slices.Clip([]string{"github.com/klauspost/compress", "github.com/pierrec/lz4", "github.com/ulikunitz/xz"})

// drawing is what pictures are drawn with.
var drawing = []string{"gonum.org/v1/plot", "codeberg.org/go-fonts/liberation", "golang.org/x/image/font"}

// onlyIn holds which folder alone may use some names of the standard library: app
// owns the wall clock, and the command the process.
var onlyIn = map[string]map[string][]string{
	"cmd/kaanalyze": {"os": {"Args", "Exit"}},
	"internal/app":  {"time": {"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"}},
}

// TestImports holds which way imports go. Test files are free.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	files := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if _, err := os.Stat(filepath.Join(name, "go.mod")); d.IsDir() && name != "." && err == nil { // a module of its own
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		name = filepath.ToSlash(name)
		files++
		seen[path.Dir(name)] = true
		checkImports(t, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 30 {
		t.Errorf("got %d source files, want all of this module", files)
	}
}

func checkImports(t *testing.T, name string) {
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	folder := path.Dir(name)
	may, ok := mayImport[folder]
	if !ok {
		t.Errorf("%s: the folder is not in the table", name)
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
			t.Errorf("%s imports %s, which is not below it", name, own)
		case !isOwn && strings.Contains(first, ".") && !slices.ContainsFunc(may.others, func(o string) bool {
			return imp == o || strings.HasPrefix(imp, o+"/")
		}):
			t.Errorf("%s imports %s, which is not in the table", name, imp)
		}
	}
	for owner, names := range onlyIn {
		if folder != owner {
			checkUses(t, name, f, owner, names)
		}
	}
}

// checkUses looks for names that only the files of another folder may use.
func checkUses(t *testing.T, name string, f *ast.File, owner string, names map[string][]string) {
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && slices.Contains(names[pkg.Name], sel.Sel.Name) {
			t.Errorf("%s uses %s.%s, which only %s does", name, pkg.Name, sel.Sel.Name, owner)
		}
		return true
	})
}
