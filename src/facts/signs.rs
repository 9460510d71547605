//! What tells what a container is for.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::model::bundle::Origin;
use crate::model::fact::Fact;
use crate::model::image_name::ImageName;
use crate::model::reading::{Evidence, Reading};
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::parse::command::{calls, program};
use crate::parse::document::Document;

use super::Holder;
use super::view::{Process, View};

/// The signs, those that somebody wrote down and those that can be seen. Each is a
/// question of its own: any one is enough.
#[derive(Clone, Debug)]
pub struct Signs {
    /// The roles that the label `secaudit.role` names.
    pub labelled: Fact<Vec<String>>,
    /// The service of a compose project that it is of.
    pub service: Fact<Option<String>>,
    /// The image's name without its tag and digest.
    pub image: Fact<Option<String>>,
    /// The programs that it is to start with.
    pub started: Fact<BTreeSet<String>>,
    /// The programs that run.
    pub running: Fact<Vec<Program>>,
}

/// A program that runs, by all names that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The process.
    pub by: Holder,
    /// The name of its file, of its command, and of the script that it runs.
    pub names: BTreeSet<String>,
}

pub(super) fn all(view: &View<'_>) -> Rc<Signs> {
    Rc::clone(view.signs.get_or_init(|| Rc::new(read(view))))
}

fn read(view: &View<'_>) -> Signs {
    let (own, declared) = (view.own_image(), view.inspect());
    let document = if view.kind() == Kind::Image { &own } else { declared };
    let labels = labels(view, document);
    Signs {
        labelled: Fact::declared_only(labels.as_ref().map(|labels| {
            let named = find(labels, "secaudit.role").unwrap_or_default();
            let roles = named.split(',').map(str::trim).filter(|it| !it.is_empty());
            roles.map(str::to_owned).collect()
        })),
        service: Fact::declared_only(service(view, document, labels)),
        image: Fact::declared_only(image(view, document)),
        started: Fact::declared_only(started(view, document)),
        running: running_programs(view),
    }
}

/// Where no engine was asked, nobody wrote anything down.
fn unwritten<T>(view: &View<'_>, document: &Document<'_>, nothing: T) -> Option<Reading<T>> {
    let told = || Evidence::new(document.source().clone(), "", "no engine was asked");
    (view.origin() == Origin::Kernel).then(|| Reading::Known(nothing, vec![told()]))
}

type Labels<'a> = Vec<(&'a str, &'a str)>;

fn labels<'a>(view: &View<'_>, document: &Document<'a>) -> Reading<Labels<'a>> {
    if let Some(unwritten) = unwritten(view, document, Vec::new()) {
        return unwritten;
    }
    if !view.kind().is_to_come() || view.kind() == Kind::Image {
        return document.pairs("/Config/Labels");
    }
    // What a base image says of itself gives nobody a role who is built on it.
    let (known, _) = document.known_fields("/Config/Labels");
    known.map(|all| all.into_iter().filter_map(|(name, it)| Some((name, it.as_str()?))).collect())
}

fn find<'a>(labels: &Labels<'a>, name: &str) -> Option<&'a str> {
    labels.iter().find(|(it, _)| *it == name).map(|(_, value)| *value)
}

fn service(
    view: &View<'_>,
    document: &Document<'_>,
    labels: Reading<Labels<'_>>,
) -> Reading<Option<String>> {
    match view.service_key() {
        Some(key) => {
            let told = document.told("", key);
            Reading::Known(Some(key.to_owned()), vec![told])
        }
        None => labels.map(|all| find(&all, "com.docker.compose.service").map(str::to_owned)),
    }
}

fn image(view: &View<'_>, document: &Document<'_>) -> Reading<Option<String>> {
    if let Some(unwritten) = unwritten(view, document, None) {
        return unwritten;
    }
    match (view.image_name(), document.unread()) {
        (None, Some(gap)) => Reading::Missing(gap.clone()),
        (image, _) => {
            let name = image.map(|it| ImageName::parse(it.raw()).repository.to_owned());
            let words = name.clone().unwrap_or_else(|| "no image's name".to_owned());
            Reading::Known(name, vec![document.told("/Config/Image", words)])
        }
    }
}

fn started(view: &View<'_>, document: &Document<'_>) -> Reading<BTreeSet<String>> {
    if let Some(unwritten) = unwritten(view, document, BTreeSet::new()) {
        return unwritten;
    }
    let command = document.texts("/Config/Entrypoint").zip(document.texts("/Config/Cmd")).unshown();
    command.map(|(entrypoint, command)| {
        let whole = [entrypoint.as_slice(), &command].concat();
        let within = calls(&whole);
        let within = within.iter().flat_map(|call| named(call));
        named(&entrypoint).chain(named(&command)).chain(within).collect()
    })
}

fn running_programs(view: &View<'_>) -> Fact<Vec<Program>> {
    if view.kind() == Kind::Image {
        let source = view.own_image().source().clone();
        let none = vec![Evidence::new(source, "", "an image runs nothing")];
        return Fact::new(Reading::Inapplicable, Reading::Known(Vec::new(), none));
    }
    if view.kind().is_to_come() {
        return Fact::to_come();
    }
    let runs = view.inspect().flag("/State/Running");
    if runs.known() == Some(&Some(false)) {
        return Fact::new(Reading::Inapplicable, runs.map(|_| Vec::new()));
    }
    let running = Reading::from(view.processes()).and_then(|processes| {
        processes.all().into_iter().map(|pid| running(&view.process(pid))).collect()
    });
    Fact::new(Reading::Inapplicable, running)
}

/// A process may call itself what it likes, so every name that it has counts,
/// and all must be told.
fn running(process: &Process<'_>) -> Reading<Program> {
    let name = process.status("Name", |status| Ok(status.name()));
    let told = process.text("exe").zip(process.command()).unshown();
    name.zip(told).map(|(name, (file, words)): (Untrusted, _)| {
        let title = name.raw().split(':').next().unwrap_or_default();
        let own = [title].into_iter().chain(program(file)).map(str::to_owned);
        Program { by: process.holder(), names: own.chain(named(&words)).collect() }
    })
}

/// The programs among the first words of a command: an init or an interpreter
/// comes before what it runs.
fn named(words: &[&str]) -> impl Iterator<Item = String> {
    words.iter().take(3).filter_map(|word| program(word)).map(str::to_owned)
}
