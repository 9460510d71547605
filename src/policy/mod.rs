//! Policy is data: which rules hold, how much they weigh, where the gate is.

pub mod checklist;
pub mod config;
mod error;
mod file;
mod files;
mod gate;
mod laid;
mod waivers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use crate::compare::Baseline;
use crate::model::demand::FilePolicy;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::rules::{self, Rule, Settings, Shape};
pub use checklist::Checklist;
pub use error::PolicyError;
use file::File;
pub(crate) use file::nearest;
pub use gate::Stated;
pub use waivers::{Exception, Waivers};

/// Files by their paths below `policies/`, with what is in them.
macro_rules! shipped {
    ($($path:literal),* $(,)?) => {
        &[$((concat!("policies/", $path), include_str!(concat!("../../policies/", $path)))),*]
    };
}

use shipped;

/// The files that make the policy that holds where no other is named, each laid
/// over those before it, by path and text.
pub const SHIPPED: &[(&str, &str)] = shipped![
    "roles/node-server.toml",
    "roles/nginx-frontend.toml",
    "roles/static-site.toml",
    "roles/python-backend.toml",
    "roles/gunicorn-app.toml",
    "roles/agent.toml",
    "roles/postgres.toml",
    "roles/redis.toml",
    "roles/datastore.toml",
    "baseline.toml",
];

/// The policies that are laid over that one by their name, by path and text.
pub const NAMED: &[(&str, &str)] = shipped!["strict.toml"];

/// A policy, with everything resolved.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What the file calls itself.
    pub name: String,
    /// When an audit fails or counts as incomplete.
    pub gate: Gate,
    /// What a rule counts in the score, by severity.
    pub weights: Weights,
    /// The rules that are judged, in the order of the registry.
    pub rules: Vec<Selected>,
    /// What is said of files, which every rule's settings share.
    pub files: Arc<FilePolicy>,
    /// What it says of waivers, and those that stand in it.
    pub waivers: Waivers,
    /// The checklists that the targets are held against.
    pub checklists: Vec<Checklist>,
    /// What roles set of rules.
    by_role: ByRole,
    /// Where each key was stated last, as `file:line`, by its dotted path.
    said: BTreeMap<String, String>,
    /// The audit of which this one shall not be worse.
    pub baseline: Option<Arc<Baseline>>,
    /// The file of settings that chose it, for the report to tell.
    pub settings: Option<Untrusted>,
}

/// When an audit fails or counts as incomplete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// The mildest severity that fails; `None`: no finding does.
    pub fail_on: Option<Severity>,
    /// The score from 0 to 100 under which a target fails.
    pub fail_under: Option<u8>,
    /// The percentage of rules that must have been verified for each target.
    pub min_coverage: Option<u8>,
}

/// The weights of the score model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    crit: u32,
    high: u32,
    med: u32,
    low: u32,
}

impl Weights {
    /// What a rule of this severity counts.
    pub const fn of(self, severity: Severity) -> u32 {
        match severity {
            Severity::Crit => self.crit,
            Severity::High => self.high,
            Severity::Med => self.med,
            Severity::Low => self.low,
        }
    }

    /// A severity that counts for more than a graver one, which comes second.
    fn reversed(self) -> Option<(Severity, Severity)> {
        let all = || Severity::ALL.into_iter();
        all().skip(1).zip(all()).find(|(milder, graver)| self.of(*milder) > self.of(*graver))
    }

    const fn set(&mut self, severity: Severity, weight: u32) {
        match severity {
            Severity::Crit => self.crit = weight,
            Severity::High => self.high = weight,
            Severity::Med => self.med = weight,
            Severity::Low => self.low = weight,
        }
    }
}

/// A rule as a policy wants it.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The rule.
    pub rule: &'static Rule,
    /// Its severity under this policy.
    pub severity: Severity,
    /// Its parameters under this policy.
    pub settings: Settings,
    /// Its parameters for what has a role, by the role's place among the policy's, where
    /// they are others.
    pub by_role: Vec<(usize, Settings)>,
}

