//! What a process sees mounted (`proc_pid_mountinfo(5)`), with something mounted otherwise.

use crate::parse::path::is_within;
use crate::parse::proc::mountinfo::{self, Mount};

/// The same with these mounts read-only.
pub(super) fn read_only(text: &str, which: impl Fn(&Mount) -> bool) -> String {
    changed(text, |mount, line| {
        if !which(mount) || mount.has("ro") {
            return Some(line.to_owned());
        }
        // The options are the sixth field, and `rw` or `ro` stands first among them.
        let mut fields: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let options = fields.get_mut(5)?;
        *options =
            options.strip_prefix("rw").map_or_else(|| options.clone(), |it| format!("ro{it}"));
        Some(fields.join(" "))
    })
}

/// The same with a bound on these temporary file systems, where they have none.
pub(super) fn bounded(text: &str, size: &str, which: impl Fn(&Mount) -> bool) -> String {
    changed(text, |mount, line| {
        let is_free = mount.kind == "tmpfs" && mount.super_option("size").is_none();
        Some(if is_free && which(mount) { format!("{line},{size}") } else { line.to_owned() })
    })
}

/// The same without what is mounted at a point and below it.
pub(super) fn without(text: &str, point: &str) -> String {
    changed(text, |mount, line| (!is_within(&mount.point, point)).then(|| line.to_owned()))
}

/// The same with a file system of its own at a point: of a device that nothing else is on.
pub(super) fn with(text: &str, point: &str, kind: &str, options: &str, of_all: &str) -> String {
    let Ok(mounts) = mountinfo::parse(text) else { return text.to_owned() };
    let id = mounts.iter().map(|it| it.id).max().unwrap_or(0).saturating_add(1);
    let near = mounts.iter().filter(|it| is_within(point, &it.point));
    let below =
        near.filter(|it| !mountinfo::is_hidden(&mounts, it)).max_by_key(|it| it.point.len());
    let parent = below.map_or(0, |it| it.id);
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!(
        "{text}{end}{id} {parent} 0:{NOBODYS}{id} / {point} {options} - {kind} {kind} {of_all}\n"
    )
}

/// The first digits of a device's minor number that is beyond every real one (`makedev(3)`:
/// 20 bits).
const NOBODYS: u32 = 2_000_000;

/// Every line, or nothing in its place. What is no such file stays as it is.
fn changed(text: &str, change: impl Fn(&Mount, &str) -> Option<String>) -> String {
    let Ok(mounts) = mountinfo::parse(text) else { return text.to_owned() };
    let lines = mounts.iter().zip(text.lines()).filter_map(|(mount, line)| change(mount, line));
    lines.map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "40 30 0:44 / / rw,relatime - overlay overlay rw\n\
        45 40 0:48 / /data rw - ext4 /dev/sda1 rw\n46 45 0:49 / /data/x rw - tmpfs tmpfs rw\n";

    #[test]
    fn a_root_that_becomes_read_only_leaves_the_others_as_they_are() {
        let text = read_only(TEXT, |it| it.point == "/");
        let mounts = mountinfo::parse(&text).unwrap();
        let states: Vec<bool> = mounts.iter().map(Mount::is_read_only).collect();
        assert_eq!(states, [true, false, false]);
        assert_eq!(read_only(&text, |it| it.point == "/"), text);
    }

    #[test]
    fn what_is_taken_away_takes_what_stands_on_it_along() {
        let text = without(TEXT, "/data");
        assert_eq!(text, TEXT.lines().next().unwrap().to_owned() + "\n");
    }

    #[test]
    fn what_is_added_is_seen_and_is_nobody_elses() {
        let text = with(TEXT, "/data/x/y", "tmpfs", "rw,nosuid", "rw,size=65536k");
        let mounts = mountinfo::parse(&text).unwrap();
        let added = mountinfo::at(&mounts, "/data/x/y").unwrap();
        assert_eq!((added.parent, added.super_option("size")), (46, Some("65536k")));
        assert!(!mountinfo::is_hidden(&mounts, added));
        assert!(mounts.iter().filter(|it| it.device == added.device).count() == 1);
    }

    #[test]
    fn what_is_no_list_of_mounts_is_left_alone() {
        for text in ["", "nonsense"] {
            assert_eq!(without(text, "/"), text);
        }
    }
}
