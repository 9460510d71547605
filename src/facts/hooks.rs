//! What the commands are that compose has executed in a container after it was
//! started and before it is stopped, beside the container's own first process.

use crate::model::capability::CapabilitySet;
use crate::model::fact::Fact;
use crate::model::reading::Reading;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;

use super::identity::{self, Root};
use super::view::View;
use super::{Held, capabilities};

/// Such a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The key that it stands under.
    pub key: Untrusted,
    /// Whether it is root where the first process is not, or root of more.
    pub is_raised: bool,
    /// The capabilities that it has and the first process has not.
    pub gains: CapabilitySet,
}

/// Every hook of a service. A container that runs has nothing but processes: the
/// engine's record does not tell of them.
pub(super) fn fact(view: &View<'_>) -> Fact<Hook> {
    let all = view.inspect().peek("/Hooks").and_then(|it| it.as_array()).map_or(0, Vec::len);
    if view.kind() != Kind::Service || all == 0 {
        return Fact::declared_only(Reading::Inapplicable);
    }
    let each = (0..all).map(|place| hook(view, &format!("/Hooks/{place}"))).collect();
    Fact::of_each(Reading::Inapplicable, view.inspect().source(), Ok(each))
}

fn hook(view: &View<'_>, at: &str) -> Reading<Hook> {
    let inspect = view.inspect();
    let key = inspect.text(&format!("{at}/When")).unshown();
    let raised = is_raised(view, &format!("{at}/User"));
    let gains = gains(view, &format!("{at}/Privileged"));
    // Where one of them decides, the other is no evidence, known or not.
    let own = match (raised.known(), gains.known()) {
        (Some(true), Some(some)) if !some.is_empty() => raised.zip(gains),
        (Some(true), _) => raised.zip(Reading::of(CapabilitySet::EMPTY)),
        (_, Some(some)) if !some.is_empty() => Reading::of(false).zip(gains),
        _ => raised.zip(gains),
    };
    let hook = key.zip(own).map(|(key, (is_raised, gains))| Hook {
        key: key.unwrap_or_default().into(),
        is_raised,
        gains,
    });
    match hook {
        Reading::Known(hook, evidence) if evidence.is_empty() => {
            Reading::Known(hook, vec![inspect.told(at, "runs as the service does")])
        }
        other @ (Reading::Known(..) | Reading::Missing(_) | Reading::Inapplicable) => other,
    }
}

/// Without a user of its own it is the service's. What nobody knows of one is of
/// no matter where the other decides.
fn is_raised(view: &View<'_>, pointer: &str) -> Reading<bool> {
    if !view.inspect().has_origin(pointer) {
        return Reading::of(false);
    }
    view.inspect().text(pointer).and_then(|user| {
        let Some(user) = user else { return Reading::of(false) };
        let root = |it: Held<identity::User>| it.value.root();
        let own = identity::called(user, view).unshown().map(root);
        let first = identity::declared(view).unshown().map(root);
        if own.known() == Some(&Root::No) || first.known() == Some(&Root::Host) {
            return Reading::of(false);
        }
        own.zip(first).map(|(own, first)| own > first)
    })
}

/// In privileged mode it has every capability (moby, `execSetPlatformOpt`).
fn gains(view: &View<'_>, pointer: &str) -> Reading<CapabilitySet> {
    if !view.inspect().has_origin(pointer) {
        return Reading::of(CapabilitySet::EMPTY);
    }
    view.inspect().flag(pointer).and_then(|mode| {
        if mode != Some(true) {
            return Reading::of(CapabilitySet::EMPTY);
        }
        let first = capabilities::declared(view).unshown();
        first.map(|first| CapabilitySet::all().without(first.value.effective))
    })
}
