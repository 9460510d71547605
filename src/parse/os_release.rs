//! Which system an image is built upon (`os-release(5)`).

/// The name and version of a system, such as `debian 12`.
pub fn system(text: &str) -> Option<String> {
    let field = |wanted: &str| {
        let mut lines = text.lines().rev().filter_map(|line| line.split_once('='));
        let value = lines.find(|(name, _)| name.trim() == wanted).map(|(_, it)| it.trim());
        let value = value.map(|it| it.trim_matches(['"', '\'']));
        value.filter(|it| !it.is_empty() && it.len() <= 64)
    };
    let id = field("ID")?;
    Some(field("VERSION_ID").map_or_else(|| id.to_owned(), |version| format!("{id} {version}")))
}

#[cfg(test)]
mod tests {
    use super::system;

    #[test]
    fn a_system_is_its_id_and_version() {
        let text = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n";
        assert_eq!(system(text).as_deref(), Some("debian 12"));
        assert_eq!(system("ID=arch\n").as_deref(), Some("arch"));
        assert_eq!(system("NAME=x\n"), None);
        assert_eq!(system("ID=\n"), None);
    }
}
