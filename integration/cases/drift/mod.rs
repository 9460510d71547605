//! Compose projects that run: what `secaudit drift` says of containers that were
//! started as their files say, and of others that were not.

mod images;
mod weaker;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use secaudit::report::drift::{Container as Beside, Property, Report, Verdict};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::users::{copy, nobody};
use super::{Live, live};
use crate::audit::PROGRAM;
use crate::engine::{Container, Engine, LABEL, Network, image};
use crate::needs::Need;
use crate::run;
use crate::witness::WITNESS;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    let programs = [Need::Program("setpriv"), Need::Program("unshare")];
    let as_nobody = &[Need::Root, Need::Docker, programs[0], programs[1]];
    let own = vec![
        live("drift::as-the-files-say", needs, as_the_files_say),
        live("drift::stronger-than-the-files", needs, stronger),
        live("drift::given-more-by-the-engine-while-it-runs", needs, updated),
        live("drift::a-root-that-was-remounted", needs, remounted),
        live("drift::a-session-as-root", needs, entered),
        live("drift::a-service-that-does-not-run", needs, not_running),
        live("drift::a-container-of-no-service", needs, orphan),
        live("drift::a-user-that-only-the-image-knows", needs, named_user),
        live("drift::unprivileged", as_nobody, unprivileged),
    ];
    own.into_iter().chain(weaker::all()).chain(images::all()).collect()
}

/// A project's folder and network.
struct Project<'e> {
    engine: &'e Engine,
    name: String,
    image: String,
    folder: TempDir,
    network: Network<'e>,
}

/// What the files ask for of a service that is careful.
const WEB: &str = "
  web:
    image: IMAGE
    command: [/secaudit, witness, linger]
    privileged: false
    read_only: true
    cap_drop: [ALL]
    security_opt: ['no-new-privileges:true']
    tmpfs: ['/tmp:size=16m']
    mem_limit: 96m
    pids_limit: 64
    cpus: 0.9
    ports: ['127.0.0.1::8080']
    restart: on-failure:5
    volumes: ['./conf:/mnt:ro']
    logging: { driver: json-file, options: { max-size: 1m } }
";

impl<'e> Project<'e> {
    /// Lays out the files; `services` is what stands below that key.
    #[expect(clippy::disallowed_methods, reason = "the test lays out its own files")]
    fn new(engine: &'e Engine, name: &str, services: &str) -> Self {
        // Its user, its health check and a variable are the image's.
        let tag = format!("{}.drift-{name}", run::id());
        let check =
            format!("HEALTHCHECK --interval=1h CMD [\"{WITNESS}\", \"witness\", \"healthy\"]");
        let from = image(&run::id());
        engine.build(&format!("FROM {from}\nENV TZ=UTC\nUSER 1000:1000\n{check}\n"), &tag);
        let (image, folder) = (image(&tag), run::folder());
        let services = services.replace("IMAGE", &image);
        let project = format!("{LABEL}-{}-{name}", run::id());
        let text = format!("name: {project}\nservices:{services}\n");
        std::fs::write(folder.path().join("compose.yaml"), text).expect("the folder is its own");
        std::fs::create_dir(folder.path().join("conf")).expect("the folder is its own");
        let network = engine.network(&format!("{name}_default"), &json!({}));
        Self { engine, name: project, image, folder, network }
    }

    /// Starts a container as compose does, for this service.
    fn start(&self, service: &str, mut config: Value) -> Container<'e> {
        config["Image"] = self.image.as_str().into();
        config["Cmd"] = json!([WITNESS, "witness", "linger"]);
        config["Labels"] = json!({
            "com.docker.compose.project": self.name, "com.docker.compose.service": service,
        });
        if config["HostConfig"]["NetworkMode"].is_null() {
            config["HostConfig"]["NetworkMode"] = self.network.name.as_str().into();
        }
        let suffix = self.name.rsplit('-').next().unwrap_or_default();
        self.engine.start(&format!("drift-{suffix}-{service}"), &config)
    }

    /// As [`WEB`] says, in the engine's words.
    fn web(&self) -> Value {
        json!({
            "ExposedPorts": {"8080/tcp": {}},
            "HostConfig": {
                "ReadonlyRootfs": true,
                "CapDrop": ["ALL"],
                "SecurityOpt": ["no-new-privileges:true"],
                "Tmpfs": {"/tmp": "size=16m"},
                "Memory": 96 << 20,
                "PidsLimit": 64,
                "NanoCpus": 900_000_000,
                "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
                "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5},
                "Binds": [format!("{}/conf:/mnt:ro", self.folder.path().display())],
                "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
            },
        })
    }

    /// `secaudit drift` in the project's folder.
    fn drift(&self) -> (Report, i32) {
        self.drift_by(&mut Command::new(PROGRAM))
    }

    fn drift_by(&self, command: &mut Command) -> (Report, i32) {
        let command = command.args(["drift", "--host", &self.engine.address, "--format", "json"]);
        let output = command.current_dir(self.folder.path()).output().expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let document: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("the report is no JSON: {error}; {said}"));
        let faults: Vec<String> = SCHEMA.iter_errors(&document).map(|it| it.to_string()).collect();
        assert!(faults.is_empty(), "the report does not fit its schema: {faults:?}");
        let report: Report = serde_json::from_value(document).expect("the schema is the type's");
        let code = output.status.code().expect("no signal ended the program");
        assert_eq!(code, i32::from(report.exit_code), "the report says how it ended");
        (report, code)
    }

    /// The line of the file at which a property was written.
    fn line(&self, property: &Property) -> String {
        let at = property.written.as_ref().expect("the file says so");
        assert_eq!(at.file.raw(), "compose.yaml");
        let text = std::fs::read_to_string(self.folder.path().join("compose.yaml"));
        let line = usize::try_from(at.line).expect("it is small") - 1;
        text.expect("it is there").lines().nth(line).expect("it has the line").trim().to_owned()
    }
}

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let printed = Command::new(PROGRAM).args(["schema", "drift"]).output();
    let schema = serde_json::from_slice(&printed.expect("the program runs").stdout);
    jsonschema::validator_for(&schema.expect("the schema is JSON")).expect("it is a JSON Schema")
});

