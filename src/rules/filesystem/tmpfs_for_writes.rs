//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::mounts::Mount;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::path::is_within;
use crate::rules::settings::is_absolute;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// With a read-only root, what must be written has a place, and that place is restricted.
    ///
    /// Every path that the policy names is on a tmpfs or volume, and every tmpfs carries
    /// `nosuid`, `nodev`, `noexec` and a size. With a writable root the rule does not apply.
    ///
    /// ## Why it matters
    /// A service without a place for its temporary files breaks, and the first repair is to
    /// drop the read-only root. A tmpfs that can hold programs, or grow without bound, gives
    /// back what the read-only root took.
    ///
    /// ## How to fix
    /// compose: `tmpfs: ["/tmp:size=64m,noexec,nosuid,nodev"]`
    /// run: `--tmpfs /tmp:size=64m`, without `exec`, `suid` or `dev`
    pub static RULE = {
        id: "tmpfs-for-writes",
        title: "writes go to a restricted tmpfs or a volume",
        severity: Severity::Med,
        targets: [Container, Service],
        mends: [ReadOnlyRoot],
        references: &["compose-lint CL-0022"],
        parameters: &[Parameter {
            name: "paths",
            about: "paths that must be writable with a read-only root",
            shape: Shape::List,
            default: &["/tmp"],
            check: is_absolute,
        }],
        judge: judge,
    }
}

const OPTIONS: [&str; 3] = ["nosuid", "nodev", "noexec"];

/// What the engine itself mounts and keeps small.
const INTERNAL: [&str; 3] = ["/dev", "/proc", "/sys"];

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let places = facts.mount_points.judge(|mounts| {
        let holds = Check::holds("every tmpfs is restricted, and every named path can be written");
        let missing = settings.list("paths").iter().filter_map(|path| missing(path, mounts));
        let check = missing.fold(holds, |check, fault| check.also(&fault));
        let loose = mounts.iter().filter_map(|mount| Some((mount, loose(mount)?)));
        loose.fold(check, |check, (mount, fault)| {
            check.also(&fault).showing(mount.point.as_str(), mount.shown.as_str())
        })
    });
    places.where_holds(facts.root_read_only.judge(|read_only| {
        if *read_only {
            Check::holds("the root file system is read-only")
        } else {
            Check::broken("the root file system is writable, so nothing else has to be")
        }
    }))
}

/// What is wrong with a path that must be writable, if anything.
fn missing(path: &str, mounts: &[Mount]) -> Option<String> {
    // The longest of a mount's names that the path is within.
    let depth = |mount: &Mount| {
        let names = std::iter::once(&mount.point).chain(&mount.names);
        names.filter(|it| is_within(path, it)).map(String::len).max()
    };
    let nearest = mounts.iter().filter_map(|it| Some((depth(it)?, it))).max_by_key(|it| it.0);
    let nearest = nearest.map(|(_, mount)| mount);
    match nearest {
        Some(mount) if !mount.read_only => None,
        Some(_) => Some(format!("{path} is on a read-only mount")),
        None => Some(format!("nothing writable is mounted on {path}")),
    }
}

/// What a writable tmpfs lacks, if anything.
fn loose(mount: &Mount) -> Option<String> {
    let internal = INTERNAL.iter().any(|folder| is_within(&mount.point, folder));
    // A part of the host's own tmpfs, such as Podman's `/etc/hosts`, is no tmpfs of the container.
    if mount.kind != "tmpfs" || !mount.whole || mount.read_only || internal {
        return None;
    }
    let lacks = |option: &&str| !mount.options.iter().any(|each| each == option);
    let mut lacking: Vec<&str> = OPTIONS.into_iter().filter(lacks).collect();
    if mount.size.is_none() {
        lacking.push("a size");
    }
    let point = Untrusted::from(mount.point.as_str());
    (!lacking.is_empty()).then(|| format!("the tmpfs {point} lacks {}", lacking.join(", ")))
}

#[cfg(test)]
mod tests {
    use crate::model::files::Kind;
    use crate::rules::testing::{cases, container, service};
    use serde_json::json;

    const READ_ONLY: &str = "40 30 0:44 / / ro - overlay overlay rw\n";

    cases! { RULE:
        a_tight_tmpfs_passes: container() => "Pass",
        a_volume_will_do:
            container().mounts(&format!("{READ_ONLY}45 40 8:1 /v /tmp rw - ext4 /dev/sda1 rw\n")) => "Pass",
        a_link_to_a_tmpfs_will_do: container()
            .mounts(&format!("{READ_ONLY}45 40 0:70 / /run rw,nosuid,nodev,noexec - tmpfs t rw,size=64k\n"))
            .point("/run", Kind::Folder, (0, 70), 1).point("/tmp", Kind::Folder, (0, 70), 1) => "Pass",
        a_tmpfs_that_no_link_leads_to_will_not_do: container()
            .mounts(&format!("{READ_ONLY}45 40 0:70 / /run rw,nosuid,nodev,noexec - tmpfs t rw,size=64k\n"))
            .point("/run", Kind::Folder, (0, 70), 1).point("/tmp", Kind::Folder, (0, 44), 9) => "Fail",
        no_place_to_write_fails: container().mounts(READ_ONLY) => "Fail",
        a_tmpfs_that_runs_programs_fails: container()
            .mount("60 40 0:70 / /run rw,nosuid,nodev - tmpfs tmpfs rw,size=1024k") => "Fail",
        a_tmpfs_without_a_size_fails: container()
            .mount("60 40 0:70 / /run rw,nosuid,nodev,noexec - tmpfs tmpfs rw") => "Fail",
        a_file_bound_from_a_tmpfs_of_the_host_is_no_tmpfs: container()
            .mount("60 40 0:20 /c/hosts /etc/hosts rw,nosuid - tmpfs tmpfs rw") => "Pass",
        a_writable_root_is_not_judged:
            container().mounts("40 30 0:44 / / rw - overlay overlay rw\n") => "NotApplicable",
        an_unknown_root_is_unknown: container().denied("mountinfo") => "Unknown",
        the_kernel_overrules_the_declaration:
            container().declares("/HostConfig/Tmpfs", json!({"/tmp": "exec"})) => "Pass",
        the_declaration_cannot_acquit: container().kernel_denied() => "Unknown",
        a_service_with_a_tight_tmpfs_passes: service() => "Pass",
        a_service_without_a_place_to_write_fails: service().leaves_out("/HostConfig/Tmpfs") => "Fail",
        a_service_with_a_loose_tmpfs_fails:
            service().writes("/HostConfig/Tmpfs", json!({"/tmp": "exec"})) => "Fail",
        which_folder_of_the_host_a_service_writes_to_does_not_matter: service()
            .leaves_out("/HostConfig/Tmpfs").writes("/Mounts", json!([
                {"Type": "bind", "Source": "", "Destination": "/tmp", "RW": true},
            ])).unset("/Mounts/0/Source", "FOLDER") => "Pass",
        where_a_service_mounts_it_matters: service()
            .leaves_out("/HostConfig/Tmpfs").writes("/Mounts", json!([
                {"Type": "bind", "Source": "/srv", "Destination": "", "RW": true},
            ])).unset("/Mounts/0/Destination", "FOLDER") => "Unknown",
        a_writable_service_is_not_judged:
            service().leaves_out("/HostConfig/ReadonlyRootfs") => "NotApplicable",
    }
}
