// Package compact holds containers that keep millions of small values without
// pointers in little memory, so that the garbage collector has nothing to look
// at in them.
//
// A [Slab] keeps values at addresses that do not change, and a [Vault] those
// that are seldom looked at, packed. A [List] keeps values in order, a [Queue]
// those that leave as they came; both grow without a copy. A [Pool] hands out
// values with buffers that are used again.
package compact
