// Empty does nothing but what gopacket's layers do when a program that imports them starts.
package main

import _ "github.com/google/gopacket/layers"

func main() {}
