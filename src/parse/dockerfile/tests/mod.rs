//! Each feature of the Dockerfile reference, read and carried out.

mod accounts;
mod downloads;
mod heredocs;
mod hostile;
mod idle;
mod meaning;
mod stages;
mod syntax;
mod variables;

use std::collections::BTreeMap;

use super::*;

fn read(text: &str) -> Dockerfile {
    parse(text.as_bytes())
}

/// What is wrong with a file, as `line:column what`.
fn faults(text: &str) -> Vec<String> {
    let faults = read(text).faults;
    faults.iter().map(|it| format!("{}:{} {}", it.place.line, it.place.column, it.what)).collect()
}

/// The instructions of a file without faults, as they are understood.
fn instructions(text: &str) -> Vec<Instruction> {
    let file = read(text);
    assert_eq!(file.faults, [], "{text}");
    file.instructions().cloned().collect()
}

/// What stands at a place of a text.
fn excerpt(text: &str, place: Place) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line = text.split('\n').nth(place.line as usize - 1);
    let letters = line.unwrap().chars().skip(place.column as usize - 1);
    letters.take(place.length as usize).collect()
}

/// What the last stage of a file sets, built without arguments.
fn built(text: &str) -> Built {
    shipped(&read(text), None, &BTreeMap::new()).unwrap()
}

/// Build arguments.
fn args(pairs: &[(&str, Option<&str>)]) -> BTreeMap<String, Option<String>> {
    pairs.iter().map(|(name, it)| ((*name).to_owned(), it.map(str::to_owned))).collect()
}
