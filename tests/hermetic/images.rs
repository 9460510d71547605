//! Images that are saved on disk are judged without an engine, and as the engine
//! that has them would have them judged.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use crate::support::{Answer, FakeEngine, command, script, secaudit, stderr, stdout};

/// Nothing of it may be in any output.
const CANARY: &str = "kW7vPq29sLxCanary";

fn digest(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes);
    digits.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// The digits of a digest.
fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap()
}

/// A tar archive of these files; a name with a slash at its end is a folder's.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = Header::new_gnu();
        let is_folder = name.ends_with('/');
        header.set_entry_type(if is_folder { EntryType::Directory } else { EntryType::Regular });
        header.set_mode(if is_folder { 0o755 } else { 0o644 });
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

/// A tar archive of programs, each with its mode and its file capabilities.
fn programs(programs: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, mode, capability) in programs {
        if !capability.is_empty() {
            let attribute = ("SCHILY.xattr.security.capability", *capability);
            tar.append_pax_extensions([attribute]).unwrap();
        }
        let mut header = Header::new_ustar();
        header.set_mode(*mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(0);
        tar.append_data(&mut header, name, &b""[..]).unwrap();
    }
    tar.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// An image: its layers, and what it says of itself.
struct Image {
    layers: Vec<Vec<u8>>,
    config: Value,
}

impl Image {
    fn new(layers: Vec<Vec<u8>>, config: &Value, history: &Value) -> Self {
        let digests: Vec<String> = layers.iter().map(|it| digest(it)).collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "created": "2026-01-02T03:04:05Z",
            "config": config, "history": history,
            "rootfs": {"type": "layers", "diff_ids": digests},
        });
        Self { layers, config }
    }

    fn id(&self) -> String {
        digest(self.config.to_string().as_bytes())
    }

    /// What `docker save` writes of it.
    fn saved(&self, name: &str) -> Vec<u8> {
        saved(&[(name, self)])
    }
}

fn saved(images: &[(&str, &Image)]) -> Vec<u8> {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut manifest = Vec::new();
    for (name, image) in images {
        let mut layers = Vec::new();
        for layer in &image.layers {
            let path = format!("{}/layer.tar", hex(&digest(layer)));
            files.insert(path.clone(), layer.clone());
            layers.push(path);
        }
        let config = format!("{}.json", hex(&image.id()));
        files.insert(config.clone(), image.config.to_string().into_bytes());
        manifest.push(json!({"Config": config, "RepoTags": [name], "Layers": layers}));
    }
    files.insert("manifest.json".into(), Value::from(manifest).to_string().into_bytes());
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    tar(&files)
}

/// Everything is wrong with it that a rule on images asks for.
fn careless() -> Image {
    let key = format!("-----BEGIN PRIVATE KEY-----\n{CANARY}\n");
    let lower = tar(&[
        ("etc/os-release", b"ID=debian\nVERSION_ID=12\n"),
        ("var/lib/dpkg/status", "Status: install ok installed\n".repeat(400).as_bytes()),
        ("usr/bin/git", b""),
        ("root/.ssh/id_ed25519", key.as_bytes()),
        ("app/package.json", br#"{"devDependencies": {"rimraf": "1"}}"#),
        ("app/node_modules/rimraf/", b""),
        ("app/main.js.map", b""),
    ]);
    let upper = tar(&[("root/.ssh/.wh.id_ed25519", b"")]);
    let history = json!([
        {"created": "2020-01-01T00:00:00Z", "created_by": "ADD rootfs.tar / # buildkit"},
        {"created": "2026-01-02T03:04:05Z",
         "created_by": format!("RUN |1 NPM_TOKEN={CANARY} /bin/sh -c npm ci # buildkit")},
    ]);
    Image::new(vec![lower, upper], &json!({"Env": [format!("API_KEY={CANARY}")]}), &history)
}

fn careful() -> Image {
    let layer = tar(&[("app/server", b"")]);
    let labels = json!({
        "org.opencontainers.image.source": "https://git.example.org/shop",
        "org.opencontainers.image.revision": "0123456789abcdef",
    });
    let history = json!([{"created": "2026-01-02T03:04:05Z", "created_by": "COPY server /app/"}]);
    Image::new(vec![layer], &json!({"User": "1000:1000", "Labels": labels}), &history)
}

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.tar");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn archive(path: &Path, further: &[&str]) -> (Value, Option<i32>, String) {
    let path = path.to_str().unwrap();
    let output = secaudit(&[&["image", "--archive", path, "--format", "json"], further].concat());
    let said = stderr(&output);
    assert!(!stdout(&output).contains(CANARY) && !said.contains(CANARY), "{said}");
    let report = serde_json::from_str(&stdout(&output)).unwrap_or_default();
    (report, output.status.code(), said)
}

