// Package capture turns capture files into TCP segments: pcap and pcapng of any
// age and byte order, plain or compressed, one file or hundreds that are one
// capture, any link type, with or without a pcap filter. It captures from
// interfaces, too, and saves what it captures.
//
// [OpenFiles] looks at every file and says at once what cannot be read. The
// [Source] that it returns is read by [Source.Run], which hands runs of
// [flows.Segment] to its caller in the order of the capture. Afterwards
// [Source.Stats] says what was read and what was damaged, and [Source.Origin]
// which file a packet came from. [OpenLive] returns the Source of one of the
// [Interfaces] instead, whose packets [Source.Save] saves.
//
// A packet's number is its place in the capture, from 1, as Wireshark counts; in
// several files, in the capture that mergecap would make of them. Times are
// nanoseconds since the Unix epoch.
//
// Nothing here trusts a length that a file states: memory is a few blocks, and
// one record at most 16 MiB.
//
// # How workers take turns
//
// Files are read in blocks of some hundred KiB. Each of Options.Workers
// goroutines (see pipeline) repeats four steps with a block of its own:
//
//	acquire  take a free block from the queue
//	read     in the order of the capture: find whole records, number their frames
//	decode   side by side: filter, headers, fingerprint, Note
//	submit   give the block back to the queue, which delivers it in order
//
// read holds one lock, pipeline.input, under which the merger fills the block.
// Decoding takes most of the time and shares nothing. So the result never
// depends on the number of workers: a block gets its place in the order, seq,
// under the lock, and the queue delivers by seq. The worker that submits the
// next block delivers it, and all that are ready behind it, while the others
// read on; apply runs on one goroutine at a time.
//
// Partial records. A block rarely ends where a record does. The record that is
// not whole stays behind in its file's fileReader.partial, and the block that is
// read next begins with it. If it is longer than a block, fileReader.need says
// how many bytes are wanted before another look.
//
// Regions. Under the lock, reading would go one block at a time. A plain file,
// which is neither compressed nor a pipe, is read side by side instead, as soon
// as it is the only one that is left: each worker claims the next region of the
// file and reads it without a lock, behind some headroom in its block's memory.
// Then pipeline.lockInOrder waits until all regions before have been searched
// for records; the partial record that the region before ends with is copied into
// the headroom, and the search goes on as in any block. It touches one word in a
// record and is short beside reading and decoding.
//
// Several files. The merger keeps the files that have begun in active, the rest
// in waiting, by the time of their first packets. While a file's frames come
// before those of all others, its blocks pass through as they were read; so
// rotated files cost nothing. Where files overlap in time, each has a buffered
// block, and the merger copies frames, the earliest first, into a new block.
// A fileID then keeps their interfaces apart. A block's runs say which file its
// frames came from; of these Source.Origin is made.
//
// Side records. What records say beside packets (link types, packets dropped,
// TLS secrets, and damage) travels in the block in which it was found, and is
// added to the stats when that block is delivered. So stats never speak of what
// apply has not seen, and a Count that stops early leaves later damage out.
//
// Fragments. A segment in several IP fragments needs frames of other blocks. The
// worker that decodes only notes a fragment; it is reassembled on delivery, in
// the order of the capture, and its segment is put in its place in the block.
//
// The end. Whoever finds that no more is needed (the end of the files, an error
// of apply, the Count-th packet, a done context) sets pipeline.stopped, and each
// worker ends at its next read. A worker that waits for a pipe cannot be woken:
// Run leaves it behind, and it finds nothing to do when it wakes.
//
// A live capture has one goroutine that does it all: the kernel's ring evens out
// the load. Of several interfaces each has one that fills blocks, and Run's has the merger
// put them in order (see taps).
package capture
