//! Globs over names.
//!
//! `*` stands for anything, slashes too; `?` for one character; `[a-z]` for one of these and
//! `[!a-z]` for any other; `{a,b}` for either, also for nothing in `{,a}`; what follows a `\`
//! stands for itself. Names of targets, images and services are ASCII, a character a byte.

use globset::{Glob, GlobBuilder};

/// The longest glob. What names an image has 255 bytes at most, without its registry.
const MOST_BYTES: usize = 512;

/// Reads a glob.
///
/// # Errors
/// What is wrong with it, as a fragment.
pub fn read(text: &str) -> Result<Glob, String> {
    if text.is_empty() {
        return Err("a text without a letter fits nothing".to_owned());
    }
    if text.len() > MOST_BYTES {
        return Err(format!("a name has no more than {MOST_BYTES} letters"));
    }
    let glob = GlobBuilder::new(text).empty_alternates(true).build();
    glob.map_err(|error| format!("{text:?}: {}", error.kind()))
}

/// A text, or one with a `*` before it, behind it or both, as most are: such a one is
/// compared sooner than an automaton for it is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simple {
    text: String,
    is_open_before: bool,
    is_open_behind: bool,
}

impl Simple {
    /// Reads a glob, if it is such a one.
    pub fn read(text: &str) -> Option<Self> {
        let (is_open_before, rest) = text.strip_prefix('*').map_or((false, text), |it| (true, it));
        let (is_open_behind, rest) = rest.strip_suffix('*').map_or((false, rest), |it| (true, it));
        let is_simple = !rest.is_empty()
            && text.len() <= MOST_BYTES
            && !rest.contains(['*', '?', '[', ']', '{', '}', '\\']);
        is_simple.then(|| Self { text: rest.to_owned(), is_open_before, is_open_behind })
    }

    /// Whether a name fits it.
    pub fn fits(&self, name: &str) -> bool {
        let text = self.text.as_str();
        match (self.is_open_before, self.is_open_behind) {
            (false, false) => name == text,
            (true, false) => name.ends_with(text),
            (false, true) => name.starts_with(text),
            (true, true) => name.contains(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Simple, read};

    proptest! {
        #[test]
        fn a_simple_one_fits_what_any_glob_would(text in "[*?]{0,2}[a-b/.]{0,3}[*\\\\]?", name in "[a-b/.]{0,5}") {
            if let Some(simple) = Simple::read(&text) {
                let glob = read(&text).unwrap().compile_matcher();
                prop_assert_eq!(simple.fits(&name), glob.is_match(&name), "{} {}", text, name);
            }
        }
    }

    #[test]
    fn a_name_fits_as_a_whole() {
        for (glob, name, expected) in [
            ("shop/*", "shop/web", true),
            ("shop/*", "shop/a/b", true),
            ("*/library/redis", "registry.example/library/redis", true),
            ("web?", "web1", true),
            ("web?", "web", false),
            ("web", "web1", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("web{,-canary}", "web", true),
            ("web{,-canary}", "web-canary", true),
            ("web{,-canary}", "web-x", false),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
        ] {
            let fits = read(glob).unwrap().compile_matcher().is_match(name);
            assert_eq!(fits, expected, "{glob} {name}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for glob in ["", "a[", "a{b", "a{b,{c}", "[z-a]", "a\\"] {
            assert!(read(glob).is_err(), "{glob}");
        }
    }
}
