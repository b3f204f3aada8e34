// The lab's Node clients.
// Usage: node node-client.js LIBRARY URL [OPTION=VALUE...]
// The library is https (its default agent), each (a new agent for each request), fetch,
// undici, http2 or ws. It sends `bursts` bursts of `parallel` requests, `pause` ms apart,
// then `tail` single ones as far apart, says that it is done,
// and stays until its stdin ends. idle=MS is the agent's timeout,
// unread=1 destroys responses unread, verify=1 trusts no certificate of the lab, name=NAME is the
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

function viaUndici() {
  const { Agent, request } = require(path.join(__dirname, 'npm/node_modules/undici'));
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
    }
    const stream = session.request({ ':path': new URL(url).pathname });
    stream.resume();
    stream.on('error', done);
    stream.on('close', done);
  });
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

const ask = { https: () => viaHTTPS(options.idle ? newAgent() : https.globalAgent), each: viaEach, fetch: viaFetch, undici: viaUndici, http2: viaHTTP2, ws: viaWS }[library]();

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
