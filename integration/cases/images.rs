//! Images by their engine and from an archive, containers of them, and an archive
//! of two gigabytes.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::process::Command;

use nix::sys::resource::{UsageWho, getrusage};
use secaudit::report::v1::{Report, Target};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::docker::with_witness;
use super::{Live, live};
use crate::agree::{Expectation, disagreements, fails, passes};
use crate::audit::{Audit, PROGRAM, audit, audit_by};
use crate::engine::image;
use crate::image::witness;
use crate::needs::Need;
use crate::record::record;
use crate::run;
use crate::testimony::Testimony;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    vec![
        live("images::an-engine-and-an-archive-give-one-answer", needs, one_answer),
        live("images::whom-a-name-means-the-engine-finds-in-the-same-files", needs, whom_it_means),
        live("images::two-gigabytes-take-little-memory", &[], two_gigabytes),
    ]
}

/// Of the image alone.
const CARELESS: &[Expectation] = &[
    fails("no-secrets-in-layers", &[]),
    fails("env-file-protected", &[]),
    fails("minimal-base", &[]),
    fails("image-labels", &[]),
    fails("fresh-image", &[]),
];
const CAREFUL: &[Expectation] = &[
    passes("no-secrets-in-layers", &[]),
    passes("env-file-protected", &[]),
    passes("minimal-base", &[]),
    passes("image-labels", &[]),
    passes("fresh-image", &[]),
];

/// Of a container as well.
const CARELESS_FILES: &[Expectation] = &[
    fails("no-dev-tools", &[]),
    fails("production-dependencies", &[]),
    fails("no-build-leftovers", &[]),
];
const CAREFUL_FILES: &[Expectation] = &[
    passes("no-dev-tools", &[]),
    passes("production-dependencies", &[]),
    passes("no-build-leftovers", &[]),
];

fn one_answer() {
    let engine = run::docker();
    let folder = run::folder();
    for (name, made, of_image, of_files) in [
        ("careless", careless(), CARELESS, CARELESS_FILES),
        ("careful", careful(), CAREFUL, CAREFUL_FILES),
    ] {
        let tag = format!("{}.{name}", run::id());
        let saved = made.saved(&tag).expect("the image can be made");
        let path = folder.path().join(name);
        let file = File::create(&path).and_then(|mut file| file.write_all(&saved));
        file.expect("the folder is the test's own");
        engine.load(saved);

        let by = |arguments: &[&str]| -> Audit {
            audit_by(Command::new(PROGRAM).args(["image", "--format", "json"]).args(arguments))
        };
        let asked = by(&["--host", &engine.address, &image(&tag)]);
        let read = by(&["--archive", path.to_str().expect("a plain path")]);
        assert_eq!(told(&asked.report), told(&read.report), "{name}");
        assert_eq!(asked.code, read.code);
        agree(read.only(), of_image);
        agree(read.only(), of_files);

        let config = with_witness(json!({"Image": image(&tag)}));
        let container = engine.start(name, &config);
        container.testimony();
        record(&format!("shipped-{name}"), Some(&engine.address), &container.name);
        let audit = audit(&["--host", &engine.address, &container.name]);
        agree(audit.only(), of_files);
    }
}

/// A user by name, and what his image and a container of it are found to be.
fn whom_it_means() {
    const PASSWD: &[u8] = b"app:x:1000:1000:::/bin/sh\ntoor:x:0:0:::\n";
    const GROUP: &[u8] = b"app:x:1000:\ndocker:x:998:app\n";
    const MEMBER: &[Expectation] =
        &[passes("non-root-user", &[]), fails("no-privileged-groups", &[])];
    const OWN: &[Expectation] =
        &[passes("non-root-user", &[]), passes("no-privileged-groups", &[])];
    const ROOT: &[Expectation] = &[fails("non-root-user", &[])];
    let engine = run::docker();
    for (name, user, expected) in [
        ("member", "app", MEMBER),
        ("by-number", "1000", MEMBER),
        ("own-group", "app:app", OWN),
        ("no-account", "4242", MEMBER),
        ("toor", "toor", ROOT),
    ] {
        let tag = format!("{}.{name}", run::id());
        let layers = vec![layer(&[("etc/passwd", PASSWD), ("etc/group", GROUP)])];
        let made = Made { layers, config: json!({"User": user}), ..careful() };
        engine.load(made.saved(&tag).expect("the image can be made"));
        let image = image(&tag);
        let arguments = ["image", "--format", "json", "--host", &engine.address, &image];
        agree(audit_by(Command::new(PROGRAM).args(arguments)).only(), expected);
        let container = engine.start(name, &with_witness(json!({"Image": image})));
        container.testimony();
        let audit = audit(&["--host", &engine.address, &container.name]);
        agree(audit.only(), expected);
    }
}

