//! An engine's JSON document, read one field at a time.
//!
//! A field that is absent or null is a known nothing: engines leave out what
//! was not asked for, and an imported image has nulls everywhere. A field of
//! the wrong type is a gap of that field alone, so one surprising value costs
//! one reading and not the whole document.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;
use serde::Deserialize;
use serde_json::Value;

use crate::model::draft::{Draft, Idle, Origin};
use crate::model::pointer;
use crate::model::reading::{self, Evidence, Gap, Part, Reading, Reason, Whole};
use crate::model::secret::Variable;
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;

/// A field of an object: its name and its value.
pub type Field<'a> = (&'a str, &'a Value);

/// A list whose entries are not all known.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    /// Those that are known.
    pub known: Reading<Vec<&'a Value>>,
    /// Those that are not, with what of them stands there, and why.
    pub unknown: Vec<(&'a Value, Gap)>,
    /// Why there may be more.
    pub more: Option<Gap>,
}

impl Entries<'_> {
    /// Why the list is not known as a whole, where it is not.
    pub fn gap(&self) -> Option<Gap> {
        self.unknown.first().map(|(_, gap)| gap).or(self.more.as_ref()).cloned()
    }
}

/// What is known of a field: its value, null being none, the evidence of it, and
/// why it cannot be told.
#[derive(Clone, Debug)]
struct Looked<'a> {
    value: Option<&'a Value>,
    evidence: Evidence,
    gap: Option<&'a Gap>,
}

/// What the engine is told of the host.
const HOST: &str = "/HostConfig";

/// Room for about as many fields as are asked for.
const QUESTIONS: usize = 64;

/// A document with its source, so that every field read carries its evidence.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    source: Source,
    root: Result<&'a Value, Gap>,
    /// The section that most questions are about.
    host: Option<&'a Value>,
    /// Where it was written, where nobody but a file says so.
    draft: Option<&'a Arc<Draft>>,
    whole: Option<Rc<Whole>>,
    /// The sections of the draft in which there are gaps; most have none.
    open: Rc<[&'a str]>,
    /// Whether items of lists that are not known are left out.
    in_part: bool,
    /// The fields that were read before, by their pointers.
    looked_at: Rc<RefCell<HashMap<Rc<str>, Looked<'a>, RandomState>>>,
}

impl<'a> Document<'a> {
    /// A document as `source` gave it, or the gap instead of it.
    pub fn new(source: Source, root: Result<&'a Value, Gap>) -> Self {
        let (open, looked_at) = (Rc::default(), Rc::default());
        let host = root.as_ref().ok().and_then(|root| pointer::get(root, HOST));
        Self { source, root, host, draft: None, whole: None, open, in_part: false, looked_at }
    }

    /// A document that only a file asks for, or the gap instead of it.
    pub fn drafted(source: Source, draft: Result<&'a Arc<Draft>, Gap>) -> Self {
        match draft {
            Ok(draft) => {
                let open = draft.open_sections().into();
                let looked_at = Rc::new(RefCell::new(HashMap::with_capacity_and_hasher(
                    QUESTIONS,
                    RandomState::default(),
                )));
                let whole = Whole { source: source.clone(), draft: Arc::clone(draft) };
                let bare = Self::new(source, Ok(&draft.document));
                Self { draft: Some(draft), whole: Some(Rc::new(whole)), open, looked_at, ..bare }
            }
            Err(gap) => Self::new(source, Err(gap)),
        }
    }

    /// The same, of whose lists those items count that are known: for questions
    /// to which what else there may be gives no better answer. None where every
    /// list is known as a whole, or not at all.
    pub fn in_part(&self) -> Option<Self> {
        // What rules ask item by item is what an engine is told of the host.
        let of_item = |gap: &String| {
            gap.starts_with("/HostConfig/") && gap.ends_with(|it: char| it.is_ascii_digit())
        };
        let is_in_part = self.draft.is_some_and(|it| it.gaps.keys().any(of_item));
        is_in_part.then(|| Self { in_part: true, ..self.clone() })
    }

    /// The source that the document came from.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// Why there is no document at all, where there is none.
    pub fn unread(&self) -> Option<&Gap> {
        self.root.as_ref().err()
    }

