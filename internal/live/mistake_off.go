//go:build !viewpanic

package live

// mistake is where a test build can be made to panic.
func mistake(string) {}