fn beside<'r>(report: &'r Report, service: &str) -> &'r Beside {
    let found = report.containers.iter().find(|it| it.service.raw() == service);
    found.unwrap_or_else(|| panic!("no container of {service} in {report:?}"))
}

fn property<'b>(beside: &'b Beside, key: &str) -> &'b Property {
    let found = beside.properties.iter().find(|it| it.key == key);
    found.unwrap_or_else(|| panic!("there is no property {key}"))
}

/// The three columns.
fn columns(property: &Property) -> [&str; 3] {
    [&property.file, &property.engine, &property.effective]
        .map(|it| it.as_ref().map_or("", |it| it.raw()))
}

/// What is not as the files say: the property and its verdict.
fn drifted(beside: &Beside) -> Vec<(&str, Verdict)> {
    let all = beside.properties.iter().filter(|it| it.verdict != Verdict::Same);
    all.map(|it| (it.key.as_str(), it.verdict)).collect()
}

fn as_the_files_say() {
    let engine = run::docker();
    let worker = "\n  worker: { image: IMAGE, command: [/secaudit, witness, linger], user: '0' }";
    let project = Project::new(&engine, "same", &format!("{WEB}{worker}"));
    let _web = project.start("web", project.web());
    let _worker = project.start("worker", json!({"User": "0"}));
    let (report, code) = project.drift();
    for service in ["web", "worker"] {
        let beside = beside(&report, service);
        assert_eq!(drifted(beside), [], "{beside:#?}");
        assert_eq!(
            property(beside, "healthcheck").file.as_ref().map(|it| it.raw()),
            Some("defined")
        );
    }
    let web = beside(&report, "web");
    assert_eq!(columns(property(web, "user")), ["1000"; 3], "the image says so");
    assert_eq!(columns(property(web, "mem_limit")), ["96 MiB"; 3]);
    assert_eq!(columns(property(web, "ports"))[0], "127.0.0.1:*:8080/tcp");
    assert_eq!((code, report.not_running.len(), report.not_in_the_files.len()), (0, 0, 0));
}

/// More than the files ask for is no drift that fails anybody.
fn stronger() {
    let engine = run::docker();
    let project = Project::new(&engine, "stronger", WEB);
    let mut config = project.web();
    config["HostConfig"]["Memory"] = (64 << 20).into();
    config["HostConfig"]["PortBindings"] = json!({});
    config["HostConfig"]["RestartPolicy"] = json!({"Name": "always"});
    let _web = project.start("web", config);
    let (report, code) = project.drift();
    let expected = [
        ("mem_limit", Verdict::Stronger),
        ("ports", Verdict::Stronger),
        ("restart", Verdict::Different),
    ];
    assert_eq!((drifted(beside(&report, "web")), code), (expected.to_vec(), 0));
}

fn updated() {
    let engine = run::docker();
    let project = Project::new(&engine, "updated", WEB);
    let web = project.start("web", project.web());
    web.update(&json!({"Memory": 192 << 20, "MemorySwap": 384 << 20}));
    let (report, code) = project.drift();
    let beside = beside(&report, "web");
    assert_eq!((drifted(beside), code), (vec![("mem_limit", Verdict::Weaker)], 1));
    let memory = property(beside, "mem_limit");
    assert_eq!(columns(memory), ["96 MiB", "192 MiB", "192 MiB"]);
    assert_eq!(project.line(memory), "mem_limit: 96m");
}

