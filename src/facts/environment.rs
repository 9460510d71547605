//! What a container's environment holds, its values sealed.
//!
//! The engine's record is handed to whoever may ask the engine, and to every
//! later `exec`; the kernel keeps what each process was started with, which an
//! entrypoint may have added to. Either gives a secret away, so they are two
//! questions, and neither overrules the other.

use std::rc::Rc;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::model::bundle::Origin;
use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::secret::Variable;
use crate::model::source::Source;
use crate::parse::document::Entries;

use super::Held;
use super::view::{Process, View};

/// An environment, and where each of its variables stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The variables, in their order.
    pub variables: Arc<[Variable]>,
}

impl Environment {
    /// The last variable of this name: a later one wins (`environ(7)`).
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().rev().find(|it| it.name.raw() == name)
    }

    /// Whether a variable of this name is set to something.
    pub fn sets(&self, name: &str) -> bool {
        self.get(name).is_some_and(Variable::has_value)
    }
}

/// What a container is started with, as far as it is known.
#[derive(Clone, Debug)]
pub struct Given {
    known: Reading<Environment>,
    /// Variables without a known value, by their names, and why.
    unknown: Vec<(String, Gap)>,
    /// Why there may be more.
    more: Option<Gap>,
}

impl Given {
    /// A question about the variables whose names `matter`. One of them without
    /// a known value leaves it open, unless the others answer it already.
    ///
    /// What an image adds that nobody has at hand leaves nothing open: it is the
    /// image's own finding, and the evidence says that it was not looked at.
    pub fn about(&self, matters: impl Fn(&str) -> bool) -> Fact<Environment> {
        Fact::declared_in_part(self.known.clone(), self.gap(matters))
    }

    /// What is known where something is not: enough for a question that nothing
    /// further can undo.
    pub fn part(&self) -> Fact<Environment> {
        let is_whole = self.unknown.is_empty() && self.more.is_none();
        Fact::declared_only(if is_whole { Reading::Inapplicable } else { self.known.clone() })
    }

    /// One variable; `None` where nobody sets it.
    pub(super) fn variable(&self, name: &str) -> Reading<Option<Variable>> {
        self.known.as_ref().and_then(|known| {
            let named = self.unknown.iter().find(|(it, _)| it.is_empty() || it == name);
            let gap = named.map(|(_, gap)| gap).or(self.more.as_ref());
            match (known.get(name), gap) {
                (None, Some(gap)) => Reading::Missing(gap.clone()),
                (variable, _) => Reading::of(variable.cloned()),
            }
        })
    }

    fn gap(&self, matters: impl Fn(&str) -> bool) -> Option<Gap> {
        let named = self.unknown.iter().filter(|(name, _)| name.is_empty() || matters(name));
        let all = named.map(|(_, gap)| gap).chain(&self.more);
        // Only of images an engine is asked.
        let mut own = all.filter(|gap| !matches!(gap.source, Source::Engine(_)));
        own.next().cloned()
    }

    pub(super) const fn known(&self) -> &Reading<Environment> {
        &self.known
    }

    pub(super) fn whole(&self) -> Reading<Environment> {
        let gap = self.unknown.first().map(|(_, gap)| gap).or(self.more.as_ref());
        gap.map_or_else(|| self.known.clone(), |gap| Reading::Missing(gap.clone()))
    }
}

/// What the container is started with, each later `exec` included: the
/// engine's record, or without an engine what its first process was started with.
pub(super) fn given(view: &View<'_>) -> Rc<Given> {
    match view.origin() {
        Origin::Engine | Origin::Archive | Origin::Compose | Origin::Dockerfile => recorded(view),
        Origin::Kernel => {
            Rc::new(Given { known: of_the_first(view), unknown: Vec::new(), more: None })
        }
    }
}

/// What the first process was started with, beside the engine's record.
pub(super) fn first(view: &View<'_>) -> Fact<Environment> {
    Fact::new(recorded(view).whole(), of_the_first(view))
}

fn of_the_first(view: &View<'_>) -> Reading<Environment> {
    Reading::from(view.init()).and_then(|init| of_process(&init))
}

