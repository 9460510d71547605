//! The frozen shape of a scorecard, version 1.
//!
//! Programs read this. A field is added here, never renamed, retyped or
//! removed: that would be version 2. The types are the report's own, so that
//! the model can change without changing what was promised.

pub mod checklist;
mod next;
mod reachability;
mod waiver;

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::reading::Gap;
use crate::model::severity::Severity;
use crate::model::source::{Basis, Source};
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::score::{Coverage, Grade};

pub use next::{Next, Run, Step};
pub use reachability::{Port, Reach, Reachability, Unplaced, Via};
pub use waiver::{Label, Waiver, WaiverState};

/// What the `schema` field holds.
pub const SCHEMA: &str = crate::compare::SCHEMA;

/// The result of one audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Always `secaudit/scorecard/v1`.
    pub schema: String,
    /// The program that judged.
    pub tool: Tool,
    /// When the evidence was collected, in UTC (RFC 3339).
    pub collected_at: String,
    /// What shows that the clock which told that is more than a day behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_behind: Option<ClockBehind>,
    /// How scores are counted; scores of different models do not compare.
    pub score_model: u32,
    /// The policy's name.
    pub policy: String,
    /// The file (`secaudit.toml`) whose settings held, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Untrusted>,
    /// The rules that the policy switched off.
    pub switched_off: Vec<String>,
    /// Whether declarations may acquit where no kernel can be reached.
    pub accepts_declared: bool,
    /// Where the targets come from.
    pub origin: Origin,
    /// Whether the audit fails or is incomplete, and why.
    pub gate: Gate,
    /// All targets together; absent where there is none.
    pub fleet: Option<Fleet>,
    /// Every target with all its findings, sorted by name.
    pub targets: Vec<Target>,
    /// Which of the targets can connect to which, and to what.
    pub reachability: Reachability,
    /// What the findings' rules are about, by id.
    pub rules: BTreeMap<String, Rule>,
    /// The waivers of the policy, of files and of labels, and what came of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
    /// The checklists that the targets were held against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklists: Vec<checklist::Checklist>,
}

/// Something that is past, and of which the clock says that it is to come. Waivers are
/// judged by its day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockBehind {
    /// When it was, in UTC (RFC 3339).
    pub at: String,
    /// What it was, as the end of a sentence.
    pub by: Untrusted,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Where targets come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// `engine`; `kernel` where the targets were found in `/proc` alone; `compose`
    /// where files ask for them, `dockerfile` where they are Dockerfiles.
    pub found_by: FoundBy,
    /// What the engine calls itself and its version, where it was asked.
    pub engine: Option<Untrusted>,
    /// What could not be asked at all: the engine, or the list of processes.
    pub gaps: Vec<Gap>,
}

/// Who found the targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FoundBy {
    /// An engine listed them.
    Engine,
    /// They were seen in `/proc`.
    Kernel,
    /// Compose files ask for them.
    Compose,
    /// They were in an archive on disk.
    Archive,
    /// They are Dockerfiles.
    Dockerfile,
}

/// What the gate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// The mildest severity that fails; null: no finding does.
    pub fail_on: Option<Severity>,
    /// The score under which a target fails.
    pub fail_under: Option<u8>,
    /// The percentage to which each target must be verified.
    pub min_coverage: Option<u8>,
    /// 0 passed, 1 failed, 3 incomplete.
    pub exit_code: u8,
    /// Why the audit fails; empty: it does not.
    pub failures: Vec<String>,
    /// Why the audit is incomplete; empty: it is complete.
    pub gaps: Vec<String>,
    /// What the audit was held against, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
}

/// An earlier audit of which this one shall not be worse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The file of its scorecard.
    pub file: Untrusted,
    /// When its evidence was collected, in UTC (RFC 3339).
    pub collected_at: Untrusted,
    /// The name of the policy that it was judged by.
    pub policy: Untrusted,
    /// How many findings at or above the gate fail or are unknown that it does not excuse.
    pub new: usize,
    /// How many it excuses.
    pub known: usize,
    /// The rules of this audit that it was not judged by: all that they find is new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
}

/// All targets together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// The lowest floor.
    pub worst: u8,
    /// The floor in the middle.
    pub median: u8,
    /// How many targets have each grade.
    pub grades: BTreeMap<String, u32>,
}

/// One target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its id: a container's full id.
    pub id: String,
    /// What people call it.
    pub name: Untrusted,
    /// What it is called across runs: replicas of a service share it, an image keeps it
    /// under another tag. Empty in scorecards of versions that did not tell it.
    #[serde(default)]
    pub identity: Untrusted,
    /// The image that it was made from, where that is known.
    pub image: Option<Untrusted>,
    /// The grade of the floor.
    pub grade: Grade,
    /// From 0 to 100, with what is unknown counted as failed: the headline.
    pub floor: u8,
    /// From 0 to 100, with what is unknown counted as passed.
    pub ceiling: u8,
    /// How many rules apply, are verified, stated and unknown.
    pub coverage: Coverage,
    /// The posture in a few words.
    pub summary: Summary,
    /// Everything below the root that can be written, sorted by place; null
    /// where it could not be found out.
    pub writable: Option<Vec<Writable>>,
    /// The verdict of each selected rule, passes included, in the order of the rules.
    pub findings: Vec<Finding>,
    /// How it stands beside each checklist, in the order of the report's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklists: Vec<checklist::Sheet>,
    /// What to do next: the settings that raise the score most. Of a container or a service
    /// of a full report; elsewhere absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
}

