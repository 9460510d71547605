//! Compose projects to try things on: some as people write them, most made.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a corpus that cannot be read or made is none"
)]

pub(crate) mod features;
pub(crate) mod make;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub(crate) use make::made;

/// A project: what lies in its folder, and how it is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    /// What it is called when something is wrong with it.
    pub(crate) name: String,
    /// The files of its folder with their texts.
    pub(crate) files: BTreeMap<String, String>,
    /// Those that are given by `--file`, in this order.
    pub(crate) compose: Vec<String>,
    /// The environment of whoever asks.
    pub(crate) environment: BTreeMap<String, String>,
}

/// The projects in `compose/`, each with what it may refer to there. `NAME.override.yaml`
/// belongs to `NAME.yaml`.
pub(crate) fn written() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/compose");
    let files: BTreeMap<String, String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    let is_own = |name: &&String| name.ends_with(".yaml") && !name.ends_with(".override.yaml");
    let sample = |name: &String| {
        let layer = name.replace(".yaml", ".override.yaml");
        let layers = [name.clone()].into_iter().chain(files.contains_key(&layer).then_some(layer));
        Sample {
            name: name.clone(),
            files: files.clone(),
            compose: layers.collect(),
            environment: BTreeMap::from([("HOME".to_owned(), "/home/user".to_owned())]),
        }
    };
    files.keys().filter(is_own).map(sample).collect()
}
