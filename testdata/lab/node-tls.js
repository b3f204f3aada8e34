// The lab's Node server over TLS, which prints connections and requests as the lab's
// own server does.
// Usage: node node-tls.js ADDRESS PORT [OPTION=VALUE...]
// The options are http.Server's, times in milliseconds. With h2=1 it speaks HTTP/2, too,
// closes sessions that are idle for h2idle ms, allows so many streams at once as streams says, and
// answers after wait ms; with connect=1 it answers WebSocket by extended CONNECT. With ws=1 it answers WebSocket:
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
    setTimeout(() => response.end('.'.repeat(200)), options.wait || 0);
  });
};

if (options.streams) options.settings = { maxConcurrentStreams: options.streams };
if (options.connect) options.settings = { ...options.settings, enableConnectProtocol: true };
const server = options.h2 ? http2.createSecureServer({ ...options, allowHTTP1: true }, handler) : https.createServer(options, handler);
server.on('connection', (s) => say('connect', s));
server.on('session', (session) => {
  if (options.h2idle) session.setTimeout(options.h2idle, () => session.close());
});
if (options.connect) {
  // A frame of up to 125 bytes, whose mask, if it has one, is zeros.
  const frame = (opcode, payload) => Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]);
  server.on('connect', (request, response) => {
    saysRequest(request.stream.session.socket);
    const stream = response.stream;
    stream.respond({ ':status': 200 });
    const pings = setInterval(() => stream.write(frame(9, Buffer.alloc(0))), 400);
    stream.on('data', (b) => {
      for (let at = 0; at + 6 <= b.length; at += 6 + (b[at + 1] & 127)) {
        const opcode = b[at] & 15;
        const payload = b.subarray(at + 6, at + 6 + (b[at + 1] & 127));
        if (opcode === 1) stream.write(frame(1, payload));
        if (opcode === 8) { clearInterval(pings); stream.end(frame(8, payload)); }
      }
    });
    stream.on('close', () => clearInterval(pings));
  });
}
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
