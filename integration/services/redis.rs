//! Redis: as root and open to everybody, or as a user whom a stranger can only
//! ask whether it is there.

use serde_json::json;

use super::{Service, health, over_tcp};

pub(crate) const REDIS: Service = Service {
    name: "redis",
    files: &[(HARDENED, HARDENED_CONFIGURATION)],
    hardens: "",
    plain: || {
        json!({
            "WorkingDir": "/var/lib/redis",
            "Cmd": ["redis-server", "--protected-mode", "no", "--bind", "0.0.0.0"],
            "ExposedPorts": {"6379/tcp": {}},
        })
    },
    hardened: || {
        json!({
            // The ids that Debian's package gives to it.
            "User": "100:102",
            "WorkingDir": "/tmp",
            "Entrypoint": ["tini", "--"],
            // Said where the audit reads it, and not only in the file.
            "Cmd": ["redis-server", HARDENED, "--save", "", "--appendonly", "no"],
            "ExposedPorts": {"6379/tcp": {}},
            "Healthcheck": health(&["redis-cli", "-e", "--user", "probe", "--pass", "any", "ping"]),
        })
    },
    ask: |container| {
        let open = over_tcp(container, 6379, "PING\r\nQUIT\r\n")?;
        let is_open = open.starts_with("+PONG");
        let as_probe = || over_tcp(container, 6379, "AUTH probe any\r\nPING\r\nQUIT\r\n");
        if is_open { Some(open) } else { as_probe() }
    },
    answer: "+PONG",
};

const HARDENED: &str = "/srv/redis/hardened.conf";
/// The password is known to nobody: this is the digest of random bytes.
const HARDENED_CONFIGURATION: &str = "\
bind 0.0.0.0
dir /tmp
maxmemory 48mb
maxmemory-policy allkeys-lru
user default off
user probe on nopass resetchannels -@all +ping
user app on #e1216047711471fbec83b08a3ca1a8e8997796b96c429a54416583283a1206d2 ~* &* +@all -@dangerous
";
