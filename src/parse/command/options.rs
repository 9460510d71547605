//! The options that rules read, and the grammar of their values.
//!
//! An option is kept only of the program that it belongs to, and only with a
//! value that is a number, a size, a percentage or a word of a short list: what
//! is kept cannot be a password.

use super::WITHHELD;

/// A grammar that no secret fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// The option has none.
    None,
    /// A whole number of up to nine digits.
    Number,
    /// A number of bytes with its unit, as `512m`.
    Size,
    /// From 0 to 100, with a fraction.
    Percentage,
    /// One of these.
    Word(&'static [&'static str]),
    /// An absolute path in a plain alphabet, as where a program stands.
    Path,
    /// Numbers with blanks between them, or nothing.
    Numbers,
}

impl Value {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::None => text.is_empty(),
            Self::Number => is_number(text),
            Self::Size => {
                let unit = |it: char| it.is_ascii_alphabetic() && "bBkKmMgGtT".contains(it);
                is_number(text.strip_suffix(unit).unwrap_or(text))
            }
            Self::Percentage => {
                let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
                is_number(whole) && is_number(fraction) && whole.len() <= 3 && fraction.len() <= 4
            }
            Self::Word(words) => words.contains(&text),
            Self::Path => folder(text) == text,
            Self::Numbers => text.split(' ').all(|it| it.is_empty() || is_number(it)),
        }
    }
}

/// Nine digits hold every number that a rule reads.
fn is_number(text: &str) -> bool {
    (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// How an option is joined with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Join {
    /// `--workers=4` or `--workers 4`.
    EqualsOrNext,
    /// `-w 4` or `-w4`.
    Attached,
    /// `-Xmx512m` alone.
    Glued,
}

type Known = (&'static str, Join, Value);

const NODE: [Known; 6] = [
    ("--max-old-space-size", Join::EqualsOrNext, Value::Number),
    ("--max_old_space_size", Join::EqualsOrNext, Value::Number),
    ("--max-old-space-size-percentage", Join::EqualsOrNext, Value::Percentage),
    ("--max-semi-space-size", Join::EqualsOrNext, Value::Number),
    ("--max-heap-size", Join::EqualsOrNext, Value::Number),
    ("--enable-source-maps", Join::Glued, Value::None),
];

const JAVA: [Known; 13] = [
    ("-Xmx", Join::Glued, Value::Size),
    ("-Xms", Join::Glued, Value::Size),
    ("-Xss", Join::Glued, Value::Size),
    ("-XX:MaxHeapSize=", Join::Glued, Value::Size),
    ("-XX:MaxRAM=", Join::Glued, Value::Size),
    ("-XX:MaxRAMPercentage=", Join::Glued, Value::Percentage),
    ("-XX:InitialRAMPercentage=", Join::Glued, Value::Percentage),
    ("-XX:MaxRAMFraction=", Join::Glued, Value::Number),
    ("-XX:MaxMetaspaceSize=", Join::Glued, Value::Size),
    ("-XX:MaxDirectMemorySize=", Join::Glued, Value::Size),
    ("-XX:+UseContainerSupport", Join::Glued, Value::None),
    ("-XX:-UseContainerSupport", Join::Glued, Value::None),
    ("-XX:+ExitOnOutOfMemoryError", Join::Glued, Value::None),
];

const WORKER_CLASSES: Value = Value::Word(&[
    "sync",
    "eventlet",
    "gevent",
    "gthread",
    "tornado",
    "asyncio",
    "uvloop",
    "trio",
    "uvicorn.workers.UvicornWorker",
    "uvicorn.workers.UvicornH11Worker",
]);

const GUNICORN: [Known; 12] = [
    ("-w", Join::Attached, Value::Number),
    ("--workers", Join::EqualsOrNext, Value::Number),
    ("-t", Join::Attached, Value::Number),
    ("--timeout", Join::EqualsOrNext, Value::Number),
    ("--graceful-timeout", Join::EqualsOrNext, Value::Number),
    ("--keep-alive", Join::EqualsOrNext, Value::Number),
    ("--max-requests", Join::EqualsOrNext, Value::Number),
    ("--max-requests-jitter", Join::EqualsOrNext, Value::Number),
    ("--threads", Join::EqualsOrNext, Value::Number),
    ("-k", Join::Attached, WORKER_CLASSES),
    ("--worker-class", Join::EqualsOrNext, WORKER_CLASSES),
    ("--preload", Join::Glued, Value::None),
];

const UVICORN: [Known; 5] = [
    ("--workers", Join::EqualsOrNext, Value::Number),
    ("-w", Join::Attached, Value::Number),
    ("--timeout-keep-alive", Join::EqualsOrNext, Value::Number),
    ("--limit-max-requests", Join::EqualsOrNext, Value::Number),
    ("--limit-concurrency", Join::EqualsOrNext, Value::Number),
];

const NGINX: [Known; 1] =
    [("-g", Join::EqualsOrNext, Value::Word(&["daemon off;", "daemon off", "daemon on;"]))];

/// Whatever the value is, it is withheld.
const ANY: Value = Value::Word(&[]);

/// Where no option comes first, it is a file of settings: so many names are known.
const REDIS: [Known; 26] = [
    ("--save", Join::EqualsOrNext, Value::Numbers),
    ("--appendonly", Join::EqualsOrNext, Value::Word(&["yes", "no"])),
    ("--dir", Join::EqualsOrNext, Value::Path),
    ("--aclfile", Join::EqualsOrNext, ANY),
    ("--appendfsync", Join::EqualsOrNext, ANY),
    ("--bind", Join::EqualsOrNext, ANY),
    ("--databases", Join::EqualsOrNext, ANY),
    ("--dbfilename", Join::EqualsOrNext, ANY),
    ("--io-threads", Join::EqualsOrNext, ANY),
    ("--loadmodule", Join::EqualsOrNext, ANY),
    ("--logfile", Join::EqualsOrNext, ANY),
    ("--loglevel", Join::EqualsOrNext, ANY),
    ("--masterauth", Join::EqualsOrNext, ANY),
    ("--maxclients", Join::EqualsOrNext, ANY),
    ("--maxmemory", Join::EqualsOrNext, ANY),
    ("--maxmemory-policy", Join::EqualsOrNext, ANY),
    ("--maxmemory-samples", Join::EqualsOrNext, ANY),
    ("--notify-keyspace-events", Join::EqualsOrNext, ANY),
    ("--port", Join::EqualsOrNext, ANY),
    ("--protected-mode", Join::EqualsOrNext, ANY),
    ("--replicaof", Join::EqualsOrNext, ANY),
    ("--requirepass", Join::EqualsOrNext, ANY),
    ("--tcp-keepalive", Join::EqualsOrNext, ANY),
    ("--timeout", Join::EqualsOrNext, ANY),
    ("--tls-port", Join::EqualsOrNext, ANY),
    ("--user", Join::EqualsOrNext, ANY),
];

const POSTGRES: [Known; 1] = [("-D", Join::Attached, Value::Path)];
const MYSQL: [Known; 1] = [("--datadir", Join::EqualsOrNext, Value::Path)];
const MONGO: [Known; 1] = [("--dbpath", Join::EqualsOrNext, Value::Path)];
const ETCD: [Known; 1] = [("--data-dir", Join::EqualsOrNext, Value::Path)];

/// Whether options may follow the first word that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// That word is a program of its own, and the rest is told to it.
    AtFirstWord,
    /// Options and other words may be mixed.
    Never,
}

/// The options of a program, as its arguments are read one after another.
#[derive(Clone, Debug)]
pub(super) struct Options {
    known: &'static [Known],
    end: End,
    /// Options with a value in the next word, of which nothing is kept.
    skipped: &'static [&'static str],
    /// What the next word must be, where it is a value.
    pending: Option<Option<Value>>,
}

