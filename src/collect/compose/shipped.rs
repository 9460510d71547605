//! What a service's image brings along.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::collect::at_hand::Images;
use crate::collect::dockerfile::Build;
use crate::collect::images;
use crate::model::draft::{Draft, Shipped};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;
use crate::model::waiver::Waiver;
use crate::parse::compose::lower::is_always_pulled;
use crate::parse::compose::tree::{Entry, Node, Value as Kind};
use crate::parse::compose::{Load, Remark};
use crate::parse::dockerfile::{self, Built, Dockerfile};

/// Where a service's image comes from.
#[derive(Clone, Debug)]
pub(super) enum Making {
    /// A Dockerfile builds it.
    Built(Box<Build>),
    /// It is pulled, or was built elsewhere: its name.
    Pulled(String),
    /// Nobody can tell.
    Unknown(Gap),
}

/// Where the image of a service comes from. What is built is what the
/// Dockerfile says, whatever an engine has under the image's name from before.
pub(super) fn making(
    service: &Node,
    (folder, seen_from): (&Path, &Path),
    load: &dyn Load,
    source: &Source,
) -> Making {
    let unset = |names: &[String]| {
        let names = names.join(", ");
        let gap = Gap::new(Reason::Unset, source.clone(), format!("{names} is not set"));
        Making::Unknown(gap.mend("set it in the environment, in .env or by --env-file"))
    };
    let build = service.get("build").filter(|_| !is_always_pulled(service));
    if let Some(build) = build {
        return recipe(build, (folder, seen_from), load)
            .map_or_else(|(what, help)| unknown(source, what, help), Making::Built);
    }
    match service.get("image").map(|it| &it.value) {
        Some(Kind::Text { text, .. }) => Making::Pulled(text.clone()),
        Some(Kind::Unset { names, .. }) => unset(names),
        _ => unknown(source, "the service names no image".to_owned(), "name one, or build one"),
    }
}

/// What is odd about a service that both builds and names its image: compose may
/// pull it and never build.
pub(super) fn remark(service: &Entry) -> Option<Remark> {
    let Entry { key, node, .. } = service;
    let image = node.get("image").filter(|it| !it.is_null() && node.get("build").is_some())?;
    let policy = node.get("pull_policy").and_then(Node::text).unwrap_or_default();
    let what = if is_always_pulled(node) {
        format!(
            "{key}: pull_policy is {policy}, so its image is pulled: the Dockerfile is not judged"
        )
    } else if matches!(policy, "" | "missing" | "if_not_present") {
        format!(
            "{key} is judged by its Dockerfile, but compose takes its image where the engine has \
             it or a registry does: build it first, or say `pull_policy: build`"
        )
    } else {
        return None;
    };
    Some(Remark { at: Some(image.at), what })
}

fn unknown(source: &Source, what: String, help: &'static str) -> Making {
    Making::Unknown(Gap::new(Reason::Malformed, source.clone(), what).mend(help))
}

