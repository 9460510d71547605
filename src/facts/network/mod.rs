//! Who can reach a container, and what answers.

pub mod attachments;
pub mod listeners;
pub mod published;
pub mod service;

use serde_json::Value;

use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::source::Source;
use crate::parse::document::Document;

use super::namespaces::{self, Namespace};
use super::view::View;

/// Whose network namespace it is, as the kernel tells it.
fn namespace(view: &View<'_>) -> Reading<Namespace> {
    let source = view.processes_source();
    let fact = namespaces::network(view);
    let unread = || Reading::Missing(Gap::not_collected(source));
    fact.effective().first().cloned().unwrap_or_else(unread)
}

/// The inode of a file that each network namespace has once: it takes no
/// privilege, and two containers with the same share a namespace.
pub(super) fn identity(view: &View<'_>) -> Fact<String> {
    let seen = Reading::from(view.init())
        .and_then(|process| process.text("net/dev (inode)").map(str::to_owned));
    Fact::new(Reading::Inapplicable, seen)
}

/// How many containers may lend their network to the next.
const LENDERS: usize = 4;

/// The engine's record of the container whose network it is: its own, or that
/// of the one whose network it joined.
fn owner<'a>(view: &View<'a>) -> Document<'a> {
    let mut record = view.inspect();
    for _ in 0..LENDERS {
        let mode = record.text("/HostConfig/NetworkMode");
        let lender = mode.known().copied().flatten().and_then(|it| it.strip_prefix("container:"));
        match lender {
            Some(id) => record = view.inspect_of(id),
            None => break,
        }
    }
    record
}

/// The fields of an object in the engine's record, by name; its evidence is
/// narrow: each field by itself.
fn fields<'a>(record: &Document<'a>, pointer: &str) -> Reading<Vec<(&'a str, &'a Value)>> {
    let source = record.source().clone();
    let pointer = pointer.to_owned();
    record.fields(&pointer).shown_as(|fields| {
        let shown = |value: &Value| Evidence::new(source.clone(), &*pointer, value.to_string());
        match fields.as_slice() {
            [] => vec![Evidence::new(source.clone(), &*pointer, "nothing")],
            some => {
                let names: Vec<Value> = some.iter().map(|(name, _)| (*name).into()).collect();
                vec![shown(&Value::Array(names))]
            }
        }
    })
}

fn malformed(source: &Source, detail: impl Into<String>) -> Gap {
    Gap::new(Reason::Malformed, source.clone(), detail)
}
