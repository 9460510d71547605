//! Which layers an image has, and in which order.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Part;
use crate::collect::archive::name::absolute;

/// The part of a path, through links.
pub(super) fn followed<'p>(parts: &'p BTreeMap<Vec<u8>, Part>, path: &[u8]) -> Option<&'p Part> {
    let mut part = parts.get(path)?;
    for _ in 0..8 {
        match part {
            Part::Link(target) => part = parts.get(target)?,
            other @ (Part::Layer(_) | Part::Document(_) | Part::Compressed) => return Some(other),
        }
    }
    None
}

/// The paths of the layers, the lowest first: by Docker's own document, or by
/// that of the OCI image layout.
pub(super) fn order(parts: &BTreeMap<Vec<u8>, Part>) -> Result<Vec<Vec<u8>>, String> {
    let document = |path: &[u8]| match followed(parts, path) {
        Some(Part::Document(document)) => Some(document),
        _ => None,
    };
    if let Some(manifest) = document(b"/manifest.json") {
        let images = manifest.as_array().map(Vec::as_slice).unwrap_or_default();
        let [image] = images else {
            return Err(format!("the archive holds {} images, and not one", images.len()));
        };
        let layers = image.get("Layers").and_then(Value::as_array);
        let path = |it: &Value| absolute(it.as_str()?.as_bytes()).ok();
        let layers = layers.and_then(|it| it.iter().map(path).collect());
        return layers.ok_or_else(|| "its manifest.json names no layers".to_owned());
    }
    let blob = |digest: &Value| {
        let path = digest.get("digest")?.as_str()?.replacen(':', "/", 1);
        absolute(format!("blobs/{path}").as_bytes()).ok()
    };
    let mut document = document(b"/index.json").ok_or("it tells of no layers")?;
    // An index of indexes of manifests is as deep as engines write it.
    for _ in 0..4 {
        if let Some(layers) = document.get("layers").and_then(Value::as_array) {
            let layers = layers.iter().map(blob).collect::<Option<_>>();
            return layers.ok_or_else(|| "its manifest names no layers".to_owned());
        }
        let listed = document.get("manifests").and_then(Value::as_array);
        let held = listed.into_iter().flatten().filter_map(blob).filter_map(|it| {
            match followed(parts, &it) {
                Some(Part::Document(document)) => Some(document),
                _ => None,
            }
        });
        // Of other platforms only the names are in the archive.
        let held: Vec<&Value> = held.collect();
        let [only] = held.as_slice() else {
            return Err(format!("the archive holds {} images, and not one", held.len()));
        };
        document = only;
    }
    Err("its index leads to no manifest".to_owned())
}
