//! What a service, a network, a volume can say, in the ways that people say it.
//!
//! A value that begins with a line break is a block below its key. `<name=value>`
//! may become a variable of that name; where it stands, `${…}` is a scalar too.

/// A key with the ways to write its value.
pub(crate) type Feature = (&'static str, &'static [&'static str]);

/// A service says at most one thing of each group: they exclude each other.
pub(crate) const SERVICE: &[&[Feature]] = &[
    &[(
        "build",
        &[
            "./app",
            "\ncontext: ./app\ndockerfile: Dockerfile.<flavour=prod>",
            "\ncontext: .\ntarget: <stage=runtime>\nargs:\n  - VERSION=<version=1.4>\n  - EMPTY=",
            "\ncontext: ./app\nargs:\n  VERSION: \"<version=1.4>\"\n  DEPTH: 3\nlabels:\n  - tier=web",
            "\ncontext: https://git.example.test/team/app.git#main\ncache_from: [\"app:cache\"]",
            "{ context: ./app, network: none, shm_size: 64m }",
        ],
    )],
    &[
        ("ports", PORTS),
        // Others are reached by their neighbours alone.
        ("expose", &["[\"8080\"]", "\n- 9000\n- \"9100-9102\"", "[\"53/udp\", 8125]"]),
    ],
    &[("volumes", VOLUMES)],
    &[("environment", ENVIRONMENT)],
    &[("env_file", &["./service.env", "\n- service.env", "[service.env, ./more.env]"])],
    &[(
        "command",
        &[
            "serve --port <port=8080>",
            "[\"serve\", \"--port=<port=8080>\"]",
            "\n- sh\n- -c\n- exec serve",
            "sh -c \"sleep 1 && exec serve --name 'a b'\"",
            ">\n  serve\n  --verbose",
            "\"\"",
        ],
    )],
    &[("entrypoint", &["/entry.sh", "[\"/sbin/tini\", \"--\"]", "\n- /entry.sh\n- start"])],
    &[("user", &["\"1000:1000\"", "root", "nobody:nogroup", "\"<uid=1001>\"", "0:0"])],
    &[("read_only", &["true", "false", "yes", "\"true\"", "<readonly=true>"])],
    &[("privileged", &["false", "true", "no", "off"])],
    &[("init", &["true", "false"])],
    &[("tty", &["true", "\"false\""])],
    &[("stdin_open", &["on", "false"])],
    &[("cap_drop", &["[ALL]", "\n- ALL", "[\"NET_RAW\", MKNOD]", "[all]"])],
    &[("cap_add", &["[NET_BIND_SERVICE]", "\n- CHOWN\n- SETUID", "[SYS_ADMIN]", "[]"])],
    &[(
        "security_opt",
        &[
            "[\"no-new-privileges:true\"]",
            "\n- no-new-privileges=true\n- apparmor:docker-default",
            "[seccomp:unconfined]",
            "[\"label:type:container_t\", no-new-privileges]",
        ],
    )],
    &[(
        "tmpfs",
        &["/tmp", "\n- /tmp:size=<size=64m>,noexec\n- /run", "[\"/tmp:mode=1777,size=1g\"]"],
    )],
    &[(
        "devices",
        &["[\"/dev/fuse\"]", "\n- /dev/ttyUSB0:/dev/tty1\n- /dev/sda:/dev/xvda:r", "[/dev/dri]"],
    )],
    &[("sysctls", &["\nnet.core.somaxconn: 1024", "[net.ipv4.ip_forward=1]"])],
    &[(
        "ulimits",
        &["\nnofile: 4096", "{ nproc: 100, core: 0 }", "\nnofile:\n  soft: 1024\n  hard: 2048"],
    )],
    &[
        ("deploy", DEPLOY),
        ("mem_limit", &["512m", "\"<memory=256m>\"", "1g", "268435456", "1.5gb", "64mb"]),
    ],
    &[("pids_limit", &["100", "200"])],
    &[("shm_size", &["64m", "\"128mb\"", "67108864"])],
    &[("restart", &["always", "unless-stopped", "on-failure", "on-failure:3", "\"no\""])],
    &[("healthcheck", HEALTHCHECK)],
    &[(
        "logging",
        &[
            "\ndriver: local",
            "\ndriver: json-file\noptions:\n  max-size: <logs=10m>\n  max-file: \"3\"",
            "{ driver: json-file, options: { max-file: 3 } }",
            "\ndriver: none",
        ],
    )],
    &[(
        "labels",
        &[
            "\ncom.example.tier: front\ncom.example.rank: 3",
            "[\"com.example.tier=back\", bare]",
            "{ \"traefik.rule\": \"Host(`<domain=example.test>`)\", empty: \"\" }",
        ],
    )],
    &[("networks", NETWORKS), ("network_mode", &["host", "none", "\"bridge\""])],
    &[("secrets", &["[token]", "\n- token\n- source: key\n  target: /run/key\n  mode: 0400"])],
    &[("configs", &["[site]", "\n- source: site\n  target: /etc/site.conf\n  mode: \"0444\""])],
    &[("profiles", &["[debug]", "\n- tools\n- <profile=extra>"])],
    &[("extra_hosts", &["[\"db.internal:10.0.0.7\"]", "\ngate.internal: 10.0.0.8"])],
    &[("dns", &["9.9.9.9", "[9.9.9.9, \"1.1.1.1\"]"])],
    &[("dns_search", &["example.test", "\n- a.example.test\n- b.example.test"])],
    &[("pid", &["host"])],
    &[("ipc", &["host", "private", "shareable"])],
    &[("userns_mode", &["host"])],
    &[("stop_signal", &["SIGINT", "SIGQUIT"])],
    &[("stop_grace_period", &["30s", "1m30s", "1500ms", "<grace=20s>"])],
    &[("hostname", &["box", "\"<host=box-1>\""])],
    &[("working_dir", &["/srv", "/srv/<version=1.4>"])],
    &[("group_add", &["[audio]", "\n- \"999\"\n- docker"])],
    &[("cpus", &["0.5", "\"1.50\"", "2"])],
    &[("x-owner", &["team-a", "\nname: nobody\nanchors: [1, 2]"])],
];

const PORTS: &[&str] = &[
    "[\"8080:80\"]",
    "\n- 8443:443\n- 9000",
    "\n- \"127.0.0.1:5432:5432\"",
    "[\"<port=8080>:80\"]",
    "\n- 3000-3002:3000-3002",
    "\n- \"53:53/udp\"\n- \"53:53/tcp\"",
    "\n- target: 80\n  published: 8081\n  protocol: tcp\n  mode: host",
    "\n- target: 443\n  published: 8444",
    "[\"127.0.0.1::80\", \"[::1]:6060:6060\"]",
    "\n- \"<address=127.0.0.1>:9443:443\"",
    "[\"7000-7003:7000\"]",
];

const VOLUMES: &[&str] = &[
    "[\"./src:/app\"]",
    "\n- data:/data\n- /cache",
    "\n- ./site.conf:/etc/site.conf:ro\n- ~/keys:/keys:ro",
    "[/var/run/docker.sock:/var/run/docker.sock]",
    "\n- type: bind\n  source: ./in\n  target: /in\n  read_only: true",
    "\n- type: volume\n  source: data\n  target: /data\n  volume: { nocopy: true }",
    "\n- type: tmpfs\n  target: /scratch\n  tmpfs: { size: 1048576 }",
    "\n- \"<root=/srv/data>/db:/var/lib/db:rw\"\n- logs:/logs:nocopy",
    "[\"/:/host:ro,rslave\", \"../up:/up:z\"]",
    "\n- type: bind\n  source: /mnt\n  target: /mnt\n  bind: { propagation: rshared }",
    "[\"./:/here/\", \"data:/data/.\"]",
];

const ENVIRONMENT: &[&str] = &[
    "\nMODE: production\nDEBUG: \"false\"\nWORKERS: 4",
    "\n- MODE=<mode=production>\n- URL=https://example.test/?a=b&c=d\n- PASSED",
    "{ SECRET: \"p@ss word\", EMPTY: \"\", NONE: }",
    "\nTEXT: |\n  first\n  second\nFOLDED: >-\n  one\n  line",
    "[\"QUOTED='single'\", 'DOUBLE=\"double\"', \"EQUALS=a=b=c\"]",
    "\nDATABASE_URL: postgres://<user=app>:<password=s3cret>@db/<name=shop>\nDOLLAR: $$5",
    "\nMODE: test\nPASSED:\nABSENT:",
];

const DEPLOY: &[&str] = &[
    "\nresources:\n  limits:\n    cpus: \"0.50\"\n    memory: <memory=256M>",
    "\nresources:\n  limits: { cpus: '1', memory: 1g }\n  reservations: { memory: 512m }",
    "\nreplicas: 2\nrestart_policy:\n  condition: on-failure\n  delay: 5s\n  max_attempts: 3",
    "\nmode: global\nlabels: [\"tier=web\"]\nplacement:\n  constraints: [\"node.role == worker\"]",
    "\nupdate_config: { parallelism: 2, delay: 10s, order: stop-first }\nlabels: { tier: web }",
];

const HEALTHCHECK: &[&str] = &[
    "\ntest: [\"CMD\", \"curl\", \"-f\", \"http://127.0.0.1:<port=8080>/\"]\ninterval: 30s",
    "\ntest: curl -f http://127.0.0.1/ || exit 1\ninterval: 1m30s\ntimeout: 10s\nretries: 3",
    "\ntest: [\"CMD-SHELL\", \"pg_isready\"]\ntimeout: 500ms\nstart_period: 1h",
    "\ndisable: true",
    "{ test: [NONE] }",
    "\ninterval: <interval=15s>\nretries: <retries=5>",
];

const NETWORKS: &[&str] = &[
    "[front]",
    "\n- front\n- back",
    "\nfront:\nback:\n  aliases: [db, store]",
    "{ back: { ipv4_address: 172.30.0.9 } }",
];

/// What stands at the top of the file beside the services, which refer to it.
pub(crate) const NETWORK: &[&str] = &[
    "",
    "{}",
    "\ndriver: bridge",
    "\ninternal: true",
    "\ndriver_opts:\n  com.docker.network.driver.mtu: 1450\nlabels: [\"zone=inner\"]",
    "\nipam:\n  config:\n    - subnet: 172.30.0.0/24",
    "\nexternal: true",
    "\nname: <network=shared>\nenable_ipv6: true",
];

pub(crate) const VOLUME: &[&str] = &[
    "",
    "{}",
    "\ndriver: local",
    "\ndriver_opts:\n  type: nfs\n  o: addr=10.0.0.3,rw\n  device: \":/export\"",
    "\nexternal: true\nname: kept",
    "\nlabels:\n  keep: \"yes\"",
];

/// Of secrets as of configurations.
pub(crate) const FILE: &[&str] =
    &["\nfile: ./files/<version=1.4>", "\nexternal: true", "\nfile: /etc/shared/file"];

/// Lines of an environment file.
pub(crate) const LINES: &[&str] = &[
    "PLAIN=value",
    "SPACED=two words",
    "EMPTY=",
    "QUOTED=\"with # inside\"",
    "SINGLE='as it is'",
    "# a comment",
    "",
    "export EXPORTED=1",
    "URL=https://example.test/?a=b",
    "COMMENTED=value # said of it",
    "MODE=from-the-file",
    "ESCAPED=\"a \\\"b\\\" c\"",
    "REFERS=${PLAIN:-none}",
    "HOMELY=\"${HOME}/below\"",
    "LITERAL='${PLAIN}'",
    "LINES=\"one\ntwo\"",
    "NEWLINE=\"one\\ntwo\"",
    " INDENTED = apart ",
    "PASSED",
    "JSON={\"a\": [1, \"b\"]}",
    "HASH=a#b",
];
