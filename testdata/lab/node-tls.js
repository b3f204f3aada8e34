// The lab's Node server over TLS, which prints connections and requests as the lab's
// own server does.
// Usage: node node-tls.js ADDRESS PORT [OPTION=VALUE...]
// The options are http.Server's, times in milliseconds. With h2=1 it speaks HTTP/2, too,
// and closes sessions that are idle for h2idle ms. With ws=1 it answers WebSocket:
// what it receives it sends back, and a ping at once and every 400 ms. close=N sends
// Connection: close with each Nth response, mute=1 answers no request. The certificate
// is cert.pem and key.pem of its directory.
'use strict';

const fs = require('node:fs');
const http2 = require('node:http2');
const https = require('node:https');
const path = require('node:path');

const options = Object.fromEntries(process.argv.slice(4).map((o) => {
  const [name, value] = o.split('=');
  return [name, Number(value)];
}));
options.cert = fs.readFileSync('cert.pem');
options.key = fs.readFileSync('key.pem');
if (options.maxVersion) options.maxVersion = 'TLSv' + options.maxVersion;

function say(event, socket, more) {
  const s = socket;
  process.stdout.write(JSON.stringify({
    event, local: `${s.remoteAddress}:${s.remotePort}`, remote: `${s.localAddress}:${s.localPort}`, ...more,
  }) + '\n');
}

const asked = new WeakMap();

function saysRequest(s) {
  const n = (asked.get(s) || 0) + 1;
  asked.set(s, n);
  say('request', s, {
    reused: n > 1,
    tls: { version: s.getProtocol(), alpn: s.alpnProtocol || '', resumed: s.isSessionReused() },
  });
  return n;
}

const handler = (request, response) => {
  const n = saysRequest(request.httpVersionMajor === 2 ? request.stream.session.socket : request.socket);
  if (options.mute) return;
  request.resume();
  request.on('end', () => {
    response.setHeader('Content-Type', 'text/plain');
    if (options.close && n % options.close === 0) response.setHeader('Connection', 'close');
    response.end('.'.repeat(200));
  });
};

const server = options.h2 ? http2.createSecureServer({ ...options, allowHTTP1: true }, handler) : https.createServer(options, handler);
server.on('connection', (s) => say('connect', s));
server.on('session', (session) => {
  if (options.h2idle) session.setTimeout(options.h2idle, () => session.close());
});
if (options.ws) {
  const { WebSocketServer } = require(path.join(__dirname, 'npm/node_modules/ws'));
  new WebSocketServer({ server }).on('connection', (socket, request) => {
    saysRequest(request.socket);
    say('upgraded', request.socket);
    socket.on('message', (m) => socket.send(m));
    socket.ping();
    setInterval(() => socket.ping(), 400).unref();
  });
}
server.listen(Number(process.argv[3]), process.argv[2]);
