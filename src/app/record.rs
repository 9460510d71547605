//! What was written down earlier: scorecards, policies, settings. Read as far as a
//! bound, and only from what ends.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::exit::Failure;
use super::output;
use crate::compare::{Baseline, Card, LARGEST};
use crate::model::untrusted::Untrusted;
use crate::policy::Policy;
use crate::rules;

/// The most bytes of a policy or of settings.
const LONGEST_TEXT: usize = 1 << 20;

/// A path as it may be printed.
pub(super) fn shown(path: &Path) -> Untrusted {
    path.display().to_string().into()
}

/// A scorecard from a file; `-` is standard input.
pub(super) fn card(path: &Path) -> Result<Card, Failure> {
    let unusable = |cause: String| Failure::Scorecard { path: shown(path), cause };
    let bytes = if path == Path::new("-") {
        bounded(io::stdin().lock(), LARGEST)
    } else {
        opened(path).and_then(|file| bounded(file, LARGEST))
    };
    let bytes = bytes.map_err(|error| unusable(format!("{error}; check the path")))?;
    Card::read(&bytes).map_err(|error| unusable(error.to_string()))
}

/// The audit that this one is held against, and a warning of what it says nothing of.
pub(super) fn baseline(path: &Path, policy: &Policy) -> Result<Baseline, Failure> {
    let card = card(path)?;
    if let Some(other) = card.rules.keys().find(|it| rules::find(it).is_none()) {
        let version = &card.tool.version;
        let cause = format!(
            "secaudit {version} wrote it, which has a rule {other} that this one has not; \
             make the baseline anew with this version"
        );
        return Err(Failure::Scorecard { path: shown(path), cause });
    }
    let baseline = Baseline::new(shown(path), &card);
    let lacks = policy.beyond(&baseline);
    if !lacks.is_empty() {
        output::to_stderr(&format!(
            "secaudit: warning: the baseline {} was not judged by {}: what they find is new; make \
             it anew to know it",
            baseline.file,
            lacks.join(", ")
        ));
    }
    Ok(baseline)
}

/// A text of a file that somebody wrote by hand.
pub(super) fn text(path: &Path) -> io::Result<String> {
    of_text(opened(path)?)
}

/// As [`text`], of a file that is open.
pub(super) fn of_text(file: File) -> io::Result<String> {
    let bytes = bounded(file, LONGEST_TEXT)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is no text (UTF-8)"))
}

/// A regular file. Looked at before it is opened: a FIFO would never answer, a device
/// never end.
fn opened(path: &Path) -> io::Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    File::open(path)
}

fn bounded(file: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(io::Error::other(format!("it is larger than {} MiB", most >> 20)));
    }
    Ok(bytes)
}
