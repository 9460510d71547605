//! See [`RULE`].

use crate::facts::capabilities::{Capabilities, Scope};
use crate::facts::confinement::Confinement;
use crate::facts::health::Healthcheck;
use crate::facts::identity::{Root, User};
use crate::facts::limits::Limit;
use crate::facts::mounts::Mount;
use crate::facts::namespaces::Namespace;
use crate::facts::privilege::Reach;
use crate::facts::seccomp::Mode;
use crate::facts::{Facts, Held};
use crate::model::capability::CapabilitySet;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, rule};

rule! {
    /// The container is no weaker than its own declaration.
    ///
    /// Each setting that the engine records is compared with what the kernel enforces; what a
    /// process gave up by itself is no breach. A container that was given less than its image
    /// asks for (another user, no health check, a signal that kills) is a milder finding. Where
    /// no engine was asked nothing is declared, and the rule does not apply.
    ///
    /// ## Why it matters
    /// Everybody who reads the configuration believes it. An engine that ignored a setting,
    /// a session with more privileges or a remount from outside is found nowhere else.
    ///
    /// ## How to fix
    /// compose: recreate the container with `docker compose up --force-recreate`, and find out who changed it
    /// run: remove the container and start it again, and find out who changed it
    pub static RULE = {
        id: "runs-as-declared",
        title: "as strong as its own declaration",
        severity: Severity::High,
        references: &[],
        parameters: &[],
        judge: judge,
    }
}

/// A row for each property that is both declared and in force.
const ROWS: &[fn(&Facts) -> Verdict] = &[
    |facts| facts.user_in_container.compare(|it| it.value.root() == Root::No, user),
    |facts| facts.user_in_container.compare(|it| it.value.namespaced, user_namespace),
    |facts| facts.no_new_privileges.compare(|it| it.value, no_new_privileges),
    |facts| facts.capabilities.compare(|it| lacks_some(&it.value), capabilities),
    |facts| facts.seccomp.compare(|it| it.value != Mode::Disabled, seccomp),
    |facts| facts.confinement.compare(|it| is_enforced(&it.value), confinement),
    |facts| facts.privileged.compare(|it| *it == Reach::Asked(false), privileged),
    |facts| facts.pid_namespace.compare(is_private, |_, own| namespace("PID", own)),
    |facts| facts.network_namespace.compare(is_private, |_, own| namespace("network", own)),
    |facts| facts.ipc_namespace.compare(is_private, |_, own| namespace("IPC", own)),
    |facts| facts.uts_namespace.compare(is_private, |_, own| namespace("UTS", own)),
    |facts| facts.cgroup_namespace.compare(is_private, |_, own| namespace("cgroup", own)),
    |facts| facts.root_read_only.compare(|it| *it, |_, read_only| root(*read_only)),
    |facts| {
        facts
            .mount_points
            .compare(|all| all.iter().any(|it| it.read_only), |asked, own| mounts(asked, own))
    },
    |facts| {
        facts
            .limits
            .memory_as_set
            .compare(bounds, |asked, set| limit("memory in bytes", asked, set))
    },
    |facts| facts.limits.pids_as_set.compare(bounds, |asked, set| limit("processes", asked, set)),
    |facts| facts.image.user.compare(|it| it.value.root() == Root::No, user_of_image),
    |facts| healthcheck_of_image(facts).and(stop_signal_of_image(facts)),
];

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    let rows = ROWS.iter().map(|row| row(facts));
    let all = rows.reduce(Verdict::and);
    let all = all.unwrap_or_else(|| facts.user.unasked("nothing is compared"));
    all.where_holds(facts.declaration.judge(|is_there| {
        if *is_there {
            Check::holds("an engine declares it")
        } else {
            Check::broken("no engine was asked, so nothing is declared")
        }
    }))
}

fn kept(what: &str) -> Check {
    Check::holds(format!("{what} is as declared"))
}

/// Both sides in one sentence.
fn broken(declared: &str, in_force: &str) -> Check {
    Check::broken(format!("declared: {declared}; in force: {in_force}"))
}

fn user(declared: &Held<User>, own: &Held<User>) -> Check {
    let is_breach = match own.value.root() {
        Root::No => false,
        // Without a namespace of the engine's, the process made this one itself.
        Root::Namespaced => declared.value.namespaced,
        Root::Host => true,
    };
    if is_breach {
        broken(&user_in_words(declared), &format!("{} is root, or can become it", own.by))
    } else {
        kept("the user")
    }
}

