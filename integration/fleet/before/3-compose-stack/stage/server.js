const http = require('http');
const net = require('net');
const ms = require('ms');

// Healthy is a server that reaches its Redis.
const reaches = (host, port) => new Promise((resolve) => {
  const socket = net.connect({ host, port, timeout: 2000 }, () => { socket.end(); resolve(true); });
  socket.on('error', () => resolve(false));
  socket.on('timeout', () => { socket.destroy(); resolve(false); });
});
const server = http.createServer(async (request, response) => {
  const isHealthy = await reaches(process.env.REDIS_HOST || 'redis', 6379);
  response.writeHead(isHealthy ? 200 : 503, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ up: ms(Math.round(process.uptime() * 1000)) }));
});
server.listen(9001);
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => server.close(() => process.exit(0)));
}
