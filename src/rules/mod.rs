//! The rules. One file a rule, in folders by the question that it asks.
//!
//! A rule is a claim that must hold, with a doc comment for people and one
//! pure judgement over facts. It decides what a known value is worth and
//! nothing else: what is unknown, and whose word counts, is the
//! [`Fact`](crate::model::fact::Fact)'s business.

pub mod build;
mod carried;
pub mod config;
pub mod filesystem;
pub mod identity;
pub mod isolation;
pub mod lifecycle;
pub mod network;
pub mod privilege;
pub mod resources;
mod role;
pub mod secrets;
pub mod settings;
mod store;
pub mod supply;
#[cfg(test)]
pub(crate) mod testing;
pub mod truth;

use crate::facts::Facts;
use crate::model::setting::Setting;
use crate::model::severity::Severity;
use crate::model::target::Kind;
use crate::model::verdict::Verdict;

pub use role::recognised;
pub use settings::{Parameter, Settings, Shape};

/// Every rule, in the order of the reports. A new rule adds one line here.
pub static ALL: &[&Rule] = &[
    &identity::non_root_user::RULE,
    &identity::non_root_exec::RULE,
    &identity::expected_uid::RULE,
    &identity::fixed_uid::RULE,
    &identity::no_login_shell::RULE,
    &identity::no_privileged_groups::RULE,
    &privilege::no_new_privileges::RULE,
    &privilege::capabilities_dropped::RULE,
    &privilege::no_dangerous_capabilities::RULE,
    &privilege::not_privileged::RULE,
    &privilege::seccomp_filter::RULE,
    &privilege::lsm_confined::RULE,
    &privilege::no_setuid_escalation::RULE,
    &privilege::no_privileged_exec::RULE,
    &isolation::private_pid_namespace::RULE,
    &isolation::private_network_namespace::RULE,
    &isolation::private_ipc_namespace::RULE,
    &isolation::private_uts_namespace::RULE,
    &isolation::private_cgroup_namespace::RULE,
    &isolation::private_user_namespace::RULE,
    &isolation::no_engine_socket::RULE,
    &isolation::no_sensitive_mounts::RULE,
    &isolation::no_host_devices::RULE,
    &isolation::no_shared_propagation::RULE,
    &isolation::no_escape_path::RULE,
    &filesystem::read_only_root::RULE,
    &filesystem::tmpfs_for_writes::RULE,
    &filesystem::persistent_data::RULE,
    &filesystem::file_modes::RULE,
    &filesystem::immutable_code::RULE,
    &filesystem::no_world_writable::RULE,
    &filesystem::secret_file_modes::RULE,
    &resources::memory_limit::RULE,
    &resources::cpu_limit::RULE,
    &resources::pids_limit::RULE,
    &resources::heap_fits_limit::RULE,
    &lifecycle::healthcheck::RULE,
    &lifecycle::healthcheck_timing::RULE,
    &lifecycle::healthcheck_works::RULE,
    &lifecycle::init_process::RULE,
    &lifecycle::handles_sigterm::RULE,
    &lifecycle::restart_policy::RULE,
    &lifecycle::exec_form_command::RULE,
    &lifecycle::log_driver::RULE,
    &network::published_ports_bound::RULE,
    &network::datastore_internal::RULE,
    &network::custom_network::RULE,
    &network::no_undeclared_listeners::RULE,
    &secrets::no_secrets_in_environment::RULE,
    &secrets::no_default_credentials::RULE,
    &secrets::strong_secrets::RULE,
    &secrets::required_env::RULE,
    &secrets::env_file_protected::RULE,
    &supply::minimal_base::RULE,
    &supply::image_labels::RULE,
    &supply::fresh_image::RULE,
    &supply::no_dev_tools::RULE,
    &supply::production_dependencies::RULE,
    &supply::no_build_leftovers::RULE,
    &supply::no_secrets_in_layers::RULE,
    &supply::pinned_image::RULE,
    &build::valid_dockerfile::RULE,
    &build::multi_stage::RULE,
    &build::production_target::RULE,
    &build::dependencies_before_source::RULE,
    &build::consolidated_installs::RULE,
    &build::no_install_recommends::RULE,
    &build::clean_package_cache::RULE,
    &build::cache_mounts::RULE,
    &build::lockfile_install::RULE,
    &build::copy_chown::RULE,
    &build::external_config::RULE,
    &build::no_sudo::RULE,
    &build::verified_downloads::RULE,
    &build::dockerignore::RULE,
    &build::copy_not_add::RULE,
    &config::runtime_env::RULE,
    &config::gunicorn_tuned::RULE,
    &config::nginx_hardened::RULE,
    &truth::runs_as_declared::RULE,
    &truth::no_ineffective_hardening::RULE,
];

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}