    /// A value as it stands, known or not: for what is looked at closer then.
    pub fn peek(&self, pointer: &str) -> Option<&'a Value> {
        let within = pointer.strip_prefix(HOST).filter(|it| it.starts_with('/'));
        let value = match (within, self.host) {
            (Some(within), Some(host)) => pointer::get(host, within),
            _ => pointer::get(self.root.as_ref().ok()?, pointer),
        };
        value.filter(|value| !value.is_null())
    }

    /// Whether a value may be what is looked for: it is, or cannot be told. Costs
    /// little, for questions that arise for few.
    pub fn may_be(&self, pointer: &str, is_it: impl FnOnce(&Value) -> bool) -> bool {
        self.peek(pointer).is_some_and(is_it) || self.gap(pointer).is_some()
    }

    /// What the files say that leaves no trace in the document.
    pub fn idle(&self) -> &'a [Idle] {
        self.draft.map(|it| it.idle.as_slice()).unwrap_or_default()
    }

    /// The key by which a file says this very part.
    pub fn key_of(&self, pointer: &str) -> Option<&'a str> {
        Some(self.draft?.origins.get(pointer)?.key.raw())
    }

    /// A text at a JSON pointer (RFC 6901).
    pub fn text(&self, pointer: &str) -> Reading<Option<&'a str>> {
        self.field(pointer, "a text", Value::as_str)
    }

    /// A truth value at a JSON pointer.
    pub fn flag(&self, pointer: &str) -> Reading<Option<bool>> {
        self.field(pointer, "true or false", Value::as_bool)
    }

    /// An integer at a JSON pointer.
    pub fn integer(&self, pointer: &str) -> Reading<Option<i64>> {
        self.field(pointer, "an integer", Value::as_i64)
    }

    /// A number of something at a JSON pointer. Engines write what is not set as
    /// absent, as 0 or as a negative number: all are 0.
    pub fn count(&self, pointer: &str) -> Reading<u64> {
        self.integer(pointer).map(|it| it.and_then(|it| u64::try_from(it).ok()).unwrap_or_default())
    }

    /// A list of texts at a JSON pointer; absent and null are the empty list.
    pub fn texts(&self, pointer: &str) -> Reading<Vec<&'a str>> {
        self.list(pointer, "a list of texts", Value::as_str)
    }

    /// Whether a list at a JSON pointer is there and holds nothing; absent and null
    /// mean whatever the engine does by default.
    pub fn is_emptied(&self, pointer: &str) -> Reading<bool> {
        self.field(pointer, "a list", |value| Some(value.as_array()?.is_empty()))
            .map(|emptied| emptied == Some(true))
    }

    /// The items of a document that is a list, each of which is shown by itself.
    pub fn items(&self) -> Reading<&'a [Value]> {
        match &self.root {
            Err(gap) => Reading::Missing(gap.clone()),
            Ok(Value::Array(items)) => Reading::of(items),
            Ok(_) => Reading::Missing(Gap::new(
                Reason::Malformed,
                self.source().clone(),
                "the answer is not a list",
            )),
        }
    }

    /// A list of objects at a JSON pointer; absent and null are the empty list.
    pub fn objects(&self, pointer: &str) -> Reading<Vec<&'a Value>> {
        self.list(pointer, "a list of objects", |item| item.is_object().then_some(item))
    }

    /// The names and texts of an object; absent and null are the empty list.
    pub fn pairs(&self, pointer: &str) -> Reading<Vec<(&'a str, &'a str)>> {
        self.field(pointer, "an object of texts", |value| {
            value
                .as_object()?
                .iter()
                .map(|(name, value)| Some((name.as_str(), value.as_str()?)))
                .collect::<Option<Vec<_>>>()
        })
        .map(Option::unwrap_or_default)
    }

    /// An environment with its values sealed; absent and null are the empty list.
    pub fn variables(&self, pointer: &str) -> Reading<Vec<Variable>> {
        self.field(pointer, "an environment", |value| {
            value.as_array()?.iter().map(|it| Variable::deserialize(it).ok()).collect()
        })
        .map(Option::unwrap_or_default)
    }

    /// The fields of an object; absent and null are none.
    pub fn fields(&self, pointer: &str) -> Reading<Vec<(&'a str, &'a Value)>> {
        self.field(pointer, "an object", |value| {
            Some(value.as_object()?.iter().map(|(name, value)| (name.as_str(), value)).collect())
        })
        .map(Option::unwrap_or_default)
    }

    /// A list of objects, entry by entry; absent and null are the empty list. An
    /// entry is known where neither it nor one of these fields of it is a gap.
    pub fn entries(&self, pointer: &str, fields: &[&str]) -> Entries<'a> {
        let Some(draft) = self.draft.filter(|_| self.gap(pointer).is_some()) else {
            return Entries { known: self.objects(pointer), unknown: Vec::new(), more: None };
        };
        let (first, to_come) = (format!("{pointer}/"), format!("{pointer}/-"));
        let within = draft.gaps.range(first.clone()..);
        let mut within = within.take_while(|(key, _)| key.starts_with(&first));
        let is_each_known = within.all(|(key, _)| *key == to_come);
        let mut around = std::iter::successors(Some(pointer), |it| pointer::parent(it));
        let whole = around.find_map(|it| draft.gaps.get(it));
        let more = whole.or_else(|| self.to_come(pointer));
        let gap = |place: usize| {
            if is_each_known {
                return None;
            }
            let entry = format!("{pointer}/{place}");
            let mut names = fields.iter().map(|field| format!("{entry}/{field}"));
            draft.gaps.get(&entry).or_else(|| names.find_map(|name| draft.gaps.get(&name)))
        };
        let mut unknown = Vec::new();
        let known = self.found(pointer, "a list of objects", |value| {
            let mut known = Vec::new();
            for (place, entry) in value.as_array()?.iter().enumerate() {
                match gap(place) {
                    Some(gap) => unknown.push((entry, gap.clone())),
                    None if entry.is_object() => known.push(entry),
                    None => return None,
                }
            }
            Some(known)
        });
        Entries { known: known.map(Option::unwrap_or_default), unknown, more: more.cloned() }
    }

    /// The fields of an object that are known, and why others are not.
    pub fn known_fields(&self, pointer: &str) -> (Reading<Vec<Field<'a>>>, Option<Gap>) {
        let Some(draft) = self.draft.filter(|draft| !draft.gaps.is_empty()) else {
            return (self.fields(pointer), None);
        };
        let gap = draft.gap(pointer).cloned();
        let known = self.found(pointer, "an object", |value| {
            let all = value.as_object()?.iter().map(|(name, value)| (name.as_str(), value));
            let is_known = |name: &str| {
                let field = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                let within = format!("{field}/");
                let below = draft.gaps.range(within.clone()..).next();
                !draft.gaps.contains_key(&field)
                    && below.is_none_or(|(key, _)| !key.starts_with(&within))
            };
            Some(all.filter(|(name, _)| is_known(name)).collect())
        });
        (known.map(Option::unwrap_or_default), gap)
    }

    /// The fields of an object that a file says, by their names, with where.
    pub fn written_below(&self, pointer: &str) -> Vec<(String, &'a Arc<Origin>)> {
        let parts = self.draft.into_iter().flat_map(|draft| draft.parts(pointer));
        parts.map(|(name, origin)| (name.replace("~1", "/").replace("~0", "~"), origin)).collect()
    }

    /// Why there may be more in a list or an object than stands in it.
    pub fn to_come(&self, pointer: &str) -> Option<&'a Gap> {
        // What is yet to come is the member `-` (RFC 6901, section 4).
        self.draft?.gaps.get(&format!("{pointer}/-"))
    }

    /// Whether a file says this very part, and not only what stands above it.
    pub fn has_origin(&self, pointer: &str) -> bool {
        self.draft.is_some_and(|it| it.origins.contains_key(pointer))
    }

    /// What a part of the document says, in other words; `""` is the whole.
    pub fn told(&self, pointer: &str, words: impl Into<Untrusted>) -> Evidence {
        let written = self.draft.and_then(|it| it.origin(pointer)).cloned();
        let told = Evidence::new(self.source().clone(), self.place(pointer), words);
        told.with(|datum| datum.written = written)
    }

    /// A person knows the key as the file has it, if the file has one.
    fn place(&self, pointer: &str) -> Untrusted {
        let own = self.draft.and_then(|it| it.origins.get(pointer));
        own.filter(|_| !pointer.is_empty()).map_or_else(|| pointer.into(), |it| it.key.clone())
    }

    /// Many questions rest on the same few fields: each is looked up and shown once.
    fn looked_at(&self, pointer: &str) -> Result<Looked<'a>, &Gap> {
        self.root.as_ref()?;
        if let Some(looked) = self.looked_at.borrow().get(pointer) {
            return Ok(looked.clone());
        }
        let value = self.peek(pointer);
        let pointer = Rc::from(pointer);
        let (evidence, gap) = (self.show(&pointer, value), self.gap(&pointer));
        let looked = Looked { value, evidence, gap };
        self.looked_at.borrow_mut().insert(pointer, looked.clone());
        Ok(looked)
    }

    fn show(&self, pointer: &Rc<str>, found: Option<&Value>) -> Evidence {
        match &self.whole {
            Some(whole) => Part::of(Rc::clone(whole), Rc::clone(pointer)).into(),
            None => Evidence::new(self.source().clone(), &**pointer, reading::shown(found)),
        }
    }

    /// Why a part cannot be told in full.
    pub fn gap(&self, pointer: &str) -> Option<&'a Gap> {
        let may_be = |open: &&str| {
            let (open, asked) = (open.as_bytes(), pointer.as_bytes());
            let length = open.len().min(asked.len());
            // Most differ at the end of what they could have in common.
            let end = length.checked_sub(1);
            end.is_none_or(|end| open.get(end) == asked.get(end))
                && open.get(..length) == asked.get(..length)
        };
        self.draft.filter(|_| self.open.iter().any(may_be)).and_then(|it| it.gap(pointer))
    }

    fn list<T>(
        &self,
        pointer: &str,
        expected: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Reading<Vec<T>> {
        if self.in_part && self.gap(pointer).is_some() && !self.is_untold(pointer) {
            let known = |value: &'a Value| {
                let items = value.as_array()?.iter().enumerate();
                let known =
                    items.filter(|(place, _)| self.gap(&format!("{pointer}/{place}")).is_none());
                known.map(|(_, item)| read(item)).collect()
            };
            return self.found(pointer, expected, known).map(Option::unwrap_or_default);
        }
        let all = |value: &'a Value| value.as_array()?.iter().map(&read).collect();
        self.field(pointer, expected, all).map(Option::unwrap_or_default)
    }

    /// Whether a part cannot be told as a whole: it or something above it is a gap.
    fn is_untold(&self, pointer: &str) -> bool {
        let mut around = std::iter::successors(Some(pointer), |it| pointer::parent(it));
        self.draft.is_some_and(|draft| around.any(|it| draft.gaps.contains_key(it)))
    }

    fn field<T>(
        &self,
        pointer: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Reading<Option<T>> {
        match self.looked_at(pointer) {
            Err(gap) | Ok(Looked { gap: Some(gap), .. }) => Reading::Missing(gap.clone()),
            Ok(looked) => self.read(pointer, looked, expected, read),
        }
    }

    /// A field, whether all of it is known or not.
    fn found<T>(
        &self,
        pointer: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Reading<Option<T>> {
        match self.looked_at(pointer) {
            Err(gap) => Reading::Missing(gap.clone()),
            Ok(looked) => self.read(pointer, looked, expected, read),
        }
    }

    fn read<T>(
        &self,
        pointer: &str,
        Looked { value, evidence, .. }: Looked<'a>,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Reading<Option<T>> {
        match value.map(read) {
            None => Reading::Known(None, vec![evidence]),
            Some(Some(value)) => Reading::Known(Some(value), vec![evidence]),
            Some(None) => Reading::Missing(Gap::new(
                Reason::Malformed,
                self.source().clone(),
                format!("{pointer} is not {expected}"),
            )),
        }
    }
}
