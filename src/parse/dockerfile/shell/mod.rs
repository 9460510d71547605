//! The commands of a `RUN`, found without running a shell: words, quotes,
//! operators and heredocs of `POSIX.1-2017, Shell Command Language`, sections
//! 2.2, 2.3 and 2.10. What stands in `$(…)` or backquotes is a part of a word, and
//! commands of its own.

mod joined;
mod read;

use std::collections::BTreeSet;
use std::ops::Range;

use super::variables::{Known, expand};
use joined::{Joined, Simple, substitutions};

/// A simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// Its words, the program first. Assignments, redirections and the shell's
    /// own words before it, such as `then`, are left out.
    pub words: Vec<Said>,
    /// What `NAME=value` before its program sets for it.
    pub settings: Vec<(String, Said)>,
    /// The last file that its output goes to.
    pub output: Option<Said>,
    /// The command, by its place in the list, that takes what this one prints: it
    /// reads it from a pipe, or has it among its words.
    pub into: Option<usize>,
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
/// be run; those of a substitution come before the command that it is part of.
/// `look` knows the variables that the script begins with.
pub fn commands<'v>(script: &str, look: impl Fn(&str) -> Known<'v>) -> Vec<Command> {
    let mut joined = Joined::default();
    joined.read(script, 0..script.len(), 0);
    let simple = joined.done;
    let part = |range: &Range<usize>| script.get(range.clone()).unwrap_or_default();
    let own: BTreeSet<&str> = simple.iter().flat_map(|it| assigned(&it.words, part)).collect();
    let look = |name: &str| if own.contains(name) { Known::Untold(OWN) } else { look(name) };
    let mut made = 0;
    let mut said = |range: Range<usize>| {
        let word = part(&range);
        let text = if !substitutions(word).is_empty() {
            Err("it is what a command prints".to_owned())
        } else if word.contains("$((") {
            Err("the shell works it out".to_owned())
        } else if made > MOST {
            Err("the words of the script have too many bytes together".to_owned())
        } else {
            expand(word, '\\', look)
        };
        made += text.as_ref().map_or(0, String::len);
        Said { text, range }
    };
    let mut command = |simple: Simple| {
        let before = simple.words.iter().take_while(|it| is_before_program(part(it))).count();
        let (before, words) = simple.words.split_at(before);
        let settings = before.iter().filter_map(|range| {
            let name = assignment(part(range))?;
            let value = range.end.min(range.start + part(range).find('=')? + 1)..range.end;
            Some((name.to_owned(), said(value)))
        });
        let settings = settings.collect();
        let mut words: Vec<Said> = words.iter().cloned().map(&mut said).collect();
        // Of a program in a folder that nobody can tell the name is known: `$HOME/bin/pip`.
        if let Some(first) = words.first_mut().filter(|it| it.text.is_err()) {
            let name = part(&first.range).trim_end_matches('"').rsplit_once('/');
            let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"._+-".contains(&it);
            let name = name.map(|(_, name)| name).filter(|it| it.bytes().all(is_plain));
            first.text = name
                .map(str::to_owned)
                .filter(|it| !it.is_empty())
                .ok_or(())
                .or_else(|()| first.text.clone());
        }
        Command { settings, words, output: simple.output.map(&mut said), into: simple.into }
    };
    let all: Vec<Command> = simple.into_iter().map(&mut command).collect();
    without_empty(all)
}

/// Leaves out what runs no program; whoever takes what another prints is found
/// at its new place.
fn without_empty(all: Vec<Command>) -> Vec<Command> {
    let mut kept = 0;
    let mut places = Vec::with_capacity(all.len());
    for command in &all {
        places.push((!command.words.is_empty()).then_some(kept));
        kept += usize::from(!command.words.is_empty());
    }
    let place = |at: usize| places.get(at).copied().flatten();
    let all = all.into_iter().filter(|it| !it.words.is_empty());
    all.map(|it| Command { into: it.into.and_then(place), ..it }).collect()
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
