//! What a database, cache or broker is known by, and where it keeps its data.

use crate::facts::network::service::Service;
use crate::facts::storage::{Program, Work};
use crate::model::untrusted::Untrusted;

/// The programs of stores and brokers. A process has at most 15 bytes of a name.
const PROGRAMS: [&str; 28] = [
    "postgres",
    "postmaster",
    "mysqld",
    "mariadbd",
    "mongod",
    "mongos",
    "redis-server",
    "redis-sentinel",
    "valkey-server",
    "keydb-server",
    "dragonfly",
    "memcached",
    "etcd",
    "clickhouse-serv",
    "clickhouse",
    "nats-server",
    "influxd",
    "cockroach",
    "arangod",
    "rethinkdb",
    "tarantool",
    "sqlservr",
    "couchbase-serve",
    "aerospike-serve",
    "asd",
    "scylla",
    "mosquitto",
    "qdrant",
];

/// Programs that run anything: only with a sign beside them they are a store.
const RUNTIMES: [&str; 2] = ["java", "beam.smp"];

/// The images of stores and brokers, by the last part of their name.
const IMAGES: [&str; 33] = [
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "percona",
    "mongo",
    "mongodb",
    "redis",
    "redis-stack-server",
    "valkey",
    "keydb",
    "dragonfly",
    "memcached",
    "etcd",
    "elasticsearch",
    "opensearch",
    "clickhouse",
    "clickhouse-server",
    "nats",
    "rabbitmq",
    "kafka",
    "cassandra",
    "scylla",
    "couchdb",
    "influxdb",
    "neo4j",
    "zookeeper",
    "cockroach",
    "timescaledb",
    "activemq",
    "eclipse-mosquitto",
    "pulsar",
    "qdrant",
];

/// Ports that are a store's or a broker's and hardly anybody else's.
const PORTS: [(u16, &str); 20] = [
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (2181, "ZooKeeper"),
    (2379, "etcd"),
    (3306, "MySQL"),
    (4222, "NATS"),
    (5432, "PostgreSQL"),
    (5671, "AMQP"),
    (5672, "AMQP"),
    (5984, "CouchDB"),
    (6379, "Redis"),
    (7687, "Neo4j"),
    (9042, "Cassandra"),
    (9092, "Kafka"),
    (9200, "Elasticsearch"),
    (9300, "Elasticsearch"),
    (11211, "memcached"),
    (26257, "CockroachDB"),
    (27017, "MongoDB"),
    (61616, "ActiveMQ"),
];

/// Where stores keep what must last, by the names of their programs and images: the
/// folders of the official images, of Bitnami's, and of Debian's packages.
const DATA: [(&[&str], &[&str]); 21] = [
    (
        &["postgres", "postmaster", "postgresql", "timescaledb"],
        &["/var/lib/postgresql", "/bitnami/postgresql", "/home/postgres/pgdata"],
    ),
    (
        &["mysqld", "mariadbd", "mysql", "mariadb", "percona"],
        &["/var/lib/mysql", "/bitnami/mysql", "/bitnami/mariadb"],
    ),
    (
        &["mongod", "mongo", "mongodb"],
        &["/data/db", "/var/lib/mongodb", "/var/lib/mongo", "/bitnami/mongodb"],
    ),
    (
        &["redis-server", "redis", "redis-stack-server", "keydb-server", "keydb", "dragonfly"],
        &["/data", "/var/lib/redis", "/var/lib/redis-stack", "/bitnami/redis"],
    ),
    (&["valkey-server", "valkey"], &["/data", "/var/lib/valkey", "/bitnami/valkey"]),
    (&["etcd"], &["/var/lib/etcd", "/etcd-data", "/data", "/bitnami/etcd"]),
    (&["elasticsearch"], &["/usr/share/elasticsearch/data", "/var/lib/elasticsearch"]),
    (&["opensearch"], &["/usr/share/opensearch/data", "/var/lib/opensearch"]),
    (&["clickhouse-serv", "clickhouse", "clickhouse-server"], &["/var/lib/clickhouse"]),
    (&["influxd", "influxdb"], &["/var/lib/influxdb", "/var/lib/influxdb2", "/var/lib/influxdb3"]),
    (&["cockroach"], &["/cockroach/cockroach-data"]),
    (&["arangod"], &["/var/lib/arangodb3"]),
    (&["rethinkdb"], &["/data"]),
    (&["sqlservr"], &["/var/opt/mssql"]),
    (&["scylla"], &["/var/lib/scylla"]),
    (&["cassandra"], &["/var/lib/cassandra", "/bitnami/cassandra"]),
    (&["couchdb"], &["/opt/couchdb/data"]),
    (&["neo4j"], &["/data"]),
    (&["rabbitmq"], &["/var/lib/rabbitmq", "/bitnami/rabbitmq"]),
    (&["qdrant"], &["/qdrant/storage"]),
    (&["couchbase-serve"], &["/opt/couchbase/var"]),
];

