//! What a container's environment points it to.

use crate::model::bundle::Origin;
use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Reading};
use crate::model::source::Source;

use super::view::View;

/// Variables that point a client to an engine over the network, as
/// `NAME=scheme://…`.
///
/// The kernel enforces no environment: a process may change its own. So the
/// engine's record decides where there is an engine, and without one the
/// environment that each process was started with.
pub(super) fn engine_variables(view: &View<'_>) -> Fact<Vec<String>> {
    match view.origin() {
        Origin::Engine => {
            let inspect = view.inspect();
            let source = inspect.source().clone();
            let variables = inspect.texts("/Config/Env").shown_as(|_| vec![]);
            Fact::declared_only(
                variables.and_then(|all| naming_an_engine(all, source, "/Config/Env")),
            )
        }
        Origin::Kernel => {
            let each = view.of_each(|process| {
                let source = Source::proc(process.pid, "environ");
                let lines =
                    process.text("environ").shown_as(|_| vec![]).map(|text| text.lines().collect());
                lines.and_then(|all| naming_an_engine(all, source.clone(), ""))
            });
            let each = each.map(|all| all.into_iter().map(|one| one.map(|it| it.value)).collect());
            Fact::of_each(Reading::Inapplicable, &view.processes_source(), each)
        }
    }
}

/// The variables that name one, each its own evidence: the whole environment
/// would be noise.
fn naming_an_engine(variables: Vec<&str>, source: Source, place: &str) -> Reading<Vec<String>> {
    let found: Vec<String> = variables
        .into_iter()
        .filter(|variable| {
            let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
            // A local socket is in reach only if it is mounted; the mounts tell.
            let over_network = !value.is_empty() && !value.starts_with("unix://");
            matches!(name, "DOCKER_HOST" | "CONTAINER_HOST") && over_network
        })
        .map(str::to_owned)
        .collect();
    let shown = if found.is_empty() { "names no engine".to_owned() } else { found.join(" ") };
    Reading::Known(found, vec![Evidence::new(source, place, shown)])
}
