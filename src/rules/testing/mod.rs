//! Recorded evidence, made by hand: a hardened container to spoil in a test.

mod dockerfile;
mod engine;
mod files;
pub(crate) mod generated;
mod hardened;
mod image;
mod kernel;
mod nginx;
mod of_services;
mod processes;
mod service;
mod survey;

use std::sync::Arc;

use super::{Rule, Settings};
use crate::facts;
use crate::model::bundle::{Answer, Bundle, Observation, Processes};
use crate::model::demand::FilePolicy;
use crate::model::source::Source;
use crate::model::survey::{Traits, Unread};
use crate::model::verdict::Verdict;

pub(super) use dockerfile::{dockerfile, dockerfile_at, image};
pub(super) use hardened::{DEVICE_LIST, INIT, container};
pub(super) use image::shipped;
pub(super) use service::service;

/// One container's evidence.
#[derive(Clone)]
pub(super) struct Case {
    bundle: Bundle,
    settings: Vec<(&'static str, Vec<String>)>,
    /// Its files, in the order in which they are told, and what is not told.
    tree: Vec<(String, Traits)>,
    unread: Vec<Unread>,
    /// What the policy says of files.
    policy: FilePolicy,
    /// The patterns that were looked for beside those of the code that it runs.
    sought: Vec<String>,
}

impl Case {
    fn put(&mut self, source: Source, answer: Answer) {
        self.bundle.record(source, Ok(answer));
    }

    fn id(&self) -> String {
        self.bundle.targets[0].id.clone()
    }

    fn processes(&mut self) -> &mut Processes {
        let source = Source::Processes(self.id().into());
        match self.bundle.observations.get_mut(&source) {
            Some(Observation::Answer(Answer::Processes(found))) => found,
            _ => panic!("the case has its list of processes"),
        }
    }

    /// The policy sets this for the rule.
    pub(super) fn set(mut self, name: &'static str, values: &[&str]) -> Self {
        self.settings.push((name, values.iter().map(|&it| it.to_owned()).collect()));
        self
    }

    /// What the rule says, by its own defaults and what the case sets.
    pub(super) fn judge(&self, rule: &Rule) -> Verdict {
        let (_, facts) = facts::derive(&self.bundle).remove(0);
        let mut settings = Settings::defaults(rule);
        settings.set_files(&Arc::new(self.policy.clone()));
        for (name, values) in &self.settings {
            settings.set(name, values.clone());
        }
        (rule.judge)(&facts, &settings)
    }

    /// The verdict's name; a failure milder than the rule names its severity.
    pub(super) fn outcome(&self, rule: &Rule) -> String {
        match self.judge(rule) {
            Verdict::Pass(_) => "Pass".to_owned(),
            Verdict::Fail(proof) => match proof.severity() {
                Some(severity) => format!("Fail({severity})"),
                None => "Fail".to_owned(),
            },
            Verdict::Unknown { .. } => "Unknown".to_owned(),
            Verdict::NotApplicable(_) => "NotApplicable".to_owned(),
        }
    }
}

/// One test for each line, and one that the lines cover pass, fail and unknown.
macro_rules! cases {
    ($rule:ident: $($name:ident: $case:expr => $outcome:expr),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                let case: $crate::rules::testing::Case = $case;
                assert_eq!(case.outcome(&super::$rule), $outcome, "{:#?}", case.judge(&super::$rule));
            }
        )+

        #[test]
        fn the_cases_cover_pass_fail_and_unknown() {
            for outcome in ["Pass", "Fail", "Unknown"] {
                assert!([$($outcome),+].contains(&outcome), "no case for {outcome}");
            }
        }
    };
}
pub(super) use cases;
