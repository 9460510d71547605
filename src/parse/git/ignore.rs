//! What `.gitignore` files leave alone (`gitignore(5)`).
//!
//! A name without a slash is looked for in every folder, `!` takes a file in again,
//! the last line that fits decides, a file further down goes before those above it,
//! and below a folder that is left alone nothing is taken in again. The crates for it
//! were held against git: `ignore` takes braces for alternatives and cuts off what git
//! does not, `gix-ignore` says the same as git and brings a dozen crates along. What is
//! left is a line or two around `globset`, whose time has a bound; of patterns whose
//! meaning there is another than git's it is not told what they fit.

use std::cell::OnceCell;

use globset::{GlobBuilder, GlobMatcher};

/// The most lines of all files together that are read.
const MOST: usize = 5_000;

/// The longest line that is read.
const LONGEST: usize = 256;

/// What stands for something else than itself.
const SPECIAL: [char; 5] = ['*', '?', '[', ']', '\\'];

/// The lines of some files, those that go before at the end.
#[derive(Debug, Default)]
pub struct Ignore<'t> {
    lines: Vec<Line<'t>>,
    is_cut: bool,
}

/// A line that says something.
#[derive(Debug)]
struct Line<'t> {
    /// The folder whose files it speaks of; empty for the root.
    folder: &'t str,
    takes_in: bool,
    is_of_folders: bool,
    /// Whether it is held against the last name of a path only.
    is_of_names: bool,
    pattern: &'t str,
    matcher: OnceCell<Option<GlobMatcher>>,
}

impl<'t> Ignore<'t> {
    /// Adds a file, which goes before those that were added: the folder that it lies in,
    /// below the root, and its text.
    pub fn add(&mut self, folder: &'t str, text: &'t str) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for written in text.split('\n') {
            if self.lines.len() == MOST {
                self.is_cut = true;
                return;
            }
            self.lines.extend(Line::new(folder, written));
        }
    }

    /// Whether git would leave alone the file of this path below the root; none where
    /// that cannot be told.
    pub fn excludes(&self, path: &str) -> Option<bool> {
        if self.is_cut {
            return None;
        }
        let folders = path.match_indices('/').map(|(end, _)| (end, true));
        for (end, is_folder) in folders.chain([(path.len(), false)]) {
            if self.fits(path.get(..end)?, is_folder)? {
                return Some(true);
            }
        }
        Some(false)
    }

    fn fits(&self, path: &str, is_folder: bool) -> Option<bool> {
        for line in self.lines.iter().rev() {
            if line.fits(path, is_folder)? {
                return Some(!line.takes_in);
            }
        }
        Some(false)
    }
}

