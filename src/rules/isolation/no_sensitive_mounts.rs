//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::mounts::Mount;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::path::{beneath, is_within, on_host};
use crate::rules::settings::is_absolute;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// No part of the host that would give control of it is mounted in the container.
    ///
    /// What the mount is on the host decides, whatever it is called inside: the system's own
    /// folders or anything above them, and folders of keys and credentials.
    ///
    /// ## Why it matters
    /// Reading `/etc` yields password hashes and keys, writing to it yields root. Write access
    /// to the engine's folders, to `/boot` or to `/proc` yields as much.
    ///
    /// ## How to fix
    /// compose: replace the bind in `volumes:` by a named volume, or bind the one file that is needed
    /// run: replace `--volume` by a named volume, or bind the one file that is needed
    pub static RULE = {
        id: "no-sensitive-mounts",
        title: "nothing sensitive of the host is mounted",
        severity: Severity::High,
        targets: [Container, Service],
        mends: [Mounts],
        references: &[
            "CIS Docker 1.6: 5.6", "KICS 1c1325ff", "compose-lint CL-0013", "compose-lint CL-0025",
        ],
        parameters: &[Parameter {
            name: "accept",
            about: "paths of the host that may be mounted all the same",
            shape: Shape::List,
            default: &[],
            check: is_absolute,
        }],
        judge: judge,
    }
}

/// Folders and files of the host that must not be mounted, nor anything above them.
const SYSTEM: [(&str, &str); 22] = [
    ("/", "the whole host"),
    ("/etc", "the host's configuration"),
    ("/dev", "the host's devices"),
    ("/root", "root's own files"),
    ("/home", "every user's files"),
    ("/bin", "the host's programs"),
    ("/sbin", "the host's programs"),
    ("/lib", "the host's libraries"),
    ("/lib64", "the host's libraries"),
    ("/usr", "the host's programs and libraries"),
    ("/usr/bin", "the host's programs"),
    ("/usr/sbin", "the host's programs"),
    ("/usr/lib", "the host's libraries"),
    ("/usr/lib64", "the host's libraries"),
    ("/usr/local/bin", "the host's programs"),
    ("/usr/local/sbin", "the host's programs"),
    ("/var/lib/docker", "every container's files"),
    ("/var/lib/containers/storage", "every container's files"),
    ("/var/lib/containerd", "every container's files"),
    ("/var/lib/lxd/unix.socket", "every container's manager"),
    ("/var/lib/incus/unix.socket", "every container's manager"),
    ("/var/snap/lxd/common/lxd/unix.socket", "every container's manager"),
];

/// The host's accounts. Read they tell who there is, as for the sake of the same
/// names inside, and nothing secret; whoever writes them becomes root.
const ACCOUNTS: [&str; 2] = ["/etc/passwd", "/etc/group"];

/// Folders and files of which nothing must be mounted either.
const SECRET: [(&str, &str); 23] = [
    ("/etc/shadow", "the host's password hashes"),
    ("/etc/sudoers", "who may become root"),
    ("/etc/sudoers.d", "who may become root"),
    ("/etc/ssh", "the host's ssh keys"),
    ("/etc/kubernetes", "the cluster's keys"),
    ("/etc/cron.d", "what the host runs by itself"),
    ("/etc/systemd", "what the host runs by itself"),
    ("/lib/systemd", "what the host runs by itself"),
    ("/usr/lib/systemd", "what the host runs by itself"),
    ("/etc/init.d", "what the host runs by itself"),
    ("/etc/profile.d", "what every login on the host runs"),
    ("/etc/ld.so.preload", "what every program on the host loads"),
    ("/etc/pam.d", "who may log in to the host"),
    ("/etc/docker", "the engine's configuration"),
    ("/etc/gshadow", "the host's password hashes"),
    ("/etc/ssl/private", "the host's private keys"),
    ("/etc/letsencrypt", "the host's private keys"),
    ("/run/libvirt", "the host's virtual machines"),
    ("/var/spool/cron", "what the host runs by itself"),
    ("/run/systemd", "the host's service manager"),
    ("/proc", "the host's processes and kernel settings"),
    ("/sys", "the host's devices and kernel settings"),
    ("/boot", "the host's kernel"),
];

/// Where engines keep everything. What they bind for a container themselves,
/// volumes and its `/etc/hosts`, lies at least two folders deeper.
const ENGINES: [&str; 3] = ["/var/lib/docker", "/var/lib/containers/storage", "/var/lib/kubelet"];

/// Folders of keys and credentials, wherever they lie.
const CREDENTIALS: [&str; 6] = ["/.ssh", "/.aws", "/.azure", "/.kube", "/.docker", "/.gnupg"];

