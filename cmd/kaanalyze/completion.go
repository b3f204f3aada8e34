package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kaanalyze/kaanalyze/internal/app"
)

// shells are those that --completion takes.
var shells = []string{"bash", "zsh", "fish"}

// writeCompletion writes the script that completes command lines in a shell,
// from the list of flags.
func writeCompletion(w io.Writer, shell string) error {
	script := map[string]func([]completed) string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[shell]
	return app.WriteText(w, script(completedFlags()))
}

// completed is a flag as a shell wants to know it.
type completed struct {
	name, short string
	help        string // one line
	value       string // what it takes in a word, "" for nothing
	optional    bool   // the value may be left out
	repeated    bool
	words       []string // all values that it takes, if they can be listed
}

// Values that a shell can list itself.
const (
	fileValue      = "FILE"
	interfaceValue = "IF"
)

// listInterfacesCommand has their names in front.
const listInterfacesCommand = "kaanalyze -D 2>/dev/null | cut -d' ' -f1"

// completedFlags returns the flags, in the order of the help text.
func completedFlags() []completed {
	words := map[string][]string{
		"format": app.FormatNames(), "color": app.Colours, "progress": app.ProgressModes, "completion": shells,
		"explain": app.RuleIDs(), "fail-on": app.MetricNames(), "evidence-format": app.EvidenceFormats, "metrics-label": app.MetricsLabels,
	}
	var all []completed
	newFlags(newCommandLine()).VisitAll(func(f *pflag.Flag) {
		value, help := pflag.UnquoteUsage(f)
		_, repeated := f.Value.(pflag.SliceValue)
		all = append(all, completed{
			name: f.Name, short: f.Shorthand, help: help, value: value,
			optional: value != "" && f.NoOptDefVal != "", repeated: repeated, words: words[f.Name],
		})
	})
	return all
}

// flags returns how the flag is written.
func (c *completed) flags() []string {
	if c.short == "" {
		return []string{"--" + c.name}
	}
	return []string{"-" + c.short, "--" + c.name}
}

// bashCompletion looks at the word before, and at the one before that where
// bash takes --flag=value for three words.
func bashCompletion(all []completed) string {
	var flags, unlisted []string
	var cases strings.Builder
	for i := range all {
		c := &all[i]
		flags = append(flags, c.flags()...)
		list := strings.Join(c.words, " ")
		switch {
		case c.value == "" || c.optional || c.value == fileValue:
			continue
		case c.value == interfaceValue:
			list = "$(" + listInterfacesCommand + ")"
		case list == "":
			unlisted = append(unlisted, c.flags()...)
			continue
		}
		fmt.Fprintf(&cases, "\t%s) words=\"%s\" ;;\n", strings.Join(c.flags(), "|"), list)
	}
	fmt.Fprintf(&cases, "\t%s) words= ;;\n", strings.Join(unlisted, "|"))
	return `# kaanalyze completion for bash: source it, or put it where bash-completion looks.
_kaanalyze() {
	local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words
	if [[ $current == = ]]; then
		current=
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD-2]}
	fi
	case $before in
` + cases.String() + `	*)
		if [[ $current == -* ]]; then
			words="` + strings.Join(flags, " ") + `"
		else
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
			return
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _kaanalyze kaanalyze
`
}

// zshCompletion describes the flags to _arguments.
func zshCompletion(all []completed) string {
	escape := strings.NewReplacer(`\`, `\\`, `'`, `'\''`, `[`, `\[`, `]`, `\]`, `:`, `\:`)
	var b strings.Builder
	b.WriteString("#compdef kaanalyze\n# kaanalyze completion for zsh: put it as _kaanalyze into a folder of $fpath.\n_arguments -s")
	for i := range all {
		c := &all[i]
		value := ""
		if c.value != "" {
			value = ":" + escape.Replace(c.value) + ":"
		}
		switch {
		case c.value == "":
		case c.words != nil:
			value += "(" + strings.Join(c.words, " ") + ")"
		case c.value == fileValue:
			value += "_files"
		case c.value == interfaceValue:
			value += "($(" + strings.ReplaceAll(listInterfacesCommand, "'", `'\''`) + "))"
		default:
			value += " "
		}
		exclude := "(" + strings.Join(c.flags(), " ") + ")"
		if c.repeated {
			exclude = "*"
		}
		for _, flag := range c.flags() {
			if c.value != "" && strings.HasPrefix(flag, "--") {
				flag += "=" // or as the next word
			}
			if c.optional {
				flag += "-" // never as the next word
				value = ":" + value
			}
			fmt.Fprintf(&b, " \\\n\t'%s%s[%s]%s'", exclude, flag, escape.Replace(c.help), value)
		}
	}
	b.WriteString(" \\\n\t'*:capture or filter:_files'\n")
	return b.String()
}

// fishCompletion has one command for each flag.
func fishCompletion(all []completed) string {
	escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	var b strings.Builder
	b.WriteString("# kaanalyze completion for fish: save it as ~/.config/fish/completions/kaanalyze.fish.\n")
	for i := range all {
		c := &all[i]
		b.WriteString("complete -c kaanalyze")
		if c.short != "" {
			b.WriteString(" -s " + c.short)
		}
		b.WriteString(" -l " + c.name)
		switch {
		case c.value == "" || c.optional:
		case c.words != nil:
			fmt.Fprintf(&b, " -x -a '%s'", strings.Join(c.words, " "))
		case c.value == fileValue:
			b.WriteString(" -r -F")
		case c.value == interfaceValue:
			fmt.Fprintf(&b, " -x -a '(%s)'", escape.Replace(listInterfacesCommand))
		default:
			b.WriteString(" -x")
		}
		fmt.Fprintf(&b, " -d '%s'\n", escape.Replace(c.help))
	}
	return b.String()
}
