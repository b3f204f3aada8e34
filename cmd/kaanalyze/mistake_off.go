//go:build !viewpanic

package main

// mistake is where a test build can be made to panic while it reads.
func mistake(string) {}
