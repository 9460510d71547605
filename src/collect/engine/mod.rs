//! What a container engine declares: Docker's API, or Podman's compatible one.

pub mod address;
mod client;
mod download;
mod transport;

pub use client::{ContainerId, Engine, ImageId};
pub use download::{Bounds, Download};
pub use transport::Limits;

use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use address::Address;

/// Why an engine could not be asked, or what it answered instead.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nothing listens there.
    #[error("cannot reach an engine at {address}: {cause}")]
    Unreachable {
        /// Where it was looked for.
        address: Address,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The socket refused this user.
    #[error("the engine's socket {address} refuses this user")]
    Denied {
        /// The socket.
        address: Address,
    },
    /// Something answers that does not speak the engine's API.
    #[error("{address} answers, but it is not a container engine ({detail})")]
    NotAnEngine {
        /// What was asked.
        address: Address,
        /// What came back instead.
        detail: String,
    },
    /// The engine has dropped every API version that this build knows.
    #[error("the engine at {address} needs API {minimum} or newer; this build knows up to {known}")]
    TooNew {
        /// The engine.
        address: Address,
        /// The oldest version that it accepts.
        minimum: String,
        /// The newest version that this build knows.
        known: String,
    },
    /// The whole answer did not arrive in time.
    #[error("no complete answer within {seconds} s")]
    TimedOut {
        /// The time allowed for one question.
        seconds: u64,
    },
    /// The answer is larger than the auditor accepts.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The most that is accepted.
        limit: usize,
    },
    /// The engine answered with an error.
    #[error("the engine answered {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The engine's message, made safe to print.
        message: String,
    },
    /// The answer is not JSON.
    #[error("the answer is not JSON: {0}")]
    Malformed(String),
    /// A name or id that would not be safe inside a request.
    #[error("{0} is not a name or id that an engine gives")]
    BadName(Untrusted),
    /// Somebody tried to send something other than a read.
    #[error("refused to send {0}: an audit only reads")]
    NotARead(String),
    /// The connection failed in the middle.
    #[error("the connection failed: {0}")]
    Broken(String),
}

impl EngineError {
    /// What a person can do about it, as an instruction.
    pub fn remedy(&self) -> String {
        match self {
            Self::Unreachable { .. } => {
                "start the engine, or name another with --host, --context or DOCKER_HOST".to_owned()
            }
            Self::Denied { .. } => "run as root or as a member of the socket's group".to_owned(),
            Self::NotAnEngine { .. } => {
                "check --host, --context and DOCKER_HOST: they must name a Docker or Podman socket"
                    .to_owned()
            }
            Self::TooNew { .. } => "use a newer secaudit".to_owned(),
            Self::TimedOut { .. } => {
                "run again, with a larger --timeout if the engine is busy".to_owned()
            }
            Self::TooLarge { .. } | Self::Malformed(_) | Self::Broken(_) | Self::Refused { .. } => {
                "look at the engine's own log, then run again".to_owned()
            }
            Self::BadName(_) => "use a name or id that `docker ps` prints".to_owned(),
            Self::NotARead(_) => String::new(),
        }
    }

    /// This failure as the gap of one question.
    pub fn gap(&self, source: Source) -> Gap {
        let (reason, detail) = match self {
            Self::Refused { status: 404, .. } => {
                (Reason::Gone, "the engine no longer knows it".to_owned())
            }
            Self::Denied { .. } | Self::NotARead(_) => (Reason::Denied, self.to_string()),
            Self::TimedOut { .. } => (Reason::TimedOut, self.to_string()),
            Self::TooLarge { .. } => (Reason::TooLarge, self.to_string()),
            Self::Unreachable { .. } | Self::Broken(_) => (Reason::Gone, self.to_string()),
            Self::NotAnEngine { .. }
            | Self::TooNew { .. }
            | Self::Refused { .. }
            | Self::Malformed(_)
            | Self::BadName(_) => (Reason::Malformed, self.to_string()),
        };
        let gap = Gap::new(reason, source, detail);
        if reason == Reason::Gone {
            gap.mend("run the audit again while the container runs")
        } else {
            gap.mend(self.remedy())
        }
    }
}
