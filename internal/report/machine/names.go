package machine

import "github.com/kaanalyze/kaanalyze/internal/report"

// nameObject is an address with the names that the capture, or the hosts file, has for it.
type nameObject struct {
	Address address `json:"address"`
	DNS     []str   `json:"dns"`
	Hosts   text    `json:"hosts"`
}

func newNames(r *report.Report) []nameObject {
	return listOf(r.Named(), func(n *report.Named) nameObject {
		return nameObject{address(n.Addr), strList(n.DNS), text(n.Hosts)}
	})
}
