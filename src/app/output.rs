//! Bytes to the outside: standard output, files, errors, progress.

use std::fs::{File, Permissions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::Colour;
use super::exit::{self, Failure};
use crate::parse::compose::address::masked;
use crate::report::terminal::Look;

/// The columns of a report that goes nowhere in particular.
const WIDTH: usize = 100;

/// How long a collection may take before it shows how far it is.
const PATIENCE: Duration = Duration::from_millis(500);

/// What standard output looks like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    colour: bool,
    width: usize,
}

impl Terminal {
    /// Colours where a person looks and did not say otherwise: `NO_COLOR`
    /// (no-color.org) and `TERM=dumb` say so.
    pub(super) fn detect(colour: Colour) -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb,
        };
        let measured = || {
            terminal_size::terminal_size()
                .map(|(terminal_size::Width(width), _)| usize::from(width))
        };
        let width = measured().or_else(asked).unwrap_or(WIDTH).clamp(40, 120);
        Self { colour, width }
    }

    /// How a report is to be written here; a file gets no colour.
    pub(super) const fn look(self, to_file: bool) -> Look {
        Look { width: self.width, colour: self.colour && !to_file }
    }
}

/// Prints to standard output. Who closes the pipe has read enough.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => {
            other.map_err(|cause| Failure::Output { what: "to standard output".to_owned(), cause })
        }
    }
}

/// Prints to standard error, no wider than that is, and without whoever an address
/// names; where that fails, there is nobody to tell.
pub(super) fn to_stderr(text: &str) {
    let text = masked(text);
    let text = errors_width().map_or_else(|| text.clone(), |width| within(&text, width));
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// The columns of standard error; none where nobody says: a log has no width, and
/// a message is one line of it.
pub(super) fn errors_width() -> Option<usize> {
    let measured = terminal_size::terminal_size_of(io::stderr());
    let measured = measured.map(|(terminal_size::Width(width), _)| usize::from(width));
    measured.or_else(asked).map(|width| width.clamp(40, 120))
}

/// The columns that the environment asks for.
fn asked() -> Option<usize> {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok())
}

