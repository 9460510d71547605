//! `group(5)`: the groups of a container, or of the host.

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// The name.
    pub name: &'a str,
    /// The group id.
    pub gid: u32,
}

/// Reads the groups. Lines of another form are passed over, as `getgrent(3)` does.
pub fn parse(text: &str) -> Vec<Group<'_>> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let gid = fields.nth(1)?.parse().ok()?;
            Some(Group { name, gid })
        })
        .collect()
}

/// Names and ids alone: no password hash, and not who is a member.
pub fn without_secrets(text: &str) -> String {
    parse(text).iter().map(|it| format!("{}:x:{}:\n", it.name, it.gid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_are_read_and_nothing_else_is_kept() {
        let text = "root:x:0:\ndocker:$6$hash:998:alice\n# comment\nbroken:x:many:\n";
        let groups = parse(text);
        let docker = Group { name: "docker", gid: 998 };
        assert_eq!(groups, [Group { name: "root", gid: 0 }, docker]);
        let kept = without_secrets(text);
        assert!(!kept.contains("hash") && !kept.contains("alice"));
        assert_eq!(parse(&kept), groups);
    }
}
