//! The files of a project, from the disk or standard input.

use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use crate::model::kept::Keeping;
use crate::parse::compose::{LARGEST, Load};

use super::kept;

/// Where files are read.
#[derive(Debug, Default)]
pub struct Disk {
    /// What came from standard input, which can be read only once.
    input: OnceLock<Result<Vec<u8>, String>>,
    /// What git tracks where the last file lay that was asked for.
    index: kept::Index,
}

impl Load for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        if path == Path::new("-") {
            return self.input.get_or_init(|| bounded(std::io::stdin().lock(), 0)).clone();
        }
        // Looked at before it is opened: a FIFO would never answer, a device never end.
        let about = std::fs::metadata(path).map_err(|error| in_words(&error))?;
        if about.is_dir() {
            return Err("it is a folder and no file".to_owned());
        }
        if !about.is_file() {
            return Err("it is no regular file".to_owned());
        }
        let file = std::fs::File::open(path).map_err(|error| in_words(&error))?;
        bounded(file, about.len())
    }

    fn is_file(&self, path: &Path) -> bool {
        // Who may not look is told so when it is read, and not that there is none.
        let is_hidden =
            |error: std::io::Error| error.kind() == std::io::ErrorKind::PermissionDenied;
        let is_file = || std::fs::metadata(path).map_or_else(is_hidden, |about| about.is_file());
        path == Path::new("-") || is_file()
    }

    fn keeping(&self, path: &Path, known_as: &str) -> Keeping {
        kept::keeping(path, known_as, &self.index)
    }
}

/// As much as is read of any file; `expected` bytes at one go.
fn bounded(file: impl Read, expected: u64) -> Result<Vec<u8>, String> {
    let expected = usize::try_from(expected).unwrap_or(LARGEST).min(LARGEST);
    let mut bytes = Vec::with_capacity(expected + 1);
    let most = u64::try_from(LARGEST).unwrap_or(u64::MAX);
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| in_words(&error))?;
    if bytes.len() > LARGEST {
        return Err(format!("it is larger than {} MiB", LARGEST >> 20));
    }
    Ok(bytes)
}

fn in_words(error: &std::io::Error) -> String {
    let kind = error.kind();
    if kind == std::io::ErrorKind::NotFound {
        "there is no such file".to_owned()
    } else if kind == std::io::ErrorKind::PermissionDenied {
        "permission denied".to_owned()
    } else {
        error.to_string()
    }
}
