// Caddy is the lab's Caddy, as a module of another program: HTTP/2 over TLS at the first
// address, HTTP/1 and HTTP/2 in clear text at the second. On SIGHUP it loads its configuration
// anew, as caddy reload does.
//
//	caddy DIR ADDRESS:PORT ADDRESS:PORT
//
// The certificate is cert.pem and key.pem of DIR.
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/caddytls"
	_ "github.com/caddyserver/caddy/v2/modules/filestorage"
)

// configuration has a word for the directory, the addresses and the number of the load,
// without which Caddy takes it for the one that it has.
const configuration = `{
	"admin": {"disabled": true, "config": {"persist": false}},
	"logging": {"logs": {"default": {"level": "ERROR"}}},
	"storage": {"module": "file_system", "root": "DIR/storage"},
	"apps": {
		"tls": {"certificates": {"load_files": [{"certificate": "DIR/cert.pem", "key": "DIR/key.pem"}]}},
		"http": {
			"servers": {
				"secure": {
					"listen": ["SECURE"], "protocols": ["h1", "h2"], "automatic_https": {"disable": true},
					"tls_connection_policies": [{"fallback_sni": "lab.example"}],
					"routes": [{"handle": [{"handler": "static_response", "body": "LOAD BODY"}]}]
				},
				"clear": {
					"listen": ["CLEAR"], "protocols": ["h1", "h2c"], "automatic_https": {"disable": true},
					"routes": [{"handle": [{"handler": "static_response", "body": "LOAD BODY"}]}]
				}
			}
		}
	}
}`

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: caddy DIR ADDRESS:PORT ADDRESS:PORT")
	}
	dir, err := filepath.Abs(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	for load := 1; ; load++ {
		words := strings.NewReplacer("DIR", dir, "SECURE", os.Args[2], "CLEAR", os.Args[3], "LOAD", fmt.Sprint(load), "BODY", strings.Repeat(".", 200))
		if err := caddy.Load([]byte(words.Replace(configuration)), true); err != nil {
			log.Fatal(err)
		}
		<-signals
	}
}
