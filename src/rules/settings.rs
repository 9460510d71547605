//! What a policy can set for a rule, and what a rule reads of it.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::model::demand::{FilePolicy, Names};
use crate::model::glob;
use crate::parse::command::options;
use crate::parse::pattern::{self, Patterns};
use crate::parse::time;
use crate::rules::Rule;

/// Something that a policy can set for a rule.
#[derive(Debug)]
pub struct Parameter {
    /// The key in the policy.
    pub name: &'static str,
    /// What it means, as a sentence without its full stop.
    pub about: &'static str,
    /// How a policy writes it.
    pub shape: Shape,
    /// What holds where no policy sets it.
    pub default: &'static [&'static str],
    /// Whether one text makes sense; the error says what would.
    pub check: fn(&str) -> Result<(), String>,
}

impl Parameter {
    /// The default as a policy would write it; `none` where there is none.
    pub fn default_in_words(&self) -> String {
        match (self.shape, self.default) {
            (_, []) => "none".to_owned(),
            (Shape::One, [one, ..]) => (*one).to_owned(),
            (Shape::List | Shape::Patterns, many) => many.join(", "),
        }
    }
}

/// How a policy writes a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A list of strings or whole numbers.
    List,
    /// A list of path patterns: the files that fit one are looked for. Its check
    /// is the one of patterns.
    Patterns,
    /// One string, or one whole number.
    One,
}

/// What the policy in force sets for one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    lists: BTreeMap<String, List>,
    files: Arc<FilePolicy>,
}

/// The values of a parameter, and what they are as patterns and as names, put together
/// where first they are asked. These follow from the values: lists are alike where those are.
#[derive(Debug, Default)]
struct List {
    values: Vec<String>,
    patterns: OnceLock<Option<Patterns>>,
    names: OnceLock<Names>,
}

impl From<Vec<String>> for List {
    fn from(values: Vec<String>) -> Self {
        Self { values, ..Self::default() }
    }
}

impl Clone for List {
    fn clone(&self) -> Self {
        self.values.clone().into()
    }
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Eq for List {}

impl List {
    /// Whether a path fits one of them as patterns of paths.
    fn is_pattern_of(&self, path: &str) -> bool {
        let patterns = self.patterns.get_or_init(|| Patterns::new(&self.values).ok());
        patterns.as_ref().is_some_and(|it| it.fit(path.as_bytes()))
    }

    /// Whether a name fits one of them as globs.
    fn is_glob_of(&self, name: &str) -> bool {
        self.names.get_or_init(|| Names::new(self.values.clone()).unwrap_or_default()).fit(name)
    }
}

impl Settings {
    /// The rule's own defaults.
    pub fn defaults(rule: &Rule) -> Self {
        let mut settings = Self::default();
        for parameter in rule.parameters {
            settings
                .set(parameter.name, parameter.default.iter().map(|&it| it.to_owned()).collect());
        }
        settings
    }

    /// Sets one parameter; the policy has checked name and values.
    pub fn set(&mut self, name: &str, values: Vec<String>) {
        self.lists.insert(name.to_owned(), values.into());
    }

    /// Whether a path fits the parameter `paths` and not `except`: of what is known by
    /// its path before there is a file.
    pub fn is_sought(&self, path: &str) -> bool {
        let fits = |name| self.lists.get(name).is_some_and(|it: &List| it.is_pattern_of(path));
        fits("paths") && !fits("except")
    }

    /// Whether a name fits one of a parameter's values as globs.
    pub fn fits(&self, parameter: &str, name: &str) -> bool {
        self.lists.get(parameter).is_some_and(|it| it.is_glob_of(name))
    }

    /// Sets what the policy says of files, the same for every rule.
    pub fn set_files(&mut self, files: &Arc<FilePolicy>) {
        self.files = Arc::clone(files);
    }

    /// What the policy says of files.
    pub fn files(&self) -> &FilePolicy {
        &self.files
    }

    /// One parameter's values.
    pub fn list(&self, name: &str) -> &[String] {
        self.lists.get(name).map(|it| it.values.as_slice()).unwrap_or_default()
    }

    /// One parameter's values as what they stand for. Its check has made sure that
    /// each can be read.
    pub fn all<T: FromStr>(&self, name: &str) -> Vec<T> {
        self.list(name).iter().filter_map(|text| text.parse().ok()).collect()
    }

    /// One parameter's only value; nothing where neither policy nor rule sets one.
    pub fn one(&self, name: &str) -> Option<&str> {
        self.list(name).first().map(String::as_str)
    }

    /// One parameter's number; nothing where neither policy nor rule sets one.
    pub fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.one(name)?.parse().ok()
    }

    /// One parameter's duration; nothing where neither policy nor rule sets one.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        self.one(name).and_then(time::duration)
    }
}

/// An absolute path.
pub(super) fn is_absolute(text: &str) -> Result<(), String> {
    ok_if(text.starts_with('/'), text, "an absolute path such as /tmp")
}

/// A pattern of absolute paths.
pub(super) fn is_pattern(text: &str) -> Result<(), String> {
    pattern::check(text)
}

/// A glob of names.
pub(crate) fn is_glob(text: &str) -> Result<(), String> {
    glob::read(text).map(|_| ())
}

/// A duration as Docker writes it.
pub(super) fn is_duration(text: &str) -> Result<(), String> {
    ok_if(time::duration(text).is_some(), text, "a duration such as 30s or 1m30s")
}

/// A choice between two.
pub(super) fn is_yes_or_no(text: &str) -> Result<(), String> {
    ok_if(matches!(text, "yes" | "no"), text, "yes or no")
}

/// A word of a name.
pub(super) fn is_word(text: &str) -> Result<(), String> {
    let is_part = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    ok_if(!text.is_empty() && text.chars().all(is_part), text, "a word such as dev")
}

/// A whole number: a count, or an id of the kernel's.
pub(super) fn is_number(text: &str) -> Result<(), String> {
    ok_if(text.parse::<u32>().is_ok(), text, "a whole number such as 1000")
}

/// A number of bytes as Docker writes it.
pub(super) fn is_size(text: &str) -> Result<(), String> {
    ok_if(options::bytes(text).is_some_and(|it| it > 0), text, "a size such as 512m or 2g")
}

/// A share of something.
pub(super) fn is_percentage(text: &str) -> Result<(), String> {
    let fits = text.parse().is_ok_and(|number: u8| (1..=100).contains(&number));
    ok_if(fits, text, "a number from 1 to 100")
}

/// A port that a program can listen on.
pub(super) fn is_port(text: &str) -> Result<(), String> {
    ok_if(text.parse::<NonZeroU16>().is_ok(), text, "a port from 1 to 65535")
}

fn ok_if(fits: bool, text: &str, expected: &str) -> Result<(), String> {
    if fits { Ok(()) } else { Err(format!("{text:?} is not {expected}")) }
}
