//! One question and what came back: a value with its evidence, or a gap.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::draft::{Draft, Origin, Pointed};
use super::source::Source;
use super::untrusted::Untrusted;

/// What was seen, and where: enough for a reader to look again.
///
/// A datum is handed on from reading to reading and from verdict to verdict, so
/// it is shared and never changed in its place.
#[derive(Clone, Debug)]
pub struct Evidence(Rc<Shown>);

/// A datum, put into words when somebody looks at it: most evidence is of what
/// is well, and nobody does.
#[derive(Debug)]
enum Shown {
    Datum(Datum),
    Part(Part, OnceCell<Datum>),
}

impl Shown {
    fn place(&self) -> &str {
        match self {
            Self::Datum(datum) => datum.place.raw(),
            Self::Part(part, _) => part.place(),
        }
    }
}

/// What only files ask for, as a whole.
#[derive(Debug)]
pub struct Whole {
    /// What names it.
    pub source: Source,
    /// What they ask for.
    pub draft: Arc<Draft>,
}

/// A part of that, by its pointer.
#[derive(Debug)]
pub struct Part {
    whole: Rc<Whole>,
    pointer: String,
    /// Where a file says this very part.
    own: Option<Arc<Origin>>,
}

impl Part {
    /// The part at this pointer.
    pub fn of(whole: Rc<Whole>, pointer: &str) -> Self {
        let own = whole.draft.origins.get(pointer).cloned();
        Self { whole, pointer: pointer.to_owned(), own }
    }

    /// A person knows it by the key that the file has, if the file has one.
    fn place(&self) -> &str {
        self.own.as_ref().map_or(&self.pointer, |own| own.key.raw())
    }

    fn datum(&self) -> Datum {
        let (Whole { source, draft }, pointer) = (&*self.whole, self.pointer.as_str());
        Datum {
            source: source.clone(),
            place: self.place().into(),
            value: shown(draft.value(pointer)).into(),
            written: self.own.as_ref().or_else(|| draft.origin(pointer)).cloned(),
            parts: Pointed::at(Arc::clone(draft), pointer.to_owned()),
        }
    }
}

/// A value of a document as evidence has it; null is as good as absent.
pub fn shown(value: Option<&Value>) -> String {
    let value = value.filter(|value| !value.is_null());
    // Writing JSON to a text cannot fail.
    let json = |value| serde_json::to_string(value).unwrap_or_default();
    value.map_or_else(|| "not set".to_owned(), json)
}

/// One piece of evidence.
#[derive(Clone, Debug)]
pub struct Datum {
    /// Where it was read.
    pub source: Source,
    /// The place inside the source: a field's name or a JSON pointer; may be empty.
    pub place: Untrusted,
    /// The value as the source gave it.
    pub value: Untrusted,
    /// Where it was written, where that is a file.
    pub written: Option<Arc<Origin>>,
    /// What of it can be pointed at by itself.
    pub parts: Pointed,
}

impl Datum {
    /// What tells it from other data: what can be pointed at comes with the place.
    const fn shown(&self) -> (&Source, &Untrusted, &Untrusted, &Option<Arc<Origin>>) {
        (&self.source, &self.place, &self.value, &self.written)
    }
}

impl PartialEq for Datum {
    fn eq(&self, other: &Self) -> bool {
        self.shown() == other.shown()
    }
}

impl Eq for Datum {}

impl PartialOrd for Datum {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Datum {
    fn cmp(&self, other: &Self) -> Ordering {
        self.shown().cmp(&other.shown())
    }
}

impl From<Datum> for Evidence {
    fn from(datum: Datum) -> Self {
        Self(Rc::new(Shown::Datum(datum)))
    }
}

impl From<Part> for Evidence {
    fn from(part: Part) -> Self {
        Self(Rc::new(Shown::Part(part, OnceCell::new())))
    }
}

impl Deref for Evidence {
    type Target = Datum;

    fn deref(&self) -> &Datum {
        match &*self.0 {
            Shown::Datum(datum) => datum,
            Shown::Part(part, datum) => datum.get_or_init(|| part.datum()),
        }
    }
}

impl PartialEq for Evidence {
    fn eq(&self, other: &Self) -> bool {
        // Two places need no words to be told apart.
        let is_at_one = || self.0.place() == other.0.place();
        Rc::ptr_eq(&self.0, &other.0) || (is_at_one() && **self == **other)
    }
}

impl Eq for Evidence {}

impl PartialOrd for Evidence {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Evidence {
    fn cmp(&self, other: &Self) -> Ordering {
        Datum::cmp(self, other)
    }
}

impl Evidence {
    /// A datum as `source` gave it.
    pub fn new(source: Source, place: impl Into<Untrusted>, value: impl Into<Untrusted>) -> Self {
        let (place, value) = (place.into(), value.into());
        Datum { source, place, value, written: None, parts: Pointed::default() }.into()
    }

