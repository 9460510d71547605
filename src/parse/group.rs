//! `group(5)`: the groups of a container, or of the host.

use super::passwd::number;

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// The name.
    pub name: &'a str,
    /// The group id.
    pub gid: u32,
    /// Whom the list names as members, with commas between them.
    members: &'a str,
}

impl<'a> Group<'a> {
    /// A group whose members no list names.
    pub const fn new(name: &'a str, gid: u32) -> Self {
        Self { name, gid, members: "" }
    }

    /// Whether the list names this account as a member.
    pub fn has(&self, account: &str) -> bool {
        self.members.split(',').any(|it| it.trim() == account && !account.is_empty())
    }
}

/// Reads the groups. Lines of another form are passed over, as `getgrent(3)` does.
pub fn parse(text: &str) -> Vec<Group<'_>> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let gid = fields.nth(1)?.parse().ok()?;
            let members = fields.next().unwrap_or_default();
            Some(Group { name, gid, members })
        })
        .collect()
}

/// Names and ids alone: no password hash, and not who is a member.
pub fn without_secrets(text: &str) -> String {
    parse(text).iter().map(|it| format!("{}:x:{}:\n", it.name, it.gid)).collect()
}

/// Names, ids and members: no password hash. Of an image, which has no processes
/// yet, only the list tells to which groups its user will belong. It is read as
/// the engine does: a number that is none counts as 0, and no line but a remark
/// is passed over (`ParseGroupFilter` of `github.com/moby/sys/user`).
///
/// # Errors
/// A number is beyond those that a group can have: there the engine takes another.
pub fn by_engine(text: &str) -> Result<String, &'static str> {
    let lines = text.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#'));
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |place| fields.get(place).copied().unwrap_or_default();
        Ok(format!("{}:x:{}:{}\n", field(0), number(field(2))?, field(3)))
    };
    lines.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_are_read_and_nothing_else_is_kept() {
        let text = "root:x:0:\ndocker:$6$hash:998:alice\n# comment\nbroken:x:many:\n";
        let groups = parse(text);
        let docker = Group { name: "docker", gid: 998, members: "alice" };
        assert_eq!(groups, [Group::new("root", 0), docker]);
        let kept = without_secrets(text);
        assert!(!kept.contains("hash") && !kept.contains("alice"));
        assert_eq!(parse(&kept), [Group::new("root", 0), Group::new("docker", 998)]);
    }

    #[test]
    fn who_is_a_member_is_kept_where_nothing_else_tells() {
        let kept = by_engine("docker:$6$hash:998:alice,bob\nroot:x:0:\n").unwrap();
        assert_eq!(kept, "docker:x:998:alice,bob\nroot:x:0:\n");
        let groups = parse(&kept);
        let is_in = |name: &str| groups.iter().map(|it| it.has(name)).collect::<Vec<_>>();
        assert_eq!(is_in("bob"), [true, false]);
        assert_eq!((is_in("bo"), is_in("")), (vec![false, false], vec![false, false]));
    }

    #[test]
    fn the_engine_passes_over_no_line_but_a_remark() {
        let read = by_engine("# foo:x:1:\nfoo:x:abc:\n bar\nfoo:x:7:ann").unwrap();
        assert_eq!(read, "foo:x:0:\nbar:x:0:\nfoo:x:7:ann\n");
        assert!(by_engine("foo:x:4294967296:").is_err());
    }
}
