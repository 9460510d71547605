//! The further attributes of an archive's entry: the records of POSIX's `pax`.

/// What is told of an entry before its own header.
#[derive(Debug, Default)]
pub(super) struct Extension {
    pub(super) name: Option<Vec<u8>>,
    pub(super) target: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    /// `system.posix_acl_access` in hexadecimal digits.
    pub(super) acl: Option<String>,
    /// `security.capability` in hexadecimal digits.
    pub(super) capability: Option<String>,
}

/// More bytes than any attribute that is kept has: an access control list of
/// 128 entries (`acl(5)`).
const LONGEST_ATTRIBUTE: usize = 4 + 128 * 8;

impl Extension {
    /// Takes in records, each `length key=value` with a line's end. A value may
    /// hold any byte, so only the length tells where it ends.
    ///
    /// # Errors
    /// Something is no record.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while !bytes.is_empty() {
            let (record, rest) = split(bytes).ok_or("its attributes are no pax records")?;
            let equals = record.iter().position(|byte| *byte == b'=');
            let (key, value) = equals.map_or((record, &[][..]), |it| record.split_at(it));
            self.keep(key, value.strip_prefix(b"=").unwrap_or(value))?;
            bytes = rest;
        }
        Ok(())
    }

    fn keep(&mut self, key: &[u8], value: &[u8]) -> Result<(), String> {
        // An empty value takes back what was told before.
        let bytes = || (!value.is_empty()).then(|| value.to_vec());
        let digits = || {
            let value = value.get(..LONGEST_ATTRIBUTE).unwrap_or(value);
            (!value.is_empty()).then(|| value.iter().map(|byte| format!("{byte:02x}")).collect())
        };
        match key {
            // A sparse file's own name; the other one is made up.
            b"path" | b"GNU.sparse.name" => self.name = bytes(),
            b"linkpath" => self.target = bytes(),
            b"size" => self.size = number(value)?,
            b"uid" => self.uid = number(value)?,
            b"gid" => self.gid = number(value)?,
            b"SCHILY.xattr.security.capability" => self.capability = digits(),
            b"SCHILY.xattr.system.posix_acl_access" => self.acl = digits(),
            _ => {}
        }
        Ok(())
    }
}

/// The first record without its length and line's end, and what follows it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(bytes.get(..blank)?).ok()?.parse().ok()?;
    let (record, rest) = bytes.split_at_checked(length)?;
    Some((record.get(blank + 1..)?.strip_suffix(b"\n")?, rest))
}

fn number(value: &[u8]) -> Result<Option<u64>, String> {
    if value.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(value).ok();
    text.and_then(|text| text.parse().ok()).map(Some).ok_or("a number has no digits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(records: &[u8]) -> Result<Extension, String> {
        let mut extension = Extension::default();
        extension.read(records).map(|()| extension)
    }

    #[test]
    fn a_value_may_hold_line_ends_and_zeros() {
        let value = b"\x01\0\0\x02\n0 x=\n\0";
        let mut records = b"45 SCHILY.xattr.security.capability=".to_vec();
        records.extend_from_slice(value);
        records.extend_from_slice(b"\n");
        let length = records.len();
        records.splice(..2, length.to_string().into_bytes());
        records.extend_from_slice(b"12 path=a b\n");
        let extension = read(&records).unwrap();
        assert_eq!(extension.capability.as_deref(), Some("010000020a3020783d0a00"));
        assert_eq!(extension.name.as_deref(), Some(&b"a b"[..]));
    }

    #[test]
    fn an_empty_value_takes_back_what_was_told() {
        let extension = read(b"9 path=a\n8 path=\n").unwrap();
        assert_eq!(extension.name, None);
    }

    #[test]
    fn what_is_no_record_is_an_error() {
        let bad: [&[u8]; 7] = [
            b"9 path=ab\n",
            b"99 path=a\n",
            b"0 path=a\n",
            b"-1 path=a\n",
            b"path=a\n",
            b"18446744073709551616 a=b\n",
            b"9 uid=ab\n",
        ];
        for records in bad {
            assert!(read(records).is_err(), "{records:?}");
        }
    }
}
