//! What stays mounted, as a compose file says it: compose takes no item out of a list, so
//! that the others have to be named again.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::next::changed::Changed;
use crate::next::quote;
use crate::parse::path::{beneath, clean};

use super::keys::MOUNTS;
use super::written;

/// Each mount that stays, as YAML; none where the record does not tell all of one.
pub(in crate::next) fn volumes(now: &Changed<'_>, after: &Value) -> Option<Vec<String>> {
    let before = now.list(MOUNTS);
    let mut all = Vec::new();
    for entry in after.as_array()? {
        let place = before.iter().position(|own| own == entry)?;
        let mount = Mount { now, entry, place: format!("{MOUNTS}/{place}") };
        // What the service has from elsewhere it keeps: it stands under another key.
        if now.draft().is_none() || mount.key("") == Some("volumes") {
            all.push(mount.as_written().or_else(|| mount.short()).or_else(|| mount.long())?);
        }
    }
    Some(all)
}

/// One entry of the engine's `Mounts`.
struct Mount<'m> {
    now: &'m Changed<'m>,
    entry: &'m Value,
    place: String,
}

impl Mount<'_> {
    fn text(&self, name: &str) -> &str {
        self.entry.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The key by which the file says a part.
    fn key(&self, part: &str) -> Option<&str> {
        let origins = &self.now.draft()?.origins;
        Some(origins.get(&format!("{}{part}", self.place))?.key.raw())
    }

    /// The name by which the file has a volume; the engine calls it otherwise.
    fn volume(&self) -> Option<&str> {
        match self.entry.get("Name")?.as_str()? {
            "" => Some(""),
            _ => self.key("/Name")?.strip_prefix("volumes."),
        }
    }

    fn is_read_only(&self) -> bool {
        self.entry.get("RW") == Some(&Value::Bool(false))
    }

    /// The item of the file itself, where it is in the short form.
    fn as_written(&self) -> Option<String> {
        let text = written::text(self.now, &self.place)?;
        let (source, point) = match sections(&text).as_slice() {
            [point] => (None, *point),
            [source, point] | [source, point, _] => (Some(*source), *point),
            _ => return None,
        };
        let is_it =
            source.is_none_or(|it| self.is_from(it)) && clean(point) == self.text("Destination");
        is_it.then(|| quote::template(&text))
    }

    /// Whether a source is this one's: a relative path is that from the project's folder on,
    /// or if it leads out of that the end of the whole one.
    fn is_from(&self, source: &str) -> bool {
        if !source.starts_with(['.', '~', '$']) {
            return true;
        }
        if let Some(inner) =
            self.inner().filter(|_| source.starts_with('.') && !source.contains('$'))
        {
            return clean(source) == clean(&inner);
        }
        let end = source.trim_start_matches(['.', '~', '/']);
        let end = if end.contains('$') { end.to_owned() } else { clean(end) };
        written::stands_for(&format!("${{FOLDER}}{end}"), self.text("Source"))
    }

    fn short(&self) -> Option<String> {
        let is_service = self.now.draft().is_some();
        let own = format!(":{}", self.text("Mode"));
        let (source, mode) = match self.entry.get("Name") {
            // A mode says that the short form says it all.
            None if self.text("Type") == "bind"
                && (!is_service || own.len() > 1)
                && self.source_in_file().is_none() =>
            {
                (self.source(), own.as_str())
            }
            Some(_) if self.options()?.is_empty() => (self.volume()?.to_owned(), ""),
            _ => return None,
        };
        let propagation = self.text("Propagation");
        let is_told = is_private(propagation) || mode.split([':', ',']).any(|it| it == propagation);
        let is_plain = |text: &str| !text.is_empty() && !text.contains(':');
        let mode = match mode {
            "" | ":" | ":rw" if self.is_read_only() => ":ro",
            "" | ":" | ":rw" => "",
            mode => mode,
        };
        let point = self.text("Destination");
        (is_told && is_plain(&source) && is_plain(point))
            .then(|| quote::yaml(&format!("{source}:{point}{mode}")))
    }

    fn long(&self) -> Option<String> {
        let (kind, source) = match (self.text("Type"), self.entry.get("Name")) {
            (_, Some(_)) => ("volume", self.volume()?.to_owned()),
            ("bind", None) => ("bind", self.source()),
            ("tmpfs", None) => ("tmpfs", String::new()),
            _ => return None,
        };
        let mut out = format!("type: {kind}");
        let mut line = |text: String| write!(out, "\n        {text}").ok();
        if let Some(text) = self.source_in_file() {
            line(format!("source: {}", quote::template(&text)))?;
        } else if !source.is_empty() {
            line(format!("source: {}", quote::yaml(&source)))?;
        }
        line(format!("target: {}", quote::yaml(self.text("Destination"))))?;
        if self.is_read_only() {
            line("read_only: true".to_owned())?;
        }
        let options = self.options()?;
        if !options.is_empty() {
            line(format!("{kind}:"))?;
            options.iter().try_for_each(|it| line(format!("  {it}")))?;
        }
        Some(out)
    }

    /// The source of a bind as the file has it in the long form.
    fn source_in_file(&self) -> Option<String> {
        let place = format!("{}/Source", self.place);
        let origins = &self.now.draft()?.origins;
        if origins.get(&place)?.at == origins.get(&self.place)?.at {
            return None;
        }
        written::text(self.now, &place).filter(|it| self.is_from(it))
    }

    /// The source of a bind, from the folder of the project on where it is in there.
    fn source(&self) -> String {
        self.inner().unwrap_or_else(|| self.text("Source").to_owned())
    }

    fn inner(&self) -> Option<String> {
        const FOLDER: &str = "com.docker.compose.project.working_dir";
        if self.now.draft().is_some() {
            let inner = self.key("/Source")?.strip_prefix("volumes.")?;
            return Some(inner.to_owned()).filter(|it| !it.is_empty());
        }
        let folder = self.now.value("/Config/Labels")?.get(FOLDER)?.as_str()?;
        let inner = beneath(self.text("Source"), folder).filter(|_| folder.len() > 1);
        inner.map(|it| format!("./{it}"))
    }

    /// What the mode of a bind says beside.
    fn of_mode(&self) -> Vec<String> {
        let label = self.text("Mode").split(',').find(|it| matches!(*it, "z" | "Z"));
        let propagation = Some(self.text("Propagation")).filter(|it| !is_private(it));
        let label = label.map(|it| format!("selinux: {it}"));
        let propagation = propagation.map(|it| format!("propagation: {it}"));
        let is_bind = self.entry.get("Name").is_none();
        label.into_iter().chain(propagation).filter(|_| is_bind).collect()
    }

    /// What the engine is told of it beside, by the keys of compose; none where one has none.
    fn options(&self) -> Option<Vec<String>> {
        let asked = self.now.list("/HostConfig/Mounts");
        let own = asked.iter().find(|it| it.get("Target") == self.entry.get("Destination"));
        let Some(own) = own else { return Some(self.of_mode()) };
        let kinds = ["BindOptions", "VolumeOptions", "TmpfsOptions"];
        let none = Map::new();
        let options = match kinds.iter().find_map(|it| own.get(it).filter(|it| !it.is_null())) {
            Some(options) => options.as_object()?,
            None => &none,
        };
        let mut all: Vec<String> =
            options.iter().map(|(name, value)| option(name, value)).collect::<Option<_>>()?;
        all.retain(|it| !it.is_empty());
        let is_bind = own.get("Type").and_then(Value::as_str) == Some("bind");
        if is_bind && options.get("CreateMountpoint") != Some(&Value::Bool(true)) {
            all.push("create_host_path: false".to_owned());
        }
        Some(all)
    }
}

