//! Node: an application as root, without an init, or as a user with one.

use serde_json::json;

use super::{Service, health, page};

pub(crate) const NODE: Service = Service {
    name: "node",
    files: &[
        ("/srv/node/server.js", SERVER),
        ("/srv/node/package.json", r#"{"name": "served"}"#),
        ("/srv/node/node_modules/served/index.js", "module.exports = 'served by node'\n"),
    ],
    hardens: "RUN chown -R app:app /srv/node/node_modules && chmod -R 500 /srv/node/node_modules\n",
    plain: || {
        json!({
            "WorkingDir": "/srv/node",
            "Cmd": ["node", "server.js"],
            "Env": ["PORT=3000"],
            "ExposedPorts": {"3000/tcp": {}},
        })
    },
    hardened: || {
        json!({
            "User": "1000:1000",
            "WorkingDir": "/srv/node",
            "Entrypoint": ["dumb-init", "--"],
            "Cmd": ["node", "--max-old-space-size=64", "server.js"],
            "Env": ["NODE_ENV=production", "PORT=3000"],
            "ExposedPorts": {"3000/tcp": {}},
            "Healthcheck": health(&["node", "-e", PROBE]),
        })
    },
    ask: |container| page(container, 3000),
    answer: "served by node",
};

const SERVER: &str = "\
const http = require('http');
const served = require('served');
const server = http.createServer((_, answer) => answer.end(served));
server.listen(process.env.PORT);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
";

const PROBE: &str = "\
require('http').get('http://127.0.0.1:3000/', it => process.exit(it.statusCode === 200 ? 0 : 1))\
.on('error', () => process.exit(1))";
