package analyze

import (
	"github.com/kaanalyze/kaanalyze/httpparse"
	"github.com/kaanalyze/kaanalyze/internal/products"
)

// maxLooks is in how many heads the name of a server is looked for, and
// maxAgents in how many that of a client, where several programs may run.
const (
	maxLooks  = 4
	maxAgents = 64
)

// recognize looks into the first heads of a pair and of a server for who they are.
func (p *pools) recognize(pair uint32, h httpparse.Head, raw []byte, at int64) {
	x := p.pairs.At(pair)
	if h.Kind() == httpparse.Request {
		if x.looks == maxAgents || x.looks >= maxLooks && x.agent == products.Unknown {
			return
		}
		x.looks++
		value, _ := httpparse.Field(raw, "User-Agent")
		switch is := products.Recognize(value); {
		case x.agent == products.Unknown:
			x.agent = is
			x.proxied = x.proxied || forwarded(raw)
			x.http10 = h.Minor() == 0
			x.closeInHTTP10 = h.Minor() == 0 && h.Flags()&httpparse.ConnClose != 0
		case is != x.agent:
			x.agent = products.Other // several programs: the words of one do not fit all
		}
		return
	}
	if s := p.servers.At(x.server); s.looks < maxLooks && s.software == products.Unknown {
		s.looks++
		s.software, s.softwareAt = software(raw), at
	}
}

// software returns what sent a response.
func software(raw []byte) products.ID {
	if via, ok := httpparse.Field(raw, "Via"); ok { // Server is of what stands behind
		return products.RecognizeVia(via)
	}
	value, ok := httpparse.Field(raw, "Server")
	if !ok { // as of Express and php -S
		value, _ = httpparse.Field(raw, "X-Powered-By")
	}
	return products.Recognize(value)
}

// forwarded reports whether a proxy sent this request.
func forwarded(raw []byte) bool {
	for _, name := range []string{"Via", "X-Forwarded-For", "Forwarded", "X-Real-IP"} {
		if _, ok := httpparse.Field(raw, name); ok {
			return true
		}
	}
	return false
}
