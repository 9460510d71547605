//! What runs beside the files that ask for it, property by property.
//!
//! Three columns: what the files ask for, what the engine was told, and what the
//! kernel enforces. The kernel's word decides where it has one by nature; where
//! it cannot be heard, an engine that was told less convicts and nothing acquits.

mod properties;
mod worth;

use crate::facts::Facts;
use crate::model::bundle::Bundle;
use crate::model::reading::{Gap, Reading};
use crate::model::target::Target;
use crate::model::untrusted::Untrusted;

pub use worth::Worth;

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
    /// Services of which no container runs.
    pub idle: Vec<Untrusted>,
    /// Containers of the project whose service the files do not name.
    pub orphans: Vec<(Untrusted, Untrusted)>,
}

/// Holds a project's containers against its services. `service_of` tells a
/// container's service by its labels.
pub fn compare(
    files: &[(Target, Facts)],
    running: &[(Target, Facts)],
    service_of: impl Fn(&Target) -> Option<String>,
) -> Drift {
    let mut drift = Drift::default();
    for (target, own) in running {
        let service = service_of(target).unwrap_or_default();
        let asked = files.iter().find(|(it, _)| it.name.raw() == service);
        match asked {
            None => drift.orphans.push((target.name.clone(), service.into())),
            Some((_, asked)) => drift.pairs.push(Pair {
                service: service.into(),
                container: target.name.clone(),
                rows: properties::ALL.iter().map(|it| it.row(asked, own)).collect(),
            }),
        }
    }
    let runs = |name: &Untrusted| drift.pairs.iter().any(|pair| pair.service == *name);
    drift.idle = files.iter().map(|(it, _)| &it.name).filter(|it| !runs(it)).cloned().collect();
    drift.pairs.sort_by(|one, other| {
        (&one.service, &one.container).cmp(&(&other.service, &other.container))
    });
    drift
}

/// The service of a container of the project, as docker compose labels it.
pub fn service_label(bundle: &Bundle, target: &Target) -> Option<String> {
    use crate::model::source::Source;
    let document = bundle.json(&Source::container(&target.id)).ok()?;
    let labels = document.pointer("/Config/Labels")?;
    Some(labels.get("com.docker.compose.service")?.as_str()?.to_owned())
}
