// Fasthttp is a client of github.com/valyala/fasthttp: fasthttp URL METHOD REQUESTS PAUSE.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"
)

func main() {
	requests, _ := strconv.Atoi(os.Args[3])
	pause, err := time.ParseDuration(os.Args[4])
	if err != nil {
		panic(err)
	}
	c := &fasthttp.Client{MaxIdleConnDuration: time.Minute}
	for i := range requests {
		req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		req.SetRequestURI(os.Args[1])
		req.Header.SetMethod(os.Args[2])
		if os.Args[2] == fasthttp.MethodPost {
			req.SetBodyString("order")
		}
		err := c.Do(req, resp)
		fmt.Println(i, resp.StatusCode(), err)
		time.Sleep(pause)
	}
}