/// What is wrong, and what to do about it.
type Wrong = (String, &'static str);

fn recipe(
    build: &Node,
    (folder, seen_from): (&Path, &Path),
    load: &dyn Load,
) -> Result<Box<Build>, Wrong> {
    const SET: &str = "set it in the environment, in .env or by --env-file";
    let text = |key: &str| match build.get(key).map(|it| &it.value) {
        None | Some(Kind::Null) => Ok(None),
        Some(Kind::Text { text, .. }) => Ok(Some(text.as_str())),
        Some(Kind::Unset { names, .. }) => Err((format!("{} is not set", names.join(", ")), SET)),
        Some(Kind::List(_) | Kind::Map(_)) => Err((format!("build.{key} is no text"), "mend it")),
    };
    let context = text("context")?.unwrap_or(".");
    // An empty one is the last stage, as for builders.
    let target = text("target")?.filter(|it| !it.is_empty());
    let (file, bytes) = match text("dockerfile_inline")? {
        Some(inline) => (PathBuf::from("dockerfile_inline"), inline.as_bytes().to_vec()),
        None => {
            let is_elsewhere = context.contains("://") || context.starts_with("git@");
            if is_elsewhere {
                let what = "the image is built from another host's files".to_owned();
                return Err((what, "build it, and audit where the engine has it"));
            }
            let file = folder.join(context).join(text("dockerfile")?.unwrap_or("Dockerfile"));
            let read = load.read(&file).map_err(|error| {
                let shown = shown(&file, seen_from);
                (format!("{shown}: {error}"), "check build.context and build.dockerfile")
            });
            (file.clone(), read?)
        }
    };
    let mut args = BTreeMap::new();
    for entry in build.get("args").map(Node::entries).unwrap_or_default() {
        args.insert(entry.key.clone(), entry.node.text().map(str::to_owned));
    }
    let shown = shown(&file, seen_from);
    let mut made = Build::new(&bytes, shown.clone(), target, args)
        .map_err(|wrong| (format!("{shown}:{}: {}", wrong.place.line, wrong.what), "mend it"))?;
    // What stands within a value is no waiver.
    if build.get("dockerfile_inline").is_some_and(|it| !it.is_null()) {
        made.waivers.clear();
    }
    if let Some(name) = replaced(build, &made.dockerfile, target, &made.built)? {
        let name = Untrusted::from(name);
        let what =
            format!("{shown}: build.additional_contexts puts something else in {name}'s place");
        return Err((what, "build it, and audit where the engine has it"));
    }
    Ok(Box::new(made))
}

/// The stage or base image whose name is given to another context: what that
/// holds is not in the Dockerfile.
fn replaced<'a>(
    build: &'a Node,
    dockerfile: &Dockerfile,
    target: Option<&str>,
    built: &Built,
) -> Result<Option<&'a str>, Wrong> {
    let Some(contexts) = build.get("additional_contexts") else { return Ok(None) };
    if let Kind::Unset { names, .. } = &contexts.value {
        let what = format!("build.additional_contexts: {} is not set", names.join(", "));
        return Err((what, "set it in the environment, in .env or by --env-file"));
    }
    let bases = dockerfile.stages.iter().filter_map(dockerfile::Stage::base);
    let mut used: BTreeSet<String> = bases.map(|it| familiar(it.text)).collect();
    let base = built.base.as_ref().and_then(|it| it.name.as_deref().ok());
    used.extend(base.map(familiar));
    // A stage that is the target can be replaced as a whole.
    used.extend(target.map(str::to_lowercase));
    used.extend(dockerfile.stages.last().and_then(dockerfile::Stage::name));
    let mut names = contexts.entries().iter().map(|it| it.key.as_str());
    Ok(names.find(|name| used.contains(&familiar(name))))
}

/// An image's name without what is taken for granted.
fn familiar(name: &str) -> String {
    let name = name.to_lowercase();
    let bare = name.strip_prefix("docker.io/").unwrap_or(&name);
    let bare = bare.strip_prefix("library/").unwrap_or(bare);
    bare.strip_suffix(":latest").unwrap_or(bare).to_owned()
}

/// A path as a person knows it who stands in a folder.
fn shown(file: &Path, seen_from: &Path) -> Untrusted {
    file.strip_prefix(seen_from).unwrap_or(file).display().to_string().into()
}

impl Making {
    /// The waivers in the Dockerfile that builds it.
    pub(super) fn waivers(&self) -> &[Waiver] {
        match self {
            Self::Built(build) => &build.waivers,
            Self::Pulled(_) | Self::Unknown(_) => &[],
        }
    }

    /// The image that an engine has to be asked for, if any.
    pub(super) fn image(&self) -> Option<&str> {
        match self {
            Self::Pulled(name) => Some(name),
            Self::Built(build) => build.base(),
            Self::Unknown(_) => None,
        }
    }

    /// What it brings along.
    pub(super) fn shipped(&self, images: &Images, source: &Source) -> Shipped {
        match self {
            Self::Unknown(gap) => Shipped::Unknown(gap.clone()),
            Self::Pulled(name) => match images.get(name) {
                Err(gap) => Shipped::Unknown(gap),
                Ok(known) => images::shipped(&known.id, Ok(&known.document)),
            },
            Self::Built(build) => build.shipped(images, source),
        }
    }

    /// What else its Dockerfile is known to do.
    pub(super) fn tell(&self, draft: &mut Draft) {
        match self {
            Self::Built(build) => {
                build.tell_accounts(draft);
                build.tell_idle(draft);
                build.tell_stages(draft);
            }
            Self::Unknown(gap) => drop(draft.gaps.insert("/Build/Stages".to_owned(), gap.clone())),
            Self::Pulled(_) => {}
        }
    }
}
