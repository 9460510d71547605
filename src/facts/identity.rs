//! Which user a process is, inside the container and outside.

use crate::model::capability::CapabilitySet;
use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::parse::document::Document;
use crate::parse::proc::idmap::IdMap;

use super::view::{Process, Told, View};
use super::{Held, capabilities};

/// A process's user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The real, effective, saved and file-system uid inside the process's
    /// user namespace; `None` where it maps to no user there. A declaration
    /// knows one uid and repeats it.
    pub uids: [Option<u32>; 4],
    /// The same ids as the host knows them, where that is known.
    pub on_host: Option<[u32; 4]>,
    /// Whether a user namespace stands between these ids and the host's.
    pub namespaced: bool,
}

/// What being root amounts to, from nothing to everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// No uid 0 anywhere.
    No,
    /// Uid 0 inside a user namespace, and somebody else on the host.
    Namespaced,
    /// The host's own uid 0, whatever the process calls itself inside a user
    /// namespace that it made.
    Host,
}

impl User {
    /// Whether the process is root, or can become it again: a real or saved
    /// uid 0 can be made the effective one (`setresuid(2)`).
    pub fn root(&self) -> Root {
        let is_host = match self.on_host {
            Some(ids) => ids.contains(&0),
            None => self.uids.contains(&Some(0)) && !self.namespaced,
        };
        match (is_host, self.uids.contains(&Some(0))) {
            (true, _) => Root::Host,
            (false, true) => Root::Namespaced,
            (false, false) => Root::No,
        }
    }

    /// The effective uid in the container.
    pub const fn effective(&self) -> Option<u32> {
        let [_, effective, _, _] = self.uids;
        effective
    }

    /// The effective uid on the host, where that is known.
    pub fn effective_on_host(&self) -> Option<u32> {
        self.on_host.map(|[_, effective, _, _]| effective)
    }
}

pub(super) fn fact(view: &View<'_>) -> Fact<Held<User>> {
    Fact::of_each(declared(view), view.processes_source(), view.of_each(effective))
}

/// `status` tells ids in the auditor's numbering; `uid_map` tells what they
/// are inside.
pub(super) fn effective(process: &Process<'_>) -> Reading<User> {
    let ids = process.status("Uid", |status| status.ids("Uid"));
    ids.zip(process.uid_map()).map(|(ids, map)| user(ids, &map))
}

/// Which user each process is in the container's own numbering, whatever it
/// calls itself in a user namespace that it made.
pub(super) fn user_in_container(view: &View<'_>) -> Fact<Held<User>> {
    let each = view.init().and_then(|first| view.of_each(|process| as_seen_by(&first, process)));
    Fact::of_each(declared(view), view.processes_source(), each)
}

/// A process's user in the numbering of another one, the container's first.
pub(super) fn as_seen_by(first: &Process<'_>, process: &Process<'_>) -> Reading<User> {
    let ids = process.status("Uid", |status| status.ids("Uid"));
    ids.zip(first.uid_map()).map(|(ids, map)| user(ids, &map))
}

fn user(ids: [u32; 4], map: &IdMap) -> User {
    User { uids: ids.map(|id| map.inside(id)), on_host: Some(ids), namespaced: !map.is_identity() }
}

pub(super) fn declared(view: &View<'_>) -> Reading<Held<User>> {
    view.user.get_or_init(|| named_by(view, view.inspect())).clone()
}

/// The user that a configuration names, a container's or an image's.
pub(super) fn named_by(view: &View<'_>, configuration: &Document<'_>) -> Reading<Held<User>> {
    let user = configuration.text("/Config/User");
    user.and_then(|user| called(user.unwrap_or_default(), view))
}

/// The user that a text means to the engine.
pub(super) fn called(user: &str, view: &View<'_>) -> Reading<Held<User>> {
    declared_uid(user, view).zip(namespaced_by_engine(view, view.inspect())).map(
        |(uid, namespaced)| view.declared(User { uids: [Some(uid); 4], namespaced, on_host: None }),
    )
}

/// The user as it was written, `None` where none was: how a name is resolved
/// is the image's affair, and the kernel has no word on it.
pub(super) fn written(view: &View<'_>) -> Fact<Option<Untrusted>> {
    let user = view.inspect().text("/Config/User");
    Fact::declared_only(user.map(|user| user.filter(|it| !it.is_empty()).map(Untrusted::from)))
}

/// What a later `exec` starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user.
    pub user: User,
    /// The capabilities, where the record tells them.
    pub capabilities: Option<CapabilitySet>,
}

/// A session in the container starts as the container's declared user
/// (`docker exec --user`), whatever its processes have become. The kernel has
/// no word on a process that does not exist yet.
pub(super) fn session(view: &View<'_>) -> Fact<Session> {
    let capabilities = capabilities::declared(view).known().map(|held| held.value.effective);
    Fact::declared_only(declared(view).map(|held| Session { user: held.value, capabilities }))
}

