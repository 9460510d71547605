//! The options that rules read, and the grammar of their values.
//!
//! An option is kept only of the program that it belongs to, and only with a
//! value that is a number, a size, a percentage or a word of a short list: what
//! is kept cannot be a password.

use super::WITHHELD;
use super::programs::bare;

/// A grammar that no secret fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
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
    /// Whether a text is of this grammar.
    pub(super) fn fits(self, text: &str) -> bool {
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
            Self::Path => super::variables::folder(text) == text,
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

/// Of a value that may be anything only the option's name is kept.
const ANYTHING: Value = Value::Word(&[]);

const GUNICORN: [Known; 14] = [
    ("-c", Join::Attached, ANYTHING),
    ("--config", Join::EqualsOrNext, ANYTHING),
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
        match bare(program) {
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

    /// The same, where other words never end the list.
    pub(super) fn among_others(self) -> Self {
        Self { end: End::Never, ..self }
    }

    /// What of a word is kept, and what of the options is left to be read.
    pub(super) fn read(mut self, word: &str) -> (String, Option<Self>) {
        if let Some(value) = self.pending.take() {
            let fits = value.is_some_and(|value| value.fits(word));
            return (if fits { word } else { WITHHELD }.to_owned(), Some(self));
        }
        if self.skipped.contains(&word) {
            self.pending = Some(None);
            return (WITHHELD.to_owned(), Some(self));
        }
        for (name, join, value) in self.known {
            let Some(rest) = word.strip_prefix(name) else { continue };
            let joined = match join {
                Join::EqualsOrNext => rest.strip_prefix('='),
                Join::Attached => (!rest.is_empty()).then_some(rest),
                Join::Glued => Some(rest),
            };
            match joined {
                Some(joined) if value.fits(joined) => return (word.to_owned(), Some(self)),
                None if rest.is_empty() => {
                    self.pending = Some(Some(*value));
                    return (word.to_owned(), Some(self));
                }
                // That it is set is known, whatever to.
                Some(_) if *join == Join::EqualsOrNext => {
                    return (format!("{name}={WITHHELD}"), Some(self));
                }
                Some(_) if *join == Join::Attached => {
                    return (format!("{name}{WITHHELD}"), Some(self));
                }
                // The name of a longer option, or a value that nobody can vouch for.
                _ => {}
            }
        }
        let is_over = self.end == End::AtFirstWord && (!word.starts_with('-') || word == "-jar");
        (WITHHELD.to_owned(), (!is_over).then_some(self))
    }
}

/// What the last of an option's occurrences among the words of a skeleton says:
/// `--long VALUE`, `--long=VALUE`, `-s VALUE` or `-sVALUE`. It is [`WITHHELD`] where the
/// value was not recorded.
pub fn last<'w>(words: &[&'w str], long: &str, short: Option<&str>) -> Option<&'w str> {
    let mut found = None;
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        let value = if word == long || Some(word) == short {
            words.next()
        } else {
            let joined = word.strip_prefix(long).and_then(|rest| rest.strip_prefix('='));
            joined.or_else(|| word.strip_prefix(short?))
        };
        found = value.or(found);
    }
    found
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
    fn the_last_of_an_options_values_counts_however_it_is_written() {
        for (words, expected) in [
            ("gunicorn -w 4", Some("4")),
            ("gunicorn -w4 … --workers=8", Some("8")),
            ("gunicorn --workers 8 -w …", Some("…")),
            ("gunicorn --workers=…", Some("…")),
            ("gunicorn --worker-class sync", None),
            ("gunicorn -w", None),
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            assert_eq!(last(&words, "--workers", Some("-w")), expected, "{words:?}");
        }
        assert_eq!(last(&["gunicorn", "-w", "4"], "--keep-alive", None), None);
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
