//! How the files of a project are kept: who may read them, and what git makes of them.
//! Git itself is not started: what its files say could start anything.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::files::{self, Kind};
use crate::model::kept::{Ignore, Keeping, Repository};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::parse::git::{self, index};

/// The most bytes of all files together that say what git leaves alone.
const MOST_IGNORED: usize = 1 << 18;

/// The most bytes of an index: one of a million files has about a hundred.
const MOST_INDEXED: usize = 1 << 27;

/// How deep below a repository's root a file may lie.
const DEEPEST: usize = 64;

/// An index by its path, kept for the next file that lies in its repository.
pub(super) type Index = Mutex<Option<(PathBuf, Arc<[u8]>)>>;

/// How a file is kept that is known by the second path.
pub(super) fn keeping(path: &Path, known_as: &str, index: &Index) -> Keeping {
    let disk = |error: io::Error| gap(&error, Source::Disk(known_as.into()), known_as);
    let access = fs::metadata(path).map(|about| of(&about, known_as)).map_err(disk);
    let source = Source::Git(known_as.into());
    Keeping { access, git: repository(path, &source, index) }
}

fn of(about: &fs::Metadata, known_as: &str) -> files::File {
    let device = about.dev();
    files::File {
        path: known_as.into(),
        kind: if about.is_dir() { Kind::Folder } else { Kind::File },
        mode: about.mode() & 0o7777,
        uid: about.uid(),
        gid: about.gid(),
        device: (rustix::fs::major(device), rustix::fs::minor(device)),
        inode: about.ino(),
        stands_for: None,
        capability: None,
    }
}

fn gap(error: &io::Error, source: Source, path: &str) -> Gap {
    let kind = error.kind();
    let reason = if kind == io::ErrorKind::PermissionDenied {
        Reason::Denied
    } else if kind == io::ErrorKind::NotFound {
        Reason::Gone
    } else if kind == io::ErrorKind::FileTooLarge {
        Reason::TooLarge
    } else {
        Reason::Unsupported
    };
    let path = Untrusted::from(path);
    Gap::new(reason, source, format!("{path}: {error}")).mend("run as somebody who may look at it")
}

/// The repository that a file lies in, as git finds it: the nearest folder above that
/// has a `.git`.
fn repository(path: &Path, source: &Source, index: &Index) -> Result<Option<Repository>, Gap> {
    let gap = |error: io::Error, path: &Path| gap(&error, source.clone(), &path.to_string_lossy());
    // Links above it lead to where git sees it; a link itself is what git has.
    let folder = path.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).map_err(|error| gap(error, folder))?;
    for root in folder.ancestors() {
        let beside = root.join(".git");
        let own = match git_folder(&beside) {
            Ok(Some(own)) => own,
            Ok(None) => continue,
            Err(error) => return Err(gap(error, &beside)),
        };
        let inner = folder.strip_prefix(root).unwrap_or(Path::new(""));
        let names: Vec<&OsStr> = inner.iter().chain(path.file_name()).collect();
        let below = names.iter().collect::<PathBuf>();
        let Some(text) = below.to_str().filter(|_| names.len() <= DEEPEST) else {
            let detail = "its path is no text, or too long";
            return Err(Gap::new(Reason::Unsupported, source.clone(), detail));
        };
        let ignores = ignores(root, &own, inner).map_err(|error| gap(error, root))?;
        let file = own.join("index");
        let is_tracked = match indexed(&file, index).map_err(|error| gap(error, &file))? {
            None => false,
            Some(bytes) => index::has(&bytes, text.as_bytes()).map_err(|why| {
                let detail = format!("{}: {why}", Untrusted::from(file.to_string_lossy().as_ref()));
                Gap::new(Reason::Unsupported, source.clone(), detail)
                    .mend("see whether git ls-files names it")
            })?,
        };
        return Ok(Some(Repository { path: text.into(), is_tracked, ignores }));
    }
    Ok(None)
}

/// The folder that a `.git` is or stands for; none where it is that of no repository.
fn git_folder(path: &Path) -> io::Result<Option<PathBuf>> {
    let Some(about) = there(fs::metadata(path))? else { return Ok(None) };
    let folder = if about.is_dir() {
        path.to_owned()
    } else {
        let bytes = read(path, MOST_IGNORED)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let Some(named) = git::folder(&text) else { return Ok(None) };
        path.parent().unwrap_or(path).join(named)
    };
    Ok(there(fs::metadata(folder.join("HEAD")))?.map(|_| folder))
}

/// What says which files git leaves alone, from the weakest on: the repository's own
/// file, which nobody else has, then those from the root down.
fn ignores(root: &Path, own: &Path, inner: &Path) -> io::Result<Vec<Ignore>> {
    // A further work tree shares it with the first.
    let common = read(&own.join("commondir"), MOST_IGNORED)?.unwrap_or_default();
    let common = own.join(String::from_utf8_lossy(&common).trim());
    let mut left = MOST_IGNORED;
    let mut found = Vec::new();
    let mut add = |file: PathBuf, folder: &Path| -> io::Result<()> {
        if let Some(bytes) = read(&file, left)? {
            left = left.saturating_sub(bytes.len());
            let folder = folder.to_string_lossy().as_ref().into();
            found.push(Ignore { folder, text: Untrusted::from_bytes(&bytes) });
        }
        Ok(())
    };
    add(common.join("info/exclude"), Path::new(""))?;
    let mut folders: Vec<&Path> = inner.ancestors().collect();
    folders.reverse();
    for folder in folders {
        let file = root.join(folder).join(".gitignore");
        // Git follows no link here.
        let is_link = there(fs::symlink_metadata(&file))?.is_some_and(|it| it.is_symlink());
        if !is_link {
            add(file, folder)?;
        }
    }
    Ok(found)
}

/// The bytes of an index; none where nothing was ever added.
fn indexed(path: &Path, known: &Index) -> io::Result<Option<Arc<[u8]>>> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, bytes)) = known.as_ref().filter(|(it, _)| it == path) {
        return Ok(Some(Arc::clone(bytes)));
    }
    let bytes = read(path, MOST_INDEXED)?.map(Arc::from);
    *known = bytes.as_ref().map(|bytes| (path.to_owned(), Arc::clone(bytes)));
    Ok(bytes)
}

/// What is there, and nothing where nothing is.
fn there<T>(asked: io::Result<T>) -> io::Result<Option<T>> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error),
    }
}

/// The bytes of a regular file, of so many at most; none where there is no such file.
fn read(path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    // Looked at before it is opened: a FIFO would never answer.
    let Some(about) = there(fs::metadata(path))?.filter(fs::Metadata::is_file) else {
        return Ok(None);
    };
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    if about.len() <= limit {
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    }
    if about.len() > limit || bytes.len() > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large to be read"));
    }
    Ok(Some(bytes))
}
