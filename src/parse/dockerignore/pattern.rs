//! One pattern. Like the builders', it is compared as a text where it has no special
//! letters, or only `**` at one end; else letter by letter.

use std::cell::Cell;
use std::iter::Peekable;
use std::str::Chars;

/// The most steps that are made through patterns for one answer: hundreds of lines and
/// thousands of names take fewer, and so many take less than a second.
const MOST_STEPS: usize = 1 << 25;

/// How many steps are still made. Who writes the patterns and the names may write them
/// so that they take long.
#[derive(Clone, Debug)]
pub struct Effort(Cell<usize>);

impl Default for Effort {
    fn default() -> Self {
        Self(Cell::new(MOST_STEPS))
    }
}

impl Effort {
    /// Whether something was not worked out for want of it.
    pub const fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    /// Spends this many steps; none where so many are not left, and then none are.
    pub fn spend(&self, steps: usize) -> Option<()> {
        self.0.set(self.0.get().saturating_sub(steps));
        (!self.is_spent()).then_some(())
    }
}

/// A pattern.
#[derive(Clone, Debug)]
pub struct Pattern(Form);

/// How a pattern is compared.
#[derive(Clone, Debug)]
enum Form {
    /// The very path.
    Exact(String),
    /// `dir/**`: what begins so.
    Prefix(String),
    /// `**/name`, or `**name`: what ends so, and the name alone.
    Suffix(String),
    /// Anything else.
    Steps(Vec<Step>),
}

/// A part of a pattern.
#[derive(Clone, Debug)]
enum Step {
    Letter(char),
    /// `?`: any letter but a slash.
    One,
    /// `*`: any number of them.
    Any,
    /// `**` before something: any number of folders.
    Folders,
    /// `**` at the end: whatever follows.
    Rest,
    /// `[a-z]` or `[^a-z]`.
    Class {
        ranges: Vec<(char, char)>,
        is_negated: bool,
    },
    /// A `^` where other letters are special: for builders a beginning, which there is none
    /// of in the middle.
    Never,
}

impl Pattern {
    /// Reads a pattern whose path is clean.
    ///
    /// # Errors
    /// Builders refuse it, or it means nothing that its writer can have meant.
    pub fn new(text: &str) -> Result<Self, String> {
        let mut letters = text.chars().peekable();
        let mut steps = Vec::new();
        let (mut is_special, mut is_suffix, mut is_prefix) = (false, false, false);
        while let Some(letter) = letters.next() {
            let is_first = steps.is_empty();
            let step = match letter {
                '*' if letters.next_if_eq(&'*').is_some() => {
                    letters.next_if_eq(&'/');
                    let is_last = letters.peek().is_none();
                    is_prefix = is_last && !is_special && !is_suffix;
                    is_special |= !is_first && !is_prefix;
                    is_suffix |= is_first;
                    if is_last { Step::Rest } else { Step::Folders }
                }
                '*' => Step::Any,
                '?' => Step::One,
                '[' => class(&mut letters)?,
                '\\' => Step::Letter(escaped(&mut letters)?),
                '^' => Step::Never,
                _ => Step::Letter(letter),
            };
            is_special |= match step {
                Step::Any | Step::One | Step::Class { .. } => true,
                Step::Letter(_) => letter == '\\' || letter == ']',
                Step::Folders | Step::Rest | Step::Never => false,
            };
            steps.push(step);
        }
        Ok(Self(if is_special {
            Form::Steps(steps)
        } else if is_suffix {
            Form::Suffix(text.strip_prefix("**").unwrap_or(text).to_owned())
        } else if is_prefix {
            Form::Prefix(text.trim_end_matches('/').strip_suffix("**").unwrap_or(text).to_owned())
        } else {
            Form::Exact(text.to_owned())
        }))
    }

    /// Whether it is a pattern of this path itself; none where nobody works that out any
    /// more.
    pub fn fits(&self, path: &str, effort: &Effort) -> Option<bool> {
        effort.spend(1)?;
        Some(match &self.0 {
            Form::Exact(text) => path == text,
            Form::Prefix(text) => path.starts_with(text.as_str()),
            Form::Suffix(text) => {
                path.ends_with(text.as_str()) || text.strip_prefix('/') == Some(path)
            }
            Form::Steps(steps) => return fits(steps, path, effort),
        })
    }
}

