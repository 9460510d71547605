//! A script into words and operators.

use std::ops::Range;

use super::super::words::unquoted;

pub(super) enum Token {
    /// The bytes of a word.
    Word(Range<usize>),
    /// What ends a simple command.
    Operator(Range<usize>),
    /// Its target is the next word; whether output goes there.
    Redirection(bool),
}

pub(super) struct Reader<'a> {
    pub(super) script: &'a str,
    pub(super) at: usize,
    /// The ends of the heredocs whose bodies begin with the next line, each
    /// with whether tabs may stand before it.
    pub(super) documents: Vec<(String, bool)>,
    /// Whether the redirection that follows is of something else than the output.
    pub(super) is_other: bool,
}

/// How deep substitutions may stand in one another; what is deeper is not told
/// apart from the word around it.
pub(super) const DEPTH: usize = 64;

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.script.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, fits: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|it| !fits(it)).unwrap_or(rest.len());
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        loop {
            self.skip(|it| matches!(it, ' ' | '\t' | '\r'));
            match self.rest().chars().next()? {
                '#' => self.skip(|it| it != '\n'),
                '\n' => {
                    let start = self.at;
                    self.at += 1;
                    self.documents();
                    return Some(Token::Operator(start..start + 1));
                }
                ';' | '&' | '|' | '(' | ')' => {
                    let start = self.at;
                    self.skip(|it| matches!(it, ';' | '&' | '|' | '(' | ')'));
                    return Some(Token::Operator(start..self.at));
                }
                '<' | '>' => {
                    let other = std::mem::take(&mut self.is_other);
                    let is_output = self.rest().starts_with('>') && !other;
                    let is_output = is_output && !self.rest().starts_with(">&");
                    if self.redirection() {
                        return Some(Token::Redirection(is_output));
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
                    self.is_other = word != "1";
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
