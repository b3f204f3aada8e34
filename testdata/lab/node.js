// The lab's Node server.
// Usage: node node.js ADDRESS PORT [OPTION=VALUE...]
// The options are http.Server's, times in milliseconds: keepAliveTimeout=1000.
'use strict';

const http = require('node:http');

const options = Object.fromEntries(process.argv.slice(4).map((o) => {
  const [name, value] = o.split('=');
  return [name, Number(value)];
}));
const server = http.createServer(options, (request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  response.end('.'.repeat(300));
});
server.listen(Number(process.argv[3]), process.argv[2]);
