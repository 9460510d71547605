//! Which files the paths of a command line name.

use std::path::{Path, PathBuf};

use crate::parse::compose::{Fault, address};

/// A file or a folder that a path names.
#[derive(Debug)]
pub struct Named {
    /// Its own path.
    pub path: PathBuf,
    /// Whether it is a folder.
    pub is_folder: bool,
}

impl From<PathBuf> for Named {
    fn from(path: PathBuf) -> Self {
        Self { is_folder: path != Path::new("-") && path.is_dir(), path }
    }
}

/// The files and folders that a path names: itself, or what fits it as a glob.
///
/// # Errors
/// The pattern is none, fits no file, or leads to what cannot be looked into.
pub fn named(path: &Path) -> Result<Vec<Named>, Fault> {
    let fault = |what: &str, help: &str| Fault {
        file: address::masked(&path.to_string_lossy()).into(),
        at: None,
        what: what.to_owned(),
        help: help.to_owned(),
        line: String::new(),
    };
    // An address is no pattern, whatever stands in it.
    let is_pattern = |it: &&str| it.contains(['*', '?', '[']) && !address::is_remote(it);
    let text = path.to_str().filter(is_pattern);
    let (Some(text), false) = (text, path.exists()) else {
        return Ok(vec![path.to_owned().into()]);
    };
    let found = glob::glob(text)
        .map_err(|error| fault(&format!("it is no pattern: {}", error.msg), "mend it"))?;
    // What cannot be looked into is told, and nothing is passed over in silence.
    let mut found: Vec<Named> = found
        .map(|it| it.map(Named::from))
        .collect::<Result<_, _>>()
        .map_err(|error| fault(&error.to_string(), "run as somebody who may read it"))?;
    // Folders are projects only where the pattern names nothing else.
    if found.iter().any(|it| !it.is_folder) {
        found.retain(|it| !it.is_folder);
    }
    found.retain(|it| !is_laid_over(&it.path));
    if found.is_empty() {
        return Err(fault("no file fits this pattern", "check it, and the folder you are in"));
    }
    Ok(found)
}

/// Whether a file is laid over another that lies beside it, and is no project of
/// its own: `NAME.override.yaml` beside `NAME.yaml`.
fn is_laid_over(path: &Path) -> bool {
    let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
    let ends = [".override.yaml", ".override.yml"];
    let Some(base) = ends.iter().find_map(|end| name.strip_suffix(end)) else { return false };
    ["yaml", "yml"].iter().any(|end| path.with_file_name(format!("{base}.{end}")).is_file())
}
