//! Containers that run, and the lines of their project's files that would mend them.

use std::process::Command;

use secaudit::model::target::Kind;
use secaudit::report::v1::{Target, Verdict};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Live, live};
use crate::audit::{Audit, PROGRAM, audit_by, finding};
use crate::engine::{Container, Engine, LABEL, image};
use crate::needs::Need;
use crate::run;
use crate::witness::WITNESS;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    vec![
        live("join::the-lines-of-both-files", needs, both),
        live("join::files-that-are-right-already", needs, stale),
        live("join::a-base-image-that-decides", needs, inherited),
    ]
}

/// A project of one service, and the image that its Dockerfile makes.
struct Project<'e> {
    engine: &'e Engine,
    name: String,
    image: String,
    folder: TempDir,
}

impl<'e> Project<'e> {
    /// `build` stands below `FROM`, `keys` below the service.
    #[expect(clippy::disallowed_methods, reason = "the test lays out its own files")]
    fn new(engine: &'e Engine, name: &str, build: &str, keys: &str) -> Self {
        let tag = format!("{}.join-{name}", run::id());
        let dockerfile = format!("FROM {}\n{build}", image(&run::id()));
        engine.build(&dockerfile, &tag);
        let (folder, project) = (run::folder(), format!("{LABEL}-{}-{name}", run::id()));
        let compose = format!("name: {project}\nservices:\n  web:\n    build: app\n{keys}");
        let app = folder.path().join("app");
        std::fs::create_dir(&app).expect("the folder is its own");
        std::fs::write(app.join("Dockerfile"), dockerfile).expect("the folder is its own");
        std::fs::write(folder.path().join("compose.yaml"), compose).expect("the folder is its own");
        Self { engine, name: project, image: image(&tag), folder }
    }

    /// Starts a container as compose does, for this project.
    fn start(&self, service: &str, project: &str, mut config: Value) -> Container<'e> {
        config["Image"] = self.image.as_str().into();
        config["Cmd"] = json!([WITNESS, "witness", "linger"]);
        config["Labels"] = json!({
            "com.docker.compose.project": project, "com.docker.compose.service": service,
        });
        let suffix = project.rsplit('-').next().unwrap_or_default();
        self.engine.start(&format!("join-{suffix}-{service}"), &config)
    }

    /// `secaudit containers -f compose.yaml` in the project's folder.
    fn audit(&self, containers: &[&Container<'_>]) -> Audit {
        let mut command = Command::new(PROGRAM);
        command.args(["containers", "--host", &self.engine.address, "--format", "json"]);
        command.args(["-f", "compose.yaml"]).args(containers.iter().map(|it| &it.name));
        audit_by(command.current_dir(self.folder.path()))
    }
}

/// The places that would mend a target, by the line that stands there: whose file it
/// is, and whether it is right already.
fn lines<'t>(target: &'t Target, rule: &str) -> Vec<(&'t str, Kind, bool)> {
    let finding = finding(target, rule);
    assert_eq!(finding.verdict, Verdict::Fail, "{finding:#?}");
    let all = finding.mend.iter().map(|it| {
        let expected = if it.kind == Kind::Service { "compose.yaml" } else { "app/Dockerfile" };
        assert_eq!(it.written.file.raw(), expected);
        (it.written.excerpt.raw().trim(), it.kind, it.asked_already)
    });
    all.collect()
}

fn both() {
    let engine = run::docker();
    let keys = "    cap_add: [SYS_PTRACE]\n  worker:\n    build: app\n    user: '1000'\n    \
        privileged: true\n";
    let project = Project::new(&engine, "both", "USER 0\nHEALTHCHECK NONE\n", keys);
    let config = json!({"HostConfig": {"CapAdd": ["SYS_PTRACE"]}});
    let web = project.start("web", &project.name, config.clone());
    let stranger = project.start("web", "another", config);
    let config = json!({"User": "1000", "HostConfig": {"Privileged": true}});
    let worker = project.start("worker", &project.name, config);
    let audit = project.audit(&[&web, &worker, &stranger]);
    assert_eq!((audit.report.targets.len(), audit.code), (3, 1), "files are no targets");
    let (service, dockerfile) = (Kind::Service, Kind::Dockerfile);
    for (container, rule, expected) in [
        (&web, "non-root-user", &[("web:", service, false), ("USER 0", dockerfile, false)][..]),
        (&web, "healthcheck", &[("web:", service, false), ("HEALTHCHECK NONE", dockerfile, false)]),
        (&web, "no-dangerous-capabilities", &[("cap_add: [SYS_PTRACE]", service, false)]),
        (&web, "read-only-root", &[("web:", service, false)]),
        (&worker, "not-privileged", &[("privileged: true", service, false)]),
        (&worker, "seccomp-filter", &[("privileged: true", service, false)]),
    ] {
        let target = audit.target(&container.name).expect("it runs");
        assert_eq!(lines(target, rule), expected, "{rule}");
    }
    let stranger = audit.target(&stranger.name).expect("it runs");
    assert!(stranger.findings.iter().all(|it| it.mend.is_empty()));
}

/// The files were mended, and the container runs as it did before.
fn stale() {
    let engine = run::docker();
    let keys = "    read_only: true\n    cap_drop: [ALL]\n";
    let project = Project::new(&engine, "stale", "USER 1000:1000\n", keys);
    let web = project.start("web", &project.name, json!({"User": "0"}));
    let audit = project.audit(&[&web]);
    for (rule, expected) in [
        ("non-root-user", ("USER 1000:1000", Kind::Dockerfile, true)),
        ("read-only-root", ("read_only: true", Kind::Service, true)),
        ("capabilities-dropped", ("cap_drop: [ALL]", Kind::Service, true)),
        ("memory-limit", ("web:", Kind::Service, false)),
    ] {
        assert_eq!(lines(audit.only(), rule), [expected], "{rule}");
    }
}

/// Neither file says who it runs as: the base image leaves it to the engine.
fn inherited() {
    let engine = run::docker();
    let project = Project::new(&engine, "base", "ENV TZ=UTC\n", "");
    let web = project.start("web", &project.name, json!({}));
    let audit = project.audit(&[&web]);
    let said = lines(audit.only(), "non-root-user");
    let from = format!("FROM {}", image(&run::id()));
    assert_eq!(said, [("web:", Kind::Service, false), (&from, Kind::Dockerfile, false)]);
}
