//! What the container starts: the entrypoint and the command, the file's or
//! the image's (moby, `daemon/commit.go`, `merge`).

use serde_json::Value as Json;

use crate::parse::compose::tree::{Node, Value};
use crate::parse::compose::wrong::Wrong;

use super::image::Image;
use super::sheet::{Given, Sheet};
use super::words::split;

const ENTRYPOINT: &str = "/Config/Entrypoint";
const COMMAND: &str = "/Config/Cmd";

pub(super) fn fill(sheet: &mut Sheet<'_>, service: &Node, image: Image<'_>) {
    let entrypoint = given(sheet, service, "entrypoint", ENTRYPOINT);
    let command = given(sheet, service, "command", COMMAND);
    // An entrypoint of the file's, unless it is empty, comes without the
    // image's command; an empty one only takes the image's entrypoint away.
    let takes_command = entrypoint.as_ref().is_none_or(Vec::is_empty);
    if command.as_ref().is_none_or(Vec::is_empty)
        && takes_command
        && sheet.gap_of(COMMAND).is_none()
    {
        sheet.inherit(image, COMMAND);
    }
    match entrypoint {
        None => sheet.inherit(image, ENTRYPOINT),
        // One empty word is how to say none at all.
        Some(words) if words == [Json::from("")] => sheet.set(ENTRYPOINT, Json::Null),
        Some(_) => {}
    }
    start(sheet);
}

/// The words that the file gives; none where it says nothing.
fn given(
    sheet: &mut Sheet<'_>,
    service: &Node,
    key: &'static str,
    pointer: &str,
) -> Option<Vec<Json>> {
    let given = Given::of(Some(service), key)?;
    let words = match &given.node.value {
        Value::Text { text, .. } => {
            sheet.wrote(pointer, given);
            match split(text) {
                Ok(words) => words.into_iter().map(Json::from).collect(),
                Err(what) => {
                    let help = "write it as a list of words";
                    let gap = sheet.malformed(key, Wrong::new(given.node.at, what, help));
                    sheet.gap(pointer, gap);
                    // Something that nobody can tell is not nothing.
                    vec![Json::Null]
                }
            }
        }
        Value::Unset { .. } => {
            sheet.texts(given, pointer);
            vec![Json::Null]
        }
        Value::List(_) | Value::Map(_) | Value::Null => {
            let words = sheet.texts(given, pointer);
            if let Json::Array(words) = words { words } else { Vec::new() }
        }
    };
    sheet.set(pointer, words.clone());
    Some(words)
}

/// `Path` is the first word of both together, `Args` are the others.
fn start(sheet: &mut Sheet<'_>) {
    let mut words = Vec::new();
    let mut whole = [ENTRYPOINT, COMMAND].into_iter();
    let unknown = whole.find_map(|pointer| {
        let gap = sheet.gap_of(pointer);
        if gap.is_none() {
            let all = sheet.get(pointer).and_then(|it| it.as_array().cloned()).unwrap_or_default();
            let places = (0_usize..).map(|place| format!("{pointer}/{place}"));
            words.extend(all.into_iter().zip(places));
        }
        gap
    });
    let last =
        if words.iter().any(|(_, from)| from.starts_with(COMMAND)) { COMMAND } else { ENTRYPOINT };
    sheet.copy_origin(last, "/Args");
    let mut args = Vec::new();
    for ((word, from), place) in words.iter().zip(0_usize..) {
        let to = match place.checked_sub(1) {
            None => "/Path".to_owned(),
            Some(place) => format!("/Args/{place}"),
        };
        let whole = from.rsplit_once('/').map_or("", |it| it.0);
        sheet.copy_origin(whole, &to);
        sheet.copy_origin(from, &to);
        if let Some(gap) = sheet.gap_of(from) {
            sheet.gap(&to, gap);
        }
        if place == 0 {
            sheet.set("/Path", word.clone());
        } else {
            args.push(word.clone());
        }
    }
    if let Some(gap) = unknown {
        if words.is_empty() {
            sheet.gap("/Path", gap.clone());
        }
        sheet.gap("/Args", gap);
    }
    if words.is_empty() {
        sheet.set("/Path", "");
    }
    sheet.set("/Args", args);
}
