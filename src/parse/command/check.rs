//! What the skeleton of a health check says of its worth.

use serde_json::Value;

use super::programs::{is_always_true, is_builtin};
use super::{arguments, program, script, script_at, unwrapped, worth};
use crate::model::reading::Reading;
use crate::parse::document::Document;

/// A health check's command, as engines write it: how, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check<'a> {
    /// `CMD`: a program and its arguments.
    Program(&'a [&'a str]),
    /// `CMD-SHELL`: a script for the container's shell.
    Script(&'a str),
}

impl<'a> Check<'a> {
    /// Reads a check; `None` where there is none, or it is of no known kind.
    pub fn parse(test: &'a [&'a str]) -> Option<Self> {
        match test {
            ["CMD", words @ ..] if !words.is_empty() => Some(Self::Program(words)),
            ["CMD-SHELL", script] => Some(Self::Script(script)),
            _ => None,
        }
    }

    /// The programs that it needs as files, those that can be told: a path, or
    /// a well-known name.
    pub fn programs(self) -> Vec<String> {
        let skeleton = match self {
            Self::Script(text) => script(text),
            Self::Program(words) => {
                let words = arguments(words);
                let first = words.first().into_iter().chain(unwrapped(&words).first());
                let mut needed: Vec<String> = first.filter(|it| is_file(it)).cloned().collect();
                needed.dedup();
                return needed;
            }
        };
        // Of a skeleton's words only programs look like one.
        let mut needed = vec!["/bin/sh".to_owned()];
        for word in skeleton.split(' ').filter(|word| is_file(word) && !is_builtin(word)) {
            if !needed.iter().any(|known| known == word) {
                needed.push(word.to_owned());
            }
        }
        needed
    }

    /// How it comes that the check succeeds whatever the service does, if so.
    pub fn is_always_true(self) -> Option<String> {
        let skeleton = match self {
            Self::Script(text) => script(text),
            Self::Program(words) => {
                let words = arguments(words);
                let inner = unwrapped(&words);
                let name = inner.first().and_then(|word| program(word))?;
                if is_always_true(name) {
                    return Some(format!("it only runs {name}"));
                }
                inner.get(script_at(inner)?)?.clone()
            }
        };
        always_true(&skeleton)
    }
}

/// Whether the engine's record of a container has a failed run of its check
/// that no later success has made up for.
pub fn has_failed(record: &Document<'_>) -> Reading<bool> {
    let status = record.text("/State/Health/Status");
    let log = record.objects("/State/Health/Log");
    status.zip(log).map(|(status, log)| {
        let code = |run: &&Value| run.get("ExitCode").and_then(Value::as_i64);
        status == Some("unhealthy")
            || (status == Some("starting") && log.iter().filter_map(code).any(|code| code != 0))
    })
}

/// Whether a word calls a program that must be there as a file. What lies
/// relative to the working folder cannot be looked for.
fn is_file(word: &str) -> bool {
    program(word).is_some() && !word.starts_with("./")
}

