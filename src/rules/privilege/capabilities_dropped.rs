//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::capabilities::Scope;
use crate::model::capability::CapabilitySet;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// No process holds, or can gain, a capability that the policy does not allow.
    ///
    /// What counts is the set that results from defaults, additions and drops, in any
    /// spelling: for a running process, everything in its bounding, permitted,
    /// inheritable, ambient or effective set.
    ///
    /// ## Why it matters
    /// Each capability is a piece of root's power that a compromised program inherits.
    /// Docker's default leaves fourteen, among them raw sockets, device nodes and
    /// overriding file permissions, which most services never use.
    ///
    /// ## How to fix
    /// compose: `cap_drop: [ALL]`, then `cap_add:` only what the service needs
    /// run: `--cap-drop ALL`, then `--cap-add` only what the service needs
    pub static RULE = {
        id: "capabilities-dropped",
        title: "only allowed capabilities are left",
        severity: Severity::High,
        targets: [Container, Service],
        mends: [Capabilities, Unprivileged],
        references: &["CIS Docker 1.6: 5.4", "KICS ce76b7d0", "compose-lint CL-0006", "CWE-250"],
        parameters: &[Parameter {
            name: "allow",
            about: "capabilities that a process may hold",
            shape: Shape::List,
            default: &["NET_BIND_SERVICE"],
            check: super::is_capability,
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let allowed = super::named(settings, "allow");
    facts.capabilities.judge(|held| {
        let by = &held.by;
        let excess = held.value.attainable.without(allowed);
        if excess.is_empty() {
            Check::holds(format!("{by} can gain no more than: {}", held.value.attainable))
        } else {
            let names = excess.names();
            let all = names.join(", ");
            let what = format!("{by} can gain capabilities that are not allowed: {all}");
            let broken = names.into_iter().fold(Check::broken(what), Check::naming);
            // What an engine gives by itself stands in no line that could be answered for.
            let given = CapabilitySet::docker_default().without(allowed);
            let is_given = !given.is_empty() && given.without(excess).is_empty();
            let broken = if is_given { broken.beyond_its_lines() } else { broken };
            // A sandbox that a program makes for itself starts with all of them,
            // and they rule only what is inside.
            if held.value.scope == Scope::Nested { broken.only(Severity::Low) } else { broken }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    cases! { RULE:
        nothing_left_passes: container() => "Pass",
        what_the_policy_allows_passes:
            container().status(&[("CapBnd", "0000000000000400"), ("CapEff", "0000000000000400")]) => "Pass",
        dockers_default_fails: container().status(&[("CapBnd", "00000000a80425fb")]) => "Fail",
        an_ambient_capability_fails: container().status(&[("CapAmb", "0000000000002000")]) => "Fail",
        one_process_with_more_fails:
            container().add_process(101, &[("CapEff", "0000000000200000")]) => "Fail",
        a_sandbox_that_a_program_makes_for_itself_is_mild: container()
            .add_process(101, &[("CapBnd", "000001ffffffffff")]).uid_map(101, "0 1000 1") => "Fail(low)",
        the_kernel_overrules_a_bad_declaration:
            container().declares("/HostConfig/CapAdd", json!(["SYS_ADMIN"])) => "Pass",
        the_kernel_overrules_a_good_declaration:
            container().status(&[("CapBnd", "0000000000200000")]) => "Fail",
        a_dropped_all_cannot_acquit: container().kernel_denied() => "Unknown",
        dropping_nothing_convicts:
            container().declares("/HostConfig/CapDrop", json!(null)).kernel_denied() => "Fail",
        podmans_expanded_list_is_not_convicted: container()
            .engine_says("/BuildahVersion", json!("1.28"))
            .declares("/HostConfig/CapDrop", json!([
                "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
                "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID",
                "CAP_SYS_CHROOT",
            ])).kernel_denied() => "Unknown",
        a_name_that_is_no_capability_is_no_answer:
            container().declares("/HostConfig/CapAdd", json!(["SYS_ADMIM"])).kernel_denied() => "Unknown",
        a_service_that_drops_all_passes: service() => "Pass",
        a_service_that_adds_what_is_allowed_passes:
            service().writes("/HostConfig/CapAdd", json!(["NET_BIND_SERVICE"])) => "Pass",
        a_service_that_drops_nothing_fails: service().leaves_out("/HostConfig/CapDrop") => "Fail",
        a_service_that_adds_more_fails: service().writes("/HostConfig/CapAdd", json!(["CHOWN"])) => "Fail",
        a_services_drop_that_is_a_variable_is_unknown:
            service().unset("/HostConfig/CapDrop/0", "DROP") => "Unknown",
        beside_an_added_item_that_nobody_set_the_others_convict: service()
            .writes("/HostConfig/CapAdd", json!(["CHOWN", "x"])).unset("/HostConfig/CapAdd/1", "X") => "Fail",
        a_dropped_item_that_nobody_set_may_be_all: service()
            .writes("/HostConfig/CapDrop", json!(["x", "CHOWN"])).unset("/HostConfig/CapDrop/0", "X") => "Unknown",
    }
}
