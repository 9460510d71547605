//! Does a wall stand between the container and the host?

pub mod no_engine_socket;
pub mod no_escape_path;
pub mod no_sensitive_mounts;
pub mod private_ipc_namespace;
pub mod private_network_namespace;
pub mod private_pid_namespace;

use crate::facts::namespaces::Namespace;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::Check;

/// What the namespace rules ask; `kind` is the namespace's name.
fn not_the_hosts(namespace: &Namespace, kind: &str) -> Check {
    match namespace {
        Namespace::Host => {
            Check::broken(format!("the container is in the host's {kind} namespace"))
        }
        Namespace::NotTheHosts(own) => Check::holds(format!(
            "the {kind} namespace is not the host's: {}",
            Untrusted::from(own.as_str())
        )),
    }
}

/// A check that is broken in one more way.
pub(super) fn also(check: Check, what: &str) -> Check {
    match check {
        Check::Broken { what: before, severity, shown } => {
            Check::Broken { what: format!("{before}; {what}"), severity, shown }
        }
        Check::Holds(_) | Check::Moot(_) => Check::broken(what),
    }
}
