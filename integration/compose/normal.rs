//! One shape for resolved projects: long forms, typed values, no defaults, no order
//! where there is none.

use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value, json};

/// What stands for a scalar with variables that nobody set.
pub(crate) const UNSET: &str = "unset variables";

/// The home of whoever asks, in every sample.
pub(crate) const HOME: &str = "/home/user";

/// What a value means, so that its spellings can be told from its meanings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// As it is written.
    Text,
    Truth,
    Number,
    /// Bytes, as in `1.5g`.
    Size,
    /// Seconds, as in `1m30s`.
    Duration,
    /// An octal number, as in `0440`.
    Mode,
    /// Of the host.
    Path,
    /// A sequence without an order.
    Set,
    /// A mapping, also where nothing stands.
    Mapping,
    /// Of no consequence.
    Left,
}

/// Of everything that is no text. The first that fits counts.
const KINDS: &[(&str, Kind)] = &[
    ("version", Kind::Left),
    ("name", Kind::Left),
    ("x-*", Kind::Left),
    ("services.*.x-*", Kind::Left),
    // Both have read these files, and shown what is in them.
    ("services.*.env_file", Kind::Left),
    ("services.*.extends", Kind::Left),
    ("services.*.privileged", Kind::Truth),
    ("services.*.read_only", Kind::Truth),
    ("services.*.init", Kind::Truth),
    ("services.*.tty", Kind::Truth),
    ("services.*.stdin_open", Kind::Truth),
    ("services.*.oom_kill_disable", Kind::Truth),
    ("services.*.healthcheck.disable", Kind::Truth),
    ("services.*.healthcheck.retries", Kind::Number),
    ("services.*.healthcheck.test", Kind::Text),
    ("services.*.healthcheck.*", Kind::Duration),
    ("services.*.stop_grace_period", Kind::Duration),
    ("services.*.mem_limit", Kind::Size),
    ("services.*.memswap_limit", Kind::Size),
    ("services.*.mem_reservation", Kind::Size),
    ("services.*.shm_size", Kind::Size),
    ("services.*.build.shm_size", Kind::Size),
    ("services.*.build.context", Kind::Path),
    ("services.*.blkio_config.*.#.rate", Kind::Size),
    ("services.*.deploy.resources.*.memory", Kind::Size),
    ("services.*.deploy.resources.*.cpus", Kind::Number),
    ("services.*.cpus", Kind::Number),
    ("services.*.ulimits.*.*", Kind::Number),
    ("services.*.secrets.*.mode", Kind::Mode),
    ("services.*.configs.*.mode", Kind::Mode),
    // Absolute already, but with and without a slash at the end.
    ("services.*.volumes.*.target", Kind::Path),
    ("services.*.volumes.*.read_only", Kind::Truth),
    ("services.*.volumes.*.volume.nocopy", Kind::Truth),
    ("services.*.volumes.*.bind.create_host_path", Kind::Truth),
    ("services.*.volumes.*.tmpfs.size", Kind::Size),
    ("services.*.depends_on.*.required", Kind::Truth),
    ("services.*.depends_on.*.restart", Kind::Truth),
    ("services.*.networks.*", Kind::Mapping),
    ("services.*.networks.*.aliases", Kind::Set),
    ("services.*.cap_add", Kind::Set),
    ("services.*.cap_drop", Kind::Set),
    ("services.*.security_opt", Kind::Set),
    ("services.*.expose", Kind::Set),
    ("services.*.profiles", Kind::Set),
    ("services.*.tmpfs", Kind::Set),
    ("networks.*", Kind::Mapping),
    ("volumes.*", Kind::Mapping),
    ("*.*.external", Kind::Truth),
    ("networks.*.internal", Kind::Truth),
    ("networks.*.attachable", Kind::Truth),
    ("networks.*.enable_ipv6", Kind::Truth),
    ("secrets.*.file", Kind::Path),
    ("configs.*.file", Kind::Path),
];

