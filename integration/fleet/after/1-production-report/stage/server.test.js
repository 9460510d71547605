require('assert').ok(require('ms')('1m') === 60000);
