//! What a scorecard on record says, as far as audits are compared by it.
//!
//! Fields that are not known here are passed over: a later version adds some.
//! Everything else is held against what a scorecard may say, because a file that
//! is handed on may have been made by somebody else.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Standing, State};
use crate::model::severity::Severity;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;

/// What the `schema` field of a scorecard holds.
pub const SCHEMA: &str = "secaudit/scorecard/v1";

/// The most bytes of a scorecard that are read: about a thousand containers.
pub const LARGEST: usize = 128 << 20;

/// The most characters of a rule's id.
const LONGEST_RULE: usize = 64;

/// Why something is no scorecard that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// It is no JSON, or what stands in it is of another type than in a scorecard.
    #[error("it is no scorecard: {0}; write one with --format json")]
    Malformed(Untrusted),
    /// It is something else.
    #[error("it is {0} and no {SCHEMA}; write one with --format json")]
    Other(Untrusted),
    /// It has a value that no scorecard has.
    #[error("{0}: no secaudit writes that")]
    Impossible(String),
}

/// A scorecard.
#[derive(Clone, Debug, Deserialize)]
pub struct Card {
    /// The program that judged.
    pub tool: Tool,
    /// When the evidence was collected, in UTC (RFC 3339).
    pub collected_at: Untrusted,
    /// How its scores are counted.
    pub score_model: u32,
    /// The policy's name.
    pub policy: Untrusted,
    /// Whether declarations could acquit.
    pub accepts_declared: bool,
    /// What could not be asked at all.
    pub origin: Origin,
    /// Every target.
    pub targets: Vec<Subject>,
    /// The rules that were judged, by id.
    pub rules: BTreeMap<String, About>,
    /// What came of each waiver.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
}

/// A program.
#[derive(Clone, Debug, Deserialize)]
pub struct Tool {
    /// Its version.
    pub version: Untrusted,
}

/// Where targets come from.
#[derive(Clone, Debug, Deserialize)]
pub struct Origin {
    /// What could not be asked at all.
    pub gaps: Vec<Missing>,
}

/// What was asked for and is not there.
#[derive(Clone, Debug, Deserialize)]
pub struct Missing {
    /// What happened.
    pub detail: Untrusted,
}

/// What a rule is about.
#[derive(Clone, Debug, Deserialize)]
pub struct About {
    /// The claim in a few words.
    pub title: Untrusted,
    /// Its severity under the policy.
    pub severity: Severity,
}

/// What came of a waiver.
#[derive(Clone, Debug, Deserialize)]
pub struct Waiver {
    /// The word that a scorecard has for it.
    pub state: String,
    #[serde(default)]
    at: Option<Written>,
    #[serde(default)]
    label: Option<Label>,
    /// The names of the targets that it covers.
    #[serde(default)]
    covers: Vec<Untrusted>,
}

/// A place in a file.
#[derive(Clone, Debug, Deserialize)]
struct Written {
    file: Untrusted,
    line: u32,
    column: u32,
}

/// A label of a target.
#[derive(Clone, Debug, Deserialize)]
struct Label {
    of: Untrusted,
    name: Untrusted,
}

impl Waiver {
    /// Whether it waives nothing.
    pub fn is_idle(&self) -> bool {
        match self.state.as_str() {
            "in-force" | "ending" => false,
            "void" => self.covers.is_empty(),
            _ => true,
        }
    }

    /// Where it stands, as people write it.
    pub fn place(&self) -> Untrusted {
        let at = self.at.as_ref();
        let at = at.map(|it| format!("{}:{}:{}", it.file.raw(), it.line, it.column));
        let label = self.label.as_ref();
        let label = label.map(|it| format!("{}, label {}", it.of.raw(), it.name.raw()));
        at.or(label).unwrap_or_default().into()
    }
}

/// One target.
#[derive(Clone, Debug, Deserialize)]
pub struct Subject {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: Untrusted,
    /// What it is called across runs; empty in scorecards of before that was told.
    #[serde(default)]
    identity: Untrusted,
    /// The headline, from 0 to 100.
    pub floor: u8,
    /// How many rules apply, are verified, stated and unknown.
    pub coverage: Counted,
    /// The verdict of each rule.
    pub findings: Vec<Said>,
}

