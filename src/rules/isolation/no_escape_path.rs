//! See [`RULE`].

#[cfg(test)]
mod cases;
mod chains;
mod links;

use std::borrow::Cow;

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;
use crate::rules::{Settings, rule};

use chains::{CHAINS, Chain};

rule! {
    /// Nothing that the container has adds up to a way out of it.
    ///
    /// Each chain is a known way to the host's root, and counts only where all of its links
    /// are there:
    ///
    /// - an engine's socket and a process that may connect to it, or a variable that points
    ///   to an engine
    /// - a block device of the host that a process may open, or MKNOD to make its node
    /// - a writable part of the host that decides over it, and a user who may write there
    /// - SYS_PTRACE among the host's processes, or beside a container that rules the host
    /// - SYS_ADMIN without a seccomp filter; SYS_MODULE; SYS_RAWIO
    /// - DAC_READ_SEARCH and any file system of the host, such as that of `/etc/hosts`
    /// - a writable `release_agent` of cgroup version 1, or SYS_ADMIN to mount one in the
    ///   host's cgroup namespace; a writable `core_pattern`; each with the host's root
    ///
    /// What a process gains by setuid programs and file capabilities counts as its own.
    /// Inside a user namespace these powers do not reach the host. An engine's own AppArmor
    /// profile or SELinux type keeps processes from tracing, mounting and kernel settings.
    ///
    /// ## Why it matters
    /// Each setting has its reason and looks harmless alone. Together they let one
    /// compromised process take over the machine and every container on it.
    ///
    /// ## How to fix
    /// compose: break one link of the chain: remove the `volumes:`, `cap_add:`, `pid:` or `security_opt:` entry that makes it, or set `user:` and `security_opt: ["no-new-privileges:true"]`
    /// run: break one link of the chain: remove the `--volume`, `--cap-add`, `--pid` or `--security-opt` that makes it, or set `--user` and `--security-opt no-new-privileges`
    pub static RULE = {
        id: "no-escape-path",
        title: "no chain of powers leads to the host",
        severity: Severity::Crit,
        targets: [Container, Service],
        mends: [Unprivileged, Mounts, Capabilities, User, NoNewPrivileges, PidNamespace, Devices],
        references: &["MITRE ATT&CK T1611"],
        parameters: &[],
        judge: judge,
    }
}

/// The names of the chains, with which the statement of a failure begins.
pub fn chains() -> impl Iterator<Item = &'static str> {
    CHAINS.iter().map(|chain| chain.name)
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    let whole = CHAINS.iter().map(|chain| whole(chain, facts)).reduce(Verdict::and);
    // There is always a chain; without one the rule would have nothing to say.
    let verdict = whole.unwrap_or_else(|| links::sees_host_processes(facts));
    verdict.passes_as("every chain of powers that leads to the host is broken")
}

/// A chain is there where all of its links are: breaking one breaks it, and
/// nobody has to ask for the others.
fn whole(chain: &Chain, facts: &Facts) -> Verdict {
    let Chain { name, first, further, gives } = chain;
    let link = |link: &links::Link| link(facts).fails_as(some_of);
    let all = further.iter().fold(link(first), |all, further| match all {
        Verdict::Pass(_) => all,
        Verdict::Fail(_) | Verdict::Unknown { .. } | Verdict::NotApplicable(_) => {
            all.or(link(further))
        }
    });
    all.fails_as(|links| format!("{name}: {}: {gives}", links.join(", and ")))
}

