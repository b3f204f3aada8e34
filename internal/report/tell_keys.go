package report

import (
	"strings"

	"github.com/kaanalyze/kaanalyze/internal/analyze"
	"github.com/kaanalyze/kaanalyze/internal/cause"
)

// keys writes what the key log was good for.
func (p *teller) keys() {
	k := &p.r.Result.Keys
	if !k.Given {
		return
	}
	in := cause.Plural(k.Log.Sessions, "session", "sessions") + " in the key log, "
	switch {
	case k.Log.Sessions == 0:
		in = "no session is in the key log"
	case k.Sessions == 0 && k.Decrypted == 0:
		in += "none in this capture"
	default:
		in += cause.Count(k.Sessions) + " in this capture"
	}
	said := []string{in, cause.Plural(k.Decrypted, "connection", "connections") + " decrypted"}
	if k.Joined > 0 {
		said[1] += " (" + cause.Count(k.Joined) + " from the middle on)"
	}
	said = append(said, cause.Plural(k.NoKey, "connection", "connections")+" with TLS without a key")
	for i, n := range k.NotOpened {
		if n > 0 {
			said = append(said, cause.Plural(n, "connection", "connections")+" not decrypted: "+analyze.NotOpenedNames[i])
		}
	}
	if k.Stopped > 0 {
		said = append(said, cause.Plural(k.Stopped, "connection", "connections")+" not decrypted to the end")
	}
	p.fact("TLS keys", strings.Join(said, "; "))
	if n := k.Log.Garbage; n > 0 {
		p.fact("key log", cause.Plural(n, "line", "lines")+" in it cannot be read")
	}
	if n := k.Log.LeftOut; n > 0 {
		p.fact("key log", cause.Plural(n, "secret is", "secrets are")+" left out: there are too many")
	}
}
