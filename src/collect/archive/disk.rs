//! Images on disk: an archive as `docker save` writes it, one in the OCI's
//! layout, or a folder in either.

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::{self, BufReader};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

use super::Limits;
use super::layers::{Ended, Image, Saved, Wanted};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;

/// The documents with which the layouts begin.
const BEGINNINGS: [&[u8]; 2] = [b"/manifest.json", b"/index.json"];

/// How much of a file is read at once.
const CHUNK: usize = 128 << 10;

/// The most documents of one folder.
const MOST: usize = 1024;

/// The images of a file, of a folder, or of standard input.
///
/// Nothing is unpacked, and of a folder nothing is opened that lies outside it.
pub(super) fn images(path: &Path, wanted: &Wanted, limits: Limits) -> (Vec<Image>, Vec<Gap>) {
    let source = Source::Archive(path.display().to_string().into());
    let mut saved = Saved::new(wanted, &source, limits);
    let read = if path == Path::new("-") {
        saved.read_whole(io::stdin().lock());
        Ok(())
    } else {
        opened(path).and_then(|(file, about)| {
            if about.is_dir() {
                folder(&file, &mut saved)
            } else {
                saved.read_whole(BufReader::with_capacity(CHUNK, file));
                Ok(())
            }
        })
    };
    match read {
        Ok(()) => saved.images(),
        Err(error) => {
            let kind = error.kind();
            let reason = if kind == io::ErrorKind::NotFound {
                Reason::Gone
            } else if kind == io::ErrorKind::PermissionDenied {
                Reason::Denied
            } else {
                Reason::Unsupported
            };
            let name = Untrusted::from(path.display().to_string());
            let detail = format!("{name} cannot be read: {error}");
            let gap = Gap::new(reason, source.clone(), detail);
            (Vec::new(), vec![gap.mend("check the path of --archive, and whether you may read it")])
        }
    }
}

fn opened(path: &Path) -> io::Result<(File, Metadata)> {
    // Looked at before it is opened: a FIFO would never answer, a device never end.
    let about = std::fs::metadata(path)?;
    if !about.is_file() && !about.is_dir() {
        return Err(io::Error::other("it is neither a file nor a folder"));
    }
    Ok((File::open(path)?, about))
}

/// Reads a folder: its documents first, then of what they describe only what is
/// wanted.
fn folder(folder: &File, saved: &mut Saved<'_>) -> io::Result<()> {
    let mut known: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut next: Vec<Vec<u8>> = BEGINNINGS.iter().map(|it| it.to_vec()).collect();
    while let Some(path) = next.pop() {
        if known.len() >= MOST || !known.insert(path.clone()) {
            continue;
        }
        if take(folder, path.clone(), saved)? {
            next.extend(saved.described(&path));
        }
    }
    for path in saved.parts_wanted() {
        if known.insert(path.clone()) {
            take(folder, path, saved)?;
        }
    }
    Ok(())
}

/// Takes in one file of a folder; whether it is there.
fn take(folder: &File, path: Vec<u8>, saved: &mut Saved<'_>) -> io::Result<bool> {
    let below = path.strip_prefix(b"/").unwrap_or(&path);
    let file = match within(folder, Path::new(std::ffi::OsStr::from_bytes(below))) {
        Ok(file) => file,
        // What is not there is missed where it is wanted.
        Err(_) => return Ok(false),
    };
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    match saved.take(path, &mut BufReader::with_capacity(CHUNK, file)) {
        Ok(()) => Ok(true),
        Err(Ended::Here(gap)) => {
            saved.give_up(gap);
            Ok(false)
        }
        Err(Ended::Stream(error)) => Err(error),
    }
}

/// Opens what lies in a folder, and nothing that a link leads out to.
fn within(folder: &File, path: &Path) -> Result<File, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    let how = OpenHow::new().flags(flags).resolve(resolve);
    openat2(folder.as_fd(), path, how).map(File::from)
}
