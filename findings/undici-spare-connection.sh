#!/bin/bash
# undici 8 in Node 26 (npm node@26.10.0), fetch: a body that is cancelled costs two
# connections. `await response.body.cancel()` closes the connection if more of the body
# is to come, and undici opens another one at once, though no request waits for it: a
# program that sends one request and cancels its body leaves the server with an
# open connection on which nothing was ever asked.
# Seen: 1 request, 2 connections, the second with no byte in the second after it was
# opened. With the body read to its end it is 1 connection.
# In captures and in the server's counts these look like health checks or port scans.
#
# Needs node, npm and the registry of npm. Fails if undici does something else.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install node@26.10.0 >/dev/null 2>&1
cat >main.mjs <<'JS'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

async function run (name, use) {
  let connections = 0
  let requests = 0
  const sockets = []
  const server = http.createServer((req, res) => {
    requests++
    res.end(Buffer.alloc(10_000_000))
  })
  server.on('connection', (socket) => { connections++; sockets.push(socket) })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  await use(await fetch(`http://127.0.0.1:${server.address().port}/`))
  await sleep(1000)
  const silent = sockets.filter((s) => s.bytesRead === 0 && !s.destroyed).length
  console.log(name, 'requests', requests, 'connections', connections, 'open and never used', silent)
  server.closeAllConnections()
  server.close()
}

await run('cancelled', (response) => response.body.cancel())
await run('read', (response) => response.arrayBuffer())
process.exit(0)
JS
node_modules/.bin/node main.mjs >got
cat got
diff - got <<'WANT' || { echo "Node 26.10.0 does something else" >&2; exit 1; }
cancelled requests 1 connections 2 open and never used 1
read requests 1 connections 1 open and never used 0
WANT
