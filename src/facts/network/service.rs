//! What a container serves, as far as its nature can be told, and who gets to it.

use std::collections::BTreeSet;

use crate::facts::view::View;
use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Reading};
use crate::model::untrusted::Untrusted;

use super::listeners::{self, Listener};
use super::published;
use published::Published;

/// What runs, by every sign there is, and who can get to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The names of the programs that run; empty where only the declaration speaks.
    pub programs: Vec<Untrusted>,
    /// The image that it was made from.
    pub image: Option<Untrusted>,
    /// The ports that it listens on, by the kernel, or that it publishes.
    pub ports: BTreeSet<u16>,
    /// What is published.
    pub published: Vec<Published>,
    /// The listeners, by the kernel.
    pub listeners: Vec<Listener>,
}

pub(in crate::facts) fn fact(view: &View<'_>) -> Fact<Service> {
    let (known, gap) = published::declared(view);
    let exposed = view.inspect().fields("/Config/ExposedPorts").unshown();
    let exposed = exposed.known().map(Vec::as_slice).unwrap_or_default();
    let exposed = exposed.iter().filter_map(|(name, _)| name.split('/').next()?.parse().ok());
    let exposed: BTreeSet<u16> = exposed.filter(|_| view.kind().is_to_come()).collect();
    let known = known.map(|published| Service {
        programs: Vec::new(),
        image: view.image_name(),
        ports: published.iter().map(|it| it.port).chain(exposed).collect(),
        published,
        listeners: Vec::new(),
    });
    if view.kind().is_to_come() {
        return Fact::declared_in_part(known, gap);
    }
    let own = listeners::own(view)
        .map(|all| all.into_iter().filter(Listener::may_be_own).collect::<Vec<_>>());
    let effective = programs(view).zip(own).zip(published::in_force(view)).map(
        |((programs, listeners), published)| Service {
            programs,
            image: view.image_name(),
            ports: listeners.iter().filter(|it| !it.may_be_a_client()).map(|it| it.port).collect(),
            published,
            listeners,
        },
    );
    Fact::new(gap.map_or(known, Reading::Missing), effective)
}

/// The names of all the programs that run, each once.
pub(in crate::facts) fn programs(view: &View<'_>) -> Reading<Vec<Untrusted>> {
    let each = match view.of_each(|process| process.status("Name", |status| Ok(status.name()))) {
        Ok(each) => each,
        Err(gap) => return Reading::Missing(gap),
    };
    let mut names = BTreeSet::new();
    for reading in each {
        match reading {
            Reading::Known(held, _) => names.insert(held.value),
            Reading::Missing(gap) => return Reading::Missing(gap),
            Reading::Inapplicable => false,
        };
    }
    let shown = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let source = view.processes_source().clone();
    Reading::Known(names.into_iter().collect(), vec![Evidence::new(source, "programs", shown)])
}