const NODE_VALUES: [&str; 8] = [
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
    "-C",
    "--conditions",
    "--title",
];

const JAVA_VALUES: [&str; 6] =
    ["-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules"];

impl Options {
    /// The options that are kept of the program of this name.
    pub(super) fn of(program: &str) -> Option<Self> {
        let of = |known: &'static [Known], end, skipped: &'static [&'static str]| {
            Some(Self { known, end, skipped, pending: None })
        };
        match program {
            "node" | "nodejs" => of(&NODE, End::AtFirstWord, &NODE_VALUES),
            "java" => of(&JAVA, End::AtFirstWord, &JAVA_VALUES),
            "gunicorn" => of(&GUNICORN, End::Never, &[]),
            "uvicorn" | "hypercorn" => of(&UVICORN, End::Never, &[]),
            "nginx" => of(&NGINX, End::Never, &[]),
            "redis-server" | "valkey-server" | "keydb-server" => of(&REDIS, End::Never, &[]),
            "postgres" => of(&POSTGRES, End::Never, &[]),
            "mysqld" | "mariadbd" => of(&MYSQL, End::Never, &[]),
            "mongod" => of(&MONGO, End::Never, &[]),
            "etcd" => of(&ETCD, End::Never, &[]),
            _ => None,
        }
    }

    /// Whether a word is kept, and what of the options is left to be read.
    pub(super) fn read(mut self, word: &str) -> (bool, Option<Self>) {
        if let Some(value) = self.pending.take() {
            return (value.is_some_and(|value| value.fits(word)), Some(self));
        }
        if self.skipped.contains(&word) {
            self.pending = Some(None);
            return (false, Some(self));
        }
        for (name, join, value) in self.known {
            let Some(rest) = word.strip_prefix(name) else { continue };
            let joined = match join {
                Join::EqualsOrNext => rest.strip_prefix('='),
                Join::Attached => (!rest.is_empty()).then_some(rest),
                Join::Glued => Some(rest),
            };
            match joined {
                Some(joined) if value.fits(joined) => return (true, Some(self)),
                None if rest.is_empty() => {
                    self.pending = Some(Some(*value));
                    return (true, Some(self));
                }
                // The name of a longer option, or a value that nobody can vouch for.
                _ => {}
            }
        }
        let is_over = self.end == End::AtFirstWord && (!word.starts_with('-') || word == "-jar");
        (false, (!is_over).then_some(self))
    }
}

