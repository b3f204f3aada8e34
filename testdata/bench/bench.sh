#!/bin/bash
# Measures kaanalyze on captures that it makes, the same everywhere: beside tcpdump, tshark
# and an earlier build. It needs no root.
#
#   bench.sh DIR [KAANALYZE]
#
# DIR keeps the captures (15 GB) and the earlier build. KAANALYZE is the program to measure;
# without it the one of this checkout is built. BENCH_N is the number of rounds (5), ONLY
# the kind of captures ("tls-*"), BEFORE the commit of the earlier build, which git has to
# know. A table says how many times the CPU time and the wall time of the other program it
# takes, what the earlier build takes, and the peak memory. Of captures with a key log
# ("h2-*") it says how much is decrypted in a second of CPU time, beside openssl speed and tshark.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 1 ]; then
	echo "usage: bench.sh DIR [KAANALYZE]" >&2
	exit 2
fi
command -v go >/dev/null || { echo "bench.sh: error: go is missing" >&2; exit 1; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
kaanalyze=${2:-${KAANALYZE:-}}
before=${BEFORE-54757c1}
top=$here/../..

bin=$(mktemp -d /tmp/kaan-bench-bin.XXXXXX)
trap 'rm -rf "$bin"' EXIT
if [ -z "$kaanalyze" ]; then
	(cd "$top" && go build -buildvcs=false -o "$bin/linked" ./cmd/kaanalyze)
	kaanalyze=$bin/linked
fi
# As it is when it has been installed: what the linker has just written lies in
# larger pieces in the page cache, and some megabytes more of it count as memory.
cp "$kaanalyze" "$bin/kaanalyze"

args=(-n "${BENCH_N:-5}" -kaanalyze "$bin/kaanalyze" -only "${ONLY:-}")
if [ -n "$before" ] && [ ! -e "$dir/before-$before" ]; then
	if mkdir "$bin/tree" && git -C "$top" archive "$before" 2>/dev/null | tar -x -C "$bin/tree"; then
		echo "building $before"
		(cd "$bin/tree" && go build -trimpath -buildvcs=false -o "$dir/before-$before" ./cmd/kaanalyze)
	else
		echo "skipped: the earlier build: git does not know $before here"
	fi
fi
[ ! -e "$dir/before-$before" ] || args+=(-before "$dir/before-$before")
for program in generate runner empty; do
	(cd "$top" && go build -buildvcs=false -o "$bin/$program" ./testdata/bench/$program)
done
"$bin/runner" "${args[@]}" -generate "$bin/generate" -empty "$bin/empty" "$dir"