/// Where, and what stands there where nothing is written.
type Default = (&'static str, fn() -> Value);

/// What it is the same to write and to leave out, by the Compose Specification.
const DEFAULTS: &[Default] = &[
    ("services.*.ports.*.mode", || json!("ingress")),
    ("services.*.ports.*.protocol", || json!("tcp")),
    ("services.*.volumes.*.read_only", || json!(false)),
    ("services.*.depends_on.*.required", || json!(true)),
    ("services.*.depends_on.*.restart", || json!(false)),
    ("services.*.devices.*.permissions", || json!("rwm")),
    ("services.*.healthcheck.disable", || json!(false)),
    ("services.*.environment", || json!({})),
    ("services.*.build.dockerfile", || json!("Dockerfile")),
    ("services.*.volumes.*.bind", || json!({})),
    ("services.*.volumes.*.volume", || json!({})),
    ("*.*.external", || json!(false)),
];

/// Where, and what an item there is called by.
type Named = (&'static str, fn(&Value) -> String);

/// Sequences of things that have names.
const NAMED: &[Named] = &[
    ("services.*.ports", |it| {
        let word = |key: &str| text(&it[key]).unwrap_or_default();
        let protocol = text(&it["protocol"]).unwrap_or_else(|| "tcp".to_owned());
        format!("{}|{}|{}/{protocol}", word("host_ip"), word("published"), word("target"))
    }),
    ("services.*.volumes", |it| clean(Path::new(&text(&it["target"]).unwrap_or_default()))),
    ("services.*.devices", |it| text(&it["target"]).unwrap_or_default()),
    ("services.*.secrets", |it| text(&it["source"]).unwrap_or_default()),
    ("services.*.configs", |it| text(&it["source"]).unwrap_or_default()),
];

/// A model in the one shape. Relative paths begin at `folder`.
pub(crate) fn normal(model: &Value, folder: &Path) -> Value {
    Shaper { folder, path: Vec::new() }.shape(model)
}

struct Shaper<'a> {
    folder: &'a Path,
    /// Where the value stands that is shaped now.
    path: Vec<String>,
}

impl Shaper<'_> {
    fn shape(&mut self, value: &Value) -> Value {
        if value.get(UNSET).is_some() {
            return value.clone();
        }
        match (self.kind(), value) {
            (Kind::Mapping, Value::Null) => json!({}),
            (Kind::Set, Value::Array(items)) => {
                items.iter().map(|it| (text(it).unwrap_or_default(), json!(true))).collect()
            }
            (_, Value::Array(items)) => self.sequence(items),
            (_, Value::Object(map)) => self.mapping(map),
            (kind, scalar) => match text(scalar) {
                Some(text) => self.scalar(kind, &text),
                None => Value::Null,
            },
        }
    }

    fn kind(&self) -> Kind {
        let known = KINDS.iter().find(|(at, _)| stands(at, &self.path));
        known.map_or(Kind::Text, |(_, kind)| *kind)
    }

    fn below(&mut self, key: &str, value: &Value) -> Value {
        self.path.push(key.to_owned());
        let shaped = self.shape(value);
        self.path.pop();
        shaped
    }

    fn sequence(&mut self, items: &[Value]) -> Value {
        match NAMED.iter().find(|(at, _)| stands(at, &self.path)) {
            Some((_, name)) => items
                .iter()
                .map(|item| (name(item), item))
                .map(|(name, item)| (name.clone(), self.below(&name, item)))
                .collect(),
            None => items.iter().map(|item| self.below("#", item)).collect(),
        }
    }

    fn mapping(&mut self, map: &Map<String, Value>) -> Value {
        let mut shaped = Map::new();
        for (key, value) in map {
            self.path.push(key.clone());
            let value = self.shape(value);
            let is_default =
                DEFAULTS.iter().any(|(at, it)| stands(at, &self.path) && it() == value);
            if !is_default && self.kind() != Kind::Left {
                shaped.insert(key.clone(), value);
            }
            self.path.pop();
        }
        // What a bind has as its source is a path; of a volume it is a name.
        if map.get("type") == Some(&json!("bind"))
            && let Some(source) = map.get("source").and_then(text)
        {
            shaped.insert("source".to_owned(), self.absolute(&source));
        }
        // By the specification two ways to say one thing.
        if shaped.get("disable") == Some(&json!(true)) {
            shaped.remove("disable");
            shaped.insert("test".to_owned(), json!(["NONE"]));
        }
        // What others made is called there as it is called here, where nothing else is said.
        if shaped.get("external") == Some(&json!(true))
            && let Some(name) = self.path.last()
        {
            shaped.entry("name").or_insert_with(|| json!(name));
        }
        Value::Object(shaped)
    }

    fn scalar(&self, kind: Kind, text: &str) -> Value {
        let as_it_is = || json!(text);
        match kind {
            Kind::Truth => match text.to_lowercase().as_str() {
                "true" | "yes" | "y" | "on" => json!(true),
                "false" | "no" | "n" | "off" => json!(false),
                _ => as_it_is(),
            },
            Kind::Number => text.parse().map_or_else(|_| as_it_is(), |it: f64| json!(it)),
            Kind::Size => measured(text, SIZES).map_or_else(as_it_is, |it| json!(it)),
            Kind::Duration => measured(text, TIMES).map_or_else(as_it_is, |it| json!(it)),
            Kind::Mode => i64::from_str_radix(text, 8).map_or_else(|_| as_it_is(), |it| json!(it)),
            Kind::Path => self.absolute(text),
            Kind::Text | Kind::Set | Kind::Mapping | Kind::Left => as_it_is(),
        }
    }

    fn absolute(&self, path: &str) -> Value {
        if path.contains("://") {
            return json!(path);
        }
        let path = path.strip_prefix('~').map_or(path.to_owned(), |rest| format!("{HOME}{rest}"));
        json!(clean(&self.folder.join(path)))
    }
}

