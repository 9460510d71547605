//! `group(5)`: the groups of a container, or of the host.

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
/// yet, only the list tells to which groups its user will belong.
pub fn with_members(text: &str) -> String {
    let line = |it: &Group<'_>| format!("{}:x:{}:{}\n", it.name, it.gid, it.members);
    parse(text).iter().map(line).collect()
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
        let kept = with_members("docker:$6$hash:998:alice,bob\nroot:x:0:\n");
        assert_eq!(kept, "docker:x:998:alice,bob\nroot:x:0:\n");
        let groups = parse(&kept);
        let is_in = |name: &str| groups.iter().map(|it| it.has(name)).collect::<Vec<_>>();
        assert_eq!(is_in("bob"), [true, false]);
        assert_eq!((is_in("bo"), is_in("")), (vec![false, false], vec![false, false]));
    }
}
