//! What a property is worth, so that two can be held against each other.

use std::collections::BTreeSet;
use std::fmt;

use super::Standing;
use crate::model::untrusted::Untrusted;

/// A value that can be stronger or weaker than another of the same property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Worth {
    /// One of few possibilities: the higher the rank, the stronger.
    Rank(u8, String),
    /// A bound: the lower, the stronger; none is the weakest.
    Bound(Option<u64>),
    /// What is granted: each more is weaker.
    Grants(BTreeSet<String>),
    /// What has no order.
    Plain(String),
}

impl Worth {
    /// A switch that makes a container stronger.
    pub fn switch(is_on: bool) -> Self {
        Self::Rank(u8::from(is_on), if is_on { "yes" } else { "no" }.to_owned())
    }

    /// How one that runs stands to the one that was asked for.
    pub fn against(&self, asked: &Self) -> Standing {
        match (self, asked) {
            _ if self == asked => Standing::Same,
            (Self::Rank(own, _), Self::Rank(asked, _)) if own != asked => by(own > asked),
            (Self::Bound(own), Self::Bound(asked)) => {
                by(own.unwrap_or(u64::MAX) < asked.unwrap_or(u64::MAX))
            }
            (Self::Grants(own), Self::Grants(asked)) => by(own.is_subset(asked)),
            _ => Standing::Different,
        }
    }
}

const fn by(is_stronger: bool) -> Standing {
    if is_stronger { Standing::Stronger } else { Standing::Weaker }
}

impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Rank(_, text) | Self::Plain(text) => text.clone(),
            Self::Bound(None) => "no limit".to_owned(),
            Self::Bound(Some(most)) => most.to_string(),
            Self::Grants(all) if all.is_empty() => "none".to_owned(),
            Self::Grants(all) => all.iter().cloned().collect::<Vec<_>>().join(", "),
        };
        write!(f, "{}", Untrusted::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(names: &[&str]) -> Worth {
        Worth::Grants(names.iter().map(|&it| it.to_owned()).collect())
    }

    #[test]
    fn less_that_is_granted_and_a_lower_bound_are_stronger() {
        let table = [
            (Worth::switch(true), Worth::switch(false), Standing::Stronger),
            (Worth::switch(false), Worth::switch(true), Standing::Weaker),
            (Worth::Bound(Some(1)), Worth::Bound(None), Standing::Stronger),
            (Worth::Bound(None), Worth::Bound(Some(1)), Standing::Weaker),
            (Worth::Bound(Some(2)), Worth::Bound(Some(2)), Standing::Same),
            (grants(&[]), grants(&["CHOWN"]), Standing::Stronger),
            (grants(&["CHOWN"]), grants(&["KILL"]), Standing::Weaker),
            (Worth::Rank(1, "uid 1".into()), Worth::Rank(1, "uid 2".into()), Standing::Different),
            (Worth::Plain("a".into()), Worth::Plain("b".into()), Standing::Different),
        ];
        for (own, asked, standing) in table {
            assert_eq!(own.against(&asked), standing, "{own} against {asked}");
        }
    }
}