/// What each rule says of a report's only target.
fn verdicts(report: &Value) -> BTreeMap<String, String> {
    let findings = report["targets"][0]["findings"].as_array().unwrap();
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    findings.iter().map(|it| (text(&it["rule"]), text(&it["verdict"]))).collect()
}

/// The rules that ask where an image comes from and what is left in it.
const RULES: [&str; 6] = [
    "minimal-base",
    "image-labels",
    "no-dev-tools",
    "production-dependencies",
    "no-build-leftovers",
    "no-secrets-in-layers",
];

#[test]
fn a_saved_image_is_judged_without_an_engine() {
    let (_folder, path) = file(&careless().saved("shop:1"));
    let (report, code, _) = archive(&path, &[]);
    assert_eq!(code, Some(1));
    assert_eq!(report["targets"][0]["name"], "shop:1");
    assert_eq!(report["targets"][0]["id"], careless().id());
    let found = verdicts(&report);
    for rule in RULES.iter().chain(&["fresh-image"]) {
        assert_eq!(found[*rule], "fail", "{rule}");
    }
    let (_folder, path) = file(&gzip(&careful().saved("shop:2")));
    let (report, code, said) = archive(&path, &[]);
    let found = verdicts(&report);
    for rule in RULES {
        assert_eq!(found[rule], "pass", "{rule}: {report:#}");
    }
    assert_eq!(code, Some(0), "{said}");
}

/// An image whose user is a name, and what its own files make of it.
fn named(passwd: &[u8], group: &[u8]) -> Image {
    let layer = tar(&[("etc/passwd", passwd), ("etc/group", group), ("bin/sh", b"")]);
    Image::new(vec![layer], &json!({"User": "app"}), &json!([]))
}

#[test]
fn whom_a_name_stands_for_the_images_own_accounts_tell() {
    const RULES: [&str; 3] = ["non-root-user", "no-login-shell", "no-privileged-groups"];
    let asked = |image: &Image| {
        let (_folder, path) = file(&image.saved("shop:1"));
        let (report, ..) = archive(&path, &[]);
        let found = verdicts(&report);
        RULES.map(|rule| found[rule].clone())
    };
    let line = format!("app:{CANARY}:1000:1000:{CANARY}:/home/app:/sbin/nologin\n");
    let group = format!("app:{CANARY}:1000:\ndocker:x:998:\n");
    assert_eq!(asked(&named(line.as_bytes(), group.as_bytes())), ["pass", "pass", "pass"]);
    let bad = named(b"app:x:1000:998:::/bin/sh\n", b"docker:x:998:\n");
    assert_eq!(asked(&bad), ["pass", "fail", "fail"]);
    assert_eq!(asked(&named(b"app:x:0:0:::/bin/sh\n", b""))[0], "fail");
    assert_eq!(asked(&named(b"", b"")), ["unknown", "unknown", "unknown"]);
    let broken = named(b"app:x:many:1000::/:/x\napp:x:1000:1000:::/x\n", b"");
    assert_eq!(asked(&broken)[0], "fail");
}

#[test]
fn accounts_that_fill_a_file_or_have_none_are_told_in_a_few_words() {
    let line = "app:x:1000:1000:::/sbin/nologin\n";
    let (_folder, path) = file(&named(line.repeat(20_000).as_bytes(), b"").saved("shop:1"));
    let (report, ..) = archive(&path, &[]);
    let findings = report["targets"][0]["findings"].as_array().unwrap();
    let login = findings.iter().find(|it| it["rule"] == "no-login-shell").unwrap().to_string();
    assert!(login.contains("and 19980 more accounts"), "{login:.2000}");
    assert!(login.len() < 20_000, "{}", login.len());

    let bare = Image::new(vec![tar(&[("bin/x", b"")])], &json!({"User": "app"}), &json!([]));
    let (_folder, path) = file(&bare.saved("shop:1"));
    let said = archive(&path, &[]).0.to_string();
    assert!(said.contains("no container of it can start as app"), "{said}");
}

