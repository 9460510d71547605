//! An image without a registry: the running program and a few files, as a tar
//! in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

use super::elf;

/// Where the program is in the image.
pub const PROGRAM: &str = "/secaudit";

/// Who there is in the image: nobody can log in.
const ACCOUNTS: &str = "\
root:x:0:0:root:/:/bin/false
app:x:1000:1000:app:/:/bin/false
";

/// A plain file of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its absolute path in the image.
    pub path: PathBuf,
    /// Its permissions, such as `0o644`.
    pub mode: u32,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl File {
    /// A file at an absolute path of the image.
    pub fn new(path: impl Into<PathBuf>, mode: u32, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), mode, bytes: bytes.into() }
    }
}

/// The root file system of an image that can run the calling program: the
/// program itself at [`PROGRAM`], what it is linked with, the accounts `root`
/// and `app` (uid 1000), an empty `/tmp`, and these further files.
///
/// # Errors
/// The program or a library of it cannot be read; the error names the file.
pub fn of_this_program(further: &[File]) -> io::Result<Vec<u8>> {
    let program = read(Path::new("/proc/self/exe"))?;
    let mut files = match elf::interpreter(&program) {
        Some(loader) => linked_with(Path::new(&loader))?,
        None => Vec::new(),
    };
    files.push(File::new(PROGRAM, 0o755, program));
    files.push(File::new("/etc/passwd", 0o644, ACCOUNTS));
    files.extend_from_slice(further);
    pack(files)
}

/// The loader and the libraries that it has mapped into this process.
fn linked_with(loader: &Path) -> io::Result<Vec<File>> {
    let maps = String::from_utf8_lossy(&read(Path::new("/proc/self/maps"))?).into_owned();
    let mut files = vec![File::new(loader, 0o755, read(loader)?)];
    for path in libraries(&maps) {
        let bytes = read(&path)?;
        // The mapped file may be called libc-2.31.so; what the loader will look
        // for is the library's own name, libc.so.6, a link in the same folder.
        let path =
            elf::soname(&bytes).map_or_else(|| path.clone(), |name| path.with_file_name(name));
        files.push(File::new(path, 0o755, bytes));
    }
    Ok(files)
}

/// The shared libraries in `proc_pid_maps(5)`.
fn libraries(maps: &str) -> BTreeSet<PathBuf> {
    // Five columns, then a path that may itself hold spaces.
    let paths = maps.lines().filter_map(|line| Some(line.split_at_checked(line.find('/')?)?.1));
    paths
        .map(PathBuf::from)
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".so") || name.contains(".so.")
        })
        .collect()
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Packs the files with the folders that they need; of two with the same path
/// the later one counts. Everything belongs to root.
fn pack(files: Vec<File>) -> io::Result<Vec<u8>> {
    let files: BTreeMap<PathBuf, File> =
        files.into_iter().map(|file| (file.path.clone(), file)).collect();
    let mut folders: BTreeMap<&Path, u32> = files
        .keys()
        .flat_map(|path| path.ancestors().skip(1))
        .map(|folder| (folder, 0o755))
        .collect();
    folders.insert(Path::new("/tmp"), 0o1777);
    folders.remove(Path::new("/"));

    let mut tar = Builder::new(Vec::new());
    for (path, mode) in folders {
        append(&mut tar, EntryType::Directory, path, mode, &[])?;
    }
    for file in files.values() {
        append(&mut tar, EntryType::Regular, &file.path, file.mode, &file.bytes)?;
    }
    tar.into_inner()
}

fn append(
    tar: &mut Builder<Vec<u8>>,
    kind: EntryType,
    path: &Path,
    mode: u32,
    bytes: &[u8],
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, path.strip_prefix("/").unwrap_or(path), bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn entries(tar: &[u8]) -> BTreeMap<String, (u32, u64, Vec<u8>)> {
        let mut archive = tar::Archive::new(tar);
        let entries = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let (mode, uid) = (entry.header().mode().unwrap(), entry.header().uid().unwrap());
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            assert_eq!(entry.header().gid().unwrap(), 0, "{path}");
            (path, (mode, uid, bytes))
        });
        entries.collect()
    }

    #[test]
    fn the_image_holds_the_program_the_accounts_and_a_place_to_write() {
        let entries = entries(&of_this_program(&[]).unwrap());
        let (mode, uid, program) = &entries["secaudit"];
        assert_eq!((*mode, *uid), (0o755, 0));
        assert_eq!(*program, std::fs::read("/proc/self/exe").unwrap());
        let (mode, uid, accounts) = &entries["etc/passwd"];
        assert_eq!((*mode, *uid), (0o644, 0));
        assert!(String::from_utf8_lossy(accounts).contains("app:x:1000:1000:"));
        assert_eq!(entries["tmp"], (0o1777, 0, vec![]));
    }

    #[test]
    fn a_linked_program_brings_its_loader_along_at_the_place_that_it_names() {
        let program = std::fs::read("/proc/self/exe").unwrap();
        let entries = entries(&of_this_program(&[]).unwrap());
        if let Some(loader) = elf::interpreter(&program) {
            let (mode, _, bytes) = &entries[loader.trim_start_matches('/')];
            assert_eq!(*mode, 0o755);
            assert!(bytes.starts_with(b"\x7fELF"));
        }
    }

    #[test]
    fn further_files_come_with_their_folders_and_replace_what_was_there() {
        let further = [
            File::new("/opt/app/run", 0o700, "run"),
            File::new("/etc/passwd", 0o640, "toor:x:0:0::/:/bin/sh\n"),
        ];
        let entries = entries(&of_this_program(&further).unwrap());
        assert_eq!(entries["opt"], (0o755, 0, vec![]));
        assert_eq!(entries["opt/app"], (0o755, 0, vec![]));
        assert_eq!(entries["opt/app/run"], (0o700, 0, b"run".to_vec()));
        assert_eq!(entries["etc/passwd"].0, 0o640);
    }

    #[test]
    fn libraries_are_the_mapped_files_with_a_librarys_name() {
        let maps = "\
55d0-55d1 r--p 00000000 08:01 7 /opt/my app/secaudit
7f10-7f11 r--p 00000000 08:01 8                  /usr/lib/x86_64-linux-gnu/libc.so.6
7f11-7f12 r-xp 00001000 08:01 8                  /usr/lib/x86_64-linux-gnu/libc.so.6
7f12-7f13 r--p 00000000 08:01 9                  /opt/my libs/libm-2.31.so
7f13-7f14 r--p 00000000 08:01 9                  /usr/lib/locale/locale-archive
7f14-7f15 rw-p 00000000 00:00 0
7ffd-7ffe r-xp 00000000 00:00 0                  [vdso]
";
        let found: Vec<_> = libraries(maps).into_iter().collect();
        let wanted = ["/opt/my libs/libm-2.31.so", "/usr/lib/x86_64-linux-gnu/libc.so.6"];
        assert_eq!(found, wanted.map(PathBuf::from));
    }
}