/// Programs that work in the folder of their data.
const AT_HOME: [&str; 7] = [
    "postgres",
    "postmaster",
    "mysqld",
    "mariadbd",
    "redis-server",
    "valkey-server",
    "keydb-server",
];

/// Options that name the folder.
const OPTIONS: [&str; 5] = ["-D", "--data-dir", "--datadir", "--dbpath", "--dir"];

/// A store, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Store<'s> {
    /// By what it is known.
    pub(super) sign: String,
    /// The name of its program or of its image; empty where only a port tells.
    pub(super) name: &'s str,
}

/// By what a service is known as a store.
pub(super) fn recognised(service: &Service) -> Option<Store<'_>> {
    by_name(&service.programs, service.image.as_ref()).or_else(|| {
        let (port, whose) = PORTS.iter().find(|(port, _)| service.ports.contains(port))?;
        Some(Store { sign: format!("port {port} is {whose}'s"), name: "" })
    })
}

/// By which of its names something that runs is a store.
pub(super) fn by_name<'s>(
    programs: &'s [Untrusted],
    image: Option<&'s Untrusted>,
) -> Option<Store<'s>> {
    let runs = |known: &[&str]| programs.iter().find(|it| known.contains(&it.raw()));
    if let Some(program) = runs(&PROGRAMS) {
        return Some(Store { sign: format!("{program} runs here"), name: program.raw() });
    }
    // Where the programs are known, a name on the image proves nothing by itself.
    let image = image.filter(|_| programs.is_empty() || runs(&RUNTIMES).is_some());
    let name = image.map(|it| short(it.raw())).filter(|it| IMAGES.contains(it))?;
    Some(Store { sign: format!("the image is {name}"), name })
}

/// `redis` of `docker.io/library/redis:7@sha256:…`.
fn short(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split(':').next().unwrap_or(last)
}

/// Whether a program of this name is a store, or may be one.
pub(super) fn is_of_a_store(program: &str) -> bool {
    PROGRAMS.contains(&program) || RUNTIMES.contains(&program)
}

/// Whose port this is, where it is a store's.
pub(super) fn port_of_a_store(port: u16) -> Option<&'static str> {
    PORTS.iter().find(|(known, _)| *known == port).map(|(_, whose)| *whose)
}

/// Whether a store of this name is Redis, whoever makes it: only that can be told to
/// keep nothing.
pub(super) fn is_redis(name: &str) -> bool {
    ["redis", "valkey", "keydb"].iter().any(|it| name.starts_with(it))
}

/// Where a store keeps what must last, any of these; empty where it keeps nothing, or
/// nobody knows where.
pub(super) fn folders(name: &str) -> &'static [&'static str] {
    DATA.iter().find(|(names, _)| names.contains(&name)).map_or(&[], |(_, folders)| folders)
}

/// Where this very store keeps it, as far as that was seen or said: where it works, what
/// an option names, or what the environment does.
pub(super) fn folder<'w>(name: &str, work: &'w Work) -> Option<&'w str> {
    let works_there = |it: &&'w Program| it.name == name && AT_HOME.contains(&name);
    let at_work = work.programs.iter().filter(works_there).find_map(|it| it.folder.as_deref());
    let told = || {
        let words = work.programs.iter().map(|it| &it.words).chain([&work.told]);
        words.filter_map(|it| option(it)).next()
    };
    let is_postgres = || folders(name).contains(&"/var/lib/postgresql");
    let named = || work.named.as_deref().filter(|_| is_postgres());
    at_work.or_else(told).or_else(named)
}

fn option(words: &[String]) -> Option<&str> {
    let place = words.iter().position(|it| is_of_a_store(it.rsplit('/').next().unwrap_or(it)))?;
    let told = words.get(place + 1..)?;
    told.iter().zip(told.iter().skip(1).map(Some).chain([None])).find_map(|(word, next)| {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), next.map(String::as_str)),
        };
        value.filter(|it| OPTIONS.contains(&name) && it.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn an_image_is_known_by_the_last_part_of_its_name() {
        assert_eq!(short("registry:5000/team/redis:7@sha256:ab"), "redis");
        assert_eq!(short("redis-exporter"), "redis-exporter");
    }
}
