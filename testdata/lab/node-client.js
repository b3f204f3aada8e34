// The lab's Node clients.
// Usage: node node-client.js LIBRARY URL [OPTION=VALUE...]
// The library is https (its default agent), each (a new agent for each request), fetch,
// undici, undici7, http2, ws or h2ws (WebSocket by HTTP/2's extended CONNECT). It sends `bursts` bursts of `parallel` requests, `pause` ms apart,
// then `tail` single ones as far apart, says that it is done,
// and stays until its stdin ends. idle=MS is the agent's timeout,
// unread=1 destroys responses unread, cancel=MS resets streams of http2 that late, ping=MS has it ping
// that often, verify=1 trusts no certificate of the lab, name=NAME is the
// one that it has to have.
'use strict';

const http2 = require('node:http2');
const https = require('node:https');
const path = require('node:path');

const [library, url] = process.argv.slice(2);
const options = Object.fromEntries(process.argv.slice(4).map((o) => o.split('=')));
const number = (name, otherwise) => Number(options[name] ?? otherwise);
const secure = { rejectUnauthorized: Boolean(options.verify), servername: options.name || 'lab.example' };
if (options.maxVersion) secure.maxVersion = 'TLSv' + options.maxVersion;
if (!options.verify) process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function newAgent() {
  const o = { keepAlive: true, ...secure };
  if (options.idle) o.timeout = Number(options.idle);
  return new https.Agent(o);
}

const viaHTTPS = (agent) => () => new Promise((done) => {
  https.get(url, { agent, ...secure }, (response) => {
    if (options.unread) { response.destroy(); return done(); }
    response.resume();
    response.on('end', done);
    response.on('error', done);
  }).on('error', done);
});

function viaUndici(version) {
  const { Agent, request } = require(path.join(__dirname, 'npm/node_modules', version));
  const dispatcher = new Agent({ connect: secure, keepAliveTimeout: number('idle', 4000), allowH2: Boolean(options.h2) });
  return async () => {
    const { body } = await request(url, { dispatcher });
    await body.text();
  };
}

function viaHTTP2() {
  let session;
  return () => new Promise((done) => {
    if (!session || session.closed || session.destroyed) {
      session = http2.connect(url, { ...secure });
      session.on('error', () => {});
      if (options.ping) setInterval(() => { if (!session.destroyed) session.ping(() => {}); }, Number(options.ping)).unref();
    }
    const stream = session.request({ ':path': new URL(url).pathname });
    stream.resume();
    if (options.cancel) setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), Number(options.cancel));
    stream.on('error', done);
    stream.on('close', done);
  });
}

// viaH2WS sends hello four times by extended CONNECT (RFC 8441) and closes. Its frames are
// masked with zeros.
function viaH2WS() {
  const session = http2.connect(url, { ...secure });
  const ready = new Promise((done) => session.on('remoteSettings', done));
  const frame = (opcode, payload) => Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
  return async () => {
    await ready;
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': new URL(url).pathname, 'sec-websocket-version': '13' }, { endStream: false });
    let n = 0;
    stream.on('response', () => stream.write(frame(1, Buffer.from('hello 0'))));
    stream.on('data', (b) => {
      for (let at = 0; at + 2 <= b.length; at += 2 + b[at + 1]) {
        const payload = b.subarray(at + 2, at + 2 + b[at + 1]);
        switch (b[at] & 15) {
          case 1:
            if (++n === 4) stream.write(frame(8, Buffer.from([1000 >> 8, 1000 & 255])));
            else setTimeout(() => stream.write(frame(1, Buffer.from('hello ' + n))), 300);
            break;
          case 8: stream.end(); break;
          case 9: stream.write(frame(10, payload));
        }
      }
    });
    await new Promise((done) => { stream.on('error', done); stream.on('close', done); });
  };
}

function viaWS() {
  const WebSocket = require(path.join(__dirname, 'npm/node_modules/ws'));
  return () => new Promise((done) => {
    const s = new WebSocket(url.replace('https', 'wss'), secure);
    let n = 0;
    s.on('open', () => s.send('hello 0'));
    s.on('message', () => {
      if (++n === 4) { s.close(); return; }
      setTimeout(() => s.send('hello ' + n), 300);
    });
    s.on('close', done);
    s.on('error', done);
  });
}

const viaFetch = () => async () => { await (await fetch(url)).text(); };
const viaEach = () => () => viaHTTPS(newAgent())();

const ask = { https: () => viaHTTPS(options.idle ? newAgent() : https.globalAgent), each: viaEach, fetch: viaFetch, undici: () => viaUndici('undici'), undici7: () => viaUndici('undici7'), http2: viaHTTP2, ws: viaWS, h2ws: viaH2WS }[library]();

(async () => {
  for (let i = 0; i < number('bursts', 1); i++) {
    if (i > 0) await sleep(number('pause', 0));
    await Promise.all(Array.from({ length: number('parallel', 1) }, () => ask().catch(() => {})));
  }
  for (let i = 0; i < number('tail', 0); i++) {
    await sleep(number('pause', 0));
    await ask().catch(() => {});
  }
  process.stdout.write('{"event":"done"}\n');
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
})();
