//! The container's environment and labels: the file's, and those of the image
//! that it does not name.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::model::reading::{Gap, Reason};
use crate::model::untrusted::Untrusted;
use crate::parse::compose::EnvFile;
use crate::parse::compose::tree::{Node, Value};

use super::image::Image;
use super::member;
use super::sheet::{Given, Sheet};

pub(super) fn fill(sheet: &mut Sheet<'_>, service: &Node, image: Image<'_>) {
    environment(sheet, service, image);
    labels(sheet, service, image);
    unread(sheet);
    files(sheet, service);
}

/// The environment files of the project and of the service, by the paths that people
/// know. No engine is told of them, and no engine's document has them.
fn files(sheet: &mut Sheet<'_>, service: &Node) {
    const FILES: &str = "/EnvFiles";
    let project = sheet.project();
    let told = |it: &EnvFile| json!({"File": it.shown.display().to_string()});
    let mut all: Vec<Json> =
        project.env_files.iter().filter(|it| it.is_projects).map(told).collect();
    let own = Given::of(Some(service), "env_file");
    for item in own.map(|it| it.node.items()).unwrap_or_default() {
        let path = item.get("path").unwrap_or(item);
        if let Some(gap) = sheet.unset(path) {
            sheet.gap("/EnvFiles/-", gap);
        }
        let is_it = |it: &&EnvFile| path.text().is_some_and(|path| it.path == Path::new(path));
        let Some(file) = project.env_files.iter().find(is_it) else { continue };
        sheet.wrote(&format!("{FILES}/{}", all.len()), Given::item("env_file", path));
        all.push(told(file));
    }
    if !all.is_empty() {
        sheet.set(FILES, all);
    }
}

/// What a file would add that could not be read.
fn unread(sheet: &mut Sheet<'_>) {
    let own = sheet.project().unread.iter().find(|(service, _)| *service == sheet.service.key);
    let Some((_, fault)) = own else { return };
    let file = Untrusted::from(fault.file.display().to_string());
    let detail = format!("{file}: {}", Untrusted::from(fault.what.as_str()));
    let gap = Gap::new(Reason::NotCollected, sheet.source(), detail).mend(fault.help.clone());
    for pointer in ["/Config/Env/-", "/Config/Labels/-"] {
        sheet.gap(pointer, gap.clone());
    }
}

fn environment(sheet: &mut Sheet<'_>, service: &Node, image: Image<'_>) {
    const ENV: &str = "/Config/Env";
    let mut all: Vec<Json> = Vec::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    if let Some(given) = Given::of(Some(service), "environment") {
        sheet.wrote(ENV, given);
        if let Some(gap) = sheet.unset(given.node) {
            sheet.gap(ENV, gap);
        }
        for entry in given.node.entries() {
            names.insert(&entry.key);
            let key = format!("environment.{}", entry.key);
            let pointer = format!("{ENV}/{}", all.len());
            let value = sheet.item(Given::entry(&key, entry), &pointer);
            // A variable without a value is handed on from whoever starts it.
            if entry.node.value == Value::Null {
                let gap = sheet.not_set(std::slice::from_ref(&entry.key), None, entry.key_at);
                sheet.gap(&pointer, gap);
            }
            let pair = value.as_str().map(|value| format!("{}={value}", entry.key));
            all.push(pair.map_or_else(|| json!({"name": entry.key}), Json::from));
        }
    }
    let (brought, gap) = image.known("/Env");
    for (item, place) in brought.and_then(Json::as_array).into_iter().flatten().zip(0_usize..) {
        if name_of(item).is_some_and(|name| names.contains(name)) {
            continue;
        }
        let (from, pointer) = (format!("/Env/{place}"), format!("{ENV}/{}", all.len()));
        let mut item = item.clone();
        if let Some(gap) = image.gap(&from) {
            sheet.gap(&pointer, gap.clone());
            item = json!({"name": name_of(&item)});
        }
        if let Some(origin) = image.origin(&from) {
            sheet.came_from(pointer, origin);
        }
        all.push(item);
    }
    if let Some(gap) = gap {
        sheet.gap("/Config/Env/-", gap.clone());
    }
    sheet.set(ENV, all);
}

/// The name of a variable, its value sealed or not.
fn name_of(item: &Json) -> Option<&str> {
    match item.as_str() {
        Some(pair) => pair.split('=').next(),
        None => item.get("name")?.as_str(),
    }
}

fn labels(sheet: &mut Sheet<'_>, service: &Node, image: Image<'_>) {
    const LABELS: &str = "/Config/Labels";
    let given = Given::of(Some(service), "labels");
    let own = given.map(|given| sheet.pairs(given, LABELS));
    let mut all = match own {
        Some(Json::Object(own)) => own,
        _ => serde_json::Map::new(),
    };
    let (brought, gap) = image.known("/Labels");
    for (name, value) in brought.and_then(Json::as_object).into_iter().flatten() {
        if all.contains_key(name) {
            continue;
        }
        let pointer = member(name);
        if let Some(origin) = image.origin(&format!("/Labels/{pointer}")) {
            sheet.came_from(format!("{LABELS}/{pointer}"), origin);
        }
        all.insert(name.clone(), value.clone());
    }
    if let Some(gap) = gap {
        sheet.gap("/Config/Labels/-", gap.clone());
    }
    let (project, key) = (&sheet.project().name, &sheet.service.key);
    for (name, value) in [("project", project), ("service", key)] {
        all.insert(format!("com.docker.compose.{name}"), value.as_str().into());
    }
    sheet.set(LABELS, all);
}
