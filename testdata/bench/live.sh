#!/bin/bash
# Measures live capture: wrk against nginx over a veth pair between two namespaces, as
# fast as they can, while kaanalyze and tcpdump capture. Needs root.
#
#   live.sh KAANALYZE [SECONDS] [ENGINE]
#
# ENGINE is that of --capture-engine. Tells for both the packets, the drops and the CPU time beside the load; and kaanalyze's memory
# after 10 seconds and at the end, without the kernel's ring, which is mapped.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
die() { echo "live.sh: error: $*" >&2; exit 1; }
[ $# -ge 1 ] || { echo "usage: live.sh KAANALYZE [SECONDS]" >&2; exit 2; }
[ "$(id -u)" = 0 ] || die "network namespaces need root"
for tool in ip tcpdump nginx wrk curl awk; do
	command -v "$tool" >/dev/null || die "$tool is missing"
done
kaanalyze=$(realpath "$1")
seconds=${2:-60}
engine=${3:-}
[ "$seconds" -gt 12 ] || die "$seconds seconds are too short"

ns=kaan-live-bench-$$ client=kaan-live-bench-$$-c
tmp=$(mktemp -d /tmp/kaan-live-bench.XXXXXX)
pids=()
cleanup() {
	local p
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	for p in "${pids[@]}"; do wait "$p" 2>/dev/null || true; done
	ip netns del $ns 2>/dev/null || true
	ip netns del $client 2>/dev/null || true
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

ip netns add $ns
ip netns add $client
ip link add eth0 netns $ns type veth peer name eth0 netns $client
ip -n $ns addr add 10.77.1.2/24 dev eth0
ip -n $client addr add 10.77.1.1/24 dev eth0
for n in $ns $client; do
	ip -n $n link set lo up
	ip -n $n link set eth0 up
done
mkdir "$tmp/www"
head -c 600 /dev/urandom >"$tmp/www/small"
chmod -R a+rX "$tmp"
sed "s|@DIR@|$tmp|" "$here/nginx.conf" >"$tmp/nginx.conf"
ip netns exec $ns nginx -c "$tmp/nginx.conf" -p "$tmp" 2>"$tmp/nginx.err" &
nginx=$!
pids+=($nginx)
for _ in $(seq 50); do
	ip netns exec $client curl -s -o /dev/null http://10.77.1.2:8080/small && break
	sleep 0.1
done

# start NAME WORD COMMAND... starts a program and waits until it says the word.
start() {
	local name=$1 word=$2
	shift 2
	ip netns exec $ns "$@" >"$tmp/$name.out" 2>"$tmp/$name.err" &
	pids+=($!)
	printf -v "$name" %s $!
	for _ in $(seq 100); do
		grep -q "$word" "$tmp/$name.err" && return
		sleep 0.1
	done
	die "$name does not start: $(cat "$tmp/$name.err")"
}

# cpu prints the nanoseconds of CPU time that all threads of processes have had.
cpu() {
	local p
	for p in "$@"; do cat /proc/"$p"/task/*/schedstat; done 2>/dev/null | awk '{sum += $1} END {printf "%.0f\n", sum}'
}

rss() { awk -v key="$2:" '$1 == key {printf "%.1f MiB", $2 / 1024}' "/proc/$1/status"; }

start ka "capturing from" "$kaanalyze" -v -i eth0 ${engine:+--capture-engine "$engine"} -Z root -o "$tmp/report.json"
start dump 'listening on' tcpdump -i eth0 -n -B 65536 -Z root -w /dev/null tcp
nginxes="$nginx $(cat "/proc/$nginx/task/$nginx/children")"
nginx_before=$(cpu $nginxes) ka_before=$(cpu $ka) dump_before=$(cpu $dump)
ip netns exec $client wrk -t 1 -c 64 -d "${seconds}s" http://10.77.1.2:8080/small >"$tmp/wrk.out" &
wrk=$!
pids+=($wrk)
sleep 10
at10="$(rss $ka VmRSS), of it anonymous $(rss $ka RssAnon)"
sleep $((seconds - 11))
load=$(($(cpu $wrk) + $(cpu $nginxes) - nginx_before))
ka_cpu=$(($(cpu $ka) - ka_before)) dump_cpu=$(($(cpu $dump) - dump_before))
at_end="$(rss $ka VmRSS), of it anonymous $(rss $ka RssAnon)"
wait $wrk
kill -INT $ka $dump
wait $ka || die "kaanalyze: $(cat "$tmp/ka.err")"
wait $dump || die "tcpdump: $(cat "$tmp/dump.err")"

number() { grep -o "\"$1\":[0-9]*" "$tmp/report.json" | head -1 | cut -d: -f2; }
packets=$(number packets) dropped=$(number kernel_dropped)
awk -v s=$((seconds - 1)) -v all=$seconds -v p="$packets" -v ka=$ka_cpu -v dump=$dump_cpu -v load=$load 'BEGIN {
	seen = p * s / all
	printf "load       %.2f s of CPU (wrk and nginx) in %d s, %.0f packets/s\n", load / 1e9, s, p / all
	printf "kaanalyze  %.2f s of CPU, %.1f%% of the load, %.2f us a packet\n", ka / 1e9, 100 * ka / load, ka / 1e3 / seen
	printf "tcpdump    %.2f s of CPU, %.1f%% of the load, %.2f us a packet\n", dump / 1e9, 100 * dump / load, dump / 1e3 / seen
}'
echo "kaanalyze  $packets packets, $dropped dropped by the kernel, $(number connections) connections, $(number requests) requests"
echo "kaanalyze  after 10 s: $at10"
echo "kaanalyze  at the end: $at_end"
sed -n 's/^/tcpdump    /; /packet/p' "$tmp/dump.err"
sed -n 's/^ *Requests.sec: */wrk        requests a second: /p; s/^ *\([0-9]* requests in.*\)/wrk        \1/p' "$tmp/wrk.out"
