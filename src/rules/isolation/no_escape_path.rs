//! See [`RULE`].

mod chains;
mod links;

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::verdict::Verdict;
use crate::rules::{Settings, rule};

use chains::{CHAINS, Chain};

rule! {
    /// Nothing that the container has adds up to a way out of it.
    ///
    /// Each chain is a known way to the host's root, and is there only if all of its links
    /// are: an engine's socket and a process that may connect to it, or a variable that
    /// points to one; a block device of the host and somebody who may open it, or MKNOD to
    /// make its node; SYS_PTRACE beside a peer that rules the host; a writable part of the
    /// host that decides over it, and its root; SYS_PTRACE among the host's processes;
    /// SYS_ADMIN without a seccomp filter; SYS_MODULE; SYS_RAWIO; DAC_READ_SEARCH and any
    /// file system of the host; a writable `release_agent` of cgroup version 1 and the host's
    /// root, or SYS_ADMIN to mount one, where no cgroup namespace hides it; a writable
    /// `core_pattern` and the host's root. What a process gains by setuid programs and file
    /// capabilities counts as its own. Inside a user namespace these powers do not reach the
    /// host, and an engine's own AppArmor profile or SELinux type breaks the chains that
    /// trace, mount or write a setting of the kernel.
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

/// A chain is there where all of its links are: breaking one breaks it.
fn whole(chain: &Chain, facts: &Facts) -> Verdict {
    let Chain { name, first, further, gives } = chain;
    let link = |link: &links::Link| link(facts).fails_as(some_of);
    let all = further.iter().map(link).fold(link(first), Verdict::or);
    all.fails_as(|links| format!("{name}: {}: {gives}", links.join(", and ")))
}

/// What was found first, and how often: each process of many may be a link.
fn some_of(found: &[String]) -> String {
    match found {
        [] => String::new(),
        [one] => one.clone(),
        [one, others @ ..] => format!("{one} (and {} more)", others.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::{CHAINS, RULE};
    use crate::model::files::Kind;
    use crate::rules::testing::{Case, DEVICE_LIST, cases, container};
    use serde_json::json;

    const SYS_ADMIN: &str = "0000000000200000";
    const SYS_PTRACE: &str = "0000000000080000";
    const SYS_MODULE: &str = "0000000000010000";
    const SYS_RAWIO: &str = "0000000000020000";
    const DAC_READ_SEARCH: &str = "0000000000000004";
    const DAC_OVERRIDE: &str = "0000000000000002";
    const MKNOD: &str = "0000000008000000";
    const CHOWN: &str = "0000000000000001";
    const ROOT: (&str, &str) = ("Uid", "0 0 0 0");
    const REMAPPED: &str = "0 165536 65536";

    const SOCKET: &str = "60 40 0:20 /docker.sock /s ro - tmpfs tmpfs rw";
    const UNUSUAL: Option<(&str, (u32, u32), u64)> = Some(("/srv/engine/e.sock", (8, 1), 9));
    const FOLDER: &str = "60 40 8:1 /srv/engine /s ro - ext4 /dev/sda1 rw";
    const ETC: &str = "60 40 8:1 /etc /host rw - ext4 /dev/sda1 rw";
    const HOSTS: &str =
        "60 40 8:1 /var/lib/docker/containers/c/hosts /etc/hosts rw - ext4 /dev/sda1 rw";
    const AGENTS: &str = "60 40 0:26 / /cg rw - cgroup cgroup rw,memory";
    const OPEN_PROC: &str =
        "40 30 0:44 / / ro - overlay overlay rw\n41 40 0:45 / /proc rw - proc proc rw\n";
    const OLD_HOST: &str = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
        30 20 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

    const DEVICES: &str = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
        30 20 0:26 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n";

    fn in_hosts_cgroups(case: Case) -> Case {
        case.kernel("/proc/100/ns/cgroup", "cgroup:[1]")
    }

    /// The first process holds this capability.
    fn holds(mask: &str) -> Case {
        container().status(&[("CapPrm", mask), ("CapBnd", mask)])
    }

    /// It does not hold it, and could get it from a file, if there were one.
    fn could_get(mask: &str) -> Case {
        container().status(&[("CapBnd", mask), ("NoNewPrivs", "0")]).no_files()
    }

    fn with_host_pids(case: Case, mask: &str) -> Case {
        case.status(&[("CapPrm", mask), ("NSpid", "100")])
    }

    /// What stands at the mount points of the cases: no socket of an engine.
    fn looked_at(case: Case) -> Case {
        case.point("/s", Kind::File, (0, 20), 1).point("/host", Kind::Folder, (8, 1), 2).point(
            "/etc/hosts",
            Kind::File,
            (8, 1),
            3,
        )
    }

    fn node(case: Case) -> Case {
        case.device("/dev/sda", Kind::BlockDevice, (8, 0))
    }

    fn disk(case: Case) -> Case {
        node(case.kernel(DEVICE_LIST, "b 8:0 rwm\n"))
    }

    fn table() -> Vec<(&'static str, Case, Vec<Case>)> {
        let remapped = |case: Case| case.uid_map(100, REMAPPED).gid_map(100, REMAPPED);
        let unfiltered = &[("CapPrm", SYS_ADMIN), ("Seccomp", "0")];
        let confined =
            |case: Case| case.kernel("/proc/100/attr/current", "docker-default (enforce)\n");
        let root = || container().status(&[ROOT]);
        let as_root = &[ROOT, ("CapPrm", SYS_ADMIN)];
        vec![
            (
                "engine in reach",
                container().mount(SOCKET),
                vec![
                    container().mount("60 40 0:20 /other.txt /s ro - tmpfs tmpfs rw").point(
                        "/s",
                        Kind::File,
                        (0, 20),
                        9,
                    ),
                    container().mount(SOCKET).point("/s", Kind::Socket, (0, 20), 9),
                ],
            ),
            (
                "engine in reach",
                container().status(&[("Groups", "999")]).mount(SOCKET).point(
                    "/s",
                    Kind::Socket,
                    (0, 20),
                    9,
                ),
                vec![],
            ),
            // In a mounted folder its mode decides as well.
            (
                "engine in reach",
                container().status(&[("Groups", "999")]).engine_at(UNUSUAL).mount(FOLDER).point(
                    "/s",
                    Kind::Folder,
                    (8, 1),
                    8,
                ),
                vec![container().engine_at(UNUSUAL).mount(FOLDER).point(
                    "/s",
                    Kind::Folder,
                    (8, 1),
                    8,
                )],
            ),
            (
                "engine over the network",
                container().engine_starts_with(&["DOCKER_HOST=tcp://host:2375"]),
                vec![container().engine_starts_with(&["DOCKER_HOST=unix:///run/docker.sock"])],
            ),
            (
                "raw disk",
                disk(root()),
                vec![
                    disk(container()),
                    node(container().status(&[("Groups", "6")])),
                    root().kernel(DEVICE_LIST, "b 8:0 rwm\n"),
                    root().kernel(DEVICE_LIST, "b *:* m\n").device(
                        "/dev/sda",
                        Kind::BlockDevice,
                        (8, 0),
                    ),
                ],
            ),
            // The node is readable for its group.
            ("raw disk", disk(container().status(&[("Groups", "999")])), vec![]),
            ("raw disk", disk(holds(DAC_READ_SEARCH)), vec![]),
            (
                "raw disk",
                node(root()).without_device_list(),
                vec![node(container()).without_device_list()],
            ),
            (
                "made disk",
                holds(MKNOD).kernel(DEVICE_LIST, "b *:* rwm\n"),
                vec![
                    holds(MKNOD).kernel(DEVICE_LIST, "b *:* m\n"),
                    container().kernel(DEVICE_LIST, "b *:* rwm\n"),
                    remapped(holds(MKNOD).kernel(DEVICE_LIST, "b *:* rwm\n")),
                ],
            ),
            (
                "privileged peer",
                holds(SYS_PTRACE).neighbour("pid", 300, &[("CapBnd", SYS_ADMIN)]),
                vec![
                    holds(SYS_PTRACE).neighbour("pid", 300, &[]),
                    container().neighbour("pid", 300, &[("CapBnd", SYS_ADMIN)]),
                ],
            ),
            (
                "writable host",
                root().mount(ETC),
                vec![
                    container().mount(ETC).point("/host", Kind::Folder, (8, 1), 9),
                    root().mount(&ETC.replace(" rw -", " ro -")),
                    root().mount("60 40 8:1 /srv/data /host rw - ext4 /dev/sda1 rw"),
                    holds(CHOWN).mount(ETC).point("/host", Kind::Folder, (8, 1), 9),
                    remapped(container().status(&[("Uid", "165536 165536 165536 165536")]))
                        .mount(ETC)
                        .point("/host", Kind::Folder, (8, 1), 9),
                ],
            ),
            ("writable host", holds(DAC_OVERRIDE).mount(ETC), vec![]),
            (
                "writable host",
                container().status(&[("Groups", "999")]).mount(ETC).point(
                    "/host",
                    Kind::Folder,
                    (8, 1),
                    9,
                ),
                vec![],
            ),
            (
                "tracing the host",
                with_host_pids(container(), SYS_PTRACE),
                vec![
                    holds(SYS_PTRACE),
                    with_host_pids(container(), CHOWN),
                    confined(with_host_pids(container(), SYS_PTRACE)),
                ],
            ),
            (
                "unfiltered SYS_ADMIN",
                container().status(unfiltered),
                vec![
                    holds(SYS_ADMIN),
                    container().status(&[("Seccomp", "0")]),
                    remapped(container().status(unfiltered)),
                    // Each half is another process's.
                    holds(SYS_ADMIN).add_process(101, &[("Seccomp", "0")]),
                ],
            ),
            (
                "kernel modules",
                holds(SYS_MODULE),
                vec![
                    remapped(holds(SYS_MODULE)),
                    could_get(SYS_MODULE),
                    container().status(&[("CapBnd", SYS_MODULE)]),
                ],
            ),
            (
                "kernel modules",
                could_get(SYS_MODULE).file("/bin/su", 0o4755, (0, 0)),
                vec![could_get(CHOWN).file("/bin/su", 0o4755, (0, 0))],
            ),
            ("raw hardware", holds(SYS_RAWIO), vec![remapped(holds(SYS_RAWIO))]),
            (
                "opening by handle",
                holds(DAC_READ_SEARCH).mount(HOSTS),
                vec![
                    holds(DAC_READ_SEARCH),
                    container().mount(HOSTS),
                    holds(DAC_READ_SEARCH).mount(&HOSTS.replace("8:1", "0:77")),
                ],
            ),
            (
                "writable release_agent",
                root().mount(AGENTS).kernel("/proc/sys/kernel/osrelease", "4.18.0-553.el8"),
                vec![
                    root().mount(AGENTS),
                    container().mount(AGENTS),
                    root().mount(&AGENTS.replace(" rw -", " ro -")),
                    root().mount(&AGENTS.replace("0:26 /", "0:26 /docker/ab")),
                ],
            ),
            (
                "writable release_agent",
                container().status(as_root).mount(AGENTS),
                vec![holds(SYS_ADMIN).mount(AGENTS)],
            ),
            (
                "mounted release_agent",
                in_hosts_cgroups(container().status(as_root)),
                vec![
                    // The container has a cgroup of its own among the host's devices.
                    container().status(as_root).kernel("/proc/1/mountinfo", DEVICES),
                    confined(in_hosts_cgroups(container().status(as_root))),
                    in_hosts_cgroups(holds(SYS_ADMIN)),
                ],
            ),
            (
                "mounted release_agent",
                container().status(as_root).kernel("/proc/1/mountinfo", OLD_HOST),
                vec![holds(SYS_ADMIN).kernel("/proc/1/mountinfo", OLD_HOST)],
            ),
            (
                "writable core_pattern",
                root().mounts(OPEN_PROC),
                vec![
                    root(),
                    confined(root().mounts(OPEN_PROC)),
                    container().mounts(OPEN_PROC),
                    holds(DAC_OVERRIDE).mounts(OPEN_PROC),
                    root().mounts(&format!(
                        "{OPEN_PROC}42 41 0:45 /sys /proc/sys ro - proc proc rw\n"
                    )),
                ],
            ),
        ]
    }

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
    }
}
