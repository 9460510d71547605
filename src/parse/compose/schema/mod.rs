//! Which keys compose knows, and what each of them takes.
//!
//! One table (`keys`) says it once. The long forms, the unknown keys and the
//! casts of scalars all follow from it.

pub mod cast;
mod keys;
mod unknown;

pub use keys::{ONE_SERVICE, ROOT, TOP};
pub use unknown::{MOST_COMPARED, Unknown, unknown, unknown_in};

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Anything: nobody here reads it.
    Any,
    /// A text. A number or a truth value without quotes is one too.
    Text,
    /// A truth value.
    Flag,
    /// A whole number.
    Integer,
    /// A decimal number, such as a share of processors.
    Number,
    /// A number of bytes, such as `512m`.
    Size,
    /// A length of time, such as `1m30s`.
    Duration,
    /// The mode of a file, in octal.
    Mode,
    /// A command: a text that is split into words, or a list of words.
    Command,
    /// A list of such.
    List(&'static Self),
    /// A mapping from names that a person chose to such.
    Named(&'static Self),
    /// A mapping with these keys, sorted by name, and `x-` extensions.
    Record(&'static [(&'static str, Self)]),
    /// Such, and a shorter way to write it.
    Short(Form, &'static Self),
}

/// The shorter ways to write a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A list of texts; one text is a list of one.
    Texts,
    /// A mapping; also a list of `KEY=VALUE`.
    Pairs,
    /// A mapping from hosts to addresses; also a list of `HOST=ADDRESS`.
    Hosts,
    /// A mapping; also a list of its keys.
    Names,
    /// `depends_on`: also a list of services.
    Dependencies,
    /// `env_file`: also a path, or a list with paths.
    EnvFiles,
    /// `ports`: items such as `127.0.0.1:8080:80/tcp`.
    Ports,
    /// A volume: also `SOURCE:TARGET:OPTIONS`.
    Volume,
    /// A device: also `SOURCE:TARGET:PERMISSIONS`.
    Device,
    /// A secret or config that a service takes: also its name.
    Source,
    /// `build`: also its context.
    Build,
    /// A resource limit of a process: also one number for both.
    Limit,
    /// `extends`: also the service.
    Extends,
    /// A file to include: also its path.
    Include,
    /// `gpus`: also `all`.
    Gpus,
    /// A request for devices: without a count it is all of them.
    Request,
    /// A resource that may be somebody else's: `external: {name: …}`.
    Resource,
}

/// What a key of a record takes; none where the record has no such key.
pub fn find(record: &'static [(&'static str, Kind)], key: &str) -> Option<&'static Kind> {
    let place = record.binary_search_by_key(&key, |(name, _)| name).ok()?;
    record.get(place).map(|(_, kind)| kind)
}

/// Whether a key is an extension, which compose leaves to others.
pub fn is_extension(key: &str) -> bool {
    key.starts_with("x-")
}
