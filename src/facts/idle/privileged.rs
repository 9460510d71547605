//! What privileged mode undoes.
//!
//! It gives every capability, whatever is dropped (`TweakCapabilities` in moby's
//! `oci/caps/utils.go`). The root stays mounted read-only and the flag
//! no-new-privileges stays set; but root with `SYS_ADMIN` mounts the root anew
//! (`mount(2)`, `MS_REMOUNT`), and who holds every capability has nothing to
//! gain. For an ordinary user both hold. What becomes of a seccomp profile that
//! was asked for depends on the engine's version; the kernel shows that.

use serde_json::Value;

use crate::facts::identity::{self, Root};
use crate::facts::no_new_privileges::setting;
use crate::facts::view::View;
use crate::model::reading::Reading;
use crate::parse::document::Document;

use super::Idle;

const PRIVILEGED: &str = "/HostConfig/Privileged";
const DROPPED: &str = "/HostConfig/CapDrop";
const READ_ONLY: &str = "/HostConfig/ReadonlyRootfs";
const SECURITY: &str = "/HostConfig/SecurityOpt";
const REMEDY: &str =
    "remove privileged: true (--privileged), and add the one capability that is needed";

pub(super) fn all(view: &View<'_>, inspect: &Document<'_>) -> Vec<Reading<Option<Idle>>> {
    if !inspect.may_be(PRIVILEGED, |it| *it == Value::Bool(true)) {
        return Vec::new();
    }
    let on = |pointer: &str| inspect.flag(pointer).map(|it| it == Some(true));
    let mut all = Vec::new();
    if inspect.may_be(DROPPED, is_filled) {
        let asked = inspect.texts(DROPPED).zip(on(PRIVILEGED));
        all.push(asked.map(|(dropped, privileged)| {
            (privileged && !dropped.is_empty()).then(|| {
                let what = "dropping capabilities does nothing beside privileged mode, which gives all of them";
                Idle::new(what, REMEDY)
            })
        }));
    }
    let as_root = || {
        let user = identity::declared(view).map(|it| it.value.root() != Root::No);
        on(PRIVILEGED).zip(user).map(|(privileged, root)| privileged && root)
    };
    if inspect.may_be(READ_ONLY, |it| *it == Value::Bool(true)) {
        all.push(on(READ_ONLY).zip(as_root()).map(|(read_only, root)| {
            (read_only && root).then(|| {
                let what = "the read-only root keeps nobody from writing: root in privileged mode can mount it anew";
                Idle::new(what, REMEDY)
            })
        }));
    }
    let names = |it: &Value| it.as_str().is_some_and(|it| setting(it).is_some());
    if inspect.may_be(SECURITY, |it| it.as_array().is_some_and(|all| all.iter().any(names))) {
        all.push(inspect.texts(SECURITY).zip(as_root()).map(|(options, root)| {
            let last = options.iter().rfind(|it| setting(it).is_some())?;
            (root && setting(last) == Some(Ok(true))).then(|| {
                let what = "no-new-privileges has nothing left to forbid: root in privileged mode holds every capability";
                Idle::new(what, REMEDY).item(*last)
            })
        }));
    }
    all
}

/// Whether a list has any item.
pub(super) fn is_filled(list: &Value) -> bool {
    list.as_array().is_some_and(|it| !it.is_empty())
}
