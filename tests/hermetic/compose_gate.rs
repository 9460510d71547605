//! The tables of exit codes in the docs, run line by line.

use std::path::Path;

use crate::support::{command, stderr};

/// The rows of the table: what is run, and how it is said to end.
pub(crate) fn rows(page: &str) -> Vec<(String, i32)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let command = cells.next()?.strip_prefix("`secaudit ")?.strip_suffix('`')?;
        Some((command.to_owned(), cells.next()?.parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn every_line_of_the_table_of_projects_ends_as_it_says() {
    is_true("compose.md", "gate", 20);
}

#[test]
fn every_line_of_the_table_of_dockerfiles_ends_as_it_says() {
    is_true("dockerfile.md", "builds/gate", 16);
}

#[test]
fn every_line_of_the_table_of_waivers_ends_as_it_says() {
    is_true("waivers.md", "waivers", 18);
}

fn is_true(page: &str, folder: &str, least: usize) {
    let rows = rows(page);
    assert!(rows.len() >= least, "the table is not found: {rows:?}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    let mut wrong = Vec::new();
    for (line, code) in rows {
        let words: Vec<&str> = line.split(' ').map(|word| word.trim_matches('\'')).collect();
        let mut command = command(&words);
        let output = command.args(["--engine", "none"]).current_dir(&folder).output().unwrap();
        if output.status.code() != Some(code) {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let last = said.lines().last().unwrap_or_default().to_owned();
            wrong.push(format!(
                "{line}: {:?} and not {code}\n{last}\n{}",
                output.status,
                stderr(&output)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
