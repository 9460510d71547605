//! Which images something is made from, as they are asked for.

use std::rc::Rc;
use std::sync::Arc;

use crate::model::draft::Origin;
use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::source::Source;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::parse::compose::address;
use crate::parse::dockerfile::{From, Keyword, Stage};

use super::build::Layout;
use super::view::View;

/// An image that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub name: Untrusted,
    /// Where a Dockerfile asks for it.
    pub origin: Option<Arc<Origin>>,
}

pub(super) fn fact(view: &View<'_>, layout: &Fact<Rc<Layout>>) -> Fact<Vec<Asked>> {
    match view.kind() {
        Kind::Dockerfile => of_stages(view, layout),
        Kind::Container | Kind::Service => Fact::declared_only(of_declaration(view)),
        Kind::Image => Fact::declared_only(Reading::Inapplicable),
    }
}

/// The image of a container. One that is built here has a name of its own and no
/// version of anybody's: what counts is what it is built from.
fn of_declaration(view: &View<'_>) -> Reading<Vec<Asked>> {
    const IMAGE: &str = "/Config/Image";
    let inspect = view.inspect();
    if inspect.key_of(IMAGE) == Some("build") {
        return Reading::Inapplicable;
    }
    let asked = |name: &str| Asked { name: address::image(name).into(), origin: None };
    inspect
        .text(IMAGE)
        .map(|name| name.filter(|it| !it.is_empty()).map(asked).into_iter().collect())
}

/// The images that the stages begin with, and those that they copy from.
fn of_stages(view: &View<'_>, layout: &Fact<Rc<Layout>>) -> Fact<Vec<Asked>> {
    let mut untold = None;
    let found = layout.declared().as_ref().map(|layout| {
        let mut all = Vec::new();
        for (stage, from) in layout.stages() {
            let place = stage.base().map(|it| stage.from.place_of(it));
            match from {
                From::Image(name) => all.push(Asked {
                    name: address::image(name).into(),
                    origin: Some(layout.origin(&stage.from, place)),
                }),
                From::Untold(why) => {
                    let line = stage.from.place.line;
                    let detail = format!("line {line}: {why}");
                    let source = Source::Dockerfile(view.id().into());
                    let gap = Gap::new(Reason::Unset, source, detail);
                    let gap = gap.mend("give its variable a default, or a value by --build-arg");
                    untold.get_or_insert(gap);
                }
                From::Stage(_) | From::Scratch => {}
            }
            all.extend(copied_from(layout, stage));
        }
        all
    });
    Fact::declared_in_part(found, untold)
}

/// The images of `COPY --from=IMAGE`.
fn copied_from(layout: &Layout, stage: &Stage) -> Vec<Asked> {
    let copies = stage.instructions.iter().filter(|it| it.keyword == Some(Keyword::Copy));
    let is_stage = |name: &str| {
        let lower = name.to_lowercase();
        let mut names = layout.dockerfile.stages.iter().filter_map(|it| it.name());
        name.parse::<usize>().is_ok() || names.any(|it| it == lower)
    };
    let asked = copies.filter_map(|it| {
        let flag = it.flag("from")?;
        let name = flag.value.as_deref().filter(|it| !it.contains('$') && !is_stage(it))?;
        let origin = Some(layout.origin(it, Some(flag.place)));
        Some(Asked { name: address::image(name).into(), origin })
    });
    asked.collect()
}