/// A claim that must hold for every target, and how it is judged.
#[derive(Debug)]
pub struct Rule {
    /// The file's name in kebab-case. Once released, never reused.
    pub id: &'static str,
    /// The claim in a few words.
    pub title: &'static str,
    /// How bad it is when the claim does not hold.
    pub severity: Severity,
    /// What it is asked of.
    pub targets: &'static [Kind],
    /// What can be set from outside that would mend it; nothing where only the image can.
    pub mends: &'static [Setting],
    /// What other tools and benchmarks call it; people search by these.
    pub references: &'static [&'static str],
    /// What a policy can set.
    pub parameters: &'static [Parameter],
    /// The doc comment, line by line.
    pub doc: &'static [&'static str],
    /// The judgement.
    pub judge: fn(&Facts, &Settings) -> Verdict,
}

/// A part of a rule's doc comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What must hold: everything before the first heading.
    What,
    /// Under `## Why it matters`.
    Why,
    /// Under `## How to fix`.
    Fix,
}

impl Rule {
    /// What it is asked of, as a plural.
    pub fn asked_of(&self) -> String {
        let names: Vec<String> =
            self.targets.iter().map(|kind| format!("{}s", kind.name())).collect();
        names.join(" and ")
    }

    /// The lines of one section, without its heading and outer blank lines.
    pub fn section(&self, section: Section) -> Vec<&'static str> {
        let heading = match section {
            Section::What => None,
            Section::Why => Some("## Why it matters"),
            Section::Fix => Some("## How to fix"),
        };
        let mut lines = self.doc.iter().map(|line| line.strip_prefix(' ').unwrap_or(line));
        if let Some(heading) = heading {
            lines.by_ref().find(|line| *line == heading);
        }
        let mut body: Vec<_> = lines.take_while(|line| !line.starts_with("## ")).collect();
        while body.last().is_some_and(|line| line.is_empty()) {
            body.pop();
        }
        body.into_iter().skip_while(|line| line.is_empty()).collect()
    }

    /// A section as one running text.
    pub fn prose(&self, section: Section) -> String {
        self.section(section).join(" ").replace("  ", " ")
    }
}

/// Declares a rule: moves its doc comment into the rule, so that the text a
/// reader of the code sees is the text that a user sees.
macro_rules! rule {
    (
        $(#[doc = $doc:literal])*
        $visibility:vis static $name:ident = {
            id: $id:expr,
            title: $title:expr,
            severity: $severity:expr,
            $(targets: [$($target:ident),+ $(,)?],)?
            $(mends: [$($setting:ident),+ $(,)?],)?
            references: $references:expr,
            parameters: $parameters:expr,
            judge: $judge:expr $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        $visibility static $name: $crate::rules::Rule = $crate::rules::Rule {
            doc: &[$($doc),*],
            id: $id,
            title: $title,
            severity: $severity,
            targets: $crate::rules::targets!($($($target),+)?),
            mends: &[$($($crate::model::setting::Setting::$setting),+)?],
            references: $references,
            parameters: $parameters,
            judge: $judge,
        };
    };
}
use rule;

/// What a rule is asked of: of containers, unless it says otherwise.
macro_rules! targets {
    () => {
        $crate::rules::targets!(Container)
    };
    ($($target:ident),+) => {
        &[$($crate::model::target::Kind::$target),+]
    };
}
use targets;