fn user_in_words(user: &Held<User>) -> String {
    user.value.effective().map_or_else(|| "an ordinary user".to_owned(), |uid| format!("uid {uid}"))
}

fn user_namespace(_: &Held<User>, own: &Held<User>) -> Check {
    if own.value.namespaced {
        kept("the user namespace")
    } else {
        broken("a user namespace", &format!("{} is in the host's", own.by))
    }
}

fn no_new_privileges(_: &Held<bool>, own: &Held<bool>) -> Check {
    if own.value {
        kept("no-new-privileges")
    } else {
        broken("no-new-privileges", &format!("{} can gain privileges", own.by))
    }
}

fn lacks_some(set: &Capabilities) -> bool {
    !CapabilitySet::all().without(set.attainable).is_empty()
}

/// In a user namespace of its own making a process has them all, and rules
/// nothing that it did not rule before.
fn capabilities(declared: &Held<Capabilities>, own: &Held<Capabilities>) -> Check {
    let (asked, own_set) = (&declared.value, &own.value);
    let excess = own_set.attainable.without(asked.attainable).without(asked.leeway);
    let is_own_making = own_set.scope == Scope::Nested
        || (asked.scope == Scope::Host && own_set.scope == Scope::Container);
    if excess.is_empty() || is_own_making {
        return kept("the set of capabilities");
    }
    let asked = format!("capabilities {}", asked.attainable);
    broken(&asked, &format!("{} holds, or can gain, {excess}", own.by))
}

fn seccomp(_: &Held<Mode>, own: &Held<Mode>) -> Check {
    match own.value {
        Mode::Filter | Mode::Strict => kept("the seccomp filter"),
        Mode::Disabled => broken("a seccomp filter", &format!("{} has none", own.by)),
    }
}

const fn is_enforced(confinement: &Confinement) -> bool {
    matches!(confinement, Confinement::Enforced(_))
}

fn confinement(declared: &Held<Confinement>, own: &Held<Confinement>) -> Check {
    let (Confinement::Enforced(profile), false) = (&declared.value, is_enforced(&own.value)) else {
        return kept("the confinement");
    };
    let profile = Untrusted::from(profile.as_str());
    broken(&format!("confinement by {profile}"), &format!("{} is not confined", own.by))
}

/// Capabilities and seccomp have rows of their own; what only the mode gives is
/// an open `/sys` beside an open `/proc`.
fn privileged(_: &Reach, own: &Reach) -> Check {
    match own {
        Reach::Seen { open_sys: true, open_proc: true, namespaced: false, .. } => {
            broken("no privileged mode", "a writable /sys and an unmasked /proc")
        }
        Reach::Seen { .. } | Reach::Asked(_) | Reach::OpenProc => {
            kept("the absence of privileged mode")
        }
    }
}

/// A namespace that is another container's is whatever that one has.
fn is_private(namespace: &Namespace) -> bool {
    match namespace {
        Namespace::Host => false,
        Namespace::NotTheHosts(mode) => !mode.starts_with("container:") && !mode.starts_with("ns:"),
    }
}

fn namespace(kind: &str, own: &Namespace) -> Check {
    match own {
        Namespace::NotTheHosts(_) => kept(&format!("the {kind} namespace")),
        Namespace::Host => broken(&format!("a {kind} namespace of its own"), "the host's"),
    }
}

fn root(is_read_only: bool) -> Check {
    if is_read_only {
        kept("the read-only root")
    } else {
        broken("a read-only root", "the root is writable")
    }
}

/// A point may be reached through a symlink, which the kernel resolves: then
/// only its last part is the same.
fn mounts(declared: &[Mount], own: &[Mount]) -> Check {
    let last = |point: &str| point.trim_end_matches('/').rsplit('/').next().map(str::to_owned);
    let writable = declared.iter().filter(|it| it.read_only).find_map(|asked| {
        let exact: Vec<&Mount> = own.iter().filter(|it| it.point == asked.point).collect();
        let alike = own.iter().filter(|it| last(&it.point) == last(&asked.point)).collect();
        let candidates = if exact.is_empty() { alike } else { exact };
        candidates.iter().all(|it| !it.read_only).then(|| candidates.first().copied())?
    });
    match writable {
        None => kept("every read-only mount"),
        Some(mount) => {
            let point = Untrusted::from(mount.point.as_str());
            broken(&format!("{point} read-only"), "it is mounted writable")
                .showing(mount.point.as_str(), mount.shown.as_str())
        }
    }
}

const fn bounds(limit: &Limit) -> bool {
    matches!(limit, Limit::Of(_))
}