/// What roles set of rules: by role, rule and parameter.
type ByRole = BTreeMap<(String, &'static str), BTreeMap<String, Vec<String>>>;

impl Selected {
    /// A rule with its own severity and defaults.
    fn unset(rule: &'static Rule) -> Self {
        Self { rule, severity: rule.severity, settings: Settings::defaults(rule), by_role: vec![] }
    }

    /// The path patterns that are set for it, whatever a target's role.
    fn patterns(&self) -> Vec<String> {
        let settings = || self.by_role.iter().map(|(_, it)| it).chain([&self.settings]);
        let of_paths = self.rule.parameters.iter().filter(|it| it.shape == Shape::Patterns);
        of_paths.flat_map(|it| settings().flat_map(|set| set.list(it.name)).cloned()).collect()
    }

    /// The rule's id, and in brackets what is set otherwise than the rule's own defaults.
    pub fn in_words(&self) -> String {
        let own = Settings::defaults(self.rule);
        let differs = self.rule.parameters.iter().filter_map(|it| {
            let set = self.settings.list(it.name);
            let words = if set.is_empty() { "none".to_owned() } else { set.join(" ") };
            (set != own.list(it.name)).then(|| format!("{} {words}", it.name))
        });
        let differs: Vec<String> = differs.collect();
        if differs.is_empty() {
            self.rule.id.to_owned()
        } else {
            format!("{} ({})", self.rule.id, differs.join(", "))
        }
    }
}

impl Policy {
    /// Every rule with its own defaults, and no gate: what a file is laid over.
    fn bare() -> Self {
        let rules = rules::ALL.iter().map(|rule| Selected::unset(rule)).collect();
        Self {
            name: String::new(),
            gate: Gate::default(),
            weights: Weights { crit: 10, high: 6, med: 3, low: 1 },
            rules,
            files: Arc::default(),
            waivers: Waivers::default(),
            checklists: Vec::new(),
            by_role: ByRole::new(),
            said: BTreeMap::new(),
            baseline: None,
            settings: None,
        }
    }

    /// The policy that holds where no other is named.
    #[expect(clippy::panic, reason = "the embedded file is part of the program; a test parses it")]
    pub fn baseline() -> Self {
        static PARSED: LazyLock<Result<Policy, PolicyError>> = LazyLock::new(|| {
            let mut policy = Policy::bare();
            for (path, text) in SHIPPED {
                File::new(path, text).lay_over(&mut policy)?;
            }
            policy.settle();
            Ok(policy)
        });
        match &*PARSED {
            Ok(policy) => policy.clone(),
            Err(error) => panic!("the embedded policy is broken: {error}"),
        }
    }

    /// Whether a policy of this name comes with the program, beside the baseline.
    pub fn has(name: &str) -> bool {
        NAMED.iter().any(|(path, _)| *path == format!("policies/{name}.toml"))
    }

    /// A policy that comes with the program, by its name.
    #[expect(clippy::panic, reason = "the embedded file is part of the program; a test parses it")]
    pub fn named(name: &str) -> Option<Self> {
        let path = |it: &&(&str, &str)| it.0 == format!("policies/{name}.toml");
        let (path, text) = NAMED.iter().find(path)?;
        match Self::parse(path, text) {
            Ok(policy) => Some(policy),
            Err(error) => panic!("the embedded policy is broken: {error}"),
        }
    }

    /// Where a key was stated last, as `file:line`; none where no file states it.
    pub fn said(&self, key: &str) -> Option<&str> {
        self.said.get(key).map(String::as_str)
    }

    /// The path patterns of the files that the policy speaks of: those of its
    /// demands, and those that it sets for its rules. Each stands there once.
    pub fn sought(&self) -> Vec<String> {
        let demanded = self.files.demands.iter().flat_map(|demand| {
            let except = demand.except.iter().cloned();
            // What may be written is nobody's code, with all that is in it.
            let own = if demand.protects() { demand.patterns() } else { demand.territory() };
            own.into_iter().chain(except)
        });
        let items = self.checklists.iter().flat_map(|it| &it.items).flat_map(|it| &it.rules);
        let set = self.rules.iter().chain(items).flat_map(Selected::patterns);
        let mut seen = BTreeSet::new();
        demanded.chain(set).filter(|pattern| seen.insert(pattern.clone())).collect()
    }

    /// Gives every rule what the policy says of files, and what its roles set of it.
    fn settle(&mut self) {
        for selected in &mut self.rules {
            selected.settings.set_files(&self.files);
            selected.by_role.clear();
            for (place, role) in self.files.roles.iter().enumerate() {
                let set = self.by_role.get(&(role.name.clone(), selected.rule.id));
                let Some(set) = set.filter(|it| !it.is_empty()) else { continue };
                let mut settings = selected.settings.clone();
                for (name, values) in set {
                    settings.set(name, values.clone());
                }
                selected.by_role.push((place, settings));
            }
        }
    }

    /// The rules that are judged here and were not in a baseline.
    pub fn beyond(&self, baseline: &Baseline) -> Vec<&'static str> {
        let was_judged = |id: &str| baseline.rules.iter().any(|known| known == id);
        self.rules.iter().map(|it| it.rule.id).filter(|id| !was_judged(id)).collect()
    }

    /// A user's policy, laid over the baseline: what it does not state stays.
    /// Without a name of its own it is called after its file.
    ///
    /// # Errors
    /// The first thing in `text` that makes no sense, with its place.
    pub fn parse(path: &str, text: &str) -> Result<Self, PolicyError> {
        let unnamed = path.rsplit('/').next().unwrap_or(path).to_owned();
        laid::lay_over(Self { name: unnamed, ..Self::baseline() }, path, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_baseline_states_the_rules_own_defaults() {
        let (baseline, bare) = (Policy::baseline(), Policy::bare());
        assert_eq!(baseline.weights, bare.weights);
        assert_eq!(baseline.gate.fail_on, Some(Severity::High));
        for (stated, mut own) in baseline.rules.iter().zip(bare.rules) {
            // What it says of files no rule has a default of.
            own.settings.set_files(&baseline.files);
            assert_eq!(stated.settings, own.settings, "{}", own.rule.id);
        }
    }

    #[test]
    fn a_users_policy_changes_only_what_it_states() {
        let text = "name = 'mine'\n[gate]\nfail-under = 80\n[rules.healthcheck]\nenabled = false\n\
            [rules.memory-limit]\nseverity = 'high'\n[rules.tmpfs-for-writes]\npaths = ['/run']\n\
            [rules.expected-uid]\nuids = [1000, '1001']\n";
        let policy = Policy::parse("mine.toml", text).unwrap();
        assert_eq!(policy.name, "mine");
        assert_eq!(policy.gate.fail_on, Some(Severity::High));
        assert_eq!(policy.gate.fail_under, Some(80));
        assert_eq!(Policy::parse("a/shop.toml", "").unwrap().name, "shop.toml");
        let find = |id| policy.rules.iter().find(|selected| selected.rule.id == id);
        assert!(find("healthcheck").is_none());
        assert_eq!(find("memory-limit").unwrap().severity, Severity::High);
        assert_eq!(find("tmpfs-for-writes").unwrap().settings.list("paths"), ["/run"]);
        assert_eq!(find("expected-uid").unwrap().settings.list("uids"), ["1000", "1001"]);
    }

    #[test]
    fn what_makes_no_sense_is_an_error_at_its_place() {
        for (text, place, message) in [
            ("[gate]\nfail-om = 'high'\n", "2:1", "did you mean \"fail-on\""),
            ("[gate]\nfail-on = 'hihg'\n", "2:11", "did you mean \"high\""),
            ("[rules.no-new-privilege]\n", "1:8", "did you mean \"no-new-privileges\""),
            ("[rules.memory-limit]\nallow = []\n", "2:1", "memory-limit has no parameter"),
            ("[rules.capabilities-dropped]\nallow = ['NET_BIND']\n", "2:10", "not a capability"),
            ("[rules.capabilities-dropped]\nallow = 'ALL'\n", "2:9", "expected a list of strings"),
            ("[rules.minimal-base]\nsmall = ['a[']\n", "2:10", "character class"),
            ("[gate]\nfail-under = 101\n", "2:14", "from 0 to 100"),
            ("[weights]\ncrit = -1\n", "2:8", "from 0 to 1000"),
            ("name = \n", "1:8", ""),
            ("[rules.healthcheck]\nenabled = 'no'\n", "2:11", "true or false"),
            ("nam = 'x'\n", "1:1", "did you mean \"name\""),
        ] {
            let error = Policy::parse("p.toml", text).unwrap_err().to_string();
            assert!(error.contains(&format!("p.toml:{place}")), "{error}");
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn a_hostile_policy_cannot_drive_the_terminal() {
        let error = Policy::parse("a\u{1b}[2J.toml", "x\u{1b}]0;owned\u{7} = 1\n").unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'));
    }
}
