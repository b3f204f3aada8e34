package capture

import (
	"github.com/kaanalyze/kaanalyze/capture/internal/decode"
	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

// dnsPort is where servers of DNS answer from.
const dnsPort = 53

// maxAnswersAtOnce bounds the answers that a block keeps: they are copied.
const maxAnswersAtOnce = 1 << 12

// takeAnswer keeps what a frame that is no TCP carries, if it comes from a server of DNS.
func (b *block) takeAnswer(f *pcapfile.Frame, data []byte) {
	if len(b.answers) >= maxAnswersAtOnce {
		return
	}
	if port, payload := decode.FindDatagram(f.Link, f.Iface, data, f.WireLen); port == dnsPort && len(payload) > 0 {
		b.answers = append(b.answers, append([]byte(nil), payload...))
	}
}

// handAnswers hands the answers of DNS over, in the order of the capture.
func (s *Source) handAnswers(b *block) {
	for _, payload := range b.answers {
		s.opt.DNS(payload)
	}
}
