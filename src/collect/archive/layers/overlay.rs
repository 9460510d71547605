//! The layers of an image, laid over each other.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use serde_json::{Value, json};

use super::accounts::{Accounts, Detours};
use super::contents::{Content, DATABASE_OF_FILES};
use super::order::{self, Fault, Named, followed};
use super::{Image, Laid, Layer, Part, Saved, nginx};
use crate::collect::archive::name::split;
use crate::collect::by_path::ByPath;
use crate::collect::places::Places;
use crate::collect::redact;
use crate::model::files::Kind;
use crate::model::layers::{Holder, Layers, Packages, Project};
use crate::model::reading::{Gap, Reason};
use crate::model::survey::{Numbering, Traits};
use crate::model::untrusted::Untrusted;

/// The most files that are named as holders of secrets, and projects.
const MOST_NAMED: usize = 256;

/// What the layers so far hide of those below them, by number.
#[derive(Default)]
struct Hidden {
    /// Paths at which they have something, or take it away.
    at: BTreeSet<u64>,
    /// Paths below which nothing of lower layers is left.
    below: BTreeSet<u64>,
}

impl Hidden {
    /// Whether a folder or one around it is taken away from the layers below.
    fn is_cut(&self, folder: &[u8], hasher: &RandomState) -> bool {
        // The root as an empty one last.
        let up = |path: &&[u8]| path.iter().rposition(|byte| *byte == b'/');
        let mut around = std::iter::successors(Some(folder), |path| path.get(..up(path)?));
        around.any(|it| self.below.contains(&hasher.hash_one(it)))
    }

    /// Whether nothing above hides a path.
    fn shows(&self, path: &[u8], hasher: &RandomState) -> bool {
        !self.at.contains(&hasher.hash_one(path))
            && (path.is_empty() || !self.is_cut(split(path).0, hasher))
    }
}

/// What is to be seen of an image.
#[derive(Default)]
struct Seen<'l> {
    visible: BTreeMap<&'l [u8], &'l Traits>,
    /// How much else.
    clean: u64,
    /// Of the paths that somebody asks for, by number, those that are there.
    found: BTreeSet<u64>,
    contents: BTreeMap<&'l [u8], &'l Content>,
    holders: Vec<Holder>,
}

