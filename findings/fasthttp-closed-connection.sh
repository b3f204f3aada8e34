#!/bin/bash
# github.com/valyala/fasthttp v1.78.0, Client: it does not look whether the server has
# closed an idle connection before it sends a request on it. The server's FIN has come
# 300 ms before. A GET is then sent again on a new connection without a word; a POST
# fails, though the server has read none of it, and the Response that the caller
# holds says 200.
# Seen: 4 GETs take 4 connections and no error; of 4 POSTs 2 fail with "the server closed
# connection before returning the first response byte", each with status 200.
# net/http notices such a close at once, and its client sends both on a new connection.
#
# Needs Go, and the module from the module proxy. Fails if fasthttp does something else.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

func main() {
	for _, method := range []string{"GET", "POST"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		var opened atomic.Int64
		server := &http.Server{
			IdleTimeout: 100 * time.Millisecond,
			Handler:     http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }),
			ConnState: func(_ net.Conn, s http.ConnState) {
				if s == http.StateNew {
					opened.Add(1)
				}
			},
		}
		go server.Serve(listener)
		client := &fasthttp.Client{}
		failed, status := 0, 0
		for range 4 {
			req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			req.SetRequestURI("http://" + listener.Addr().String() + "/")
			req.Header.SetMethod(method)
			if method == "POST" {
				req.SetBodyString("order")
			}
			if err := client.Do(req, resp); err != nil {
				failed, status = failed+1, resp.StatusCode()
			}
			time.Sleep(400 * time.Millisecond)
		}
		fmt.Println(method, "failed", failed, "status", status, "connections", opened.Load())
		server.Close()
	}
}
GO
go mod init example.test/finding >/dev/null 2>&1
go get github.com/valyala/fasthttp@v1.78.0 >/dev/null 2>&1
go run . >got
cat got
diff - got <<'WANT' || { echo "fasthttp v1.78.0 does something else now" >&2; exit 1; }
GET failed 0 status 0 connections 4
POST failed 2 status 200 connections 2
WANT
