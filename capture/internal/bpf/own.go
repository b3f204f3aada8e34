package bpf

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// compileOwn compiles the part of pcap-filter(7) that captures of TCP are chosen by, where
// there is no libpcap: host, net, port and portrange with src and dst, tcp, ip, ip6, one
// vlan, and, or, not and parentheses. What it compiles accepts the frames that libpcap's
// program accepts. The error is a [*SyntaxError] that names the first word that is not
// understood.
func compileOwn(expr string, link pcapfile.LinkType) (*Filter, error) {
	layout, ok := layouts[link]
	if !ok {
		return nil, &SyntaxError{Reason: fmt.Sprintf("link type %v has filters only with libpcap", link), limited: true}
	}
	p := &parser{words: splitWords(expr), frame: layout}
	if len(p.words) == 0 {
		return newFilter([]instruction{{code: opReturnK, k: 1}})
	}
	accepts, _, err := p.terms(noQualifier, false)
	if err == nil && p.at < len(p.words) {
		err = p.unknown()
	}
	if err != nil {
		return nil, err
	}
	return newFilter(assemble(accepts))
}

// splitWords splits an expression at spaces, and before and after what stands alone.
func splitWords(expr string) []string {
	spaced := strings.NewReplacer("(", " ( ", ")", " ) ", "!", " ! ", "&&", " && ", "||", " || ").Replace(expr)
	return strings.Fields(spaced)
}

// A qualifier says what a value is: the words before it, or before the value before.
type qualifier struct {
	protocol  string // "", "tcp", "ip", "ip6"
	direction string // "", "src", "dst", "src or dst", "src and dst"
	kind      string // "host", "net", "port", "portrange"; "" for none
}

// noQualifier is where no value may stand.
var noQualifier = qualifier{}

// A parser reads an expression. Operators are of one rank, as libpcap has them, but for not.
type parser struct {
	words []string
	at    int
	frame layout // where things are; a vlan moves them for all that follows
}

// peek returns the next word, "" at the end.
func (p *parser) peek() string {
	if p.at < len(p.words) {
		return p.words[p.at]
	}
	return ""
}

// take goes on if the next word is one of these.
func (p *parser) take(words ...string) bool {
	if p.at == len(p.words) || !slices.Contains(words, p.words[p.at]) {
		return false
	}
	p.at++
	return true
}

// unknown is the error of the next word.
func (p *parser) unknown() error {
	if p.at == len(p.words) {
		return &SyntaxError{Reason: "syntax error: it ends too early"}
	}
	switch word := p.words[p.at]; word {
	case "and", "or", "not", "(", ")", "!", "&&", "||", "src", "dst", "host", "net", "port", "portrange", "tcp", "ip", "ip6", "vlan":
		return &SyntaxError{Reason: fmt.Sprintf("syntax error at %q", word)}
	default:
		return &SyntaxError{limited: true, Reason: fmt.Sprintf(
			"%q needs libpcap; without it filters know host, net, port, portrange, src, dst, tcp, ip, ip6, vlan, and, or, not, and numbers", word)}
	}
}

// terms reads terms with and and or between them, to the end or a parenthesis. A value
// without words of its own has those of the value before, at first q. Values alone stand
// within parentheses that begin with one. The result has the words of the last value.
func (p *parser) terms(q qualifier, valuesOnly bool) (*node, qualifier, error) {
	left, q, err := p.term(q, valuesOnly)
	for err == nil {
		var join func(a, b *node) *node
		switch {
		case p.take("and", "&&"):
			join = both
		case p.take("or", "||"):
			join = either
		default:
			return left, q, nil
		}
		var right *node
		right, q, err = p.term(q, valuesOnly)
		left = join(left, right)
	}
	return nil, q, err
}

// term reads one term, or a value.
func (p *parser) term(q qualifier, valuesOnly bool) (*node, qualifier, error) {
	switch {
	case p.take("not", "!"):
		n, q, err := p.term(q, valuesOnly)
		return negate(n), q, err
	case p.peek() == "(":
		p.at++
		n, _, err := p.terms(q, valuesOnly || q != noQualifier && p.valueFollows())
		if err == nil && !p.take(")") {
			err = p.unknown()
		}
		return n, q, err
	case q != noQualifier && p.valueFollows():
		n, err := p.value(q)
		return n, q, err
	case valuesOnly:
		return nil, q, p.unknown()
	}
	return p.primitive()
}

// valueFollows reports whether the next word that is no operator looks like a value.
func (p *parser) valueFollows() bool {
	for _, word := range p.words[p.at:] {
		switch word {
		case "(", "not", "!":
			continue
		}
		return strings.ContainsAny(word[:1], "0123456789:") || strings.Contains(word, ":")
	}
	return false
}