    /// The same datum with something changed.
    #[must_use]
    pub fn with(self, change: impl FnOnce(&mut Datum)) -> Self {
        let mut datum = Datum::clone(&self);
        change(&mut datum);
        datum.into()
    }

    /// The same place, its value told in other words.
    #[must_use]
    pub fn saying(self, value: impl Into<Untrusted>) -> Self {
        let value = value.into();
        self.with(|datum| datum.value = value)
    }

    /// A part of the same source that knows where it is written.
    pub(super) fn at(&self, (origin, value): (Arc<Origin>, Untrusted)) -> Self {
        let part = Self::new(self.source.clone(), origin.key.clone(), value);
        part.with(|datum| datum.written = Some(origin))
    }

    /// Where the item was written that says the first of these that any says.
    pub(super) fn part_said_by(&self, wanted: &[Untrusted]) -> Option<Arc<Origin>> {
        let parts = self.parts.all();
        wanted.iter().find_map(|text| said(&parts, &[text])).cloned()
    }

    /// Where the item was written that says one of these; `None`: no item does.
    fn part_that_says(&self, wanted: &[&Untrusted]) -> Option<Arc<Origin>> {
        said(&self.parts.all(), wanted).cloned()
    }
}

/// The item of some that says one of these.
///
/// An item that ends in the text, or has it as a whole word of JSON, goes
/// before one in which it only occurs: `"/data"` is not in `"/data/old"`.
fn said<'o>(parts: &[(String, &'o Arc<Origin>)], wanted: &[&Untrusted]) -> Option<&'o Arc<Origin>> {
    if parts.is_empty() {
        return None;
    }
    let texts = || wanted.iter().map(|text| text.raw()).filter(|text| !text.is_empty());
    let find = |fits: &dyn Fn(&str, &str) -> bool| {
        let mut all = texts().flat_map(|text| parts.iter().map(move |part| (text, part)));
        all.find(|(text, (said, _))| fits(said, text)).map(|(_, (_, origin))| *origin)
    };
    find(&|said, text| said.ends_with(text))
        .or_else(|| find(&|said, text| said.contains(&format!("\"{text}\""))))
        .or_else(|| find(&|said, text| said.contains(text)))
}

/// Where in some evidence a part of it was written, by what it says: the item of
/// a list, a whole value, or else where the first of all was written.
pub(super) fn written(evidence: &[Evidence], wanted: &[&Untrusted]) -> Option<Arc<Origin>> {
    let item = || evidence.iter().find_map(|it| it.part_that_says(wanted));
    let is_it = |it: &Evidence, text: &Untrusted| *text == it.place || *text == it.value;
    let named = || wanted.iter().filter(|text| !text.raw().is_empty());
    let says = |it: &&Evidence| named().any(|text| is_it(it, text));
    let whole = || evidence.iter().find(says).and_then(|it| it.written.clone());
    let first = || evidence.iter().find_map(|it| it.written.clone());
    whole().or_else(item).or_else(first)
}

/// The kind of reason why a question has no answer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The kernel or the engine refused.
    Denied,
    /// It was there and went away during the audit.
    Gone,
    /// This kernel or engine does not know the question.
    Unsupported,
    /// An answer came and could not be understood.
    Malformed,
    /// No answer came in time.
    TimedOut,
    /// The answer was larger than the auditor accepts.
    TooLarge,
    /// It could not be proved that the answer speaks of this container.
    Unproved,
    /// The container runs under another kernel than this one.
    OtherKernel,
    /// Nobody asked.
    NotCollected,
    /// A variable that decides it has no value.
    Unset,
    /// There is no process yet that the kernel could speak of.
    NotRunning,
}

impl Reason {
    /// The word used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Gone => "gone",
            Self::Unsupported => "unsupported",
            Self::Malformed => "malformed",
            Self::TimedOut => "timed out",
            Self::TooLarge => "too large",
            Self::Unproved => "unproved",
            Self::OtherKernel => "other kernel",
            Self::NotCollected => "not collected",
            Self::Unset => "not set",
            Self::NotRunning => "not running",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why there is no answer, and the one thing that would close the gap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The kind of reason.
    pub reason: Reason,
    /// What was asked.
    pub source: Source,
    /// What happened, as a fragment without a full stop.
    pub detail: Cow<'static, str>,
    /// What a person can do about it; may be empty where nothing can be done.
    #[serde(default)]
    pub remedy: Cow<'static, str>,
}

impl Gap {
    /// A gap without a remedy; add one with [`Gap::mend`].
    pub fn new(reason: Reason, source: Source, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, source, detail: detail.into(), remedy: Cow::default() }
    }

    /// Says what would close the gap.
    #[must_use]
    pub fn mend(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// What happened and what to do about it, in one line.
    pub fn in_words(&self) -> String {
        if self.remedy.is_empty() {
            self.detail.to_string()
        } else {
            format!("{}; {}", self.detail, self.remedy)
        }
    }

    /// The gap of a question that nobody asked.
    pub fn not_collected(source: Source) -> Self {
        Self::new(Reason::NotCollected, source, "the evidence does not hold this reading")
            .mend("collect the evidence again with this version of secaudit")
    }
}