/// File systems that every container has, at the places where it has them:
/// mounted anew, and so no part of the host. In the host's network or cgroup
/// namespace they are the host's own all the same, and must be read-only.
const ORDINARY: [(&str, &str); 5] = [
    ("sysfs", "/sys"),
    ("cgroup", "/sys/fs/cgroup"),
    ("cgroup2", "/sys/fs/cgroup"),
    ("mqueue", "/dev/mqueue"),
    ("devpts", "/dev/pts"),
];

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    facts.mounts.judge(|mounts| {
        let mut check = Check::holds("no mount is a sensitive part of the host");
        for mount in mounts.iter().filter(|mount| !is_ordinary(mount)) {
            let accepted =
                |host: &&String| settings.list("accept").iter().any(|path| on_host(path) == **host);
            let mut hosts = mount.on_host.iter().filter(|host| !accepted(host));
            if let Some((host, what)) = hosts.find_map(|host| Some((host, sensitive(host)?))) {
                let access = match (mount.read_only, &mount.file) {
                    (true, _) => "readable".to_owned(),
                    (false, None) => "writable".to_owned(),
                    (false, Some(file)) => format!("writable ({file})"),
                };
                let point = Untrusted::from(mount.point.as_str());
                let host = Untrusted::from(host.as_str());
                let text = format!("{point} is {host} of the host, {access}: {what}");
                check = check.also(&text).showing(mount.point.as_str(), mount.shown.as_str());
            }
        }
        // Broken already, it stays as severe as it is.
        let only_read =
            mounts.iter().all(|mount| mount.read_only || accounts(mount, settings).is_none());
        let accounts = mounts.iter().filter_map(|mount| Some((mount, accounts(mount, settings)?)));
        for (mount, host) in accounts {
            let is_first = matches!(check, Check::Holds(_));
            let access = if mount.read_only { "readable" } else { "writable" };
            let point = Untrusted::from(mount.point.as_str());
            let text = format!("{point} is {host} of the host, {access}: the host's accounts");
            check = check.also(&text).showing(mount.point.as_str(), mount.shown.as_str());
            if is_first && only_read {
                check = check.only(Severity::Med);
            }
        }
        check
    })
}

/// The file of the host's accounts that a mount is, unless it is accepted.
fn accounts(mount: &Mount, settings: &Settings) -> Option<&'static str> {
    let is_accepted = |file: &str| settings.list("accept").iter().any(|path| path == file);
    let is_it = |file: &&&str| mount.on_host.iter().any(|host| host == **file);
    ACCOUNTS.iter().find(is_it).copied().filter(|file| !is_accepted(file))
}

fn is_ordinary(mount: &Mount) -> bool {
    let is_pseudo = mount.kind != "sysfs" || mount.read_only;
    is_pseudo
        && ORDINARY
            .iter()
            .any(|(kind, place)| mount.kind == *kind && is_within(&mount.point, place))
}

