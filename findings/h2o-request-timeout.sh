#!/bin/bash
# h2o 2.2.5 (2.2.5+dfsg2-7 of Debian 12) has no timeout of its own for idle connections of
# HTTP/1.1: http1-request-timeout, "timeout for incoming requests", holds between requests, too,
# and the response does not announce it. What lets requests come slowly so decides how long
# connections are kept. A request of which a part has come by then is not answered with 408
# either: the connection is closed without a byte.
# Seen with http1-request-timeout 2: "idle: closed after 2 s, announced: no" and
# "half a request: closed after 2 s, answered: no".
#
# Needs apt-get (Debian 12) and python3. Fails if h2o does something else.
set -euo pipefail

dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q h2o=2.2.5+dfsg2-7 libyaml-0-2=0.2.5-1 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done
mkdir www
echo hello >www/index.html
cat >h2o.conf <<CONF
listen: {host: 127.0.0.1, port: 18745}
http1-request-timeout: 2
user: $(id -un)
hosts: {"*": {paths: {"/": {file.dir: $dir/www}}}}
CONF
cat >client.py <<'PY'
import socket
import time

def begin(data):
    s = socket.create_connection(("127.0.0.1", 18745))
    s.sendall(data)
    return s, time.monotonic()

def closed(s, since):
    rest = s.recv(65536)
    return rest, f"closed after {time.monotonic() - since:.0f} s"

s, at = begin(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
time.sleep(0.2)
head = s.recv(65536)
assert head.startswith(b"HTTP/1.1 200"), head
rest, how = closed(s, at)
print("idle:", how + ", announced:", "yes" if b"keep-alive:" in head.lower() else "no")
s, at = begin(b"GET / HTTP/1.1\r\n")
rest, how = closed(s, at)
print("half a request:", how + ", answered:", "yes" if rest else "no")
PY
LD_LIBRARY_PATH=$(echo root/usr/lib/*-linux-gnu) root/usr/bin/h2o -c h2o.conf >/dev/null 2>&1 &
server=$!
for _ in $(seq 50); do
	(exec 3<>/dev/tcp/127.0.0.1/18745) 2>/dev/null && break
	sleep 0.1
done
/usr/bin/python3 client.py >got
cat got
diff - got <<'WANT' || { echo "h2o 2.2.5 does something else now" >&2; exit 1; }
idle: closed after 2 s, announced: no
half a request: closed after 2 s, answered: no
WANT
