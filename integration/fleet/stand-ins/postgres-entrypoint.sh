#!/bin/sh
# As the registry's image in what matters here: a cluster is made where there is none, root
# hands over to postgres, and a password may stand in a file.
set -eu
if [ "$1" = postgres ] && [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chown -R postgres "$PGDATA" /var/run/postgresql
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    password=${POSTGRES_PASSWORD:-$(cat "${POSTGRES_PASSWORD_FILE:?set it or POSTGRES_PASSWORD}")}
    user=${POSTGRES_USER:-postgres}
    chmod 700 "$PGDATA"
    printf '%s' "$password" >/tmp/password
    initdb --pgdata "$PGDATA" --username "$user" --pwfile /tmp/password --auth scram-sha-256
    rm /tmp/password
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    if [ "${POSTGRES_DB:-$user}" != postgres ]; then
        echo "create database \"${POSTGRES_DB:-$user}\"" | postgres --single -D "$PGDATA" postgres
    fi
fi
[ "$1" != postgres ] || set -- "$@" -c "listen_addresses=*"
exec "$@"
