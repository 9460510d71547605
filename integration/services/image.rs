//! The services' image: Debian's packages, what the services bring along, and
//! the witness.

use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::Path;

use tar::{Archive, Builder, Header};

use super::{ALL, base};
use crate::witness::{SETUID, WITNESS};

/// The size of a record of a tar archive.
const RECORD: u64 = 512;

/// The image as a tar archive, read as it is sent.
pub(crate) fn image() -> io::Result<impl Read + Send + 'static> {
    let archive = base::archive().map_err(io::Error::other)?;
    let length = length_without_end(archive)?;
    Ok(File::open(archive)?.take(length).chain(Cursor::new(additions()?)))
}

/// Where an archive's last entry ends, and another archive can go on.
fn length_without_end(archive: &Path) -> io::Result<u64> {
    let mut archive = Archive::new(File::open(archive)?);
    let mut end = 0;
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        let size = entry.header().entry_size()?;
        end = entry.raw_file_position() + size.next_multiple_of(RECORD);
    }
    Ok(end)
}

/// What comes on top. The engine takes no archive with two entries of one name.
fn additions() -> io::Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    let witness = fs::read("/proc/self/exe")?;
    append(&mut tar, WITNESS, 0o755, &witness)?;
    append(&mut tar, SETUID, 0o4755, &witness)?;
    for (path, text) in ALL.iter().flat_map(|service| service.files) {
        append(&mut tar, path, 0o644, text.as_bytes())?;
    }
    tar.into_inner()
}

fn append(tar: &mut Builder<Vec<u8>>, path: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, path.trim_start_matches('/'), bytes)
}
