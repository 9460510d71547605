//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::identity::{Root, Session};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// A later `exec` does not start as root.
    ///
    /// A session starts as the container's declared user with its declared capabilities, even
    /// where the first process gave root up itself. The session does not exist yet, so the
    /// engine's record decides. In a user namespace it is a milder finding.
    ///
    /// ## Why it matters
    /// Whoever opens a shell to look around, or whichever tool runs a job in the container,
    /// is root there by default. A program that drops root by itself does not change that.
    ///
    /// ## How to fix
    /// compose: `user: "1000:1000"`
    /// run: `--user 1000:1000`
    /// Dockerfile: `USER 1000:1000`
    pub static RULE = {
        id: "non-root-exec",
        title: "a later exec does not start as root",
        severity: Severity::Med,
        mends: [User],
        references: &["CIS Docker 1.6: 4.1", "CIS Docker 1.6: 5.24"],
        parameters: &[],
        judge: judge,
    }
}

/// A container whose processes are root fails as well as under `non-root-user`:
/// what mends the one may leave the other, as a program that drops root does.
fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.session.judge(|Session { user, capabilities }| {
        let root = user.root();
        if root == Root::No {
            let uid = user
                .effective()
                .map_or_else(|| "an ordinary user".to_owned(), |uid| format!("uid {uid}"));
            return Check::holds(format!("an exec starts as {uid}"));
        }
        let with = match capabilities {
            Some(set) if set.is_empty() => ", without capabilities".to_owned(),
            Some(set) => format!(", with {set}"),
            None => String::new(),
        };
        let what = format!("an exec starts as root (uid 0){with}");
        if root == Root::Namespaced {
            Check::broken(format!("{what}, inside a user namespace")).only(Severity::Low)
        } else {
            Check::broken(what)
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container};
    use serde_json::json;

    cases! { RULE:
        a_declared_user_passes: container() => "Pass",
        no_user_fails_even_where_the_program_dropped_root: container().declares("/Config/User", json!("")) => "Fail",
        root_by_another_name_fails: container().declares("/Config/User", json!("toor")) => "Fail",
        root_by_its_usual_name_needs_no_passwd: container()
            .declares("/Config/User", json!("root")).nothing("/proc/100/root/etc/passwd") => "Fail",
        the_processes_do_not_matter: container().status(&[("Uid", "0 0 0 0")]) => "Pass",
        in_a_user_namespace_it_is_milder: container().declares("/Config/User", json!(""))
            .engine_says("/SecurityOptions", json!(["name=userns"])) => "Fail(low)",
        a_name_that_cannot_be_resolved_is_unknown: container()
            .declares("/Config/User", json!("app")).unread("/proc/100/root/etc/passwd") => "Unknown",
        without_the_engine_nobody_knows: container().engine_denied() => "Unknown",
    }
}