// primitive reads words that say what a value is, and the value or several in parentheses;
// or words that need none.
func (p *parser) primitive() (*node, qualifier, error) {
	if p.take("vlan") {
		n, err := p.vlan()
		return n, noQualifier, err
	}
	begin, q := p.at, qualifier{}
	if p.peek() == "tcp" || p.peek() == "ip" || p.peek() == "ip6" {
		q.protocol = p.words[p.at]
		p.at++
	}
	behindProtocol := p.at
	q.direction = p.direction()
	directed := p.at > behindProtocol
	for _, kind := range []string{"host", "net", "port", "portrange"} {
		if p.take(kind) {
			q.kind = kind
		}
	}
	switch {
	case p.at == begin:
		return nil, q, p.unknown()
	case !directed && q.kind == "":
		return p.frame.protocol(q.protocol), noQualifier, nil
	case q.kind == "":
		q.kind = "host"
	}
	if q.protocol == "tcp" && (q.kind == "host" || q.kind == "net") || q.protocol != "tcp" && q.protocol != "" && (q.kind == "port" || q.kind == "portrange") {
		return nil, q, &SyntaxError{Reason: fmt.Sprintf("%q has no %s", q.protocol, q.kind)}
	}
	if !p.valueFollows() {
		return nil, q, p.unknown()
	}
	return p.term(q, true)
}

// direction reads src, dst, or both with a word between.
func (p *parser) direction() string {
	first := p.peek()
	if !p.take("src", "dst") {
		return ""
	}
	join, other := p.peek(), ""
	if p.at+1 < len(p.words) {
		other = p.words[p.at+1]
	}
	if (join == "or" || join == "and" || join == "||" || join == "&&") && other != first && (other == "src" || other == "dst") {
		p.at += 2
		if join == "or" || join == "||" {
			return ""
		}
		return "src and dst"
	}
	return first
}

// vlan reads the number of a VLAN, if there is one.
func (p *parser) vlan() (*node, error) {
	if p.frame.tagged {
		p.at--
		return nil, &SyntaxError{Reason: `a second "vlan" needs libpcap`, limited: true}
	}
	if !p.frame.mayTag {
		p.at--
		return nil, &SyntaxError{Reason: `"vlan": frames of this link type have no tags`}
	}
	tag := int64(-1)
	if p.valueFollows() {
		n, err := decimal(p.words[p.at], 4095)
		if err != nil {
			return nil, p.unknown()
		}
		p.at++
		tag = int64(n)
	}
	return p.frame.vlan(tag), nil
}

// value reads a value of the kind that q says.
func (p *parser) value(q qualifier) (*node, error) {
	word := p.words[p.at]
	var n *node
	var err error
	switch q.kind {
	case "port":
		var port uint32
		if port, err = decimal(word, 65535); err == nil {
			n = p.frame.ports(q, port, port)
		}
	case "portrange":
		n, err = p.portRange(q, word)
	default:
		n, err = p.address(q, word)
	}
	if _, ok := err.(*SyntaxError); ok {
		return nil, err
	}
	if err != nil {
		return nil, p.unknown()
	}
	p.at++
	return n, nil
}

// portRange reads two ports, or one.
func (p *parser) portRange(q qualifier, word string) (*node, error) {
	from, to, two := strings.Cut(word, "-")
	if !two {
		to = from
	}
	first, err := decimal(from, 65535)
	if err != nil {
		return nil, err
	}
	last, err := decimal(to, 65535)
	if err != nil {
		return nil, err
	}
	return p.frame.ports(q, min(first, last), max(first, last)), nil
}

// address reads an address or a network, of which IPv4's may be cut after a byte: 10.1 is
// 10.1.0.0/16.
func (p *parser) address(q qualifier, word string) (*node, error) {
	ip, length, sized := strings.Cut(word, "/")
	bits := uint32(128)
	if !strings.Contains(ip, ":") {
		dots := strings.Count(ip, ".")
		if dots == 0 && (q.kind == "host" || sized) {
			return nil, fmt.Errorf("%q is not an address", word)
		}
		bits = 8 * uint32(dots+1)
		ip += strings.Repeat(".0", max(0, 3-dots))
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Zone() != "" {
		return nil, fmt.Errorf("%q is not an address", word)
	}
	if sized {
		if bits, err = decimal(length, uint32(addr.BitLen())); err != nil {
			return nil, err
		}
		if q.kind == "host" {
			return nil, &SyntaxError{Reason: fmt.Sprintf("%q is a network, not a host: write net before it", word)}
		}
	}
	if want := map[string]bool{"ip": true, "ip6": false}; q.protocol != "" && want[q.protocol] != addr.Is4() {
		return nil, &SyntaxError{Reason: fmt.Sprintf("%q is not an address of %s", word, q.protocol)}
	}
	prefix := netip.PrefixFrom(addr, int(bits))
	if prefix.Masked().Addr() != addr {
		return nil, &SyntaxError{Reason: fmt.Sprintf("non-network bits set in %q", word)}
	}
	return p.frame.network(q, prefix), nil
}

// decimal reads a number without a sign and without zeros in front, which would be octal
// for libpcap.
func decimal(word string, most uint32) (uint32, error) {
	if len(word) > 1 && word[0] == '0' || strings.HasPrefix(word, "+") {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseUint(word, 10, 32)
	if err == nil && n > uint64(most) {
		err = strconv.ErrRange
	}
	return uint32(n), err
}
