//! Compose projects beside a reference implementation: docker-compose 1.29, as
//! Debian has it. It is old, and the only one in the registries; it resolves
//! without an engine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Live, live};
use crate::compose::differences::{Difference, differences};
use crate::compose::explained::{EXPLAINED, REFUSED_BY_REFERENCE, REFUSED_BY_US, Refused};
use crate::compose::normal::normal;
use crate::compose::{ours, reference, theirs};
use crate::corpus::{self, Sample};
use crate::needs::Need;
use crate::run;

/// So many are made, beside those that are written.
const MADE: u64 = 320;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Reference];
    vec![
        live("compose::differential-written", needs, || hold(&WRITTEN)),
        live("compose::differential-made", needs, || hold(&MADE_BY_DICE)),
        live("compose::differential-explanations-occur", needs, explanations_occur),
        live("compose::the-driver-says-what-the-program-says", needs, driver),
        live("compose::one-shape-whatever-the-spelling", &[], one_shape),
        live("compose::differences-are-seen", &[], seen),
    ]
}

/// What both sides say of a sample.
struct Compared {
    name: String,
    ours: Result<Value, String>,
    theirs: Result<Value, String>,
    differences: Vec<Difference>,
}

static WRITTEN: LazyLock<Vec<Compared>> = LazyLock::new(|| compare(&corpus::written()));
static MADE_BY_DICE: LazyLock<Vec<Compared>> = LazyLock::new(|| compare(&corpus::made(MADE)));

/// Each sample in a folder of its own.
#[expect(clippy::disallowed_methods, reason = "the test lays out its own files")]
fn laid_out(samples: &[Sample]) -> (TempDir, Vec<PathBuf>) {
    let folder = run::folder();
    let lay_out = |sample: &Sample| {
        let own = folder.path().join(sample.name.replace(".yaml", ""));
        for (name, text) in &sample.files {
            let path = own.join(name);
            let above = path.parent().expect("it is in the sample's folder");
            std::fs::create_dir_all(above).expect("the folder is the test's own");
            std::fs::write(path, text).expect("the folder is the test's own");
        }
        own
    };
    let folders = samples.iter().map(lay_out).collect();
    (folder, folders)
}

fn compare(samples: &[Sample]) -> Vec<Compared> {
    let (_folder, folders) = laid_out(samples);
    let jobs: Vec<(&Sample, &Path)> =
        samples.iter().zip(folders.iter().map(PathBuf::as_path)).collect();
    let answers = reference::resolve(&jobs);
    let compared = jobs.iter().zip(answers).map(|((sample, folder), theirs)| {
        let ours = ours::resolve(sample, folder).map(|it| normal(&it, folder));
        let theirs = theirs.map(|it| normal(&theirs::long(it), folder));
        let differences = match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => differences(ours, theirs),
            _ => Vec::new(),
        };
        Compared { name: sample.name.clone(), ours, theirs, differences }
    });
    compared.collect()
}

/// Whatever differs is explained, and so is what only one side refuses.
fn hold(compared: &[Compared]) {
    let mut unexplained = Vec::new();
    for it in compared {
        let refusal = match (&it.ours, &it.theirs) {
            (Ok(_), Err(says)) => Some((says, REFUSED_BY_REFERENCE)),
            // Also where both refuse: it may be for different reasons.
            (Err(says), _) => Some((says, REFUSED_BY_US)),
            (Ok(_), Ok(_)) => None,
        };
        if let Some((says, known)) = refusal
            && !known.iter().any(|known| says.contains(known.says))
        {
            unexplained.push(format!("{}: refused: {says}", it.name));
        }
        for difference in &it.differences {
            if !EXPLAINED.iter().any(|known| known.explains(difference)) {
                unexplained.push(format!("{}: {difference}", it.name));
            }
        }
    }
    let both = compared.iter().filter(|it| it.ours.is_ok() && it.theirs.is_ok()).count();
    assert!(
        unexplained.is_empty(),
        "{} differences:\n{}",
        unexplained.len(),
        unexplained.join("\n")
    );
    // Most of the corpus says something to both.
    assert!(both * 10 >= compared.len() * 8, "{both} of {}", compared.len());
}

/// An explanation that explains nothing any more is to be taken out.
fn explanations_occur() {
    let all: Vec<&Compared> = WRITTEN.iter().chain(MADE_BY_DICE.iter()).collect();
    for known in EXPLAINED {
        let occurs = all.iter().flat_map(|it| &it.differences).any(|it| known.explains(it));
        assert!(occurs, "{} no longer occurs: {}", known.at, known.why);
    }
    let refusals = |known: &[Refused], of: fn(&Compared) -> &Result<Value, String>| {
        for Refused { says, why } in known {
            let occurs = all.iter().any(|it| of(it).as_ref().is_err_and(|it| it.contains(says)));
            assert!(occurs, "nobody says {says:?} any more: {why}");
        }
    };
    refusals(REFUSED_BY_REFERENCE, |it| &it.theirs);
    refusals(REFUSED_BY_US, |it| &it.ours);
}

