//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::files::Entry;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, rule, settings};

rule! {
    /// No file or folder can be written by everybody.
    ///
    /// Every file of the container is walked. A folder with the sticky bit, as `/tmp` has it,
    /// is in order: there nobody touches what others put there. Where a mount is read-only, or a
    /// folder above lets not everybody through, the finding is milder: the mode is open and
    /// something else holds.
    ///
    /// ## Why it matters
    /// What everybody may write is a way from any process to any other: a script that root will
    /// run, a module that is loaded later.
    ///
    /// ## How to fix
    /// Dockerfile: `RUN find / -xdev -perm -0002 ! -type l ! -perm -1000 -exec chmod o-w {} +`
    /// compose: what is bound has the mode that it has on the host: `chmod o-w ./data`
    /// run: `--tmpfs /tmp:mode=1777` for what everybody writes
    pub static RULE = {
        id: "no-world-writable",
        title: "no file can be written by everybody",
        severity: Severity::Med,
        targets: [Container, Image],
        mends: [ReadOnlyRoot],
        references: &["CIS Distribution Independent Linux: 6.1.10"],
        parameters: &[Parameter {
            name: "except",
            about: "Paths that everybody may write, as path patterns",
            shape: Shape::Patterns,
            default: &[],
            check: settings::is_pattern,
        }],
        judge: judge,
    }
}

/// How many groups of files are shown as evidence.
const SHOWN: usize = 8;

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    facts.files.exposed(settings.list("except")).judge(|files| {
        let is_open = |it: &&Entry| !it.read_only && it.group.doors.is_empty();
        let (open, held): (Vec<&Entry>, Vec<&Entry>) = files.iter().partition(is_open);
        let (first, all) = match (open.first(), held.first()) {
            (Some(first), _) => (first, &open),
            (None, Some(first)) => (first, &held),
            (None, None) => return Check::holds("no file or folder is writable for everybody"),
        };
        let count: u64 = all.iter().map(|it| it.group.count).sum();
        let path = first.group.first();
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        let but = match (open.is_empty(), first.read_only) {
            (false, _) => "",
            (true, true) => ", though the mount is read-only",
            (true, false) => ", though not everybody gets to it",
        };
        let what = format!("everybody may write {path} ({}){more}{but}", first.group.traits);
        let broken = all.iter().take(SHOWN).fold(Check::broken(what), |broken, it| {
            broken.showing(it.group.named(), it.group.traits.to_string())
        });
        if open.is_empty() { broken.only(Severity::Low) } else { broken }
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Case, cases, container};
    use serde_json::json;

    /// A root that can be written.
    fn open() -> Case {
        container().mounts("40 30 0:44 / / rw,relatime - overlay overlay rw,lowerdir=/l\n").folder(
            "/",
            0o755,
            (0, 0),
        )
    }

    cases! { RULE:
        nothing_that_everybody_may_write_passes: open().file("/x", 0o664, (0, 0)) => "Pass",
        a_file_that_everybody_may_write_fails: open().file("/x", 0o666, (0, 0)) => "Fail",
        a_folder_that_everybody_may_write_fails: open().folder("/x", 0o777, (0, 0)) => "Fail",
        a_folder_with_the_sticky_bit_passes: open().folder("/x", 0o1777, (0, 0)) => "Pass",
        on_a_read_only_mount_it_is_milder: container().file("/x", 0o666, (0, 0)) => "Fail(low)",
        behind_a_closed_folder_it_is_milder:
            open().folder("/root", 0o700, (0, 0)).file("/root/x", 0o666, (0, 0)) => "Fail(low)",
        an_open_one_beside_it_is_not: open().folder("/root", 0o700, (0, 0))
            .file("/root/x", 0o666, (0, 0)).file("/y", 0o666, (0, 0)) => "Fail",
        what_the_policy_excepts_passes: open().looks_for("/srv/**").file("/srv/x", 0o666, (0, 0))
            .set("except", &["/srv/**"]) => "Pass",
        what_could_not_be_looked_at_leaves_it_unknown: open().unread_below("/srv") => "Unknown",
        where_nobody_looked_it_is_unknown: container() => "Unknown",
        the_declaration_cannot_acquit:
            open().declares("/HostConfig/ReadonlyRootfs", json!(true)).file("/x", 0o666, (0, 0)) => "Fail",
    }
}
