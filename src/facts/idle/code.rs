//! A read-only root with the code on a mount that is not.

use serde_json::Value;

use crate::facts::view::View;
use crate::model::reading::Reading;
use crate::model::untrusted::Untrusted;
use crate::parse::document::Document;
use crate::parse::path::{clean, is_within};

use super::Idle;
use super::privileged::is_filled;

const READ_ONLY: &str = "/HostConfig/ReadonlyRootfs";
const FOLDER: &str = "/Config/WorkingDir";

/// Where images keep the code that they run, by custom.
const CODE: [&str; 18] = [
    "/app",
    "/bin",
    "/code",
    "/home/node/app",
    "/lib",
    "/opt/app",
    "/sbin",
    "/srv/app",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/apache2/htdocs",
    "/usr/local/bin",
    "/usr/share/nginx/html",
    "/usr/src/app",
    "/var/www",
    "/var/www/html",
];

/// The folders of code in such a place, and in the folder that a program works in.
const INNER: [&str; 10] =
    ["app", "bin", "build", "dist", "lib", "node_modules", "server", "src", "templates", "vendor"];

/// What a file of code ends in.
const ENDINGS: [&str; 11] =
    [".cjs", ".html", ".jar", ".js", ".mjs", ".php", ".pl", ".py", ".rb", ".sh", ".ts"];

/// Where programs keep what they write, whatever works there.
const DATA: [&str; 14] = [
    "backup", "backups", "cache", "config", "data", "db", "lib", "log", "logs", "run", "state",
    "storage", "tmp", "uploads",
];

/// Where systems keep state.
const STATE: [&str; 7] = ["/var", "/tmp", "/run", "/mnt", "/media", "/dev", "/etc"];

/// What a mount is, as far as can be told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Code,
    Data,
    /// Whatever the program works in or is.
    Unsaid,
}

pub(super) fn all(_: &View<'_>, inspect: &Document<'_>) -> Vec<Reading<Option<Idle>>> {
    let is_on = |it: &Value| *it == Value::Bool(true);
    if !inspect.may_be(READ_ONLY, is_on) || !inspect.may_be("/Mounts", is_filled) {
        return Vec::new();
    }
    let mounts = inspect.entries("/Mounts", &["Destination", "Type", "RW"]);
    let read_only = inspect.flag(READ_ONLY).map(|it| it == Some(true));
    let known = mounts.known.known().map(Vec::as_slice).unwrap_or_default();
    let mut all: Vec<Reading<Option<Idle>>> = Vec::new();
    for point in known.iter().filter_map(|it| writable(it)) {
        let clean = clean(point);
        let is_code = match held(&clean) {
            Holds::Data => continue,
            Holds::Code => Reading::of(true),
            Holds::Unsaid => is_where_it_works(inspect, &clean),
        };
        let shown = Untrusted::from(point);
        let asked = mounts.known.as_ref().map(drop).zip(read_only.clone()).zip(is_code);
        all.push(asked.map(|(((), read_only), is_code)| {
            (read_only && is_code).then(|| {
                let what = format!(
                    "the read-only root does not cover the code at {shown}: a writable mount lies over it"
                );
                Idle::new(what, format!("mount it read-only: {shown}:ro")).item(point)
            })
        }));
    }
    let unknown = mounts.gap().filter(|_| read_only.known() != Some(&false));
    all.extend(unknown.map(Reading::Missing));
    all
}

/// The point of a mount that can be written and that outlives the container.
fn writable(mount: &Value) -> Option<&str> {
    let text = |key: &str| mount.get(key).and_then(Value::as_str);
    let is_kept = matches!(text("Type"), Some("bind" | "volume"));
    let is_writable = mount.get("RW").and_then(Value::as_bool) != Some(false);
    text("Destination").filter(|_| is_kept && is_writable)
}

fn held(point: &str) -> Holds {
    let (folder, name) = point.rsplit_once('/').unwrap_or_default();
    let is_of_code = CODE.contains(&folder) && INNER.contains(&name);
    let is_file = ENDINGS.iter().any(|it| name.ends_with(it));
    if CODE.contains(&point) || is_of_code || is_file {
        return Holds::Code;
    }
    let is_state = STATE.iter().any(|it| is_within(point, it));
    // Beside its code a program gets a folder of its own to write.
    let is_beside_code = CODE.contains(&folder);
    if is_state || is_beside_code || point.split('/').any(|it| DATA.contains(&it)) {
        Holds::Data
    } else {
        Holds::Unsaid
    }
}

/// Whether the program, or the folder that it works in, lies in a mount that the
/// image does not keep for data.
fn is_where_it_works(inspect: &Document<'_>, point: &str) -> Reading<bool> {
    let program = inspect.text("/Path").unshown();
    if program.known().is_some_and(|it| it.is_some_and(|it| lies_in(it, point))) {
        return inspect.text("/Path").map(|_| true);
    }
    let folder = inspect.text(FOLDER).zip(program).map(|(folder, _)| clean(folder.unwrap_or("/")));
    folder.and_then(|folder| {
        let inner = point.strip_prefix(&format!("{folder}/"));
        let is_inner = inner.is_some_and(|it| INNER.contains(&it));
        if folder == "/" || !(is_inner || lies_in(&folder, point)) {
            return Reading::of(false);
        }
        let volumes = inspect.fields("/Config/Volumes").unshown();
        volumes.map(|volumes| !volumes.iter().any(|(volume, _)| clean(volume) == point))
    })
}

fn lies_in(path: &str, point: &str) -> bool {
    path.starts_with('/') && point != "/" && is_within(&clean(path), point)
}
