//! An engine's JSON document, read one field at a time.
//!
//! A field that is absent or null is a known nothing: engines leave out what
//! was not asked for, and an imported image has nulls everywhere. A field of
//! the wrong type is a gap of that field alone, so one surprising value costs
//! one reading and not the whole document.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::model::draft::Draft;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::secret::Variable;
use crate::model::source::Source;

/// A document with its source, so that every field read carries its evidence.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    source: Source,
    root: Result<&'a Value, Gap>,
    /// Where it was written, where nobody but a file says so.
    draft: Option<&'a Draft>,
}

impl<'a> Document<'a> {
    /// A document as `source` gave it, or the gap instead of it.
    pub const fn new(source: Source, root: Result<&'a Value, Gap>) -> Self {
        Self { source, root, draft: None }
    }

    /// A document that only a file asks for, or the gap instead of it.
    pub fn drafted(source: Source, draft: Result<&'a Draft, Gap>) -> Self {
        match draft {
            Ok(draft) => Self { source, root: Ok(&draft.document), draft: Some(draft) },
            Err(gap) => Self { source, root: Err(gap), draft: None },
        }
    }

    /// The source that the document came from.
    pub const fn source(&self) -> &Source {
        &self.source
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
        self.field(pointer, "a list of texts", |value| {
            value.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<_>>>()
        })
        .map(Option::unwrap_or_default)
    }

    /// A list of objects at a JSON pointer; absent and null are the empty list.
    pub fn objects(&self, pointer: &str) -> Reading<Vec<&'a Value>> {
        self.field(pointer, "a list of objects", |value| {
            let items: Vec<_> = value.as_array()?.iter().collect();
            items.iter().all(|item| item.is_object()).then_some(items)
        })
        .map(Option::unwrap_or_default)
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

    fn evidence(&self, pointer: &str, found: Option<&Value>) -> Evidence {
        let shown = found.map_or_else(|| "not set".to_owned(), Value::to_string);
        let Some(draft) = self.draft else {
            return Evidence::new(self.source.clone(), pointer, shown);
        };
        let said = |name: &str| {
            let value = found?.pointer(&format!("/{name}"))?;
            Some(format!("{} {value}", name.replace("~1", "/").replace("~0", "~")).into())
        };
        let parts = draft.parts(pointer);
        let parts = parts.filter_map(|(name, origin)| Some((said(name)?, Arc::clone(origin))));
        // A person knows the key as the file has it, if the file has one.
        let key = draft.origins.get(pointer).map_or_else(|| pointer.into(), |it| it.key.clone());
        Evidence {
            written: draft.origin(pointer).cloned(),
            parts: parts.collect(),
            ..Evidence::new(self.source.clone(), key, shown)
        }
    }

    fn field<T>(
        &self,
        pointer: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Reading<Option<T>> {
        let root = match &self.root {
            Ok(root) => *root,
            Err(gap) => return Reading::Missing(gap.clone()),
        };
        if let Some(gap) = self.draft.and_then(|it| it.gap(pointer)) {
            return Reading::Missing(gap.clone());
        }
        let found = root.pointer(pointer).filter(|value| !value.is_null());
        let evidence = vec![self.evidence(pointer, found)];
        match found {
            None => Reading::Known(None, evidence),
            Some(value) => match read(value) {
                Some(value) => Reading::Known(Some(value), evidence),
                None => Reading::Missing(Gap::new(
                    Reason::Malformed,
                    self.source.clone(),
                    format!("{pointer} is not {expected}"),
                )),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_and_null_are_known_nothings() {
        let value = json!({"HostConfig": {"CapAdd": null}});
        let document = Document::new(Source::engine_info(), Ok(&value));
        assert_eq!(document.texts("/HostConfig/CapAdd").known(), Some(&vec![]));
        assert_eq!(document.flag("/HostConfig/Privileged").known(), Some(&None));
        assert_eq!(document.text("/Config/User").known(), Some(&None));
    }

    #[test]
    fn a_count_that_is_absent_null_or_negative_is_zero() {
        let value = json!({"Null": null, "Minus": -1, "Some": 100, "Text": "100"});
        let document = Document::new(Source::engine_info(), Ok(&value));
        for (pointer, count) in [("/Absent", 0), ("/Null", 0), ("/Minus", 0), ("/Some", 100)] {
            assert_eq!(document.count(pointer).known(), Some(&count), "{pointer}");
        }
        assert!(matches!(document.count("/Text"), Reading::Missing(_)));
    }

    #[test]
    fn a_field_of_the_wrong_type_costs_that_field_alone() {
        let value = json!({"Privileged": "yes", "CapAdd": ["ALL"]});
        let document = Document::new(Source::engine_info(), Ok(&value));
        assert!(matches!(document.flag("/Privileged"), Reading::Missing(_)));
        assert_eq!(document.texts("/CapAdd").known(), Some(&vec!["ALL"]));
    }
}
