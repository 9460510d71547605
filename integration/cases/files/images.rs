//! The documents' images, line by line as they write them, on Debian's software.

use crate::witness::{CONFIGURATION, KEY, MODULE};

/// What `npm ci` and `COPY . .` leave behind.
fn application() -> String {
    format!(
        "RUN rm -rf /srv/node && mkdir -p $(dirname {MODULE}) && echo 'module.exports = 1' > {MODULE} \\\n \
         && echo '{{\"name\": \"stage\"}}' > /app/package.json \\\n \
         && echo 'setInterval(() => 0, 1000)' > /app/server.js\n"
    )
}

pub(super) fn node_before() -> String {
    application() + "RUN mkdir -p /app/logs /app/uploads && \\\n    chown -R app:app /app\n"
}

pub(super) fn node_after() -> String {
    application()
        + "RUN mkdir -p /app/logs /app/uploads && \\\n    chown -R app:app /app && \\\n    \
           chmod -R 755 /app/logs /app/uploads && \\\n    chmod -R 500 /app/node_modules\n"
}

/// Nothing but the data belongs to whoever runs the application.
pub(super) fn node_of_root() -> String {
    application() + "RUN mkdir -p /app/logs /app/uploads && chown app:app /app/logs /app/uploads\n"
}

/// A server's configuration, and what nginx needs to run as an ordinary user.
fn server() -> String {
    format!(
        "RUN rm -f /etc/nginx/conf.d/site.conf \\\n \
         && echo 'server {{ listen 8080; return 200; }}' > {CONFIGURATION} \\\n \
         && mkdir -p /run/nginx && sed -i s,/run/nginx.pid,/run/nginx/nginx.pid, /etc/nginx/nginx.conf \\\n \
         && chown -R www-data:www-data /run/nginx /var/lib/nginx /var/log/nginx\n"
    )
}

pub(super) fn nginx_before() -> String {
    server() + "RUN chown -R www-data:www-data /etc/nginx/conf.d\n"
}

pub(super) fn nginx_after() -> String {
    nginx_before() + &format!("RUN chmod 444 {CONFIGURATION}\n")
}

/// All of the configuration, and whoever runs the server owns none of it.
pub(super) fn nginx_of_root() -> String {
    server() + "RUN find -L /etc/nginx -name '*.conf' -type f -exec chmod 444 {} +\n"
}

pub(super) fn careless() -> String {
    node_after() + &format!("RUN mkdir /srv/drop && chmod 777 /srv/drop && touch {KEY}\n")
}

pub(super) fn with_a_key() -> String {
    node_after() + &format!("RUN touch {KEY} && chown app {KEY} && chmod 400 {KEY}\n")
}
