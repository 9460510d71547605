//! Records evidence for tests that run anywhere, where `SECAUDIT_RECORD` names a folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use secaudit::collect::containers::{Plan, collect};
use secaudit::collect::engine::Limits;
use secaudit::collect::engine::address::{Surroundings, choose};
use secaudit::collect::kernel::Kernel;
use secaudit::model::bundle::Answer;
use secaudit::model::source::Source;

/// Collects what an audit of `name` would see, and keeps it as `<case>.json`.
/// Without an engine's address only the kernel is asked.
pub(crate) fn record(case: &str, host: Option<&str>, name: &str) {
    if let Some(folder) = folder() {
        keep(&folder, case, &bundle(host, name));
    }
}

/// As [`record`], collected by this program under another user: the command
/// ends in `bundle`, an engine's address and a name.
pub(crate) fn record_by(case: &str, command: &[String]) {
    if let Some(folder) = folder() {
        let output =
            Command::new(&command[0]).args(&command[1..]).output().expect("the command runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        keep(&folder, case, &String::from_utf8_lossy(&output.stdout));
    }
}

fn folder() -> Option<PathBuf> {
    std::env::var_os("SECAUDIT_RECORD").map(PathBuf::from)
}

#[expect(clippy::disallowed_methods, reason = "recording writes files")]
fn keep(folder: &Path, case: &str, text: &str) {
    std::fs::create_dir_all(folder).expect("the folder can be made");
    std::fs::write(folder.join(format!("{case}.json")), text).expect("the bundle can be written");
}

/// The evidence about one container, as JSON.
pub(crate) fn bundle(host: Option<&str>, name: &str) -> String {
    let engine = host.map(|host| {
        choose(Some(host), None, &Surroundings::from_env()).expect("the address is one")
    });
    let plan = Plan { engine, names: vec![name.to_owned()], limits: Limits::default() };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let collected = runtime.block_on(collect(&plan, &Kernel::default(), &|_, _, _| {}));
    let mut bundle = collected.expect("the engine answers").bundle;
    bundle.record(Source::Clock, Ok(Answer::Text("2026-01-01T00:00:00Z".into())));
    serde_json::to_string_pretty(&bundle).expect("a bundle is JSON") + "\n"
}
