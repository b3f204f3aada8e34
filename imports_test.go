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
	own    []string // folders of this module, as the direction of imports has it
	except []string // others of this module, each for a reason
	others []string // modules of others
}

// mayImport holds, by folder, what its files may import. A folder that is not here
// fails the test, and so does one that is here and does not exist. Below internal all
// but those of the standard library only may import the [vocabulary], too.
var mayImport = map[string]may{
	"flows":                {except: []string{"internal/compact"}}, // containers, of the standard library only
	"httpparse":            {},
	"httpparse/http2":      {others: []string{"golang.org/x/net"}}, // hpack alone
	"httpparse/websocket":  {},
	"internal/compact":     {},
	"internal/part/fields": {},
	"internal/products":    {},
	"internal/tlswire":     {others: []string{"golang.org/x/crypto"}},
	"internal/keylog":      {},
	"internal/tlscrypt":    {own: []string{"internal/keylog"}, others: []string{"golang.org/x/crypto"}},

	"capture": {
		own:    []string{"flows", "capture/internal/pcapfile", "capture/internal/unpack", "capture/internal/decode", "capture/internal/bpf"},
		others: []string{"github.com/google/gopacket", "golang.org/x/sys"},
	},
	"capture/internal/pcapfile": {},
	"capture/internal/unpack":   {others: compressions},
	"capture/internal/decode":   {own: []string{"flows", "capture/internal/pcapfile"}, others: []string{"github.com/google/gopacket"}},
	"capture/internal/bpf":      {own: []string{"capture/internal/pcapfile"}, others: []string{"github.com/google/gopacket"}},
	"capture/internal/filetest": { // for tests
		own:    []string{"capture/capturetest", "capture/internal/pcapfile"},
		others: append(compressions, "github.com/google/gopacket"),
	},
	"capture/capturetest": {own: []string{"flows"}},

	"internal/analyze": {
		own:    []string{"internal/compact", "internal/tlswire", "internal/keylog", "internal/tlscrypt", "internal/part/fields"},
		others: []string{"github.com/HdrHistogram/hdrhistogram-go"},
		except: []string{"internal/products"}, // how a program is recognised
	},
	"internal/cause": {
		own:    []string{"internal/analyze", "internal/products", "internal/part/fields"},
		except: []string{"internal/compact"}, // records of millions of connections
	},
	"internal/cause/causetest": {own: []string{"internal/analyze", "capture/capturetest"}, others: []string{"github.com/rogpeppe/go-internal"}}, // for tests
	"internal/rules":           {own: []string{"internal/cause", "internal/analyze", "internal/products"}},
	"internal/gate": {
		own:    []string{"internal/cause", "internal/analyze", "internal/products"},
		except: []string{"internal/rules"}, // a condition may name one
	},
	"internal/anonymize": {except: []string{"internal/products"}}, // names of programs stay as they are
	"internal/evidence":  {own: []string{"capture", "internal/analyze"}},

	"internal/names":             {others: []string{"golang.org/x/net"}}, // dns/dnsmessage alone
	"internal/report":            {own: append(judged, "internal/names", "internal/bothends")},
	"internal/report/machine":    {own: append(judged, "internal/report", "internal/bothends")},
	"internal/report/page":       {own: append(judged, "internal/report")},
	"internal/report/picture":    {own: append(judged, "internal/report"), others: drawing},
	"internal/report/text":       {own: append(judged, "internal/report"), except: []string{"internal/products"}}, // --explain shows their advice
	"internal/report/formats":    {own: []string{"internal/report", "internal/report/machine", "internal/report/page", "internal/report/picture", "internal/report/text"}},
	"internal/report/reporttest": {own: append(judged, "internal/report", "internal/bothends"), others: []string{"github.com/google/go-cmp", "github.com/santhosh-tekuri/jsonschema/v6"}}, // for tests

	"internal/bothends": {}, // of two captures; the vocabulary alone

	"internal/part":   {own: []string{"internal/analyze", "internal/cause", "internal/report", "internal/part/fields"}, others: []string{"github.com/klauspost/compress"}},
	"internal/kernel": {others: []string{"github.com/prometheus/procfs", "github.com/mdlayher/netlink"}},
	"internal/live": {
		own:    []string{"capture", "internal/analyze", "internal/rules", "internal/report", "internal/kernel"},
		except: []string{"internal/cause"}, // early causes of connections under way
	},
	"internal/tui": {
		own:    []string{"capture", "internal/analyze", "internal/rules", "internal/report", "internal/report/formats", "internal/report/text", "internal/live"},
		except: []string{"internal/cause"}, // names of causes
		others: []string{"charm.land/bubbletea/v2", "charm.land/bubbles/v2", "charm.land/lipgloss/v2", "github.com/charmbracelet/colorprofile", "github.com/charmbracelet/x/ansi"},
	},
	"internal/serve": {
		own:    []string{"capture", "internal/analyze", "internal/rules", "internal/report", "internal/report/formats", "internal/live"},
		except: []string{"internal/gate"}, // its metrics are those of conditions
		others: []string{"github.com/prometheus/client_golang"},
	},

	"internal/assemble": {own: []string{"capture", "internal/analyze", "internal/cause", "internal/report", "internal/keylog"}}, // what app and the root do alike
	".":                 {own: append(judged, "capture", "flows", "httpparse", "internal/report", "internal/report/machine"), except: []string{"internal/assemble", "internal/keylog"}},
	"internal/app": {
		own: append(judged, "capture", "internal/products", "internal/anonymize", "internal/evidence", "internal/tlswire", "internal/keylog", "internal/names", "internal/bothends", "internal/assemble", "internal/part", "internal/report", "internal/report/formats",
			"internal/report/machine", "internal/report/text", "internal/live", "internal/tui", "internal/serve", "internal/kernel"),
		others: []string{"github.com/schollz/progressbar", "golang.org/x/term", "kernel.org/pub/linux/libs/security/libcap/psx"},
	},
	"cmd/kaanalyze": {own: []string{"internal/app"}, others: []string{"github.com/spf13/pflag"}},
}

