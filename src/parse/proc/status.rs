//! `/proc/<pid>/status`: one `Name:<tab>value` line a field (`proc_pid_status(5)`).

use std::collections::BTreeMap;

use crate::model::capability::CapabilitySet;
use crate::model::untrusted::Untrusted;

/// The fields of a process, read one at a time.
#[derive(Clone, Debug)]
pub struct Status<'a> {
    fields: BTreeMap<&'a str, &'a str>,
}

impl<'a> Status<'a> {
    /// Splits the file into its fields. The first line of a name counts, so
    /// nothing that a process can write into its own name shadows a later one.
    pub fn parse(text: &'a str) -> Self {
        let mut fields = BTreeMap::new();
        for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
            fields.entry(name).or_insert_with(|| value.trim());
        }
        Self { fields }
    }

    /// One field as the kernel printed it.
    ///
    /// # Errors
    /// The field is not there.
    pub fn field(&self, name: &str) -> Result<&'a str, String> {
        self.fields.get(name).copied().ok_or_else(|| format!("there is no line {name}"))
    }

    /// The command's name, up to 15 bytes, chosen by the process.
    pub fn name(&self) -> Untrusted {
        Untrusted::from(self.field("Name").unwrap_or("?"))
    }

    /// `Uid` or `Gid`: real, effective, saved and file-system id, in the
    /// numbering of the reader's user namespace.
    ///
    /// # Errors
    /// The line is missing or holds no four numbers.
    pub fn ids(&self, name: &str) -> Result<[u32; 4], String> {
        let numbers = self.numbers(name)?;
        numbers.try_into().map_err(|_| format!("line {name} holds no four ids"))
    }

    /// A list of decimal numbers, as in `Groups` and `NSpid`.
    ///
    /// # Errors
    /// The line is missing or holds something else.
    pub fn numbers(&self, name: &str) -> Result<Vec<u32>, String> {
        let value = self.field(name)?;
        value
            .split_whitespace()
            .map(|word| word.parse().map_err(|_| format!("line {name} holds {word:?}, no number")))
            .collect()
    }

    /// One decimal number, as in `NoNewPrivs` and `Seccomp`.
    ///
    /// # Errors
    /// The line is missing or holds something else.
    pub fn number(&self, name: &str) -> Result<u32, String> {
        let value = self.field(name)?;
        value.parse().map_err(|_| format!("line {name} holds {value:?}, no number"))
    }

    /// An amount of memory in bytes, as in `VmRSS` and `RssAnon`.
    ///
    /// # Errors
    /// The line is missing or holds something else.
    pub fn kilobytes(&self, name: &str) -> Result<u64, String> {
        let value = self.field(name)?;
        let number = value.strip_suffix(" kB").and_then(|number| number.trim().parse::<u64>().ok());
        number
            .and_then(|number| number.checked_mul(1024))
            .ok_or_else(|| format!("line {name} holds {value:?}, no kilobytes"))
    }

    /// A capability mask: `CapInh`, `CapPrm`, `CapEff`, `CapBnd` or `CapAmb`.
    ///
    /// # Errors
    /// The line is missing or is no hexadecimal mask.
    pub fn capabilities(&self, name: &str) -> Result<CapabilitySet, String> {
        let value = self.field(name)?;
        u64::from_str_radix(value, 16)
            .map(CapabilitySet::from_bits)
            .map_err(|_| format!("line {name} holds {value:?}, no mask"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: &str = "Name:\tnginx\nUmask:\t0022\nState:\tS (sleeping)\nUid:\t0\t101\t0\t101\n\
        Groups:\t \nNSpid:\t812\t1\nCapEff:\t00000000a80425fb\nNoNewPrivs:\t1\nSeccomp:\t2\n";

    #[test]
    fn the_fields_of_a_real_process_are_read() {
        let status = Status::parse(REAL);
        assert_eq!(status.name().raw(), "nginx");
        assert_eq!(status.ids("Uid"), Ok([0, 101, 0, 101]));
        assert_eq!(status.numbers("Groups"), Ok(vec![]));
        assert_eq!(status.numbers("NSpid"), Ok(vec![812, 1]));
        assert_eq!(status.number("NoNewPrivs"), Ok(1));
        assert_eq!(status.capabilities("CapEff"), Ok(CapabilitySet::docker_default()));
    }

    #[test]
    fn a_missing_or_mangled_line_is_an_error_that_names_it() {
        let status = Status::parse("Seccomp:\tmany\nUid:\t0\nCapEff:\tzz\n");
        for error in [
            status.number("Seccomp").map(|_| ()),
            status.number("NoNewPrivs").map(|_| ()),
            status.ids("Uid").map(|_| ()),
            status.capabilities("CapEff").map(|_| ()),
        ] {
            assert!(error.is_err_and(|error| error.contains("line")));
        }
    }

    #[test]
    fn a_second_line_of_the_same_name_changes_nothing() {
        assert_eq!(Status::parse("Seccomp:\t0\nSeccomp:\t2\n").number("Seccomp"), Ok(0));
    }
}
