//! Rows derived from the reference: patterns, a path, and whether it stays out.

use super::*;

fn ignore(text: &str) -> Ignore {
    parse(text).unwrap_or_else(|wrong| panic!("{text:?}: {wrong:?}"))
}

#[test]
fn a_pattern_fits_what_the_builders_say_that_it_fits() {
    for (pattern, path, is_out) in [
        ("**", "file", true),
        ("**/", "dir/file", true),
        ("**/**", "dir/file", true),
        ("dir/**", "dir/dir2/file", true),
        ("dir/**", "dir", false),
        ("dir**", "directory", true),
        ("**/dir", "dir/file", true),
        ("**/dir", "a/b/dir/file", true),
        ("**/dir2/*", "dir/dir2/file", true),
        ("**/dir2/**", "dir/dir2/dir3/file", true),
        ("**/dir2/**", "dir2", false),
        ("**file", "dir/afile", true),
        ("**file*", "dir/afile", false),
        ("**/file", "afile", false),
        ("**/file*.txt", "dir/dir/file.txt", true),
        ("**/**/*.txt", "file.txt", true),
        ("**/*.txt2", "file.txt", false),
        ("a**/*.txt", "a/dir/dir/file.txt", true),
        ("a/*.txt", "a/dir/file.txt", false),
        ("a/*.txt**", "a/file.txt", true),
        ("a/**/b", "a/b", true),
        ("a/**/b", "a/x/y/b", true),
        ("a/**/b", "a/x/yb", false),
        ("*", ".git/config", true),
        ("*.md", "docs/a.md", false),
        ("*/temp*", "somedir/temporary.txt", true),
        ("*/temp*", "temporary.txt", false),
        ("*/*/temp*", "some/sub/temporary.txt", true),
        ("temp?", "tempa", true),
        ("temp?", "temp/", false),
        ("temp?", "temp", false),
        ("node_modules", "node_modules/a/b", true),
        ("node_modules", "web/node_modules", false),
        ("/node_modules/", "node_modules/a", true),
        ("./a/../b", "b/c", true),
        ("../a", "a", false),
        (".", "a", false),
        ("/", "a", false),
        ("a[b-d]e", "ace", true),
        ("a[b-d]e", "aae", false),
        ("a[^b-d]e", "aze", true),
        ("a[^b]c", "a/c", true),
        ("[\\]a]", "]", true),
        ("[x\\-]", "-", true),
        ("[a-ζ]*", "α", true),
        ("a]", "a]", true),
        ("a\\*b", "a*b", true),
        ("a\\*b", "ab", false),
        ("a?b", "a☺b", true),
        ("abc.def", "abcZdef", false),
        ("a.|)$(}+{bc", "a.|)$(}+{bc", true),
        ("a^b", "a^b", true),
        ("a^*", "a^b", false),
        ("  docs  ", "docs/a", true),
        (" #docs", "#docs", true),
        ("a b", "a b", true),
        ("Docs", "docs", false),
        (".env*", ".env.local", true),
        (".env*", "app/.env", false),
    ] {
        assert_eq!(ignore(pattern).excludes(path), Some(is_out), "{pattern:?} of {path:?}");
    }
}

#[test]
fn the_last_line_that_fits_decides() {
    for (lines, path, expected) in [
        ("docs\n!docs/README.md", "docs/README.md", (false, Some(2))),
        ("docs/*\n!docs/README.md", "docs/a.md", (true, Some(1))),
        ("!a.md\n*.md", "a.md", (true, Some(2))),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", (true, Some(3))),
        ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", (false, Some(3))),
        ("**\n!util/docker/web", "util/docker/web/foo", (false, Some(2))),
        ("**\n!util/docker/web", "util/docker/other", (true, Some(1))),
        ("**\n!util/web\nutil/web/foo", "util/web/foo", (true, Some(3))),
        ("a\n! /a/b/", "a/b/c", (false, Some(2))),
        ("b", "a", (false, None)),
        // The folder was out already when the third line was asked of it.
        ("a\n!a/b\na", "a/b", (false, Some(2))),
    ] {
        let fate = ignore(lines).fate(path).unwrap();
        assert_eq!((fate.is_out, fate.line), expected, "{lines:?} of {path:?}");
    }
}

#[test]
fn comments_blank_lines_and_the_mark_at_the_top_are_no_patterns() {
    let ignore = ignore("\u{feff}# a\r\n\r\n   \n#b\nc\r\n");
    assert_eq!(ignore.lines.len(), 1);
    assert_eq!(ignore.fate("c"), Some(Fate { is_out: true, line: Some(5) }));
    assert_eq!(ignore.excludes("#b"), Some(false));
}

#[test]
fn what_builders_refuse_is_an_error_at_its_line() {
    for (pattern, what) in [
        ("!", "a ! stands without a pattern"),
        ("! ", "a ! stands without a pattern"),
        ("[", "a [ has no ]"),
        ("a[^bc", "a [ has no ]"),
        ("[]a]", "in brackets ']' needs a \\ before it"),
        ("[-x]", "in brackets '-' needs a \\ before it"),
        ("[x-]", "in brackets ']' needs a \\ before it"),
        ("[a-b-c]", "in brackets '-' needs a \\ before it"),
        ("[z-a]", "the range z-a runs backwards"),
        ("[*]", "in brackets '*' is not what it seems"),
        ("a\\", "a \\ stands at the end"),
        ("\\d", "a \\ stands before 'd', which needs none"),
    ] {
        let wrong = parse(&format!("ok\n{pattern}\n")).unwrap_err();
        assert_eq!((wrong.what.as_str(), wrong.place.line), (what, 2), "{pattern:?}");
    }
    assert!(parse(&"a\n".repeat(MOST)).is_ok());
    assert!(parse(&"a\n".repeat(MOST + 1)).is_err());
}

#[test]
fn a_hostile_pattern_takes_no_longer_than_others() {
    let ignore = ignore(&format!("{}b", "*a".repeat(2_000)));
    assert_eq!(ignore.excludes(&"a".repeat(4_000)), Some(false));
}

#[test]
fn patterns_and_names_that_would_take_too_long_have_no_answer() {
    let lines: String = (0..1_000).map(|it| format!("**/{}b{it}\n", "a*".repeat(20))).collect();
    let ignore = ignore(&lines);
    let path = format!("{}.env", format!("{}/", "a".repeat(200)).repeat(15));
    let asked = std::iter::from_fn(|| Some(ignore.excludes(&path)));
    assert_eq!(asked.take(1_000).find(Option::is_none), Some(None));
    assert!(ignore.effort.is_spent());
    assert_eq!(ignore.excludes("other"), None);
}
