const http = require('http');
const ms = require('ms');

const server = http.createServer((request, response) => {
  response.writeHead(request.url === '/health' ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ up: ms(Math.round(process.uptime() * 1000)) }));
});
server.listen(9001);
