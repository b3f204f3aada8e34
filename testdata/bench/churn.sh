#!/bin/bash
# Captures live for a long time while a server closes every connection after one response:
# about a thousand connections a second on the loopback of a namespace. Needs root.
#
#   churn.sh KAANALYZE [SECONDS]
#
# Prints the memory as time goes by, and at the end the totals beside the server's own counts.
set -euo pipefail

die() { echo "churn.sh: error: $*" >&2; exit 1; }
[ $# -ge 1 ] || { echo "usage: churn.sh KAANALYZE [SECONDS]" >&2; exit 2; }
[ "$(id -u)" = 0 ] || die "network namespaces need root"
for tool in ip nginx ab curl awk; do
	command -v "$tool" >/dev/null || die "$tool is missing"
done
kaanalyze=$(realpath "$1")
seconds=${2:-1800}

ns=kaan-churn-$$
tmp=$(mktemp -d /tmp/kaan-churn.XXXXXX)
pids=()
cleanup() {
	local p
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	for p in "${pids[@]}"; do wait "$p" 2>/dev/null || true; done
	ip netns del $ns 2>/dev/null || true
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

ip netns add $ns
ip -n $ns link set lo up
mkdir "$tmp/www"
head -c 600 /dev/urandom >"$tmp/www/small"
chmod -R a+rX "$tmp"
cat >"$tmp/nginx.conf" <<END
daemon off;
pid $tmp/nginx.pid;
error_log $tmp/error.log;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_timeout 0;
    server { listen 8080; root $tmp/www; }
    server { listen 8081; location / { stub_status; } }
}
END
ip netns exec $ns nginx -c "$tmp/nginx.conf" -p "$tmp" 2>/dev/null &
pids+=($!)

# served prints how many connections and requests the server has had, this question among them.
served() { ip netns exec $ns curl -s http://127.0.0.1:8081/ | awk 'NR == 3 {print $1, $3}'; }
for _ in $(seq 50); do
	before=$(served) && break
	sleep 0.1
done

ip netns exec $ns "$kaanalyze" -v -i lo -Z root -o "$tmp/report.json" port 8080 >"$tmp/report.txt" 2>"$tmp/ka.err" &
ka=$!
pids+=($ka)
for _ in $(seq 100); do
	grep -q 'capturing from' "$tmp/ka.err" && break
	sleep 0.1
done
before=$(served)

end=$((SECONDS + seconds)) begin=$SECONDS asked=0 next=0
while [ $SECONDS -lt $end ]; do
	turn=$SECONDS
	ip netns exec $ns ab -q -n 7000 -c 4 http://127.0.0.1:8080/small >"$tmp/ab.out" 2>&1 || die "ab: $(tail -1 "$tmp/ab.out")"
	asked=$((asked + 7000))
	if [ $((SECONDS - begin)) -ge $next ]; then
		awk -v at=$((SECONDS - begin)) -v asked=$asked '{kb[$1] = $2} END {
			printf "%5d s  %8d connections  %6.1f MiB, of it anonymous %.1f\n", at, asked, kb["VmRSS:"] / 1024, kb["RssAnon:"] / 1024
		}' "/proc/$ka/status"
		next=$((next + 60))
	fi
	[ $((SECONDS - turn)) -ge 7 ] || sleep $((7 - SECONDS + turn))
done
after=$(served)
kill -INT $ka
wait $ka || die "kaanalyze: $(cat "$tmp/ka.err")"

number() { grep -o "\"$1\":[0-9]*" "$tmp/report.json" | head -1 | cut -d: -f2; }
echo "$before $after" | awk '{print "nginx      " $3 - $1 - 1 " connections, " $4 - $2 - 1 " requests"}'
echo "kaanalyze  $(number connections) connections, $(number requests) requests, $(number packets) packets, $(number kernel_dropped) dropped by the kernel"
