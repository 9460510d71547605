//! The arguments of instructions, taken apart as each instruction has it: into
//! words, into `key=value` pairs, or as the JSON array of the exec form.

use std::ops::Range;

/// A word of an instruction, as it was written: quotes, escapes and variables
/// are still in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// The word.
    pub text: &'a str,
    /// Where it begins in the text that it was taken from, in bytes.
    pub start: usize,
}

impl<'a> Word<'a> {
    /// The bytes of the text that it was taken from.
    pub const fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// The parts before and after the first `=`.
    pub fn split(&self) -> Option<(Self, Self)> {
        let (key, value) = self.text.split_once('=')?;
        let after = self.start + key.len() + 1;
        Some((Word { text: key, start: self.start }, Word { text: value, start: after }))
    }

    /// A part of a text as a word, without the white space around it.
    pub(super) fn of(text: &'a str, range: Range<usize>) -> Self {
        let part = text.get(range.clone()).unwrap_or_default();
        let inner = part.trim_start();
        let start = range.start + (part.len() - inner.len());
        Word { text: inner.trim_end(), start }
    }
}

/// What stands between words: all blanks but the line's end. Wider white space,
/// such as the no-break space, belongs to a word.
pub(super) const fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\u{b}' | '\u{c}' | '\r')
}

/// Words between blanks, whatever is in them.
pub(super) fn plain(whole: Word<'_>) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in whole.text.split(is_blank) {
        if !word.is_empty() {
            found.push(Word { text: word, start: whole.start + at });
        }
        at += word.len() + 1;
    }
    found
}

/// Words between white space, of which quotes and escapes keep some in a word.
/// A quote that is never closed reaches to the end.
pub(super) fn quoted(whole: Word<'_>, escape: char) -> impl Iterator<Item = Word<'_>> {
    let mut letters = whole.text.char_indices();
    std::iter::from_fn(move || {
        let (begin, mut letter) = letters.find(|(_, letter)| !letter.is_whitespace())?;
        let mut quote = None;
        let end = loop {
            match quote {
                Some(mark) if letter == mark => quote = None,
                Some('\'') => {}
                _ if letter == escape => {
                    letters.next();
                }
                None if matches!(letter, '\'' | '"') => quote = Some(letter),
                None | Some(_) => {}
            }
            match letters.next() {
                None => break whole.text.len(),
                Some((at, next)) if next.is_whitespace() && quote.is_none() => break at,
                Some((_, next)) => letter = next,
            }
        };
        let text = whole.text.get(begin..end).unwrap_or_default();
        Some(Word { text, start: whole.start + begin })
    })
}

/// A word without its quotes, and with what a backslash escapes; variables stay.
pub(super) fn unquoted(word: &str) -> String {
    let mut quote = None;
    let mut text = String::with_capacity(word.len());
    let mut letters = word.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' if quote == Some(letter) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(letter),
            '\\' => text.extend(letters.next()),
            _ => text.push(letter),
        }
    }
    text
}

/// A key with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The key, as written.
    pub key: Word<'a>,
    /// The value, as written; none where there is no `=` (`ARG NAME`).
    pub value: Option<Word<'a>>,
}

impl Pair<'_> {
    /// The bytes of the text that it was taken from.
    pub fn range(&self) -> Range<usize> {
        self.key.start..self.value.map_or(self.key.range().end, |it| it.range().end)
    }
}

/// The pairs of `ENV`, `LABEL` and `ARG`. A word without `=` is a key alone.
pub(super) fn pairs(whole: Word<'_>, escape: char) -> impl Iterator<Item = Pair<'_>> {
    quoted(whole, escape).map(|word| match word.split() {
        Some((key, value)) => Pair { key, value: Some(value) },
        None => Pair { key: word, value: None },
    })
}

/// The one pair of the old form of `ENV` and `LABEL`, in which the value is
/// everything after the key: `ENV KEY a value`.
pub(super) fn old_pair(whole: Word<'_>) -> Option<Pair<'_>> {
    let (key, _) = whole.text.split_once(is_blank)?;
    let rest = whole.start + key.len()..whole.start + whole.text.len();
    let value = whole.text.get(key.len()..)?;
    let inner = value.trim_start_matches(is_blank);
    let start = rest.end - inner.len();
    let key = Word { text: key, start: whole.start };
    Some(Pair { key, value: Some(Word { text: inner, start }) })
}

/// What a JSON array of an instruction turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exec {
    /// An array of texts: the exec form.
    Array(Vec<String>),
    /// An array with something else in it, which no builder takes.
    Mixed,
    /// No JSON array: the shell form.
    Shell,
}

/// Reads the exec form, `["program", "argument"]`.
pub(super) fn exec(text: &str) -> Exec {
    if !text.starts_with('[') {
        return Exec::Shell;
    }
    let Ok(items) = serde_json::from_str::<Vec<serde_json::Value>>(text) else {
        return Exec::Shell;
    };
    let text = |item| if let serde_json::Value::String(it) = item { Some(it) } else { None };
    items.into_iter().map(text).collect::<Option<_>>().map_or(Exec::Mixed, Exec::Array)
}