/// Where the script is worth a success whatever its commands do, and nothing can
/// end it otherwise.
fn always_true(skeleton: &str) -> Option<String> {
    let mut words: Vec<&str> = skeleton.split_whitespace().collect();
    if words.is_empty() {
        return Some("its script is empty".to_owned());
    }
    let is_worth = worth::always(&words);
    let is_left_alone = words.last() == Some(&"&");
    let mut closed = 0_usize;
    while let Some(&word) = words.last().filter(|word| matches!(**word, ";" | ")" | "}" | "&")) {
        closed += usize::from(matches!(word, ")" | "}"));
        words.pop();
    }
    let start = words.iter().rposition(|word| worth::BETWEEN.contains(word)).map_or(0, |at| at + 1);
    let (mut before, last) = words.split_at_checked(start)?;
    // A group of one command is worth what that is.
    while let Some((&("(" | "{"), outer)) = before.split_last().filter(|_| closed > 0) {
        before = outer;
        closed -= 1;
    }
    let joint = before.last().copied();
    let may_end_before = before.iter().enumerate().any(|(at, word)| match *word {
        "exit" | "return" => before.get(at + 1) != Some(&"0"),
        "set" | "exec" | "." | "eval" => true,
        _ => false,
    });
    if !is_worth || may_end_before {
        return None;
    }
    Some(match joint {
        _ if is_left_alone => "its last command is left in the background".to_owned(),
        _ if !worth::always(last) => "one of its alternatives always succeeds".to_owned(),
        Some(joint) => format!("it ends in {joint} {}", last.join(" ")),
        None => format!("it only runs {}", last.join(" ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_succeeds_whatever_happens_is_known() {
        for (test, expected) in [
            (["CMD", "true"].as_slice(), true),
            (&["CMD", "/bin/true"], true),
            (&["CMD", "echo", "ok"], true),
            (&["CMD", "sh", "-c", "curl x || true"], true),
            (&["CMD", "curl", "-f", "x"], false),
            (&["CMD-SHELL", "curl -f x || true"], true),
            (&["CMD-SHELL", "curl -f x; exit 0"], true),
            (&["CMD-SHELL", "curl -f x || exit 0"], true),
            (&["CMD-SHELL", "exit 0"], true),
            (&["CMD-SHELL", ":"], true),
            (&["CMD-SHELL", "curl x | echo ok"], true),
            (&["CMD-SHELL", "echo ok"], true),
            (&["CMD-SHELL", "curl -f x || exit 1"], false),
            (&["CMD-SHELL", "curl -f x && echo ok"], false),
            (&["CMD-SHELL", "curl -f x || exit 1; exit 0"], false),
            (&["CMD-SHELL", "set -e; curl x; true"], false),
            (&["CMD-SHELL", "if curl x; then exit 0; else exit 1; fi"], false),
            (&["CMD-SHELL", "echo ping | nc x 6379"], false),
            (&["CMD-SHELL", ""], true),
            (&["CMD-SHELL", " "], true),
            (&["CMD-SHELL", "curl -f x || (true)"], true),
            (&["CMD-SHELL", "curl -f x || { true; }"], true),
            (&["CMD-SHELL", "curl -f x || { (exit 0); }"], true),
            (&["CMD-SHELL", "curl -f x && (true)"], false),
            (&["CMD-SHELL", "curl -f x &"], true),
            (&["CMD-SHELL", "curl -f x && { curl -f y || true; }"], false),
            (&["CMD-SHELL", "curl -f x && (curl -f y; true)"], false),
            (&["CMD-SHELL", "curl -f x && { curl -f y; echo ok; } || exit 1"], false),
            (&["CMD-SHELL", "curl -f x | { curl -f y || true; }"], true),
            (&["CMD-SHELL", "curl -f x; { curl -f y || true; }"], true),
            (&["CMD-SHELL", "(curl -f x && true) || true"], true),
            (&["CMD-SHELL", "curl -f x && curl -f y || true"], true),
            (&["CMD-SHELL", "curl -f x || true && curl -f y"], false),
            (&["CMD-SHELL", "curl -f x; true"], true),
            (&["CMD-SHELL", "curl -f x\ntrue\n"], true),
            (&["CMD-SHELL", "curl -f x &&\n  curl -f y ||\n  true"], true),
            (&["CMD-SHELL", "! true"], false),
            (&["CMD-SHELL", "true || exit 1"], true),
            (&["CMD-SHELL", "while ! curl x; do sleep 1; done; true"], true),
            (&["CMD-SHELL", "if curl x; then { if y; then z; fi; }; fi || true"], true),
            (&["CMD-SHELL", "(curl -f x &) && curl y"], false),
            (&["CMD-SHELL", "curl -f x || true)"], false),
            (&["CMD-SHELL", "curl -f x > /dev/null 2>&1"], false),
            (&["CMD-SHELL", "curl -f x & wait $!"], false),
            (&["CMD-SHELL", "exit"], true),
            (&["CMD-SHELL", "curl -f x || exit"], false),
            (&["CMD-SHELL", "curl -f x; exit"], false),
            (&["NONE"], false),
        ] {
            let found = Check::parse(test).and_then(Check::is_always_true);
            assert_eq!(found.is_some(), expected, "{test:?}: {found:?}");
        }
    }

    #[test]
    fn groups_without_end_are_no_way_to_fill_the_stack() {
        let deep = "(".repeat(100_000) + "true" + &")".repeat(100_000);
        assert_eq!(Check::Script(&deep).is_always_true(), None);
        let long = "! ".repeat(100_000) + "true || " + &"true && ".repeat(100_000);
        Check::Script(&long).is_always_true();
    }

    #[test]
    fn the_programs_that_a_check_needs_as_files_are_named() {
        for (test, expected) in [
            (["CMD", "/app/check", "--deep"].as_slice(), "/app/check"),
            (&["CMD", "curl", "x"], "curl"),
            (&["CMD", "unheard-of"], ""),
            (&["CMD", "nice", "curl"], "nice curl"),
            (&["CMD-SHELL", "test -f /x && wget -q y | grep z || exit 1"], "/bin/sh wget grep"),
            (&["CMD-SHELL", "A=b pg_isready"], "/bin/sh pg_isready"),
        ] {
            let found = Check::parse(test).map(Check::programs).unwrap_or_default();
            assert_eq!(found.join(" "), expected, "{test:?}");
        }
    }
}
