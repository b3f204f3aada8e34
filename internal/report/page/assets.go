package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"sync"
)

//go:embed assets
var assets embed.FS

// asset returns a file that is built in.
func asset(name string) string {
	b, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic("the program lacks a part of itself: " + err.Error())
	}
	return string(b)
}

// scripts joins files to one script.
func scripts(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString(asset(name) + "\n")
	}
	return b.String()
}

// fixedParts are the parts of every page, and what its policy lets run: these
// and nothing else.
type fixedParts struct {
	template *template.Template
	style    template.CSS
	script   template.JS
	policy   string
}

// fixedPartsOnce makes the parts when the first page is written.
var fixedPartsOnce = sync.OnceValue(func() *fixedParts {
	style := asset("uPlot.css") + "\n" + asset("page.css")
	script := scripts("uPlot.js", "page_data.js", "page_charts.js", "page_lanes.js", "page_table.js", "page_detail.js", "page.js")
	return &fixedParts{
		template: template.Must(template.New("page").Parse(asset("page.html"))),
		style:    template.CSS(style),
		script:   template.JS(script),
		policy: fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; base-uri 'none'; form-action 'none'",
			policyHash(script), policyHash(style)),
	}
})

// policyHash returns how a content security policy names a script or a style.
func policyHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
