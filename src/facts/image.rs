//! What a container makes of its image's own configuration.
//!
//! In these facts the image's word stands for the declaration, and what the
//! container was given for what became of it.

use crate::model::fact::Fact;
use crate::model::reading::Reading;

use super::Held;
use super::health::{self, Healthcheck};
use super::identity::{self, User};
use super::view::View;
use super::where_it_runs;

/// What a container makes of its image's own configuration.
#[derive(Clone, Debug)]
pub struct Image {
    /// The user that the image names, beside the one that the container was given.
    pub user: Fact<Held<User>>,
    /// The image's health check beside the container's.
    pub healthcheck: Fact<Healthcheck>,
    /// The image's stop signal beside the container's.
    pub stop_signal: Fact<Option<String>>,
}

pub(super) fn all(view: &View<'_>) -> Image {
    Image {
        user: where_it_runs(view, user),
        healthcheck: where_it_runs(view, healthcheck),
        stop_signal: where_it_runs(view, stop_signal),
    }
}

/// The image's user, and the container's. The same words mean the same user,
/// whoever that is: then the image's word is not asked.
fn user(view: &View<'_>) -> Fact<Held<User>> {
    let own = view.inspect();
    let image = view.image().and_then(|image| {
        image.text("/Config/User").zip(own.text("/Config/User").unshown()).and_then(
            |(asked, given)| {
                if asked.unwrap_or_default() == given.unwrap_or_default() {
                    return Reading::Inapplicable;
                }
                identity::named_by(view, &image)
            },
        )
    });
    Fact::new(image, identity::declared(view))
}

/// The image's health check, and the container's.
fn healthcheck(view: &View<'_>) -> Fact<Healthcheck> {
    Fact::new(
        view.image().and_then(|image| health::declared(&image)),
        health::declared(view.inspect()),
    )
}

/// The signal with which the image wants to be stopped, and the one that stops
/// the container; `None` is the engine's default, SIGTERM.
fn stop_signal(view: &View<'_>) -> Fact<Option<String>> {
    let signal = "/Config/StopSignal";
    let owned = |text: Option<&str>| text.filter(|it| !it.is_empty()).map(str::to_owned);
    Fact::new(
        view.image().and_then(|image| image.text(signal)).map(owned),
        view.inspect().text(signal).map(owned),
    )
}
