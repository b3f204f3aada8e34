package capturetest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kaanalyze/kaanalyze/flows"
)

// seconds reads a time, to the nanosecond.
func seconds(word string) (int64, error) {
	whole, fraction, _ := strings.Cut(word, ".")
	n, err := strconv.ParseInt(whole, 10, 32)
	if err != nil || n < 0 || len(fraction) > 9 {
		return 0, fmt.Errorf("the time is %q, want seconds with at most 9 decimals", word)
	}
	nanos, err := strconv.ParseUint(fraction+strings.Repeat("0", 9-len(fraction)), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("the time is %q, want seconds", word)
	}
	return Epoch + n*int64(time.Second) + int64(nanos), nil
}

// number reads a 32-bit number; a negative one is taken modulo 2^32.
func number(word string) (uint32, error) {
	n, err := strconv.ParseInt(word, 0, 64)
	if err != nil || n < math.MinInt32 || n > math.MaxUint32 {
		return 0, fmt.Errorf("%q is no 32-bit number", word)
	}
	return uint32(n), nil
}

// readFlags reads flags as tcpdump writes them, "none" for none.
func readFlags(word string) (flows.Flags, error) {
	const letters = "FSRP.UEW" // by bit
	if word == "none" {
		return 0, nil
	}
	var f flows.Flags
	for _, c := range word {
		bit := strings.IndexRune(letters, c)
		if bit < 0 {
			return 0, fmt.Errorf("the flags are %q, want some of %s", word, letters)
		}
		f |= 1 << bit
	}
	return f, nil
}

// read reads what follows the flags.
func (p *packet) read(words []string) error {
	for len(words) > 0 {
		word := words[0]
		switch {
		case word[0] == '"':
			payload, err := strconv.Unquote(word)
			if err != nil {
				return fmt.Errorf("read payload: %w", err)
			}
			p.payload = append(p.payload, payload...)
			words = words[1:]
			continue
		case strings.HasSuffix(word, ")"):
			if err := p.readRange(word); err != nil {
				return err
			}
			words = words[1:]
			continue
		case len(words) == 1:
			return fmt.Errorf("%q needs a number", word)
		}
		n, err := number(words[1])
		if err != nil {
			return fmt.Errorf("%s: %w", word, err)
		}
		if err := p.set(word, n); err != nil {
			return err
		}
		words = words[2:]
	}
	return nil
}

// readRange reads SEQ:END(LEN).
func (p *packet) readRange(word string) error {
	const maxLength = 1 << 20
	seq, rest, ok := strings.Cut(word, ":")
	end, length, ok2 := strings.Cut(strings.TrimSuffix(rest, ")"), "(")
	if !ok || !ok2 {
		return fmt.Errorf("%q is not SEQ:END(LEN)", word)
	}
	from, err := number(seq)
	if err != nil {
		return err
	}
	to, err := number(end)
	if err != nil {
		return err
	}
	n, err := number(length)
	if err != nil {
		return err
	}
	if to-from != n || n > maxLength {
		return fmt.Errorf("%q does not add up", word)
	}
	p.seq, p.length, p.hasSeq = from, int(n), true
	return nil
}

// set sets what has a name and a number.
func (p *packet) set(name string, n uint32) error {
	limit := uint32(math.MaxUint32)
	switch name {
	case "ack":
		p.ack, p.hasAck = n, true
	case "win":
		limit, p.window = math.MaxUint16, uint16(n)
	case "cut":
		limit, p.cut = math.MaxUint16, int(n)
	case "wscale":
		limit, p.scale = math.MaxUint8, int(n)
	case "mss":
		limit, p.mss = math.MaxUint16, int(n)
	case "tsval":
		p.tsVal, p.hasTS = n, true
	case "tsecr":
		p.tsEcr, p.hasTS = n, true
	case "id":
		limit, p.id, p.hasID = math.MaxUint16, uint16(n), true
	case "ttl":
		limit, p.ttl = math.MaxUint8, uint8(n)
	case "vlan":
		limit, p.vlan = 4094, uint16(n)
	case "iface":
		p.iface = n
	default:
		return fmt.Errorf("%q is not known", name)
	}
	if n > limit {
		return fmt.Errorf("%s is %d, more than %d", name, n, limit)
	}
	return nil
}
