// A server of Node: server.mjs ADDRESS PORT KEEPALIVETIMEOUT MAXREQUESTS BYTES
import http from 'node:http'

const [address, port, keepAlive, most, bytes] = process.argv.slice(2)
const body = Buffer.alloc(Number(bytes), 'x')
const server = http.createServer((req, res) => res.end(body))
server.keepAliveTimeout = Number(keepAlive)
if (Number(most)) server.maxRequestsPerSocket = Number(most)
server.listen(Number(port), address)
