//! Globs over names.
//!
//! `*` stands for anything, slashes too; `?` for one character; `[a-z]` for one of these and
//! `[!a-z]` for any other; `{a,b}` for either, also for nothing in `{,a}`; what follows a `\`
//! stands for itself. Names of targets, images and services are ASCII, a character a byte.

use globset::{Glob, GlobBuilder};

/// Reads a glob.
///
/// # Errors
/// What is wrong with it, as a fragment.
pub fn read(text: &str) -> Result<Glob, String> {
    if text.is_empty() {
        return Err("a text without a letter fits nothing".to_owned());
    }
    let glob = GlobBuilder::new(text).empty_alternates(true).build();
    glob.map_err(|error| format!("{text:?}: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::read;

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
