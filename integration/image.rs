//! The witness's image: this program, what it is linked with, and accounts.

use std::fs;
use std::io::{self, Cursor};
use std::path::Path;

use secaudit::app::demo::image::{File, of_this_program};

use crate::witness::{GROUP_SECRET, SETUID, SHELL};

const PASSWD: &str = "root:x:0:0::/:/bin/false\napp:x:1000:1000::/:/bin/false\n\
    toor:x:0:0::/:/bin/false\nshelly:x:1002:1002::/:/secaudit\n";
const GROUP: &str = "root:x:0:\napp:x:1000:\n";

/// Folders that the cases mount something on. A read-only root cannot be given
/// another later.
const FOLDERS: [&str; 7] = ["dev", "host-etc", "host-run", "mnt", "proc", "sys", "var/run"];

/// The witness's image as a tar archive.
pub(crate) fn witness() -> io::Result<Cursor<Vec<u8>>> {
    let program = fs::read("/proc/self/exe")?;
    let mut further = vec![
        File::new(SHELL, 0o755, program.clone()),
        File::new(SETUID, 0o4755, program),
        File::new("/etc/passwd", 0o644, PASSWD),
        File::new("/etc/group", 0o644, GROUP),
        File::new(GROUP_SECRET, 0o640, "for root's group"),
    ];
    further.extend(FOLDERS.map(|folder| File::new(format!("/{folder}/.keep"), 0o444, "")));
    of_this_program(&further).map(Cursor::new)
}

/// Unpacks the witness's image as a file system for a sandbox.
pub(crate) fn unpack(folder: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(witness()?);
    archive.set_preserve_permissions(true);
    archive.set_preserve_ownerships(true);
    archive.unpack(folder)
}
