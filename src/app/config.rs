//! Which file of settings holds: one that is named, or the nearest `secaudit.toml`.
//!
//! Settings can weaken a gate and say whom to ask, so that a file which somebody
//! else could have put there is passed over, and that is told.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use super::args::{self, Engine, Format};
use super::exit::Failure;
use super::{output, record};
use crate::policy::PolicyError;
use crate::policy::config::{Config, NAME};

/// The bit of a mode by which everybody may write.
const BY_EVERYBODY: u32 = 0o002;

/// The settings that hold, if any do.
pub(super) fn read(settings: &args::Settings) -> Result<Option<Config>, Failure> {
    let (path, text) = match &settings.config {
        _ if settings.no_config => return Ok(None),
        Some(path) => (path.clone(), record::text(path)),
        None => match found() {
            Some((path, file)) => (path, record::of_text(file)),
            None => return Ok(None),
        },
    };
    let text = text.map_err(|cause| Failure::SettingsFile { path: record::shown(&path), cause })?;
    parsed(&path, &text).map(Some).map_err(Failure::Settings)
}

/// What such a file says.
pub(super) fn parsed(path: &Path, text: &str) -> Result<Config, PolicyError> {
    let (formats, engines) = (args::names::<Format>(), args::names::<Engine>());
    Config::parse(path, text, &formats, &engines)
}

/// The nearest file, from the working directory up to the root of the repository, the
/// home directory or the end of the file system.
fn found() -> Option<(PathBuf, File)> {
    let start = std::env::current_dir().ok()?;
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let device = std::fs::metadata(&start).ok()?.dev();
    for folder in start.ancestors() {
        let about = std::fs::metadata(folder).ok().filter(|it| it.dev() == device)?;
        let path = folder.join(NAME);
        match opened(&path, &about) {
            Ok(file) => return Some((path, file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let path = record::shown(&path);
                output::to_stderr(&format!(
                    "secaudit: warning: {path} is passed over: {error}; name it with --config to \
                     have it hold"
                ));
                return None;
            }
        }
        let is_end = std::fs::symlink_metadata(folder.join(".git")).is_ok();
        if is_end || home.as_deref() == Some(folder) {
            return None;
        }
    }
    None
}

/// Opens a file that nobody but the user or root can have put there or changed.
fn opened(path: &Path, folder: &Metadata) -> io::Result<File> {
    // Neither follows a link nor waits for whoever writes into a FIFO.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = match File::options().read(true).custom_flags(flags.bits()).open(path) {
        Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ELOOP as i32) => {
            return Err(io::Error::other("it is a symbolic link"));
        }
        other => other?,
    };
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let own = nix::unistd::geteuid().as_raw();
    for (what, about) in [("it", &about), ("its folder", folder)] {
        if about.uid() != 0 && about.uid() != own {
            let text = format!("{what} belongs to another user (uid {})", about.uid());
            return Err(io::Error::other(text));
        }
        if about.mode() & BY_EVERYBODY != 0 {
            return Err(io::Error::other(format!("everybody may write {what}")));
        }
    }
    Ok(file)
}
