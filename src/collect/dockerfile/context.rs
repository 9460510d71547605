//! What a build is given beside its Dockerfile: the names in a folder, and the
//! file that says which of them are left out. Nothing else of them is read.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::build::Context;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::holder::is_holder;

/// The most names that are listed.
const MOST: usize = 4_096;

/// How deep folders are looked into.
const DEEPEST: usize = 8;

/// The most bytes of a `.dockerignore`.
const LARGEST: u64 = 1 << 18;

/// Folders whose inside is of one kind: that they are there says it all.
const CLOSED: [&str; 7] = [".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv"];

/// A folder of dependencies that belong to the source: of what is in it only those names
/// are listed that hold secrets.
const SIFTED: &str = "vendor";

/// The most names in such folders that are looked at, and how deep: they are many, and
/// their paths long.
const MOST_SIFTED: usize = 1 << 17;
const DEEPEST_SIFTED: usize = 32;

/// Names in order, and whether there are more.
type Names = (Vec<Untrusted>, bool);

/// The folders that builds of one run are given, each looked at once.
#[derive(Debug, Default)]
pub struct Contexts {
    names: Mutex<HashMap<PathBuf, Arc<Names>>>,
}

impl Contexts {
    /// What the build of a Dockerfile is given: a folder, or else the file's own.
    pub(super) fn of(
        &self,
        file: &Path,
        named: Option<&Path>,
        source: &Source,
    ) -> Result<Arc<Context>, Gap> {
        let own = file.parent().filter(|_| file != Path::new("-"));
        let own = own.map(|it| if it.as_os_str().is_empty() { Path::new(".") } else { it });
        let Some(folder) = named.or(own) else {
            let detail = "nobody named the folder that the build is given";
            let gap = Gap::new(Reason::NotCollected, source.clone(), detail);
            return Err(gap.mend("name it by --context-dir"));
        };
        if !folder.is_dir() {
            let shown = Untrusted::from(folder.display().to_string());
            let gap = Gap::new(Reason::Gone, source.clone(), format!("{shown} is no folder"));
            return Err(gap.mend("name the folder that the build is given by --context-dir"));
        }
        let names = {
            let mut known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = known.entry(folder.to_owned());
            Arc::clone(entry.or_insert_with(|| Arc::new(names(folder))))
        };
        let beside = file.file_name().map(|name| {
            let mut name = name.to_owned();
            name.push(".dockerignore");
            file.with_file_name(name)
        });
        // The one that is named after the Dockerfile goes before the folder's.
        let candidates = beside.into_iter().chain([folder.join(".dockerignore")]);
        let ignore = candidates.filter(|it| it.is_file()).find_map(|path| {
            let text = read(&path)?;
            Some((path.display().to_string().into(), text.into()))
        });
        Ok(Arc::new(Context {
            folder: folder.display().to_string().into(),
            is_assumed: named.is_none(),
            ignore,
            names: names.0.clone(),
            is_cut: names.1,
        }))
    }
}

fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The names below a folder, the nearest first; links are not followed.
#[expect(clippy::disallowed_methods, reason = "it lists what a build is given")]
fn names(folder: &Path) -> Names {
    let mut found = Vec::new();
    let (mut is_cut, mut sifted) = (false, 0);
    let mut level = vec![(folder.to_owned(), String::new(), false)];
    for depth in 1.. {
        let mut next = Vec::new();
        for (path, below, is_sifted) in level {
            let Ok(entries) = std::fs::read_dir(&path) else {
                is_cut = true;
                continue;
            };
            let most = if is_sifted { MOST_SIFTED } else { MOST };
            let mut entries: Vec<_> = entries.flatten().take(most + 1).collect();
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                sifted += usize::from(is_sifted);
                if found.len() == MOST || sifted > MOST_SIFTED {
                    return (found, true);
                }
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_folder = entry.file_type().is_ok_and(|it| it.is_dir());
                let whole = format!("{below}{name}{}", if is_folder { "/" } else { "" });
                if !is_sifted || !is_folder && is_holder(&whole) {
                    found.push(whole.as_str().into());
                }
                if is_folder && !CLOSED.contains(&name.as_str()) {
                    next.push((entry.path(), whole, is_sifted || name == SIFTED));
                }
            }
        }
        if depth >= DEEPEST {
            is_cut |= next.iter().any(|(_, _, is_sifted)| !is_sifted || depth >= DEEPEST_SIFTED);
            next.retain(|(_, _, is_sifted)| *is_sifted && depth < DEEPEST_SIFTED);
        }
        if next.is_empty() {
            break;
        }
        level = next;
    }
    (found, is_cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "it lays out what is looked at")]
    #[test]
    fn of_dependencies_that_belong_to_the_source_only_secrets_are_listed() {
        let folder = std::env::temp_dir().join(format!("secaudit-context-{}", std::process::id()));
        let deep = folder.join("vendor/a.org/b/c/d/e/f/g/h/i");
        std::fs::create_dir_all(&deep).unwrap();
        for name in
            ["vendor/a.org/.env", "vendor/a.org/x.go", "vendor/a.org/b/c/d/e/f/g/h/i/id_rsa"]
        {
            std::fs::write(folder.join(name), "").unwrap();
        }
        let (found, is_cut) = names(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        let found: Vec<_> = found.iter().map(Untrusted::raw).collect();
        let listed = ["vendor/", "vendor/a.org/.env", "vendor/a.org/b/c/d/e/f/g/h/i/id_rsa"];
        assert_eq!((found, is_cut), (listed.to_vec(), false));
    }
}
