//! With which shell somebody could log in as the user of a process.

use crate::model::fact::Fact;
use crate::model::files::Listing;
use crate::model::reading::{Evidence, Gap, Reading, Reason};
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::parse::passwd::{self, Account};

use super::view::View;
use super::{Held, identity};

/// A user and its accounts in the container's own `passwd(5)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The uid in the container; `None` where it maps to nobody there.
    pub uid: Option<u32>,
    /// Every account with this uid.
    pub accounts: Vec<Shell>,
}

/// One account's login shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// The account's name.
    pub account: Untrusted,
    /// The shell's path.
    pub program: Untrusted,
    /// Whether the program is there.
    pub exists: bool,
}

/// The most accounts of one uid that are shown.
const MOST_SHOWN: usize = 20;

/// The accounts, and the shells of theirs that are there.
type Known<'a> = (Vec<Account<'a>>, Shells<'a>);

/// Which login shells are there.
enum Shells<'a> {
    /// Those of a container, each looked at by its path.
    Seen(&'a Listing),
    /// Those of an image, by their names alone: folders on the way may be links.
    Named(&'a [Untrusted]),
}

pub(super) fn fact(view: &View<'_>) -> Fact<Held<Login>> {
    match view.kind() {
        Kind::Container => {}
        Kind::Service => return Fact::to_come(),
        Kind::Dockerfile => return Fact::declared_only(of_told(view)),
        Kind::Image => {
            let shells = view.layers().unshown().map(|it| Shells::Named(&it.shells));
            return Fact::declared_only(of_declared(view, &view.accounts().zip(shells)));
        }
    }
    let known = view.accounts().zip(view.shells().map(Shells::Seen));
    let each = view.init().and_then(|first| {
        view.of_each(|process| {
            let uid = process.status("Uid", |status| status.ids("Uid")).zip(first.uid_map());
            uid.and_then(|([_, effective, _, _], map)| of(known.as_ref(), map.inside(effective)))
        })
    });
    Fact::of_each(of_declared(view, &known), view.processes_source(), each)
}

/// The accounts of the user that is asked for.
fn of_declared(view: &View<'_>, known: &Reading<Known<'_>>) -> Reading<Held<Login>> {
    let user = identity::declared(view);
    user.and_then(|held| of(known.as_ref(), held.value.effective()).map(|it| view.declared(it)))
}

/// The account of the user by the commands that make it. Others have the same
/// number at most where the base image has them already.
fn of_told(view: &View<'_>) -> Reading<Held<Login>> {
    let uid = identity::declared(view).known().and_then(|held| held.value.effective());
    view.inspect().text("/Config/User").unshown().and_then(|written| {
        let name = written.unwrap_or_default().split(':').next().unwrap_or_default();
        let told = view
            .told_account(|it| it.name.is_some_and(|it| it == name) || uid.is_some() && it.uid == uid);
        let known = told.and_then(|it| Some((it.name?, it.shell?, it.evidence)));
        let Some((account, program, evidence)) = known else {
            let source = view.inspect().source().clone();
            let detail = "which login shell the user has only its image knows";
            return Reading::Missing(
                Gap::new(Reason::NotCollected, source, detail)
                    .mend("make its account with a shell that only refuses: useradd --shell /usr/sbin/nologin"),
            );
        };
        let shell = Shell { account: account.into(), program: program.into(), exists: true };
        let login = Login { uid, accounts: vec![shell] };
        Reading::Known(view.declared(login), vec![evidence])
    })
}

/// The accounts of one uid, each line its own evidence.
fn of(known: Reading<&Known<'_>>, uid: Option<u32>) -> Reading<Login> {
    let ((accounts, shells), whole) = match known {
        Reading::Known(known, evidence) => (known, evidence.into_iter().next()),
        Reading::Missing(gap) => return Reading::Missing(gap),
        Reading::Inapplicable => return Reading::Inapplicable,
    };
    let shown = |place: &str, text: String| {
        whole.as_ref().map(|it| Evidence::new(it.source.clone(), place, text))
    };
    let own = accounts.iter().filter(|account| Some(account.uid) == uid);
    let line = |it: &Account<'_>| {
        shown(it.name, format!("{}:x:{}:{}:::{}", it.name, it.uid, it.gid, it.shell))
    };
    let mut evidence: Vec<Evidence> = own.clone().take(MOST_SHOWN).filter_map(line).collect();
    match own.clone().skip(MOST_SHOWN).count() {
        0 if evidence.is_empty() => evidence.extend(shown("", "no such account".to_owned())),
        0 => {}
        more => evidence.extend(shown("", format!("and {more} more accounts of this uid"))),
    }
    match own.map(|account| shell(account, shells)).collect() {
        Ok(accounts) => Reading::Known(Login { uid, accounts }, evidence),
        Err(gap) => Reading::Missing(gap),
    }
}

fn shell(account: &Account<'_>, shells: &Shells<'_>) -> Result<Shell, Gap> {
    let exists = shells.has(account.program())?;
    Ok(Shell { account: account.name.into(), program: account.program().into(), exists })
}

impl Shells<'_> {
    /// Whether a program is there. One that is neither among the files nor among
    /// what could not be looked at is not.
    fn has(&self, program: &str) -> Result<bool, Gap> {
        match self {
            Self::Seen(listing) => {
                let exists = listing.files.iter().any(|file| file.path.raw() == program);
                match listing.unread.first() {
                    Some(gap) if !exists => Err(gap.clone()),
                    Some(_) | None => Ok(exists),
                }
            }
            Self::Named(names) => {
                let name = program.rsplit('/').next().unwrap_or_default();
                // Nobody looked for a program of another name.
                Ok(!passwd::is_shell(name.as_bytes()) || names.iter().any(|it| it.raw() == name))
            }
        }
    }
}
