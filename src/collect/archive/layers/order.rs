//! Which images an archive holds, and which layers each has, in which order.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Part;
use crate::collect::archive::name::absolute;
use crate::model::untrusted::Untrusted;

/// The annotations by which an index names an image: the names of containerd
/// are whole, those of the OCI are often a tag alone.
const NAMES: [&str; 2] = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];

/// How deep indexes hold indexes.
const DEEPEST: usize = 4;

/// The most images of one archive.
const MOST: usize = 256;

/// An image, as an archive names it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// Its names with tags.
    pub(super) names: Vec<String>,
    /// What it was chosen from, where there was more than one.
    pub(super) platform: Option<String>,
    /// The path of its configuration.
    pub(super) config: Option<Vec<u8>>,
    /// The paths of its layers, the lowest first.
    pub(super) layers: Vec<Vec<u8>>,
}

/// Why no image can be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no archive of images.
    Layout(String),
    /// The wanted platform is not among those that there are.
    Platform(String),
}

impl Fault {
    fn layout(what: &str) -> Self {
        Self::Layout(format!("{what}: this is no image's archive"))
    }
}

/// The part of a path, through links.
pub(super) fn followed<'p>(parts: &'p BTreeMap<Vec<u8>, Part>, path: &[u8]) -> Option<&'p Part> {
    let mut part = parts.get(path)?;
    for _ in 0..8 {
        match part {
            Part::Link(target) => part = parts.get(target)?,
            other @ (Part::Layer(_) | Part::Document { .. } | Part::Compressed(_)) => {
                return Some(other);
            }
        }
    }
    None
}

fn document<'p>(parts: &'p BTreeMap<Vec<u8>, Part>, path: &[u8]) -> Option<&'p Value> {
    match followed(parts, path) {
        Some(Part::Document { value, .. }) => Some(value),
        Some(Part::Layer(_) | Part::Compressed(_) | Part::Link(_)) | None => None,
    }
}

/// The path of what a document describes by its digest.
pub(super) fn blob(described: &Value) -> Option<Vec<u8>> {
    let path = described.get("digest")?.as_str()?.replacen(':', "/", 1);
    absolute(format!("blobs/{path}").as_bytes()).ok()
}

/// The images of an archive, by Docker's own document, or by that of the OCI
/// image layout; of several platforms the wanted one alone.
pub(super) fn images(parts: &BTreeMap<Vec<u8>, Part>, wanted: &str) -> Result<Vec<Named>, Fault> {
    let images = if let Some(manifest) = document(parts, b"/manifest.json") {
        let all = manifest.as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().take(MOST).map(saved).collect::<Result<Vec<_>, _>>()?
    } else {
        let index =
            document(parts, b"/index.json").ok_or(Fault::layout("it tells of no layers"))?;
        let mut found = Vec::new();
        let below = Below { parts, wanted, depth: 0 };
        below.collect(index, &Named::default(), &mut found)?;
        found
    };
    if images.is_empty() { Err(Fault::layout("it holds no image")) } else { Ok(images) }
}

/// An image by Docker's own document.
fn saved(image: &Value) -> Result<Named, Fault> {
    let path = |it: &Value| absolute(it.as_str()?.as_bytes()).ok();
    let layers = image.get("Layers").and_then(Value::as_array);
    let layers = layers.and_then(|it| it.iter().map(path).collect());
    let names = image.get("RepoTags").and_then(Value::as_array).into_iter().flatten();
    Ok(Named {
        names: names.filter_map(|it| Some(it.as_str()?.to_owned())).collect(),
        platform: None,
        config: image.get("Config").and_then(path),
        layers: layers.ok_or(Fault::layout("its manifest.json names no layers"))?,
    })
}

/// A document of an index, and what is known of where it stands.
struct Below<'a> {
    parts: &'a BTreeMap<Vec<u8>, Part>,
    wanted: &'a str,
    depth: usize,
}

impl Below<'_> {
    fn collect(&self, told: &Value, above: &Named, found: &mut Vec<Named>) -> Result<(), Fault> {
        if let Some(layers) = told.get("layers").and_then(Value::as_array) {
            let layers = layers.iter().map(blob).collect::<Option<_>>();
            found.push(Named {
                names: above.names.clone(),
                platform: above.platform.clone(),
                config: told.get("config").and_then(blob),
                layers: layers.ok_or(Fault::layout("its manifest names no layers"))?,
            });
            return Ok(());
        }
        if self.depth >= DEEPEST || found.len() >= MOST {
            return Err(Fault::layout("its index leads to no manifest"));
        }
        for (entry, platform) in chosen(told, self.wanted, |it| self.holds(it))? {
            let Some(inner) = blob(entry).and_then(|it| document(self.parts, &it)) else {
                continue;
            };
            let names = name_of(entry).map_or_else(|| above.names.clone(), |it| vec![it]);
            let platform = platform.or_else(|| above.platform.clone());
            let here = Named { names, platform, ..Named::default() };
            Self { depth: self.depth + 1, ..*self }.collect(inner, &here, found)?;
        }
        Ok(())
    }

    fn holds(&self, entry: &Value) -> bool {
        blob(entry).is_some_and(|it| document(self.parts, &it).is_some())
    }
}

