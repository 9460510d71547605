//! Accounts that the files tell of from which an image is built.

use serde_json::Value;

use super::View;
use crate::model::reading::Evidence;

/// An account that a file tells of.
pub(in crate::facts) struct Told<'a> {
    pub(in crate::facts) name: Option<&'a str>,
    pub(in crate::facts) uid: Option<u32>,
    pub(in crate::facts) gid: Option<u32>,
    pub(in crate::facts) shell: Option<&'a str>,
    /// Whether a command makes it: then its number is not root's unless it says so.
    pub(in crate::facts) is_made: bool,
    pub(in crate::facts) evidence: Evidence,
}

impl<'a> View<'a> {
    /// An account that the files tell of from which a service's image is built:
    /// `/Accounts` of its draft, each with `Name`, `Uid`, `Gid` and `Shell` as far as
    /// they were written. Others may be there as well.
    pub(in crate::facts) fn told_account(
        &self,
        fits: impl Fn(&Told<'a>) -> bool,
    ) -> Option<Told<'a>> {
        let inspect = self.inspect();
        let accounts = inspect.objects("/Accounts");
        let told = |(place, entry): (usize, &&'a Value)| {
            let number = |key: &str| entry.get(key)?.as_u64()?.try_into().ok();
            Told {
                name: entry.get("Name").and_then(Value::as_str),
                uid: number("Uid"),
                gid: number("Gid"),
                is_made: entry.get("Made").and_then(Value::as_bool) == Some(true),
                shell: entry.get("Shell").and_then(Value::as_str),
                evidence: inspect.told(&format!("/Accounts/{place}"), entry.to_string()),
            }
        };
        accounts.known()?.iter().enumerate().map(told).find(fits)
    }
}
