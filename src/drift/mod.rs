//! What runs beside the files that ask for it, property by property.
//!
//! Three columns: what the files ask for, what the engine was told, and what the
//! kernel enforces. Where the kernel has a word by nature, only that acquits; an
//! engine that was told less than the files ask for convicts by itself.
//! What the files leave to the engine is what this engine does by default.

mod defaults;
mod properties;
mod worth;

use std::collections::BTreeSet;

use crate::facts::Derived;
use crate::model::identity::Role;
use crate::model::reading::{Gap, Reading};
use crate::model::target::Target;
use crate::model::untrusted::Untrusted;

pub use defaults::complete;
pub use worth::{Port, Unit, Worth};

/// How something that runs stands to the file that asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// As asked for.
    Same,
    /// Stronger.
    Stronger,
    /// Neither stronger nor weaker, and not what was asked for.
    Different,
    /// Nobody can tell.
    Unverifiable,
    /// Weaker.
    Weaker,
}

/// One property of one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The property, by the key of a compose file that sets it.
    pub property: &'static str,
    /// What the files ask for.
    pub file: Reading<Worth>,
    /// What the engine was told.
    pub engine: Reading<Worth>,
    /// What the kernel enforces; empty: it has no word on this.
    pub effective: Vec<Reading<Worth>>,
    /// How what runs stands to the file.
    pub standing: Standing,
    /// What is granted and the files do not ask for, where they are lists.
    pub beyond: BTreeSet<String>,
}

impl Row {
    /// Why it cannot be told, where that is so.
    pub fn gap(&self) -> Option<&Gap> {
        let all = [&self.file].into_iter().chain(&self.effective).chain([&self.engine]);
        all.filter_map(|reading| match reading {
            Reading::Missing(gap) => Some(gap),
            Reading::Known(..) | Reading::Inapplicable => None,
        })
        .next()
    }
}

/// A container of a project beside its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The service.
    pub service: Untrusted,
    /// The container's name.
    pub container: Untrusted,
    /// Every property.
    pub rows: Vec<Row>,
}

/// A project beside what runs of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Every container with its service, by their names.
    pub pairs: Vec<Pair>,
    /// Services that shall run and of which no container does.
    pub idle: Vec<Untrusted>,
    /// Containers of the project whose service the files do not name.
    pub orphans: Vec<(Untrusted, Untrusted)>,
}

/// Holds a project's containers against its services, of which those that are
/// `wanted` shall run. `role_of` tells a container's place by its labels.
pub fn compare(
    files: &[Derived],
    running: &[Derived],
    wanted: impl Fn(&str) -> bool,
    role_of: impl Fn(&Target) -> Role,
) -> Drift {
    let mut drift = Drift::default();
    let mut runs = BTreeSet::new();
    for (target, own) in running {
        let Role { service, is_one_off, .. } = role_of(target);
        let asked = files.iter().find(|(it, _)| it.name.raw() == service);
        if !is_one_off {
            runs.insert(service.clone());
        }
        match asked {
            None => drift.orphans.push((target.name.clone(), service.into())),
            Some((_, asked)) => drift.pairs.push(Pair {
                service: service.into(),
                container: target.name.clone(),
                rows: properties::ALL.iter().map(|it| it.row(asked, own)).collect(),
            }),
        }
    }
    let is_idle = |it: &&Untrusted| wanted(it.raw()) && !runs.contains(it.raw());
    drift.idle = files.iter().map(|(it, _)| &it.name).filter(is_idle).cloned().collect();
    drift.pairs.sort_by(|one, other| {
        (&one.service, &one.container).cmp(&(&other.service, &other.container))
    });
    drift
}
