//! What has a posture.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::untrusted::Untrusted;

/// The kinds of thing that can be audited.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A running container.
    Container,
    /// An image, as containers are made from it.
    Image,
    /// A service of a compose project, as an engine would create it.
    Service,
    /// A Dockerfile at the stage that ships.
    Dockerfile,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Container, Self::Image, Self::Service, Self::Dockerfile];

    /// The word used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Image => "image",
            Self::Service => "service",
            Self::Dockerfile => "Dockerfile",
        }
    }

    /// Why a rule about other kinds says nothing of it.
    pub const fn not_asked(self) -> &'static str {
        match self {
            Self::Container => "this is not asked of a container",
            Self::Image => "this is not asked of an image",
            Self::Service => "this is not asked of a service",
            Self::Dockerfile => "this is not asked of a Dockerfile",
        }
    }

    /// Whether it is judged by the container that would be made of it, of which
    /// nothing runs yet.
    pub const fn is_to_come(self) -> bool {
        match self {
            Self::Container => false,
            Self::Image | Self::Service | Self::Dockerfile => true,
        }
    }
}

/// One thing that has a posture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// What kind of thing it is.
    pub kind: Kind,
    /// What tells it from every other thing of this run: the full id of a container or an image.
    pub id: String,
    /// What people call it.
    pub name: Untrusted,
    /// The image that it was made from, as it was asked for, where that is known.
    pub image: Option<Untrusted>,
}
