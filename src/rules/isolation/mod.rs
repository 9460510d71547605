//! Does a wall stand between the container and the host?

pub mod no_engine_socket;
pub mod no_escape_path;
pub mod no_host_devices;
pub mod no_sensitive_mounts;
pub mod no_shared_propagation;
pub mod private_cgroup_namespace;
pub mod private_ipc_namespace;
pub mod private_network_namespace;
pub mod private_pid_namespace;
pub mod private_user_namespace;
pub mod private_uts_namespace;

use crate::facts::Holder;
use crate::facts::capabilities::Scope;
use crate::facts::namespaces::{Company, Namespace, Neighbour};
use crate::model::untrusted::Untrusted;
use crate::model::verdict::Check;
use crate::rules::privilege::no_dangerous_capabilities;

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

/// What the rules on namespaces that containers can share ask: whoever takes
/// over a neighbour through the shared namespace has what the neighbour has.
fn in_good_company(company: &Company, kind: &str) -> Check {
    let neighbour = match company {
        Company::Alone => {
            return Check::holds(format!("no other container lives in the {kind} namespace"));
        }
        Company::Asked(other) => {
            return Check::holds(format!("the {kind} namespace is shared with {other}"));
        }
        Company::Neighbour(neighbour) => neighbour,
    };
    let with = format!("the {kind} namespace is shared with {}", named(neighbour));
    let held = neighbour.capabilities.attainable;
    let counts = neighbour.capabilities.scope == Scope::Host;
    let dangerous = no_dangerous_capabilities::DANGEROUS.iter().map(|(capability, _)| *capability);
    if let (Some(capability), true) = (dangerous.into_iter().find(|it| held.has(*it)), counts) {
        let what = format!("{with}, {} holds or can gain {capability}", whose(neighbour));
        return Check::broken(what);
    }
    if neighbour.in_host_pids {
        let what = format!("{with}, {} sees the host's processes", whose(neighbour));
        return Check::broken(what);
    }
    Check::holds(with)
}

/// The other container, as a person knows it.
fn named(neighbour: &Neighbour) -> String {
    match neighbour.process {
        Holder::Service | Holder::Run => format!("the service {}", neighbour.container),
        Holder::Process { .. } | Holder::Declaration => {
            format!("container {}", neighbour.container)
        }
    }
}

/// Who of it is meant, in the middle of a sentence.
fn whose(neighbour: &Neighbour) -> String {
    match &neighbour.process {
        Holder::Service | Holder::Run => "which".to_owned(),
        process @ (Holder::Process { .. } | Holder::Declaration) => format!("whose {process}"),
    }
}
