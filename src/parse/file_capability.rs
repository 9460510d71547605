//! The extended attribute `security.capability` of a file.
//!
//! The layout is `struct vfs_cap_data` and `struct vfs_ns_cap_data` of
//! `linux/capability.h`: a word with the revision and the effective bit, one
//! pair of words (permitted, inheritable) in revision 1 and two in the later
//! ones, and in revision 3 the user id that is root where the file counts. All
//! words are little-endian.

use crate::model::capability::CapabilitySet;

/// What a file gives to whoever executes it (`capabilities(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileCapability {
    /// Gained, as far as the process's bounding set holds them.
    pub permitted: CapabilitySet,
    /// Gained, as far as the process's inheritable set holds them.
    pub inheritable: CapabilitySet,
    /// Whether they are in force at once. Then the kernel refuses to execute
    /// the file for a process that cannot be given all of `permitted`.
    pub effective: bool,
    /// Revision 3: the uid, in the reader's numbering, that must be root in the
    /// process's user namespace or in one around it. Without one, the file
    /// counts wherever its file system does.
    pub root: Option<u32>,
}

/// `VFS_CAP_REVISION_MASK`.
const REVISION: u32 = 0xff00_0000;

/// `VFS_CAP_FLAGS_EFFECTIVE`.
const EFFECTIVE: u32 = 1;

/// Reads the value as it is recorded, in hexadecimal digits.
///
/// # Errors
/// It is none of the three revisions, or not of its length.
pub fn parse(hexadecimal: &str) -> Result<FileCapability, String> {
    let words = words(hexadecimal)
        .ok_or_else(|| format!("security.capability={hexadecimal:?} is no row of words"))?;
    let (magic, rest) = words.split_first().ok_or("security.capability is empty")?;
    let (low, high, root) = match (magic & REVISION, rest) {
        (0x0100_0000, [permitted, inheritable]) => ((permitted, inheritable), (&0, &0), None),
        (0x0200_0000, [permitted, inheritable, more, heirs]) => {
            ((permitted, inheritable), (more, heirs), None)
        }
        (0x0300_0000, [permitted, inheritable, more, heirs, root]) => {
            ((permitted, inheritable), (more, heirs), Some(*root))
        }
        _ => return Err(format!("security.capability={hexadecimal} is of no known revision")),
    };
    let set = |low: &u32, high: &u32| {
        CapabilitySet::from_bits(u64::from(*low) | u64::from(*high) << u32::BITS)
    };
    Ok(FileCapability {
        permitted: set(low.0, high.0),
        inheritable: set(low.1, high.1),
        effective: magic & EFFECTIVE != 0,
        root,
    })
}

fn words(hexadecimal: &str) -> Option<Vec<u32>> {
    let digits: Vec<u32> =
        hexadecimal.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    let whole = digits.chunks_exact(8);
    whole.remainder().is_empty().then(|| {
        whole
            .map(|eight| {
                // Two digits a byte, and the lowest byte first.
                let bytes = eight.chunks_exact(2).rev();
                bytes.flatten().fold(0, |word, digit| word << 4 | digit)
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_setcap_writes_for_ping_is_read() {
        let found = parse("0100000200200000000000000000000000000000").unwrap();
        assert_eq!(found.permitted, "NET_RAW".parse().unwrap());
        assert_eq!(found.inheritable, CapabilitySet::EMPTY);
        assert!(found.effective);
        assert_eq!(found.root, None);
    }

    #[test]
    fn every_revision_is_read_and_the_high_words_count() {
        let first = parse("000000010100000002000000").unwrap();
        assert_eq!((first.permitted.bits(), first.inheritable.bits()), (1, 2));
        assert!(!first.effective);
        let second = parse("0000000200000000000000000000000001000000").unwrap();
        assert_eq!((second.permitted.bits(), second.inheritable.bits()), (0, 1 << 32));
        let third = parse("010000030100000000000000800000000000000000860200").unwrap();
        assert_eq!(third.permitted.bits(), 1 | 1 << 39);
        assert_eq!(third.root, Some(165_376));
    }

    #[test]
    fn another_form_is_an_error_and_no_panic() {
        for text in ["", "0", "zz", "01000002", "00000004", "0100000200", "é00000020000000"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
