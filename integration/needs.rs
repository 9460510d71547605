//! What a live test needs of the machine that it runs on.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::compose::reference;
use crate::engine::Engine;
use crate::run;
use crate::services::base;

/// Something without which a case cannot be made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// The kernel shows every process only to root.
    Root,
    /// An engine listens where Docker does.
    Docker,
    /// The services' software is there, or can be fetched from Debian's mirror.
    Services,
    /// docker-compose 1.x, with the Python modules that it is made of.
    Reference,
    /// A program of this name can be started.
    Program(&'static str),
}

/// Whether a missing need is a failure, as in the pipeline.
pub(crate) fn are_required() -> bool {
    std::env::var("SECAUDIT_LIVE").is_ok_and(|value| value == "required")
}

impl Need {
    /// Why the need is not met.
    pub(crate) fn unmet(self) -> Option<String> {
        match self {
            Self::Root => (!nix::unistd::geteuid().is_root()).then(|| "needs root".to_owned()),
            Self::Docker => Engine::connect(Path::new(run::DOCKER)).err(),
            Self::Services => {
                base::archive().err().map(|error| format!("needs Debian's packages: {error}"))
            }
            Self::Reference => reference::missing(),
            Self::Program(name) => {
                let started = Command::new(name)
                    .arg("--version")
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status();
                started.err().map(|error| format!("needs {name}: {error}"))
            }
        }
    }
}
