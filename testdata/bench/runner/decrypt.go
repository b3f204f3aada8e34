//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// encrypted is a capture of HTTP/2 in TLS 1.3 with its key log, and the bytes of the bodies in it.
type encrypted struct {
	made
	name    string
	payload float64
}

// Captures to decrypt: records of 16 KiB, and of 300 bytes; a small one for tshark.
var (
	fullRecords  = encrypted{made{"h2-full", 16}, "records of 16,384 bytes", 16 * 64 << 20}
	smallRecords = encrypted{made{"h2-small", 4}, "records of 300 bytes", 4 * 64 << 20}
	forTshark    = encrypted{made{"h2-full", 8}, "records of 16,384 bytes", 8 * 64 << 20}
)

// printDecryption prints how many bytes kaanalyze decrypts in a second of CPU time, beside what
// OpenSSL does with the same cipher and nothing else, and how much faster it is than tshark.
func printDecryption(b builds, rounds int) error {
	for _, e := range []encrypted{fullRecords, smallRecords} {
		file, err := b.make(e.made)
		if err != nil {
			return err
		}
		if err := warm(file); err != nil {
			return err
		}
		var rates, ratios []float64
		for range rounds {
			m, err := measure(decrypting(b.now, file), file, 0)
			if err != nil {
				return err
			}
			rates = append(rates, e.payload/m.cpu)
			if speed, err := opensslSpeed(); err == nil {
				ratios = append(ratios, e.payload/m.cpu/speed)
			}
		}
		fmt.Printf("decrypting AES-128-GCM, %s: %.0f MB of payload a CPU second", e.name, middle(rates)/1e6)
		if len(ratios) > 0 {
			fmt.Printf(", %.2f of openssl speed at 16,384 bytes", middle(ratios))
		}
		fmt.Println()
	}
	return besideTshark(b)
}

// decrypting is kaanalyze with the keys of a capture.
func decrypting(kaanalyze, file string) program {
	return program{"kaanalyze", []string{kaanalyze, "--quiet", "--workers", "1", "--tls-keylog", file + ".keylog", "-f", "json", file}, discarded}
}

// opensslSpeed returns how many bytes OpenSSL encrypts in a second of CPU time.
func opensslSpeed() (float64, error) {
	out, err := exec.Command("openssl", "speed", "-mr", "-seconds", "1", "-bytes", "16384", "-evp", "aes-128-gcm").Output()
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(out)) {
		// +F:22:AES-128-GCM:4426274130.00
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) > 3 && f[0] == "+F" {
			return strconv.ParseFloat(f[len(f)-1], 64)
		}
	}
	return 0, fmt.Errorf("openssl speed says no number: %q", out)
}

// besideTshark compares with tshark, once, with the same keys.
func besideTshark(b builds) error {
	if _, err := exec.LookPath("tshark"); err != nil {
		fmt.Println("decrypting beside tshark: skipped: tshark is not installed")
		return nil
	}
	file, err := b.make(forTshark.made)
	if err != nil {
		return err
	}
	keys, err := filepath.Abs(file + ".keylog")
	if err != nil {
		return err
	}
	programs := []program{
		{"tshark", []string{"tshark", "-n", "-r", file, "-o", "tls.keylog_file:" + keys, "-Y", "http2", "-T", "fields", "-e", "http2.streamid"}, discarded},
		decrypting(b.now, file),
	}
	var took [2]measured
	for i, p := range programs {
		if took[i], err = measure(p, file, 0); err != nil {
			return err
		}
	}
	fmt.Printf("decrypting beside tshark, %s: tshark %.1f s of CPU, kaanalyze %.3f, %.0f times less; %.0f times faster\n", forTshark.name,
		took[0].cpu, took[1].cpu, took[0].cpu/took[1].cpu, took[0].wall/took[1].wall)
	return nil
}