impl Saved<'_> {
    /// The images of the archive, and why there may be more.
    pub(in crate::collect::archive) fn images(self) -> (Vec<Image>, Vec<Gap>) {
        match order::images(&self.parts, &self.wanted.platform) {
            Ok(named) => (named.iter().map(|it| self.image(it)).collect(), Vec::new()),
            Err(_) if !self.is_whole => (Vec::new(), self.gaps),
            Err(fault) => {
                let (detail, remedy) = match fault {
                    Fault::Platform(detail) => (detail, "name one of these with --platform"),
                    Fault::Layout(detail) => {
                        (detail, "name what docker save wrote, or an OCI layout")
                    }
                };
                let gap = self.gap(Reason::Malformed, detail).mend(remedy);
                (Vec::new(), self.gaps.into_iter().chain([gap]).collect())
            }
        }
    }

    /// The paths of what a document of the archive describes as further documents.
    pub(in crate::collect::archive) fn described(&self, path: &[u8]) -> Vec<Vec<u8>> {
        let Some(Part::Document { value, .. }) = followed(&self.parts, path) else {
            return Vec::new();
        };
        let listed = value.get("manifests").and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(order::blob).collect()
    }

    /// The paths of what belongs to the images that are wanted.
    pub(in crate::collect::archive) fn parts_wanted(&self) -> Vec<Vec<u8>> {
        let images = order::images(&self.parts, &self.wanted.platform).unwrap_or_default();
        images.into_iter().flat_map(|it| it.config.into_iter().chain(it.layers)).collect()
    }

    /// The only image of the archive: its files, and what its contents tell.
    pub(super) fn only(self) -> Laid {
        let named = order::images(&self.parts, &self.wanted.platform);
        let (named, detail) = match named {
            Ok(mut images) if images.len() == 1 => (images.remove(0), None),
            Ok(images) => {
                let detail = format!("the archive holds {} images, and not one", images.len());
                (Named::default(), Some(detail))
            }
            Err(Fault::Layout(detail) | Fault::Platform(detail)) => {
                (Named::default(), Some(detail))
            }
        };
        // Of what was not read to its end that is no wonder.
        let gap = detail.filter(|_| self.is_whole).map(|it| self.gap(Reason::Malformed, it));
        self.laid(&named, gap)
    }

    fn image(&self, named: &Named) -> Image {
        let config = self.config(named);
        let gap = || {
            let detail = "the image's configuration is not in the archive, or not as it should be";
            self.gap(Reason::Malformed, detail).mend("save the image again")
        };
        let id = config.map_or_else(|| self.unnamed(named), |(_, digest)| digest.to_owned());
        let text = |it: &String| Untrusted::from(it.as_str());
        let history = config.and_then(|(value, _)| value.get("history"));
        let history = history.map(redact::history_of_config).ok_or_else(|| {
            let detail = "the image's configuration tells no history";
            self.gap(Reason::Unsupported, detail).mend("build the image with a builder that does")
        });
        Image {
            document: config
                .map(|(value, digest)| redact::document(described(value, digest, &named.names)))
                .ok_or_else(gap),
            history,
            id,
            names: named.names.iter().map(text).collect(),
            platform: named.platform.as_ref().map(text),
            laid: self.laid(named, None),
        }
    }

    /// A name for an image that has no configuration.
    fn unnamed(&self, named: &Named) -> String {
        super::unpacked::digest(&named.layers.concat())
    }

    fn config(&self, named: &Named) -> Option<(&Value, &str)> {
        match followed(&self.parts, named.config.as_ref()?)? {
            Part::Document { value, digest } => Some((value, digest)),
            Part::Layer(_) | Part::Compressed(_) | Part::Link(_) => None,
        }
    }

    /// Lays the layers over each other, the uppermost first.
    fn laid(&self, named: &Named, gap: Option<Gap>) -> Laid {
        let mut gaps: Vec<Gap> = self.gaps.iter().cloned().chain(gap).collect();
        let digests = self.digests(named);
        if digests.as_ref().is_some_and(|it| it.len() != named.layers.len()) {
            let detail = "the image's configuration tells of another number of layers";
            gaps.push(self.gap(Reason::Malformed, detail));
        }
        let mut layers = Vec::new();
        for (place, path) in named.layers.iter().enumerate() {
            match self.layer_at(path) {
                Ok(layer) => {
                    gaps.extend(layer.gaps.iter().cloned());
                    let told = digests.as_ref().and_then(|it| it.get(place));
                    if let Some((told, own)) = told.zip(layer.digest.as_ref())
                        && told != own
                    {
                        let name = Untrusted::from_bytes(path);
                        let detail = format!(
                            "the layer {name} has not the digest that the configuration tells"
                        );
                        let gap = self.gap(Reason::Malformed, detail);
                        gaps.push(gap.mend("save the image again"));
                    }
                    layers.push((place + 1, layer));
                }
                Err(gap) => gaps.push(gap),
            }
        }
        let asked = self.asked(&layers);
        let mut hidden = Hidden::default();
        let mut seen = Seen::default();
        for (number, layer) in layers.iter().rev() {
            seen.lay(layer, *number, &mut hidden, &asked, &self.hasher);
        }
        let untold = layers.iter().flat_map(|(_, layer)| layer.untold.clone());
        let told = self.told(&seen, gaps.iter().cloned().chain(untold).collect());
        let detour = Detours::first(layers.iter().map(|(_, it)| *it), &self.hasher).map(|path| {
            let path = Untrusted::from_bytes(path);
            let detail = format!("{path} lies behind a link, which is not followed");
            self.gap(Reason::Unsupported, detail)
        });
        let words = self.words(named);
        let nginx = nginx::answer(&seen.contents, &words, gaps.first(), self.source);
        let doubts: Vec<Gap> = gaps.iter().cloned().chain(detour).collect();
        let accounts = Accounts::of(&seen.contents, &doubts, self.source);
        let mut files = ByPath::new(Arc::clone(&self.wanted.patterns));
        for (path, traits) in seen.visible {
            files.meet(if path.is_empty() { b"/" } else { path }, traits.clone(), 0);
        }
        files.pass(seen.clean);
        let mut unread = Places::default();
        gaps.into_iter().for_each(|gap| unread.add(b"/", gap));
        let unread = unread.told(self.source);
        let survey = files.survey(Numbering::Container, self.source, unread, |_| "/".into());
        Laid { survey, layers: told, accounts, nginx }
    }

    /// The digests that the layers have, as the configuration tells them.
    fn digests(&self, named: &Named) -> Option<Vec<String>> {
        let (config, _) = self.config(named)?;
        let all = config.pointer("/rootfs/diff_ids")?.as_array()?;
        Some(all.iter().map(|it| it.as_str().unwrap_or_default().to_owned()).collect())
    }

    /// What the image is to start, word by word.
    fn words(&self, named: &Named) -> Vec<&str> {
        let Some((config, _)) = self.config(named) else { return Vec::new() };
        let list = |pointer: &str| config.pointer(pointer).and_then(Value::as_array);
        let all = [list("/config/Entrypoint"), list("/config/Cmd")].into_iter().flatten();
        all.flatten().filter_map(Value::as_str).collect()
    }

    fn layer_at(&self, path: &[u8]) -> Result<&Layer, Gap> {
        let name = Untrusted::from_bytes(path);
        match followed(&self.parts, path) {
            Some(Part::Layer(layer)) => Ok(layer),
            Some(Part::Compressed(how)) => {
                let detail = format!("the layer {name} is compressed by {how}, which is not read");
                let gap = self.gap(Reason::Unsupported, detail);
                Err(gap.mend("save the image with gzip, zstd or no compression"))
            }
            Some(Part::Document { .. } | Part::Link(_)) | None => {
                let detail = format!("the layer {name} is not in the image's archive");
                Err(self.gap(Reason::Malformed, detail))
            }
        }
    }

    /// Where the projects' development dependencies would be, by number.
    fn asked(&self, layers: &[(usize, &Layer)]) -> BTreeSet<u64> {
        let contents = layers.iter().flat_map(|(_, layer)| &layer.contents);
        let projects = contents.filter_map(|(path, content)| match content {
            Content::Npm(names) => Some((path, names)),
            Content::Holder(_)
            | Content::System(_)
            | Content::Packages(_)
            | Content::Names(_)
            | Content::Shell
            | Content::Nginx(_)
            | Content::NginxProgram => None,
        });
        projects
            .flat_map(|(path, names)| names.iter().flat_map(|name| installed(path, name)))
            .map(|path| self.hasher.hash_one(path.as_slice()))
            .collect()
    }

    fn told(&self, seen: &Seen<'_>, gaps: Vec<Gap>) -> Layers {
        let mut layers = Layers { unread: gaps, ..Layers::default() };
        layers.holders.clone_from(&seen.holders);
        layers
            .holders
            .sort_by(|one, other| (one.layer, &one.path).cmp(&(other.layer, &other.path)));
        let (mut files_of_packages, mut shells) = (0, BTreeSet::new());
        for (path, content) in &seen.contents {
            let name = Untrusted::from_bytes(path);
            match content {
                Content::Npm(names) => {
                    let is_there = |it: &&String| {
                        let number = |path: Vec<u8>| self.hasher.hash_one(path.as_slice());
                        installed(path, it).map(number).iter().any(|it| seen.found.contains(it))
                    };
                    let there = names.iter().filter(is_there);
                    let development: Vec<_> = there.map(|it| it.as_str().into()).collect();
                    if !development.is_empty() {
                        layers.projects.push(Project { path: name, development });
                    }
                }
                // The one in /etc is the administrator's and comes first.
                Content::System(system) => {
                    layers.base.system.get_or_insert_with(|| system.clone());
                }
                Content::Packages(Some(1)) if path.starts_with(DATABASE_OF_FILES) => {
                    files_of_packages += 1;
                }
                Content::Packages(count) => {
                    layers.base.packages.push(Packages { path: name, count: *count });
                }
                Content::Shell => drop(shells.insert(split(path).1)),
                Content::Holder(_)
                | Content::Names(_)
                | Content::Nginx(_)
                | Content::NginxProgram => {}
            }
        }
        layers.shells = shells.into_iter().map(Untrusted::from_bytes).collect();
        if files_of_packages > 0 {
            let path = Untrusted::from_bytes(DATABASE_OF_FILES);
            layers.base.packages.push(Packages { path, count: Some(files_of_packages) });
        }
        let (holders, projects) = (layers.holders.len(), layers.projects.len());
        if holders > MOST_NAMED || projects > MOST_NAMED {
            layers.holders.truncate(MOST_NAMED);
            layers.projects.truncate(MOST_NAMED);
            let detail = format!(
                "{holders} files may hold secrets and {projects} are projects, more than are looked at"
            );
            layers.unread.push(self.gap(Reason::TooLarge, detail));
        }
        layers
    }
}