impl Subject {
    /// What it is called across runs.
    pub fn identity(&self) -> &str {
        let own = self.identity.raw();
        if own.is_empty() { self.name.raw() } else { own }
    }
}

/// How many rules there are of each kind.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Counted {
    /// Those that apply, or may apply.
    pub applicable: u32,
    /// Those decided by evidence.
    pub verified: u32,
    /// Those passed on a declaration alone.
    pub stated: u32,
    /// Those that could not be decided.
    pub unknown: u32,
}

/// One rule's verdict on one target.
#[derive(Clone, Debug, Deserialize)]
pub struct Said {
    /// The rule's id.
    pub rule: String,
    /// How bad it is, or would be.
    pub severity: Severity,
    verdict: Verdict,
    #[serde(default)]
    stated: bool,
    #[serde(default)]
    statements: Vec<Untrusted>,
    #[serde(default)]
    gap: Option<Missing>,
    #[serde(default)]
    waived_at: Option<Untrusted>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Pass,
    Fail,
    Unknown,
    NotApplicable,
}

impl Said {
    /// How it stands.
    pub const fn state(&self) -> State {
        match (self.verdict, self.waived_at.is_some()) {
            (Verdict::Fail | Verdict::Unknown, true) => State::Waived,
            (Verdict::Fail, false) => State::Failing,
            (Verdict::Unknown, false) => State::Unknown,
            (Verdict::Pass, _) if self.stated => State::Stated,
            (Verdict::Pass | Verdict::NotApplicable, _) => State::Well,
        }
    }

    pub(super) fn standing(&self) -> Standing {
        Standing::of(self.state(), self.severity)
    }

    /// What shows it: the first statement, or why nobody can tell.
    pub fn words(&self) -> Option<&Untrusted> {
        self.gap.as_ref().map(|it| &it.detail).or_else(|| self.statements.first())
    }
}

impl Card {
    /// Reads a scorecard.
    ///
    /// # Errors
    /// It is none of version 1, or says what no scorecard says.
    pub fn read(bytes: &[u8]) -> Result<Self, CardError> {
        #[derive(Deserialize)]
        struct Head {
            schema: Option<Untrusted>,
        }
        let malformed = |error: serde_json::Error| CardError::Malformed(error.to_string().into());
        // What it is first: of something else every field would be wrong.
        let head: Head = serde_json::from_slice(bytes).map_err(malformed)?;
        match head.schema {
            None => return Err(CardError::Malformed("it has no schema".into())),
            Some(other) if other.raw() != SCHEMA => return Err(CardError::Other(other)),
            Some(_) => {}
        }
        let card: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        card.impossible().map_or(Ok(card), |it| Err(CardError::Impossible(it)))
    }

    /// What no scorecard says, and this one does.
    fn impossible(&self) -> Option<String> {
        let is_id = |id: &str| {
            let is_plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
            !id.is_empty() && id.len() <= LONGEST_RULE && id.bytes().all(is_plain)
        };
        let findings = || self.targets.iter().flat_map(|it| &it.findings);
        let rules = self.rules.keys().chain(findings().map(|it| &it.rule));
        let odd = |id: &String| format!("a rule {}", Untrusted::from(id.as_str()));
        if let Some(id) = rules.into_iter().find(|id| !is_id(id)) {
            return Some(odd(id));
        }
        if let Some(it) = findings().find(|it| !self.rules.contains_key(&it.rule)) {
            return Some(format!("a finding of the rule {}, which it did not judge by", it.rule));
        }
        let too_many = |it: &&Subject| {
            let Counted { applicable, verified, stated, unknown } = it.coverage;
            let counted = [verified, stated, unknown].map(u64::from).into_iter().sum::<u64>();
            it.floor > 100 || counted > u64::from(applicable)
        };
        let target = self.targets.iter().find(too_many)?;
        Some(format!("what {} scores, or is verified to", target.name))
    }
}
