//! Who can reach a container, and what answers.

pub mod attachments;
pub mod listeners;
pub mod published;
pub mod service;

use serde_json::Value;
use std::borrow::Cow;

use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::source::Source;
use crate::parse::document::Document;

use super::namespaces::{self, Namespace};
use super::view::View;
use super::where_it_runs;

/// Who can reach a container, and what answers.
#[derive(Clone, Debug)]
pub struct Network {
    /// Which network namespace it is, by a number that tells it from others.
    pub identity: Fact<String>,
    /// Who listens in the network namespace that the container lives in.
    pub listeners: Fact<Vec<listeners::Listener>>,
    /// The ports that are open to the host and to who reaches it.
    pub published: Fact<Vec<published::Published>>,
    /// What waits behind each port that the engine publishes.
    pub answered: Fact<Vec<(published::Published, published::Behind)>>,
    /// What neighbours reach, and what the container says that it offers.
    pub offer: Fact<published::Offer>,
    /// The networks that the engine attached the container to.
    pub attachments: Fact<Vec<attachments::Attachment>>,
    /// Where the container stands beside the engine's default network.
    pub place: Fact<attachments::Place>,
    /// What the container serves, and who can get to it.
    pub service: Fact<service::Service>,
    /// Whether its networks lead out of the host.
    pub way_out: Fact<bool>,
}

pub(super) fn all(view: &View<'_>) -> Network {
    Network {
        identity: where_it_runs(view, identity),
        listeners: where_it_runs(view, listeners::fact),
        published: published::fact(view),
        answered: where_it_runs(view, published::answered),
        offer: where_it_runs(view, published::offer),
        attachments: attachments::fact(view),
        place: attachments::place(view),
        service: service::fact(view),
        way_out: attachments::leads_out(view),
    }
}

/// Whose network namespace it is, as the kernel tells it.
fn namespace(view: &View<'_>) -> Reading<Namespace> {
    let source = view.processes_source().clone();
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
    let mut record = view.inspect().clone();
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
    record.fields(pointer).told_as(|fields| {
        let names: Vec<Value> = fields.iter().map(|(name, _)| (*name).into()).collect();
        if names.is_empty() { "nothing".to_owned() } else { Value::Array(names).to_string() }
    })
}

fn malformed(source: &Source, detail: impl Into<Cow<'static, str>>) -> Gap {
    Gap::new(Reason::Malformed, source.clone(), detail)
}
