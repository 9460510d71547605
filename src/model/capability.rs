//! Linux capabilities as a set of bits.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use caps::Capability;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A set of Linux capabilities: bit *n* is capability *n* of `capabilities(7)`.
///
/// Bits without a name on this build are kept and shown as `CAP_41`, so that a
/// newer kernel's capability is never lost.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct CapabilitySet(u64);

/// The capabilities that Docker and Podman leave to a container by default.
///
/// Source: `DefaultCapabilities` in moby `oci/caps/defaults.go`, the same list
/// since Docker 1.x.
const DOCKER_DEFAULT: [Capability; 14] = [
    Capability::CAP_CHOWN,
    Capability::CAP_DAC_OVERRIDE,
    Capability::CAP_FSETID,
    Capability::CAP_FOWNER,
    Capability::CAP_MKNOD,
    Capability::CAP_NET_RAW,
    Capability::CAP_SETGID,
    Capability::CAP_SETUID,
    Capability::CAP_SETFCAP,
    Capability::CAP_SETPCAP,
    Capability::CAP_NET_BIND_SERVICE,
    Capability::CAP_SYS_CHROOT,
    Capability::CAP_KILL,
    Capability::CAP_AUDIT_WRITE,
];

/// What Docker's default has and Podman's has not: `default_capabilities` of
/// `containers.conf(5)` since Podman 4.
const NOT_IN_PODMAN: [Capability; 3] =
    [Capability::CAP_AUDIT_WRITE, Capability::CAP_MKNOD, Capability::CAP_NET_RAW];

impl CapabilitySet {
    /// No capability at all.
    pub const EMPTY: Self = Self(0);

    /// A set from the kernel's bit mask.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The kernel's bit mask.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Every capability that has a name.
    pub fn all() -> Self {
        static ALL: LazyLock<CapabilitySet> = LazyLock::new(|| caps::all().into_iter().collect());
        *ALL
    }

    /// What Docker leaves to a container that asks for nothing.
    pub fn docker_default() -> Self {
        DOCKER_DEFAULT.into_iter().collect()
    }

    /// What Podman leaves to a container that asks for nothing.
    pub fn podman_default() -> Self {
        Self::docker_default().without(NOT_IN_PODMAN.into_iter().collect())
    }

    /// Whether the set holds nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many capabilities the set holds.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether the set holds this capability.
    pub fn has(self, capability: Capability) -> bool {
        self.0 & capability.bitmask() != 0
    }

    /// Everything in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both sets hold.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What this set holds and the other does not.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The names without `CAP_`, in the order of their numbers.
    pub fn names(self) -> Vec<Cow<'static, str>> {
        (0..u64::BITS).filter(|bit| self.0 >> bit & 1 == 1).map(name).collect()
    }
}

/// The name of a capability's number, without `CAP_`.
fn name(bit: u32) -> Cow<'static, str> {
    static NAMES: LazyLock<BTreeMap<u32, String>> = LazyLock::new(|| {
        caps::all().into_iter().map(|known| (u32::from(known.index()), short(known))).collect()
    });
    match NAMES.get(&bit) {
        Some(name) => name.as_str().into(),
        None => format!("CAP_{bit}").into(),
    }
}

fn short(capability: Capability) -> String {
    let full = capability.to_string();
    full.strip_prefix("CAP_").map(str::to_owned).unwrap_or(full)
}

impl FromIterator<Capability> for CapabilitySet {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        Self(capabilities.into_iter().fold(0, |bits, each| bits | each.bitmask()))
    }
}

/// Reads one name as people write it: any case, with or without `CAP_`, or `ALL`.
impl FromStr for CapabilitySet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let upper = text.trim().to_ascii_uppercase();
        if upper == "ALL" {
            return Ok(Self::all());
        }
        let full = if upper.starts_with("CAP_") { upper } else { format!("CAP_{upper}") };
        Capability::from_str(&full).map(|known| std::iter::once(known).collect()).map_err(|_| {
            format!("{text:?} is not a capability; expected for instance NET_BIND_SERVICE or ALL")
        })
    }
}

impl fmt::Display for CapabilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() { f.pad("none") } else { f.pad(&self.names().join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_capability_is_the_same() {
        let expected: CapabilitySet = std::iter::once(Capability::CAP_SYS_ADMIN).collect();
        for spelling in ["SYS_ADMIN", "CAP_SYS_ADMIN", "sys_admin", " cap_sys_admin "] {
            assert_eq!(spelling.parse(), Ok(expected), "{spelling}");
        }
        assert_eq!("all".parse(), Ok(CapabilitySet::all()));
        assert!("SYS_ADMIM".parse::<CapabilitySet>().is_err());
    }

    #[test]
    fn the_default_set_is_the_mask_that_docker_gives() {
        assert_eq!(CapabilitySet::docker_default().bits(), 0xa804_25fb);
    }

    #[test]
    fn a_capability_without_a_name_is_kept() {
        assert_eq!(CapabilitySet::from_bits(1 << 60).to_string(), "CAP_60");
    }
}
