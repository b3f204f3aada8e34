package main

import (
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// send sends the connections of a flood on an interface, at that many a second.
func send(device string, k kind, seed uint64, rate int, length time.Duration) error {
	link, err := net.InterfaceByName(device)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	to := &unix.SockaddrLinklayer{Ifindex: link.Index, Halen: 6, Addr: [8]byte{2, 0, 0, 0, 0, 2}}
	sent, refused := 0, 0
	began := time.Now()
	for i := 0; time.Since(began) < length; {
		for due := int(time.Since(began).Seconds() * float64(rate)); i < due; i++ {
			for b := range k.packets(i, seed) {
				if err := unix.Sendto(fd, b, 0, to); err != nil {
					refused++
				} else {
					sent++
				}
			}
		}
		time.Sleep(time.Millisecond)
	}
	fmt.Printf("%d packets sent, %d refused, in %v\n", sent, refused, time.Since(began).Round(time.Millisecond))
	return nil
}
