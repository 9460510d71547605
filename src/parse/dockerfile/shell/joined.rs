//! Which words make a command, and which command takes what another prints.

use std::ops::Range;

use super::read::{DEPTH, Reader, Token};

/// The most commands of a script that are read.
const MOST: usize = 20_000;

/// A command by its words in the script.
#[derive(Default)]
pub(super) struct Simple {
    pub(super) words: Vec<Range<usize>>,
    pub(super) output: Option<Range<usize>>,
    pub(super) into: Option<usize>,
    /// The commands whose output it takes.
    takes: Vec<Range<usize>>,
}

/// What opens something that a later word or sign closes.
struct Frame {
    /// The command that it is part of.
    outer: Simple,
    /// The first command in it.
    start: usize,
    /// Whether the command takes what is printed inside: `<(…)`.
    is_taken: bool,
    closes: char,
}

/// The commands of a script.
#[derive(Default)]
pub(super) struct Joined {
    pub(super) done: Vec<Simple>,
    /// What waits for the command after a pipe.
    piped: Option<Range<usize>>,
    /// What was closed or ended last.
    last: Range<usize>,
}

impl Joined {
    /// Reads a part of a script.
    pub(super) fn read(&mut self, script: &str, part: Range<usize>, depth: usize) {
        let inner = script.get(part.clone()).unwrap_or_default();
        let mut reader = Reader { script: inner, at: 0, documents: Vec::new(), is_other: false };
        let moved = |it: Range<usize>| part.start + it.start..part.start + it.end;
        let mut simple = Simple::default();
        let mut open: Vec<Frame> = Vec::new();
        let mut target = None;
        while let Some(token) = reader.next() {
            if self.done.len() >= MOST {
                break;
            }
            match token {
                Token::Redirection(is_output) => target = Some(is_output),
                Token::Word(word) => {
                    let text = inner.get(word.clone()).unwrap_or_default();
                    let word = moved(word);
                    if depth < DEPTH {
                        for inside in substitutions(text) {
                            let start = self.done.len();
                            let piped = self.piped.take();
                            let inside = word.start + inside.start..word.start + inside.end;
                            self.read(script, inside, depth + 1);
                            self.piped = piped;
                            simple.takes.push(start..self.done.len());
                        }
                    }
                    match (target.take(), text) {
                        (Some(true), _) => simple.output = Some(word),
                        (Some(false), _) => {}
                        (None, "{") if simple.words.is_empty() => {
                            self.open(&mut open, &mut simple, false, '}');
                        }
                        (None, "}") if simple.words.is_empty() => {
                            self.close(&mut open, &mut simple, '}');
                        }
                        (None, _) => simple.words.push(word),
                    }
                }
                Token::Operator(range) => {
                    let signs = inner.get(range).unwrap_or_default();
                    let mut signs = signs.chars().peekable();
                    while let Some(sign) = signs.next() {
                        match sign {
                            '(' => {
                                let is_taken = target.take() == Some(false);
                                self.open(&mut open, &mut simple, is_taken, ')');
                            }
                            ')' => self.close(&mut open, &mut simple, ')'),
                            '|' if signs.next_if_eq(&'|').is_none() => {
                                self.end(&mut simple);
                                signs.next_if_eq(&'&');
                                self.piped = Some(self.last.clone());
                            }
                            _ => {
                                self.end(&mut simple);
                                self.last = 0..0;
                            }
                        }
                    }
                    // A line that ends after a pipe goes on.
                    target = None;
                }
            }
        }
        while let Some(frame) = open.pop() {
            self.end(&mut simple);
            simple = frame.outer;
        }
        self.end(&mut simple);
    }

    fn open(&mut self, open: &mut Vec<Frame>, simple: &mut Simple, is_taken: bool, closes: char) {
        if open.len() == DEPTH {
            self.end(simple);
            return;
        }
        if !is_taken {
            self.end(simple);
        }
        let outer = std::mem::take(simple);
        open.push(Frame { outer, start: self.done.len(), is_taken, closes });
    }

    fn close(&mut self, open: &mut Vec<Frame>, simple: &mut Simple, closes: char) {
        self.end(simple);
        let Some(frame) = open.pop_if(|it| it.closes == closes) else { return };
        let inside = frame.start..self.done.len();
        *simple = frame.outer;
        if frame.is_taken {
            simple.takes.push(inside);
        } else {
            self.last = inside;
        }
    }

    /// Ends a simple command, if there is one.
    fn end(&mut self, simple: &mut Simple) {
        let ended = std::mem::take(simple);
        if ended.words.is_empty() && ended.output.is_none() && ended.takes.is_empty() {
            return;
        }
        let at = self.done.len();
        for taken in self.piped.take().into_iter().chain(ended.takes.iter().cloned()) {
            for inside in self.done.get_mut(taken).into_iter().flatten() {
                inside.into.get_or_insert(at);
            }
        }
        self.done.push(ended);
        self.last = at..at + 1;
    }
}

/// What stands in the `$(…)` and backquotes of a word; not in those inside of them.
pub(super) fn substitutions(word: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if !word.contains(['`', '$']) {
        return found;
    }
    let mut letters = word.char_indices().peekable();
    let (mut is_single, mut is_double) = (false, false);
    let mut backquote = None;
    // Where the substitution began that is open, and how many brackets are.
    let mut begun: Option<(usize, usize)> = None;
    while let Some((at, letter)) = letters.next() {
        match (letter, &mut begun) {
            ('\\', _) if !is_single => {
                letters.next();
            }
            ('\'', _) if !is_double => is_single = !is_single,
            _ if is_single => {}
            ('(', Some((_, depth))) => *depth += 1,
            (')', Some((start, depth))) => {
                *depth -= 1;
                if *depth == 0 {
                    // `$((…))` is arithmetic.
                    let is_number = word.get(*start..).is_some_and(|it| it.starts_with('('));
                    found.extend((!is_number).then_some(*start..at));
                    begun = None;
                }
            }
            (_, Some(_)) => {}
            ('"', None) => is_double = !is_double,
            ('`', None) => match backquote.take() {
                Some(start) => found.push(start..at),
                None => backquote = Some(at + 1),
            },
            ('$', None) if letters.next_if(|(_, it)| *it == '(').is_some() => {
                begun = Some((at + 2, 1));
            }
            _ => {}
        }
    }
    found
}
