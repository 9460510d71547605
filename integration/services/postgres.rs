//! PostgreSQL: started as root by a program that drops to its own user, or as
//! that user from the beginning.

use serde_json::json;

use super::{Service, health};
use crate::engine::kept;

/// Debian's package makes a database cluster, which belongs to this user.
pub(crate) const USER: &str = "postgres";

pub(crate) const POSTGRES: Service = Service {
    name: "postgres",
    files: &[(PLAIN, PLAIN_CONFIGURATION), (HARDENED, HARDENED_CONFIGURATION), (HBA, ACCESS)],
    // What the entrypoint of the well-known image does, in one command.
    hardens: "",
    plain: || {
        json!({
            "Entrypoint": ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"],
            "Cmd": [SERVER, "-c", format!("config_file={PLAIN}")],
            "ExposedPorts": {"5432/tcp": {}},
            "StopSignal": "SIGINT",
        })
    },
    hardened: || {
        json!({
            // The ids that Debian's package gives to it.
            "User": "101:103",
            "Entrypoint": ["tini", "--"],
            "Cmd": [SERVER, "-c", format!("config_file={HARDENED}")],
            "ExposedPorts": {"5432/tcp": {}},
            "StopSignal": "SIGINT",
            "Healthcheck": health(&["pg_isready", "--quiet", "--host=/tmp"]),
            // The engine fills a volume with what the image has there.
            "HostConfig": {"Mounts": [kept("postgres", DATA)]},
        })
    },
    ask: |container| {
        let query = ["psql", "-h", "/tmp", "-tAc", "select 6 * 7 || ' from ' || current_user"];
        container.run(USER, &query)
    },
    answer: "42 from postgres",
};

const SERVER: &str = "/usr/lib/postgresql/15/bin/postgres";
const DATA: &str = "/var/lib/postgresql/15/main";

const PLAIN: &str = "/srv/postgres/plain.conf";
const PLAIN_CONFIGURATION: &str = "\
data_directory = '/var/lib/postgresql/15/main'
hba_file = '/srv/postgres/hba.conf'
ident_file = '/etc/postgresql/15/main/pg_ident.conf'
listen_addresses = '*'
unix_socket_directories = '/tmp'
shared_buffers = 16MB
dynamic_shared_memory_type = mmap
";

const HARDENED: &str = "/srv/postgres/hardened.conf";
const HARDENED_CONFIGURATION: &str = "\
data_directory = '/var/lib/postgresql/15/main'
hba_file = '/srv/postgres/hba.conf'
ident_file = '/etc/postgresql/15/main/pg_ident.conf'
listen_addresses = '*'
unix_socket_directories = '/tmp'
shared_buffers = 16MB
max_connections = 20
dynamic_shared_memory_type = mmap
password_encryption = scram-sha-256
";

const HBA: &str = "/srv/postgres/hba.conf";
const ACCESS: &str = "\
local all all peer
host all all samenet scram-sha-256
";
