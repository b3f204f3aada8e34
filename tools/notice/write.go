package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

// known are licences by a phrase of their text, with white space as one blank.
var known = []struct{ phrase, name string }{
	{"Apache License Version 2.0", "Apache-2.0"},
	{"SIL OPEN FONT LICENSE Version 1.1", "OFL-1.1"},
	{"Creative Commons Attribution 4.0 International Public License", "CC-BY-4.0"},
	{"The FreeType Project LICENSE", "FTL"},
	{"Mozilla Public License Version 2.0", "MPL-2.0"},
	{"Permission is hereby granted, free of charge, to any person obtaining a copy of this software", "MIT"},
	{"Permission to use, copy, modify, and/or distribute this software for any purpose", "ISC"},
}

var (
	white = regexp.MustCompile(`\s+`)
	spdx  = regexp.MustCompile(`SPDX-License-Identifier: ([^\n]*?)(?: ?\*/)?\n`)
	bsd   = regexp.MustCompile(`Redistribution and use in source and binary forms,? (of \S+ )?,?with or without modification`)
	bsd3  = regexp.MustCompile(`endorse or promote`)
)

// licencesIn returns the names of the licences (SPDX) that a text holds.
func licencesIn(body string) (names []string) {
	if m := spdx.FindStringSubmatch(body); m != nil {
		return []string{m[1]}
	}
	body = white.ReplaceAllString(body, " ")
	for _, k := range known {
		if strings.Contains(body, k.phrase) {
			names = append(names, k.name)
		}
	}
	if bsd.MatchString(body) {
		name := "BSD-2-Clause"
		if bsd3.MatchString(body) {
			name = "BSD-3-Clause"
		}
		names = append(names, name)
	}
	return names
}

// licences returns the names of the licences of a part. One that has none that is
// known is an error: somebody has to read it.
func (p *part) licences() (string, error) {
	var names []string
	for _, t := range p.texts {
		for _, n := range licencesIn(t.body) {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	if len(names) == 0 {
		return "", fmt.Errorf("%s %s: of %d licence files none is known", p.name, p.version, len(p.texts))
	}
	return strings.Join(names, ", "), nil
}

const heading = `Software of others in kaanalyze
===============================

kaanalyze itself is under the licence in LICENSE. The program that is built from
it has parts of others in it, under the licences below. libpcap is linked where
the program is not built with -tags nolibpcap. The Liberation fonts are in the
program, which draws pictures with them; uPlot is in its pages for a browser.

"make notice" makes this file from what is linked.

`

// notice returns the file: a table of the parts, and each text once.
func notice(parts []part) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(heading)
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "Part\tVersion\tLicence\tIn")
	var order []string
	users := map[string][]string{}
	for i := range parts {
		p := &parts[i]
		names, err := p.licences()
		if err != nil {
			return nil, err
		}
		in := map[builds]string{both: "every build", withLibpcap: "builds with libpcap", withoutLibpcap: "builds without libpcap"}[p.builds]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", p.name, p.version, names, in)
		for _, t := range p.texts {
			body := tidy(t.body)
			if users[body] == nil {
				order = append(order, body)
			}
			users[body] = append(users[body], p.name+": "+t.file)
		}
	}
	table.Flush()
	for _, body := range order {
		line := strings.Repeat("-", 80)
		b.WriteString("\n" + line + "\n" + strings.Join(users[body], "\n") + "\n" + line + "\n\n" + body)
	}
	return b.Bytes(), nil
}

// tidy returns a text with LF alone at the ends of lines, and no space there.
func tidy(body string) string {
	body = strings.NewReplacer("\r\n", "\n", "\f", "").Replace(strings.TrimPrefix(body, "\ufeff"))
	lines := strings.Split(body, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n") + "\n"
}
