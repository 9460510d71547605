//! A configuration with everything that it includes.

use globset::GlobBuilder;

use super::{MOST, Told};
use crate::model::nginx::{Configuration, Directive};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;

/// The most files of one configuration, one that is included twice counting twice.
const MOST_FILES: usize = 256;

/// How deep files include files, and blocks stand in blocks, together.
const DEEPEST: usize = 24;

/// Whoever can look at the files of a container or an image.
pub trait Files {
    /// What is kept of the file at an absolute path; nothing where there is no such file.
    ///
    /// # Errors
    /// Why it cannot be told.
    fn read(&mut self, path: &str) -> Result<Option<Vec<Directive>>, Gap>;

    /// The names in a folder; none where there is no such folder.
    ///
    /// # Errors
    /// Why it cannot be told.
    fn list(&mut self, folder: &str) -> Result<Vec<String>, Gap>;
}

/// The configuration that nginx was told to read; nothing where there is none at any
/// of the places where it could be.
///
/// # Errors
/// Why it cannot be told which it is.
pub fn assemble(
    told: &Told,
    program: Option<&str>,
    files: &mut dyn Files,
    source: &Source,
) -> Result<Option<Configuration>, Gap> {
    let mut found: Option<(String, Vec<Directive>)> = None;
    for path in told.candidates(program) {
        let Some(directives) = files.read(&path)? else { continue };
        if let Some((other, _)) = &found {
            let (one, other) = (Untrusted::from(path), Untrusted::from(other.as_str()));
            let detail = format!("which of {other} and {one} nginx reads cannot be told");
            let gap = Gap::new(Reason::Unproved, source.clone(), detail);
            return Err(gap.mend("start nginx with -c and the path of its configuration"));
        }
        found = Some((path, directives));
    }
    let Some((path, directives)) = found else { return Ok(None) };
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut assembly =
        Assembly { files, source, folder, unread: Vec::new(), read: 1, listed: 0, kept: 0 };
    let directives = assembly.filled(directives, 0);
    Ok(Some(Configuration { directives, unread: assembly.unread }))
}

struct Assembly<'a> {
    files: &'a mut dyn Files,
    source: &'a Source,
    /// That of the configuration, from which all relative paths begin.
    folder: &'a str,
    unread: Vec<Gap>,
    read: usize,
    listed: usize,
    kept: usize,
}

impl Assembly<'_> {
    /// The directives with what they include in its place.
    fn filled(&mut self, directives: Vec<Directive>, depth: usize) -> Vec<Directive> {
        let mut filled = Vec::new();
        for mut directive in directives {
            if directive.name != "include" {
                self.kept += 1;
                if self.kept > MOST || depth > DEEPEST {
                    let what = "is more, or deeper, than is read of a configuration";
                    self.miss(Reason::TooLarge, &directive, what);
                    break;
                }
                directive.block = self.filled(directive.block, depth + 1);
                filled.push(directive);
                continue;
            }
            match self.included(&directive, depth) {
                Ok(more) => filled.extend(more),
                Err(gap) => self.note(gap),
            }
        }
        filled
    }

    fn included(&mut self, include: &Directive, depth: usize) -> Result<Vec<Directive>, Gap> {
        let mut all = Vec::new();
        let (paths, is_pattern) = self.expanded(include)?;
        for path in paths {
            self.read += 1;
            if self.read > MOST_FILES || depth >= DEEPEST {
                let what = "leads to more files, or deeper, than are read of a configuration";
                self.miss(Reason::TooLarge, include, what);
                break;
            }
            match self.files.read(&path) {
                Ok(Some(directives)) => all.extend(self.filled(directives, depth + 1)),
                Ok(None) if is_pattern => {}
                Ok(None) => {
                    self.miss(Reason::Malformed, include, "names a file that is not there");
                }
                Err(gap) => self.note(gap),
            }
        }
        Ok(all)
    }

    /// The files that an `include` means, and whether it is a pattern: then `glob(3)`
    /// finds those that there are.
    fn expanded(&mut self, include: &Directive) -> Result<(Vec<String>, bool), Gap> {
        let written = include.argument(0);
        let path = if written.starts_with('/') { written.to_owned() } else { self.below(written) };
        if !path.contains(['*', '?', '[']) {
            return Ok((vec![path], false));
        }
        let source = self.source.clone();
        let refuse = || {
            let detail = format!("{include} has a pattern that is not followed");
            Gap::new(Reason::Unsupported, source.clone(), detail)
        };
        // What one side takes for special and the other does not.
        if path.contains(['{', '}', '\\']) || path.contains("**") {
            return Err(refuse());
        }
        let mut found = vec![String::new()];
        for part in path.split('/').filter(|it| !it.is_empty()) {
            if !part.contains(['*', '?', '[']) {
                found.iter_mut().for_each(|it| *it = format!("{it}/{part}"));
                continue;
            }
            let glob = GlobBuilder::new(part).build().map_err(|_| refuse())?.compile_matcher();
            let mut next = Vec::new();
            for folder in found {
                self.listed += 1;
                if self.listed > MOST_FILES {
                    return Err(refuse());
                }
                let mut names = self.files.list(&folder)?;
                names.retain(|it| {
                    // A leading dot has to be written out.
                    (!it.starts_with('.') || part.starts_with('.')) && glob.is_match(it)
                });
                names.sort_unstable();
                next.extend(names.iter().map(|it| format!("{folder}/{it}")).take(MOST_FILES + 1));
            }
            next.truncate(MOST_FILES + 1);
            found = next;
        }
        Ok((found, true))
    }

    fn below(&self, path: &str) -> String {
        format!("{}/{path}", self.folder)
    }

    fn miss(&mut self, reason: Reason, directive: &Directive, what: &str) {
        let gap = Gap::new(reason, self.source.clone(), format!("{directive} {what}"));
        self.note(gap.mend("look what nginx -T tells in the container"));
    }

    /// Of many the first few say enough.
    fn note(&mut self, gap: Gap) {
        if self.unread.len() < 8 && !self.unread.contains(&gap) {
            self.unread.push(gap);
        }
    }
}
