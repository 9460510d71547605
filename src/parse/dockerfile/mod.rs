//! A Dockerfile as it is written, and what the image made from it would say.
//!
//! ```text
//! bytes ─► lines ─► instructions ─► stages = Dockerfile ─► shipped() = Built
//! ```
//!
//! The tree is faithful: [`parse`] keeps every instruction with its place, also
//! one that no builder would take; that is a [`Wrong`] among the faults, and
//! the rest is read all the same. [`shipped`] then says what the stages of one
//! target set. Both follow the Dockerfile reference, and BuildKit where the
//! reference is silent.

mod accounts;
mod built;
mod calls;
mod check;
mod downloads;
mod graph;
mod heredoc;
mod idle;
mod instruction;
mod mask;
mod mount;
mod packages;
mod read;
mod shell;
#[cfg(test)]
mod tests;
mod text;
mod variables;
mod words;

pub use accounts::{Account, Kind};
pub use built::{Base, Built, Step, Work, plan, shipped, shipped_on, work};
pub use calls::{Argument, Call, is_shell};
pub use downloads::{Unverified, unverified, variable as unverified_variable};
pub use graph::{From, Part, Plan};
pub use heredoc::Heredoc;
pub use idle::{Idle, Unless};
pub use instruction::{Flag, Instruction, Keyword};
pub use mask::{is_secret, masked};
pub use mount::Mount;
pub use packages::{Act, Manager, Verb, act, brings};
pub use read::parse;
pub use shell::{Command, commands};
pub use text::Text;
pub use variables::{Known, expand};
pub use words::{Exec, Pair, Word};

/// The most bytes of a Dockerfile that are read.
pub const LARGEST: usize = 1 << 20;

/// The most instructions that are kept, and the most faults that are told.
pub const INSTRUCTIONS: usize = 20_000;

/// The most faults of one file that are told.
pub const FAULTS: usize = 100;

/// Where something stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// How many characters of that line it takes, at least 1.
    pub length: u32,
}

/// What is wrong with a Dockerfile, or with what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where.
    pub place: Place,
    /// What, as a fragment without a full stop.
    pub what: String,
    /// What to do about it; may be empty.
    pub help: String,
}

/// A Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dockerfile {
    /// The parser directives at its top.
    pub directives: Vec<Directive>,
    /// What continues a line and takes a letter's meaning away: a backslash, or
    /// the backtick where a directive says so.
    pub escape: char,
    /// What stands before the first `FROM`: the global `ARG`s, and whatever
    /// does not belong there.
    pub preamble: Vec<Instruction>,
    /// The stages, in their order.
    pub stages: Vec<Stage>,
    /// What no builder would take, in the order of the file.
    pub faults: Vec<Wrong>,
}

/// A parser directive: `# syntax=docker/dockerfile:1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// `syntax`, `escape` or `check`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where the value stands.
    pub place: Place,
}

/// A build stage: a `FROM` and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The `FROM`.
    pub from: Instruction,
    /// The instructions that follow.
    pub instructions: Vec<Instruction>,
}

impl Stage {
    /// The image or the stage that it begins with, as written.
    pub fn base(&self) -> Option<Word<'_>> {
        self.from.words().first().copied()
    }

    /// Its name, in lower case: builders do not tell `Build` from `build`.
    pub fn name(&self) -> Option<String> {
        let words = self.from.words();
        let is_named = words.get(1).is_some_and(|it| it.text.eq_ignore_ascii_case("as"));
        words.get(2).filter(|_| is_named).map(|it| it.text.to_lowercase())
    }
}

impl Dockerfile {
    /// Every instruction, in the order of the file.
    pub fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        let staged = self.stages.iter();
        let staged = staged.flat_map(|it| std::iter::once(&it.from).chain(&it.instructions));
        self.preamble.iter().chain(staged)
    }
}
