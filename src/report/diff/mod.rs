//! What has changed between two scorecards: its frozen shape, version 1, and a
//! writer for people and one for pull requests.

mod markdown;
mod terminal;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tool;
use crate::compare::{self, Card, Difference, Standing};
use crate::gate::counted;
use crate::model::finding::fingerprint;
use crate::model::severity::Severity;
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;

pub use markdown::markdown;
pub use terminal::render;

/// What the `schema` field holds.
pub const SCHEMA: &str = "secaudit/diff/v1";

/// Two scorecards, and what has changed from one to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diff {
    /// Always `secaudit/diff/v1`.
    pub schema: String,
    /// The program that compared.
    pub tool: super::v1::Tool,
    /// The older scorecard.
    pub old: Side,
    /// The newer one.
    pub new: Side,
    /// What makes the two hard to compare, such as different policies.
    pub remarks: Vec<String>,
    /// The mildest severity that fails; null: no change does.
    pub fail_on: Option<Severity>,
    /// 0 nothing is new, worse or unknown now at or above that, 1 something is new or
    /// worse, 3 something is unknown now or the newer audit was not complete.
    pub exit_code: u8,
    /// Why it fails; empty: it does not.
    pub failures: Vec<String>,
    /// Why it is incomplete; empty: it is complete.
    pub gaps: Vec<String>,
    /// How many findings fail or are unknown as before.
    pub still_bad: usize,
    /// How many are well as before.
    pub still_well: usize,
    /// Every finding that has changed: by the change, then the gravest first.
    pub changes: Vec<Changed>,
    /// What everything scores, the worst of replicas; empty where the score models differ.
    pub scores: Vec<Score>,
}

/// One of the two scorecards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// The file.
    pub file: Untrusted,
    /// The version that judged.
    pub version: Untrusted,
    /// When the evidence was collected, in UTC (RFC 3339).
    pub collected_at: Untrusted,
    /// The policy's name.
    pub policy: Untrusted,
    /// How its scores are counted.
    pub score_model: u32,
    /// How many targets it has.
    pub targets: usize,
}

/// How a finding has changed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It fails, and nothing was said of it before.
    New,
    /// It fails and did not, or more gravely than it did.
    Worse,
    /// Nobody can tell now.
    UnknownNow,
    /// Somebody answers for it now.
    WaivedNow,
    /// It is milder, or known to hold where it was unknown.
    Better,
    /// It failed, and is known to hold.
    Fixed,
    /// It was bad, and nothing is said of it any more.
    Gone,
}

impl Change {
    /// None where nothing has changed.
    const fn of(change: compare::Change) -> Option<Self> {
        Some(match change {
            compare::Change::New => Self::New,
            compare::Change::Worse => Self::Worse,
            compare::Change::UnknownNow => Self::UnknownNow,
            compare::Change::WaivedNow => Self::WaivedNow,
            compare::Change::Better => Self::Better,
            compare::Change::Fixed => Self::Fixed,
            compare::Change::Gone => Self::Gone,
            compare::Change::Unchanged => return None,
        })
    }

    /// The words used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::UnknownNow => "unknown now",
            Self::WaivedNow => "waived now",
            Self::Better => "better",
            Self::Fixed => "fixed",
            Self::Gone => "gone",
        }
    }
}

/// How a rule stood or stands on a target, the worst of its replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The rule holds, or does not apply.
    Well,
    /// It holds by a declaration alone.
    Stated,
    /// It is broken or unknown, and somebody answers for it.
    Waived,
    /// Nobody can tell.
    Unknown,
    /// It is broken.
    Failing,
}

/// A state and how grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stand {
    /// The state.
    pub state: State,
    /// How bad it is, or would be.
    pub severity: Severity,
}

impl Stand {
    fn of(standing: &Standing) -> Self {
        let (state, severity) = match standing.state() {
            compare::State::Well => (State::Well, None),
            compare::State::Stated => (State::Stated, None),
            compare::State::Waived => (State::Waived, None),
            compare::State::Unknown => (State::Unknown, standing.unknown),
            compare::State::Failing => (State::Failing, standing.failing),
        };
        Self { state, severity: severity.unwrap_or(standing.severity) }
    }

    fn in_words(stand: Option<Self>) -> String {
        let Some(Self { state, severity }) = stand else { return "not there".to_owned() };
        match state {
            State::Well => "well".to_owned(),
            State::Stated => "stated".to_owned(),
            State::Waived => "waived".to_owned(),
            State::Unknown => format!("unknown ({severity})"),
            State::Failing => format!("failing ({severity})"),
        }
    }
}