fn name_of(entry: &Value) -> Option<String> {
    let annotations = entry.get("annotations")?;
    let name = NAMES.iter().find_map(|it| annotations.get(it))?;
    name.as_str().map(str::to_owned)
}

/// The entries of an index that are to be followed: of those of one name and of
/// several platforms the wanted one, with what it was chosen from.
///
/// # Errors
/// The wanted platform is not among them.
pub(super) fn chosen<'d>(
    index: &'d Value,
    wanted: &str,
    is_held: impl Fn(&Value) -> bool,
) -> Result<Vec<(&'d Value, Option<String>)>, Fault> {
    let listed = index.get("manifests").and_then(Value::as_array).into_iter().flatten();
    // Of other platforms perhaps only the names are there.
    let held = listed.filter(|it| is_held(it) && !is_about_an_image(it)).take(MOST);
    let mut by_name: BTreeMap<Option<String>, Vec<&Value>> = BTreeMap::new();
    for entry in held {
        by_name.entry(name_of(entry)).or_default().push(entry);
    }
    let mut followed = Vec::new();
    for entries in by_name.into_values() {
        let platforms: Vec<String> = entries.iter().filter_map(|it| platform(it)).collect();
        if entries.len() < 2 || platforms.len() < entries.len() {
            followed.extend(entries.into_iter().map(|it| (it, None)));
            continue;
        }
        let all = platforms.join(", ");
        let is_wanted = |it: &str| {
            let rest = it.strip_prefix(wanted);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let place = platforms.iter().position(|it| it == wanted);
        let place = place.or_else(|| platforms.iter().position(|it| is_wanted(it)));
        let all = Untrusted::from(all);
        let Some((entry, own)) = place.and_then(|it| entries.get(it).zip(platforms.get(it))) else {
            return Err(Fault::Platform(format!("the image is of {all}, and not of {wanted}")));
        };
        followed.push((*entry, Some(format!("{own} of {}", all.raw()))));
    }
    Ok(followed)
}

/// Whether an entry only attests how an image was built.
fn is_about_an_image(entry: &Value) -> bool {
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
    text("/annotations/vnd.docker.reference.type") == Some("attestation-manifest")
        || text("/platform/architecture") == Some("unknown")
}

/// `linux/arm64/v8`.
fn platform(entry: &Value) -> Option<String> {
    let text = |key: &str| entry.get("platform")?.get(key)?.as_str();
    let own = format!("{}/{}", text("os")?, text("architecture")?);
    Some(text("variant").map_or(own.clone(), |variant| format!("{own}/{variant}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(digest: &str, platform: Option<(&str, &str)>) -> Value {
        let platform = platform.map(|(os, arch)| json!({"os": os, "architecture": arch}));
        json!({"digest": digest, "platform": platform})
    }

    #[test]
    fn of_several_platforms_one_is_chosen_and_said() {
        let index = json!({"manifests": [
            entry("sha256:a", Some(("linux", "amd64"))),
            entry("sha256:b", Some(("linux", "arm64"))),
            entry("sha256:c", Some(("unknown", "unknown"))),
        ]});
        let found = chosen(&index, "linux/arm64", |_| true).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0["digest"], "sha256:b");
        assert_eq!(found[0].1.as_deref(), Some("linux/arm64 of linux/amd64, linux/arm64"));
        let error = chosen(&index, "linux/s390x", |_| true).unwrap_err();
        let told = "the image is of linux/amd64, linux/arm64, and not of linux/s390x";
        assert_eq!(error, Fault::Platform(told.to_owned()));
        // What alone is there is what is meant, whatever it is made for.
        let alone = chosen(&index, "linux/s390x", |it| it["digest"] == "sha256:b").unwrap();
        assert_eq!((alone.len(), alone[0].1.as_deref()), (1, None));
    }

    #[test]
    fn images_without_a_platform_are_each_one_of_its_own() {
        let index = json!({"manifests": [entry("sha256:a", None), entry("sha256:b", None)]});
        assert_eq!(chosen(&index, "linux/amd64", |_| true).unwrap().len(), 2);
    }
}
