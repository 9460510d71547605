//! A command that is written as one text, split into words as compose does.
//!
//! Compose starts no shell. It takes quotes and backslashes away, and ends the
//! command where a shell would find an operator: of `a && b` nothing but `a` is
//! left, and nobody is told.

/// More words than this nobody means, and each costs more than its letters.
const MOST: usize = 4096;

/// Splits a command.
///
/// # Errors
/// What is wrong with it, as a fragment without a full stop.
pub(super) fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    // A word that was begun, if only by quotes with nothing between them.
    let mut word: Option<String> = None;
    let mut quote: Option<Quote> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if words.len() > MOST {
            return Err("it has more words than any command");
        }
        match (letter, quote) {
            ('\\', None | Some(Quote::Double)) => {
                let escaped = letters.next().ok_or("its last backslash has nothing after it")?;
                word.get_or_insert_default().push(match escaped {
                    't' => '\t',
                    'n' => '\n',
                    other => other,
                });
            }
            ('\\', Some(Quote::Back | Quote::Substitution)) => {
                let escaped = letters.next().ok_or("its last backslash has nothing after it")?;
                word.get_or_insert_default().extend(['\\', escaped]);
            }
            (' ' | '\t' | '\r' | '\n', None) => words.extend(word.take()),
            ('"', None) => quote = Some(Quote::Double),
            ('\'', None) => quote = Some(Quote::Single),
            ('"', Some(Quote::Double)) | ('\'', Some(Quote::Single)) => {
                word.get_or_insert_default();
                quote = None;
            }
            // What stands between these stays as it is, they among it.
            ('`', None | Some(Quote::Back)) => {
                word.get_or_insert_default().push(letter);
                quote = if quote.is_none() { Some(Quote::Back) } else { None };
            }
            ('(', None) if word.as_ref().is_some_and(|it| it.ends_with('$')) => {
                word.get_or_insert_default().push(letter);
                quote = Some(Quote::Substitution);
            }
            (')', Some(Quote::Substitution)) => {
                word.get_or_insert_default().push(letter);
                quote = None;
            }
            ('(', None | Some(Quote::Substitution)) | (')', None) => {
                return Err("a parenthesis in it belongs to no word");
            }
            (';' | '&' | '|' | '<' | '>', None) => {
                let is_descriptor = |it: &String| it.bytes().all(|byte| byte.is_ascii_digit());
                word = word.filter(|it| letter != '>' || it.is_empty() || !is_descriptor(it));
                break;
            }
            _ => word.get_or_insert_default().push(letter),
        }
    }
    match quote {
        Some(_) => Err("a quote in it is never closed"),
        None => {
            words.extend(word);
            Ok(words)
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    Single,
    Double,
    /// `` `…` ``
    Back,
    /// `$(…)`
    Substitution,
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_command_is_split_as_compose_splits_it() {
        for (line, words) in [
            ("nginx -g 'daemon off;'", &["nginx", "-g", "daemon off;"] as &[&str]),
            ("sh -c \"a && b\"", &["sh", "-c", "a && b"]),
            ("a  b\tc\nd", &["a", "b", "c", "d"]),
            (r"a\ b c\nd", &["a b", "c\nd"]),
            (r#"a "b \" c" 'd \ e'"#, &["a", "b \" c", r"d \ e"]),
            ("a '' b", &["a", "", "b"]),
            ("--k=\"v w\"x", &["--k=v wx"]),
            ("echo $(id -u) `pwd` $HOME", &["echo", "$(id -u)", "`pwd`", "$HOME"]),
            ("a && b", &["a"]),
            ("a | b", &["a"]),
            ("a > log 2>&1", &["a"]),
            ("a 2>&1", &["a"]),
            ("a; b", &["a"]),
            ("", &[]),
            ("  ", &[]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
    }

    #[test]
    fn what_compose_refuses_is_refused() {
        for line in ["'a", "\"a", "a\\", "`a", "$(a", "(a)", "a)", "$(a (b))"] {
            assert!(split(line).is_err(), "{line}");
        }
        assert!(split(&"a ".repeat(1_000_000)).is_err());
    }
}
