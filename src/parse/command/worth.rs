//! Whether the skeleton of a script succeeds whatever its commands do: the lists
//! of `POSIX.1-2017, Shell Command Language`, section 2.9.

use super::program;
use super::programs::is_always_true;

/// Groups deeper in one another nobody writes.
const DEEPEST: usize = 32;

/// The words between commands, and those that close what others open.
pub(super) const BETWEEN: [&str; 15] =
    ["&&", "||", "|", ";", "&", "(", ")", "{", "}", "then", "else", "do", "done", "fi", "elif"];

/// Whether the words of a skeleton are worth a success by themselves, if nothing
/// ends the script before its end.
pub(super) fn always(words: &[&str]) -> bool {
    let mut reader = Reader { words, at: 0 };
    // What is left over stands where no command can.
    reader.list(0) && reader.at >= words.len()
}

struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    /// Passes over a word, if it is the next one.
    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.peek() == Some(word);
        self.at += usize::from(is_next);
        is_next
    }

    fn skip_lines(&mut self) {
        while self.takes(";") {}
    }

    /// It is worth what its last part is. What runs in the background is not
    /// waited for, and its end not asked for.
    fn list(&mut self, depth: usize) -> bool {
        let mut worth = false;
        loop {
            self.skip_lines();
            let begin = self.at;
            let one = self.alternatives(depth);
            if self.at == begin {
                return worth;
            }
            worth = self.takes("&") || one;
            if worth && self.peek().is_none() {
                return true;
            }
        }
    }

    /// `a && b || c`: one after the other, from the left.
    fn alternatives(&mut self, depth: usize) -> bool {
        let mut worth = self.pipeline(depth);
        loop {
            if self.takes("&&") {
                self.skip_lines();
                worth &= self.pipeline(depth);
            } else if self.takes("||") {
                self.skip_lines();
                worth |= self.pipeline(depth);
            } else {
                return worth;
            }
        }
    }

    /// It is worth what its last command is.
    fn pipeline(&mut self, depth: usize) -> bool {
        let is_turned = self.takes("!");
        let mut worth = self.command(depth);
        while self.takes("|") {
            self.skip_lines();
            worth = self.command(depth);
        }
        worth && !is_turned
    }

    fn command(&mut self, depth: usize) -> bool {
        match self.peek() {
            Some("(" | "{") if depth >= DEEPEST => {
                self.at = self.words.len();
                false
            }
            Some("(" | "{") => {
                self.at += 1;
                let worth = self.list(depth + 1);
                (self.takes(")") || self.takes("}")) && worth
            }
            Some("if" | "while" | "until" | "for") => {
                self.skip_control();
                false
            }
            _ => self.simple(),
        }
    }

    /// Passes over what begins with such a word, and all that is in it.
    fn skip_control(&mut self) {
        let mut open = 0_usize;
        while let Some(word) = self.peek() {
            self.at += 1;
            match word {
                "if" | "while" | "until" | "for" => open += 1,
                "fi" | "done" => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 {
                return;
            }
        }
    }

    fn simple(&mut self) -> bool {
        let begin = self.at;
        while self.peek().is_some_and(|word| !BETWEEN.contains(&word)) {
            self.at += 1;
        }
        match self.words.get(begin..self.at).unwrap_or_default() {
            ["exit", "0"] => true,
            // By itself it ends with the code of the command before it, if there is any.
            ["exit"] => begin == 0,
            [first, ..] => program(first).is_some_and(is_always_true),
            [] => false,
        }
    }
}
