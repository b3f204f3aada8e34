#!/bin/bash
# libpcap 1.10.3 (1.10.3-1 of Debian 12, by its tcpdump 4.99.3-1) takes a network that is cut
# after its second or third number, with a length behind it, as pcap-filter(7) has it
# ("net net/len"), and one number alone; but one number with a length is a syntax error:
# "net 10/8" is none of "net 10", "net 10.0/8" and "net 10.0.0.0/8", which are the same filter.
# Seen: 1 for "net 10/8", 0 for the others, and the same program for these.
# Who writes 10/8, as routers and firewalls take it, has to write 10.0/8 here.
#
# Needs apt-get (Debian 12). Fails if libpcap does something else.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q libpcap0.8=1.10.3-1 tcpdump=4.99.3-1 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu
for filter in "net 10/8" "net 10" "net 10.0/8" "net 10.0.0.0/8"; do
	code=0
	root/usr/bin/tcpdump -y EN10MB -d "$filter" >program 2>error || code=$?
	echo "$filter: exit code $code, $(cksum <program | cut -d' ' -f1), $(tail -1 error)"
done >got
cat got
[ "$(sed -n 1p got)" = "net 10/8: exit code 1, 4294967295, tcpdump: can't parse filter expression: syntax error" ] &&
	[ "$(sed '1d; s/^[^:]*: //' got | sort -u | wc -l)" = 1 ] && sed -n 2p got | grep -q "exit code 0" ||
	{ echo "libpcap 1.10.3 does something else now" >&2; exit 1; }
