//! Which files git tracks: `.git/index` (`gitformat-index(5)`), versions 2 to 4.

/// How many bytes of an entry stand before the digest of its content.
const BEFORE: usize = 40;

/// The digests of SHA-1, and those of SHA-256 in a repository that has chosen it.
const DIGESTS: [usize; 2] = [20, 32];

/// The flag of an entry that has two bytes of flags more.
const EXTENDED: u16 = 0x4000;

/// Whether an index has a file of this path below the repository's root.
///
/// # Errors
/// Why nobody can tell, as a fragment.
pub fn has(index: &[u8], path: &[u8]) -> Result<bool, &'static str> {
    let header = index.get(..12).filter(|it| it.starts_with(b"DIRC"));
    let header = header.ok_or("it is no index of git")?;
    let (version, count) = (number(header, 4), number(header, 8));
    let (Some(version @ 2..=4), Some(count)) = (version, count) else {
        return Err("it is an index of git in a version that is not known");
    };
    // Only the repository's settings say which digests it has; with the others
    // nothing fits.
    let read = DIGESTS.iter().find_map(|digest| entries(index, version, count, *digest, path));
    read.unwrap_or(Err("it is damaged"))
}

/// Whether one of the entries is the path; none where what follows them is no index.
fn entries(
    index: &[u8],
    version: u32,
    count: u32,
    digest: usize,
    path: &[u8],
) -> Option<Result<bool, &'static str>> {
    let mut at = 12;
    let mut name = Vec::new();
    let (mut is_there, mut is_folded) = (false, false);
    for _ in 0..count {
        let start = at;
        let flags = at + BEFORE + digest;
        let bits = index.get(flags..flags + 2)?;
        let bits = u16::from_be_bytes(bits.try_into().ok()?);
        at = flags + if version > 2 && bits & EXTENDED != 0 { 4 } else { 2 };
        if version == 4 {
            // So many letters of the name before are not those of this one.
            let (cut, after) = offset(index, at)?;
            name.truncate(name.len().checked_sub(cut)?);
            at = after;
        } else {
            name.clear();
        }
        let length = index.get(at..)?.iter().position(|it| *it == 0)?;
        name.extend_from_slice(index.get(at..at + length)?);
        at += length + 1;
        if version < 4 {
            // Each entry is as long as a multiple of eight.
            at = start + (at - start).next_multiple_of(8);
        }
        is_there |= name == path;
        // A whole folder that is not checked out stands for what is in it.
        is_folded |= name.ends_with(b"/") && path.starts_with(&name);
    }
    let is_split = extensions(index, at, digest)?;
    Some(match (is_there, is_split || is_folded) {
        (true, _) => Ok(true),
        (false, false) => Ok(false),
        (false, true) => Err("a part of it is in another file"),
    })
}

/// Whether one of the extensions says that there are more entries elsewhere; none
/// where it is no extension that stands there.
fn extensions(index: &[u8], mut at: usize, digest: usize) -> Option<bool> {
    let end = index.len().checked_sub(digest)?;
    let mut is_split = false;
    while at < end {
        let size = usize::try_from(number(index.get(..end)?, at + 4)?).ok()?;
        is_split |= index.get(at..at + 4)? == b"link";
        at = at.checked_add(8)?.checked_add(size)?;
    }
    (at == end).then_some(is_split)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// A number of seven bits a byte, as packs have their offsets, and where it ends.
fn offset(index: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    loop {
        let byte = *index.get(at)?;
        at += 1;
        value = value.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some((value, at));
        }
        value = value.checked_add(1)?;
    }
}

#[cfg(test)]
mod tests {
    use super::has;

    /// An index of these names, in order.
    fn index(version: u32, digest: usize, names: &[&str], extension: &[u8]) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend(u32::try_from(names.len()).unwrap().to_be_bytes());
        let mut before = "";
        for name in names {
            let start = bytes.len();
            bytes.extend(vec![7; 40 + digest]);
            let is_extended = version > 2 && name.len() % 2 == 0;
            let flags = if is_extended { 0x4000 } else { 0 } | u16::try_from(name.len()).unwrap();
            bytes.extend(flags.to_be_bytes());
            bytes.extend(if is_extended { &[0_u8; 2] as &[u8] } else { &[] });
            if version == 4 {
                let same = before.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
                let cut = before.len() - same;
                if cut >= 128 {
                    bytes.push(0x80 | u8::try_from((cut - 128) >> 7).unwrap());
                }
                bytes.push(u8::try_from(cut & 0x7f).unwrap());
                bytes.extend(&name.as_bytes()[same..]);
                bytes.push(0);
            } else {
                bytes.extend(name.as_bytes());
                bytes.push(0);
                while !(bytes.len() - start).is_multiple_of(8) {
                    bytes.push(0);
                }
            }
            before = name;
        }
        if !extension.is_empty() {
            bytes.extend(extension);
            bytes.extend(4_u32.to_be_bytes());
            bytes.extend([1; 4]);
        }
        bytes.extend(vec![9; digest]);
        bytes
    }

    #[test]
    fn a_name_is_found_in_every_version_and_with_both_digests() {
        let long = format!("b/{}", "x".repeat(200));
        let names = [".env", "a/.env", long.as_str(), "c"];
        for version in 2..=4 {
            for digest in [20, 32] {
                let index = index(version, digest, &names, b"TREE");
                for name in names {
                    assert_eq!(has(&index, name.as_bytes()), Ok(true), "{version} {digest} {name}");
                }
                for name in ["env", ".envx", "a", "b/.env", ""] {
                    let found = has(&index, name.as_bytes());
                    assert_eq!(found, Ok(false), "{version} {digest} {name}");
                }
            }
        }
        assert_eq!(has(&index(2, 20, &[], b""), b".env"), Ok(false));
    }

    #[test]
    fn what_is_in_another_file_is_not_told() {
        let split = index(2, 20, &["a"], b"link");
        assert!(has(&split, b".env").is_err());
        assert_eq!(has(&split, b"a"), Ok(true));
        let folded = index(3, 20, &["a/"], b"sdir");
        assert!(has(&folded, b"a/.env").is_err());
        assert_eq!(has(&folded, b"b/.env"), Ok(false));
    }

    #[test]
    fn whatever_is_cut_short_is_told_and_harms_nobody() {
        let whole = index(4, 20, &[".env", "a/b"], b"TREE");
        // What stands after the entries may be a digest for all that this looks at.
        let entries = whole.len() - 20 - 12;
        for end in (0..whole.len()).filter(|end| *end != entries + 20) {
            assert!(has(&whole[..end], b".envx").is_err(), "{end}");
        }
        for text in [b"" as &[u8], b"DIRC\0\0\0\x09\0\0\0\0", b"DIRC\0\0\0\x02\xff\xff\xff\xff"] {
            assert!(has(text, b".env").is_err());
        }
    }
}
