//! How the engine finds out whether a container works.

use crate::model::fact::Fact;
use crate::model::reading::Reading;
use crate::parse::document::Document;

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
    Fact::declared_only(declared(&view.inspect()))
}

/// The check that a configuration defines, a container's or an image's.
pub(super) fn declared(configuration: &Document<'_>) -> Reading<Healthcheck> {
    let test: Reading<Vec<&str>> = configuration.texts("/Config/Healthcheck/Test");
    test.map(|test| match test.first() {
        None => Healthcheck::Undefined,
        Some(&"NONE") => Healthcheck::Disabled,
        Some(how) => Healthcheck::Defined((*how).to_owned()),
    })
}