/// Whether what is mounted later is seen on one side alone, as it is by default.
fn is_private(propagation: &str) -> bool {
    matches!(propagation, "" | "rprivate")
}

/// An option of a mount by its key in a compose file; empty where it need not be said.
fn option(name: &str, value: &Value) -> Option<String> {
    let text = value.as_str().map(quote::yaml);
    Some(match (name, value) {
        (_, Value::Null | Value::Bool(false)) | ("CreateMountpoint", _) => String::new(),
        ("Propagation", _) => format!("propagation: {}", text?),
        ("NonRecursive", _) => "recursive: disabled".to_owned(),
        ("ReadOnlyNonRecursive", _) => "recursive: writable".to_owned(),
        ("ReadOnlyForceRecursive", _) => "recursive: readonly".to_owned(),
        ("NoCopy", _) => "nocopy: true".to_owned(),
        ("Subpath", _) => format!("subpath: {}", text?),
        ("SizeBytes", _) => format!("size: {}", value.as_u64()?),
        ("Mode", _) => format!("mode: {}", value.as_u64()?),
        _ => return None,
    })
}

/// What stands between the colons that are no part of a variable.
fn sections(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_between = |letter: char| {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ':' && depth == 0
    };
    text.split(is_between).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::bundle::{Answer, Bundle, Origin};
    use crate::model::source::Source;
    use crate::model::target::{Kind, Target};

    /// How the fragment for a container of the project in `/srv` names its one mount.
    fn named(mount: &Value, asked: &Value) -> Option<Vec<String>> {
        let record = json!({
            "Config": {"Labels": {"com.docker.compose.project.working_dir": "/srv"}},
            "Mounts": [mount], "HostConfig": {"Mounts": [asked]},
        });
        let (id, name, image) = ("id".to_owned(), "web".into(), None);
        let target = Target { kind: Kind::Container, id, name, image };
        let mut bundle = Bundle::new(Origin::Engine);
        bundle.record(Source::container("id"), Ok(Answer::Json(record)));
        volumes(&Changed::new(&mut bundle, &target), &json!([mount]))
    }

    fn bind(source: &str, mode: &str, is_writable: bool, propagation: &str) -> Value {
        json!({
            "Type": "bind", "Source": source, "Destination": "/x", "Mode": mode,
            "RW": is_writable, "Propagation": propagation,
        })
    }

    #[test]
    fn what_a_container_keeps_mounted_begins_at_the_folder_of_its_project() {
        let asked =
            json!({"Target": "/x", "Type": "bind", "BindOptions": {"Propagation": "rslave"}});
        let long =
            "type: bind\n        source: \"./a\"\n        target: /x\n        bind:\n          ";
        for (mount, asked, told) in [
            (bind("/srv/a", "z", true, "rprivate"), &Value::Null, "\"./a:/x:z\"".to_owned()),
            (bind("/srv", "", false, ""), &Value::Null, "\"./:/x:ro\"".to_owned()),
            (bind("/srv-not", "", true, "rprivate"), &Value::Null, "/srv-not:/x".to_owned()),
            (bind("/a", "ro,rslave", false, "rslave"), &Value::Null, "/a:/x:ro,rslave".to_owned()),
            (
                bind("/srv/a", "", true, "rslave"),
                &Value::Null,
                format!("{long}propagation: rslave"),
            ),
            (
                bind("/srv/a", "", true, "rslave"),
                &asked,
                format!("{long}propagation: rslave\n          create_host_path: false"),
            ),
        ] {
            assert_eq!(named(&mount, asked), Some(vec![told]), "{mount}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_not_named() {
        let volume = json!({"Type": "volume", "Name": "shop_data", "Destination": "/x"});
        assert_eq!(named(&volume, &Value::Null), None);
        let memory = json!({"Type": "tmpfs", "Destination": "/x", "RW": true});
        for options in [json!("(not recorded)"), json!({"Options": [["noexec"]]})] {
            let asked = json!({"Target": "/x", "Type": "tmpfs", "TmpfsOptions": options});
            assert_eq!(named(&memory, &asked), None, "{options}");
        }
    }
}
