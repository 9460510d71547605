//! An entry of the engine's `Mounts`, and what the engine is told for it.

use serde_json::{Value as Json, json};

/// Where the engine's own driver keeps its volumes.
const VOLUMES: &str = "/var/lib/docker/volumes";

pub(super) fn bound(
    source: &str,
    point: &str,
    is_writable: bool,
    mode: &str,
    propagation: &str,
) -> Json {
    json!({
        "Type": "bind", "Source": source, "Destination": point, "Mode": mode,
        "RW": is_writable, "Propagation": propagation,
    })
}

/// A volume of the engine's own driver; without a name the engine makes one.
pub(super) fn volume(point: &str, name: &str, is_writable: bool) -> Json {
    let source = if name.is_empty() { String::new() } else { format!("{VOLUMES}/{name}/_data") };
    json!({
        "Type": "volume", "Name": name, "Source": source, "Destination": point,
        "Driver": "local", "Mode": "z", "RW": is_writable, "Propagation": "",
    })
}

/// Sets a field.
pub(super) fn put(entry: &mut Json, key: &str, value: impl Into<Json>) {
    if let Some(fields) = entry.as_object_mut() {
        fields.insert(key.to_owned(), value.into());
    }
}

/// A bind in the engine's short form; none for what goes to it as a mount.
pub(super) fn bind(entry: &Json) -> Option<String> {
    let text = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default();
    let is_bind = text("Type") == "bind" && !text("Mode").is_empty() && entry.get("Name").is_none();
    is_bind.then(|| format!("{}:{}:{}", text("Source"), text("Destination"), text("Mode")))
}

/// What the engine is asked for, in its long form.
pub(super) fn ask(entry: &Json, options: Option<(&str, Json)>) -> Json {
    let is_volume = entry.get("Name").is_some();
    let kind = if is_volume { Some(Json::from("volume")) } else { entry.get("Type").cloned() };
    let source = entry.get(if is_volume { "Name" } else { "Source" });
    let mut asked = json!({
        "Type": kind, "Source": source, "Target": entry.get("Destination"),
        "ReadOnly": entry.get("RW") == Some(&Json::from(false)),
    });
    if let Some((name, options)) = options.filter(|(_, it)| *it != json!({})) {
        put(&mut asked, name, options);
    }
    asked
}
