//! What a git repository's own files say of one file: whether it is tracked, and
//! whether it would be left alone.

pub mod ignore;
pub mod index;

/// Where the folder of a repository is that a file `.git` stands for, as submodules and
/// further work trees have one (`gitrepository-layout(5)`); none where it says nothing.
pub fn folder(text: &str) -> Option<&str> {
    text.strip_prefix("gitdir:").map(str::trim).filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::folder;

    #[test]
    fn a_file_in_the_folders_place_names_it() {
        assert_eq!(folder("gitdir: ../.git/modules/x\n"), Some("../.git/modules/x"));
        assert_eq!(folder("gitdir: \n"), None);
        assert_eq!(folder("worktree"), None);
    }
}
