//! Whether executing a file can raise a process's privileges.
//!
//! The kernel's flag is `no_new_privs` (`prctl(2)`, `PR_SET_NO_NEW_PRIVS`): it
//! is inherited and can never be taken back.

use crate::model::fact::Fact;
use crate::model::reading::{Gap, Reading, Reason};

use super::identity::names;
use super::view::{Process, View};
use super::{Held, each_known};

pub(super) fn fact(view: &View<'_>) -> Fact<Held<bool>> {
    each_known(view, declared, |declared| {
        Fact::of_each(declared, view.processes_source(), view.of_each(effective))
    })
}

pub(super) fn effective(process: &Process<'_>) -> Reading<bool> {
    process.status("NoNewPrivs", |status| status.number("NoNewPrivs")).map(|flag| flag == 1)
}

pub(super) fn declared(view: &View<'_>) -> Reading<Held<bool>> {
    let inspect = view.inspect();
    inspect
        .texts("/HostConfig/SecurityOpt")
        .and_then(|options| match options.iter().filter_map(|option| setting(option)).next_back() {
            Some(Ok(on)) => Reading::of(on),
            Some(Err(detail)) => {
                Reading::Missing(Gap::new(Reason::Malformed, inspect.source().clone(), detail))
            }
            // Another may say it, of those that nobody knows.
            // The container says nothing: the daemon's own setting holds.
            None => match inspect.gap("/HostConfig/SecurityOpt") {
                Some(gap) => Reading::Missing(gap.clone()),
                None => view
                    .info()
                    .texts("/SecurityOptions")
                    .map(|options| options.iter().any(|it| names(it, "no-new-privileges"))),
            },
        })
        .map(|flag| view.declared(flag))
}

/// What one security option says on the question, if it does. The engine
/// splits at `=` or else at `:` and reads the value as Go's
/// `strconv.ParseBool`; the last option wins.
pub(super) fn setting(option: &str) -> Option<Result<bool, String>> {
    let (name, value) =
        option.split_once('=').or_else(|| option.split_once(':')).unwrap_or((option, "true"));
    if name != "no-new-privileges" {
        return None;
    }
    Some(match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("the security option no-new-privileges is neither true nor false".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::setting;

    #[test]
    fn every_spelling_is_read_as_the_engine_reads_it() {
        for on in [
            "no-new-privileges",
            "no-new-privileges:true",
            "no-new-privileges=true",
            "no-new-privileges=1",
        ] {
            assert_eq!(setting(on), Some(Ok(true)), "{on}");
        }
        for off in ["no-new-privileges:false", "no-new-privileges=false", "no-new-privileges=0"] {
            assert_eq!(setting(off), Some(Ok(false)), "{off}");
        }
        assert!(matches!(setting("no-new-privileges=maybe"), Some(Err(_))));
        assert_eq!(setting("seccomp=unconfined"), None);
    }
}
