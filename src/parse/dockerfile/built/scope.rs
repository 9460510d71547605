//! Which variables an instruction sees, and what they are.
//!
//! An `ARG` before the first `FROM` is seen by every `FROM`, and in a stage once
//! an `ARG` without a default names it there. `ENV` and `ARG` of a stage are
//! seen from the next instruction on, and in stages that rest on it.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::super::instruction::Instruction;
use super::super::variables::{Known, LONGEST, expand};
use super::Base;

/// The arguments that BuildKit sets by itself, from the platforms of a build.
/// Source: Dockerfile reference, "Automatic platform ARGs in the global scope".
const AUTOMATIC: [&str; 11] = [
    "BUILDARCH",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDPLATFORM",
    "BUILDVARIANT",
    "TARGETARCH",
    "TARGETOS",
    "TARGETPLATFORM",
    "TARGETSTAGE",
    "TARGETVARIANT",
    "TARGETOSVERSION",
];

/// The most bytes that all expansions together may make: each may double what
/// the one before it made.
const MOST: usize = 64 * LONGEST;

/// A value, or why nobody can tell it.
pub(super) type Told = Result<String, String>;

#[derive(Clone)]
struct Variable {
    value: Told,
    /// Whether it is an `ENV`, which the image keeps.
    is_kept: bool,
}

/// The variables at one point of a Dockerfile.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    args: &'a BTreeMap<String, Option<String>>,
    variables: BTreeMap<String, Variable>,
    /// The environment of the base image, where it is known.
    below: Option<&'a BTreeMap<String, String>>,
    /// Whether a base image may set what nobody else does.
    has_base: bool,
    /// How many bytes expansions have made so far.
    bytes: Cell<usize>,
}

impl<'a> Scope<'a> {
    /// What is seen before the first `FROM`.
    pub(super) fn global(args: &'a BTreeMap<String, Option<String>>) -> Self {
        let variables = BTreeMap::new();
        let mut scope = Self { args, variables, below: None, has_base: false, bytes: Cell::new(0) };
        for name in AUTOMATIC {
            let value = scope
                .given(name)
                .unwrap_or_else(|| Err(format!("${name} depends on what the build is for")));
            scope.set(name, value, false);
        }
        scope
    }

    /// What a stage begins with that rests on a base image, or on `scratch`.
    pub(super) fn stage(
        global: &Self,
        base: Option<&Base>,
        below: Option<&'a BTreeMap<String, String>>,
    ) -> Self {
        let mut scope = Self {
            args: global.args,
            variables: BTreeMap::new(),
            below: below.filter(|_| base.is_some()),
            has_base: base.is_some(),
            bytes: Cell::new(0),
        };
        if base.is_none() {
            scope.set("PATH", Ok(crate::parse::path::DEFAULT_PATH.to_owned()), false);
        }
        scope
    }

    /// What is known of a variable.
    pub(super) fn look(&self, name: &str) -> Known<'_> {
        if let Some(variable) = self.variables.get(name) {
            return match &variable.value {
                Ok(value) => Known::Value(value),
                Err(why) => Known::Untold(why),
            };
        }
        match self.below {
            Some(below) => below.get(name).map_or(Known::Unset, |it| Known::Value(it)),
            None if self.has_base => Known::Below,
            None => Known::Unset,
        }
    }

    /// A word with its variables filled in.
    pub(super) fn expand(&self, word: &str, escape: char) -> Told {
        let value = expand(word, escape, |name| self.look(name))?;
        // What is written out is no longer than the file.
        if value.len() > word.len() {
            self.bytes.set(self.bytes.get() + value.len());
        }
        if self.bytes.get() > MOST { Err(TOO_MUCH.to_owned()) } else { Ok(value) }
    }

    /// Sets a variable for what follows.
    pub(super) fn set(&mut self, name: &str, value: Told, is_kept: bool) {
        self.variables.insert(name.to_owned(), Variable { value, is_kept });
    }

    /// The value that a build was given for an argument.
    fn given(&self, name: &str) -> Option<Told> {
        let given = self.args.get(name)?;
        Some(
            given
                .clone()
                .ok_or_else(|| format!("the value of the build argument {name} is not known")),
        )
    }

    /// Carries out an `ARG`. In a stage, one without a default takes the value of
    /// the global argument.
    pub(super) fn arguments(&mut self, instruction: &Instruction, global: Option<&Scope<'_>>) {
        for pair in instruction.pairs() {
            let name = pair.key.text;
            let default = pair.value.map(|it| self.expand(it.text, instruction.escape));
            let inherited = || {
                let value = match global?.look(name) {
                    Known::Value(value) => Ok(value.to_owned()),
                    Known::Untold(why) => Err(why.to_owned()),
                    Known::Unset | Known::Below => return None,
                };
                Some(value)
            };
            let Some(value) = self.given(name).or(default).or_else(inherited) else { continue };
            let before = self.variables.get(name);
            // The reference says that ENV wins, BuildKit lets the later one win.
            let value = match before {
                Some(Variable { value: kept, is_kept: true }) if *kept != value => {
                    Err(format!("builders differ where ENV and then ARG set {name}"))
                }
                _ => value,
            };
            self.set(name, value, false);
        }
    }
}

const TOO_MUCH: &str = "the values of this file have too many bytes together";
