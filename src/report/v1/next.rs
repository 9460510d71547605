//! What to do next with a target, as programs read it.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::setting::Setting;
use crate::model::untrusted::Untrusted;
use crate::score::Grade;

/// The settings that raise a target's score most for the least change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Next {
    /// The steps, each of which raises the floor; empty where no setting does.
    pub steps: Vec<Step>,
    /// All steps, or where there is none what is for later, as a compose file that is laid
    /// over the service's own (`-f compose.yaml -f next.yaml`); null where the target is of
    /// no service, or where it cannot be written with certainty.
    pub compose: Option<String>,
    /// The same as what changes on the command line of `docker run`; null where the target
    /// is no container.
    pub run: Option<Run>,
    /// What would mend something as well, and raises the floor no further.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<Setting>,
    /// The rules that hold the floor meanwhile: the gravest that no setting mends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<Cow<'static, str>>,
    /// The rules that fail or are unknown even then: no setting mends them.
    pub left: Vec<Cow<'static, str>>,
}

/// Settings that raise the floor together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is set.
    pub settings: Vec<Setting>,
    /// The rules that are mended by it.
    pub rules: Vec<Cow<'static, str>>,
    /// The floor with this step and all before it: judged, not guessed.
    pub floor: u8,
    /// The grade of that floor.
    pub grade: Grade,
    /// What a person has to decide before it is made: values are proposals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choose: Vec<String>,
}

/// What changes on the command line of `docker run`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The options that are added, ready for a shell.
    pub add: String,
    /// The options that are left out, each with its value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<Untrusted>,
}