/// What a path of the host gives away, if anything.
pub(super) fn sensitive(host: &str) -> Option<&'static str> {
    let at_or_above = |(path, what): &(&str, &'static str)| is_within(path, host).then_some(*what);
    let in_secret = |(path, what): &(&str, &'static str)| is_within(host, path).then_some(*what);
    SYSTEM
        .iter()
        .find_map(at_or_above)
        .or_else(|| SECRET.iter().find_map(at_or_above))
        .or_else(|| SECRET.iter().find_map(in_secret))
        .or_else(|| is_engines(host).then_some("many containers' files"))
        .or_else(|| is_key(host).then_some("keys or credentials"))
}

fn is_engines(host: &str) -> bool {
    let inner = ENGINES.iter().find_map(|folder| beneath(host, folder));
    inner.is_some_and(|inner| !inner.contains('/'))
}

fn is_key(host: &str) -> bool {
    CREDENTIALS.iter().any(|folder| host.ends_with(folder) || host.contains(&format!("{folder}/")))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    cases! { RULE:
        a_container_without_mounts_passes: container() => "Pass",
        the_hosts_etc_fails: container().mount("60 40 8:1 /etc /mnt ro - ext4 /dev/sda1 rw") => "Fail",
        the_whole_host_fails: container().mount("60 40 8:1 / /host ro - ext4 /dev/sda1 rw") => "Fail",
        a_folder_above_the_engines_fails:
            container().mount("60 40 8:1 /var/lib /data rw - ext4 /dev/sda1 rw") => "Fail",
        every_volume_at_once_fails:
            container().mount("60 40 8:1 /var/lib/docker/volumes /v rw - ext4 /dev/sda1 rw") => "Fail",
        one_key_of_the_host_fails:
            container().mount("60 40 8:1 /etc/ssh/key /k ro - ext4 /dev/sda1 rw") => "Fail",
        the_hosts_time_zone_passes:
            container().mount("60 40 8:1 /etc/localtime /etc/localtime ro - ext4 /dev/sda1 rw") => "Pass",
        ssh_keys_fail:
            container().mount("60 40 8:1 /home/me/.ssh /keys ro - ext4 /dev/sda1 rw") => "Fail",
        the_hosts_proc_under_another_name_fails:
            container().mount("60 40 0:4 / /host/proc ro - proc proc rw") => "Fail",
        a_named_volume_passes: container()
            .mount("60 40 8:1 /var/lib/docker/volumes/a/_data /data rw - ext4 /dev/sda1 rw") => "Pass",
        the_hosts_proc_in_the_place_of_the_containers_fails:
            container().mount("60 41 0:4 / /proc rw - proc proc rw") => "Fail",
        programs_of_a_merged_usr_fail:
            container().mount("60 40 8:1 /usr/bin /hostbin ro - ext4 /dev/sda1 rw") => "Fail",
        a_second_name_that_is_harmless_does_not_excuse_the_first: container()
            .kernel("/proc/1/mountinfo", "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
                25 20 8:1 /etc/ssh /d rw - ext4 /dev/sda1 rw\n")
            .mount("60 40 8:1 /etc/ssh /x ro - ext4 /dev/sda1 rw") => "Fail",
        what_the_engine_always_binds_passes: container()
            .mount("60 40 8:1 /var/lib/docker/containers/a/hosts /etc/hosts rw - ext4 /dev/sda1 rw") => "Pass",
        one_device_of_a_user_namespace_passes:
            container().mount("60 44 0:5 /null /dev/null rw - devtmpfs dev rw") => "Pass",
        sys_in_the_hosts_network_passes:
            container().mount("60 40 0:6 / /sys ro - sysfs sysfs rw") => "Pass",
        the_kernel_overrules_the_declaration: container()
            .declares("/Mounts", json!([{"Type": "bind", "Source": "/etc", "Destination": "/tmp"}])) => "Pass",
        a_declared_bind_convicts: container()
            .declares("/Mounts", json!([{"Type": "bind", "Source": "/etc", "Destination": "/x"}]))
            .kernel_denied() => "Fail",
        a_good_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        a_service_with_a_volume_passes: service().writes("/Mounts", json!([
            {"Type": "volume", "Name": "data", "Source": "", "Destination": "/data", "RW": true},
        ])) => "Pass",
        a_service_with_the_hosts_etc_fails: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/etc", "Destination": "/x", "RW": false},
        ])) => "Fail",
        what_the_host_starts_fails: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/lib/systemd/system", "Destination": "/x", "RW": true},
        ])) => "Fail",
        who_may_log_in_fails: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/etc/pam.d/sshd", "Destination": "/x", "RW": false},
        ])) => "Fail",
        lxds_socket_fails: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/var/snap/lxd/common/lxd", "Destination": "/x", "RW": false},
        ])) => "Fail",
        libvirts_socket_fails: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/var/run/libvirt/libvirt-sock", "Destination": "/x", "RW": false},
        ])) => "Fail",
        accounts_to_read_are_milder: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/etc/passwd", "Destination": "/etc/passwd", "RW": false},
            {"Type": "bind", "Source": "/etc/group", "Destination": "/etc/group", "RW": false},
        ])) => "Fail(med)",
        accounts_to_write_fail: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/etc/passwd", "Destination": "/etc/passwd", "RW": false},
            {"Type": "bind", "Source": "/etc/group", "Destination": "/etc/group", "RW": true},
        ])) => "Fail",
        accounts_beside_something_worse_are_no_excuse: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/etc/passwd", "Destination": "/etc/passwd", "RW": false},
            {"Type": "bind", "Source": "/etc/shadow", "Destination": "/x", "RW": false},
        ])) => "Fail",
        what_every_container_may_read_passes: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/etc/ssl/certs", "Destination": "/etc/ssl/certs", "RW": false},
            {"Type": "bind", "Source": "/etc/localtime", "Destination": "/etc/localtime", "RW": false},
            {"Type": "bind", "Source": "/etc/resolv.conf", "Destination": "/etc/resolv.conf", "RW": false},
        ])) => "Pass",
        the_old_name_of_run_is_run: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/var/run/systemd", "Destination": "/x", "RW": false},
        ])) => "Fail",
        a_path_is_accepted_by_its_old_name: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "/var/run/systemd", "Destination": "/x", "RW": false},
        ])).set("accept", &["/var/run/systemd"]) => "Pass",
        a_services_bind_that_is_a_variable_is_unknown: service().writes("/Mounts", json!([
            {"Type": "bind", "Source": "", "Destination": "/x", "RW": true},
        ])).unset("/Mounts/0", "FOLDER") => "Unknown",
    }
}
