//! The variables of instructions: `$X`, `${X}`, `${X:-default}`, `${X:+other}`,
//! `${X:?message}`, nested, with quotes and escapes as a shell has them.
//! Source: Dockerfile reference, "Environment replacement".

use std::iter::Peekable;
use std::str::Chars;

use super::check::short;

/// What is known of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// Its value.
    Value(&'a str),
    /// Nobody set it. Builders take that for an empty text, and warn.
    Unset,
    /// Nobody here set it; the base image may have.
    Below,
    /// It may be set, and this is why nobody can tell to what.
    Untold(&'a str),
}

/// How deep one `${…}` may stand in another.
const DEPTH: usize = 32;

/// The most bytes that a word may become.
pub(super) const LONGEST: usize = 64 * 1024;

/// A word with its variables filled in, its quotes and escapes taken away.
///
/// # Errors
/// Why nobody can tell what it becomes, as a fragment.
pub fn expand<'v>(
    word: &str,
    escape: char,
    look: impl Fn(&str) -> Known<'v>,
) -> Result<String, String> {
    if !word.contains(['$', '\'', '"', escape]) {
        return Ok(word.to_owned());
    }
    let mut expander = Expander { letters: word.chars().peekable(), escape, look };
    let made = expander.until(None, 0)?;
    made.untold.map_or(Ok(made.text), Err)
}

/// What a part became.
#[derive(Default)]
struct Made {
    text: String,
    /// Why the text is not all of it.
    untold: Option<String>,
}

impl Made {
    fn push_str(&mut self, text: &str) {
        if self.text.len() + text.len() > LONGEST {
            self.untold.get_or_insert_with(|| format!("it has more than {LONGEST} bytes"));
        } else {
            self.text.push_str(text);
        }
    }

    fn push(&mut self, letter: char) {
        self.push_str(letter.encode_utf8(&mut [0; 4]));
    }

    fn add(&mut self, other: Self) {
        self.push_str(&other.text);
        self.untold = self.untold.take().or(other.untold);
    }

    fn untold(why: impl Into<String>) -> Self {
        Self { text: String::new(), untold: Some(why.into()) }
    }
}

impl From<&str> for Made {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), untold: None }
    }
}

/// A variable in a message.
fn of(name: &str) -> String {
    let shown: String = name.chars().take(40).collect();
    format!("${shown}")
}

struct Expander<'a, L> {
    letters: Peekable<Chars<'a>>,
    escape: char,
    look: L,
}

impl<'v, L: Fn(&str) -> Known<'v>> Expander<'_, L> {
    /// Everything up to a letter that ends it, or to the end.
    fn until(&mut self, stop: Option<char>, depth: usize) -> Result<Made, String> {
        let mut made = Made::default();
        while let Some(letter) = self.letters.next() {
            match letter {
                _ if Some(letter) == stop => return Ok(made),
                '\'' => self.single_quoted(&mut made)?,
                '"' => self.double_quoted(&mut made, depth)?,
                '$' => made.add(self.variable(depth)?),
                _ if letter == self.escape => {
                    if let Some(letter) = self.letters.next() {
                        made.push(letter);
                    }
                }
                _ => made.push(letter),
            }
        }
        if stop.is_some() { Err("a ${ has no }".to_owned()) } else { Ok(made) }
    }

    fn single_quoted(&mut self, made: &mut Made) -> Result<(), String> {
        for letter in self.letters.by_ref() {
            if letter == '\'' {
                return Ok(());
            }
            made.push(letter);
        }
        Err("a single quote is not closed".to_owned())
    }

    fn double_quoted(&mut self, made: &mut Made, depth: usize) -> Result<(), String> {
        while let Some(letter) = self.letters.next() {
            match letter {
                '"' => return Ok(()),
                '$' => made.add(self.variable(depth)?),
                _ if letter == self.escape => {
                    let escape = self.escape;
                    let escapes = |next: &char| matches!(next, '"' | '$') || *next == escape;
                    match self.letters.next_if(escapes) {
                        Some(next) => made.push(next),
                        // Before any other letter it stands for itself.
                        None if self.letters.peek().is_some() => made.push(letter),
                        None => {}
                    }
                }
                _ => made.push(letter),
            }
        }
        Err("a double quote is not closed".to_owned())
    }

    /// What follows a `$`.
    fn variable(&mut self, depth: usize) -> Result<Made, String> {
        if self.letters.next_if_eq(&'{').is_none() {
            let name = self.name();
            return Ok(if name.is_empty() { "$".into() } else { self.value(&name) });
        }
        if depth == DEPTH {
            return Err(format!("more than {DEPTH} ${{ stand in one another"));
        }
        let name = self.name();
        if name.is_empty() {
            return Err("a ${ has no name".to_owned());
        }
        let mut letter = self.letters.next();
        if letter == Some('}') {
            return Ok(self.value(&name));
        }
        let empty_is_unset = letter == Some(':');
        if empty_is_unset {
            letter = self.letters.next();
        }
        let Some(operator @ ('-' | '+' | '?' | '#' | '%' | '/')) = letter else {
            return Err(format!("{} is followed by neither }} nor an operator", of(&name)));
        };
        let word = self.until(Some('}'), depth + 1)?;
        let known = (self.look)(&name);
        let is_set = match known {
            Known::Untold(_) | Known::Below => return Ok(self.value(&name)),
            Known::Unset => false,
            Known::Value(value) => !(empty_is_unset && value.is_empty()),
        };
        match (operator, is_set) {
            ('-', false) | ('+', true) => Ok(word),
            ('+', false) => Ok(Made::default()),
            ('-' | '?', true) => Ok(self.value(&name)),
            ('?', false) if word.text.is_empty() => Ok(self.value(&name)),
            ('?', false) => Err(format!("{}: {}", of(&name), short(&word.text))),
            _ => Ok(Made::untold(format!("{} with {operator} is not worked out", of(&name)))),
        }
    }

    fn value(&self, name: &str) -> Made {
        match (self.look)(name) {
            Known::Value(value) => value.into(),
            Known::Unset => Made::untold(format!("{} has no value", of(name))),
            Known::Below => {
                let why = "has no value here; the base image may set it";
                Made::untold(format!("{} {why}", of(name)))
            }
            Known::Untold(why) => Made::untold(why),
        }
    }

    /// A name, a number, or one of the shell's special parameters.
    fn name(&mut self) -> String {
        let Some(first) = self.letters.peek().copied() else { return String::new() };
        let mut name = String::new();
        let goes_on = |letter: &char| {
            if first.is_ascii_digit() {
                letter.is_ascii_digit()
            } else {
                letter.is_alphanumeric() || *letter == '_'
            }
        };
        if matches!(first, '@' | '*' | '#' | '?' | '-' | '$' | '!') {
            name.extend(self.letters.next());
        } else {
            while let Some(letter) = self.letters.next_if(goes_on) {
                name.push(letter);
            }
        }
        name
    }
}
