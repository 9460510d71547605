//! Our own resolved project as JSON, nothing decided yet.

use std::path::Path;

use secaudit::parse::compose::tree::{Node, Value as Written};
use secaudit::parse::compose::{self, Load, Project, Request};
use serde_json::{Value, json};

use super::normal::UNSET;
use crate::corpus::Sample;

/// The model of a project.
pub(crate) fn model(project: &Project) -> Value {
    value(&project.root)
}

fn value(node: &Node) -> Value {
    match &node.value {
        Written::Null => Value::Null,
        Written::Text { text, .. } => json!(text),
        Written::Unset { names, .. } => json!({ UNSET: names }),
        Written::List(items) => items.iter().map(value).collect(),
        Written::Map(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), value(&entry.node))).collect()
        }
    }
}

/// The files of a sample's folder.
struct Folder;

impl Load for Folder {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| error.to_string())
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }
}

/// The model of a sample that lies in a folder, or why there is none.
pub(crate) fn resolve(sample: &Sample, folder: &Path) -> Result<Value, String> {
    let request = Request {
        folder: folder.to_owned(),
        files: sample.compose.iter().map(Into::into).collect(),
        environment: sample.environment.clone().into(),
        // The reference shows the services of all profiles.
        profiles: vec!["*".to_owned()],
        ..Request::default()
    };
    let project = compose::resolve(&request, &Folder).map_err(|fault| fault.to_string())?;
    Ok(model(&project))
}
