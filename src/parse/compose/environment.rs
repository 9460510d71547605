//! The variables that a project's files may use.

use std::collections::BTreeMap;

use super::dotenv::Settings;
use super::interpolate::{Found, Variables};
use super::tree::Place;

/// The caller's variables, which go before those of environment files.
#[derive(Clone, Debug)]
pub(super) struct Environment<'a> {
    /// What goes before all else.
    fixed: Vec<(&'static str, String)>,
    caller: &'a BTreeMap<String, String>,
    files: Settings,
}

impl<'a> Environment<'a> {
    pub(super) const fn new(caller: &'a BTreeMap<String, String>) -> Self {
        Self { fixed: Vec::new(), caller, files: Settings::new() }
    }

    /// Sets a variable, whoever set it before.
    pub(super) fn fix(&mut self, name: &'static str, value: String) {
        self.fixed.retain(|(it, _)| *it != name);
        self.fixed.push((name, value));
    }

    /// Adds what files set; what is set already stays.
    pub(super) fn add(&mut self, settings: Settings) {
        for (name, setting) in settings {
            self.files.entry(name).or_insert(setting);
        }
    }

    /// A variable's value, where it can be told and is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.ok().filter(|it| !it.is_empty())
    }

    /// As [`Self::text`], of what environment files say alone.
    pub(super) fn text_of_files(&self, name: &str) -> Option<&str> {
        let value = self.files.get(name)?.value.as_deref();
        value.ok().filter(|it| !it.is_empty())
    }

    /// Where a file sets a variable, if it is a file that does.
    pub(super) fn place(&self, name: &str) -> Option<Place> {
        let is_above =
            self.caller.contains_key(name) || self.fixed.iter().any(|(it, _)| *it == name);
        if is_above { None } else { self.files.get(name).map(|it| it.at) }
    }
}

impl Variables for Environment<'_> {
    fn get(&self, name: &str) -> Option<Found<'_>> {
        if let Some((_, value)) = self.fixed.iter().find(|(it, _)| *it == name) {
            return Some(Ok(value));
        }
        if let Some(value) = self.caller.get(name) {
            return Some(Ok(value));
        }
        self.files.get(name).map(|it| it.value.as_deref())
    }
}

/// A switch as Go's `strconv.ParseBool` reads it; none where it is no switch.
pub(super) fn switch(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The names of variables that nobody set, for a sentence.
pub(super) fn names(names: &[String]) -> String {
    names.join(", ")
}
