//! Access control lists (`acl(5)`), as the extended attribute
//! `system.posix_acl_access` holds them (`include/uapi/linux/posix_acl_xattr.h`).

/// Whom an entry speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// The owner.
    Owner,
    /// A user by number.
    User(u32),
    /// The file's group.
    OwningGroup,
    /// A group by number.
    Group(u32),
    /// The most that is given to anybody but the owner and the others.
    Mask,
    /// Everybody else.
    Others,
}

/// One entry: whom, and the bits `rwx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whom it speaks of.
    pub whom: Whom,
    /// What it gives.
    pub bits: u32,
}

impl Entry {
    /// The user by number that it speaks of.
    pub const fn user(&self) -> Option<u32> {
        if let Whom::User(id) = self.whom { Some(id) } else { None }
    }

    /// The group by number that it speaks of.
    pub const fn group(&self) -> Option<u32> {
        if let Whom::Group(id) = self.whom { Some(id) } else { None }
    }
}

/// The only version there is.
const VERSION: u32 = 2;

/// Reads a list from its hexadecimal digits.
///
/// # Errors
/// It is of another form.
pub fn parse(digits: &str) -> Result<Vec<Entry>, String> {
    let wrong = || format!("{digits:?} is no access control list");
    let bytes = bytes(digits).ok_or_else(wrong)?;
    let (head, entries) = bytes.split_first_chunk::<4>().ok_or_else(wrong)?;
    if u32::from_le_bytes(*head) != VERSION || entries.len() % 8 != 0 {
        return Err(wrong());
    }
    entries
        .chunks_exact(8)
        .map(|entry| {
            let entry: [u8; 8] = entry.try_into().ok()?;
            let [tag, tag_high, bits, bits_high, id @ ..] = entry;
            let id = u32::from_le_bytes(id);
            let whom = match u16::from_le_bytes([tag, tag_high]) {
                0x01 => Whom::Owner,
                0x02 => Whom::User(id),
                0x04 => Whom::OwningGroup,
                0x08 => Whom::Group(id),
                0x10 => Whom::Mask,
                0x20 => Whom::Others,
                _ => return None,
            };
            Some(Entry { whom, bits: u16::from_le_bytes([bits, bits_high]).into() })
        })
        .collect::<Option<_>>()
        .ok_or_else(wrong)
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_entry_by_entry() {
        let list = "02000000010006 00ffffffff 02000600e8030000 04000400ffffffff \
            10000600ffffffff 20000400ffffffff"
            .replace(' ', "");
        let entries = parse(&list).unwrap();
        assert_eq!(entries[1], Entry { whom: Whom::User(1000), bits: 6 });
        assert_eq!(entries.len(), 5);
        assert_eq!(entries[3], Entry { whom: Whom::Mask, bits: 6 });
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for text in ["", "02", "03000000", "0200000001", "02000000ff00060000000000", "zz000000"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