/// A tighter limit, also one of a cgroup above, is no breach.
fn limit(of: &str, asked: &Limit, set: &Limit) -> Check {
    match (asked, set) {
        (Limit::Of(most), Limit::None) => broken(&format!("{of} at most {most}"), "no limit"),
        (Limit::Of(most), Limit::Of(set)) if set > most => {
            broken(&format!("{of} at most {most}"), &format!("at most {set}"))
        }
        (Limit::Of(_) | Limit::None, _) => kept(&format!("the limit of {of}")),
    }
}

/// The image's word beside what the container was given.
fn below_image(image: &str, given: &str) -> Check {
    Check::broken(format!("the image asks for {image}; the container was given {given}"))
        .only(Severity::Med)
}

fn user_of_image(image: &Held<User>, given: &Held<User>) -> Check {
    if given.value.root() == Root::No {
        kept("the image's user")
    } else {
        below_image(&user_in_words(image), "root (uid 0)")
    }
}

fn healthcheck_of_image(facts: &Facts) -> Verdict {
    let is_defined = |check: &Healthcheck| matches!(check, Healthcheck::Defined(_));
    facts.image.healthcheck.compare(is_defined, |_, given| match given {
        Healthcheck::Disabled => below_image("a health check", "none"),
        Healthcheck::Undefined | Healthcheck::Defined(_) => kept("the image's health check"),
    })
}