/// Wraps each line that is too long, with what goes on deeper than its beginning.
/// A line of an excerpt is cut: below the next one nothing could be marked.
fn within(text: &str, width: usize) -> String {
    let look = Look { width, colour: false };
    let line = |line: &str| {
        let bare = line.trim_start();
        let indent = line.get(..line.len() - bare.len()).unwrap_or_default();
        if bare.trim_start_matches(|it: char| it.is_ascii_digit()).trim_start().starts_with('|') {
            return look.cut(line);
        }
        let deeper = if bare.starts_with("= help: ") { "        " } else { "  " };
        look.wrap(indent, &format!("{indent}{deeper}"), bare)
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Prints what clap has to say: help to standard output, errors to the other.
pub(super) fn usage(error: &clap::Error) -> u8 {
    // As for every print: a closed pipe is no error.
    let _ = error.print();
    if error.use_stderr() { exit::USAGE } else { exit::CLEAN }
}

/// Where a report goes that does not go to standard output. Opened before the
/// long work, so that a wrong path is told at once.
pub(super) enum ReportFile {
    /// A regular file appears whole or not at all: written beside its place,
    /// then renamed.
    Draft(Draft),
    /// A device, FIFO or socket is written into and stays what it is.
    Stream { path: PathBuf, file: File },
}

/// A report that is written piece by piece.
pub(super) struct Pieces {
    file: Option<ReportFile>,
}

impl Pieces {
    /// To a file, or to standard output.
    pub(super) const fn new(file: Option<ReportFile>) -> Self {
        Self { file }
    }

    pub(super) const fn is_file(&self) -> bool {
        self.file.is_some()
    }

    pub(super) fn write(&mut self, text: &str) -> Result<(), Failure> {
        match &mut self.file {
            Some(file) => file.append(text),
            None => print(text),
        }
    }

    /// The last piece; whether all went to a file.
    pub(super) fn finish(self, text: &str) -> Result<bool, Failure> {
        match self.file {
            Some(file) => file.finish(text).map(|()| true),
            None => print(text).map(|()| false),
        }
    }
}

/// A file that is not yet in its place; removed if it never gets there.
pub(super) struct Draft {
    path: PathBuf,
    draft: PathBuf,
    file: File,
}

impl ReportFile {
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let opened = match std::fs::metadata(path) {
            Ok(about) if about.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            Ok(about) if !about.is_file() => File::options()
                .write(true)
                .open(path)
                .map(|file| Self::Stream { path: path.to_owned(), file }),
            // A link stays, and what it points to is replaced.
            Ok(about) => std::fs::canonicalize(path)
                .and_then(|path| Draft::beside(path, Some(about.permissions()))),
            Err(_) => Draft::beside(path.to_owned(), None),
        };
        opened.map_err(|cause| Failure::Output { what: path.display().to_string(), cause })
    }

    fn append(&mut self, text: &str) -> Result<(), Failure> {
        let (path, file) = match self {
            Self::Stream { path, file } => (path, file),
            Self::Draft(draft) => (&mut draft.path, &mut draft.file),
        };
        let what = || path.display().to_string();
        file.write_all(text.as_bytes()).map_err(|cause| Failure::Output { what: what(), cause })
    }

    pub(super) fn finish(self, text: &str) -> Result<(), Failure> {
        let (path, written) = match self {
            Self::Stream { path, mut file } => (path, file.write_all(text.as_bytes())),
            Self::Draft(mut draft) => {
                let written = draft
                    .file
                    .write_all(text.as_bytes())
                    .and_then(|()| draft.file.sync_all())
                    .and_then(|()| std::fs::rename(&draft.draft, &draft.path));
                (draft.path.clone(), written)
            }
        };
        written.map_err(|cause| Failure::Output { what: path.display().to_string(), cause })
    }
}

impl Draft {
    fn beside(path: PathBuf, permissions: Option<Permissions>) -> io::Result<ReportFile> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        let draft = path.with_file_name(format!(".{name}.{}", std::process::id()));
        // A posture is nobody else's business until its owner says so.
        let file = File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        Ok(ReportFile::Draft(Self { path, draft, file }))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a rename there is no draft any more, and nothing to remove.
        let _ = std::fs::remove_file(&self.draft);
    }
}

/// Shows how far a long collection is, on a terminal only.
pub(super) struct Bar {
    bar: ProgressBar,
    since: Instant,
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        Self { bar, since: Instant::now() }
    }

    pub(super) fn show(&self, what: &str, done: usize, of: usize) {
        if self.bar.is_hidden() && self.since.elapsed() > PATIENCE && io::stderr().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_message(what.to_owned());
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn errors_go_on_below_their_beginning_and_excerpts_are_cut() {
        let long = "word ".repeat(20);
        let text = format!("secaudit: {long}\n12 | {long}\n   = help: {long}\nshort");
        let lines: Vec<String> = within(&text, 40).lines().map(str::to_owned).collect();
        assert!(lines.iter().all(|it| it.chars().count() <= 40), "{lines:#?}");
        assert_eq!(lines[0], "secaudit: word word word word word word");
        assert_eq!(lines[1], "  word word word word word word word");
        let excerpt: Vec<_> = lines.iter().filter(|it| it.starts_with("12 |")).collect();
        assert!(excerpt.len() == 1 && excerpt[0].ends_with('…'), "{lines:#?}");
        let help = lines.iter().position(|it| it.starts_with("   = help: ")).unwrap();
        assert!(lines[help + 1].starts_with("           word"), "{lines:#?}");
        assert_eq!(lines.last().unwrap(), "short");
        assert_eq!(within("a  b", 40), "a  b");
    }
}
