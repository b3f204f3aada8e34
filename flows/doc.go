// Package flows follows TCP as an observer on the wire sees it.
package flows