/// The posture in a few words; `?` for what is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The users that processes run as.
    pub user: String,
    /// How many capabilities processes can have, at most.
    pub capabilities: String,
    /// Whether `no_new_privs` is set: `yes`, `no`.
    pub no_new_privileges: String,
    /// Whether the root file system is `ro` or `rw`.
    pub root: String,
    /// Whether a seccomp filter is active: `filter`, `strict`, `none`.
    pub seccomp: String,
}

/// A mount of a container that can be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Writable {
    /// Where it is mounted in the container.
    pub point: Untrusted,
    /// The type of the file system.
    pub kind: Untrusted,
    /// The same file or folder on the host, under the shortest name that it has there.
    pub on_host: Option<Untrusted>,
    /// The flags of the mount, such as `nosuid`.
    pub flags: Vec<Untrusted>,
    /// What `stat` says of it: kind, mode, owner and group; null where nobody could look.
    pub file: Option<String>,
}

/// What a rule found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The rule holds.
    Pass,
    /// The rule is broken.
    Fail,
    /// It could not be found out; never counts as a pass.
    Unknown,
    /// The rule does not apply to this target.
    NotApplicable,
}

/// One rule's verdict on one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The rule's id.
    pub rule: Cow<'static, str>,
    /// How bad it is, or would be.
    pub severity: Severity,
    /// The answer.
    pub verdict: Verdict,
    /// Whether a pass rests on a declaration alone.
    pub stated: bool,
    /// What was found, the decisive statement first; safe to print.
    pub statements: Vec<Cow<'static, str>>,
    /// What shows it: first what decided, then what the other side says.
    pub evidence: Vec<Evidence>,
    /// Why there is no answer, for an unknown verdict.
    pub gap: Option<Gap>,
    /// Names this finding across runs: of the rule, the kind and the target's identity.
    pub fingerprint: String,
    /// The digest of what shows a failure: the same after a restart or where lines have
    /// moved, another for another path, capability or value. A waiver can be pinned to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_digest: Option<String>,
    /// Where the waiver stands that covers it, as `file:line:column` or by the label's
    /// name; what it says is among the report's waivers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived_at: Option<Untrusted>,
    /// Whether the baseline has it already, as bad or worse: it is not held against the
    /// severity that fails.
    #[serde(default, skip_serializing_if = "is_not")]
    pub known: bool,
    /// Where the files that ask for a container would mend what fails or is unknown:
    /// the places of its service before those of the Dockerfile that builds its image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mend: Vec<Mend>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
const fn is_not(flag: &bool) -> bool {
    !*flag
}

impl Finding {
    /// Whether the rule is broken, and nobody answers for it.
    pub fn is_open(&self) -> bool {
        self.verdict == Verdict::Fail && self.waived_at.is_none()
    }
}

/// A place in a file that would mend a finding on a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mend {
    /// What the file says it of: a `service` of a compose project, or a `dockerfile`.
    pub kind: Kind,
    /// Whether the file asks for what the rule wants already, and the container runs
    /// otherwise: it has to be recreated, or was changed since.
    pub asked_already: bool,
    /// The place; without a key nothing sets it yet, and this is where it could.
    pub written: Written,
}

/// What was seen, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Whether this is a declaration or the kernel's word.
    pub basis: Basis,
    /// Where it was read.
    pub source: Source,
    /// The place inside the source; may be empty.
    pub place: Untrusted,
    /// What was read there, in one line: the value, or what stands for it, such
    /// as `not set`, `28 mounts` or `(not recorded)` where it may be a secret.
    pub value: Untrusted,
    /// Where it was written, where that is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The key as the file has it, such as `healthcheck.test`; empty where no key
    /// sets it, and the place is that of the service as a whole.
    pub key: Untrusted,
    /// The file.
    pub file: Untrusted,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// How many characters are meant.
    pub length: u32,
    /// The line itself, with asterisks in place of what may be a secret.
    pub excerpt: Untrusted,
    /// The place of a value that this one took the place of, as `file:line:column`.
    pub overrode: Option<Untrusted>,
}

/// What a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The claim in a few words.
    pub title: String,
    /// Its severity under the policy.
    pub severity: Severity,
    /// Why it matters.
    pub why: String,
    /// What to write, line by line.
    pub fix: Vec<String>,
    /// What other tools and benchmarks call it.
    pub references: Vec<String>,
}
