//! nginx: a root master that keeps its capabilities, with workers as www-data.

use serde_json::json;

use super::{Service, health, page};

pub(crate) const NGINX: Service = Service {
    name: "nginx",
    files: &[(SITE, PLAIN_SITE), (HARDENED, HARDENED_CONFIGURATION)],
    hardens: "RUN find -L /etc/nginx -name '*.conf' -type f -exec chmod 444 {} +\n",
    plain: || json!({"Cmd": ["nginx", "-g", "daemon off;"], "ExposedPorts": {"80/tcp": {}}}),
    hardened: || {
        json!({
            "User": "33:33",
            "Entrypoint": ["dumb-init", "--"],
            "Cmd": ["nginx", "-e", "stderr", "-c", HARDENED],
            "ExposedPorts": {"8080/tcp": {}},
            "Healthcheck": health(&["python3", "-c", PROBE]),
        })
    },
    ask: |container| page(container, 80).or_else(|| page(container, 8080)),
    answer: "served by nginx",
};

/// Debian's own configuration includes it.
const SITE: &str = "/etc/nginx/conf.d/site.conf";
const PLAIN_SITE: &str = "\
server {
    listen 80;
    location / { return 200 'served by nginx'; }
}
";

const HARDENED: &str = "/etc/nginx/hardened.conf";
const HARDENED_CONFIGURATION: &str = r#"daemon off;
worker_processes 2;
pid /tmp/nginx.pid;
error_log stderr;
events { worker_connections 64; }
http {
    access_log off;
    server_tokens off;
    gzip on;
    gzip_types text/css application/javascript application/json;
    client_body_temp_path /tmp/body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    server {
        listen 8080;
        add_header X-Content-Type-Options nosniff always;
        add_header Content-Security-Policy "default-src 'self'; frame-ancestors 'none'" always;
        location / { return 200 'served by nginx'; }
    }
}
"#;

const PROBE: &str = "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/', timeout=1)";