/// A letter after a backslash.
fn escaped(letters: &mut Peekable<Chars<'_>>) -> Result<char, String> {
    match letters.next() {
        None => Err("a \\ stands at the end".to_owned()),
        // For builders these are classes such as \d, or nothing at all.
        Some(it) if it.is_ascii_alphanumeric() || !it.is_ascii() => {
            Err(format!("a \\ stands before {it:?}, which needs none"))
        }
        Some(it) => Ok(it),
    }
}

/// A class, after its bracket.
fn class(letters: &mut Peekable<Chars<'_>>) -> Result<Step, String> {
    const OPEN: &str = "a [ has no ]";
    let is_negated = letters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    let bound = |letters: &mut Peekable<Chars<'_>>| match letters.next() {
        None => Err(OPEN.to_owned()),
        Some('\\') => escaped(letters),
        Some(it @ ('-' | ']')) => Err(format!("in brackets {it:?} needs a \\ before it")),
        Some(it @ ('*' | '?')) => Err(format!("in brackets {it:?} is not what it seems")),
        Some('[') if letters.peek() == Some(&':') => Err("[: means nothing here".to_owned()),
        Some(it) => Ok(it),
    };
    while ranges.is_empty() || letters.next_if_eq(&']').is_none() {
        let low = bound(letters)?;
        let high = if letters.next_if_eq(&'-').is_some() { bound(letters)? } else { low };
        if low > high {
            return Err(format!("the range {low}-{high} runs backwards"));
        }
        ranges.push((low, high));
    }
    Ok(Step::Class { ranges, is_negated })
}

/// Follows all ways through the steps at once, so that no pattern takes longer than its
/// length times that of the path; none where that is more than is left.
fn fits(steps: &[Step], path: &str, effort: &Effort) -> Option<bool> {
    let mut alive = Ways::new(steps.len());
    let mut next = Ways::new(steps.len());
    enter(steps, &mut alive, 0);
    for letter in path.chars() {
        if alive.steps.is_empty() {
            break;
        }
        effort.spend(1 + alive.steps.len())?;
        for at in alive.take() {
            let Some(step) = steps.get(at) else { continue };
            let (stays, goes_on) = match step {
                Step::Letter(it) => (false, *it == letter),
                Step::One => (false, letter != '/'),
                Step::Any => (letter != '/', false),
                Step::Folders => (letter != '\n', letter == '/'),
                Step::Rest => (letter != '\n', false),
                Step::Class { ranges, is_negated } => {
                    let is_in = ranges.iter().any(|(low, high)| (low..=high).contains(&&letter));
                    (false, is_in != *is_negated)
                }
                Step::Never => (false, false),
            };
            if stays {
                // Of folders that have begun only a slash is the end.
                if matches!(step, Step::Folders) {
                    next.add(at);
                } else {
                    enter(steps, &mut next, at);
                }
            }
            if goes_on {
                enter(steps, &mut next, at + 1);
            }
        }
        std::mem::swap(&mut alive, &mut next);
    }
    Some(alive.steps.contains(&steps.len()))
}

/// The steps that are come to, each once.
struct Ways {
    steps: Vec<usize>,
    is_in: Vec<bool>,
}

impl Ways {
    fn new(length: usize) -> Self {
        Self { steps: Vec::new(), is_in: vec![false; length + 1] }
    }

    fn add(&mut self, at: usize) {
        if let Some(is_in) = self.is_in.get_mut(at)
            && !std::mem::replace(is_in, true)
        {
            self.steps.push(at);
        }
    }

    /// Takes all of them out.
    fn take(&mut self) -> Vec<usize> {
        let steps = std::mem::take(&mut self.steps);
        for at in &steps {
            if let Some(is_in) = self.is_in.get_mut(*at) {
                *is_in = false;
            }
        }
        steps
    }
}

/// Comes to a step, and to those after it as long as nothing is enough for each.
fn enter(steps: &[Step], ways: &mut Ways, at: usize) {
    for at in at..=steps.len() {
        ways.add(at);
        if !matches!(steps.get(at), Some(Step::Any | Step::Folders | Step::Rest)) {
            break;
        }
    }
}
