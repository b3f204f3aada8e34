package analyze

import (
	"bytes"

	"github.com/kaanalyze/kaanalyze/httpparse"
)

// Software is what a program says it is, in User-Agent, Server or X-Powered-By. It makes the
// advice fit; nothing is decided by it alone.
type Software uint8

// The programs that kaanalyze has advice for.
const (
	UnknownSoftware Software = iota
	Go
	Nginx
	Apache
	Node
	Python
	PythonHTTP // the server that comes with Python, http.server
	Java
	DotNet
	Curl
	Browser
	LoadTool // wrk, ab, hey and the like
	Envoy
	HAProxy
	AWSLoadBalancer
	Lighttpd
	Caddy
	Ruby
	PHP
	Wget
	Perl
	PycURL
	HTTPie
	OtherSoftware // it says a name, but none of these
)

// String returns the name; "" if it is not known.
func (s Software) String() string {
	return [...]string{"", "Go", "nginx", "Apache", "Node", "Python", "Python's http.server", "Java", ".NET", "curl", "a browser", "a load generator", "Envoy", "HAProxy", "an AWS load balancer", "lighttpd", "Caddy", "Ruby", "PHP", "wget", "Perl", "PycURL", "HTTPie", ""}[s]
}

// signs are how the value of User-Agent or Server begins.
var signs = []struct {
	prefix string
	is     Software
}{
	{"Go-http-client", Go}, {"go-resty", Go}, {"fasthttp", Go},
	{"nginx", Nginx}, {"openresty", Nginx}, {"Apache/", Apache}, {"Apache-HttpClient", Java}, {"Apache-Coyote", Java},
	{"node", Node}, {"axios", Node}, {"undici", Node}, {"got ", Node}, {"Express", Node},
	{"python", Python}, {"Python", Python}, {"aiohttp", Python}, {"BaseHTTP", PythonHTTP}, {"SimpleHTTP", PythonHTTP},
	{"gunicorn", Python}, {"uvicorn", Python}, {"Werkzeug", Python}, {"hypercorn", Python},
	{"TornadoServer", Python}, {"TwistedWeb", Python}, {"waitress", Python}, {"CherryPy", Python}, {"Cheroot", Python},
	{"Java", Java}, {"okhttp", Java}, {"Jetty", Java}, {"ReactorNetty", Java},
	{"Kestrel", DotNet}, {"Microsoft-IIS", DotNet}, {"curl/", Curl}, {"Mozilla/", Browser},
	{"ApacheBench", LoadTool}, {"wrk", LoadTool}, {"hey/", LoadTool}, {"k6/", LoadTool}, {"vegeta", LoadTool},
	{"envoy", Envoy}, {"HAProxy", HAProxy}, {"haproxy", HAProxy}, {"awselb", AWSLoadBalancer},
	{"lighttpd", Lighttpd}, {"Caddy", Caddy}, {"Ruby", Ruby}, {"WEBrick", Ruby}, {"PHP/", PHP}, {"Wget/", Wget},
	{"libwww-perl", Perl}, {"PycURL", PycURL}, {"HTTPie/", HTTPie},
}

// softwareOf recognizes the value of one of these fields.
func softwareOf(value []byte) Software {
	for _, s := range signs {
		if bytes.HasPrefix(value, []byte(s.prefix)) {
			return s.is
		}
	}
	if len(value) == 0 {
		return UnknownSoftware
	}
	return OtherSoftware
}

// maxLooks is in how many heads the name of a server is looked for, and
// maxAgents in how many that of a client, where several programs may run.
const (
	maxLooks  = 4
	maxAgents = 64
)

// recognize looks into the first heads of a pair and of a server for who they are.
func (p *pools) recognize(pair uint32, w httpparse.Head, raw []byte) {
	x := &p.pairs[pair]
	if w.Kind() == httpparse.Request {
		if x.looks == maxAgents || x.looks >= maxLooks && x.agent == UnknownSoftware {
			return
		}
		x.looks++
		value, _ := httpparse.Field(raw, "User-Agent")
		switch is := softwareOf(value); {
		case x.agent == UnknownSoftware:
			x.agent = is
			x.proxied = x.proxied || forwarded(raw)
			x.http10 = w.Minor() == 0
			x.closeInHTTP10 = w.Minor() == 0 && w.Flags()&httpparse.ConnClose != 0
		case is != x.agent:
			x.agent = OtherSoftware // several programs: the words of one do not fit all
		}
		return
	}
	if s := &p.servers[x.server]; s.looks < maxLooks && s.software == UnknownSoftware {
		s.looks++
		value, ok := httpparse.Field(raw, "Server")
		if !ok { // as of Express and php -S
			value, _ = httpparse.Field(raw, "X-Powered-By")
		}
		s.software = softwareOf(value)
	}
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
