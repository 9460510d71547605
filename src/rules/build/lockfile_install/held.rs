//! Whether something beside the words of a call holds its versions: a constraint,
//! or a variable that locks.

use crate::facts::build::Done;
use crate::parse::dockerfile::{Call, Manager, Verb, act};

/// Whether the versions of an installation are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held<'l> {
    /// They are.
    Yes,
    /// Nothing says so.
    No,
    /// Nobody can tell, and why.
    Untold(&'l str),
}

/// Options of pip that hold the versions.
const PIP: [&str; 5] = ["-c", "--constraint", "--constraints", "--require-hashes", "--no-index"];

/// Options that let them go whatever a variable says.
const UNLOCKED: [&str; 4] =
    ["--no-frozen-lockfile", "--frozen-lockfile", "--no-immutable", "--immutable"];

/// Whether the versions of what a call installs are held.
pub(super) fn held<'l>(done: Done<'l>, call: &'l Call) -> Held<'l> {
    let act = act(call).filter(|it| it.verb == Verb::Install);
    let has = |options: &[&str]| act.as_ref().is_some_and(|it| it.has(options));
    let manager = act.as_ref().map(|it| it.manager);
    if manager == Some(Manager::Pip) && has(&PIP) {
        return Held::Yes;
    }
    let is_named = act.as_ref().is_some_and(|it| !it.packages.is_empty());
    let names: &[&str] = match call.name() {
        "uv" if manager.is_some() => &["UV_CONSTRAINT", "UV_REQUIRE_HASHES"],
        "uv" if super::other(call).is_some() => &["UV_LOCKED", "UV_FROZEN"],
        _ => match manager {
            Some(Manager::Pip) => &["PIP_CONSTRAINT", "PIP_REQUIRE_HASHES", "PIP_NO_INDEX"],
            Some(Manager::Pnpm | Manager::Yarn) if is_named || has(&UNLOCKED) => &[],
            // pnpm goes by its lock file where it is told that nobody watches.
            Some(Manager::Pnpm) => &["CI", "npm_config_frozen_lockfile"],
            Some(Manager::Yarn) => &["YARN_ENABLE_IMMUTABLE_INSTALLS"],
            _ => &[],
        },
    };
    let mut answer = Held::No;
    for value in names.iter().filter_map(|name| done.setting(call, name)) {
        match value {
            Ok(it) if is_on(it) => return Held::Yes,
            Ok(_) => {}
            Err(why) => answer = Held::Untold(why),
        }
    }
    answer
}

fn is_on(value: &str) -> bool {
    !["", "0", "false", "no", "off"].contains(&value.to_lowercase().as_str())
}
