//! An engine is asked for files only where somebody wants it, and whatever it
//! sends, there is an answer or a gap.

use std::time::Duration;

use secaudit::collect::containers::{Files, Plan, collect};
use secaudit::collect::engine::Limits;
use secaudit::collect::engine::address::{Surroundings, choose};
use secaudit::collect::kernel::Kernel;
use secaudit::model::bundle::Bundle;
use secaudit::model::reading::{Gap, Reason};
use secaudit::model::source::Source;
use secaudit::model::survey::{Numbering, Survey};
use serde_json::json;
use tar::{Builder, EntryType, Header};

use crate::support::{Answer, FakeEngine, inspect, script, secaudit, stderr};

fn id() -> String {
    format!("{:064x}", 0)
}

fn archive(files: &[(&str, EntryType, u32)]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (path, kind, mode) in files {
        let mut header = Header::new_ustar();
        let name = &mut header.as_old_mut().name;
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(0);
        header.set_cksum();
        tar.append(&header, std::io::empty()).unwrap();
    }
    tar.into_inner().unwrap()
}

/// An engine on another host, with one container.
fn remote(export: Answer) -> FakeEngine {
    let mut script = script("1.41", &[("web", inspect('a'))]);
    let info = json!({"ServerVersion": "1.2.3", "KernelVersion": "9.9.9-elsewhere"});
    script.insert("info".into(), Answer::Body(200, info.to_string().into_bytes()));
    let root = archive(&[("/", EntryType::Directory, 0o755), ("x", EntryType::Regular, 0o666)]);
    script.insert(format!("containers/{}/archive", id()), Answer::Body(200, root));
    script.insert(format!("containers/{}/export", id()), export);
    FakeEngine::start(script)
}

fn asked(engine: &FakeEngine, files: Files) -> Bundle {
    let choice = choose(Some(&engine.host()), None, &Surroundings::from_env()).unwrap();
    let limits = Limits::within(Duration::from_secs(1));
    let plan = Plan {
        engine: Ok(choice),
        names: Vec::new(),
        sought: vec!["/etc/*".to_owned()],
        files,
        limits,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(collect(&plan, &Kernel::default(), &|_, _, _| {})).unwrap()
}

fn survey(engine: &FakeEngine) -> Result<Survey, Gap> {
    asked(engine, Files::Engine).survey(&Source::Files(id().into())).cloned()
}

#[test]
fn files_of_another_host_are_read_from_its_engine() {
    let engine = remote(Answer::Body(
        200,
        archive(&[
            ("bin/", EntryType::Directory, 0o755),
            ("bin/su", EntryType::Regular, 0o4755),
            ("etc/", EntryType::Directory, 0o755),
            ("etc/shadow", EntryType::Regular, 0o640),
            ("dev/shm/x", EntryType::Regular, 0o666),
        ]),
    ));
    let survey = survey(&engine).unwrap();
    assert_eq!(survey.numbering, Numbering::Container);
    assert_eq!(survey.patterns, ["/etc/*"]);
    let paths: Vec<&str> = survey.groups.iter().map(|it| it.paths[0].raw()).collect();
    // The last one leads to it.
    assert_eq!(paths, ["/", "/bin/su", "/etc/shadow"]);
    let unread: Vec<&str> = survey.unread.iter().map(|it| it.below.raw()).collect();
    assert_eq!(unread, ["/dev"]);
    let requests = engine.requests();
    assert!(requests.iter().all(|it| it.starts_with("GET ")), "{requests:?}");
    let export = format!("GET /v1.41/containers/{}/export HTTP/1.1", id());
    assert_eq!(requests.iter().filter(|it| **it == export).count(), 1, "{requests:?}");
}

#[test]
fn nobody_asks_for_them_unasked_and_the_gap_says_how() {
    let engine = remote(Answer::Body(200, archive(&[])));
    let gap = asked(&engine, Files::Kernel).survey(&Source::Files(id().into())).unwrap_err();
    assert_eq!(gap.reason, Reason::OtherKernel);
    assert!(
        gap.remedy.ends_with("or read the files from the engine with --files engine"),
        "{gap:?}"
    );
    let requests = engine.requests();
    let is_download = |it: &String| it.contains("/export") || it.contains("/archive");
    assert!(!requests.iter().any(is_download), "{requests:?}");
}

#[test]
fn whatever_comes_instead_of_an_archive_is_a_gap() {
    for (export, reason) in [
        (Answer::Endless, Reason::Malformed),
        (Answer::Stalled, Reason::TimedOut),
        (Answer::Body(200, b"no archive".to_vec()), Reason::Malformed),
        (Answer::Body(200, Vec::new()), Reason::Malformed),
    ] {
        let survey = survey(&remote(export)).unwrap();
        let root = survey.unread.iter().find(|it| it.below.raw() == "/").unwrap();
        assert_eq!(root.gap.reason, reason, "{:?}", root.gap);
        assert!(root.gap.detail.contains("after "), "{:?}", root.gap);
        assert!(!root.gap.remedy.is_empty());
    }
    for (export, reason) in [
        (Answer::Garbage, Reason::Malformed),
        (Answer::Body(404, br#"{"message":"gone"}"#.to_vec()), Reason::Gone),
        (Answer::Body(500, b"nonsense".to_vec()), Reason::Malformed),
    ] {
        let gap = survey(&remote(export)).unwrap_err();
        assert_eq!(gap.reason, reason, "{gap:?}");
    }
}

#[test]
fn an_engine_cannot_be_asked_where_none_is_wanted() {
    let output = secaudit(&["containers", "--engine", "none", "--files", "engine"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("leave out one of them"), "{}", stderr(&output));
}
