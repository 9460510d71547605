//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::files::{Rewrite, Step, Steps};
use crate::model::demand::Demand;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, role, rule, settings};

rule! {
    /// No process can rewrite code, modules or protected files.
    ///
    /// For every process, its users, groups and capabilities are held against the owner, mode
    /// and access control list of each file of code, of each folder on the way to it, and of
    /// each file that the policy lets nobody write. It is worked out whether the process can
    /// write, or first change the mode or the owner, or put another file in its place; and
    /// whether a read-only mount or the immutable attribute forbids it. Code is what the
    /// processes execute, what their `PATH` leads to, the files of code where they work, and
    /// the paths of this rule.
    ///
    /// ## Why it matters
    /// A mode that the owner can change back protects nothing while the owner is the program
    /// that an attacker took over. What can be rewritten comes back after every restart.
    ///
    /// ## How to fix
    /// compose: `read_only: true`, and `:ro` for each volume that holds code
    /// run: `--read-only --tmpfs /tmp`, and `--volume code:/app:ro`
    /// Dockerfile: `RUN chown -R root:root /app && chmod -R go=rX /app`, then `USER app`
    pub static RULE = {
        id: "immutable-code",
        title: "no process can rewrite the code that it runs",
        severity: Severity::High,
        mends: [ReadOnlyRoot, User],
        references: &[],
        parameters: &[
            Parameter {
                name: "paths",
                about: "Code besides what the container's own processes run, as path patterns",
                shape: Shape::Patterns,
                default: &[
                    "/bin/**", "/sbin/**", "/lib/**", "/lib64/**",
                    "/usr/bin/**", "/usr/sbin/**", "/usr/lib/**", "/usr/lib64/**", "/usr/libexec/**",
                    "/usr/local/bin/**", "/usr/local/sbin/**", "/usr/local/lib/**",
                    "/**/node_modules/**", "/**/site-packages/**", "/**/dist-packages/**",
                    "/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d/**",
                ],
                check: settings::is_pattern,
            },
            Parameter {
                name: "except",
                about: "Paths that may be rewritten all the same, as path patterns",
                shape: Shape::Patterns,
                default: &[],
                check: settings::is_pattern,
            },
        ],
        judge: judge,
    }
}

/// How many ways to rewrite something a statement tells.
const TOLD: usize = 3;

/// How many groups of files are shown as evidence.
const SHOWN: usize = 8;

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let policy = settings.files();
    let applies = |demand: &&Demand| match &demand.role {
        None => true,
        Some(name) => policy.roles.iter().find(|role| role.name == *name).is_some_and(|role| {
            // A role that cannot be told may be this container's.
            matches!(role::recognised(facts, role), Verdict::Pass(_) | Verdict::Unknown { .. })
        }),
    };
    let (protected, data): (Vec<&Demand>, Vec<&Demand>) =
        policy.demands.iter().filter(applies).partition(|demand| demand.protects());
    let code = settings.list("paths").iter().cloned();
    let paths: Vec<String> = code.chain(protected.iter().flat_map(|it| it.patterns())).collect();
    let except = settings.list("except").iter().cloned();
    let except: Vec<String> = except.chain(data.iter().flat_map(|it| it.territory())).collect();
    facts.files.rewritable(&paths, &except).judge(|held| {
        let Steps { uid, rewrites, weighed } = &held.value;
        let who = uid.map_or_else(|| "no uid".to_owned(), |uid| format!("uid {uid}"));
        let by = &held.by;
        if rewrites.is_empty() {
            return Check::holds(format!(
                "{by}, {who}, can rewrite none of the {weighed} kinds of files that are code or protected"
            ));
        }
        let mut told: Vec<Vec<&Rewrite>> = Vec::new();
        for rewrite in rewrites {
            let is_alike = |it: &&Rewrite| it.step == rewrite.step;
            match told.iter_mut().find(|way| way.first().is_some_and(is_alike)) {
                Some(way) => way.push(rewrite),
                None => told.push(vec![rewrite]),
            }
        }
        let more = if told.len() > TOLD { "; and in further ways" } else { "" };
        let ways: Vec<String> = told.iter().take(TOLD).filter_map(|it| way(it)).collect();
        let broken = Check::broken(format!("{by}, {who}, can rewrite {}{more}", ways.join("; ")));
        let mut shown: Vec<&Rewrite> = Vec::new();
        for rewrite in rewrites {
            let is_told = |it: &&Rewrite| it.file.group.paths == rewrite.file.group.paths;
            if shown.len() < SHOWN && !shown.iter().any(is_told) {
                shown.push(rewrite);
            }
        }
        shown.into_iter().fold(broken, |broken, it| {
            broken.showing(it.file.group.named(), it.file.group.traits.to_string())
        })
    })
}