/// A finding that has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// How.
    pub change: Change,
    /// How grave that is: of what is bad now, else of what was.
    pub severity: Severity,
    /// The rule's id.
    pub rule: String,
    /// What the rule claims.
    pub title: Untrusted,
    /// What kind of thing it is said of.
    pub kind: Kind,
    /// What that is called across runs.
    pub target: Untrusted,
    /// Names the finding across runs, as in scorecards.
    pub fingerprint: String,
    /// How it stood; null where nothing was said.
    pub before: Option<Stand>,
    /// How it stands; null where nothing is said.
    pub now: Option<Stand>,
    /// The names of those that show it: now, or before where it is gone.
    pub on: Vec<Untrusted>,
    /// What shows it, on the first of them.
    pub shown_by: Option<Untrusted>,
}

impl Changed {
    /// `failing (high) → well`.
    fn turn(&self) -> String {
        format!("{} → {}", Stand::in_words(self.before), Stand::in_words(self.now))
    }
}

/// What something scored and scores; null where it is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// What kind of thing it is.
    pub kind: Kind,
    /// What it is called across runs.
    pub target: Untrusted,
    /// The older floor.
    pub before: Option<u8>,
    /// The newer floor.
    pub now: Option<u8>,
}

/// Compares two scorecards, each with the file that it is from.
pub fn assemble(
    (old_file, old): (&str, &Card),
    (new_file, new): (&str, &Card),
    fail_on: Option<Severity>,
) -> Diff {
    let Difference { remarks, rows, still, well, scores } = compare::between(old, new);
    let titled = |rule: &String| new.rules.get(rule).or_else(|| old.rules.get(rule));
    let changed = |row: compare::Row| {
        Some(Changed {
            change: Change::of(row.change)?,
            severity: row.severity,
            title: titled(&row.rule).map(|it| it.title.clone()).unwrap_or_default(),
            fingerprint: fingerprint(&row.rule, row.kind, &row.identity),
            rule: row.rule,
            kind: row.kind,
            target: row.identity,
            before: row.standings.before.as_ref().map(Stand::of),
            now: row.standings.now.as_ref().map(Stand::of),
            on: row.on,
            shown_by: row.words,
        })
    };
    let changes: Vec<Changed> = rows.into_iter().filter_map(changed).collect();
    let (failures, gaps) = (failures(&changes, fail_on), gaps(&changes, new, fail_on));
    Diff {
        schema: SCHEMA.to_owned(),
        tool: tool(),
        old: side(old_file, old),
        new: side(new_file, new),
        remarks,
        fail_on,
        exit_code: match (failures.is_empty(), gaps.is_empty()) {
            (false, _) => 1,
            (true, false) => 3,
            (true, true) => 0,
        },
        failures,
        gaps,
        still_bad: still,
        still_well: well,
        changes,
        scores: scores
            .into_iter()
            .map(|it| Score { kind: it.kind, target: it.identity, before: it.before, now: it.now })
            .collect(),
    }
}

fn side(file: &str, card: &Card) -> Side {
    Side {
        file: file.into(),
        version: card.tool.version.clone(),
        collected_at: card.collected_at.clone(),
        policy: card.policy.clone(),
        score_model: card.score_model,
        targets: card.targets.len(),
    }
}

/// How many have changed like this, at or above a severity.
fn count(changes: &[Changed], which: Change, least: Severity) -> usize {
    changes.iter().filter(|it| it.change == which && it.severity >= least).count()
}

fn failures(changes: &[Changed], fail_on: Option<Severity>) -> Vec<String> {
    let Some(least) = fail_on else { return Vec::new() };
    let of = |which: Change| match count(changes, which, least) {
        0 => None,
        many => Some(format!("{many} {}", which.name())),
    };
    let all: Vec<String> = [of(Change::New), of(Change::Worse)].into_iter().flatten().collect();
    if all.is_empty() {
        Vec::new()
    } else {
        vec![format!("{} at {least} or above", all.join(", "))]
    }
}

/// What is not known any more, and what the newer audit could not ask at all: to see
/// nothing is not to see that nothing is wrong.
fn gaps(changes: &[Changed], new: &Card, fail_on: Option<Severity>) -> Vec<String> {
    let mut gaps = Vec::new();
    if let Some(least) = fail_on {
        match count(changes, Change::UnknownNow, least) {
            0 => {}
            many => {
                gaps.push(format!("{} unknown now at {least} or above", counted(many, "check")))
            }
        }
    }
    gaps.extend(new.origin.gaps.iter().map(|it| it.detail.to_string()));
    if new.targets.is_empty() {
        gaps.push("the newer scorecard has no target".to_owned());
    }
    gaps
}

/// In one line: a word in capitals, then why.
pub fn conclusion(diff: &Diff) -> String {
    let all = || [diff.failures.as_slice(), diff.gaps.as_slice()].concat().join("; ");
    match (diff.exit_code, diff.fail_on) {
        (0, Some(least)) => {
            format!("PASSED: nothing at {least} or above is new, worse or unknown now")
        }
        (0, None) => "PASSED: no change fails".to_owned(),
        (1, _) => format!("FAILED: {}", all()),
        _ => format!("INCOMPLETE: {}", all()),
    }
}