/// Only a signal that cannot be caught is weaker than another.
fn stop_signal_of_image(facts: &Facts) -> Verdict {
    let kills = |signal: &Option<String>| {
        signal.as_deref().is_some_and(|it| matches!(it, "SIGKILL" | "KILL" | "9"))
    };
    facts.image.stop_signal.compare(
        |image| !kills(image),
        |image, given| {
            if kills(given) {
                let image = Untrusted::from(image.as_deref().unwrap_or("SIGTERM"));
                below_image(&format!("{image} to stop"), "SIGKILL, which nobody can catch")
            } else {
                kept("the stop signal")
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container};
    use serde_json::json;

    const OPEN: &str = "40 30 0:44 / / ro - overlay overlay rw\n41 40 0:45 / /proc rw - proc proc rw\n\
        43 40 0:46 / /sys rw - sysfs sysfs rw\n45 40 0:48 / /tmp rw - tmpfs tmpfs rw\n";
    const BOUND: &str = "60 40 8:1 /srv /data";

    fn with_read_only_mount(line: &str) -> Case {
        let entry =
            json!([{"Type": "bind", "Source": "/srv", "Destination": "/data", "RW": false}]);
        container().declares("/Mounts", entry).mount(line)
    }

    cases! { RULE:
        a_container_that_is_what_it_says_passes: container() => "Pass",
        a_session_as_root_fails: container().add_process(101, &[("Uid", "0 0 0 0")]) => "Fail",
        the_hosts_root_in_a_namespace_of_its_own_fails:
            container().status(&[("Uid", "0 0 0 0")]).uid_map(100, "1000 0 1") => "Fail",
        a_sandbox_that_a_program_makes_for_itself_passes: container()
            .add_process(101, &[("CapBnd", "000001ffffffffff")]).uid_map(101, "0 1000 1") => "Pass",
        a_first_process_in_a_namespace_of_its_own_making_passes: container()
            .status(&[("CapBnd", "000001ffffffffff")]).uid_map(100, "0 1000 1") => "Pass",
        a_flag_that_was_not_set_fails: container().status(&[("NoNewPrivs", "0")]) => "Fail",
        a_flag_that_nobody_asked_for_is_no_breach: container()
            .declares("/HostConfig/SecurityOpt", json!(null)).status(&[("NoNewPrivs", "0")]) => "Pass",
        a_flag_of_the_daemons_is_a_promise: container()
            .declares("/HostConfig/SecurityOpt", json!(null))
            .engine_says("/SecurityOptions", json!(["name=seccomp", "name=no-new-privileges"]))
            .status(&[("NoNewPrivs", "0")]) => "Fail",
        a_capability_beyond_the_declared_fails:
            container().add_process(101, &[("CapEff", "0000000000002000")]) => "Fail",
        a_capability_within_the_default_passes: container()
            .declares("/HostConfig/CapDrop", json!(null)).status(&[("CapBnd", "00000000a80425fb")]) => "Pass",
        podmans_default_is_a_setting_of_its_host: container()
            .engine_says("/BuildahVersion", json!("1.28"))
            .declares("/HostConfig/CapDrop", json!(null)).status(&[("CapBnd", "00000000a80425fb")]) => "Pass",
        but_what_podman_was_told_to_drop_stays_dropped: container()
            .engine_says("/BuildahVersion", json!("1.28"))
            .declares("/HostConfig/CapDrop", json!(["NET_RAW"])).status(&[("CapBnd", "00000000a80425fb")]) => "Fail",
        a_filter_that_is_not_there_fails: container().status(&[("Seccomp", "0")]) => "Fail",
        a_profile_that_is_not_in_force_fails: container()
            .engine_says("/SecurityOptions", json!(["name=seccomp", "name=apparmor"])) => "Fail",
        a_profile_in_force_passes: container()
            .engine_says("/SecurityOptions", json!(["name=seccomp", "name=apparmor"]))
            .kernel("/proc/100/attr/current", "docker-default (enforce)\n") => "Pass",
        an_open_kernel_without_privileged_mode_fails: container().mounts(OPEN) => "Fail",
        the_hosts_network_instead_of_its_own_fails:
            container().kernel("/proc/100/ns/net", "net:[1]") => "Fail",
        another_containers_network_is_that_ones_affair: container()
            .declares("/HostConfig/NetworkMode", json!("container:ab")).kernel("/proc/100/ns/net", "net:[1]") => "Pass",
        a_user_namespace_that_is_not_there_fails:
            container().engine_says("/SecurityOptions", json!(["name=seccomp", "name=userns"])) => "Fail",
        a_user_namespace_in_force_passes: container()
            .engine_says("/SecurityOptions", json!(["name=seccomp", "name=rootless"]))
            .status(&[("Uid", "166536 166536 166536 166536")]).uid_map(100, "0 165536 65536") => "Pass",
        a_root_that_was_remounted_writable_fails:
            container().mounts("40 30 0:44 / / rw - overlay overlay rw\n") => "Fail",
        a_read_only_mount_passes: with_read_only_mount(&format!("{BOUND} ro - ext4 /dev/sda1 rw")) => "Pass",
        a_read_only_mount_behind_a_symlink_passes:
            with_read_only_mount("60 40 8:1 /srv /var/data ro - ext4 /dev/sda1 rw") => "Pass",
        a_read_only_mount_that_was_remounted_fails:
            with_read_only_mount(&format!("{BOUND} rw - ext4 /dev/sda1 rw")) => "Fail",
        a_limit_that_was_raised_fails: container().limit("memory.limit_in_bytes", "134217728") => "Fail",
        a_limit_that_is_gone_fails: container().limit("pids.max", "max") => "Fail",
        a_tighter_limit_passes: container().limit("pids.max", "10") => "Pass",
        a_limit_beyond_the_machine_is_kept: container()
            .declares("/HostConfig/Memory", json!(109_951_162_777_600_i64))
            .limit("memory.limit_in_bytes", "109951162777600") => "Pass",
        root_instead_of_the_images_user_is_milder: container()
            .declares("/Config/User", json!("0")).status(&[("Uid", "0 0 0 0")]) => "Fail(med)",
        another_user_than_the_images_passes: container()
            .declares("/Config/User", json!("33:33")).status(&[("Uid", "33 33 33 33")]) => "Pass",
        an_image_of_root_asks_for_nothing: container().image_says("/Config/User", json!("")) => "Pass",
        a_disabled_health_check_of_the_image_is_milder:
            container().declares("/Config/Healthcheck", json!({"Test": ["NONE"]})) => "Fail(med)",
        a_stop_signal_that_kills_is_milder:
            container().declares("/Config/StopSignal", json!("SIGKILL")) => "Fail(med)",
        another_stop_signal_passes: container().declares("/Config/StopSignal", json!("SIGQUIT")) => "Pass",
        an_image_that_kills_asks_for_nothing: container().image_says("/Config/StopSignal", json!("KILL"))
            .declares("/Config/StopSignal", json!("KILL")) => "Pass",
        an_unknown_image_is_unknown: container().image_denied() => "Unknown",
        the_kernel_overrules_a_weak_declaration: container()
            .declares("/HostConfig/CapDrop", json!(null)).declares("/HostConfig/ReadonlyRootfs", json!(false)) => "Pass",
        the_declaration_is_no_proof_of_itself: container().kernel_denied() => "Unknown",
        without_an_engine_nobody_knows_what_was_promised: container().engine_denied() => "Unknown",
        beside_something_unread_nobody_knows_how_bad_it_is: container()
            .declares("/Config/StopSignal", json!("SIGKILL")).unread("/proc/100/ns/ipc") => "Unknown",
    }
}