/// The uid that `user[:group]` names. Without any, the engine uses 0
/// (`docker run --user`, Dockerfile reference of `USER`).
pub(super) fn declared_uid(user: &str, view: &View<'_>) -> Reading<u32> {
    let name = user.split(':').next().unwrap_or_default();
    if name.is_empty() {
        return Reading::of(0);
    }
    // The engine reads numbers as Go's strconv.Atoi does: `00` and `+0` are 0.
    if let Ok(uid) = name.parse::<i64>() {
        return match u32::try_from(uid) {
            Ok(uid) => Reading::of(uid),
            Err(_) => Reading::Missing(Gap::new(
                Reason::Malformed,
                view.inspect().source().clone(),
                "the user is no uid",
            )),
        };
    }
    if matches!(view.kind(), Kind::Service | Kind::Dockerfile) {
        return told_account(name, view);
    }
    match view.accounts() {
        Reading::Known(accounts, evidence) => {
            let account = accounts.into_iter().find(|account| account.name == name);
            match (account, evidence.into_iter().next()) {
                (Some(account), Some(whole)) => {
                    let line = format!("{}:x:{}:{}", account.name, account.uid, account.gid);
                    let line = whole.saying(line).with(|datum| datum.place = name.into());
                    Reading::Known(account.uid, vec![line])
                }
                (None, _) if name == "root" => Reading::of(0),
                (None, Some(whole)) if view.has_no_accounts() => {
                    let detail = format!(
                        "there is no /etc/passwd, so no container of it can start as {}",
                        Untrusted::from(name)
                    );
                    Reading::Missing(
                        Gap::new(Reason::Malformed, whole.source.clone(), detail)
                            .mend("write the number, with a group: USER 1000:1000"),
                    )
                }
                (_, whole) => {
                    let source = whole
                        .map_or_else(|| view.processes_source().clone(), |it| it.source.clone());
                    let kind = view.kind().name();
                    let detail =
                        format!("the {kind}'s passwd file does not know the declared user");
                    Reading::Missing(Gap::new(Reason::Malformed, source, detail))
                }
            }
        }
        // Every passwd file in use gives this name uid 0; only another name needs the file.
        Reading::Missing(_) if name == "root" => Reading::of(0),
        Reading::Missing(gap) => Reading::Missing(gap),
        Reading::Inapplicable => Reading::Inapplicable,
    }
}

/// The uid of an account by the files that its image is built from; what else
/// the image's `passwd` file knows nobody reads.
fn told_account(name: &str, view: &View<'_>) -> Reading<u32> {
    match view.told_account(|account| account.name == Some(name)) {
        Some(account) => match account.uid {
            Some(uid) => Reading::Known(uid, vec![account.evidence]),
            None => untold(name, view),
        },
        None if name == "root" => Reading::of(0),
        None => untold(name, view),
    }
}

/// The account that a container's user has by a command that makes it.
pub(super) fn made(view: &View<'_>) -> Reading<()> {
    let user = view.inspect().text("/Config/User").unshown();
    user.and_then(|user| {
        let name = user.unwrap_or_default().split(':').next().unwrap_or_default();
        let is_it = |it: &Told<'_>| it.name == Some(name) && it.is_made && it.uid.is_none();
        let told = view.told_account(is_it).filter(|_| name != "root");
        match told {
            Some(account) => Reading::Known((), vec![account.evidence]),
            None => untold(name, view).map(|_| ()),
        }
    })
}

fn untold(name: &str, view: &View<'_>) -> Reading<u32> {
    let source = view.inspect().source().clone();
    let detail = format!("which uid the user {} has only its image knows", Untrusted::from(name));
    Reading::Missing(Gap::new(Reason::NotCollected, source, detail).mend(match view.kind() {
        Kind::Container | Kind::Service => "write the number, with a group: user: \"1000:1000\"",
        Kind::Image | Kind::Dockerfile => "write the number, with a group: USER 1000:1000",
    }))
}

/// Whether the engine puts this container into a user namespace: the daemon's
/// `userns-remap` unless the container opts out, or a rootless engine.
pub(super) fn namespaced_by_engine(view: &View<'_>, inspect: &Document<'_>) -> Reading<bool> {
    inspect.text("/HostConfig/UsernsMode").zip(view.info().texts("/SecurityOptions")).map(
        |(mode, options)| {
            let has = |name: &str| options.iter().any(|option| names(option, name));
            has("rootless") || (has("userns") && mode != Some("host"))
        },
    )
}

/// Whether one of the engine's `SecurityOptions` is about `name`; it reads
/// `name=seccomp,profile=default` in newer engines and `seccomp` in old ones.
pub(super) fn names(option: &str, name: &str) -> bool {
    let first = option.split(',').next().unwrap_or_default();
    first.strip_prefix("name=").unwrap_or(first) == name
}