#[test]
fn programs_that_give_privileges_are_those_that_no_upper_layer_takes_away() {
    // What `setcap cap_net_raw+ep` writes.
    const RAW: &[u8] = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let asked = |layers: Vec<Vec<u8>>, user: &str| {
        let image = Image::new(layers, &json!({"User": user}), &json!([]));
        let (_folder, path) = file(&image.saved("shop:1"));
        let (report, ..) = archive(&path, &[]);
        let findings = report["targets"][0]["findings"].as_array().unwrap().clone();
        findings.into_iter().find(|it| it["rule"] == "no-setuid-escalation").unwrap()
    };
    let lower = || programs(&[("bin/su", 0o4755, b""), ("bin/ping", 0o755, RAW)]);
    let found = asked(vec![lower()], "1000:1000");
    assert_eq!((&found["verdict"], &found["severity"]), (&json!("fail"), &json!("low")));
    let said = found["statements"][0].as_str().unwrap();
    assert!(said.contains("by executing /bin/su (- 4755 0:0); and 1 more: /bin/ping"), "{said}");
    assert!(said.ends_with(", unless it is run with no-new-privileges"), "{said}");
    assert_eq!(asked(vec![lower()], "")["verdict"], "not-applicable");

    let gone = || tar(&[("bin/.wh.su", b"")]);
    let said = asked(vec![lower(), gone()], "1000:1000")["statements"][0].to_string();
    assert!(said.contains("gain NET_RAW by executing /bin/ping") && !said.contains("su"), "{said}");
    let mended = programs(&[("bin/ping", 0o755, b"")]);
    assert_eq!(asked(vec![lower(), gone(), mended], "1000:1000")["verdict"], "pass");
    let opaque = tar(&[("bin/.wh..wh..opq", b""), ("bin/app", b"")]);
    assert_eq!(asked(vec![lower(), opaque], "1000:1000")["verdict"], "pass");
}

#[test]
fn a_name_chooses_among_the_images_of_an_archive() {
    let (_folder, path) =
        file(&saved(&[("shop:1", &careless()), ("x.example/shop:2", &careful())]));
    let (report, code, _) = archive(&path, &[]);
    assert_eq!((report["targets"].as_array().unwrap().len(), code), (2, Some(1)));
    for name in ["x.example/shop:2", "shop:2", careful().id().get(..19).unwrap()] {
        let (report, code, said) = archive(&path, &[name]);
        assert_eq!(report["targets"].as_array().unwrap().len(), 1, "{name}");
        assert_eq!(code, Some(0), "{name}: {said}");
    }
    let (report, code, said) = archive(&path, &["shop:2", "web"]);
    assert_eq!((report["targets"].as_array().unwrap().len(), code), (1, Some(3)));
    assert!(said.contains("no image of the archive is called web"), "{said}");
}

