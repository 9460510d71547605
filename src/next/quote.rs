//! Texts that others chose, in the syntax of a compose file and of a shell.

use crate::model::untrusted::Untrusted;

/// A text as a scalar of YAML that means just that, in compose: a plain one where nobody
/// could take it for something else, else one in double quotes (YAML 1.2.2, chapter 7.3.1).
pub(super) fn yaml(text: &str) -> String {
    // Compose replaces variables in every value (Compose Specification, interpolation).
    let text = text.replace('$', "$$");
    if is_plain(&text) { text } else { quoted(&text) }
}

/// The same of a text whose variables compose shall replace.
pub(super) fn template(text: &str) -> String {
    key(text)
}

/// The same of a key, in which no variable is replaced.
pub(super) fn key(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Words that YAML takes for something else than a text, in either version.
const RESERVED: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

fn is_plain(text: &str) -> bool {
    let is_reserved = || RESERVED.iter().any(|it| text.eq_ignore_ascii_case(it));
    let mut bytes = text.bytes();
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=,".contains(&byte);
    bytes.next().is_some_and(|it| it.is_ascii_alphabetic() || it == b'/')
        && bytes.all(is_fit)
        && !text.ends_with(':')
        && !is_reserved()
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            ' '..='~' => out.push(character),
            _ => {
                let code = u32::from(character);
                out.push_str(&format!("\\U{code:08X}"));
            }
        }
    }
    out.push('"');
    out
}

/// A word of a shell's command line that is just that text (POSIX, 2.2.2: nothing in
/// single quotes has a meaning). None where it would not be seen for what it is.
pub(super) fn shell(word: &str) -> Option<String> {
    if Untrusted::from(word).to_string() != word {
        return None;
    }
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=,@%+".contains(&byte);
    Some(if !word.is_empty() && word.bytes().all(is_bare) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::parse::compose::tree::{Entry, Node, Value};
    use crate::parse::yaml::load;

    /// Texts that people write, and those of somebody who wants out.
    const TEXTS: [&str; 24] = [
        "web",
        "/tmp:size=64m",
        "no-new-privileges:true",
        "1000:1000",
        "true",
        "No",
        "",
        " ",
        "a b",
        "a: b",
        "a #b",
        "- a",
        "'",
        "\"",
        "\\",
        "${HOME}",
        "$(id)",
        "a\nb: c",
        "\u{1b}[2J",
        "\u{202e}",
        "é",
        "x:",
        "!reset",
        "\u{85}\u{2028}\u{feff}",
    ];

    /// The key and the value that YAML reads, and compose makes of them.
    fn read(document: &str) -> (String, String) {
        let loaded = load(document, 0, &mut 100).unwrap_or_else(|it| panic!("{document}: {it:?}"));
        let [Node { value: Value::Map(entries), .. }] = loaded.documents.as_slice() else {
            panic!("{document}")
        };
        let [Entry { key, node: Node { value: Value::Text { text, .. }, .. }, .. }] =
            entries.as_slice()
        else {
            panic!("{document}")
        };
        (key.clone(), text.replace("$$", "$"))
    }

    fn is_itself(text: &str) {
        let document = format!("{}: {}  # choose: a\n", key(text), yaml(text));
        assert_eq!(read(&document), (text.to_owned(), text.to_owned()), "{document}");
        assert!(document.is_ascii() && document.lines().count() == 1, "{document}");
    }

    #[test]
    fn every_text_is_itself_in_yaml_and_on_one_line() {
        TEXTS.into_iter().for_each(is_itself);
    }

    #[test]
    fn what_yaml_would_take_for_a_number_or_a_truth_value_is_quoted() {
        for text in ["true", "NO", "y", "1000:1000", "0x10", "1.0", "~", ".5", "-1", "=", ""] {
            assert!(yaml(text).starts_with('"'), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn so_is_any_text(text in any::<String>().prop_filter("compose reads it twice", |it| !it.contains("$$"))) {
            is_itself(&text);
        }
    }

    #[test]
    fn a_word_is_itself_to_a_shell_or_is_not_written() {
        for (word, written) in [
            ("--tmpfs", Some("--tmpfs")),
            ("/tmp:size=64m", Some("/tmp:size=64m")),
            ("", Some("''")),
            ("a b", Some("'a b'")),
            ("$(id)", Some("'$(id)'")),
            ("it's", Some(r"'it'\''s'")),
            ("a\nb", None),
            ("\u{1b}[2J", None),
            ("\u{202e}", None),
        ] {
            assert_eq!(shell(word).as_deref(), written, "{word:?}");
        }
    }
}
