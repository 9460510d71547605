//! Who the processes are.

use serde_json::{Value, json};

use crate::model::source::Source;
use crate::next::changed::Changed;
use crate::next::wanted::Wanted;
use crate::parse::passwd;
use crate::parse::proc::idmap::IdMap;
use crate::parse::proc::status::Status;
use crate::rules::identity::expected_uid;

const GROUPS: &str = "/HostConfig/GroupAdd";

/// Where ordinary accounts begin and end (`login.defs(5)`).
const ORDINARY: std::ops::Range<u32> = 1000..60_000;

/// A user that is not root: the one that it is already, by its number and with a group;
/// else the one that the policy asks for; else the one that the program becomes by itself;
/// else an ordinary one of the container's accounts; else the first that systems give to
/// people. In the place of a name nobody can put a number.
pub(super) fn user(changed: &mut Changed<'_>, wanted: Wanted<'_>) -> bool {
    // In a user namespace the numbers are others than the kernel shows here.
    if !is_numbered_alike(changed) {
        return false;
    }
    let accounts = accounts(changed);
    let group = |uid: u32| accounts.iter().find(|it| it.0 == uid).map_or(uid, |it| it.1);
    let allowed = wanted.list(&expected_uid::RULE, "uids").iter();
    let allowed: Vec<u32> = allowed.filter_map(|it| it.parse().ok()).collect();
    let Ok(present) = present(changed, group) else { return false };
    let present = present.filter(|(uid, _)| allowed.is_empty() || allowed.contains(uid));
    let asked = allowed.iter().copied().find(|it| *it != 0).map(|uid| (uid, group(uid)));
    let asked = present.or(asked);
    let ordinary = || accounts.iter().copied().find(|(uid, _)| ORDINARY.contains(uid));
    let (uid, gid) = asked.or_else(|| own(changed)).or_else(ordinary).unwrap_or((1000, 1000));
    if !changed.set("/Config/User", "user", format!("{uid}:{gid}").into()) {
        return false;
    }
    let has_further =
        changed.value(GROUPS).and_then(Value::as_array).is_some_and(|it| !it.is_empty());
    changed.statuses(|status| as_user(status, uid, gid, has_further));
    true
}

/// The user that is written already, where it is not root; an error where that is a name
/// whose number nobody knows.
fn present(changed: &Changed<'_>, group: impl Fn(u32) -> u32) -> Result<Option<(u32, u32)>, ()> {
    let written = changed.text("/Config/User");
    let (user, of) = written.split_once(':').unwrap_or((written, ""));
    match user.parse() {
        Ok(0) => Ok(None),
        Ok(uid) => Ok(Some((uid, of.parse().ok().filter(|it| *it != 0).unwrap_or(group(uid))))),
        Err(_) if matches!(user, "" | "root") || changed.processes().is_some() => Ok(None),
        Err(_) => Err(()),
    }
}

/// What the kernel shows of a process that an engine starts as a user by number: it has
/// his group, and what capabilities it had in force are gone (`capabilities(7)`, effect
/// of user id changes on capabilities).
fn as_user(
    status: &Status<'_>,
    uid: u32,
    gid: u32,
    has_further: bool,
) -> Vec<(&'static str, String)> {
    let four = |id: u32| format!("{id}\t{id}\t{id}\t{id}");
    let none = || "0".repeat(16);
    let mut fields = vec![
        ("Uid", four(uid)),
        ("Gid", four(gid)),
        ("CapPrm", none()),
        ("CapEff", none()),
        ("CapAmb", none()),
    ];
    // Which of its groups are those that were added nobody can tell.
    let groups = status.field("Groups").ok().filter(|_| has_further);
    fields.push(("Groups", groups.map_or_else(|| gid.to_string(), |it| format!("{gid} {it}"))));
    fields
}

/// Whether the kernel shows ids as the container knows them.
fn is_numbered_alike(changed: &Changed<'_>) -> bool {
    let Some(processes) = changed.processes() else { return true };
    let maps = processes.members.iter().map(|pid| format!("/proc/{pid}/uid_map"));
    maps.filter_map(|path| changed.kernel(&path).map(IdMap::parse))
        .all(|map| map.is_ok_and(|it| it.is_identity()))
}

/// The one user that its processes are, where they are not root.
fn own(changed: &Changed<'_>) -> Option<(u32, u32)> {
    let members = changed.processes()?.members.iter();
    let ids = members.filter_map(|pid| {
        let text = changed.kernel(&format!("/proc/{pid}/status"))?;
        let status = Status::parse(text);
        let ([_, uid, ..], [_, gid, ..]) = (status.ids("Uid").ok()?, status.ids("Gid").ok()?);
        (uid != 0).then_some((uid, gid))
    });
    let mut ids: Vec<(u32, u32)> = ids.collect();
    ids.dedup();
    match ids.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

/// The container's accounts, each by its number and that of its group.
fn accounts(changed: &Changed<'_>) -> Vec<(u32, u32)> {
    let Some(processes) = changed.processes() else { return Vec::new() };
    let source = Source::in_root(processes.viewer, "/etc/passwd");
    let Ok(text) = changed.bundle.text(&source) else { return Vec::new() };
    passwd::parse(text.raw()).iter().map(|it| (it.uid, it.gid)).collect()
}

pub(super) fn groups(changed: &mut Changed<'_>) -> bool {
    !changed.list(GROUPS).is_empty()
        && changed.is_known(GROUPS)
        && changed.set(GROUPS, "group_add", json!([]))
}
