//! Exactly where a datum was read.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a datum is what somebody asked for, or what the kernel enforces.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Asked for: the engine's record, an image's configuration, a default.
    Declared,
    /// In force: the kernel's own word about a process.
    Effective,
}

/// What it takes to read a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Being allowed to ask the engine.
    Engine,
    /// Nothing: the kernel tells every user.
    Anybody,
    /// The right to trace the process (`ptrace(2)`, access mode checks): root,
    /// or `CAP_SYS_PTRACE`.
    Tracer,
}

/// What the kernel tells of a process only to who may trace it, by how the
/// name in its folder begins (`proc(5)`).
const TRACED: [&str; 6] = ["environ", "exe", "fd", "cwd", "ns/", "root"];

/// One place that can be asked one question.
///
/// A source is also the key of an observation in a bundle, so two sources are
/// equal exactly when they name the same question. It is written as
/// `kind:place`, for instance `kernel:/proc/812/status`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Source {
    /// The time at which the audit ran, in UTC.
    Clock,
    /// A `GET` of the engine's API: the path without the version prefix.
    Engine(Arc<str>),
    /// A file or link that the kernel serves: an absolute path.
    Kernel(Arc<str>),
    /// The proved list of a container's processes: the container's id.
    Processes(Arc<str>),
    /// What a look at all of a container's files found: the container's id.
    Files(Arc<str>),
    /// What an image's layers hold, by the contents of files: the image's id.
    Layers(Arc<str>),
    /// An image's archive on disk: its path; or what an image that was read from one
    /// says of itself: the image's id, and a slash and what of it.
    Archive(Arc<str>),
    /// A default that the engine's documentation states.
    Default(Arc<str>),
    /// A service of a compose project: the project's file, `#` and the service.
    Compose(Arc<str>),
    /// A Dockerfile, what may be secret in it masked: the file, and `#` and the
    /// target stage where one is named.
    Dockerfile(Arc<str>),
    /// What a build is given beside its Dockerfile, named like that.
    Context(Arc<str>),
    /// A file of a project on disk, by who may read it: its path, as a person knows it.
    Disk(Arc<str>),
    /// What git makes of such a file, named like that.
    Git(Arc<str>),
    /// What an engine would create of an image of which nothing else is said: the
    /// id of the image, or what names the Dockerfile that makes it.
    Run(Arc<str>),
}

impl Source {
    /// What kind of truth this source speaks. Total: every source has one.
    pub const fn basis(&self) -> Basis {
        match self {
            Self::Engine(_)
            | Self::Archive(_)
            | Self::Default(_)
            | Self::Compose(_)
            | Self::Dockerfile(_)
            | Self::Context(_)
            | Self::Disk(_)
            | Self::Git(_)
            | Self::Run(_) => Basis::Declared,
            Self::Clock
            | Self::Kernel(_)
            | Self::Processes(_)
            | Self::Files(_)
            | Self::Layers(_) => Basis::Effective,
        }
    }

    /// What it takes to read it. Total: every source takes something.
    pub fn access(&self) -> Access {
        match self {
            Self::Engine(_) | Self::Layers(_) => Access::Engine,
            Self::Files(_) => Access::Tracer,
            Self::Kernel(path) if is_traced(path) => Access::Tracer,
            Self::Clock
            | Self::Default(_)
            | Self::Kernel(_)
            | Self::Processes(_)
            | Self::Archive(_)
            | Self::Compose(_)
            | Self::Dockerfile(_)
            | Self::Context(_)
            | Self::Disk(_)
            | Self::Git(_)
            | Self::Run(_) => Access::Anybody,
        }
    }

    /// The file `name` of process `pid`.
    pub fn proc(pid: u32, name: &str) -> Self {
        Self::Kernel(format!("/proc/{pid}/{name}").into())
    }

    /// The login shells of a container's accounts that are there, seen through `pid`.
    pub fn shells(pid: u32) -> Self {
        Self::proc(pid, "root/etc/passwd (shells)")
    }

    /// What stands at the mount points that process `pid` sees.
    pub fn mount_points(pid: u32) -> Self {
        Self::proc(pid, "root (mount points)")
    }

    /// The device nodes in the `/dev` that process `pid` sees.
    pub fn devices(pid: u32) -> Self {
        Self::proc(pid, "root/dev (devices)")
    }

    /// How nginx is configured in a container whose mounts `pid` sees.
    pub fn nginx(pid: u32) -> Self {
        Self::proc(pid, "root (nginx)")
    }

    /// How nginx is configured in an image's layers; `id` is the image's.
    pub fn nginx_in_layers(id: &str) -> Self {
        Self::Layers(format!("{id} (nginx)").into())
    }

    /// The sockets at which container engines of this host listen.
    pub fn engine_sockets() -> Self {
        Self::Kernel("/proc/net/unix (container engines)".into())
    }

    /// The file that process `pid` sees at an absolute path.
    pub fn in_root(pid: u32, path: &str) -> Self {
        Self::Kernel(format!("/proc/{pid}/root{path}").into())
    }

    /// The engine's list of running containers.
    pub fn container_list() -> Self {
        Self::Engine("/containers/json".into())
    }

    /// What the engine says of one container; `id` is the full id.
    pub fn container(id: &str) -> Self {
        Self::Engine(format!("/containers/{id}/json").into())
    }

