package app

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/kaanalyze/kaanalyze/capture"
)

// ListInterfaces writes a line for each interface: its name, its state, its addresses
// and what the system calls it.
func ListInterfaces(w io.Writer) error {
	list, err := capture.Interfaces()
	if err != nil {
		return liveError(err)
	}
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, i := range list {
		var state, addrs []string
		for _, is := range []struct {
			so   bool
			word string
		}{{i.Up, "up"}, {!i.Up && !i.Pseudo, "down"}, {i.Running, "running"}, {i.Loopback, "loopback"}} {
			if is.so {
				state = append(state, is.word)
			}
		}
		for _, a := range i.Addresses {
			addrs = append(addrs, a.String())
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", printable(i.Name), strings.Join(state, ","), strings.Join(addrs, " "), i.Description)
	}
	_ = t.Flush() // memory takes everything
	for line := range strings.Lines(b.String()) {
		if err := WriteText(w, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}
