// The lab's Node server: it advertises keep-alive for one second.
// Usage: node node.js ADDRESS PORT
'use strict';

const http = require('node:http');

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  response.end('.'.repeat(300));
});
server.keepAliveTimeout = 1000;
server.listen(Number(process.argv[3]), process.argv[2]);
