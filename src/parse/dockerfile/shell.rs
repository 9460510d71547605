//! The commands of a `RUN`, found without running a shell: words, quotes,
//! operators and heredocs of `POSIX.1-2017, Shell Command Language`, sections
//! 2.2, 2.3 and 2.10. What stands in `$(…)` or backquotes is part of a word.

use std::collections::BTreeSet;
use std::ops::Range;

use super::variables::{Known, expand};
use super::words::unquoted;

/// A simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its words, the program first. Assignments, redirections and the shell's
    /// own words before it, such as `then`, are left out.
    pub words: Vec<Said>,
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What it becomes, or why nobody can tell, as a fragment.
    pub text: Result<String, String>,
    /// Its bytes in the script.
    pub range: Range<usize>,
}

impl Said {
    /// What it becomes, where that can be told.
    pub fn known(&self) -> Option<&str> {
        self.text.as_deref().ok()
    }
}

/// The simple commands of a script, in their order, whether or not they would
/// be run. `look` knows the variables that the script begins with.
pub fn commands<'v>(script: &str, look: impl Fn(&str) -> Known<'v>) -> Vec<Command> {
    let mut reader = Reader { script, at: 0, documents: Vec::new() };
    let mut simple = vec![Vec::new()];
    let mut is_target = false;
    while let Some(token) = reader.next() {
        match token {
            Token::Operator => {
                is_target = false;
                simple.push(Vec::new());
            }
            Token::Redirection => is_target = true,
            Token::Word(_) if std::mem::take(&mut is_target) => {}
            Token::Word(range) => {
                simple.last_mut().into_iter().for_each(|it| it.push(range.clone()))
            }
        }
    }
    let part = |range: &Range<usize>| script.get(range.clone()).unwrap_or_default();
    let own: BTreeSet<&str> = simple.iter().flat_map(|it| assigned(it, part)).collect();
    let look = |name: &str| if own.contains(name) { Known::Untold(OWN) } else { look(name) };
    let mut made = 0;
    let mut said = |range: Range<usize>| {
        let word = part(&range);
        let text = if word.contains('`') || word.contains("$(") {
            Err("it is what a command prints".to_owned())
        } else if made > MOST {
            Err("the words of the script have too many bytes together".to_owned())
        } else {
            expand(word, '\\', look)
        };
        made += text.as_ref().map_or(0, String::len);
        Said { text, range }
    };
    let command = |words: Vec<Range<usize>>| {
        let words = words.into_iter().skip_while(|it| is_before_program(part(it)));
        Command { words: words.map(&mut said).collect() }
    };
    simple.into_iter().map(command).filter(|it| !it.words.is_empty()).collect()
}

/// The most bytes that the words of a script may become.
const MOST: usize = 4 << 20;

const OWN: &str = "the script itself sets it";

/// The shell's own words that may stand before a program.
const CONTROL: [&str; 11] =
    ["!", "{", "}", "if", "then", "elif", "else", "while", "until", "do", "time"];

fn is_before_program(word: &str) -> bool {
    CONTROL.contains(&word) || assignment(word).is_some()
}

/// The name that `NAME=value` sets.
fn assignment(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (!name.is_empty() && name.bytes().all(is_name)).then_some(name)
}

/// The names that a simple command sets.
fn assigned<'s>(
    words: &[Range<usize>],
    part: impl Fn(&Range<usize>) -> &'s str,
) -> impl Iterator<Item = &'s str> {
    let first = words.iter().map(&part).find(|it| !CONTROL.contains(it)).unwrap_or_default();
    let names_follow = ["for", "read", "unset"].contains(&first);
    words
        .iter()
        .map(part)
        .filter_map(move |word| assignment(word).or_else(|| names_follow.then_some(word)))
}

enum Token {
    /// The bytes of a word.
    Word(Range<usize>),
    /// What ends a simple command.
    Operator,
    /// Its target is the next word.
    Redirection,
}

struct Reader<'a> {
    script: &'a str,
    at: usize,
    /// The ends of the heredocs whose bodies begin with the next line, each
    /// with whether tabs may stand before it.
    documents: Vec<(String, bool)>,
}

/// How deep substitutions may stand in one another; what is deeper is not told
/// apart from the word around it.
const DEPTH: usize = 64;

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.script.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, fits: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|it| !fits(it)).unwrap_or(rest.len());
    }

    fn next(&mut self) -> Option<Token> {
        loop {
            self.skip(|it| matches!(it, ' ' | '\t' | '\r'));
            match self.rest().chars().next()? {
                '#' => self.skip(|it| it != '\n'),
                '\n' => {
                    self.at += 1;
                    self.documents();
                    return Some(Token::Operator);
                }
                ';' | '&' | '|' | '(' | ')' => {
                    self.skip(|it| matches!(it, ';' | '&' | '|' | '(' | ')'));
                    return Some(Token::Operator);
                }
                '<' | '>' => {
                    if self.redirection() {
                        return Some(Token::Redirection);
                    }
                }
                _ => {
                    let start = self.at;
                    self.at = self.end_of_word();
                    // `2>`: the digits belong to the redirection.
                    let word = self.script.get(start..self.at).unwrap_or_default();
                    let is_number = word.bytes().all(|it| it.is_ascii_digit());
                    if !(is_number && self.rest().starts_with(['<', '>'])) {
                        return Some(Token::Word(start..self.at));
                    }
                }
            }
        }
    }

    /// Passes over a redirection's sign, and over the name of a heredoc. Whether
    /// the next word is its target.
    fn redirection(&mut self) -> bool {
        let start = self.at;
        self.skip(|it| matches!(it, '<' | '>' | '&' | '|'));
        if self.script.get(start..self.at) != Some("<<") {
            return true;
        }
        let tabs = self.rest().starts_with('-');
        self.at += usize::from(tabs);
        self.skip(|it| matches!(it, ' ' | '\t'));
        let start = self.at;
        self.at = self.end_of_word();
        let name = self.script.get(start..self.at).unwrap_or_default();
        self.documents.push((unquoted(name), tabs));
        false
    }

    /// Passes over the bodies of the heredocs that the line before announced.
    fn documents(&mut self) {
        for (name, tabs) in std::mem::take(&mut self.documents) {
            while !self.rest().is_empty() {
                let line = self.rest().split_inclusive('\n').next().unwrap_or_default();
                let inner = line.trim_end_matches(['\r', '\n']);
                let inner = if tabs { inner.trim_start_matches('\t') } else { inner };
                let is_end = inner == name;
                self.at += line.len();
                if is_end {
                    break;
                }
            }
        }
    }

    /// Where the word ends that begins here.
    fn end_of_word(&self) -> usize {
        // What each open quote or substitution is closed by, the innermost last.
        let mut open: Vec<char> = Vec::new();
        let mut letters = self.rest().char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let inner = open.last().copied();
            match (letter, inner) {
                (_, Some('\'')) if letter != '\'' => {}
                _ if Some(letter) == inner => {
                    open.pop();
                }
                ('\\', _) => {
                    letters.next();
                }
                _ if open.len() == DEPTH => {}
                ('$', _) => {
                    if letters.next_if(|(_, it)| *it == '(').is_some() {
                        open.push(')');
                    } else if letters.next_if(|(_, it)| *it == '{').is_some() {
                        open.push('}');
                    }
                }
                ('"' | '`', _) => open.push(letter),
                ('\'', None | Some(')' | '`')) => open.push(letter),
                ('(', Some(')')) => open.push(')'),
                (' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>', None) => {
                    return self.at + at;
                }
                _ => {}
            }
        }
        self.script.len()
    }
}