    /// What the engine says of one image; `id` as the container names it.
    pub fn image(id: &str) -> Self {
        Self::Engine(format!("/images/{id}/json").into())
    }

    /// What the engine says of how an image was made; `id` as for [`Source::image`].
    pub fn history(id: &str) -> Self {
        Self::Engine(format!("/images/{id}/history").into())
    }

    /// What an image that was read from an archive says of itself.
    pub fn archived_image(id: &str) -> Self {
        Self::Archive(format!("{id}/json").into())
    }

    /// What an image that was read from an archive says of how it was made.
    pub fn archived_history(id: &str) -> Self {
        Self::Archive(format!("{id}/history").into())
    }

    /// The file at an absolute path in an image's layers; `id` is the image's.
    pub fn in_layers(id: &str, path: &str) -> Self {
        Self::Layers(format!("{id}{path}").into())
    }

    /// Which of its network's listening sockets a process holds.
    pub fn held_sockets(pid: u32) -> Self {
        Self::proc(pid, "fd (listening sockets)")
    }

    /// The engine's networks.
    pub fn networks() -> Self {
        Self::Engine("/networks".into())
    }

    /// The engine's facts about itself and its host.
    pub fn engine_info() -> Self {
        Self::Engine("/info".into())
    }
}

/// Whether a path is such a file of some process other than the auditor.
fn is_traced(path: &str) -> bool {
    let inner = path.strip_prefix("/proc/").and_then(|rest| rest.split_once('/'));
    inner.is_some_and(|(pid, file)| {
        pid.parse::<u32>().is_ok() && TRACED.iter().any(|name| file.starts_with(name))
    })
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock => f.write_str("clock:utc"),
            Self::Engine(path) => write!(f, "engine:{path}"),
            Self::Kernel(path) => write!(f, "kernel:{path}"),
            Self::Processes(id) => write!(f, "processes:{id}"),
            Self::Files(id) => write!(f, "files:{id}"),
            Self::Layers(id) => write!(f, "layers:{id}"),
            Self::Archive(place) => write!(f, "archive:{place}"),
            Self::Default(what) => write!(f, "default:{what}"),
            Self::Compose(service) => write!(f, "compose:{service}"),
            Self::Dockerfile(file) => write!(f, "dockerfile:{file}"),
            Self::Context(file) => write!(f, "context:{file}"),
            Self::Disk(file) => write!(f, "disk:{file}"),
            Self::Git(file) => write!(f, "git:{file}"),
            Self::Run(image) => write!(f, "run:{image}"),
        }
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (kind, place) = text.split_once(':').ok_or_else(|| {
            format!("source {text:?} has no kind; expected for instance kernel:/proc/1/status")
        })?;
        let place = place.into();
        match kind {
            "clock" => Ok(Self::Clock),
            "engine" => Ok(Self::Engine(place)),
            "kernel" => Ok(Self::Kernel(place)),
            "processes" => Ok(Self::Processes(place)),
            "files" => Ok(Self::Files(place)),
            "layers" => Ok(Self::Layers(place)),
            "archive" => Ok(Self::Archive(place)),
            "default" => Ok(Self::Default(place)),
            "compose" => Ok(Self::Compose(place)),
            "dockerfile" => Ok(Self::Dockerfile(place)),
            "context" => Ok(Self::Context(place)),
            "disk" => Ok(Self::Disk(place)),
            "git" => Ok(Self::Git(place)),
            "run" => Ok(Self::Run(place)),
            other => Err(format!("unknown kind of source {other:?}")),
        }
    }
}

impl JsonSchema for Source {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Exactly where a datum was read, as kind:place.",
            "pattern": "^(clock|engine|kernel|processes|files|layers|archive|default|compose|dockerfile|context|disk|git|run):"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Source};

    #[test]
    fn a_source_reads_back_from_what_it_prints() {
        for source in [
            Source::Clock,
            Source::engine_info(),
            Source::proc(7, "attr/current"),
            Source::Processes("ab".into()),
            Source::Files("ab".into()),
            Source::Layers("ab".into()),
            Source::Archive("shop.tar".into()),
            Source::Default("docker: seccomp".into()),
            Source::Compose("shop/compose.yaml#web".into()),
            Source::Dockerfile("shop/Dockerfile#final".into()),
            Source::Context("shop/Dockerfile".into()),
            Source::Disk("shop/.env".into()),
            Source::Git("shop/.env".into()),
            Source::Run("sha256:ab".into()),
        ] {
            assert_eq!(Source::try_from(source.to_string()), Ok(source));
        }
    }

    #[test]
    fn what_it_takes_to_read_a_file_of_a_process_depends_on_the_file() {
        assert_eq!(Source::proc(7, "status").access(), Access::Anybody);
        assert_eq!(Source::proc(7, "net/tcp").access(), Access::Anybody);
        assert_eq!(Source::proc(7, "environ").access(), Access::Tracer);
        assert_eq!(Source::proc(7, "root/etc/passwd").access(), Access::Tracer);
        assert_eq!(Source::Kernel("/proc/self/ns/ipc".into()).access(), Access::Anybody);
        assert_eq!(Source::engine_info().access(), Access::Engine);
    }

    #[test]
    fn an_unknown_kind_is_refused() {
        assert!(Source::try_from("rumour:somebody".to_owned()).is_err());
    }
}