/// All samples go through one process; it must say what the program itself says.
fn driver() {
    let samples = corpus::written();
    let is_it = |it: &&Sample| it.name == "blog-hardened.yaml";
    let sample = samples.iter().find(is_it).expect("it is in the corpus");
    let (_folder, folders) = laid_out(std::slice::from_ref(sample));
    let [folder] = folders.as_slice() else { panic!("one folder for one sample") };
    let mut command = Command::new("docker-compose");
    command.current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin").envs(&sample.environment);
    command.args(sample.compose.iter().flat_map(|file| ["--file", file])).arg("config");
    let output = command.output().expect("docker-compose can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers = reference::resolve(&[(sample, folder)]);
    let [Ok(driven)] = answers.as_slice() else { panic!("{answers:?}") };
    // It prints YAML in its own order, a line for each scalar.
    let printed = String::from_utf8_lossy(&output.stdout).replace('\'', "");
    let mut scalars = Vec::new();
    collect(driven, &mut scalars);
    assert!(scalars.len() > 80);
    for scalar in scalars {
        assert!(printed.contains(&scalar), "{scalar:?} is not in\n{printed}");
    }
}

fn collect(value: &Value, scalars: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|it| collect(it, scalars)),
        Value::Object(map) => map.values().for_each(|it| collect(it, scalars)),
        Value::String(text) => scalars.push(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) => scalars.push(value.to_string()),
    }
}

fn one_shape() {
    let ours = json!({ "services": { "web": {
        "env_file": [{ "path": "./web.env" }],
        "x-note": "anything",
        "read_only": "yes",
        "mem_limit": "1.5g",
        "stop_grace_period": "1m30s",
        "cpus": "0.50",
        "cap_drop": ["B", "A"],
        "networks": { "front": null },
        "ulimits": { "nofile": { "soft": "1024", "hard": "1024" } },
        "devices": [{ "source": "/dev/fuse", "target": "/dev/fuse", "permissions": "rwm" }],
        "extra_hosts": { "db": ["10.0.0.7"] },
        "healthcheck": { "disable": "yes" },
        "secrets": [{ "source": "key", "mode": "0440" }],
        "depends_on": { "db": { "condition": "service_started", "required": "true" } },
        "ports": [{
            "mode": "ingress", "host_ip": "::1", "published": "8080", "target": "80",
            "protocol": "tcp",
        }],
        "volumes": [
            { "type": "bind", "source": "./in/../src/", "target": "/src/", "read_only": "true",
              "bind": { "selinux": "z", "propagation": "rslave" } },
            { "type": "volume", "source": "data", "target": "/data", "volume": {} },
        ],
    } } });
    let theirs = json!({ "version": "3.9", "services": { "web": {
        "read_only": true,
        "mem_limit": 1_610_612_736_u64,
        "stop_grace_period": "90s",
        "cpus": 0.5,
        "cap_drop": ["A", "B"],
        "networks": { "front": {} },
        "ulimits": { "nofile": 1024 },
        "devices": ["/dev/fuse"],
        "extra_hosts": ["db:10.0.0.7"],
        "healthcheck": { "test": ["NONE"] },
        "secrets": [{ "source": "key", "mode": 0o440 }],
        "depends_on": { "db": { "condition": "service_started" } },
        "ports": ["::1:8080:80/tcp"],
        "volumes": ["data:/data:rw", "/srv/src:/src:ro,z,rslave"],
    } } });
    let folder = Path::new("/srv");
    let (ours, theirs) = (normal(&ours, folder), normal(&theirs::long(theirs), folder));
    assert_eq!(differences(&ours, &theirs), []);
}

/// What would be a fault of ours is not hidden by the shape.
fn seen() {
    let service = |it: Value| normal(&json!({ "services": { "web": it } }), Path::new("/srv"));
    let base = json!({
        "privileged": "false",
        "environment": { "A": "1", "B": null },
        "ports": [{ "target": "80", "published": "80", "host_ip": "127.0.0.1" }],
        "volumes": [{ "type": "bind", "source": "/a", "target": "/b" }],
        "command": ["a", "b"],
    });
    let others: [(&str, Value); 7] = [
        ("privileged", json!("true")),
        ("environment", json!({ "A": "2", "B": null })),
        ("environment", json!({ "A": "1" })),
        ("ports", json!([{ "target": "80", "published": "80" }])),
        ("volumes", json!([{ "type": "volume", "source": "/a", "target": "/b" }])),
        ("volumes", json!([{ "type": "bind", "source": "/a", "target": "/b", "read_only": "y" }])),
        ("command", json!(["b", "a"])),
    ];
    for (key, value) in others {
        let mut other = base.clone();
        other[key] = value;
        let found = differences(&service(base.clone()), &service(other));
        assert!(!found.is_empty() && found.iter().all(|it| it.path[2] == key), "{found:?}");
        let is_hidden = |it: &Difference| EXPLAINED.iter().any(|known| known.explains(it));
        assert!(!found.iter().any(is_hidden), "{found:?}");
    }
}
