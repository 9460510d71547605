//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::capabilities::Scope;
use crate::facts::hooks::Hook;
use crate::facts::privilege::Comparison;
use crate::facts::seccomp::Mode;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// No process of the container is more privileged than its first.
    ///
    /// The user, the capabilities, `no_new_privs` and the seccomp filter are compared. A
    /// process that entered the container's PID or mount namespace from outside its cgroup is
    /// compared like any other, and so is what compose is told to execute in the container:
    /// a hook in `post_start` or `pre_stop`.
    ///
    /// ## Why it matters
    /// An `exec` as root or with `--privileged` opens a door that the container's own
    /// settings had closed, for as long as it lives, and no setting of the container shows it.
    ///
    /// ## How to fix
    /// compose: leave `user: root` and `privileged: true` out of hooks
    /// compose: use `docker compose exec --user 1000`, and end the session
    /// run: use `docker exec --user 1000`, never `--privileged`, and end the session
    pub static RULE = {
        id: "no-privileged-exec",
        title: "no process has more privileges than the first",
        severity: Severity::High,
        targets: [Container, Service],
        mends: [Unprivileged, Capabilities, NoNewPrivileges, User],
        references: &["CIS Docker 1.6: 5.23", "CIS Docker 1.6: 5.24"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    of_processes(facts).and(of_hooks(facts))
}

fn of_hooks(facts: &Facts) -> Verdict {
    facts.hooks.judge(|Hook { key, is_raised, gains }| {
        let mut above = Vec::new();
        if *is_raised {
            above.push("is root");
        }
        if !gains.is_empty() {
            above.push("has every capability");
        }
        if above.is_empty() {
            return Check::holds(format!(
                "a hook in {key} has no more privileges than the service"
            ));
        }
        Check::broken(format!("a hook in {key} {}, unlike the service", above.join(" and ")))
    })
}

fn of_processes(facts: &Facts) -> Verdict {
    facts.beside_first.judge(|held| {
        let by = &held.by;
        let Comparison { own, first, entered } = &held.value;
        let attainable = own.capabilities.attainable.without(first.capabilities.attainable);
        let effective = own.capabilities.effective.without(first.capabilities.effective);
        let more = attainable.union(effective);
        let mut above = Vec::new();
        if own.user.root() > first.user.root() {
            above.push("is root".to_owned());
        }
        // In a user namespace of its own making a process has them all, and rules nothing new.
        if !more.is_empty() && own.capabilities.scope != Scope::Nested {
            above.push(format!("has {more}"));
        }
        if first.no_new_privileges && !own.no_new_privileges {
            above.push("can gain privileges".to_owned());
        }
        if first.seccomp != Mode::Disabled && own.seccomp == Mode::Disabled {
            above.push("has no seccomp filter".to_owned());
        }
        if above.is_empty() {
            return Check::holds(format!("{by} has no more privileges than the first process"));
        }
        let from = if *entered { " and entered from outside" } else { "" };
        Check::broken(format!("{by} {}, unlike the first process{from}", above.join(" and ")))
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, service};
    use serde_json::json;

    /// A service with a hook of this user.
    fn hook_of(user: &str) -> Case {
        service().hooks(&json!({"When": "post_start", "User": user}))
    }

    fn privileged_hook() -> Case {
        service().hooks(&json!({"When": "pre_stop", "Privileged": true}))
    }

    cases! { RULE:
        equal_processes_pass: container().add_process(101, &[]) => "Pass",
        workers_below_a_root_master_pass: container()
            .status(&[("Uid", "0 0 0 0"), ("CapEff", "00000000a80425fb"), ("CapBnd", "00000000a80425fb")])
            .add_process(101, &[]) => "Pass",
        an_exec_as_root_fails: container().add_process(101, &[("Uid", "0 0 0 0")]) => "Fail",
        an_exec_with_capabilities_fails:
            container().add_process(101, &[("CapEff", "0000000000200000")]) => "Fail",
        a_sandbox_that_a_program_makes_for_itself_passes: container()
            .add_process(101, &[("CapBnd", "000001ffffffffff")]).uid_map(101, "5 1000 1") => "Pass",
        a_sandbox_that_calls_itself_root_passes: container()
            .add_process(101, &[("CapBnd", "000001ffffffffff")]).uid_map(101, "0 1000 1") => "Pass",
        an_exec_as_the_remapped_root_in_a_namespace_of_its_own_fails: container()
            .status(&[("Uid", "166536 166536 166536 166536")]).uid_map(100, "0 165536 65536")
            .add_process(101, &[("Uid", "165536 165536 165536 165536")])
            .uid_map(101, "7 165536 1") => "Fail",
        an_exec_as_root_beside_a_first_process_in_a_namespace_of_its_own_fails: container()
            .uid_map(100, "0 1000 1").add_process(101, &[("Uid", "0 0 0 0")]) => "Fail",
        an_exec_without_the_filter_fails: container().add_process(101, &[("Seccomp", "0")]) => "Fail",
        an_exec_that_can_gain_privileges_fails:
            container().add_process(101, &[("NoNewPrivs", "0")]) => "Fail",
        a_process_that_entered_from_outside_is_compared_too:
            container().stray(900, &[("Uid", "0 0 0 0")]) => "Fail",
        an_unread_process_is_unknown: container().kernel_denied() => "Unknown",
        a_service_without_hooks_is_not_asked: service() => "NotApplicable",
        a_hook_as_the_services_own_user_passes: service().hooks(&json!({"When": "post_start"})) => "Pass",
        a_hook_as_another_ordinary_user_passes: hook_of("33:33") => "Pass",
        a_hook_as_root_fails: hook_of("root") => "Fail",
        a_hook_as_root_by_number_fails: hook_of("0:0") => "Fail",
        a_hook_as_root_of_a_service_that_is_root_passes:
            hook_of("root").writes("/Config/User", json!("0")) => "Pass",
        a_hook_as_root_of_a_service_whose_user_nobody_knows_is_unknown:
            hook_of("root").leaves_out("/Config/User").without_the_image() => "Unknown",
        a_hook_of_an_ordinary_user_passes_whoever_the_service_is:
            hook_of("33").leaves_out("/Config/User").without_the_image() => "Pass",
        a_hook_of_a_user_that_only_the_image_knows_is_unknown: hook_of("app") => "Unknown",
        a_hook_of_a_user_that_nobody_set_is_unknown:
            hook_of("").unset("/Hooks/0/User", "WHO") => "Unknown",
        a_hook_that_nobody_set_is_unknown: hook_of("33").unset("/Hooks/0", "HOOK") => "Unknown",
        a_hook_in_privileged_mode_fails: privileged_hook() => "Fail",
        a_hook_in_privileged_mode_fails_where_the_service_is_root:
            privileged_hook().writes("/Config/User", json!("0")) => "Fail",
        a_hook_in_privileged_mode_fails_whoever_its_user_is:
            service().hooks(&json!({"When": "pre_stop", "User": "app", "Privileged": true})) => "Fail",
        a_hook_as_root_fails_whatever_its_mode_is: service()
            .hooks(&json!({"When": "pre_stop", "User": "root", "Privileged": null}))
            .unset("/Hooks/0/Privileged", "MODE") => "Fail",
        a_hook_in_privileged_mode_of_a_privileged_service_passes:
            privileged_hook().writes("/HostConfig/Privileged", json!(true)) => "Pass",
        no_declaration_can_help: container().denied("status").engine_denied() => "Unknown",
    }
}
