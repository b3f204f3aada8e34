package main

import (
	"fmt"
	"go/doc/comment"
	"strings"
)

// A writer writes the language of man(7).
type writer struct{ b strings.Builder }

func (w *writer) line(text string) { w.b.WriteString(text + "\n") }

func (w *writer) linef(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

// manual writes the comment of a command. What comes before its first heading is the
// synopsis and the description, and options follows it.
func (w *writer) manual(blocks []comment.Block, options func()) {
	describing, before := true, blocks
	for i, b := range blocks {
		if _, ok := b.(*comment.Heading); ok {
			before = blocks[:i]
			break
		}
	}
	for _, b := range before {
		if c, ok := b.(*comment.Code); ok {
			w.line(".SH SYNOPSIS")
			w.code(c.Text)
			break
		}
	}
	w.line(".SH DESCRIPTION")
	for _, b := range blocks {
		switch b := b.(type) {
		case *comment.Heading:
			if describing {
				describing = false
				w.line(".SH OPTIONS")
				options()
			}
			w.line(".SH " + escape(strings.ToUpper(plain(b.Text))))
		case *comment.Paragraph:
			if text := plain(b.Text); text != "Usage:" {
				w.line(".PP")
				w.line(escape(strings.TrimPrefix(text, "Command ")))
			}
		case *comment.Code:
			if !describing {
				w.code(b.Text)
			}
		case *comment.List:
			for _, item := range b.Items {
				w.line(`.IP \(bu 2`)
				for _, block := range item.Content {
					if p, ok := block.(*comment.Paragraph); ok {
						w.line(escape(plain(p.Text)))
					}
				}
			}
		}
	}
}

// flags writes what --help says of flags: a line begins with a flag, or goes on.
func (w *writer) flags(help string) {
	for line := range strings.Lines(help) {
		text := strings.TrimSpace(line)
		if !strings.HasPrefix(text, "-") || len(line)-len(strings.TrimLeft(line, " ")) > 6 {
			w.line(escape(text))
			continue
		}
		names, meaning, _ := strings.Cut(text, "   ")
		w.line(".TP")
		w.line(`.B ` + escape(names))
		w.line(escape(strings.TrimSpace(meaning)))
	}
}

// code writes lines as they are.
func (w *writer) code(text string) {
	w.line(".PP\n.nf\n.RS 4")
	for line := range strings.Lines(text) {
		w.line(escape(strings.TrimRight(line, "\n")))
	}
	w.line(".RE\n.fi")
}

// plain returns text without links and fonts.
func plain(text []comment.Text) string {
	var b strings.Builder
	for _, t := range text {
		switch t := t.(type) {
		case comment.Plain:
			b.WriteString(string(t))
		case comment.Italic:
			b.WriteString(string(t))
		case *comment.Link:
			b.WriteString(plain(t.Text))
		case *comment.DocLink:
			b.WriteString(plain(t.Text))
		}
	}
	return b.String()
}

// escape keeps text from being taken for what man(7) knows.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", "\\(ga", `^`, `\(ha`, `~`, `\(ti`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
