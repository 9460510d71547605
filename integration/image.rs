//! An image from scratch: the running program, what it needs, and accounts.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

use crate::witness::{SETUID, WITNESS};

/// A file of the image besides the program.
pub(crate) struct Extra {
    pub(crate) path: &'static str,
    pub(crate) mode: u32,
    pub(crate) uid: u64,
    pub(crate) bytes: Vec<u8>,
}

const PASSWD: &str = "root:x:0:0::/:/bin/false\napp:x:1000:1000::/:/bin/false\n\
    toor:x:0:0::/:/bin/false\n";
const GROUP: &str = "root:x:0:\napp:x:1000:\n";

/// The folders of the image; the cases mount over some of them.
const FOLDERS: [(&str, u32); 10] = [
    ("dev", 0o755),
    ("etc", 0o755),
    ("host-etc", 0o755),
    ("host-run", 0o755),
    ("mnt", 0o755),
    ("proc", 0o555),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("var", 0o755),
    ("var/run", 0o755),
];

/// The witness's image as a tar archive.
pub(crate) fn witness() -> io::Result<Vec<u8>> {
    let program = fs::read("/proc/self/exe")?;
    let file = |path, mode, bytes: &[u8]| Extra { path, mode, uid: 0, bytes: bytes.to_vec() };
    archive(&[
        file(WITNESS, 0o755, &program),
        file(SETUID, 0o4755, &program),
        file("/etc/passwd", 0o644, PASSWD.as_bytes()),
        file("/etc/group", 0o644, GROUP.as_bytes()),
    ])
}

/// Unpacks the witness's image as a file system for a sandbox.
pub(crate) fn unpack(folder: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(io::Cursor::new(witness()?));
    archive.set_preserve_permissions(true);
    archive.set_preserve_ownerships(true);
    archive.unpack(folder)
}

/// A tar archive of these files and of the libraries that this program uses.
fn archive(files: &[Extra]) -> io::Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    let libraries = libraries()?;
    let above = libraries.iter().flat_map(|path| path.ancestors().skip(1));
    let above: BTreeSet<_> = above.map(inside).filter(|path| *path != Path::new("")).collect();
    let folders = above.into_iter().map(|path| (path, 0o755));
    for (path, mode) in folders.chain(FOLDERS.map(|(path, mode)| (Path::new(path), mode))) {
        let mut header = header(mode, 0, 0);
        header.set_entry_type(EntryType::Directory);
        tar.append_data(&mut header, path, io::empty())?;
    }
    for path in libraries {
        append(&mut tar, &path, 0o755, 0, &fs::read(&path)?)?;
    }
    for file in files {
        append(&mut tar, Path::new(file.path), file.mode, file.uid, &file.bytes)?;
    }
    tar.into_inner()
}

fn append(
    tar: &mut Builder<Vec<u8>>,
    path: &Path,
    mode: u32,
    uid: u64,
    bytes: &[u8],
) -> io::Result<()> {
    tar.append_data(&mut header(mode, uid, bytes.len() as u64), inside(path), bytes)
}

/// A path as an archive names it.
fn inside(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

fn header(mode: u32, uid: u64, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(mode);
    header.set_uid(uid);
    header.set_gid(uid);
    header.set_size(size);
    header
}

/// The shared libraries that are mapped, and the loader under the name by
/// which the program asks for it.
fn libraries() -> io::Result<BTreeSet<PathBuf>> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let mut found: BTreeSet<PathBuf> = maps
        .lines()
        .filter_map(|line| line.find('/').and_then(|at| line.get(at..)))
        .filter(|path| path.contains(".so"))
        .map(PathBuf::from)
        .collect();
    found.extend(loader(&fs::read("/proc/self/exe")?));
    Ok(found)
}

/// The program header `PT_INTERP` of a 64-bit little-endian ELF file (`elf(5)`).
fn loader(elf: &[u8]) -> Option<PathBuf> {
    let number = |at: usize, size: usize| -> Option<usize> {
        let bytes = elf.get(at..at + size)?;
        Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let (table, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    let entry = (0..count).map(|each| table + each * size).find(|at| number(*at, 4) == Some(3))?;
    let (offset, length) = (number(entry + 8, 8)?, number(entry + 32, 8)?);
    let name = elf.get(offset..offset + length)?.strip_suffix(b"\0")?;
    Some(PathBuf::from(String::from_utf8(name.to_vec()).ok()?))
}
