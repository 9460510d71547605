//! Heredocs of `RUN`, `COPY` and `ADD`, as BuildKit finds them: a word that
//! begins with `<<` or with digits and `<<`, wherever it stands.

use super::Place;
use super::text::Text;
use super::words::unquoted;

/// A heredoc of `RUN`, `COPY` or `ADD`: `<<EOF` and the lines up to `EOF`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it, without quotes.
    pub name: String,
    /// The file descriptor before it, as in `3<<EOF`.
    pub descriptor: Option<u32>,
    /// Whether leading tabs are taken away, as by `<<-EOF`.
    pub strips_tabs: bool,
    /// Whether variables in it are replaced: not where its name is in quotes.
    pub expands: bool,
    /// Where it is announced.
    pub place: Place,
    /// Its lines, each with its end, tabs taken away where it says so.
    pub body: Text,
}

/// The heredocs that a logical line announces, their bodies empty. None where
/// its quotes do not match: nobody knows its words then.
pub(super) fn announced(line: &Text) -> Vec<Heredoc> {
    let text = line.as_str();
    let mut found = Vec::new();
    let mut begin = None;
    let mut quote = None;
    let mut letters = text.char_indices().peekable();
    let mut end_word = |begin: &mut Option<usize>, end: usize| {
        if let Some(from) = begin.take() {
            found.extend(heredoc(line, from, end));
        }
    };
    while let Some((at, letter)) = letters.next() {
        if quote.is_none() && letter.is_whitespace() {
            end_word(&mut begin, at);
            continue;
        }
        begin.get_or_insert(at);
        match (letter, quote) {
            ('\'' | '"', Some(mark)) if letter == mark => quote = None,
            ('\'' | '"', None) => quote = Some(letter),
            ('\\', None | Some('"')) => {
                letters.next();
            }
            // Blanks may stand between the sign and the name.
            ('<', None) if letters.next_if(|(_, it)| *it == '<').is_some() => {
                while letters.next_if(|(_, it)| matches!(it, ' ' | '\t')).is_some() {}
            }
            _ => {}
        }
    }
    end_word(&mut begin, text.len());
    if quote.is_some() { Vec::new() } else { found }
}

/// The heredoc that a word announces.
fn heredoc(line: &Text, start: usize, end: usize) -> Option<Heredoc> {
    let (digits, rest) = line.get(start..end).split_once("<<")?;
    let descriptor = if digits.is_empty() { None } else { Some(digits.parse().ok()?) };
    let (strips_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let quoted = rest.trim_start();
    let name = unquoted(quoted);
    (!quoted.contains('<') && !name.is_empty()).then(|| Heredoc {
        name,
        descriptor,
        strips_tabs,
        expands: !quoted.contains(['\'', '"']),
        place: line.place(start..end),
        body: Text::default(),
    })
}
