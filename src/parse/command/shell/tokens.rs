//! A shell's script as words, operators and redirections.

use std::iter::Peekable;
use std::str::Chars;

use crate::parse::command::WITHHELD;

pub(super) enum Token {
    /// A word, with [`WITHHELD`] where an expansion begins.
    Word {
        text: String,
        is_literal: bool,
    },
    Operator(&'static str),
    Redirection,
    /// What follows is not understood.
    Rest,
}

pub(super) struct Reader<'a> {
    letters: Peekable<Chars<'a>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { letters: text.chars().peekable() }
    }

    /// Whether this letter comes next.
    pub(super) fn is_at(&mut self, letter: char) -> bool {
        self.letters.peek() == Some(&letter)
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Option<Token> {
        loop {
            match self.letters.peek()? {
                ' ' | '\t' | '\r' => {
                    self.letters.next();
                }
                '#' => while self.letters.next_if(|letter| *letter != '\n').is_some() {},
                _ => break,
            }
        }
        let letter = *self.letters.peek()?;
        match letter {
            '\n' | ';' | '&' | '|' | '(' | ')' => {
                self.letters.next();
                Some(Token::Operator(self.operator(letter)))
            }
            '<' | '>' => {
                self.letters.next();
                Some(self.redirection())
            }
            _ => Some(self.word()),
        }
    }

    fn operator(&mut self, first: char) -> &'static str {
        let is_doubled =
            matches!(first, '&' | '|' | ';') && self.letters.next_if_eq(&first).is_some();
        match (first, is_doubled) {
            ('&', true) => "&&",
            ('&', false) => "&",
            ('|', true) => "||",
            ('|', false) => "|",
            (';', true) => ";;",
            ('(', _) => "(",
            (')', _) => ")",
            _ => ";",
        }
    }

    /// `<<` has a document below, and `<(` a command inside: neither is read.
    fn redirection(&mut self) -> Token {
        match self.letters.next_if(|letter| matches!(letter, '<' | '>' | '&' | '|' | '(')) {
            Some('<' | '(') => Token::Rest,
            _ => Token::Redirection,
        }
    }

    fn word(&mut self) -> Token {
        let mut text = String::new();
        let mut is_literal = true;
        while let Some(letter) = self.letters.peek().copied() {
            match letter {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                _ => {
                    self.letters.next();
                }
            }
            let understood = match letter {
                '\'' => self.single_quoted(&mut text),
                '"' => self.double_quoted(&mut text, &mut is_literal),
                '\\' => self.letters.next().map(|letter| text.push(letter)).is_some(),
                // `$'…'` has escapes of its own, an apostrophe among them.
                '$' if self.letters.peek() == Some(&'\'') => false,
                '$' | '`' => {
                    is_literal = false;
                    text.push_str(WITHHELD);
                    self.expansion(letter)
                }
                _ => {
                    text.push(letter);
                    true
                }
            };
            if !understood {
                return Token::Rest;
            }
        }
        Token::Word { text, is_literal }
    }

    fn single_quoted(&mut self, text: &mut String) -> bool {
        for letter in self.letters.by_ref() {
            if letter == '\'' {
                return true;
            }
            text.push(letter);
        }
        false
    }

    fn double_quoted(&mut self, text: &mut String, is_literal: &mut bool) -> bool {
        while let Some(letter) = self.letters.next() {
            match letter {
                '"' => return true,
                '\\' => text.extend(self.letters.next()),
                '$' | '`' => {
                    *is_literal = false;
                    text.push_str(WITHHELD);
                    if !self.expansion(letter) {
                        return false;
                    }
                }
                _ => text.push(letter),
            }
        }
        false
    }

    /// Passes over `$name`, `${…}`, `$(…)` and `` `…` ``.
    fn expansion(&mut self, first: char) -> bool {
        if first == '`' {
            // An escape may begin a further one inside.
            let end = self.letters.by_ref().find(|letter| matches!(letter, '`' | '\\'));
            return end == Some('`');
        }
        match self.letters.peek() {
            Some('(') => self.nested('(', ')'),
            Some('{') => self.nested('{', '}'),
            // A name's letters are literal text of a word that is withheld.
            _ => true,
        }
    }

    /// Passes over a quoted text in an expansion; one that holds a further
    /// expansion is not understood.
    fn plainly_quoted(&mut self) -> bool {
        while let Some(letter) = self.letters.next() {
            match letter {
                '"' => return true,
                '\\' => {
                    self.letters.next();
                }
                '`' => return false,
                '$' if matches!(self.letters.peek(), Some('(' | '{')) => return false,
                _ => {}
            }
        }
        false
    }

    fn nested(&mut self, open: char, close: char) -> bool {
        let mut depth = 0_usize;
        let mut ignored = String::new();
        while let Some(letter) = self.letters.next() {
            let understood = match letter {
                '\'' => self.single_quoted(&mut ignored),
                '"' => self.plainly_quoted(),
                '\\' => self.letters.next().is_some(),
                _ => true,
            };
            if !understood {
                return false;
            }
            if letter == open {
                depth += 1;
            } else if letter == close {
                depth -= 1;
                if depth == 0 {
                    return true;
                }
            }
        }
        false
    }
}
