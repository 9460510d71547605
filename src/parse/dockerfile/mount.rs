//! The mounts of a `RUN`, which last as long as it does.

use super::Place;
use super::instruction::Instruction;

/// A `--mount` of a `RUN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// `bind`, `cache`, `tmpfs`, `secret` or `ssh`.
    pub kind: String,
    /// The stage or image that it is of; empty where it is what the build is given.
    pub from: String,
    /// What of that; empty where all of it is.
    pub source: String,
    /// Where it is; empty where its default is meant.
    pub target: String,
    /// Where it is written.
    pub place: Place,
}

impl Instruction {
    /// The mounts of a `RUN`.
    pub fn mounts(&self) -> impl Iterator<Item = Mount> {
        self.flags.iter().filter(|it| it.name == "mount").map(|flag| {
            // A mount is one of a folder where it does not say otherwise.
            let mut mount = Mount {
                kind: "bind".to_owned(),
                from: String::new(),
                source: String::new(),
                target: String::new(),
                place: flag.place,
            };
            for part in flag.value.iter().flat_map(|it| it.split(',')) {
                let (key, value) = part.split_once('=').unwrap_or((part, ""));
                match key.trim().to_ascii_lowercase().as_str() {
                    "type" => mount.kind = value.to_ascii_lowercase(),
                    "from" => mount.from = value.to_owned(),
                    "source" | "src" => mount.source = value.to_owned(),
                    "target" | "dst" | "destination" => mount.target = value.to_owned(),
                    _ => {}
                }
            }
            mount
        })
    }
}