#[test]
fn what_is_no_archive_is_one_sentence_and_incomplete() {
    let (_folder, path) = file(b"no archive");
    let missing = path.with_file_name("missing.tar");
    let whole = careless().saved("shop:1");
    let (_other, cut) = file(&whole[..whole.len() / 2]);
    for (path, told) in
        [(&path, "cannot be read on"), (&missing, "No such file"), (&cut, "breaks off")]
    {
        let (_, code, said) = archive(path, &[]);
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains(told) && said.lines().count() == 1, "{said}");
    }
    for arguments in [&["image"][..], &["image", "--archive", "x", "--host", "unix:///x"]] {
        assert_eq!(secaudit(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

/// The OCI's layout of an image for each of these platforms.
fn layout(folder: &Path, images: &[(&str, &Image)]) {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let blob = |bytes: &[u8]| {
        let digest = digest(bytes);
        fs::write(blobs.join(hex(&digest)), bytes).unwrap();
        json!({"digest": digest})
    };
    let manifests: Vec<Value> = images
        .iter()
        .map(|(architecture, image)| {
            let layers: Vec<Value> = image.layers.iter().map(|it| blob(&gzip(it))).collect();
            let manifest =
                json!({"config": blob(image.config.to_string().as_bytes()), "layers": layers});
            let mut entry = blob(manifest.to_string().as_bytes());
            entry["platform"] = json!({"os": "linux", "architecture": architecture});
            entry
        })
        .collect();
    fs::write(folder.join("index.json"), json!({"manifests": manifests}).to_string()).unwrap();
}

#[test]
fn a_folder_in_the_ocis_layout_is_read_for_one_platform() {
    let folder = tempfile::tempdir().unwrap();
    layout(folder.path(), &[("s390x", &careless()), ("arm64", &careful())]);
    let (report, code, said) = archive(folder.path(), &["--platform", "linux/arm64"]);
    assert_eq!((&report["targets"][0]["id"], code), (&json!(careful().id()), Some(0)), "{said}");
    assert!(said.contains("linux/arm64 of linux/s390x, linux/arm64"), "{said}");
    let name = report["targets"][0]["name"].as_str().unwrap();
    assert!(name.ends_with(" (linux/arm64)"), "{name}");
    let (_, code, said) = archive(folder.path(), &["--platform", "linux/386"]);
    assert_eq!(code, Some(3));
    assert!(said.contains("--platform"), "{said}");
}

#[test]
fn a_layout_that_leads_out_of_its_folder_is_not_followed() {
    let (inner, outer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    layout(outer.path(), &[("amd64", &careful())]);
    fs::copy(outer.path().join("index.json"), inner.path().join("index.json")).unwrap();
    std::os::unix::fs::symlink(outer.path().join("blobs"), inner.path().join("blobs")).unwrap();
    let (_, code, said) = archive(inner.path(), &[]);
    assert_eq!(code, Some(3), "{said}");
    // The same within the folder is.
    fs::rename(outer.path().join("blobs"), outer.path().join("other")).unwrap();
    std::os::unix::fs::symlink("other", outer.path().join("blobs")).unwrap();
    let (_, code, said) = archive(outer.path(), &[]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn an_archive_may_come_by_standard_input() {
    let mut child = command(&["image", "--archive", "-", "--format", "json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&careful().saved("shop:2")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("shop:2"));
}

/// An engine that has this image.
fn engine(image: &Image, name: &str) -> FakeEngine {
    let id = image.id();
    let mut script = script("1.41", &[]);
    let mut put = |path: String, value: &Value| {
        script.insert(path, Answer::Body(200, value.to_string().into_bytes()));
    };
    put("images/json".into(), &json!([{"Id": id, "RepoTags": [name]}]));
    let inspect = json!({
        "Id": id, "Created": image.config["created"], "Config": image.config["config"],
        "RootFS": {"Type": "layers", "Layers": image.config["rootfs"]["diff_ids"]},
    });
    put(format!("images/{id}/json"), &inspect);
    let steps = image.config["history"].as_array().unwrap().iter().rev();
    let steps: Vec<Value> = steps
        .map(|it| {
            let created: jiff::Timestamp = it["created"].as_str().unwrap().parse().unwrap();
            json!({"Created": created.as_second(), "CreatedBy": it["created_by"]})
        })
        .collect();
    put(format!("images/{id}/history"), &steps.into());
    script.insert(format!("images/{id}/get"), Answer::Body(200, image.saved(name)));
    FakeEngine::start(script)
}

#[test]
fn an_engine_and_an_archive_give_one_answer() {
    let user = named(b"app:x:1000:1000:::/bin/sh\n", b"docker:x:998:app\n");
    for image in [careless(), careful(), user] {
        let engine = engine(&image, "shop:1");
        let output = secaudit(&["image", "--host", &engine.host(), "--format", "json", "shop:1"]);
        assert!(!stdout(&output).contains(CANARY));
        let asked: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let (_folder, path) = file(&image.saved("shop:1"));
        let (read, code, _) = archive(&path, &[]);
        let told = |report: &Value| -> Vec<(Value, Value, Value)> {
            let findings = report["targets"][0]["findings"].as_array().unwrap().iter();
            let told =
                |it: &Value| (it["rule"].clone(), it["verdict"].clone(), it["statements"].clone());
            findings.map(told).collect()
        };
        assert_eq!(told(&asked), told(&read));
        assert_eq!(output.status.code(), code);
    }
}
