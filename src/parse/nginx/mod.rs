//! nginx's configuration: the directives that matter, each with its line.
//!
//! Files are split into words as nginx itself does it, so that what is a block,
//! a text or a comment to nginx is the same here. Libraries that parse such files
//! know a fixed set of directives, or mend what nginx would refuse.

mod command;
mod include;
mod keep;
mod lexer;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::model::nginx::Directive;

pub use command::{Told, is_program, of_process, of_words};
pub use include::{Files, assemble};
pub use keep::{CHALLENGES, is_by_another, may_be_empty};
use lexer::{End, Lexer};

/// The most bytes of one file.
pub const LONGEST: usize = 1 << 20;

/// The most directives that are kept, of one file and of a configuration.
const MOST: usize = 10_000;

/// How deep blocks stand in blocks. nginx itself allows no more than a few.
const DEEPEST: usize = 16;

/// Where a file is no configuration that nginx would load, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line.
    pub line: u32,
    /// What is wrong, as a fragment.
    pub what: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// The directives of one file that are kept, its `include` among them.
///
/// # Errors
/// nginx could not read the file either, or it is deeper than anybody looks.
pub fn parse(text: &str, file: &str) -> Result<Vec<Directive>, Fault> {
    let mut lexer = Lexer::new(text);
    let mut found = Vec::new();
    let mut open: Vec<Directive> = Vec::new();
    // How many blocks are open that nobody asks about.
    let mut dropped = 0_usize;
    let mut count = 0_usize;
    loop {
        let (words, line, end) = lexer.next()?;
        let name = words.first().map_or("", String::as_str);
        let kept = || {
            let arguments = keep::arguments(name, words.get(1..).unwrap_or_default())?;
            let arguments = arguments.into_iter().map(Into::into).collect();
            let name = name.to_owned();
            Some(Directive { name, arguments, file: file.into(), line, block: Vec::new() })
        };
        let done = match end {
            End::Block if name.ends_with("_by_lua_block") => {
                lexer.pass_lua()?;
                kept().filter(|_| dropped == 0)
            }
            End::Block if dropped > 0 || !keep::is_block(name) => {
                dropped += 1;
                None
            }
            End::Block => {
                if open.len() >= DEEPEST {
                    return Err(lexer.fault("blocks stand deeper in each other than is looked"));
                }
                open.extend(kept());
                None
            }
            End::Statement => kept().filter(|_| dropped == 0 && !keep::is_block(name)),
            End::Close if dropped > 0 => {
                dropped -= 1;
                None
            }
            End::Close => match open.pop() {
                None => return Err(lexer.fault("a } that closes nothing")),
                block => block,
            },
            End::File if open.is_empty() && dropped == 0 => return Ok(found),
            End::File => return Err(Fault { line: lexer.line(), what: "a block is not closed" }),
        };
        count += usize::from(done.is_some());
        if count > MOST {
            return Err(lexer.fault("more directives than are read of a file"));
        }
        open.last_mut().map_or(&mut found, |it| &mut it.block).extend(done);
    }
}