/// One way to rewrite files: the first of them, how many more, and the step.
fn way(rewrites: &[&Rewrite]) -> Option<String> {
    let Rewrite { file, step } = rewrites.first()?;
    let path = file.group.paths.first()?;
    let step = match step {
        Step::Write => "it may write",
        Step::Replace => "it may put files there",
        Step::OwnerMayChmod => "as the owner it may chmod and write",
        Step::BecomeOwner => "it may become the owner (CAP_SETUID)",
        Step::JoinGroup => "it may join the group that may write (CAP_SETGID)",
        Step::Override => "no mode holds it (CAP_DAC_OVERRIDE)",
        Step::ChmodAny => "it may chmod what others own (CAP_FOWNER)",
        Step::Chown => "it may make itself the owner (CAP_CHOWN)",
        Step::Mount => "it may mount another over it (CAP_SYS_ADMIN)",
    };
    // A folder on the way to files of several patterns stands there for each.
    let met = rewrites.iter().filter(|it| it.file.group.leads_to.is_none());
    let count = met.map(|it| it.file.group.count).sum::<u64>();
    let is_met = u64::from(file.group.leads_to.is_none());
    let more = match count.saturating_sub(is_met) {
        0 if rewrites.iter().any(|it| it.file.group.paths.first() != Some(path)) => {
            " and others".to_owned()
        }
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let traits = &file.group.traits;
    let mount = match file.group.mount.raw() {
        "/" => String::new(),
        _ => format!(", on the mount {}", file.group.mount),
    };
    let (mode, uid, gid) = (traits.mode, traits.uid, traits.gid);
    Some(format!("{path} ({mode:04o} {uid}:{gid}{mount}){more}: {step}"))
}

#[cfg(test)]
mod tests {
    use crate::model::survey::Fixed;
    use crate::rules::testing::{Case, cases, container};
    use serde_json::json;

    const WRITABLE: &str = "40 30 0:44 / / rw,relatime - overlay overlay rw,lowerdir=/l\n";

    /// A server of uid 1000 on a root that can be written, its code root's.
    fn server() -> Case {
        let case = container().mounts(WRITABLE).looks_for_code();
        case.folder("/", 0o755, (0, 0))
            .folder("/usr", 0o755, (0, 0))
            .folder("/usr/lib", 0o755, (0, 0))
            .file("/usr/lib/libc.so", 0o644, (0, 0))
    }

    fn code(mode: u32, owner: (u32, u32)) -> Case {
        server().file("/usr/lib/code.js", mode, owner)
    }

    fn with(capability: &str) -> Case {
        server().status(&[("CapPrm", capability)])
    }

    const DAC_OVERRIDE: &str = "0000000000000002";
    const FOWNER: &str = "0000000000000008";
    const CHOWN: &str = "0000000000000001";
    const SETGID: &str = "0000000000000040";
    const SETUID: &str = "0000000000000080";
    const SYS_ADMIN_AND_FOWNER: &str = "0000000000200008";

    /// `user::rw-, user:1000:rw-, group::r--, mask::rw-, other::r--`.
    const LIST: &str = "02000000010006 00ffffffff 02000600e8030000 04000400ffffffff \
        10000600ffffffff 20000400ffffffff";

    /// The same, with `user:1000:r--` and `user:1001:rw-`.
    const LISTS: &str = "02000000010006 00ffffffff 02000400e8030000 02000600e9030000 \
        04000400ffffffff 10000600ffffffff 20000400ffffffff";

    cases! { RULE:
        code_of_root_that_nobody_else_may_write_passes: server() => "Pass",
        a_file_that_everybody_may_write_fails: code(0o646, (0, 0)) => "Fail",
        a_file_of_its_group_fails: code(0o664, (0, 1000)) => "Fail",
        a_file_of_another_group_passes: code(0o664, (0, 7)) => "Pass",
        its_group_without_the_right_that_others_have_passes: code(0o606, (0, 1000)) => "Pass",
        a_mode_that_its_owner_may_change_fails: code(0o400, (1000, 1000)) => "Fail",
        a_folder_that_leads_to_code_and_that_it_may_write_fails:
            server().folder("/usr/lib/x", 0o777, (0, 0)).file("/usr/lib/x/y", 0o444, (0, 0)) => "Fail",
        a_sticky_folder_on_the_way_passes: server().folder("/opt", 0o1777, (0, 0))
            .folder("/opt/node_modules", 0o755, (0, 0))
            .file("/opt/node_modules/x", 0o444, (0, 0)) => "Pass",
        a_sticky_folder_of_code_takes_new_files: server().folder("/usr/lib/x", 0o1777, (0, 0)) => "Fail",
        a_list_that_lets_it_write_fails:
            code(0o664, (0, 0)).which(|it| it.acl = Some(LIST.replace(' ', ""))) => "Fail",
        behind_a_folder_that_it_may_not_pass_it_passes: server()
            .folder("/usr/lib/x", 0o700, (0, 0)).file("/usr/lib/x/y", 0o666, (0, 0)) => "Pass",
        who_overrides_modes_fails: with(DAC_OVERRIDE) => "Fail",
        who_may_chmod_anything_fails: with(FOWNER) => "Fail",
        who_may_chown_anything_fails: with(CHOWN) => "Fail",
        who_may_become_anybody_fails: with(SETUID) => "Fail",
        who_may_join_the_group_that_may_write_fails:
            code(0o664, (0, 7)).status(&[("CapPrm", SETGID)]) => "Fail",
        who_may_join_a_group_that_may_not_passes:
            code(0o644, (0, 7)).status(&[("CapPrm", SETGID)]) => "Pass",
        root_without_capabilities_owns_it_all: server().status(&[("Uid", "0 0 0 0")]) => "Fail",
        a_saved_uid_counts: code(0o400, (33, 33)).status(&[("Uid", "1000 1000 33 1000")]) => "Fail",
        capabilities_count_only_for_files_of_its_namespace: server()
            .status(&[("CapPrm", DAC_OVERRIDE), ("Uid", "166536 166536 166536 166536")])
            .uid_map(100, "0 165536 65536").gid_map(100, "0 165536 65536") => "Pass",
        a_read_only_root_holds_it_all:
            container().looks_for_code().folder("/usr/lib", 0o777, (0, 0)).file("/usr/lib/x", 0o666, (0, 0)) => "Pass",
        a_volume_over_the_code_does_not: container().mount("46 40 8:1 / /usr/lib rw - ext4 d rw")
            .looks_for_code().folder("/usr/lib", 0o777, (0, 0)).file("/usr/lib/x", 0o666, (0, 0)) => "Fail",
        who_works_below_a_closed_folder_is_there_already: server().folder("/root", 0o700, (0, 0))
            .folder("/root/app", 0o755, (0, 0)).file("/root/app/x.py", 0o646, (0, 0))
            .works_in("/root/app") => "Fail",
        root_without_capabilities_gets_them_back_by_executing: container().looks_for_code()
            .mount("46 40 8:1 / /usr/lib rw - ext4 d rw").file("/usr/lib/x", 0o444, (7, 7))
            .status(&[("Uid", "0 0 0 0"), ("NoNewPrivs", "0"), ("CapBnd", DAC_OVERRIDE)]) => "Fail",
        the_same_files_mounted_for_writing_elsewhere_can_be_written: container().looks_for_code()
            .mount("46 40 8:1 /v /usr/lib ro - ext4 d rw\n47 40 8:1 /v /data rw - ext4 d rw")
            .file("/usr/lib/x", 0o666, (0, 0)) => "Fail",
        any_of_its_users_that_a_list_names_counts: code(0o664, (0, 0))
            .which(|it| it.acl = Some(LISTS.replace(' ', "")))
            .status(&[("Uid", "1000 1000 1001 1000")]) => "Fail",
        another_root_leaves_it_unknown:
            server().add_process(101, &[]).kernel("/proc/101/root", "/jail") => "Unknown",
        mounts_of_its_own_leave_it_unknown:
            server().add_process(101, &[]).kernel("/proc/101/ns/mnt", "mnt:[9]") => "Unknown",
        who_may_mount_mounts_over_it: container().looks_for_code()
            .status(&[("CapPrm", SYS_ADMIN_AND_FOWNER)]).file("/usr/lib/x", 0o444, (0, 0)) => "Fail",
        a_link_that_leads_to_another_file_system_leaves_it_unknown: server()
            .met(crate::model::files::Kind::Link, "/usr/lib/x", 0o777, (0, 0)) => "Unknown",
        an_immutable_file_holds:
            code(0o666, (1000, 1000)).which(|it| it.fixed = Some(Fixed::Immutable)) => "Pass",
        a_file_that_only_grows_can_be_added_to:
            code(0o666, (0, 0)).which(|it| it.fixed = Some(Fixed::AppendOnly)) => "Fail",
        what_its_path_leads_to_counts: server().folder("/opt/bin", 0o777, (0, 0))
            .runs_with_path("/opt/bin") => "Fail",
        what_it_executes_counts: server().file("/srv/app", 0o775, (0, 1000)).executes("/srv/app") => "Fail",
        code_where_it_works_counts: server().folder("/srv", 0o755, (0, 0))
            .file("/srv/main.py", 0o644, (1000, 0)).works_in("/srv") => "Fail",
        data_where_it_works_does_not: server().folder("/srv", 0o755, (0, 0))
            .file("/srv/data.db", 0o644, (1000, 0)).works_in("/srv") => "Pass",
        another_process_counts_too: code(0o400, (33, 33)).add_process(101, &[("Uid", "33 33 33 33")]) => "Fail",
        what_could_not_be_looked_at_leaves_it_unknown: server().unread_below("/usr/lib/x") => "Unknown",
        where_it_works_must_be_told: server().unread("/proc/100/cwd") => "Unknown",
        what_its_path_is_must_be_told: server().unread("/proc/100/environ") => "Unknown",
        a_process_that_cannot_be_read_leaves_it_unknown: server().denied("status") => "Unknown",
        what_may_be_rewritten_by_the_policy_passes: code(0o666, (0, 0)).set("except", &["/usr/lib/*.js"]) => "Pass",
        the_declaration_cannot_acquit:
            server().declares("/HostConfig/ReadonlyRootfs", json!(true)).files_unread_at_all() => "Unknown",
    }
}
