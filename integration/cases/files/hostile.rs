//! A tree that was made to mislead whoever looks at it, while it changes.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{built, node};
use crate::audit::{audit, finding};
use crate::run;
use crate::wait::until;
use secaudit::report::v1::Verdict;

/// The longest that an audit of it may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Lays the tree, says so, and goes on to swap a file for a symbolic link.
const SCRIPT: &str = r#"
import os, time
os.makedirs(b"/app/evil", exist_ok=True)
os.chdir("/app/evil")
os.symlink("/etc", "node_modules")
os.symlink("loop", "loop")
os.symlink(".", "here")
os.symlink("../../../../../../../../etc/hostname", "up")
os.symlink("/proc/1/root/etc/shadow", "magic.key")
for name in (b"two\nlines.key", b"\x1b[2Jclear.key", b"bad\xff\xfe.key", b"\xe2\x80\xae.key"):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o644))
os.makedirs("/etc/nginx/conf.d", exist_ok=True)
os.mkfifo("/etc/nginx/conf.d/pipe.conf")
deep = os.open("/deep", os.O_RDONLY)
for _ in range(4000):
    os.mkdir("d", dir_fd=deep)
    below = os.open("d", os.O_RDONLY, dir_fd=deep)
    os.close(deep)
    deep = below
os.makedirs("/app/node_modules/x", mode=0o500)
print("laid", flush=True)
count, begin = 0, time.monotonic()
while True:
    count += 2
    if count % 10000 == 0:
        print("swaps a second:", int(count / (time.monotonic() - begin)), flush=True)
    try:
        os.close(os.open("/app/node_modules/x/y", os.O_CREAT | os.O_WRONLY, 0o400))
        os.symlink("/etc/shadow", "/app/node_modules/x/z")
        os.rename("/app/node_modules/x/z", "/app/node_modules/x/y")
        os.unlink("/app/node_modules/x/y")
        os.rename("/app/node_modules/x", "/app/node_modules/w")
        os.symlink("/etc", "/app/node_modules/x")
        os.unlink("/app/node_modules/x")
        os.rename("/app/node_modules/w", "/app/node_modules/x")
    except OSError as error:
        print(error, flush=True)
"#;

pub(super) fn run() {
    let engine = run::with_services();
    let mut config = node();
    config["Image"] = built(&engine, "hostile", "RUN mkdir -p /app\n").into();
    config["Cmd"] = json!(["python3", "-c", SCRIPT]);
    config["User"] = json!("0:0");
    // The engine's own file system may not take so deep a tree, nor swap so fast.
    config["HostConfig"] = json!({"Tmpfs": {"/deep": "size=64m", "/app/node_modules": "size=16m"}});
    let container = engine.start("hostile", &config);
    until("the tree is laid", || container.log().contains("laid").then_some(()));
    let begin = Instant::now();
    let mut verdicts = Vec::new();
    for _ in 0..5 {
        let audit = audit(&["--host", &engine.address, &container.name]);
        let target = audit.only();
        let said = serde_json::to_string(target).expect("a target is JSON");
        // The host's own name and files are nowhere in what was found.
        let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
        assert!(host.trim().len() < 4 || !said.contains(host.trim()), "{said}");
        let secrets = finding(target, "secret-file-modes");
        assert_eq!(secrets.verdict, Verdict::Fail, "{secrets:?}");
        let evidence = format!("{secrets:?}");
        assert!(!evidence.contains("/proc/"), "{evidence}");
        verdicts.push(finding(target, "file-modes").verdict);
        let unread = finding(target, "no-world-writable");
        let gap = unread.gap.as_ref().map(|it| it.detail.clone()).unwrap_or_default();
        assert!(gap.contains("lies more than 128 folders deep"), "{unread:?}");
    }
    let rate = until("enough was swapped", || {
        let log = container.log();
        let told = log.lines().rev().find_map(|line| line.strip_prefix("swaps a second: "))?;
        told.trim().parse::<u32>().ok()
    });
    assert!(rate >= 1000, "{rate} swaps a second");
    assert!(begin.elapsed() < PATIENCE * 5, "{:?}", begin.elapsed());
    // What can be told is told, and what cannot is a gap: never a pass.
    assert!(
        verdicts.iter().all(|it| matches!(it, Verdict::Fail | Verdict::Unknown)),
        "{verdicts:?}"
    );
    let shown = std::process::Command::new(env!("CARGO_BIN_EXE_secaudit"))
        .args(["containers", "--host", &engine.address, &container.name])
        .output()
        .expect("the program starts");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(!shown.contains('\x1b') && !shown.contains('\u{202e}'), "{shown}");
}
