// Beego is a server of github.com/astaxie/beego 1.12: beego ADDRESS PORT.
package main

import (
	"os"
	"strconv"

	"github.com/astaxie/beego"
)

type hello struct{ beego.Controller }

func (c *hello) Get() { c.Ctx.WriteString("hello") }

func main() {
	beego.BConfig.RunMode = beego.DEV // it says who it is then only
	beego.BConfig.Listen.HTTPAddr = os.Args[1]
	beego.BConfig.Listen.HTTPPort, _ = strconv.Atoi(os.Args[2])
	beego.BConfig.Listen.ServerTimeOut = 1
	beego.Router("/", &hello{})
	beego.Run()
}
