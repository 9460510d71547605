//! Signals by their names and numbers, as `signal(7)` has them on Linux.

use std::fmt;

/// One signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal(u32);

/// The standard signals of most architectures, from 1 on.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// The first real-time signal that programs can use: two are the C library's.
const RTMIN: u32 = 34;
const RTMAX: u32 = 64;

impl Signal {
    /// A child has ended.
    pub const CHILD: Self = Self(17);

    /// Reads a signal as engines take it: `SIGTERM`, `TERM`, `15`, `SIGRTMIN+3`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<u32>() {
            return (1..=RTMAX).contains(&number).then_some(Self(number));
        }
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let offset = |rest: &str, sign: char| {
            if rest.is_empty() { Some(0) } else { rest.strip_prefix(sign)?.parse::<u32>().ok() }
        };
        let number = if let Some(rest) = name.strip_prefix("RTMIN") {
            RTMIN.checked_add(offset(rest, '+')?)?
        } else if let Some(rest) = name.strip_prefix("RTMAX") {
            RTMAX.checked_sub(offset(rest, '-')?)?
        } else {
            u32::try_from(NAMES.iter().position(|known| *known == name)?).ok()? + 1
        };
        (1..=RTMAX).contains(&number).then_some(Self(number))
    }

    /// Whether a mask of `/proc/<pid>/status` holds it: the lowest bit is signal 1.
    pub const fn is_in(self, mask: u64) -> bool {
        mask >> (self.0 - 1) & 1 == 1
    }

    /// Whether no process can catch it.
    pub const fn is_final(self) -> bool {
        matches!(self.0, 9 | 19)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = usize::try_from(self.0).unwrap_or_default().checked_sub(1);
        match place.and_then(|place| NAMES.get(place)) {
            Some(name) => write!(f, "SIG{name}"),
            None if self.0 >= RTMIN => write!(f, "SIGRTMIN+{}", self.0 - RTMIN),
            None => write!(f, "signal {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_read_as_engines_take_them() {
        for (text, number) in [
            ("SIGTERM", 15),
            ("term", 15),
            ("15", 15),
            ("SIGRTMIN+3", 37),
            ("RTMAX-1", 63),
            ("SIGQUIT", 3),
        ] {
            assert_eq!(Signal::parse(text), Some(Signal(number)), "{text}");
        }
        for nothing in ["", "0", "65", "SIGNAL", "RTMIN+99", "RTMAX-99", "-1"] {
            assert_eq!(Signal::parse(nothing), None, "{nothing}");
        }
        assert_eq!(Signal(15).to_string(), "SIGTERM");
        assert_eq!(Signal(37).to_string(), "SIGRTMIN+3");
    }

    #[test]
    fn a_mask_counts_from_signal_1() {
        assert!(Signal(15).is_in(0x4000));
        assert!(!Signal(15).is_in(0xbfff));
        assert!(Signal(64).is_in(1 << 63));
    }
}
