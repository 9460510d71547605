//! What the policy in force wants, where a setting has to take its measure.

use crate::policy::Policy;
use crate::rules::{Rule, Settings};

/// The policy, asked for what its rules are told.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a>(pub(super) &'a Policy);

impl<'a> Wanted<'a> {
    /// The values of a rule's parameter; none where the rule is switched off.
    pub(super) fn list(self, rule: &Rule, name: &str) -> &'a [String] {
        self.settings(rule).map(|it| it.list(name)).unwrap_or_default()
    }

    fn settings(self, rule: &Rule) -> Option<&'a Settings> {
        let Self(policy) = self;
        Some(&policy.rules.iter().find(|it| it.rule.id == rule.id)?.settings)
    }
}
