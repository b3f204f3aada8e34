#!/bin/bash
# curl 7.88.1 (7.88.1-10+deb12u15 of Debian 12) with --http2-prior-knowledge cannot use its
# connection again: the second request of the same run fails with exit code 16, "Error in
# the HTTP2 framing layer", and is not sent. Without that option (--http2, by Upgrade or over TLS)
# it works.
# Seen: "200" and "000, exit code 16"; by Upgrade "200" and "200, exit code 0".
# A capture of such a run shows one request where two were asked for, and nothing that is wrong.
#
# Needs apt-get (Debian 12) and python3. Fails if curl does something else.
set -euo pipefail

dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 apache2-bin=2.4.71-1~deb12u1 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done
mkdir www
echo hello >www/index.html
modules=$dir/root/usr/lib/apache2/modules
cat >apache.conf <<CONF
LoadModule mpm_worker_module $modules/mod_mpm_worker.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule http2_module $modules/mod_http2.so
ServerName lab.example
PidFile $dir/pid
DefaultRuntimeDir $dir
ErrorLog $dir/log
DocumentRoot $dir/www
Listen 127.0.0.1:18738
Protocols h2c http/1.1
CONF
root/usr/sbin/apache2 -X -d "$dir" -f apache.conf 2>/dev/null &
server=$!
for _ in $(seq 50); do
	(exec 3<>/dev/tcp/127.0.0.1/18738) 2>/dev/null && break
	sleep 0.1
done
url=http://127.0.0.1:18738/index.html
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu
for how in --http2-prior-knowledge --http2; do
	code=0
	root/usr/bin/curl -s $how -w '%{http_code}\n' -o /dev/null "$url" -o /dev/null "$url" || code=$?
	echo "exit code $code"
done >got
cat got
diff - got <<'WANT' || { echo "curl 7.88.1 does something else now" >&2; exit 1; }
200
000
exit code 16
200
200
exit code 0
WANT
