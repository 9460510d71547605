//! Which stages ship, by their names.

use crate::facts::view::View;
use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::source::Source;

use super::{Build, Layout};

/// The stages of an image's Dockerfile, by their names in lower case; empty where
/// a stage has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stages {
    /// Those whose layers ship, the lowest first.
    pub ships: Vec<String>,
    /// All that there are, in the order of the file.
    pub all: Vec<String>,
    /// Whether the lowest that ships rests on what nobody can tell: it may be
    /// another of them.
    pub is_open: bool,
}

impl Stages {
    fn of(layout: &Layout) -> Self {
        let name = |it: &crate::parse::dockerfile::Stage| it.name().unwrap_or_default();
        Self {
            ships: layout.shipping().map(name).collect(),
            all: layout.dockerfile.stages.iter().map(name).collect(),
            is_open: super::steps::in_shipped_stages(layout).is_some(),
        }
    }
}

impl Build {
    /// The stages that ship. A base that may be one of them keeps them from being
    /// known.
    pub(super) fn stages_of_file(&self) -> Fact<Stages> {
        let stages = self.layout.declared().as_ref().map(|it| Stages::of(it));
        let stages = stages.told_as(|it| it.ships.last().cloned().unwrap_or_default());
        Fact::declared_in_part(stages, self.gap(super::steps::in_shipped_stages))
    }
}

/// The stages of a service's image: `/Build` of its draft. What is pulled has none.
/// Where its Dockerfile is not at hand the name of the target may convict.
pub(super) fn of_service(view: &View<'_>) -> Fact<Stages> {
    let inspect = view.inspect();
    if inspect.peek("/Build").is_none() {
        return Fact::declared_only(Reading::Inapplicable);
    }
    let target = inspect.text("/Build/Target").unshown();
    let shown = |it: &Stages| {
        let name = it.ships.last().cloned().unwrap_or_default();
        vec![inspect.told("/Build/Target", name)]
    };
    let names = |all: Vec<&str>| all.into_iter().map(str::to_lowercase).collect();
    let listed = inspect.texts("/Build/Ships").zip(inspect.texts("/Build/Stages"));
    match listed {
        Reading::Missing(gap) => {
            let known = target.and_then(|target| match target {
                Some(name) => {
                    let (ships, all) = (names(vec![name]), Vec::new());
                    Reading::of(Stages { ships, all, is_open: true })
                }
                None => Reading::Missing(gap.clone()),
            });
            Fact::declared_in_part(known.shown_as(shown), Some(gap))
        }
        listed @ (Reading::Known(..) | Reading::Inapplicable) => {
            let open = inspect.text("/Build/Open").unshown().known().copied().flatten();
            let stages = listed.map(|(ships, all)| {
                let (ships, all) = (names(ships), names(all));
                Stages { ships, all, is_open: open.is_some() }
            });
            let gap = open.map(|why| {
                let detail = format!("the stage that ships rests on what nobody can tell: {why}");
                let gap = Gap::new(Reason::Unset, Source::Compose(view.id().into()), detail);
                gap.mend("give the variable of its FROM a default, or a value by build.args")
            });
            Fact::declared_in_part(stages.shown_as(shown), gap)
        }
    }
}