/// What nobody can witness: a tool is there or is not.
fn agree(target: &Target, expected: &[Expectation]) {
    let nothing = Testimony::parse(b"\"end\"\n").expect("it says nothing");
    for expectation in expected {
        let faults = disagreements(expectation, target, &nothing);
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

/// Every finding of the only target, but for where it was read.
fn told(report: &Report) -> Vec<(String, String)> {
    let [target] = report.targets.as_slice() else { panic!("one target was expected") };
    let findings = target.findings.iter();
    findings
        .map(|it| (it.rule.to_string(), format!("{:?} {:?}", it.verdict, it.statements)))
        .collect()
}

/// An image in the making.
struct Made {
    layers: Vec<Vec<u8>>,
    config: Value,
    history: Value,
    created: String,
}

const NOW: fn() -> String = || jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();

fn careless() -> Made {
    let key = b"-----BEGIN PRIVATE KEY-----\nnobody's\n";
    let lower = layer(&[
        ("var/lib/dpkg/status", "Status: install ok installed\n".repeat(400).as_bytes()),
        ("usr/bin/git", b"x"),
        ("root/.ssh/id_rsa", key),
        ("app/node_modules/jest/package.json", b"{}"),
        ("app/package.json", br#"{"devDependencies": {"jest": "1"}}"#),
        ("app/main.js.map", b"{}"),
        ("app/.env.production", b"LEVEL=info\n"),
    ]);
    let upper = layer(&[("root/.ssh/.wh.id_rsa", b"")]);
    Made {
        layers: vec![lower, upper],
        config: json!({}),
        history: json!([
            {"created": "2020-01-01T00:00:00Z", "created_by": "ADD rootfs.tar / # buildkit"},
            {"created": "2020-01-01T00:00:00Z", "created_by": "COPY app /app # buildkit"},
            {"created": "2020-01-01T00:00:00Z", "created_by": "RUN rm /root/.ssh/id_rsa"},
        ]),
        created: "2020-01-01T00:00:00Z".to_owned(),
    }
}

fn careful() -> Made {
    let labels = json!({
        "org.opencontainers.image.source": "https://git.example.org/shop",
        "org.opencontainers.image.revision": "0123456789abcdef",
    });
    Made {
        layers: vec![layer(&[("app/server.js", b"x")])],
        config: json!({"Labels": labels}),
        history: json!([
            {"created": NOW(), "created_by": "ADD rootfs.tar / # buildkit"},
            {"created": NOW(), "created_by": "COPY app /app # buildkit"},
        ]),
        created: NOW(),
    }
}

impl Made {
    /// The image as `docker load` takes it, upon the witness's.
    fn saved(&self, tag: &str) -> io::Result<Vec<u8>> {
        let mut layers = vec![witness()?.into_inner()];
        layers.extend(self.layers.iter().cloned());
        let digests: Vec<String> = layers.iter().map(|it| digest(it)).collect();
        let config = json!({
            "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
            "os": "linux", "created": self.created, "config": self.config,
            "history": self.history, "rootfs": {"type": "layers", "diff_ids": digests},
        });
        let names: Vec<String> = (0..layers.len()).map(|it| format!("{it}/layer.tar")).collect();
        let manifest =
            json!([{"Config": "config.json", "RepoTags": [image(tag)], "Layers": names}]);
        let (config, manifest) = (config.to_string(), manifest.to_string());
        let mut files: Vec<(&str, &[u8])> =
            names.iter().map(String::as_str).zip(layers.iter().map(Vec::as_slice)).collect();
        files.push(("config.json", config.as_bytes()));
        files.push(("manifest.json", manifest.as_bytes()));
        Ok(layer(&files))
    }
}

fn digest(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes);
    digits.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn layer(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = header(bytes.len() as u64);
        tar.append_data(&mut header, name, *bytes).expect("memory can be written");
    }
    tar.into_inner().expect("memory can be written")
}

fn header(size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header
}

/// How much memory a reader of two gigabytes may take, in KiB.
const MOST_MEMORY: i64 = 64 << 10;

/// How large the one file is of the one layer.
const LARGE: u64 = 2 << 30;

/// An archive with a layer of two gigabytes, which take no place on disk.
fn two_gigabytes() {
    let folder = run::folder();
    let path = folder.path().join("large.tar");
    write_large(&path).expect("a file with a hole can be made");
    let path = path.to_str().expect("a plain path");
    let weighed = Command::new("/proc/self/exe")
        .args(["weigh", "image", "--timeout", "60", "--format", "json", "--archive", path])
        .output()
        .expect("this program runs");
    let said = String::from_utf8_lossy(&weighed.stdout);
    let (most, report) = said.split_once(' ').expect("a number, and a report");
    let most: i64 = most.parse().expect("a number");
    let report: Report = serde_json::from_str(report).expect("a report");
    assert_eq!(report.targets.len(), 1);
    assert_eq!(report.targets[0].name.raw(), "large:1");
    assert!((1..MOST_MEMORY).contains(&most), "{most} KiB");
}

/// The most memory that the program held at once, in KiB, and what it wrote. Asked
/// in a process of its own, which has no other children.
pub(crate) fn weigh(arguments: &[&str]) -> String {
    let output = Command::new(PROGRAM).args(arguments).output().expect("the program runs");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel tells everybody");
    format!("{} {}", usage.max_rss(), String::from_utf8_lossy(&output.stdout))
}

fn write_large(path: &std::path::Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    let entry = |name: &str, size: u64| -> io::Result<Header> {
        let mut header = header(size);
        header.set_path(name)?;
        header.set_cksum();
        Ok(header)
    };
    // The layer: one file's header, its zeros, and two blocks of zeros at its end.
    let layer = 512 + LARGE + 1024;
    file.write_all(entry("layer.tar", layer)?.as_bytes())?;
    file.write_all(entry("zeros", LARGE)?.as_bytes())?;
    file.seek(SeekFrom::Current(i64::try_from(LARGE + 1024).map_err(io::Error::other)?))?;
    let manifest = json!([{"Config": "c.json", "RepoTags": ["large:1"], "Layers": ["layer.tar"]}]);
    let config = json!({"os": "linux", "config": {}, "history": []});
    for (name, document) in [("c.json", config), ("manifest.json", manifest)] {
        let text = document.to_string();
        file.write_all(entry(name, text.len() as u64)?.as_bytes())?;
        file.write_all(text.as_bytes())?;
        let padding = text.len().next_multiple_of(512) - text.len();
        file.write_all(&vec![0; padding])?;
    }
    file.write_all(&[0; 1024])
}
