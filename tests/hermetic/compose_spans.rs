//! Every finding on a compose service points at the line that it speaks of.
//!
//! What stands there is looked for with other means than the program's: by the
//! indentation of the file's own text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secaudit::collect::compose::{Images, resolve};
use secaudit::collect::connect::NoEngine;
use secaudit::collect::engine::Limits;
use secaudit::judge::Accept;
use secaudit::model::bundle::Bundle;
use secaudit::parse::compose::{Load, Request};
use secaudit::policy::Policy;
use secaudit::report::v1::{Report, Verdict, Written};

use crate::corpus::{Sample, made, written};

/// Where the files of a sample lie.
const FOLDER: &str = "/project";

struct Files<'a>(&'a BTreeMap<String, String>);

impl Files<'_> {
    fn text(&self, path: &Path) -> Option<&String> {
        self.0.get(path.strip_prefix(FOLDER).ok()?.to_str()?)
    }
}

impl Load for Files<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.text(path)
            .map(|it| it.as_bytes().to_vec())
            .ok_or_else(|| "there is no such file".into())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.text(path).is_some()
    }
}

/// The evidence about a project of one file, where no engine can be asked.
pub(crate) fn bundle(text: &str) -> Bundle {
    let files = [("compose.yaml".to_owned(), text.to_owned())].into();
    let request = Request { folder: PathBuf::from(FOLDER), ..Request::default() };
    let resolved = resolve(&request, &Files(&files)).unwrap();
    let nobody = NoEngine { detail: "nobody".into(), remedy: "nothing".into() };
    resolved.bundle(&Images::new(Err(nobody), Limits::default()), false)
}

/// What the program says of a sample, where no engine can be asked.
fn judged(sample: &Sample, policy: &Policy) -> Option<Report> {
    Some(secaudit::evaluate(&evidence(sample)?, policy, Accept::Kernel))
}

/// The evidence about a sample, where no engine can be asked; none where it is no project.
pub(crate) fn evidence(sample: &Sample) -> Option<Bundle> {
    let request = Request {
        folder: PathBuf::from(FOLDER),
        files: sample.compose.iter().map(PathBuf::from).collect(),
        environment: sample.environment.clone().into(),
        ..Request::default()
    };
    let resolved = resolve(&request, &Files(&sample.files)).ok()?;
    let nobody = NoEngine { detail: "nobody".into(), remedy: "nothing".into() };
    let images = Images::new(Err(nobody), Limits::default());
    Some(resolved.bundle(&images, false))
}

/// The keys above a line by indentation, its own text first.
fn above<'a>(lines: &[&'a str], line: usize) -> Vec<&'a str> {
    let depth = |text: &str| {
        let bare = text.trim_start_matches([' ', '-']);
        text.chars().count() - bare.chars().count()
    };
    let mut found = vec![lines[line]];
    let mut least = depth(lines[line]);
    for text in lines[..line].iter().rev().filter(|it| !it.trim().is_empty()) {
        // A list may stand as deep as its key.
        if depth(text) < least || (depth(text) <= least && text.trim_end().ends_with(':')) {
            least = depth(text);
            found.push(text);
        }
    }
    found
}

/// Why a place is not where its file says the value is.
fn fault(sample: &Sample, target: &str, at: &Written, value: &str) -> Option<String> {
    let Some(text) = sample.files.get(at.file.raw()) else {
        return Some(format!("there is no file {}", at.file));
    };
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').split('\n').collect();
    let number = usize::try_from(at.line).unwrap() - 1;
    let Some(line) = lines.get(number).map(|it| it.trim_end_matches('\r')) else {
        return Some("there is no such line".to_owned());
    };
    let skip = usize::try_from(at.column).unwrap() - 1;
    let token: String = line.chars().skip(skip).take(at.length.try_into().unwrap()).collect();
    if token.trim().is_empty() {
        return Some(format!("nothing stands there: {line:?}"));
    }
    let excerpt = at.excerpt.raw();
    let is_line =
        excerpt.chars().zip(line.chars()).all(|(shown, own)| shown == own || shown == '*');
    if !excerpt.is_empty() && (!is_line || excerpt.chars().count() != line.chars().count()) {
        return Some(format!("the excerpt {excerpt:?} is not the line {line:?}"));
    }
    let bare = token.trim_matches(['"', '\'']);
    if at.key.raw().is_empty() {
        return (bare != target).then(|| format!("{bare:?} is not the service {target}"));
    }
    // Of a variable or a label the name counts, of a list's item its list.
    let last = at.key.raw().rsplit('.').next().unwrap();
    let holds_key = above(&lines, number).iter().any(|it| it.contains(last));
    let holds_value = value.contains(bare) || at.key.raw().contains(bare);
    let is_anchored = above(&lines, number).iter().any(|it| it.contains('&'));
    (!holds_key && !holds_value && !is_anchored)
        .then(|| format!("{line:?} holds neither {last} nor {value}"))
}

#[test]
fn every_finding_points_at_the_line_that_it_speaks_of() {
    let policy = Policy::baseline();
    let (mut findings, mut faults) = (0, Vec::new());
    for sample in written().into_iter().chain(made(320)) {
        let Some(report) = judged(&sample, &policy) else { continue };
        for target in &report.targets {
            for finding in target.findings.iter().filter(|it| it.verdict == Verdict::Fail) {
                findings += 1;
                let places: Vec<_> = finding
                    .evidence
                    .iter()
                    .filter_map(|it| Some((it.written.as_ref()?, it.value.raw())))
                    .collect();
                let name = target.name.raw();
                let whole = format!("{}: {name}: {}", sample.name, finding.rule);
                if places.is_empty() {
                    faults.push(format!("{whole}: no place"));
                }
                for (at, value) in places {
                    let found = fault(&sample, name, at, value);
                    let place = format!("{}:{}:{}", at.file, at.line, at.column);
                    faults.extend(found.map(|why| format!("{whole}: {place}: {}: {why}", at.key)));
                }
            }
        }
    }
    assert!(findings > 3_000, "only {findings} findings were looked at");
    faults.truncate(20);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