/// Whether a path fits a pattern of the same length: `*` is any key, `x-*` any that
/// begins so, `#` an item of a sequence.
pub(crate) fn stands(pattern: &str, path: &[String]) -> bool {
    let words: Vec<&str> = pattern.split('.').collect();
    words.len() == path.len()
        && words.iter().zip(path).all(|(word, key)| match word.strip_suffix('*') {
            Some(start) => key.starts_with(start),
            None => word == key,
        })
}

/// A path without `.`, `..` and what stands twice, as no link would lead elsewhere.
fn clean(path: &Path) -> String {
    let mut whole = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = whole.pop(),
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => whole.push(part),
        }
    }
    whole.to_string_lossy().into_owned()
}

/// What a scalar says.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The units of sizes, in bytes; the longer before those that they end with.
const SIZES: &[(&str, f64)] = &[
    ("kb", 1024.0),
    ("mb", 1_048_576.0),
    ("gb", 1_073_741_824.0),
    ("k", 1024.0),
    ("m", 1_048_576.0),
    ("g", 1_073_741_824.0),
    ("b", 1.0),
    ("", 1.0),
];

/// The units of times, in seconds.
const TIMES: &[(&str, f64)] =
    &[("ms", 0.001), ("us", 0.000_001), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];

/// The sum of the numbers with their units, as in `1m30s`.
fn measured(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.to_lowercase();
    let mut rest = text.as_str();
    let mut sum = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|it: char| !matches!(it, '0'..='9' | '.' | '-')).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let (unit, factor) = units.iter().find(|(unit, _)| after.starts_with(unit))?;
        sum += number.parse::<f64>().ok()? * factor;
        rest = after.strip_prefix(unit)?;
    }
    // To the microsecond, past what adding up parts of seconds gets wrong.
    Some((sum * 1e6).round() / 1e6)
}