/// What was found first, and how often: each process of many may be a link.
fn some_of(found: &[Cow<'static, str>]) -> String {
    match found {
        [] => String::new(),
        [one] => one.to_string(),
        [one, others @ ..] => format!("{one} (and {} more)", others.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::cases::*;
    use super::{CHAINS, RULE};
    use crate::rules::testing::{DEVICE_LIST, cases, container, service};
    use serde_json::json;

    #[test]
    fn each_chain_is_found_where_it_is_and_not_where_a_link_is_missing() {
        for (name, whole, near) in table() {
            let found = format!("{:?}", whole.judge(&RULE));
            assert_eq!(whole.outcome(&RULE), "Fail", "{name}: {found}");
            assert!(found.contains(&format!("\"{name}: ")), "{name}: {found}");
            for (place, case) in near.into_iter().map(looked_at).enumerate() {
                let verdict = case.judge(&RULE);
                assert_eq!(
                    case.outcome(&RULE),
                    "Pass",
                    "near miss {place} of {name}: {verdict:#?}"
                );
            }
        }
    }

    #[test]
    fn every_chain_has_its_case_and_its_own_name() {
        let cases = table();
        for chain in CHAINS {
            assert!(cases.iter().any(|(name, ..)| *name == chain.name), "{}", chain.name);
            assert_eq!(CHAINS.iter().filter(|it| it.name == chain.name).count(), 1);
        }
    }

    #[test]
    fn a_chain_is_printed_link_by_link() {
        let case = with_host_pids(container(), SYS_PTRACE);
        let text = format!("{:?}", case.judge(&RULE));
        let expected = "tracing the host: process 100 (app) can have SYS_PTRACE, and the PID namespace \
            is the host's: it runs its own code in a process of the host";
        assert!(text.contains(expected), "{text}");
    }

    cases! { RULE:
        a_disk_in_an_unread_dev_is_unknown: container().status(&[ROOT])
            .kernel(DEVICE_LIST, "b 8:0 rwm\n").unread("/proc/100/root/dev (devices)") => "Unknown",
        without_a_disk_in_the_cgroups_list_no_node_has_to_be_looked_for:
            container().status(&[ROOT]).unread("/proc/100/root/dev (devices)") => "Pass",
        a_socket_that_nobody_looked_at_lets_everybody_in: container().mount(SOCKET) => "Fail",
        a_declared_disk_of_which_nobody_else_can_tell_is_unknown: container()
            .declares("/HostConfig/Devices", json!([{"PathInContainer": "/dev/sda"}]))
            .kernel_denied() => "Unknown",
        a_cgroup_namespace_that_nobody_can_tell_is_unknown: container()
            .status(&[ROOT, ("CapPrm", SYS_ADMIN)]).unread("/proc/100/ns/cgroup") => "Unknown",
        the_hosts_mounts_may_hold_a_hierarchy: container()
            .status(&[ROOT, ("CapPrm", SYS_ADMIN)]).unread("/proc/1/mountinfo") => "Unknown",
        a_declared_disk_for_a_declared_root_convicts: container()
            .declares("/HostConfig/Devices", json!([{"PathInContainer": "/dev/sda"}]))
            .declares("/Config/User", json!("")).kernel_denied() => "Fail",
        no_chain_passes: container() => "Pass",
        two_chains_are_one_failure: holds("0000000000030000") => "Fail",
        one_link_known_to_be_missing_breaks_a_chain_whatever_else_is_unread:
            holds(DAC_READ_SEARCH).unread("/proc/1/status") => "Pass",
        what_cannot_be_gained_at_all_needs_no_files:
            container().status(&[("NoNewPrivs", "0"), ("CapBnd", CHOWN)]).files_unread() => "Pass",
        what_a_file_may_give_is_unknown_while_files_are_unread:
            could_get(SYS_MODULE).files_unread() => "Unknown",
        what_a_process_holds_convicts_while_files_are_unread:
            container().status(&[("NoNewPrivs", "0"), ("CapPrm", SYS_MODULE)]) => "Fail",
        an_unread_process_leaves_it_unknown: container().denied("status") => "Unknown",
        the_kernel_overrules_a_declared_capability: container()
            .declares("/HostConfig/CapAdd", json!(["SYS_MODULE"])).declares("/Config/User", json!("")) => "Pass",
        a_declared_chain_convicts_where_the_kernel_is_silent: container()
            .declares("/HostConfig/CapAdd", json!(["SYS_MODULE"]))
            .declares("/Config/User", json!("")).kernel_denied() => "Fail",
        a_declared_capability_that_only_a_file_would_give_is_unknown: container()
            .declares("/HostConfig/CapAdd", json!(["SYS_MODULE"])).kernel_denied() => "Unknown",
        a_good_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        a_service_without_powers_passes: service() => "Pass",
        a_service_that_is_an_ordinary_root_passes:
            service().leaves_out("/Config/User").leaves_out("/HostConfig/CapDrop") => "Pass",
        a_privileged_root_service_fails: service().leaves_out("/Config/User")
            .writes("/HostConfig/Privileged", json!(true)) => "Fail",
        a_service_with_the_engines_socket_fails: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/run/docker.sock", "Destination": "/x", "RW": true},
        ])) => "Fail",
        a_root_service_with_the_hosts_etc_fails: service().leaves_out("/Config/User")
            .writes("/Mounts", json!([
                {"Type": "bind", "Source": "/etc", "Destination": "/x", "RW": true},
            ])) => "Fail",
        what_the_files_of_a_services_image_give_is_unknown: service()
            .writes("/HostConfig/CapAdd", json!(["SYS_MODULE"]))
            .leaves_out("/HostConfig/SecurityOpt") => "Unknown",
    }
}