impl<'l> Seen<'l> {
    /// Lays a layer below those that are known.
    fn lay(
        &mut self,
        layer: &'l Layer,
        number: usize,
        hidden: &mut Hidden,
        asked: &BTreeSet<u64>,
        hasher: &RandomState,
    ) {
        let of = |path: &[u8]| hasher.hash_one(path);
        for (path, traits) in &layer.kept {
            if hidden.shows(path, hasher) {
                self.visible.insert(path, traits);
                self.found.extend(Some(of(path)).filter(|it| asked.contains(it)));
            }
        }
        for (path, content) in &layer.contents {
            let is_shown = hidden.shows(path, hasher);
            if let Content::Holder(variables) = content {
                self.holders.push(Holder {
                    path: Untrusted::from_bytes(path),
                    layer: number,
                    hidden: !is_shown,
                    variables: variables.clone(),
                });
            } else if is_shown {
                self.contents.insert(path, content);
            }
        }
        let cut: Vec<bool> = layer.folders.iter().map(|it| hidden.is_cut(it, hasher)).collect();
        let is_seen = |(it, folder): &&(u64, usize)| {
            !hidden.at.contains(it) && cut.get(*folder).is_some_and(|is_cut| !is_cut)
        };
        for (number, _) in layer.clean.iter().filter(is_seen) {
            self.clean += 1;
            self.found.extend(Some(*number).filter(|it| asked.contains(it)));
        }

        for (path, traits) in &layer.kept {
            hidden.at.insert(of(path));
            if traits.kind != Kind::Folder {
                hidden.below.insert(of(path));
            }
        }
        for it in layer.clean.iter().map(|(it, _)| it).chain(&layer.whiteouts) {
            hidden.at.insert(*it);
            hidden.below.insert(*it);
        }
        hidden.below.extend(&layer.opaque);
    }
}

/// Where npm installs a package for the project of this document: a folder or a
/// link to one, which not every layer tells of, and its own document.
fn installed(document: &[u8], name: &str) -> [Vec<u8>; 2] {
    let folder = [split(document).0, b"/node_modules/", name.as_bytes()].concat();
    let own = [&folder, b"/package.json".as_slice()].concat();
    [folder, own]
}

/// A configuration of the OCI's form as an engine tells of an image.
fn described(config: &Value, id: &str, names: &[String]) -> Value {
    let field = |key: &str| config.get(key).cloned().unwrap_or(Value::Null);
    json!({
        "Id": id,
        "RepoTags": names,
        "Created": field("created"),
        "Architecture": field("architecture"),
        "Os": field("os"),
        "Config": field("config"),
        "RootFS": {"Type": "layers", "Layers": config.pointer("/rootfs/diff_ids")},
    })
}