/// The engine knows nothing of it: only the kernel tells.
fn remounted() {
    let engine = run::docker();
    let project = Project::new(&engine, "remounted", WEB);
    let web = project.start("web", project.web());
    let mounts = format!("/proc/{}/ns/mnt", web.pid());
    let remount = std::thread::spawn(move || {
        // A thread that shares its working folder may not change its mounts.
        unshare(CloneFlags::CLONE_FS).expect("root may");
        let mounts = std::fs::File::open(mounts).expect("the container runs");
        setns(mounts, CloneFlags::CLONE_NEWNS).expect("root may");
        let writable = MsFlags::MS_BIND | MsFlags::MS_REMOUNT;
        mount(None::<&str>, "/", None::<&str>, writable, None::<&str>).expect("root may");
    });
    remount.join().expect("the root can be remounted");
    let (report, code) = project.drift();
    let beside = beside(&report, "web");
    assert_eq!((drifted(beside), code), (vec![("read_only", Verdict::Weaker)], 1));
    assert_eq!(columns(property(beside, "read_only")), ["yes", "yes", "no"]);
}

fn entered() {
    let engine = run::docker();
    let project = Project::new(&engine, "entered", WEB);
    let web = project.start("web", project.web());
    web.exec("0", &[]);
    let (report, code) = project.drift();
    let user = property(beside(&report, "web"), "user");
    assert_eq!((columns(user), user.verdict), (["1000", "1000", "1000; root"], Verdict::Weaker));
    assert_eq!(code, 1);
}

fn not_running() {
    let engine = run::docker();
    let stopped = WEB.replace("  web:", "  stopped:");
    let project = Project::new(&engine, "stopped", &format!("{WEB}{stopped}"));
    let _web = project.start("web", project.web());
    let stopped = project.start("stopped", project.web());
    engine.kill(&stopped.id);
    engine.wait(&stopped.id);
    let (report, code) = project.drift();
    let idle: Vec<&str> = report.not_running.iter().map(|it| it.raw()).collect();
    assert_eq!((idle, code), (vec!["stopped"], 3));
    assert_eq!(drifted(beside(&report, "web")), []);
}

fn orphan() {
    let engine = run::docker();
    let project = Project::new(&engine, "orphan", WEB);
    let _web = project.start("web", project.web());
    let ghost = project.start("ghost", project.web());
    let (report, code) = project.drift();
    let [orphan] = report.not_in_the_files.as_slice() else { panic!("{report:?}") };
    assert_eq!((orphan.name.raw(), orphan.service.raw()), (ghost.name.as_str(), "ghost"));
    assert_eq!((code, report.not_running.len()), (1, 0));
}

/// Files that name the user leave its number to the image, on both sides.
fn named_user() {
    let engine = run::docker();
    let named = WEB.replace("    privileged: false", "    user: app");
    let project = Project::new(&engine, "named", &named);
    let mut config = project.web();
    config["User"] = "app".into();
    let _web = project.start("web", config);
    let (report, code) = project.drift();
    assert_eq!((drifted(beside(&report, "web")), code), (vec![], 0));
}

/// Less is seen, and nothing of it turns into "same".
fn unprivileged() {
    let engine = run::docker();
    let project = Project::new(&engine, "nobody", WEB);
    let _web = project.start("web", project.web());
    let programs = run::folder();
    let program = copy(&programs, Path::new(PROGRAM));
    let everybody = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(project.folder.path(), everybody).expect("the folder is its own");
    let nobody: Vec<String> = nobody().into_iter().chain([program]).collect();
    let (whole, _) = project.drift();
    assert_eq!(drifted(beside(&whole, "web")), []);
    let ordinary = project.drift_by(Command::new(&nobody[0]).args(&nobody[1..]));
    // A `/proc` that hides other users' processes.
    let script = "mount -t proc -o hidepid=2 proc /proc && exec \"$@\"";
    let hidden = ["--mount", "sh", "-c", script, "sh"];
    let hidden = project.drift_by(Command::new("unshare").args(hidden).args(&nobody));
    for ((seen, code), unseen) in [
        (ordinary, ["ipc", "uts", "cgroup"].as_slice()),
        (hidden, &["user", "cap_add, cap_drop", "read_only", "volumes: writable", "mem_limit"]),
    ] {
        assert_eq!(code, 3);
        let (seen, whole) = (beside(&seen, "web"), beside(&whole, "web"));
        for (seen, whole) in seen.properties.iter().zip(&whole.properties) {
            let is_whole = (seen.verdict, columns(seen)) == (whole.verdict, columns(whole));
            let remedy = seen.gap.as_ref().map_or("", |it| &*it.remedy);
            let is_told = seen.verdict == Verdict::Unverifiable && remedy.contains("root");
            assert!(is_whole || is_told, "{seen:#?}");
        }
        for key in unseen {
            let seen = property(seen, key);
            assert_eq!(seen.verdict, Verdict::Unverifiable, "{seen:#?}");
        }
    }
}