// vocabulary is what most packages talk in, standardOnly those below internal that do
// not.
var (
	vocabulary   = []string{"flows", "httpparse", "httpparse/http2", "httpparse/websocket"}
	standardOnly = []string{"internal/compact", "internal/part/fields", "internal/products", "internal/kernel"}
)

// judged is what reports are made of.
var judged = slices.Clip([]string{"internal/analyze", "internal/cause", "internal/rules", "internal/gate"})

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
	imported := map[string][]string{} // by folder
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
		folder := path.Dir(name)
		imported[folder] = append(imported[folder], checkImports(t, folder, name)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for folder, may := range mayImport {
		list, ok := imported[folder]
		if !ok {
			t.Errorf("%s is in the table, and there is no such folder", folder)
		}
		for _, e := range may.except {
			if !slices.Contains(list, module+"/"+e) {
				t.Errorf("%s does not import %s any more, which is an exception", folder, e)
			}
		}
		for _, o := range may.others {
			if !slices.ContainsFunc(list, func(imp string) bool { return within(imp, o) }) {
				t.Errorf("%s does not import %s any more", folder, o)
			}
		}
	}
}

// within reports whether a package is of that module.
func within(imp, module string) bool { return imp == module || strings.HasPrefix(imp, module+"/") }

// checkImports checks a file, and returns what it imports.
func checkImports(t *testing.T, folder, name string) (imported []string) {
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	may, ok := mayImport[folder]
	if !ok {
		t.Errorf("%s: the folder is not in the table", name)
		return nil
	}
	below := slices.Concat(may.own, may.except)
	if strings.HasPrefix(folder, "internal/") && !slices.Contains(standardOnly, folder) {
		below = append(below, vocabulary...)
	}
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		imported = append(imported, imp)
		first, _, _ := strings.Cut(imp, "/")
		own, isOwn := strings.CutPrefix(imp, module+"/")
		switch {
		case isOwn && !slices.Contains(below, own):
			t.Errorf("%s imports %s, which is not below it", name, own)
		case !isOwn && strings.Contains(first, ".") && !slices.ContainsFunc(may.others, func(o string) bool { return within(imp, o) }):
			t.Errorf("%s imports %s, which is not in the table", name, imp)
		}
	}
	for owner, names := range onlyIn {
		if folder != owner {
			checkUses(t, name, f, owner, names)
		}
	}
	return imported
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
