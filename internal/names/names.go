// Package names knows names of addresses: those of a hosts file, and those that answers of
// DNS in a capture tell. It asks nobody.
//
// A [Table] takes them, see [Table.AddHosts] and [Table.AddAnswer], and [Table.Names] is what
// it knows at a moment.
package names

import (
	"bufio"
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	// maxAddresses and maxNames bound what is kept: of a flood of answers the first ones.
	maxAddresses = 20_000
	maxNames     = 4 // of an address
	// maxAnswers is how many records of one answer are looked at.
	maxAnswers = 64
	// maxName is how long a name is at most (RFC 1035, 2.3.4).
	maxName = 253
)

// Known is what is known of an address.
type Known struct {
	DNS   []string // names that clients asked for, the last one first; at most 4
	Hosts string   // of the hosts file, "" for none
}

// Best returns the name to show: the one that a client asked for last, else that of the
// hosts file.
func (k *Known) Best() string {
	if len(k.DNS) > 0 {
		return k.DNS[0]
	}
	return k.Hosts
}

// Names are the names of addresses. They are not changed any more, and nil holds none.
type Names map[netip.Addr]Known

// Table collects names. It is safe for concurrent use.
type Table struct {
	mu    sync.Mutex
	known map[netip.Addr]Known
	told  Names // as of now, nil if something was added since

	answers int64 // of DNS that were read
}

// Answers returns how many answers of DNS were read.
func (t *Table) Answers() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.answers
}

// AddHosts adds the names of a hosts file, see hosts(5): the first one of each address.
func (t *Table) AddHosts(file []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bufio.NewScanner(bytes.NewReader(file))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		addr, err := netip.ParseAddr(words[0])
		name := clean(words[1])
		if err != nil || name == "" {
			continue
		}
		t.change(addr, func(k *Known) {
			if k.Hosts == "" {
				k.Hosts = name
			}
		})
	}
}

// AddAnswer adds what a message of DNS says, if it is an answer: the addresses of the name
// that was asked for, whatever aliases lead there.
func (t *Table) AddAnswer(message []byte) {
	var p dnsmessage.Parser
	head, err := p.Start(message)
	if err != nil || !head.Response || head.RCode != dnsmessage.RCodeSuccess {
		return
	}
	asked, err := p.Question()
	if err != nil || asked.Class != dnsmessage.ClassINET || p.SkipAllQuestions() != nil {
		return
	}
	name := clean(asked.Name.String())
	if name == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers++
	for range maxAnswers {
		h, err := p.AnswerHeader()
		if err != nil {
			return
		}
		var addr netip.Addr
		switch h.Type {
		case dnsmessage.TypeA:
			r, err := p.AResource()
			if err != nil {
				return
			}
			addr = netip.AddrFrom4(r.A)
		case dnsmessage.TypeAAAA:
			r, err := p.AAAAResource()
			if err != nil {
				return
			}
			addr = netip.AddrFrom16(r.AAAA)
		default:
			if p.SkipAnswer() != nil {
				return
			}
			continue
		}
		t.change(addr, func(k *Known) {
			if len(k.DNS) > 0 && k.DNS[0] == name {
				return
			}
			k.DNS = slices.DeleteFunc(slices.Clone(k.DNS), func(s string) bool { return s == name })
			k.DNS = slices.Insert(k.DNS, 0, name)
			k.DNS = k.DNS[:min(len(k.DNS), maxNames)]
		})
	}
}

// change changes what is known of an address, if there is room for it.
func (t *Table) change(addr netip.Addr, how func(*Known)) {
	addr = addr.Unmap().WithZone("")
	k, ok := t.known[addr]
	if !ok && len(t.known) >= maxAddresses {
		return
	}
	if t.known == nil {
		t.known = map[netip.Addr]Known{}
	}
	how(&k)
	t.known[addr], t.told = k, nil
}

// Names returns what is known now.
func (t *Table) Names() Names {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.told == nil {
		t.told = make(Names, len(t.known))
		for addr, k := range t.known {
			t.told[addr] = k
		}
	}
	return t.told
}

// clean returns a name in small letters and without the dot at its end; "" for one that is
// no host's name, as it may be anything that an attacker likes.
func clean(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "" || len(name) > maxName || name[0] == '-' || name[0] == '.' {
		return ""
	}
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return ""
		}
	}
	return name
}
