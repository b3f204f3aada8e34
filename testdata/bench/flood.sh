#!/bin/bash
# Floods kaanalyze, as files and live, with --max-memory, and prints what it cost:
# CPU time, the peak of the memory (VmHWM), and whether all was counted.
#
#   flood.sh KAANALYZE [SECONDS] [SCALE]
#
# Files: SCALE (1000000) SYNs, three times as many, packets of as many connections whose
# opening is not seen, and as many clients with one request each; as text, JSON and
# NDJSON, within 256 MiB. Live, which needs root: for SECONDS (180) floods of SYNs,
# packets and clients, 20,000 a second, on a veth pair between two network namespaces,
# within 512 MiB, in a memory cgroup of 1 GiB where one can be made, beside tcpdump.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
die() { echo "flood.sh: error: $*" >&2; exit 1; }
[ $# -ge 1 ] || { echo "usage: flood.sh KAANALYZE [SECONDS] [SCALE]" >&2; exit 2; }
kaanalyze=$(realpath "$1") seconds=${2:-180} scale=${3:-1000000} rate=20000

tmp=$(mktemp -d /tmp/kaan-flood.XXXXXX)
a=kaan-flood-a-$$ b=kaan-flood-b-$$ group=/sys/fs/cgroup/memory/kaan-flood-$$
[ -d /sys/fs/cgroup/memory ] || group=/sys/fs/cgroup/kaan-flood-$$
pids=()
cleanup() {
	local p
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	for p in "${pids[@]}"; do wait "$p" 2>/dev/null || true; done
	ip netns del $a 2>/dev/null || true
	ip netns del $b 2>/dev/null || true
	rmdir "$group" 2>/dev/null || true
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

(cd "$here/../.." && go build -buildvcs=false -o "$tmp/generate" ./testdata/bench/generate)

# peak PID FILE writes the highest VmHWM of a process, in MiB, while it runs.
peak() {
	local hwm=0 now
	while now=$(awk '$1 == "VmHWM:" {print int($2 / 1024)}' "/proc/$1/status" 2>/dev/null) && [ -n "$now" ]; do
		hwm=$now
		sleep 0.05
	done
	echo "$hwm" >"$2"
}

# file KIND N FORMAT reads a capture.
file() {
	local times status=0 p
	TIMEFORMAT='%3R s, CPU %3U + %3S s'
	times=$({ time {
		"$kaanalyze" --max-memory 256MiB -f "$3" -r "$tmp/$1.pcap" >"$tmp/out" 2>"$tmp/err" &
		p=$!
		peak $p "$tmp/peak"
		wait $p
	}; } 2>&1) || status=$?
	printf '%-22s %-7s %s, peak %s MiB, exit %s\n' "$2 $1" "$3" "$times" "$(cat "$tmp/peak")" "$status"
	[ "$3" != json ] || grep -o '"totals":{"connections":[0-9]*' "$tmp/out" | sed 's/^/    /'
}

for what in "syn $scale" "syn $((3 * scale))" "midstream $scale" "clients $scale"; do
	read -r kind n <<<"$what"
	"$tmp/generate" -kind "$kind" -n "$n" -o "$tmp/$kind.pcap"
	for format in text json ndjson; do file "$kind" "$n" $format; done
	rm "$tmp/$kind.pcap"
done

[ "$(id -u)" = 0 ] || { echo "live: not root"; exit 0; }
ip netns add $a
ip netns add $b
ip link add kaanflood0 netns $a type veth peer name kaanflood1 netns $b
ip -n $a link set kaanflood0 up
ip -n $b link set kaanflood1 up
if mkdir "$group" 2>/dev/null; then
	echo $((1 << 30)) 2>/dev/null >"$group/memory.limit_in_bytes" || echo $((1 << 30)) 2>/dev/null >"$group/memory.max" || rmdir "$group" 2>/dev/null || true
fi
[ -d "$group" ] && echo "live: in a memory cgroup of 1 GiB" || echo "live: no memory cgroup can be made"

# live KIND captures a flood. Packets per CPU second are those of the last quarter of
# the flood, compared with those of its second quarter.
live() {
	local ka dump begun took
	: >"$tmp/samples" >"$tmp/err"
	(
		[ ! -d "$group" ] || echo $BASHPID >"$group/cgroup.procs"
		exec ip netns exec $b "$kaanalyze" -v -i kaanflood1 --max-memory 512MiB --duration "${seconds}s" -Z root -o "$tmp/report.json" -o "$tmp/report.txt"
	) >"$tmp/out" 2>"$tmp/err" &
	ka=$!
	ip netns exec $b timeout -s INT $((seconds + 3)) tcpdump -i kaanflood1 -B 65536 -Z root -w /dev/null tcp 2>"$tmp/dump" &
	dump=$!
	pids=($ka $dump)
	until grep -q 'capturing from' "$tmp/err" || [ ! -e /proc/$ka ]; do sleep 0.1; done
	begun=$(date +%s.%N)
	ip netns exec $a "$tmp/generate" -kind "$1" -i kaanflood0 -rate $rate -for $((seconds - 3))s >"$tmp/sent" &
	pids+=($!)
	while [ -e /proc/$ka ]; do
		echo "$(cat /proc/$ka/schedstat /proc/$ka/task/*/schedstat 2>/dev/null | awk 'NR > 1 {s += $1} END {printf "%.0f", s}')" \
			"$(ip netns exec $b cat /sys/class/net/kaanflood1/statistics/rx_packets 2>/dev/null || ip -n $b -s link show kaanflood1 | awk '/RX:/ {getline; print $2}')" \
			"$(awk '$1 == "VmHWM:" {print int($2 / 1024)}' /proc/$ka/status 2>/dev/null)" >>"$tmp/samples"
		sleep 1
	done
	wait $ka || { echo "    exit $?"; tail -3 "$tmp/err"; }
	took=$(echo "$(date +%s.%N) $begun" | awk '{printf "%.1f", $1 - $2}')
	wait || true
	awk -v kind="$1" -v took="$took" -v last=$((seconds - 5)) 'NF == 3 {cpu[n] = $1; packets[n] = $2; if ($3 > hwm) hwm = $3; if (NR <= last) n++}
		function speed(from, to) {return (packets[to] - packets[from]) / (cpu[to] - cpu[from]) * 1e9}
		END {q = int(n / 4); was = speed(q, 2 * q); is = speed(3 * q, n - 1)
			printf "live %-12s %s s, peak %d MiB, packets per CPU second %.0f, at the end %.0f (%.2f)\n", kind, took, hwm, was, is, is / was}' "$tmp/samples"
	sed 's/^/    sent: /' "$tmp/sent"
	grep -o '"kernel_dropped":[a-z0-9]*\|"tcp_packets":[0-9]*\|"last":"[^"]*","duration_seconds":[0-9.]*' "$tmp/report.json" | sed 's/^/    /'
	grep 'packets captured\|dropped' "$tmp/dump" | sed 's/^/    tcpdump: /'
	pids=()
}
for kind in syn midstream clients; do live $kind; done
