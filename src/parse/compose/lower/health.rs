//! The health check: what the file says of it, and of the rest the image's
//! word, field by field (moby, `daemon/commit.go`, `merge`).

use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::parse::compose::schema::cast;
use crate::parse::compose::tree::{Node, Value};
use crate::parse::compose::wrong::Wrong;

use super::image::Image;
use super::sheet::{Given, Read, Sheet};

/// The keys with the engine's names for them; times count in nanoseconds.
const FIELDS: [(&str, &str, Read); 5] = [
    ("healthcheck.interval", "Interval", nanoseconds),
    ("healthcheck.timeout", "Timeout", nanoseconds),
    ("healthcheck.start_period", "StartPeriod", nanoseconds),
    ("healthcheck.start_interval", "StartInterval", nanoseconds),
    ("healthcheck.retries", "Retries", cast::integer),
];

fn nanoseconds(node: &Node) -> Result<Option<i64>, Wrong> {
    let span: Option<Duration> = cast::duration(node)?;
    Ok(span.map(|it| i64::try_from(it.as_nanos()).unwrap_or(i64::MAX)))
}

pub(super) fn fill(sheet: &mut Sheet<'_>, service: &Node, image: Image<'_>) {
    const CHECK: &str = "/Config/Healthcheck";
    const TEST: &str = "/Config/Healthcheck/Test";
    let Some(given) = Given::of(Some(service), "healthcheck") else {
        sheet.inherit(image, CHECK);
        return;
    };
    sheet.wrote(CHECK, given);
    if let Some(gap) = sheet.unset(given.node) {
        sheet.gap(CHECK, gap);
        return;
    }
    let mut check = Map::new();
    if let Some(test) = Given::of(Some(given.node), "healthcheck.test") {
        // A text is for the image's shell, `NONE` among it.
        let words = if let Value::Text { text, .. } = &test.node.value {
            sheet.wrote(TEST, test);
            Json::from(vec!["CMD-SHELL", text])
        } else {
            sheet.texts(test, TEST)
        };
        check.insert("Test".to_owned(), words);
    }
    if let Some(disable) = Given::of(Some(given.node), "healthcheck.disable") {
        // Without this key's word nobody knows whether there is a test at all.
        let told = sheet.unset(disable.node);
        if let Some(gap) = told {
            sheet.wrote(TEST, disable);
            sheet.gap(TEST, gap);
        } else if cast::flag(disable.node) == Ok(Some(true)) {
            sheet.wrote(TEST, disable);
            check.insert("Test".to_owned(), Json::from(vec!["NONE"]));
        }
    }
    for (key, name, read) in FIELDS {
        if let Some(field) = Given::of(Some(given.node), key) {
            let value = sheet.meaning(field, &format!("{CHECK}/{name}"), read);
            check.extend(value.map(|value| (name.to_owned(), Json::from(value))));
        }
    }
    let is_off = check.get("Test").is_some_and(|it| it.get(0) == Some(&Json::from("NONE")));
    if !is_off {
        complete(sheet, &mut check, image);
    }
    sheet.set(CHECK, check);
}

/// What is not said, or said to be nothing, is the image's.
fn complete(sheet: &mut Sheet<'_>, check: &mut Map<String, Json>, image: Image<'_>) {
    for name in ["Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"] {
        let pointer = format!("/Config/Healthcheck/{name}");
        let is_said = match check.get(name) {
            Some(Json::Array(words)) => !words.is_empty(),
            Some(value) => value.as_i64() != Some(0),
            None => false,
        };
        if is_said || sheet.gap_of(&pointer).is_some() {
            continue;
        }
        let part = pointer.strip_prefix("/Config").unwrap_or(&pointer);
        match image.get(part) {
            Err(gap) => sheet.gap(&pointer, gap.clone()),
            Ok(None) => {}
            Ok(Some(value)) => {
                check.insert(name.to_owned(), value.clone());
                if let Some(origin) = image.origin(part) {
                    sheet.came_from(pointer, origin);
                }
            }
        }
    }
}
