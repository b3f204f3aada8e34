// The lab's Node server.
// Usage: node node.js ADDRESS PORT [OPTION=VALUE...]
// The options are http.Server's, times in milliseconds: keepAliveTimeout=1000.
// With whole=1 it waits for the whole request, else it answers the head.
'use strict';

const http = require('node:http');

const options = Object.fromEntries(process.argv.slice(4).map((o) => {
  const [name, value] = o.split('=');
  return [name, Number(value)];
}));
const server = http.createServer(options, (request, response) => {
  const answer = () => {
    response.setHeader('Content-Type', 'text/plain');
    response.end('.'.repeat(300));
  };
  if (options.whole) { // the request, before it is answered
    request.resume();
    request.on('end', answer);
  } else {
    answer();
  }
});
server.listen(Number(process.argv[3]), process.argv[2]);
