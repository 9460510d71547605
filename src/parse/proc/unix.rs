//! `/proc/<pid>/net/unix` (`proc_pid_net(5)`, `unix(7)`).

/// A socket that listens and has a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening<'a> {
    /// Its number, as `socket:[number]` names it; not the inode of its file.
    pub number: u64,
    /// The path that it was bound to; one that begins with `@` is abstract.
    pub path: &'a str,
}

/// `__SO_ACCEPTCON` in the kernel's `include/uapi/linux/net.h`: it listens.
const ACCEPTS: u32 = 1 << 16;

/// The listening sockets with a path. Lines of another form, the heading among
/// them, are passed over.
pub fn listening(text: &str) -> Vec<Listening<'_>> {
    text.lines().filter_map(socket).collect()
}

fn socket(line: &str) -> Option<Listening<'_>> {
    // Num RefCount Protocol Flags Type St Inode Path
    let mut rest = line;
    let mut words = [""; 7];
    for word in &mut words {
        rest = rest.trim_start();
        let (first, after) = rest.split_once(' ')?;
        (*word, rest) = (first, after);
    }
    let [_, _, _, flags, _, _, number] = words;
    let flags = u32::from_str_radix(flags, 16).ok()?;
    let listens = flags & ACCEPTS != 0 && !rest.is_empty();
    listens.then_some(Listening { number: number.parse().ok()?, path: rest })
}

/// The number in `socket:[4711]`, as `/proc/<pid>/fd` shows a socket.
pub fn number(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_listens_at_a_path_is_found_and_a_path_may_hold_blanks() {
        let text = "Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000033fd0dd5: 00000002 00000000 00010000 0001 01  3577 /run/my docker.sock\n\
            0000000033fd0dd6: 00000003 00000000 00000000 0001 03  3578 /run/docker.sock\n\
            0000000033fd0dd7: 00000002 00000000 00010000 0001 01  3579\n\
            nonsense\n";
        assert_eq!(listening(text), [Listening { number: 3577, path: "/run/my docker.sock" }]);
    }

    #[test]
    fn a_sockets_number_is_read_and_other_files_have_none() {
        assert_eq!(number("socket:[4711]"), Some(4711));
        assert_eq!(number("pipe:[4711]"), None);
    }
}
