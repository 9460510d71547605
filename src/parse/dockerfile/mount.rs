//! The mounts of a `RUN`, which last as long as it does.

use super::Place;
use super::instruction::Instruction;

/// A `--mount` of a `RUN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// `bind`, `cache`, `tmpfs`, `secret` or `ssh`.
    pub kind: String,
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
            let mut mount =
                Mount { kind: "bind".to_owned(), target: String::new(), place: flag.place };
            for part in flag.value.iter().flat_map(|it| it.split(',')) {
                let (key, value) = part.split_once('=').unwrap_or((part, ""));
                match key.trim().to_ascii_lowercase().as_str() {
                    "type" => mount.kind = value.to_ascii_lowercase(),
                    "target" | "dst" | "destination" => mount.target = value.to_owned(),
                    _ => {}
                }
            }
            mount
        })
    }
}
