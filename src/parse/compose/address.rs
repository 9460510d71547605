//! Addresses with a name or a password in them, as they may be shown.

/// A text whose addresses name nobody: `scheme://***@host/path`. A path that was
/// made of one may have lost a slash.
pub fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(":/") {
        shown.push_str(before);
        shown.push_str(":/");
        let bare = after.trim_start_matches('/');
        shown.extend(std::iter::repeat_n('/', after.len() - bare.len()));
        let end = bare.find(|it: char| it == '/' || it.is_whitespace()).unwrap_or(bare.len());
        let (authority, path) = bare.split_at_checked(end).unwrap_or((bare, ""));
        match authority.rsplit_once('@') {
            Some((_, host)) => shown.extend(["***@", host]),
            None => shown.push_str(authority),
        }
        rest = path;
    }
    shown.push_str(rest);
    shown
}

/// Whether a path is none: compose would fetch what it names from elsewhere.
pub fn is_remote(path: &str) -> bool {
    let is_short = path.starts_with("github.com/") && path.contains(".git");
    path.contains("://") || path.starts_with("git@") || is_short
}

/// As [`masked`], of an image's name, which may begin with `name:password@host/`.
pub fn image(name: &str) -> String {
    match name.split_once('/') {
        Some((host, path)) if names_somebody(host) => {
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("***@{host}/{path}")
        }
        Some(_) | None => masked(name),
    }
}

/// Whether what stands before the first slash is `name:password@host`.
pub(super) fn names_somebody(host: &str) -> bool {
    host.rsplit_once('@').is_some_and(|(who, _)| who.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compose_would_fetch_is_remote() {
        for path in [
            "https://h/c.yaml",
            "oci://h/a:1",
            "git@h:a/b.git",
            "ssh://git@h/a.git",
            "github.com/a/b.git#c",
        ] {
            assert!(is_remote(path), "{path}");
        }
        for path in
            ["compose.yaml", "./a:/b", "/srv/git@h", "C:/compose.yaml", "github.com/a.yaml", "-"]
        {
            assert!(!is_remote(path), "{path}");
        }
    }

    #[test]
    fn whoever_an_address_names_is_not_shown() {
        for (text, shown) in [
            ("there is no file https://u:secret@h/x", "there is no file https://***@h/x"),
            ("/p/https:/u:secret@h/x", "/p/https:/***@h/x"),
            ("a://b@c d://e@f", "a://***@c d://***@f"),
            ("https://h/x@y", "https://h/x@y"),
            ("./compose.yaml", "./compose.yaml"),
        ] {
            assert_eq!(masked(text), shown);
        }
        for (name, shown) in [
            ("u:secret@registry:5000/a:1", "***@registry:5000/a:1"),
            ("https://u:secret@h/a", "https://***@h/a"),
            ("registry:5000/a:1@sha256:ab", "registry:5000/a:1@sha256:ab"),
            ("a:1@sha256:ab", "a:1@sha256:ab"),
        ] {
            assert_eq!(image(name), shown);
        }
    }
}
