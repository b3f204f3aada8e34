#!/bin/bash
# Measures kaanalyze beside cat, capinfos, tcpdump and tcptrace, on the captures
# that record.sh made.
#
#   real.sh DIR [KAANALYZE]
#
# KAANALYZE is the program to measure; without it the one of this checkout is
# built. BENCH_N is the number of rounds (5). With BENCH_TSHARK=1 tshark is
# measured too, once, on the first 200,000 packets of each capture beside
# kaanalyze on the same: on whole captures it takes some hundred times longer.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 1 ]; then
	echo "usage: real.sh DIR [KAANALYZE]" >&2
	exit 2
fi
command -v go >/dev/null || { echo "real.sh: error: go is missing" >&2; exit 1; }
dir=$(cd "$1" && pwd)
kaanalyze=${2:-${KAANALYZE:-}}

bin=$(mktemp -d /tmp/kaan-bench-bin.XXXXXX)
trap 'rm -rf "$bin"' EXIT
if [ -z "$kaanalyze" ]; then
	(cd "$here/../.." && go build -o "$bin/linked" ./cmd/kaanalyze)
	kaanalyze=$bin/linked
fi
# As it is when it has been installed: what the linker has just written lies in
# larger pieces in the page cache, and some megabytes more of it count as memory.
cp "$kaanalyze" "$bin/kaanalyze"

(cd "$here/runner" && go build -o "$bin/runner" .)
args=(-n "${BENCH_N:-5}" -kaanalyze "$bin/kaanalyze")
[ "${BENCH_TSHARK:-0}" = 0 ] || args+=(-tshark)
"$bin/runner" "${args[@]}" "$dir"
