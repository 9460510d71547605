const fs = require('fs');
const ms = require('ms');

fs.mkdirSync('dist', { recursive: true });
const page = fs.readFileSync('src/index.html', 'utf8').replace('TIME', ms(60000, { long: true }));
fs.writeFileSync('dist/index.html', page);
