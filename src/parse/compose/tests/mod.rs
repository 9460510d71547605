//! Projects as wholes: what is asked for, the files in memory, and what comes out.

mod extending;
mod finding;
mod hostile;
mod including;
mod merging;
mod variables;

use std::collections::BTreeMap;

use super::*;
use tree::Value;

/// Files by their absolute paths.
#[derive(Default)]
pub(super) struct Files(BTreeMap<PathBuf, Vec<u8>>);

impl Load for Files {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.get(path).cloned().ok_or_else(|| "no such file".to_owned())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }
}

pub(super) fn files(all: &[(&str, &str)]) -> Files {
    Files(all.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect())
}

/// A request from the folder `/p`.
pub(super) fn request() -> Request {
    Request { folder: PathBuf::from("/p"), ..Request::default() }
}

pub(super) fn environment(all: &[(&str, &str)]) -> Arc<BTreeMap<String, String>> {
    let all = all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    all.collect::<BTreeMap<_, _>>().into()
}

/// The project of some files, the first of which has a default name or is asked for.
pub(super) fn project(all: &[(&str, &str)]) -> Project {
    resolve(&request(), &files(all)).unwrap_or_else(|fault| panic!("{fault}"))
}

/// The project of one file.
pub(super) fn one(text: &str) -> Project {
    project(&[("/p/compose.yaml", text)])
}

/// The project of several files, each merged into those before it.
pub(super) fn several(texts: &[&str]) -> Result<Project, Fault> {
    let names: Vec<String> = (1..=texts.len()).map(|it| format!("/p/{it}.yaml")).collect();
    let all: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(texts.iter().copied()).collect();
    let asked = names.iter().map(PathBuf::from).collect();
    resolve(&Request { files: asked, ..request() }, &files(&all))
}

pub(super) fn fault(all: &[(&str, &str)]) -> Fault {
    match resolve(&request(), &files(all)) {
        Ok(project) => panic!("{:?}", project.root),
        Err(fault) => fault,
    }
}

/// A value in short: JSON without quotes, unknown values as `?NAME`.
pub(super) fn short(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Text { text, .. } => text.clone(),
        Value::Unset { names, .. } => format!("?{}", names.join("?")),
        Value::List(items) => {
            format!("[{}]", items.iter().map(short).collect::<Vec<_>>().join(", "))
        }
        Value::Map(entries) => {
            let all = entries.iter().map(|it| format!("{}: {}", it.key, short(&it.node)));
            format!("{{{}}}", all.collect::<Vec<_>>().join(", "))
        }
    }
}

/// The value at a path of keys and places.
pub(super) fn at<'a>(project: &'a Project, path: &str) -> &'a Node {
    path.split('/').fold(&project.root, |node, step| match step.parse::<usize>() {
        Ok(place) if !node.items().is_empty() => &node.items()[place],
        _ => node.get(step).unwrap_or_else(|| panic!("{step} of {path} in {}", short(node))),
    })
}

pub(super) fn says(project: &Project, path: &str) -> String {
    short(at(project, path))
}

/// A place as `file:line:column`.
pub(super) fn spot(project: &Project, place: Place) -> String {
    let file = project.files[place.file as usize].display();
    format!("{file}:{}:{}", place.line, place.column)
}

/// The remarks as texts.
pub(super) fn remarks(project: &Project) -> Vec<&str> {
    project.remarks.iter().map(|it| it.what.as_str()).collect()
}
