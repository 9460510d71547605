//! See [`RULE`].

use crate::facts::attainable::Gain;
use crate::facts::capabilities::Scope;
use crate::facts::identity::Root;
use crate::facts::{Facts, Held, Holder};
use crate::model::capability::CapabilitySet;
use crate::model::severity::Severity;
use crate::model::survey::Group;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// No file of the container gives a process more than it has.
    ///
    /// For every setuid or setgid program and every file with capabilities it is worked out,
    /// process by process, whether the process can execute it, and what the kernel would leave
    /// of the gain under the bounding set, the user namespace and the mount's `nosuid`. With
    /// `no_new_privs` no file gives anything. Of an image it is asked what its own user could get
    /// where it is run as it is: milder, since whoever runs it can still set `no_new_privs`. It is
    /// not asked where that user is root already.
    ///
    /// ## Why it matters
    /// A compromised service that runs as an ordinary user is contained only as long as
    /// it stays one. One flaw in one setuid program, of which it uses none, makes it root.
    ///
    /// ## How to fix
    /// compose: `security_opt: ["no-new-privileges:true"]`
    /// run: `--security-opt no-new-privileges`
    /// Dockerfile: `RUN find / -xdev -type f -perm /6000 -exec chmod a-s {} +`
    pub static RULE = {
        id: "no-setuid-escalation",
        title: "no file gives a process more than it has",
        severity: Severity::Med,
        targets: [Container, Image],
        mends: [NoNewPrivileges],
        references: &["CIS Docker 1.6: 4.8", "docker-bench C.4.8"],
        parameters: &[],
        judge: judge,
    }
}

/// How many further files a statement names.
const NAMED: usize = 3;

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.powers.by_files().judge(|held| {
        let Held { by, value: power } = held;
        let is_to_be_run = *by == Holder::Run;
        if is_to_be_run && power.user.root() != Root::No {
            return Check::moot(format!("{by} is root, and needs no file to become it"));
        }
        let Some((gravest, others)) = power.gains.split_first() else {
            return Check::holds(if power.no_new_privileges {
                format!("no file gives {by} anything: no_new_privs is set")
            } else {
                format!("no file gives {by} more than it has")
            });
        };
        let user =
            power.user.effective().map_or_else(|| "no uid".to_owned(), |uid| format!("uid {uid}"));
        let what = gained(gravest, power.scope);
        let Gain { file, .. } = gravest;
        let more = and_more(file, others);
        let path = file.first();
        let traits = &file.traits;
        let unless = if is_to_be_run { ", unless it is run with no-new-privileges" } else { "" };
        let broken = Check::broken(format!(
            "{by}, {user}, can {what} by executing {path} ({traits}){more}{unless}"
        ));
        let is_hosts = power.scope == Scope::Host && !is_to_be_run;
        if is_hosts { broken } else { broken.only(Severity::Low) }
    })
}

/// What one file gives, in words.
fn gained(gain: &Gain, scope: Scope) -> String {
    let capabilities = gain.capabilities;
    let with = |nothing: &str| match capabilities == CapabilitySet::EMPTY {
        true => nothing.to_owned(),
        false => format!(" with {capabilities}"),
    };
    let whose = if scope == Scope::Host { "" } else { " of its user namespace" };
    let user = match gain.user {
        Some((0, _)) => {
            Some(format!("become root{whose}{}", with(" without further capabilities")))
        }
        Some((uid, _)) => Some(format!("become uid {uid}{}", with(""))),
        None if capabilities == CapabilitySet::EMPTY => None,
        None => Some(format!("gain {capabilities}")),
    };
    let group = gain.group.map(|gid| format!("join group {gid}"));
    user.into_iter().chain(group).collect::<Vec<_>>().join(" and ")
}

