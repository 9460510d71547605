//! Every writer says the same, and no name can break one.

use secaudit::judge::Accept;
use secaudit::model::bundle::{Answer, Bundle, Origin, Processes};
use secaudit::model::source::Source;
use secaudit::model::target::{Kind, Target};
use secaudit::policy::Policy;
use secaudit::report::terminal::{self, Look};
use secaudit::report::{self, v1};

/// A name as an attacker would choose it: escape codes, a carriage return, a
/// right-to-left override, a zero-width space, quotes and an HTML tag.
const HOSTILE: &str = "w\u{1b}]0;owned\u{7}\u{1b}[2J\r\u{202e}b\u{200b}\"'<script>\n PASSED";

/// A container whose every chosen text is hostile.
fn hostile() -> Bundle {
    let id = "f".repeat(64);
    let mut bundle = Bundle::new(Origin::Engine);
    bundle.add_target(Target {
        kind: Kind::Container,
        id: id.clone(),
        name: HOSTILE.into(),
        image: Some(HOSTILE.into()),
    });
    let inspect = serde_json::json!({
        "Config": {"User": HOSTILE, "Env": [
                       {"name": "DOCKER_HOST", "kept": HOSTILE,
                        "value": {"digest": HOSTILE, "length": 9, "entropy": 9, "form": "opaque"}},
                       {"name": format!("PASSWORD_{HOSTILE}_PASSWORD"),
                        "value": {"digest": HOSTILE, "length": 9, "entropy": 9, "form": {"token": HOSTILE}}}],
                   "Healthcheck": {"Test": [HOSTILE]}},
        "HostConfig": {"PidMode": HOSTILE, "NetworkMode": HOSTILE, "CapAdd": [HOSTILE],
                       "SecurityOpt": [HOSTILE]},
        "NetworkSettings": {"Ports": {HOSTILE: [{"HostIp": HOSTILE}]}, "Networks": {HOSTILE: {}}},
        "Mounts": [{"Type": "bind", "Source": format!("/etc/ssh/{HOSTILE}/.ssh"), "Destination": HOSTILE}],
    });
    bundle.record(Source::container(&id), Ok(Answer::Json(inspect)));
    bundle.record(
        Source::engine_info(),
        Ok(Answer::Json(
            serde_json::json!({"ServerVersion": HOSTILE, "SecurityOptions": [HOSTILE]}),
        )),
    );
    let networks = serde_json::json!([{"Name": HOSTILE, "Driver": HOSTILE}]);
    bundle.record(Source::networks(), Ok(Answer::Json(networks)));
    let processes = Processes { init: 9, members: vec![9], ..Processes::default() };
    bundle.record(Source::Processes(id.into()), Ok(Answer::Processes(processes)));
    let mut file = |path: &str, text: String| {
        bundle.record(Source::Kernel(path.into()), Ok(Answer::Text(text.into())));
    };
    let name = HOSTILE.replace('\n', "\\n");
    file(
        "/proc/9/status",
        format!("Name:\t{name}\nUid:\t0\t0\t0\t0\nSeccomp:\t0\nNoNewPrivs:\t0\n"),
    );
    file("/proc/9/uid_map", "0 0 4294967295\n".into());
    file("/proc/9/attr/current", format!("{HOSTILE} (complain)"));
    let mount = |root: &str, point: &str| format!("1 1 8:1 {root} {point} rw - ext4 /dev/sda rw\n");
    let evil = HOSTILE.replace([' ', '\n'], "_");
    let own = mount("/x", "/")
        + &mount("/run/docker.sock", &format!("/{evil}"))
        + &mount("/etc", &format!("/e{evil}"));
    file("/proc/9/mountinfo", own);
    file("/proc/1/mountinfo", mount("/", "/"));
    bundle
}

fn judged(bundle: &Bundle) -> v1::Report {
    secaudit::evaluate(bundle, &Policy::baseline(), Accept::Kernel)
}

#[test]
fn a_hostile_container_cannot_drive_the_terminal() {
    let report = judged(&hostile());
    let failing = |rule: &str| {
        report.targets[0]
            .findings
            .iter()
            .any(|it| it.rule == rule && it.verdict == v1::Verdict::Fail)
    };
    for rule in [
        "no-engine-socket",
        "no-sensitive-mounts",
        "non-root-user",
        "lsm-confined",
        "no-secrets-in-environment",
    ] {
        assert!(failing(rule), "{rule}: its hostile texts must reach the writer");
    }
    for width in [40, 80, 120] {
        let text = terminal::render(&report, Look { width, colour: false });
        let bad =
            |it: &char| (it.is_control() && *it != '\n') || matches!(*it, '\u{202e}' | '\u{200b}');
        assert_eq!(text.chars().find(bad), None, "{text}");
        let said = text.lines().filter(|line| line.starts_with("PASSED")).count();
        assert_eq!(said, 0, "a name cannot pass for the verdict: {text}");
    }
}

#[test]
fn json_keeps_hostile_text_exactly_and_stays_json() {
    let text = report::json(&judged(&hostile())).unwrap();
    let again: v1::Report = serde_json::from_str(&text).unwrap();
    assert_eq!(again.targets[0].name.raw(), HOSTILE);
}

#[test]
fn the_terminal_names_every_failing_rule_that_json_has_and_no_other() {
    let report = judged(&hostile());
    let text = terminal::render(&report, Look { width: 100, colour: false });
    for finding in &report.targets[0].findings {
        let heading = text.contains(&format!(" {} · ", finding.rule));
        assert_eq!(heading, finding.verdict == v1::Verdict::Fail, "{}", finding.rule);
        if finding.verdict == v1::Verdict::Unknown {
            assert!(text.contains(&*finding.rule), "{} is not verified and not said", finding.rule);
        }
    }
}