impl<'t> Line<'t> {
    /// A line; none where it says nothing.
    fn new(folder: &'t str, written: &'t str) -> Option<Self> {
        let text = without_blanks(written.strip_suffix('\r').unwrap_or(written));
        if text.starts_with('#') {
            return None;
        }
        let (takes_in, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (is_of_folders, text) = match text.strip_suffix('/') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if text.is_empty() {
            return None;
        }
        Some(Self {
            folder,
            takes_in,
            is_of_folders,
            is_of_names: !text.contains('/'),
            pattern: text.strip_prefix('/').unwrap_or(text),
            matcher: OnceCell::new(),
        })
    }

    fn fits(&self, path: &str, is_folder: bool) -> Option<bool> {
        let below = || path.strip_prefix(self.folder)?.strip_prefix('/');
        let inner = if self.folder.is_empty() { Some(path) } else { below() };
        let Some(inner) = inner else { return Some(false) };
        let name = inner.rsplit('/').next().unwrap_or(inner);
        let asked = if self.is_of_names { name } else { inner };
        if self.is_of_folders && !is_folder || !self.may_fit(asked) {
            return Some(false);
        }
        if !self.pattern.contains(SPECIAL) {
            return Some(self.pattern == asked);
        }
        let matcher = self.matcher.get_or_init(|| matcher(self.pattern, self.is_of_names));
        matcher.as_ref().map(|it| it.is_match(asked))
    }

    /// Whether the letters at both ends are those of a path: most lines need no more.
    fn may_fit(&self, path: &str) -> bool {
        let first = self.pattern.find(SPECIAL).and_then(|end| self.pattern.get(..end));
        let last = self.pattern.rsplit(SPECIAL).next().unwrap_or_default();
        // `**/name` is the name alone as well.
        let last = last.rsplit('/').next().unwrap_or_default();
        path.starts_with(first.unwrap_or(self.pattern)) && path.ends_with(last)
    }
}

/// Blanks at the end say nothing, unless the first of them is escaped.
fn without_blanks(text: &str) -> &str {
    let bare = text.trim_end_matches(' ');
    let escapes = bare.len() - bare.trim_end_matches('\\').len();
    let kept = bare.len() + usize::from(escapes % 2 == 1 && bare.len() < text.len());
    text.get(..kept).unwrap_or(bare)
}

/// A pattern as `globset` has it; none where that means something else by it.
fn matcher(pattern: &str, is_of_names: bool) -> Option<GlobMatcher> {
    if pattern.len() > LONGEST || !is_plain(pattern, is_of_names) {
        return None;
    }
    let escaped = pattern.replace('{', "\\{").replace('}', "\\}");
    let mut builder = GlobBuilder::new(&escaped);
    let glob = builder.literal_separator(true).backslash_escape(true).build();
    glob.ok().map(|glob| glob.compile_matcher())
}

/// Whether both mean the same by a pattern: its classes are letters and digits, and
/// more than one `*` at once is a whole name.
fn is_plain(pattern: &str, is_of_names: bool) -> bool {
    let is_double = |name: &str| name.contains("**") && (name != "**" || is_of_names);
    if pattern.split('/').any(is_double) || pattern.contains("\\{") || pattern.contains("\\}") {
        return false;
    }
    let mut rest = pattern;
    while let Some((before, class)) = rest.split_once('[') {
        let Some((class, after)) = class.split_once(']') else { return false };
        let negates = class.starts_with(['!', '^']);
        let letters = class.strip_prefix(['!', '^']).unwrap_or(class);
        let is_simple = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
        let is_known = !letters.is_empty() && letters.chars().all(is_simple);
        if !is_known || negates && !is_of_names || before.ends_with('\\') {
            return false;
        }
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, path: &str) -> Option<bool> {
        let mut ignore = Ignore::default();
        ignore.add("", text);
        ignore.excludes(path)
    }

    #[test]
    fn the_last_line_that_fits_decides() {
        for (text, path, expected) in [
            (".env", ".env", true),
            (".env", "a/b/.env", true),
            ("/.env", "a/.env", false),
            ("a/.env", "a/.env", true),
            ("a/.env", "b/a/.env", false),
            (".env*", ".env.local", true),
            (".env.*", ".env", false),
            ("*.env", "config/prod.env", true),
            ("**/.env", ".env", true),
            ("**/.env", "a/b/.env", true),
            ("a/**", "a/b/.env", true),
            ("a/**/.env", "a/.env", true),
            ("a/*/.env", "a/.env", false),
            (".env/", ".env", false),
            ("conf/", "conf/.env", true),
            ("conf/", "a/conf/b/.env", true),
            (".env\n!.env", ".env", false),
            ("!.env\n.env", ".env", true),
            ("conf/\n!conf/.env", "conf/.env", true),
            ("conf/*\n!conf/.env", "conf/.env", false),
            ("# .env", ".env", false),
            (" .env", ".env", false),
            (".env  ", ".env", true),
            (".env\\ ", ".env", false),
            (".env\t", ".env", false),
            (".env\r\n", ".env", true),
            ("\u{feff}.env", ".env", true),
            (".env.{local,prod}", ".env.local", false),
            (".en[uv]", ".env", true),
            (".en[!a-c]", ".env", true),
            (".en?", ".env", true),
            ("\\.env", ".env", true),
            ("*", ".env", true),
            ("", ".env", false),
            ("!", ".env", false),
            ("/", ".env", false),
        ] {
            assert_eq!(of(text, path), Some(expected), "{text:?} {path}");
        }
    }

    #[test]
    fn a_file_further_down_goes_before_those_above_it() {
        let mut ignore = Ignore::default();
        ignore.add("", ".env\n");
        ignore.add("a", "!.env\n/x\n");
        for (path, expected) in [
            (".env", true),
            ("a/.env", false),
            ("a/b/.env", false),
            ("ab/.env", true),
            ("a/x", true),
            ("a/b/x", false),
        ] {
            assert_eq!(ignore.excludes(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn what_means_something_else_elsewhere_is_not_told() {
        for text in [".en[[:alpha:]]", ".env**x*", ".en[v", ".en[\\v]", "a[!b]/*"] {
            let path = if text.starts_with('a') { "ac/d" } else { ".envxx" };
            assert!(of(text, path) != Some(true), "{text}");
        }
        assert_eq!(of(".en[[:alpha:]]", ".env]"), None);
        assert_eq!(of("****/.env", "a/.env"), None);
        // Nobody has to know what cannot be this file.
        assert_eq!(of("*.py[[:alpha:]]x", ".env"), Some(false));
        assert_eq!(of("*.py[cod]\n.env", ".env"), Some(true));
    }

    #[test]
    fn hostile_lines_take_no_time() {
        let many = "x\n".repeat(MOST + 1);
        assert_eq!(of(&many, ".env"), None);
        let nasty = format!("{}b\n", "*a".repeat(120)).repeat(4_000);
        let path = format!("{}b", "a/".repeat(60));
        assert!(of(&nasty, &path).is_some());
        assert_eq!(of(&format!("{}v", "*".repeat(300)), ".env"), None);
    }
}
