//! See [`RULE`].

use crate::facts::{Facts, Held};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::settings::is_absolute;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// Nobody can log in as the user of a process.
    ///
    /// Either the user has no account in the container's own `passwd` file, or the account's
    /// shell only refuses, or that shell is not in the container.
    ///
    /// ## Why it matters
    /// A service account needs no shell: one that has it can be logged into by `su`, `ssh`
    /// or `login` as soon as somebody learns or sets its password.
    ///
    /// ## How to fix
    /// compose: `user: "4242:4242"`, a number without an account, where the image cannot be changed
    /// run: `--user 4242:4242`, a number without an account, where the image cannot be changed
    /// Dockerfile: `RUN useradd --system --uid 1000 --shell /usr/sbin/nologin app`
    pub static RULE = {
        id: "no-login-shell",
        title: "the users of the processes have no login shell",
        severity: Severity::Low,
        targets: [Container, Image, Dockerfile],
        mends: [User],
        references: &[],
        parameters: &[Parameter {
            name: "accept",
            about: "shells that only refuse",
            shape: Shape::List,
            default: &[
                "/usr/sbin/nologin", "/sbin/nologin", "/usr/bin/nologin", "/bin/nologin",
                "/bin/false", "/usr/bin/false",
            ],
            check: is_absolute,
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let accepted = settings.list("accept");
    facts.login.judge(|Held { by, value: login }| {
        let refuses = |path: &str| accepted.iter().any(|it| it == path);
        let open = login.accounts.iter().find(|it| it.exists && !refuses(it.program.raw()));
        match (open, login.accounts.first()) {
            (Some(shell), _) => Check::broken(format!(
                "{by} is {}, whose login shell is {}",
                shell.account, shell.program
            )),
            (None, Some(shell)) if shell.exists => Check::holds(format!(
                "{by} is {}, whose login shell {} only refuses",
                shell.account, shell.program
            )),
            (None, Some(shell)) => Check::holds(format!(
                "{by} is {}, whose login shell {} is not there",
                shell.account, shell.program
            )),
            (None, None) => Check::holds(format!("{by} has a user without an account")),
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, dockerfile, image};
    use serde_json::json;

    const PASSWD: &str = "/proc/100/root/etc/passwd";

    cases! { RULE:
        a_shell_that_refuses_passes: container() => "Pass",
        a_shell_that_is_there_fails: container().kernel(PASSWD, "app:x:1000:1000:::/bin/sh") => "Fail",
        an_empty_shell_is_the_usual_one: container().kernel(PASSWD, "app:x:1000:1000:::") => "Fail",
        a_shell_that_is_not_there_passes:
            container().kernel(PASSWD, "app:x:1000:1000:::/bin/bash") => "Pass",
        an_account_of_the_same_uid_counts:
            container().kernel(PASSWD, "app:x:1000:1000:::/bin/false\nagain:x:1000:1000:::/bin/sh") => "Fail",
        a_user_without_an_account_passes: container().status(&[("Uid", "4242 4242 4242 4242")]) => "Pass",
        without_a_passwd_file_there_is_no_account: container().nothing(PASSWD) => "Pass",
        a_worker_with_a_shell_fails:
            container().kernel(PASSWD, "www:x:33:33:::/bin/sh").add_process(101, &[("Uid", "33 33 33 33")]) => "Fail",
        the_uid_is_the_containers: container()
            .status(&[("Uid", "165536 165536 165536 165536")]).uid_map(100, "0 165536 65536") => "Fail",
        what_the_policy_accepts_passes: container()
            .kernel(PASSWD, "app:x:1000:1000:::/bin/sh").set("accept", &["/bin/sh"]) => "Pass",
        an_unread_passwd_file_is_unknown: container().unread(PASSWD) => "Unknown",
        unread_shells_are_unknown: container().unread("/proc/100/root/etc/passwd (shells)") => "Unknown",
        the_kernel_overrules_the_declaration: container().declares("/Config/User", json!("0")) => "Pass",
        the_declaration_convicts_where_the_kernel_is_silent:
            container().declares("/Config/User", json!("0")).denied("status") => "Fail",
        the_declaration_cannot_acquit: container().denied("status") => "Unknown",
        an_account_that_a_dockerfile_makes_without_a_shell_passes: dockerfile("FROM a\nRUN useradd -u 1000 -s /usr/sbin/nologin app\nUSER 1000:1000\n") => "Pass",
        an_account_that_a_dockerfile_makes_with_one_fails: dockerfile("FROM a\nRUN adduser --shell /bin/bash --uid 1000 app\nUSER app\n") => "Fail",
        a_shell_in_an_image_fails: image(&json!({"User": "1000"}))
            .names("/etc/passwd", "app:x:1000:1000:::/bin/sh").has_shells(&["sh"]) => "Fail",
        a_shell_that_is_not_in_the_image_passes: image(&json!({"User": "1000"}))
            .names("/etc/passwd", "app:x:1000:1000:::/bin/bash").has_shells(&["sh"]) => "Pass",
        a_program_for_which_nobody_looked_counts_as_there: image(&json!({"User": "app"}))
            .names("/etc/passwd", "app:x:1000:1000:::/opt/menu") => "Fail",
        an_images_shell_that_refuses_passes: image(&json!({"User": "app"}))
            .names("/etc/passwd", "app:x:1000:1000:::/sbin/nologin").has_shells(&["nologin", "sh"]) => "Pass",
        a_user_without_an_account_in_the_image_passes: image(&json!({"User": "1000"})) => "Pass",
        an_image_of_which_nobody_read_the_accounts_is_unknown:
            image(&json!({"User": "1000"})).without_accounts() => "Unknown",
        which_shell_a_base_gives_nobody_knows: dockerfile("FROM a\nRUN useradd app\nUSER app\n") => "Unknown",
    }
}
