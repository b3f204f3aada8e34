package reporttest

import (
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/report"
)

// Attacks are what a packet or a file name may hold to harm who reads a report.
var Attacks = []string{
	Hostile,
	`</script><script>alert(1)</script><img src=x onerror=alert(2)>`,
	`javascript:alert(1) "onmouseover="alert(2)" '-alert(3)-'`,
	"|a|b|\n|--|--|\n| 1 | 2 |",
	"``` `a`|\\`b` \\| \\",
	"@everyone user@example.com #123 GH-1 !4 $5 group/project#6 [x](http://evil.test) ![i](//evil.test/i.png) www.evil.test https://evil.test <https://evil.test>",
	"<details><summary> <!-- --> &lt;b&gt; &#64;all ~~gone~~ **bold** _it_ :bomb: [[wiki]] {color:red}",
	"=cmd|' /C calc'!A0 +1+1 -1 @SUM(A1)",
	"# heading", "- item", "1. item", "===", "> quote", "- [ ] task",
}

// Attacked is a report with the attacks wherever text from outside may stand.
func Attacked() *report.Report {
	r := Incident()
	all := strings.Join(Attacks, " ")
	r.Meta.Sources = nil
	for _, a := range append(Attacks, all) {
		r.Meta.Sources = append(r.Meta.Sources, report.Source{Name: a, Format: a, Size: -1})
		r.Facts.(*HandMade).Exch = append(r.Facts.(*HandMade).Exch, analyze.Exchange{Connection: 1, N: 3, MethodName: a, Target: "/" + a, Host: a,
			RequestAt: Noon, RequestDone: Noon, FirstByteAt: analyze.Unknown, DoneAt: analyze.Unknown, RequestPacket: 1})
	}
	r.Options.Top = 100
	r.Meta.Damage = &report.Damage{Source: all, Reason: all}
	r.Meta.LinkTypes, r.Meta.Filter, r.Version = Attacks, all, all
	r.Meta.CommandLine = Attacks
	r.Facts.(*HandMade).Why = all
	return r
}

// AttackedStory is the same of one connection.
func AttackedStory() *report.Report {
	r := Attacked()
	r.Story = Story()
	for i, a := range Attacks {
		r.Story.Lines = append(r.Story.Lines, report.StoryLine{Num: uint64(20 + i), Means: []string{a, a}, Flags: a})
	}
	return r
}

// Hostile is what a packet or a file name may hold.
const Hostile = "\x1b]0;owned\a\r\n\u202egpj.exe\xff\x00" + "='\"`$(reboot)`"
