//! How the engine finds out whether a container works.

use crate::model::fact::Fact;
use crate::model::reading::Reading;

use super::view::View;

/// A container's health check, merged by the engine from image and run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healthcheck {
    /// Neither the image nor the run defines one.
    Undefined,
    /// One was defined by the image and switched off.
    Disabled,
    /// One is defined; how its command is given: `CMD` or `CMD-SHELL`.
    Defined(String),
}

/// Only the engine runs health checks, so only it can speak of them.
pub(super) fn fact(view: &View<'_>) -> Fact<Healthcheck> {
    let declared: Reading<Vec<&str>> = view.inspect().texts("/Config/Healthcheck/Test");
    Fact::declared_only(declared.map(|test| match test.first() {
        None => Healthcheck::Undefined,
        Some(&"NONE") => Healthcheck::Disabled,
        Some(how) => Healthcheck::Defined((*how).to_owned()),
    }))
}
