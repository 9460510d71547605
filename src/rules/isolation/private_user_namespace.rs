//! See [`RULE`].

use crate::facts::remapping::{Engine, Nearness};
use crate::facts::{Facts, Held};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// No process of the container is root of the host, or can become it.
    ///
    /// A user namespace makes the container's root somebody else on the host. Where the engine
    /// makes none for any container, it is a milder finding than where it makes one and this
    /// container opts out. To a process that is not root, and that no executed file can make
    /// root, the rule does not apply. What the engine does for a service that does not run yet no
    /// file tells, but that the service opts out.
    ///
    /// ## Why it matters
    /// Whoever breaks out of a container is on the host who he was inside. Behind a user
    /// namespace that is a user without any rights.
    ///
    /// ## How to fix
    /// compose: remove `userns_mode: host`; set `user: "1000:1000"` and `security_opt: [no-new-privileges:true]`, or start the engine with `--userns-remap=default`
    /// run: remove `--userns host`; add `--user 1000:1000 --security-opt no-new-privileges`, or start the engine with `--userns-remap=default`
    pub static RULE = {
        id: "private-user-namespace",
        title: "no process is root of the host",
        severity: Severity::High,
        targets: [Container, Service],
        mends: [User, NoNewPrivileges, UserNamespace],
        references: &["CIS Docker 1.6: 2.9", "CIS Docker 1.6: 5.31"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.nearness.judge(near_root)
}

fn near_root(held: &Held<Nearness>) -> Check {
    let Held { by, value } = held;
    if !value.reaches_host_root {
        return Check::holds(match value.root_on_host {
            Some(uid) => format!("behind a user namespace: root of {by} is uid {uid} of the host"),
            None => format!("{by} is behind a user namespace that has no root"),
        });
    }
    let how = match (value.is_host_root, value.can_change) {
        (true, _) => "is root of the host",
        (false, true) => "can become root of the host, by a setuid file or CAP_SETUID",
        (false, false) => {
            return Check::moot(format!("{by} is not root and cannot become root"));
        }
    };
    match value.engine {
        Engine::DoesNotRemap => {
            Check::broken(format!("{by} {how}: the engine makes no user namespace"))
                .only(Severity::Med)
        }
        Engine::OptedOut => Check::broken(format!(
            "{by} {how}: the engine makes user namespaces and the container opts out"
        )),
        Engine::AskedNot => {
            Check::broken(format!("{by} {how}: it asks for the host's user namespace"))
        }
        Engine::Remaps => {
            Check::broken(format!("{by} {how}, although the engine makes user namespaces"))
        }
        Engine::Unknown => {
            Check::broken(format!("{by} {how}; no engine says why no user namespace was made"))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, INIT, cases, container, service};
    use serde_json::json;

    const ROOT: (&str, &str) = ("Uid", "0\t0\t0\t0");

    fn remapping() -> Case {
        container().engine_says("/SecurityOptions", json!(["name=userns"]))
    }

    cases! { RULE:
        who_cannot_become_root_needs_no_map: container() => "NotApplicable",
        root_without_a_map_fails_where_the_engine_makes_none:
            container().status(&[ROOT]) => "Fail(med)",
        root_that_opted_out_fails: remapping().status(&[ROOT])
            .declares("/HostConfig/UsernsMode", json!("host")) => "Fail",
        who_can_become_root_fails: container().status(&[("NoNewPrivs", "0")]) => "Fail(med)",
        who_holds_setuid_can_become_root:
            container().status(&[("CapPrm", "0000000000000080")]) => "Fail(med)",
        a_map_passes: remapping().status(&[("Uid", "165536\t165536\t165536\t165536")])
            .uid_map(INIT, "0 165536 65536") => "Pass",
        root_that_calls_itself_another_in_a_namespace_of_its_own_fails:
            container().status(&[ROOT]).uid_map(INIT, "1000 0 1") => "Fail(med)",
        without_an_engine_root_fails_gravely:
            container().status(&[ROOT]).engine_denied() => "Fail",
        the_kernel_overrules_the_declaration: remapping()
            .status(&[("Uid", "0\t0\t0\t0"), ("NoNewPrivs", "0")]) => "Fail",
        how_bad_a_declared_root_is_only_the_kernel_tells: container()
            .declares("/Config/User", json!("")).kernel_denied() => "Unknown",
        a_declared_map_cannot_acquit: remapping().kernel_denied() => "Unknown",
        an_unread_map_is_unknown: container().denied("uid_map") => "Unknown",
        to_a_service_that_cannot_become_root_it_does_not_apply: service() => "NotApplicable",
        whether_the_engine_maps_a_services_root_is_unknown: service().leaves_out("/Config/User") => "Unknown",
        a_root_service_that_opts_out_fails: service().leaves_out("/Config/User")
            .writes("/HostConfig/UsernsMode", json!("host")) => "Fail",
        a_service_that_can_become_root_and_opts_out_fails: service()
            .leaves_out("/HostConfig/SecurityOpt")
            .writes("/HostConfig/UsernsMode", json!("host")) => "Fail",
    }
}
