//! What a container's environment holds, its values sealed.
//!
//! The engine's record is handed to whoever may ask the engine, and to every
//! later `exec`; the kernel keeps what each process was started with, which an
//! entrypoint may have added to. Either gives a secret away, so they are two
//! questions, and neither overrules the other.

use crate::model::bundle::Origin;
use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Reading};
use crate::model::secret::Variable;
use crate::model::source::Source;

use super::Held;
use super::view::{Process, View};

/// An environment, and where each of its variables stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The variables, in their order.
    pub variables: Vec<Variable>,
}

impl Environment {
    /// The last variable of this name: a later one wins (`environ(7)`).
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().rev().find(|it| it.name.raw() == name)
    }
}

/// What the container is started with, each later `exec` included: the
/// engine's record, or without an engine what its first process was started with.
pub(super) fn given(view: &View<'_>) -> Fact<Environment> {
    Fact::declared_only(match view.origin() {
        Origin::Engine | Origin::Compose => recorded(view),
        Origin::Kernel => of_the_first(view),
    })
}

/// What the first process was started with, beside the engine's record.
pub(super) fn first(view: &View<'_>) -> Fact<Environment> {
    Fact::new(recorded(view), of_the_first(view))
}

fn of_the_first(view: &View<'_>) -> Reading<Environment> {
    Reading::from(view.init()).and_then(|init| of_process(&init))
}

fn of_process(process: &Process<'_>) -> Reading<Environment> {
    let source = Source::proc(process.pid, "environ");
    process.variables("environ").map(|it| Environment { variables: it.to_vec() }).shown_as(|all| {
        let count = all.variables.len();
        vec![Evidence::new(source, "", format!("{count} variables"))]
    })
}

/// What each process was started with. Processes with the same environment
/// would say the same many times over, so each distinct one counts once.
pub(super) fn of_processes(view: &View<'_>) -> Fact<Held<Environment>> {
    let mut seen: Vec<Environment> = Vec::new();
    let each = view.of_each(of_process).map(|all| {
        all.into_iter()
            .filter(|reading| match reading {
                Reading::Known(held, _) if seen.contains(&held.value) => false,
                Reading::Known(held, _) => {
                    seen.push(held.value.clone());
                    true
                }
                Reading::Missing(_) | Reading::Inapplicable => true,
            })
            .collect()
    });
    Fact::of_each(Reading::Inapplicable, &view.processes_source(), each)
}

/// Variables that point a client to an engine over the network.
///
/// The kernel enforces no environment: a process may change its own. So the
/// engine's record decides where there is an engine, and without one the
/// environment that each process was started with.
pub(super) fn engine_variables(view: &View<'_>) -> Fact<Vec<Variable>> {
    match view.origin() {
        Origin::Engine | Origin::Compose => {
            let source = view.inspect().source().clone();
            let recorded = recorded(view).unshown();
            Fact::declared_only(
                recorded.and_then(|all| naming_an_engine(&all.variables, source, "/Config/Env")),
            )
        }
        Origin::Kernel => {
            let each = view.of_each(|process| {
                let source = Source::proc(process.pid, "environ");
                process
                    .variables("environ")
                    .unshown()
                    .and_then(|all| naming_an_engine(all, source, ""))
            });
            let each = each.map(|all| all.into_iter().map(|one| one.map(|it| it.value)).collect());
            Fact::of_each(Reading::Inapplicable, &view.processes_source(), each)
        }
    }
}

fn recorded(view: &View<'_>) -> Reading<Environment> {
    let inspect = view.inspect();
    let source = inspect.source().clone();
    inspect.variables("/Config/Env").map(|variables| Environment { variables }).shown_as(
        |environment| {
            let count = environment.variables.len();
            vec![Evidence::new(source, "/Config/Env", format!("{count} variables"))]
        },
    )
}

/// The variables that name one, each its own evidence: the whole environment
/// would be noise.
fn naming_an_engine(variables: &[Variable], source: Source, place: &str) -> Reading<Vec<Variable>> {
    let found: Vec<Variable> = variables
        .iter()
        .filter(|variable| {
            // A local socket is in reach only if it is mounted; the mounts tell.
            let is_local = variable.kept.as_ref().is_some_and(|kept| kept.raw() == "unix://");
            let names_one = matches!(variable.name.raw(), "DOCKER_HOST" | "CONTAINER_HOST");
            names_one && !is_local && variable.value.length > 0
        })
        .cloned()
        .collect();
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    let shown = if shown.is_empty() { "names no engine".to_owned() } else { shown.join(" ") };
    Reading::Known(found, vec![Evidence::new(source, place, shown)])
}
