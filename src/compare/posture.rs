//! Findings gathered by what names them across runs.

use std::collections::{BTreeMap, BTreeSet};

use super::{Card, Standing, State};
use crate::model::severity::Severity;
use crate::model::target::{Kind, Target};

/// What is compared as one: a kind and an identity, and where several things of
/// one run share that without being replicas, the id too.
pub(super) type Unit = (Kind, String, String);

/// How every rule stands on every unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posture {
    pub(super) units: BTreeMap<Unit, BTreeMap<String, Standing>>,
    /// The identities that services of several projects share.
    shared: BTreeSet<String>,
}

impl Posture {
    /// Of a scorecard. `shared` are identities that need an id beside them.
    pub(super) fn of(card: &Card, shared: BTreeSet<String>) -> Self {
        let mut posture = Self { units: BTreeMap::new(), shared };
        for subject in &card.targets {
            let unit = posture.unit(subject.kind, subject.identity(), &subject.id);
            let rules = posture.units.entry(unit).or_default();
            for said in &subject.findings {
                let one = said.standing();
                rules.entry(said.rule.clone()).and_modify(|it| *it = it.and(one)).or_insert(one);
            }
        }
        posture
    }

    pub(super) fn unit(&self, kind: Kind, identity: &str, id: &str) -> Unit {
        let is_shared = kind == Kind::Service && self.shared.contains(identity);
        let id = if is_shared { id } else { "" };
        (kind, identity.to_owned(), id.to_owned())
    }

    /// How a rule stands on a target; none where nothing is said of it.
    pub(super) fn standing(
        &self,
        target: &Target,
        identity: &str,
        rule: &str,
    ) -> Option<&Standing> {
        self.units.get(&self.unit(target.kind, identity, &target.id))?.get(rule)
    }
}

/// The identities that services of several projects in one scorecard share. A
/// service has no replicas: they are two things by one name.
pub(super) fn shared(card: &Card) -> BTreeSet<String> {
    let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for service in card.targets.iter().filter(|it| it.kind == Kind::Service) {
        ids.entry(service.identity()).or_default().insert(&service.id);
    }
    let many = ids.into_iter().filter(|(_, ids)| ids.len() > 1);
    many.map(|(identity, _)| identity.to_owned()).collect()
}

/// Whether an earlier standing excuses a finding.
pub(super) fn is_excused(before: Option<&Standing>, now: State, severity: Severity) -> bool {
    before.is_some_and(|before| super::excuses(before, now, severity))
}
