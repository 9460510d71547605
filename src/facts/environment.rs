//! What a container's environment points it to.

use crate::model::bundle::Origin;
use crate::model::fact::Fact;
use crate::model::reading::Reading;

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
            let variables = view.inspect().texts("/Config/Env");
            let variables = variables.map(|all| naming_an_engine(all.into_iter()));
            Fact::declared_only(variables.shown_as(|_| vec![]))
        }
        Origin::Kernel => {
            let each = view.of_each(|process| {
                process.text("environ").map(|text| naming_an_engine(text.lines()))
            });
            let each = each.map(|all| all.into_iter().map(|one| one.map(|it| it.value)).collect());
            Fact::of_each(Reading::Inapplicable, &view.processes_source(), each)
        }
    }
}

fn naming_an_engine<'a>(variables: impl Iterator<Item = &'a str>) -> Vec<String> {
    variables
        .filter(|variable| {
            let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
            // A local socket is in reach only if it is mounted; the mounts tell.
            let over_network = !value.is_empty() && !value.starts_with("unix://");
            matches!(name, "DOCKER_HOST" | "CONTAINER_HOST") && over_network
        })
        .map(str::to_owned)
        .collect()
}