fn and_more(first: &Group, others: &[Gain]) -> String {
    let groups = || std::iter::once(first).chain(others.iter().map(|it| &it.file));
    let count = groups().map(|it| it.count).sum::<u64>().saturating_sub(1);
    if count == 0 {
        return String::new();
    }
    let paths = groups().flat_map(|it| &it.paths).skip(1);
    let named: Vec<String> = paths.take(NAMED).map(ToString::to_string).collect();
    let rest = if count > NAMED as u64 { ", …" } else { "" };
    format!("; and {count} more: {}{rest}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container, image};
    use serde_json::json;

    /// As an image comes: no `no_new_privs`, and Docker's bounding set.
    fn open() -> Case {
        container()
            .status(&[("NoNewPrivs", "0"), ("CapBnd", "00000000a80425fb")])
            .declares("/HostConfig/SecurityOpt", json!(null))
            .no_files()
    }

    const PING: &str = "0100000200200000000000000000000000000000";
    const TIME: &str = "0100000200000002000000000000000000000000";
    const ROOTED: &str = "000000030020000000000000000000000000000000860200";
    const REMAPPED: &str = "0 165376 65536";

    /// An image whose containers have this user.
    fn shipped(user: &str) -> Case {
        image(&json!({"User": user})).no_files()
    }

    fn remapped() -> Case {
        open()
            .status(&[
                ("NoNewPrivs", "0"),
                ("CapBnd", "00000000a80425fb"),
                ("Uid", "166376 166376 166376 166376"),
                ("Gid", "166376 166376 166376 166376"),
            ])
            .uid_map(100, REMAPPED)
            .gid_map(100, REMAPPED)
    }

    cases! { RULE:
        with_no_new_privileges_no_file_matters: container().file("/su", 0o4755, (0, 0)) => "Pass",
        with_no_new_privileges_nothing_need_be_read: container() => "Pass",
        without_such_files_it_passes: open() => "Pass",
        a_setuid_program_of_root_fails: open().file("/bin/su", 0o4755, (0, 0)) => "Fail",
        a_setuid_program_that_it_may_not_execute_passes:
            open().file("/bin/su", 0o4750, (0, 7)) => "Pass",
        a_setuid_program_behind_a_folder_that_it_may_not_pass_passes:
            open().folder("/root", 0o700, (0, 0)).file("/root/x/su", 0o4755, (0, 0)) => "Pass",
        a_folder_of_its_own_keeps_nobody_out:
            open().folder("/srv", 0o600, (1000, 0)).file("/srv/su", 0o4755, (0, 0)) => "Fail",
        a_folder_elsewhere_does_not_matter:
            open().folder("/root", 0o700, (0, 0)).file("/rootless/su", 0o4755, (0, 0)) => "Fail",
        a_setuid_program_for_one_of_its_groups_fails: open()
            .status(&[("NoNewPrivs", "0"), ("Groups", "7")]).file("/bin/su", 0o4750, (0, 7)) => "Fail",
        a_setuid_program_of_its_own_user_gives_nothing:
            open().file("/bin/mine", 0o4755, (1000, 1000)) => "Pass",
        a_setgid_program_fails: open().file("/bin/wall", 0o2755, (0, 5)) => "Fail",
        a_setgid_bit_without_the_groups_right_to_execute_is_none:
            open().file("/bin/wall", 0o2745, (0, 5)) => "Pass",
        a_file_capability_in_the_bounding_set_fails: open().capable_file("/bin/ping", PING) => "Fail",
        a_program_that_demands_what_the_bounding_set_lacks_cannot_be_executed:
            open().capable_file("/bin/time", TIME) => "Pass",
        a_program_for_another_namespaces_root_gives_nothing:
            open().capable_file("/bin/x", ROOTED) => "Pass",
        a_program_for_this_namespaces_root_is_milder: remapped().capable_file("/bin/x", ROOTED) => "Fail(low)",
        root_gains_nothing_by_becoming_root: open()
            .status(&[("NoNewPrivs", "0"), ("Uid", "0 0 0 0"), ("CapBnd", "00000000a80425fb"),
                ("CapPrm", "00000000a80425fb"), ("CapEff", "00000000a80425fb")])
            .file("/bin/su", 0o4755, (0, 0)) => "Pass",
        root_of_a_user_namespace_is_milder: remapped().file("/bin/su", 0o4755, (165_376, 165_376)) => "Fail(low)",
        the_engine_tells_owners_by_the_containers_own_numbers: remapped()
            .file("/bin/su", 0o4755, (0, 0)).told_by_the_engine() => "Fail(low)",
        an_owner_that_the_container_cannot_have_leaves_it_unknown: remapped()
            .file("/bin/su", 0o4755, (70_000, 0)).told_by_the_engine() => "Unknown",
        without_a_user_namespace_of_its_own_the_numbers_are_the_same: open()
            .file("/bin/su", 0o4755, (0, 0)).told_by_the_engine() => "Fail",
        a_folder_by_the_containers_own_numbers_keeps_others_out: remapped()
            .folder("/srv", 0o700, (1001, 1001)).file("/srv/su", 0o4755, (0, 0))
            .told_by_the_engine() => "Pass",
        and_lets_its_owner_pass: remapped()
            .folder("/srv", 0o700, (1000, 1000)).file("/srv/su", 0o4755, (0, 0))
            .told_by_the_engine() => "Fail(low)",
        a_file_of_a_user_who_is_not_mapped_gives_nothing:
            remapped().file("/bin/su", 0o4755, (0, 0)) => "Pass",
        a_file_on_a_mount_with_nosuid_gives_nothing:
            open().file("/tmp/su", 0o4755, (0, 0)) => "Pass",
        a_program_that_only_another_program_opens_fails: open()
            .file("/bin/helper", 0o2755, (0, 7)).file("/bin/su", 0o4750, (0, 7)) => "Fail",
        one_process_without_the_flag_fails: container()
            .add_process(101, &[("NoNewPrivs", "0")]).file("/bin/su", 0o4755, (0, 0)) => "Fail",
        what_could_not_be_looked_at_leaves_it_unknown: open().files_unread() => "Unknown",
        what_was_found_convicts_whatever_else_there_is:
            open().files_unread().file("/bin/su", 0o4755, (0, 0)) => "Fail",
        files_that_nobody_listed_leave_it_unknown:
            container().status(&[("NoNewPrivs", "0")]) => "Unknown",
        a_capability_that_cannot_be_understood_leaves_it_unknown:
            open().capable_file("/bin/x", "00") => "Unknown",
        the_kernel_overrules_a_bad_declaration:
            container().declares("/HostConfig/SecurityOpt", json!(null)) => "Pass",
        the_kernel_overrules_a_good_declaration: open()
            .declares("/HostConfig/SecurityOpt", json!(["no-new-privileges"]))
            .file("/bin/su", 0o4755, (0, 0)) => "Fail",
        a_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        a_setuid_program_in_an_image_is_milder: shipped("1000").file("/bin/su", 0o4755, (0, 0)) => "Fail(low)",
        a_file_capability_in_an_image_as_well: shipped("1000").capable_file("/bin/ping", PING) => "Fail(low)",
        an_image_without_such_files_passes: shipped("1000").file("/bin/ls", 0o755, (0, 0)) => "Pass",
        a_program_for_a_group_of_the_images_user_fails: shipped("app")
            .names("/etc/passwd", "app:x:1000:7:::").file("/bin/su", 0o4750, (0, 7)) => "Fail(low)",
        a_program_for_another_group_passes: shipped("1000:1000").file("/bin/su", 0o4750, (0, 7)) => "Pass",
        an_image_that_is_root_gains_nothing: shipped("").file("/bin/su", 0o4755, (0, 0)) => "NotApplicable",
        what_of_an_image_could_not_be_read_leaves_it_unknown: shipped("1000").files_unread() => "Unknown",
        an_image_whose_user_nobody_knows_is_unknown:
            shipped("app").file("/bin/su", 0o4755, (0, 0)) => "Unknown",
        a_declaration_does_not_tell_what_is_in_the_image: container()
            .declares("/HostConfig/SecurityOpt", json!(null)).kernel_denied() => "Unknown",
    }

    #[test]
    fn of_an_image_the_statement_says_what_would_keep_it_closed() {
        let case = shipped("1000").file("/bin/wall", 0o2755, (0, 5));
        let text = format!("{:?}", case.judge(&super::RULE));
        let expected = "a container of it, uid 1000, can join group 5 by executing /bin/wall (- 2755 0:5), \
            unless it is run with no-new-privileges";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn the_statement_names_the_gravest_file_and_what_it_gives() {
        let case = open().file("/bin/wall", 0o2755, (0, 5)).capable_file("/bin/ping", PING).file(
            "/usr/bin/su",
            0o4755,
            (0, 0),
        );
        let text = format!("{:?}", case.judge(&super::RULE));
        let expected = "process 100 (app), uid 1000, can become root with CHOWN, DAC_OVERRIDE, FOWNER, \
            FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD, \
            AUDIT_WRITE, SETFCAP by executing /usr/bin/su (- 4755 0:0); and 2 more: /bin/ping, /bin/wall";
        assert!(text.contains(expected), "{text}");
    }
}
