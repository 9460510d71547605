//! `/proc/<pid>/mountinfo` (`proc_pid_mountinfo(5)`).

use crate::parse::path::{beneath, is_within};

/// One mount as the kernel tells it, with its octal escapes undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The mount's number, unique while it is mounted.
    pub id: u32,
    /// The number of the mount that this one is mounted on.
    pub parent: u32,
    /// `major:minor` of the file system: the same for every mount of it.
    pub device: String,
    /// What of the file system is mounted: `/`, or the folder or file that was bound.
    pub root: String,
    /// Where it is mounted, seen from the process's root.
    pub point: String,
    /// The options of this mount, such as `ro` and `nosuid`.
    pub options: Vec<String>,
    /// The optional fields, such as `shared:12` and `master:3`.
    pub tags: Vec<String>,
    /// The type of the file system.
    pub kind: String,
    /// What the type calls its source.
    pub source: String,
    /// The options of the file system itself, such as `size=64k`.
    pub super_options: Vec<String>,
    /// The line as the kernel printed it.
    pub line: String,
}

impl Mount {
    /// Whether this mount carries an option of its own.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|each| each == option)
    }

    /// Whether nothing can be written through this mount: the mount or the
    /// file system under it is read-only.
    pub fn is_read_only(&self) -> bool {
        self.has("ro") || self.super_options.iter().any(|each| each == "ro")
    }

    /// The value of a file system option, such as `size`.
    pub fn super_option(&self, name: &str) -> Option<&str> {
        self.super_options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    }
}

/// Reads every mount, in the order in which they were made visible: of two
/// mounts on one point, the later covers the earlier.
///
/// # Errors
/// A line is not of the documented form.
pub fn parse(text: &str) -> Result<Vec<Mount>, String> {
    text.lines().map(|line| mount(line).ok_or_else(|| format!("{line:?} is no mount"))).collect()
}

fn mount(line: &str) -> Option<Mount> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ');
    let (id, parent) = (left.next()?.parse().ok()?, left.next()?.parse().ok()?);
    let (device, root, point, options) = (left.next()?, left.next()?, left.next()?, left.next()?);
    let mut right = right.splitn(3, ' ');
    let (kind, source, super_options) = (right.next()?, right.next()?, right.next()?);
    Some(Mount {
        id,
        parent,
        device: device.to_owned(),
        root: unescape(root),
        point: unescape(point),
        options: list(options),
        tags: left.map(str::to_owned).collect(),
        kind: kind.to_owned(),
        source: unescape(source),
        super_options: list(super_options),
        line: line.to_owned(),
    })
}

fn list(options: &str) -> Vec<String> {
    options.split(',').map(str::to_owned).collect()
}

/// Undoes the kernel's `\040` for space, tab, newline and backslash.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        match after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if byte.is_ascii() => {
                plain.push(char::from(byte));
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                plain.push('\\');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// Whether another mount hides this one: one that is mounted at or above its
/// point, on a mount below it, and that it does not itself stand on.
pub fn is_hidden(mounts: &[Mount], mount: &Mount) -> bool {
    let mut below = vec![mount.id];
    let mut next = mount.parent;
    while let Some(parent) = mounts.iter().find(|it| it.id == next && !below.contains(&it.id)) {
        below.push(parent.id);
        next = parent.parent;
    }
    mounts.iter().any(|other| {
        !below.contains(&other.id)
            && below.contains(&other.parent)
            && is_within(&mount.point, &other.point)
    })
}

/// Where else the same file or folder is seen: through every one of `others`
/// of the same file system whose own root lies at or above this one's.
pub fn elsewhere<'a>(mount: &Mount, others: &'a [Mount]) -> Vec<(&'a Mount, String)> {
    others
        .iter()
        .filter(|other| other.device == mount.device)
        .filter_map(|other| Some((other, join(&other.point, beneath(&mount.root, &other.root)?))))
        .collect()
}

/// The path below a mount's point, as its file system names it: `(device, path)`
/// of the visible mount on which it stands.
pub fn inside<'a>(mounts: &'a [Mount], path: &str) -> Option<(&'a str, String)> {
    let mount = mounts
        .iter()
        .filter(|it| is_within(path, &it.point) && !is_hidden(mounts, it))
        .max_by_key(|it| it.point.trim_end_matches('/').len())?;
    Some((&mount.device, join(&mount.root, beneath(path, &mount.point)?)))
}

fn join(point: &str, rest: &str) -> String {
    let point = point.trim_end_matches('/');
    match (point.is_empty(), rest.is_empty()) {
        (true, true) => "/".to_owned(),
        (_, true) => point.to_owned(),
        _ => format!("{point}/{rest}"),
    }
}

/// The mount that is visible at exactly this point.
pub fn at<'a>(mounts: &'a [Mount], point: &str) -> Option<&'a Mount> {
    mounts.iter().rfind(|mount| mount.point == point)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERLAY: &str =
        "512 487 0:61 / / ro,relatime master:3 - overlay overlay rw,lowerdir=/l\n";

    #[test]
    fn a_read_only_overlay_root_is_read() {
        let mounts = parse(OVERLAY).unwrap();
        let root = at(&mounts, "/").unwrap();
        assert!(root.is_read_only());
        assert_eq!(root.tags, ["master:3"]);
        assert_eq!(root.super_option("lowerdir"), Some("/l"));
    }

    #[test]
    fn escaped_spaces_and_backslashes_are_undone() {
        let text = "1 2 8:1 /a\\040b /c\\134d rw - ext4 /dev/sda1 rw\n";
        let mounts = parse(text).unwrap();
        assert_eq!(mounts[0].root, "/a b");
        assert_eq!(mounts[0].point, r"/c\d");
    }

    #[test]
    fn the_later_of_two_mounts_on_one_point_is_the_visible_one() {
        let text = format!("{OVERLAY}513 512 0:9 / / rw - tmpfs tmpfs rw,size=64k\n");
        assert_eq!(at(&parse(&text).unwrap(), "/").unwrap().kind, "tmpfs");
    }

    #[test]
    fn a_mount_at_or_above_its_point_hides_another_unless_it_carries_it() {
        let text = "1 0 8:1 / / rw - ext4 a rw\n2 1 0:2 /s /run/s rw - tmpfs t rw\n\
            3 1 0:3 / /run rw - tmpfs t rw\n4 3 0:4 / /run/x rw - tmpfs t rw\n\
            5 4 0:5 / /run/x rw - tmpfs t rw\n";
        let mounts = parse(text).unwrap();
        let hidden: Vec<u32> =
            mounts.iter().filter(|it| is_hidden(&mounts, it)).map(|it| it.id).collect();
        assert_eq!(hidden, [2, 4]);
    }

    #[test]
    fn a_line_of_another_form_is_an_error() {
        assert!(parse("nonsense").is_err());
    }

    #[test]
    fn a_stray_backslash_before_wide_text_is_kept() {
        assert_eq!(unescape("a\\é1b"), "a\\é1b");
        assert_eq!(unescape("end\\"), "end\\");
    }
}
