//! The files of a project: read once each, under limits, and known by number.

use std::path::{Component, Path, PathBuf};

use super::wrong::Wrong;
use super::{Fault, Load, address, mask};

/// The most bytes that the files of one project may have together.
pub const LARGEST: usize = 10 * 1024 * 1024;

/// The most files of one project.
const MOST: usize = 1000;

/// The most bytes of a line that an excerpt may have.
const LONGEST_LINE: usize = 1000;

/// What is said of a path that names what is elsewhere, and what to do about it.
pub(super) const REMOTE: &str = "remote files are not fetched";
pub(super) const FETCH: &str = "fetch it first, by git clone or by docker compose -f ADDRESS \
                                config > compose.yaml, and name the file";

/// A file that was read.
struct Source {
    path: PathBuf,
    shown: PathBuf,
    /// What may be shown of it.
    text: String,
}

/// The files of a project.
pub(super) struct Sources<'a> {
    load: &'a dyn Load,
    folder: &'a Path,
    read: Vec<Source>,
    reads: usize,
    left: usize,
}

impl<'a> Sources<'a> {
    pub(super) const fn new(load: &'a dyn Load, folder: &'a Path) -> Self {
        Self { load, folder, read: Vec::new(), reads: 0, left: LARGEST }
    }

    /// A path as it is read: absolute where the caller's folder is.
    pub(super) fn absolute(&self, path: &Path) -> PathBuf {
        if path == Path::new("-") { path.to_owned() } else { join(self.folder, path) }
    }

    /// Why a path of the command line is not read, where it names what is elsewhere.
    pub(super) fn remote(&self, path: &Path) -> Option<Fault> {
        let name = path.to_str().filter(|it| address::is_remote(it))?;
        Some(plain_fault(Path::new(&address::masked(name)), REMOTE, FETCH))
    }

    pub(super) fn is_file(&self, path: &Path) -> bool {
        self.load.is_file(path)
    }

    /// A path as a person knows it: below the caller's folder without that.
    pub(super) fn shown(&self, path: &Path) -> PathBuf {
        let seen = match path.strip_prefix(self.folder) {
            Ok(inner) if inner != Path::new("") => inner,
            Ok(_) | Err(_) => path,
        };
        // A path that is no text is no address either.
        seen.to_str().map_or_else(|| seen.to_owned(), |it| address::masked(it).into())
    }

    /// Reads a file: its number and its text.
    ///
    /// # Errors
    /// Why there is none, and what to do about it.
    pub(super) fn read(&mut self, path: &Path) -> Result<(u32, String), Fault> {
        let shown = self.shown(path);
        let fault = |what: &str, help: &str| plain_fault(&shown, what, help);
        self.reads += 1;
        if self.reads > MOST {
            return Err(fault("more than 1000 files are read for one project", "include fewer"));
        }
        let bytes = self.load.read(path).map_err(|why| fault(&why, ""))?;
        let Some(left) = self.left.checked_sub(bytes.len()) else {
            let what = "the files of the project have more than 10 MB";
            return Err(fault(what, "name only compose files"));
        };
        self.left = left;
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let line = valid.map_or(0, |it| it.iter().filter(|byte| **byte == b'\n').count()) + 1;
            fault(&format!("line {line} is no UTF-8"), "save the file as UTF-8")
        })?;
        let text = match text.strip_prefix('\u{feff}') {
            Some(text) => text.to_owned(),
            None => text,
        };
        let known = self.read.iter().position(|it| it.path == path);
        let number = known.unwrap_or(self.read.len());
        if known.is_none() {
            self.read.push(Source { path: path.to_owned(), shown, text: String::new() });
        }
        Ok((u32::try_from(number).unwrap_or(u32::MAX), text))
    }

    /// Says what may be shown of a file.
    pub(super) fn show(&mut self, file: u32, text: String) {
        if let Some(source) = usize::try_from(file).ok().and_then(|it| self.read.get_mut(it)) {
            source.text = text;
        }
    }

    /// Whether nothing of a file may be shown yet.
    pub(super) fn is_unseen(&self, file: u32) -> bool {
        self.source(file).is_none_or(|it| it.text.is_empty())
    }

    fn source(&self, file: u32) -> Option<&Source> {
        self.read.get(usize::try_from(file).ok()?)
    }

    /// The name of a file, for a sentence.
    pub(super) fn name(&self, file: u32) -> String {
        self.source(file).map(|it| it.shown.display().to_string()).unwrap_or_default()
    }

    /// What is wrong, with the line that is meant.
    pub(super) fn fault(&self, wrong: Wrong) -> Fault {
        let source = self.source(wrong.at.file);
        let line = source.and_then(|it| line(&it.text, &wrong)).unwrap_or_default().to_owned();
        let Wrong { at, what, help } = wrong;
        let file = source.map(|it| it.shown.clone()).unwrap_or_default();
        let what = address::masked(&what);
        Fault { file, at: Some((at.line, at.column, at.length)), what, help, line }
    }

    /// What is wrong in a file that could not be taken apart.
    pub(super) fn refused(&self, wrong: Wrong, text: &str) -> Fault {
        let line = line(text, &wrong).map(mask::unknown_line).unwrap_or_default();
        Fault { line, ..self.fault(wrong) }
    }

    /// The names and the texts of all files.
    pub(super) fn finish(self) -> (Vec<PathBuf>, Vec<String>) {
        self.read.into_iter().map(|it| (it.shown, it.text)).unzip()
    }
}

/// The line that is meant; none where it is too long to be of use.
fn line<'a>(text: &'a str, wrong: &Wrong) -> Option<&'a str> {
    let before = usize::try_from(wrong.at.line.checked_sub(1)?).ok()?;
    text.lines().nth(before).filter(|it| it.len() <= LONGEST_LINE)
}

/// What is wrong with a whole file.
pub(super) fn plain_fault(file: &Path, what: &str, help: &str) -> Fault {
    Fault {
        file: file.to_owned(),
        at: None,
        what: what.to_owned(),
        help: help.to_owned(),
        line: String::new(),
    }
}

/// A path seen from a folder, without `.` and `..`, and without looking at what
/// is there: as compose has it.
pub(super) fn join(folder: &Path, path: &Path) -> PathBuf {
    let mut joined = PathBuf::new();
    for component in folder.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                let is_name = matches!(joined.components().next_back(), Some(Component::Normal(_)));
                if is_name {
                    joined.pop();
                } else if !joined.has_root() {
                    joined.push("..");
                }
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                joined.push(component);
            }
        }
    }
    if joined.as_os_str().is_empty() { PathBuf::from(".") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_without_looking_at_what_is_there() {
        for (folder, path, expected) in [
            ("/a/b", "c", "/a/b/c"),
            ("/a/b", "./c/../d", "/a/b/d"),
            ("/a/b", "../../../c", "/c"),
            ("/a/b", "/c", "/c"),
            ("a", "../../c", "../c"),
            ("", "./c", "c"),
            ("a", "..", "."),
        ] {
            assert_eq!(join(Path::new(folder), Path::new(path)), Path::new(expected));
        }
    }
}
