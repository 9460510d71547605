//! A shell's script, read as far as its skeleton needs: the grammar of
//! `POSIX.1-2017, Shell Command Language`, sections 2.2, 2.3 and 2.10.
//!
//! Whatever is not understood ends the reading, and the rest is withheld.

use std::iter::Peekable;
use std::str::Chars;

use super::programs::{Role, role};
use super::{WITHHELD, program};

/// The skeleton of a script: programs, operators, control words and exit codes.
pub fn script(text: &str) -> String {
    let mut reader = Reader { letters: text.chars().peekable() };
    let mut out = Out::default();
    let mut place = Place::Command;
    let mut redirected = false;
    while let Some(token) = reader.next() {
        place = match (token, place) {
            (Token::Rest, _) => {
                out.withhold();
                break;
            }
            (Token::Operator(";;"), _) => {
                out.withhold();
                break;
            }
            // The words of an array, as in `declare A=(…)`, are no commands.
            (Token::Operator("("), Place::Argument | Place::Code) => {
                out.withhold();
                break;
            }
            (Token::Operator(operator), _) => {
                out.push(operator);
                Place::Command
            }
            // Its target is the next word, and may be anything.
            (Token::Redirection, place) => {
                redirected = true;
                place
            }
            (Token::Word(_), place) if std::mem::take(&mut redirected) => place,
            (Token::Word(word), Place::Command) => match word.as_deref() {
                Some(word) if CONTROL.contains(&word) => {
                    out.push(word);
                    Place::Command
                }
                // From here on words are patterns or names, and no commands.
                Some("case" | "select" | "function" | "[[" | "((" | "coproc") => {
                    out.withhold();
                    break;
                }
                Some("for") => {
                    out.push("for");
                    Place::Argument
                }
                Some(word) if is_assignment(word) => {
                    out.withhold();
                    // An array's words look like commands in parentheses.
                    if reader.letters.peek() == Some(&'(') {
                        break;
                    }
                    Place::Command
                }
                Some(word) => match program(word) {
                    Some(name) => {
                        out.push(word);
                        match name {
                            "exit" | "return" => Place::Code,
                            _ if role(name) == Role::Wrapper => Place::Command,
                            _ => Place::Argument,
                        }
                    }
                    None => {
                        out.withhold();
                        Place::Argument
                    }
                },
                None => {
                    out.withhold();
                    Place::Argument
                }
            },
            (Token::Word(Some(code)), Place::Code)
                if code.len() <= 3 && code.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                out.push(&code);
                Place::Argument
            }
            (Token::Word(_), Place::Code | Place::Argument) => {
                out.withhold();
                Place::Argument
            }
        };
    }
    out.words.join(" ")
}

/// Words that stand where a command stands, before one.
const CONTROL: [&str; 12] =
    ["!", "{", "}", "if", "then", "elif", "else", "fi", "while", "until", "do", "done"];

/// What the next word is.
enum Place {
    Command,
    Argument,
    /// The code of `exit`.
    Code,
}

#[derive(Default)]
struct Out {
    words: Vec<String>,
}

impl Out {
    fn push(&mut self, word: &str) {
        self.words.push(word.to_owned());
    }

    /// One sign for several words in a row.
    fn withhold(&mut self) {
        if self.words.last().is_none_or(|last| last != WITHHELD) {
            self.push(WITHHELD);
        }
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let name = name.strip_suffix('+').unwrap_or(name);
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

enum Token {
    /// A word's literal text; `None` where an expansion takes part in it.
    Word(Option<String>),
    Operator(&'static str),
    Redirection,
    /// What follows is not understood.
    Rest,
}

struct Reader<'a> {
    letters: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Token> {
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
        Token::Word(is_literal.then_some(text))
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

#[cfg(test)]
mod tests {
    use super::script;

    #[test]
    fn what_is_nested_without_end_ends_the_reading() {
        for part in ["$(", "\"$(", "> ", "((", "`", "${", "if "] {
            assert!(!script(&part.repeat(200_000)).contains("s3cret"));
        }
        assert_eq!(script("x=$(a \"$(b \"c d\")\" ; /s3cret) curl"), "…");
        assert_eq!(script("curl $(a \"b \\\" ) /s3cret\") || true"), "curl … || true");
    }

    #[test]
    fn of_a_script_programs_and_control_flow_are_kept() {
        for (text, expected) in [
            ("curl -fsS -u me:s3cret http://x/ || exit 1", "curl … || exit 1"),
            ("redis-cli -a s3cret ping | grep PONG", "redis-cli … | grep …"),
            ("exit 0", "exit 0"),
            ("exit s3cret", "exit …"),
            ("PGPASSWORD=s3cret pg_isready -U app", "… pg_isready …"),
            ("export A='s3cret; rm -rf' && true", "export … && true"),
            ("test \"$(curl -s http://s3cret/)\" = 200 || exit 1", "test … || exit 1"),
            ("[ -f /s3cret ] && echo ok", "[ … && echo …"),
            (
                "if wget -q s3cret; then exit 0; else exit 1; fi",
                "if wget … ; then exit 0 ; else exit 1 ; fi",
            ),
            ("for i in s3cret other; do curl $i; done", "for … ; do curl … ; done"),
            ("case $x in s3cret) curl;; esac", "…"),
            ("[[ a && s3cret ]]", "…"),
            ("curl s3cret >/dev/null 2>&1 || true", "curl … || true"),
            ("curl 's3cret", "curl …"),
            ("cat <<E\ns3cret\nE", "cat …"),
            ("A=(s3cret /s3cret) curl", "…"),
            ("exec /app/server --key s3cret", "exec /app/server …"),
            ("s3cret", "…"),
            ("`s3cret` || exit 1", "… || exit 1"),
            ("curl x # s3cret", "curl …"),
            ("A+=(/s3cret) curl", "…"),
            ("declare -a A=(/s3cret curl)", "…"),
            ("export A=(/s3cret)", "export …"),
            ("curl -p$'a\\'; /s3cret ; \\'b'", "curl …"),
            ("curl `a \\`b\\` ; /s3cret`", "curl …"),
            ("(curl s3cret) & wait", "( curl … ) & wait"),
            ("! pgrep s3cret", "! pgrep …"),
            ("\"cu\"rl s3cret", "curl …"),
            ("", ""),
        ] {
            assert_eq!(script(text), expected, "{text}");
            assert!(!script(text).contains("s3cret"));
        }
    }
}
