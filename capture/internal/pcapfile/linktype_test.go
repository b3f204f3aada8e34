package pcapfile_test

import (
	"testing"

	"github.com/kaanalyze/kaanalyze/capture/internal/pcapfile"
)

func TestLinkTypeNames(t *testing.T) {
	for link, want := range map[pcapfile.LinkType]string{
		pcapfile.LinkEthernet: "EN10MB", pcapfile.LinkSLL: "LINUX_SLL", pcapfile.LinkSLL2: "LINUX_SLL2", pcapfile.LinkNull: "NULL", pcapfile.LinkRaw: "RAW",
		127: "IEEE802_11_RADIO", pcapfile.LinkCiscoHDLC: "C_HDLC", pcapfile.LinkNFLOG: "NFLOG", 4711: "4711",
	} {
		if got := link.String(); got != want {
			t.Errorf("link type %d is %q, want %q", uint32(link), got, want)
		}
	}
}
