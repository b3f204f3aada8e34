// Drain is a server and a client of net/http whose bodies nobody reads: what Close does
// with them depends on the version of Go that it is built with.
//
//	drain serve ADDRESS
//	drain get URL REQUESTS PAUSE
//
// The server sends /SIZE with Content-Length, /SIZE?chunked=1 without, and with
// gap=80ms in two halves. The client says for each request whether it went out on a
// connection that had been used before.
package main

import (
	"bytes"
	"fmt"
	"log"
	"net/http"
	"net/http/httptrace"
	"os"
	"runtime"
	"strconv"
	"time"
)

func main() {
	if len(os.Args) == 3 {
		log.Fatal(http.ListenAndServe(os.Args[2], http.HandlerFunc(serve)))
	}
	requests, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	pause, err := time.ParseDuration(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(runtime.Version())
	for i := range requests {
		get(i, os.Args[2])
		time.Sleep(pause)
	}
}

func serve(w http.ResponseWriter, r *http.Request) {
	size, _ := strconv.Atoi(r.URL.Path[1:])
	gap, _ := time.ParseDuration(r.FormValue("gap"))
	body := bytes.Repeat([]byte("x"), size)
	if r.FormValue("chunked") == "" {
		w.Header().Set("Content-Length", strconv.Itoa(size))
	}
	first := body
	if gap > 0 {
		first = body[:size/2]
	}
	w.Write(first)
	w.(http.Flusher).Flush()
	if gap > 0 {
		time.Sleep(gap)
		w.Write(body[size/2:])
	}
}

func get(i int, url string) {
	trace := &httptrace.ClientTrace{GotConn: func(x httptrace.GotConnInfo) { fmt.Printf("request %d reused %v\n", i, x.Reused) }}
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		log.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close() // unread
}
