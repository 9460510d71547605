//! Where in a compose file a value stands, as far as merging minds.
//!
//! Compose Specification, chapter Merge: mappings merge by key, sequences are
//! appended, and these are the exceptions to it.

/// A kind of place in the long forms of a compose file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    Root,
    Services,
    Service,
    Build,
    Deploy,
    Healthcheck,
    Ulimits,
    Attachments,
    Attachment,
    Dependencies,
    Dependency,
    Networks,
    Network,
    Ipam,
    Volumes,
    Volume,
    /// A later value takes the place of an earlier, whatever they are.
    Replaced,
    /// A mapping of texts, in which nothing can take the place of a text.
    Pairs,
    /// Merged for one driver only: the options of another mean something else.
    Logging,
    /// A mapping from names to addresses, of which a name may have several.
    Hosts,
    /// The addresses of one name.
    Addresses,
    /// A sequence of mappings, each for a subnet.
    Subnets,
    /// A sequence with no two items of one key.
    Unique(Key),
    /// What compose takes no notice of, and merges anyhow.
    Extension,
    /// All else.
    Any,
}

/// What two items of a sequence are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// The text before its first `=`.
    Name,
    /// The text.
    Whole,
    /// `path`.
    Path,
    /// `target`.
    Target,
    /// `target`, or else `source` in this folder.
    Mount(&'static str),
    /// The address, the port on the host, the port and the protocol.
    Port,
}

impl Spot {
    /// The place below a key of a mapping.
    pub(super) fn below(self, key: &str) -> Self {
        if key.starts_with("x-") && !self.has_names() {
            return Self::Extension;
        }
        match self {
            Self::Root => match key {
                "services" => Self::Services,
                "networks" => Self::Networks,
                "volumes" => Self::Volumes,
                _ => Self::Any,
            },
            Self::Services => Self::Service,
            Self::Service => Self::of_service(key),
            Self::Build => match key {
                "args" | "additional_contexts" | "labels" => Self::Pairs,
                "extra_hosts" => Self::Hosts,
                "tags" => Self::Unique(Key::Name),
                _ => Self::Any,
            },
            Self::Deploy | Self::Volume if key == "labels" => Self::Pairs,
            Self::Healthcheck if key == "test" => Self::Replaced,
            Self::Ulimits => Self::Replaced,
            Self::Attachments => Self::Attachment,
            Self::Dependencies => Self::Dependency,
            Self::Attachment if matches!(key, "aliases" | "link_local_ips") => {
                Self::Unique(Key::Name)
            }
            Self::Networks => Self::Network,
            Self::Network => match key {
                "labels" => Self::Pairs,
                "ipam" => Self::Ipam,
                _ => Self::Any,
            },
            Self::Ipam if key == "config" => Self::Subnets,
            Self::Volumes => Self::Volume,
            Self::Hosts => Self::Addresses,
            Self::Extension => Self::Extension,
            Self::Deploy
            | Self::Volume
            | Self::Healthcheck
            | Self::Attachment
            | Self::Dependency
            | Self::Ipam
            | Self::Replaced
            | Self::Pairs
            | Self::Logging
            | Self::Addresses
            | Self::Subnets
            | Self::Unique(_)
            | Self::Any => Self::Any,
        }
    }

    /// Whether the keys here are names that the author chose.
    const fn has_names(self) -> bool {
        matches!(
            self,
            Self::Services | Self::Networks | Self::Volumes | Self::Dependencies | Self::Pairs
        )
    }

    fn of_service(key: &str) -> Self {
        match key {
            "command" | "entrypoint" => Self::Replaced,
            "environment" | "labels" | "annotations" | "sysctls" => Self::Pairs,
            "extra_hosts" => Self::Hosts,
            "logging" => Self::Logging,
            "build" => Self::Build,
            "deploy" => Self::Deploy,
            "healthcheck" => Self::Healthcheck,
            "ulimits" => Self::Ulimits,
            "networks" => Self::Attachments,
            "depends_on" => Self::Dependencies,
            "cap_add" | "cap_drop" | "dns" | "dns_opt" | "dns_search" | "links" | "profiles"
            | "tmpfs" => Self::Unique(Key::Name),
            "expose" => Self::Unique(Key::Whole),
            "env_file" => Self::Unique(Key::Path),
            "ports" => Self::Unique(Key::Port),
            "volumes" | "devices" => Self::Unique(Key::Target),
            "secrets" => Self::Unique(Key::Mount("/run/secrets")),
            "configs" => Self::Unique(Key::Mount("")),
            _ => Self::Any,
        }
    }
}
