//! Which processes stay above others of the same program.
//!
//! Servers such as nginx start as root, open what only root may, and hand the
//! work to processes that gave root up for good.

use std::collections::BTreeMap;

use crate::model::fact::Fact;
use crate::model::reading::Reading;
use crate::model::untrusted::Untrusted;

use super::Held;
use super::capabilities::{self, Capabilities};
use super::identity::{self, Root, User};
use super::view::View;

/// A process's user, and what of it stands above workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its user.
    pub user: User,
    /// The uids of its children of the same name that are not root in any way,
    /// one for each child; `None` is an id that maps to nobody. A declaration
    /// knows no children, and a thread has none of its own.
    pub workers: Vec<Option<u32>>,
    /// Whether nobody knows its number, but that a command makes its account: no
    /// program that makes accounts gives one root's number unasked.
    pub is_made: bool,
    /// What it holds, where that is known.
    pub capabilities: Option<Capabilities>,
}

/// A process that was seen, by what its parent's standing depends on.
struct Child {
    name: Untrusted,
    uid: Option<u32>,
}

pub(super) fn standing(view: &View<'_>) -> Fact<Held<Standing>> {
    let each = view.processes().and_then(|processes| {
        let first = view.process(processes.init);
        let workers = workers(view, &processes.all());
        view.of_each(|process| {
            let name = process.name();
            let own = workers.get(&process.pid).into_iter().flatten();
            let own = own.filter(|child| Some(&child.name) == name.as_ref());
            let workers = match process.thread {
                None => own.map(|child| child.uid).collect(),
                Some(_) => Vec::new(),
            };
            let capabilities = capabilities::effective(process, &first).known().cloned();
            identity::effective(process).map(|user| Standing {
                user,
                workers,
                is_made: false,
                capabilities,
            })
        })
    });
    let of = |user, is_made| {
        view.declared(Standing { user, workers: Vec::new(), is_made, capabilities: None })
    };
    let declared = identity::declared(view).map(|held| of(held.value, false));
    let declared = declared.or_else(|| {
        let user = User { uids: [None; 4], on_host: None, namespaced: false };
        identity::made(view).map(|_| of(user, true))
    });
    Fact::of_each(declared, view.processes_source(), each)
}

/// Those that are surely not root, by their parents.
fn workers(view: &View<'_>, pids: &[u32]) -> BTreeMap<u32, Vec<Child>> {
    let mut found: BTreeMap<u32, Vec<Child>> = BTreeMap::new();
    for pid in pids {
        let process = view.process(*pid);
        let parent = process.status("PPid", |status| status.number("PPid"));
        if let (Reading::Known(parent, _), Reading::Known(user, _), Some(name)) =
            (parent, identity::effective(&process), process.name())
            && user.root() == Root::No
        {
            found.entry(parent).or_default().push(Child { name, uid: user.effective() });
        }
    }
    found
}
