//! What a `.dockerignore` keeps out of a build context.
//!
//! The meaning is that of the builders (moby's `patternmatcher` and `ignorefile`,
//! which BuildKit walks the context with), and of no other ignore file: patterns
//! begin at the context's root, `*` and `?` stop at a slash and take leading dots,
//! `**` takes any number of folders, `!` lets in again, and the last line that fits
//! decides, also for everything below a folder that it fits. The crates for
//! `.gitignore` and globs look for a name in every folder, stop at folders that are
//! kept out, or have other classes and alternatives, so none of them is used.

mod pattern;
#[cfg(test)]
mod tests;

use super::dockerfile::{Place, Wrong};
use super::path::clean;
pub use pattern::{Effort, Pattern};

/// The most patterns that are read.
const MOST: usize = 5_000;

/// A `.dockerignore`.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    lines: Vec<Line>,
    /// What is left for asking it.
    pub effort: Effort,
}

/// A line that keeps something out or lets it in again.
#[derive(Clone, Debug)]
struct Line {
    /// From 1.
    number: u32,
    lets_in: bool,
    pattern: Pattern,
}

/// What becomes of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Whether it stays out of the context.
    pub is_out: bool,
    /// The line that decides, from 1; none where no line fits.
    pub line: Option<u32>,
}

/// Reads a `.dockerignore`.
///
/// # Errors
/// The first line that builders refuse. They build nothing then.
pub fn parse(text: &str) -> Result<Ignore, Wrong> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut ignore = Ignore::default();
    for (line, number) in text.lines().zip(1..) {
        // Only at its very beginning it is a comment.
        let line = if line.starts_with('#') { "" } else { line.trim() };
        if line.is_empty() {
            continue;
        }
        let wrong = |what: String, help: &str| {
            let length = u32::try_from(line.chars().count()).unwrap_or(u32::MAX);
            let place = Place { line: number, column: 1, length };
            Wrong { place, what, help: help.to_owned() }
        };
        if ignore.lines.len() == MOST {
            return Err(wrong(format!("there are more than {MOST} patterns"), "write fewer"));
        }
        let (lets_in, written) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        if written.is_empty() {
            let what = "a ! stands without a pattern".to_owned();
            return Err(wrong(what, "write what is let in again after it"));
        }
        let cleaned = clean(written);
        let inner = cleaned.strip_prefix('/').filter(|it| !it.is_empty()).unwrap_or(&cleaned);
        let pattern = Pattern::new(inner).map_err(|what| wrong(what, "mend the pattern"))?;
        ignore.lines.push(Line { number, lets_in, pattern });
    }
    Ok(ignore)
}

impl Ignore {
    /// What becomes of a path below the context's root, with slashes and without
    /// one before it; none where that would take too long.
    pub fn fate(&self, path: &str) -> Option<Fate> {
        let mut walk = Walk::default();
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let folders = ends.filter_map(|end| path.get(..end)).filter(|it| !it.is_empty());
        for folder in folders {
            walk = self.below(&walk, folder)?;
        }
        Some(walk.fate)
    }

    /// Whether a path stays out of the context; none where nobody works that out.
    pub fn excludes(&self, path: &str) -> Option<bool> {
        self.fate(path).map(|it| it.is_out)
    }

    /// One step of the walk that builders make: what fitted the folder above fits
    /// everything below it, so that a line that did not have to be asked there is not
    /// found to fit here either.
    fn below(&self, above: &Walk, path: &str) -> Option<Walk> {
        let mut walk = Walk::default();
        for (at, line) in self.lines.iter().enumerate() {
            let fitted = above.fitted.get(at).copied().unwrap_or_default();
            let fits = fitted
                || line.lets_in == walk.fate.is_out && line.pattern.fits(path, &self.effort)?;
            walk.fitted.push(fits);
            if fits {
                walk.fate = Fate { is_out: !line.lets_in, line: Some(line.number) };
            }
        }
        Some(walk)
    }
}

/// How far the walk to a path has come.
struct Walk {
    /// Which of the lines fit so far.
    fitted: Vec<bool>,
    fate: Fate,
}

impl Default for Walk {
    fn default() -> Self {
        Self { fitted: Vec::new(), fate: Fate { is_out: false, line: None } }
    }
}
