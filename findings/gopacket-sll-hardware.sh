#!/bin/bash
# github.com/google/gopacket v1.1.19, package layers: of a frame that was captured on the
# pseudo-interface `any` of Linux (link type LINUX_SLL, 113) it decodes what the protocol
# field names, whatever the hardware type is. But that field says nothing where the
# hardware type is 803 (ARPHRD_IEEE80211_RADIOTAP, an interface in monitor mode): a
# radiotap header follows then, by the description of LINKTYPE_LINUX_SLL at tcpdump.org.
# Seen: "Linux SLL, DecodeFailure" for such a frame, though the same bytes behind the
# LINUX_SLL header are "RadioTap, Dot11, Dot11CtrlAck" for gopacket under link type 127.
# tcpdump 4.99.3 and tshark 4.0.17 show an 802.11 acknowledgement for the whole frame.
# A reader that leaves LINUX_SLL to gopacket has to look at the hardware type itself.
#
# Needs Go, and the module from the module proxy. Fails if gopacket does something else.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"strings"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

func show(link layers.LinkType, frame []byte) {
	var names []string
	for _, l := range gopacket.NewPacket(frame, link, gopacket.Default).Layers() {
		names = append(names, l.LayerType().String())
	}
	fmt.Println(strings.Join(names, ", "))
}

func main() {
	radiotap := []byte{0, 0, 8, 0, 0, 0, 0, 0}                     // version 0, 8 bytes long, no fields
	ack := []byte{0xd4, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0}     // an 802.11 acknowledgement
	sll := []byte{0, 0, 0x03, 0x23, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0, 4} // received, hardware 803, protocol 4
	wlan := append(radiotap, ack...)
	show(layers.LinkTypeLinuxSLL, append(sll, wlan...))
	show(layers.LinkTypeIEEE80211Radio, wlan)
}
GO
go mod init example.test/finding >/dev/null 2>&1
go get github.com/google/gopacket@v1.1.19 >/dev/null 2>&1
go run . >got
cat got
diff - got <<'WANT' || { echo "gopacket v1.1.19 does something else now" >&2; exit 1; }
Linux SLL, DecodeFailure
RadioTap, Dot11, Dot11CtrlAck
WANT
