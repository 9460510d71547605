//! What a project is called (Compose Specification, chapter Name).

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::interpolate::interpolate;
use super::resolve::Resolver;
use super::sources::plain_fault;
use super::tree::{Node, Value};
use super::{Fault, Remark, Request};

/// The name of a project: what was asked for, `COMPOSE_PROJECT_NAME`, `name:` of
/// the last file that has it, or that of its folder.
pub(super) fn of(
    resolver: &mut Resolver<'_>,
    request: &Request,
    environment: &Environment<'_>,
    files: &[(PathBuf, Vec<Node>)],
    directory: &Path,
) -> Result<String, Fault> {
    let asked = request.project_name.as_deref().filter(|it| !it.is_empty());
    if let Some(name) = asked.or_else(|| environment.text("COMPOSE_PROJECT_NAME")) {
        if normal(name) == name {
            return Ok(name.to_owned());
        }
        let what = format!("{name:?} is no name for a project");
        let help = "use small letters, digits, - and _, and begin with a letter or a digit";
        return Err(plain_fault(&resolver.sources.shown(directory), &what, help));
    }
    let documents = files.iter().flat_map(|(_, documents)| documents);
    let written = documents.filter_map(|it| it.get("name")).rfind(|it| !it.is_null());
    if let Some(written) = written {
        let mut node = written.clone();
        interpolate(&mut node, environment, &mut resolver.room)
            .map_err(|wrong| resolver.sources.fault(wrong))?;
        let text = node.text().unwrap_or_default();
        let name = normal(text);
        let what = if let Value::Unset { names, .. } = &node.value {
            Some(format!("the project's name depends on {}, which nobody set", names.join(", ")))
        } else if name != text {
            Some(format!("compose takes {name:?} for the project's name, for {text:?} is none"))
        } else {
            None
        };
        if let Some(what) = what {
            resolver.remarks.push(Remark { at: Some(node.at), what });
        }
        if !name.is_empty() {
            return Ok(name);
        }
    }
    let folder = directory.file_name().map(|it| it.to_string_lossy().into_owned());
    let name = normal(&folder.unwrap_or_default());
    if name.is_empty() {
        let what = "the folder's name has nothing of which a project's could be made";
        let help = "write `name:` into the file, or give --project-name";
        return Err(plain_fault(&resolver.sources.shown(directory), what, help));
    }
    Ok(name)
}

/// A name as compose makes it fit.
fn normal(name: &str) -> String {
    let fits =
        |it: &char| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, '_' | '-');
    let kept: String = name.to_lowercase().chars().filter(fits).collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}