/// A value with its evidence, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<T> {
    /// Read, and where.
    Known(T, Vec<Evidence>),
    /// Asked, and no answer.
    Missing(Gap),
    /// This target has no such reading by its nature.
    Inapplicable,
}

impl<T> From<Result<T, Gap>> for Reading<T> {
    /// A list or document that is there, or why it is not; what is read of it is
    /// the evidence.
    fn from(answer: Result<T, Gap>) -> Self {
        answer.map_or_else(Self::Missing, Self::of)
    }
}

impl<T> FromIterator<Reading<T>> for Reading<Vec<T>> {
    /// Known only if all are; the first that is not decides.
    fn from_iter<I: IntoIterator<Item = Reading<T>>>(each: I) -> Self {
        each.into_iter().fold(Self::of(Vec::new()), |all, one| {
            all.zip(one).map(|(mut all, one)| {
                all.push(one);
                all
            })
        })
    }
}

impl<T> Reading<T> {
    /// A value without evidence of its own: what it was worked out from is shown.
    pub const fn of(value: T) -> Self {
        Self::Known(value, Vec::new())
    }

    /// The same reading without its evidence, where another's says enough.
    #[must_use]
    pub fn unshown(self) -> Self {
        self.shown_as(|_| Vec::new())
    }

    /// Turns the value into another, keeping the evidence.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Known(value, evidence) => Reading::Known(change(value), evidence),
            Self::Missing(gap) => Reading::Missing(gap),
            Self::Inapplicable => Reading::Inapplicable,
        }
    }

    /// Turns the value into another reading; the evidence of both is kept.
    pub fn and_then<U>(self, change: impl FnOnce(T) -> Reading<U>) -> Reading<U> {
        match self {
            Self::Known(value, mut evidence) => match change(value) {
                Reading::Known(value, more) => {
                    evidence.extend(more);
                    Reading::Known(value, evidence)
                }
                Reading::Missing(gap) => Reading::Missing(gap),
                Reading::Inapplicable => Reading::Inapplicable,
            },
            Self::Missing(gap) => Reading::Missing(gap),
            Self::Inapplicable => Reading::Inapplicable,
        }
    }

    /// Two readings as one: known only if both are.
    pub fn zip<U>(self, other: Reading<U>) -> Reading<(T, U)> {
        self.and_then(|left| other.map(|right| (left, right)))
    }

    /// The same reading of a borrowed value, for what many others rest on.
    pub fn as_ref(&self) -> Reading<&T> {
        match self {
            Self::Known(value, evidence) => Reading::Known(value, evidence.clone()),
            Self::Missing(gap) => Reading::Missing(gap.clone()),
            Self::Inapplicable => Reading::Inapplicable,
        }
    }

    /// Asks elsewhere where there is no answer. What was known stays.
    #[must_use]
    pub fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Missing(gap) => match other() {
                Self::Missing(_) => Self::Missing(gap),
                answer @ (Self::Known(..) | Self::Inapplicable) => answer,
            },
            answer @ (Self::Known(..) | Self::Inapplicable) => answer,
        }
    }

    /// Changes each piece of evidence.
    #[must_use]
    pub fn with_evidence(self, change: impl Fn(&mut Datum)) -> Self {
        match self {
            Self::Known(value, evidence) => {
                let changed = evidence.into_iter().map(|it| it.with(&change));
                Self::Known(value, changed.collect())
            }
            other @ (Self::Missing(_) | Self::Inapplicable) => other,
        }
    }

    /// Tells the value in other words, at the place where it was read.
    #[must_use]
    pub fn told_as<V: Into<Untrusted>>(self, words: impl FnOnce(&T) -> V) -> Self {
        match self {
            Self::Known(value, evidence) => {
                let first = evidence.into_iter().next();
                let told = first.map(|it| it.saying(words(&value)));
                Self::Known(value, told.into_iter().collect())
            }
            other @ (Self::Missing(_) | Self::Inapplicable) => other,
        }
    }

    /// The value, where it is known.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value, _) => Some(value),
            Self::Missing(_) | Self::Inapplicable => None,
        }
    }

    /// Replaces the evidence, for readings whose whole source would be noise.
    #[must_use]
    pub fn shown_as(self, evidence: impl FnOnce(&T) -> Vec<Evidence>) -> Self {
        match self {
            Self::Known(value, _) => {
                let evidence = evidence(&value);
                Self::Known(value, evidence)
            }
            other @ (Self::Missing(_) | Self::Inapplicable) => other,
        }
    }
}