/// The variables of which a part is kept, beside those that name an engine.
pub const VARIABLES: [&str; 10] = [
    "NODE_OPTIONS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "JAVA_OPTS",
    "GUNICORN_CMD_ARGS",
    "WEB_CONCURRENCY",
    "NODE_ENV",
    "PATH",
    "PGDATA",
    "PYTHONHASHSEED",
];

/// A seed of one's own may be meant to be secret.
const SEED: Value = Value::Word(&["random"]);

const STAGES: Value = Value::Word(&["production", "development", "test", "staging"]);

/// The part of a variable's value that cannot be a secret and that a rule
/// reads, the rest withheld; `None` for any other variable.
pub fn kept_of_variable(name: &str, value: &str) -> Option<String> {
    let known = VARIABLES.contains(&name);
    let kept = match name {
        _ if !known => return None,
        "PATH" => value.split(':').map(folder).collect::<Vec<_>>().join(":"),
        "PGDATA" => folder(value).to_owned(),
        "WEB_CONCURRENCY" => if Value::Number.fits(value) { value } else { WITHHELD }.to_owned(),
        "NODE_ENV" => if STAGES.fits(value) { value } else { WITHHELD }.to_owned(),
        "PYTHONHASHSEED" => if SEED.fits(value) { value } else { WITHHELD }.to_owned(),
        "NODE_OPTIONS" => words_of("node", value),
        "GUNICORN_CMD_ARGS" => words_of("gunicorn", value),
        _ => words_of("java", value),
    };
    Some(if value.is_empty() { String::new() } else { kept })
}

/// Options and their values; what stands between them never ends the list.
fn words_of(program: &str, value: &str) -> String {
    let mut kept = Vec::new();
    let mut options = Options::of(program).map(|it| Options { end: End::Never, ..it });
    for word in value.split_whitespace() {
        let (is_kept, rest) = options.map_or((false, None), |it| it.read(word));
        kept.push(if is_kept { word } else { WITHHELD });
        options = rest;
    }
    kept.join(" ")
}

fn folder(path: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._+-".contains(&byte);
    let is_folder = path.starts_with('/') && path.len() <= 200 && path.bytes().all(is_plain);
    if is_folder { path } else { WITHHELD }
}

/// A number of bytes as an option writes it: `512m`, `1g`, `65536`.
pub fn bytes(text: &str) -> Option<u64> {
    let number = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let unit = match text.strip_prefix(number)?.to_ascii_lowercase().trim_end_matches('b') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_variable_only_the_options_with_their_grammar_are_kept() {
        for (name, value, expected) in [
            (
                "NODE_OPTIONS",
                "--max-old-space-size=256 --require s3cret",
                "--max-old-space-size=256 … …",
            ),
            ("JAVA_TOOL_OPTIONS", "-Dpw=s3cret -Xmx1g", "… -Xmx1g"),
            ("JAVA_OPTS", "s3cret -XX:MaxRAMPercentage=s3cret", "… …"),
            ("GUNICORN_CMD_ARGS", "--workers 3 --bind=s3cret", "--workers 3 …"),
            ("WEB_CONCURRENCY", "s3cret", "…"),
            ("WEB_CONCURRENCY", "4", "4"),
            ("NODE_ENV", "production", "production"),
            ("NODE_ENV", "s3cret", "…"),
            ("NODE_ENV", "", ""),
            ("PYTHONHASHSEED", "random", "random"),
            ("PYTHONHASHSEED", "4711", "…"),
            ("PATH", "/usr/bin:/bin:s3cret", "/usr/bin:/bin:…"),
            ("PGDATA", "/srv/data", "/srv/data"),
            ("PGDATA", "s3cret", "…"),
        ] {
            assert_eq!(kept_of_variable(name, value).as_deref(), Some(expected), "{name}={value}");
        }
        assert_eq!(kept_of_variable("PASSWORD", "1234"), None);
    }

    #[test]
    fn sizes_are_read_as_the_runtimes_write_them() {
        assert_eq!(bytes("512m"), Some(512 << 20));
        assert_eq!(bytes("10MB"), Some(10 << 20));
        assert_eq!(bytes("1G"), Some(1 << 30));
        assert_eq!(bytes("65536"), Some(65536));
        assert_eq!(bytes("lots"), None);
        assert_eq!(bytes("5x"), None);
    }
}
