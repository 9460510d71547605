//! Programs that are known by their name, and what they do with others.

/// What a program does with the words after its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Runs a script of commands.
    Shell,
    /// Is made to be the first process: reaps, forwards signals, runs another.
    Init,
    /// Runs another program.
    Wrapper,
    /// Runs a program in its own language.
    Interpreter,
    /// Anything else.
    Other,
}

const SHELLS: [&str; 7] = ["ash", "bash", "busybox", "dash", "ksh", "sh", "zsh"];

/// Programs that are made to be PID 1. `init` is BusyBox's or System V's.
const INITS: [&str; 17] = [
    "catatonit",
    "conmon-init",
    "docker-init",
    "dumb-init",
    "init",
    "my_init",
    "openrc-init",
    "pid1",
    "podman-init",
    "runit",
    "runit-init",
    "runsvdir",
    "s6-svscan",
    "supervisord",
    "systemd",
    "tini",
    "tini-static",
];

const WRAPPERS: [&str; 7] = ["exec", "nice", "nohup", "setsid", "stdbuf", "time", "command"];

const INTERPRETERS: [&str; 3] = ["perl", "python", "ruby"];

/// Names that say nothing but which program runs.
const OTHERS: [&str; 127] = [
    ".",
    ":",
    "[",
    "apache2",
    "apache2-foreground",
    "awk",
    "bun",
    "caddy",
    "cat",
    "catalina.sh",
    "cd",
    "celery",
    "chmod",
    "chown",
    "chpst",
    "chroot",
    "clickhouse-client",
    "consul",
    "cp",
    "cqlsh",
    "crond",
    "curl",
    "cut",
    "date",
    "deno",
    "dig",
    "docker-entrypoint.sh",
    "echo",
    "egrep",
    "entrypoint.sh",
    "env",
    "envoy",
    "etcd",
    "etcdctl",
    "eval",
    "exit",
    "export",
    "false",
    "fgrep",
    "find",
    "getent",
    "gosu",
    "grafana",
    "grep",
    "grpc_health_probe",
    "gunicorn",
    "haproxy",
    "head",
    "healthcheck.sh",
    "host",
    "hostname",
    "httpd",
    "hypercorn",
    "id",
    "ip",
    "java",
    "jq",
    "kafka-topics.sh",
    "keydb-server",
    "kill",
    "ln",
    "ls",
    "mariadb",
    "mariadb-admin",
    "mariadbd",
    "memcached",
    "minio",
    "mkdir",
    "mongo",
    "mongod",
    "mongosh",
    "mv",
    "mysql",
    "mysqladmin",
    "mysqld",
    "nc",
    "ncat",
    "netcat",
    "netstat",
    "nginx",
    "node",
    "nodejs",
    "nodetool",
    "npm",
    "npx",
    "nslookup",
    "openssl",
    "pg_isready",
    "pgrep",
    "php",
    "php-fpm",
    "pidof",
    "ping",
    "pkill",
    "pnpm",
    "postgres",
    "printf",
    "prometheus",
    "ps",
    "psql",
    "puma",
    "rabbitmq-diagnostics",
    "rabbitmq-server",
    "rabbitmqctl",
    "read",
    "redis-cli",
    "redis-server",
    "return",
    "rm",
    "sed",
    "set",
    "sleep",
    "ss",
    "stat",
    "su-exec",
    "tail",
    "test",
    "timeout",
    "traefik",
    "trap",
    "true",
    "uvicorn",
    "uwsgi",
    "valkey-server",
    "wait",
    "wget",
    "yarn",
];

/// What a shell does by itself: there need be no file of that name.
const BUILTINS: [&str; 24] = [
    ".", ":", "[", "cd", "command", "echo", "eval", "exec", "exit", "export", "false", "kill",
    "printf", "pwd", "read", "return", "set", "source", "test", "time", "trap", "true", "type",
    "wait",
];

/// Builtins, and little programs, that succeed whatever happened.
const ALWAYS_TRUE: [&str; 4] = [":", "echo", "printf", "true"];

/// Whether this name is one of a well-known program.
pub fn known(name: &str) -> bool {
    let bare = bare(name);
    role(name) != Role::Other || OTHERS.contains(&name) || OTHERS.contains(&bare)
}

/// What a program of this name does with the words after it.
pub fn role(name: &str) -> Role {
    let bare = bare(name);
    if SHELLS.contains(&name) {
        Role::Shell
    } else if INITS.contains(&name) {
        Role::Init
    } else if WRAPPERS.contains(&name) {
        Role::Wrapper
    } else if INTERPRETERS.contains(&bare) {
        Role::Interpreter
    } else {
        Role::Other
    }
}

/// Whether a shell needs no file to run this.
pub fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(&name)
}

/// Whether a program of this name succeeds whatever happened.
pub fn is_always_true(name: &str) -> bool {
    ALWAYS_TRUE.contains(&name)
}

/// A program's name without its version: `python3.12` is `python`, `php-fpm8.2` is `php-fpm`.
pub fn bare(name: &str) -> &str {
    name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.')
}