fn of_process(process: &Process<'_>) -> Reading<Environment> {
    let source = Source::proc(process.pid, "environ");
    process.variables("environ").map(|it| Environment { variables: Arc::clone(it) }).shown_as(
        |all| {
            let count = all.variables.len();
            vec![Evidence::new(source, "", format!("{count} variables"))]
        },
    )
}

/// What a process was started with, where it still shows: one that has no variable at all
/// may have written a title over them.
pub(super) fn shown(process: &Process<'_>) -> Reading<Environment> {
    of_process(process).and_then(|all| {
        if all.variables.is_empty() {
            let source = Source::proc(process.pid, "environ");
            let detail = "it shows no variable, as a process does that wrote a title over them";
            return Reading::Missing(Gap::new(Reason::Unproved, source, detail));
        }
        Reading::of(all)
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
    Fact::of_each(Reading::Inapplicable, view.processes_source(), each)
}

/// Variables that point a client to an engine over the network.
///
/// The kernel enforces no environment: a process may change its own. So the
/// engine's record decides where there is an engine, and without one the
/// environment that each process was started with.
pub(super) fn engine_variables(view: &View<'_>) -> Fact<Vec<Variable>> {
    match view.origin() {
        Origin::Engine | Origin::Archive | Origin::Compose | Origin::Dockerfile => {
            let given = recorded(view);
            let gap = given.gap(names_an_engine);
            let named = given.known.as_ref().map(|all| naming_an_engine(&all.variables));
            Fact::declared_in_part(named.told_as(|named| in_words(named)), gap)
        }
        Origin::Kernel => {
            let each = view.of_each(|process| {
                let source = Source::proc(process.pid, "environ");
                process
                    .variables("environ")
                    .map(|all| naming_an_engine(all))
                    .shown_as(|named| vec![Evidence::new(source, "", in_words(named))])
            });
            let each = each.map(|all| all.into_iter().map(|one| one.map(|it| it.value)).collect());
            Fact::of_each(Reading::Inapplicable, view.processes_source(), each)
        }
    }
}

pub(super) fn recorded(view: &View<'_>) -> Rc<Given> {
    Rc::clone(view.environment.get_or_init(|| Rc::new(read(view))))
}

fn read(view: &View<'_>) -> Given {
    let inspect = view.inspect();
    let source = inspect.source().clone();
    let Entries { known, unknown, more } = inspect.entries("/Config/Env", &[]);
    let variable = |entry: &&Value| Variable::deserialize(*entry).ok();
    let known = known.and_then(|entries| match entries.iter().map(variable).collect() {
        Some(variables) => Reading::of(Environment { variables }),
        None => {
            let detail = "/Config/Env is not an environment";
            Reading::Missing(Gap::new(Reason::Malformed, source, detail))
        }
    });
    let beyond = if more.is_some() { "; what else the image sets is not known" } else { "" };
    let known = known.told_as(|all| format!("{} variables{beyond}", all.variables.len()));
    let name = |entry: &Value| {
        let name = entry.get("name").and_then(Value::as_str);
        name.unwrap_or_default().to_owned()
    };
    let unknown = unknown.into_iter().map(|(entry, gap)| (name(entry), gap)).collect();
    Given { known, unknown, more }
}

fn names_an_engine(name: &str) -> bool {
    matches!(name, "DOCKER_HOST" | "CONTAINER_HOST")
}

/// The variables that name one: the whole environment would be noise.
fn naming_an_engine(variables: &[Variable]) -> Vec<Variable> {
    let names_one = |variable: &&Variable| {
        // A local socket is in reach only if it is mounted; the mounts tell.
        let is_local = variable.kept.as_ref().is_some_and(|kept| kept.raw() == "unix://");
        names_an_engine(variable.name.raw()) && !is_local && variable.value.length > 0
    };
    variables.iter().filter(names_one).cloned().collect()
}

fn in_words(named: &[Variable]) -> String {
    let shown: Vec<String> = named.iter().map(ToString::to_string).collect();
    if shown.is_empty() { "names no engine".to_owned() } else { shown.join(" ") }
}
