//! What was seen, put into words when somebody looks at it.

use std::cell::OnceCell;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use crate::model::draft::{Draft, Origin};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;

/// What was seen, and where: enough for a reader to look again.
///
/// A datum is handed on from reading to reading and from verdict to verdict, so
/// it is shared and never changed in its place.
#[derive(Clone, Debug)]
pub struct Evidence(Rc<Shown>);

/// A datum, put into words when somebody looks at it: most evidence is of what
/// is well, and nobody does.
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug)]
pub struct Part {
    whole: Rc<Whole>,
    pointer: Rc<str>,
    /// What an item means, where a rule names that and not what was written.
    meaning: Option<Meaning>,
}

/// What a text means, by a name that it may have several spellings for.
type Meaning = fn(&str) -> Option<String>;

impl Part {
    /// The part at this pointer.
    pub const fn of(whole: Rc<Whole>, pointer: Rc<str>) -> Self {
        Self { whole, pointer, meaning: None }
    }

    fn line(&self) -> Option<&Arc<Origin>> {
        self.whole.draft.origin(&self.pointer)
    }

    /// A person knows it by the key that the file has, if the file has one.
    fn place(&self) -> &str {
        let own = self.whole.draft.origins.get(&*self.pointer);
        own.map_or(&self.pointer, |own| own.key.raw())
    }

    fn datum(&self) -> Datum {
        self.saying(shown(self.whole.draft.value(&self.pointer)).into())
    }

    fn saying(&self, value: Untrusted) -> Datum {
        let (source, place) = (self.whole.source.clone(), self.place().into());
        Datum { source, place, value, written: self.line().cloned(), parts: Some(self.clone()) }
    }

    /// The part by its pointer and each item of it by what it says, as
    /// `name value`, with where it was written.
    fn items(&self) -> Vec<(String, &Arc<Origin>)> {
        let (draft, pointer) = (&self.whole.draft, &*self.pointer);
        let itself = draft.origins.get(pointer).map(|origin| (pointer.to_owned(), origin));
        let items = draft.parts(pointer).filter_map(|(name, origin)| {
            let value = draft.value(&format!("{pointer}/{name}"))?;
            let meant = self.meaning.zip(value.as_str()).and_then(|(of, text)| of(text));
            let said = meant.unwrap_or_else(|| value.to_string());
            Some((format!("{} {said}", name.replace("~1", "/").replace("~0", "~")), origin))
        });
        itself.into_iter().chain(items).collect()
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
    /// The part of a document of which items can be pointed at by themselves.
    parts: Option<Part>,
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
        match (&*self.0, &*other.0) {
            // Two parts of one document need no words to be told apart.
            (Shown::Part(mine, _), Shown::Part(theirs, _))
                if Rc::ptr_eq(&mine.whole, &theirs.whole) =>
            {
                mine.pointer == theirs.pointer
            }
            // Neither do two places.
            _ => self.is(other) || (self.0.place() == other.0.place() && **self == **other),
        }
    }
}

impl Eq for Evidence {}

impl Evidence {
    /// Whether it is the very same piece of evidence, handed on.
    pub(in crate::model) fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Where it was read: the same as the datum's, without putting it into words.
    pub fn source(&self) -> &Source {
        match &*self.0 {
            Shown::Datum(datum) => &datum.source,
            Shown::Part(part, _) => &part.whole.source,
        }
    }

    /// Where it was written, where that is a file: the same as the datum's, without
    /// putting it into words.
    pub fn line(&self) -> Option<&Arc<Origin>> {
        match &*self.0 {
            Shown::Datum(datum) => datum.written.as_ref(),
            Shown::Part(part, _) => part.line(),
        }
    }

    /// A datum as `source` gave it.
    pub fn new(source: Source, place: impl Into<Untrusted>, value: impl Into<Untrusted>) -> Self {
        let (place, value) = (place.into(), value.into());
        Datum { source, place, value, written: None, parts: None }.into()
    }

    /// The same datum with something changed.
    #[must_use]
    pub fn with(self, change: impl FnOnce(&mut Datum)) -> Self {
        let mut datum = match Rc::unwrap_or_clone(self.0) {
            Shown::Datum(datum) => datum,
            Shown::Part(part, words) => words.into_inner().unwrap_or_else(|| part.datum()),
        };
        change(&mut datum);
        datum.into()
    }

    /// The same place, its value told in other words.
    #[must_use]
    pub fn saying(self, value: impl Into<Untrusted>) -> Self {
        let value = value.into();
        match &*self.0 {
            Shown::Datum(_) => self.with(|datum| datum.value = value),
            Shown::Part(part, _) => part.saying(value).into(),
        }
    }

    /// The same, the items of its list known by what they mean.
    #[must_use]
    pub fn meaning(self, meaning: fn(&str) -> Option<String>) -> Self {
        match &*self.0 {
            Shown::Datum(_) => self,
            Shown::Part(part, _) => Part { meaning: Some(meaning), ..part.clone() }.into(),
        }
    }

    /// A part of the same source that knows where it is written.
    pub(in crate::model) fn at(&self, (origin, value): (Arc<Origin>, Untrusted)) -> Self {
        let part = Self::new(self.source().clone(), origin.key.clone(), value);
        part.with(|datum| datum.written = Some(origin))
    }

    /// What of it can be pointed at by itself, without putting it into words.
    fn items(&self) -> Vec<(String, &Arc<Origin>)> {
        self.part().map(Part::items).unwrap_or_default()
    }

    fn part(&self) -> Option<&Part> {
        match &*self.0 {
            Shown::Datum(datum) => datum.parts.as_ref(),
            Shown::Part(part, _) => Some(part),
        }
    }

    /// For each of these where the item was written that says it; `None`: no item does.
    pub(in crate::model) fn items_that_say(
        &self,
        wanted: &[Untrusted],
    ) -> Vec<Option<Arc<Origin>>> {
        let parts = self.items();
        wanted.iter().map(|text| said(&parts, &[text]).cloned()).collect()
    }

    /// Whether its items mean nothing that anybody objects to.
    pub(in crate::model) fn is_harmless(&self) -> bool {
        let meaning = self.part().and_then(|it| it.meaning);
        meaning.and_then(|of| of("")).is_some_and(|it| it.is_empty())
    }

    /// Where the item was written that says one of these; `None`: no item does.
    fn part_that_says(&self, wanted: &[&Untrusted]) -> Option<Arc<Origin>> {
        said(&self.items(), wanted).cloned()
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
pub(in crate::model) fn written(
    evidence: &[Evidence],
    wanted: &[&Untrusted],
) -> Option<Arc<Origin>> {
    let item = || evidence.iter().find_map(|it| it.part_that_says(wanted));
    let is_it = |it: &Evidence, text: &Untrusted| *text == it.place || *text == it.value;
    let named = || wanted.iter().filter(|text| !text.raw().is_empty());
    let says = |it: &&Evidence| named().any(|text| is_it(it, text));
    let whole = || evidence.iter().find(says).and_then(|it| it.written.clone());
    let first = || evidence.iter().find_map(|it| it.written.clone());
    whole().or_else(item).or_else(first)
}
