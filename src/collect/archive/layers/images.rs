//! Images as people save them: compressed, several in one archive, with a
//! configuration, and as hostile as they can be.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::unpacked::digest;
use super::{Image, Laid, Saved, Wanted};
use crate::collect::archive::Limits;
use crate::collect::archive::tests::{Tar, files, reasons};
use crate::model::bundle::Answer;
use crate::model::layers::{Packages, Project};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::parse::pattern::Patterns;

fn look_within(archive: impl Read, limits: Limits) -> (Vec<Image>, Vec<Gap>) {
    let patterns = Arc::new(Patterns::new(["/**"].as_slice()).unwrap());
    let wanted = Wanted { patterns, platform: "linux/amd64".to_owned() };
    let source = Source::Archive("x.tar".into());
    let mut saved = Saved::new(&wanted, &source, limits);
    saved.read_whole(archive);
    saved.images()
}

fn look(archive: &[u8]) -> (Vec<Image>, Vec<Gap>) {
    look_within(archive, Limits::default())
}

fn only(archive: &[u8]) -> Image {
    let (mut images, gaps) = look(archive);
    assert_eq!(gaps, []);
    assert_eq!(images.len(), 1);
    images.remove(0)
}

fn part(tar: Tar, name: &str, content: &[u8]) -> Tar {
    tar.put(b'0', name.as_bytes(), 0o644, content)
}

fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A configuration of these layers.
fn config(layers: &[Vec<u8>]) -> Value {
    let digests: Vec<String> = layers.iter().map(|it| digest(it)).collect();
    json!({
        "architecture": "amd64", "os": "linux", "created": "2026-01-02T03:04:05Z",
        "config": {"User": "1000", "Env": ["DB_PASSWORD=kW7vPq29sLx"]},
        "rootfs": {"type": "layers", "diff_ids": digests},
        "history": [{"created_by": "ENV DB_PASSWORD=kW7vPq29sLx"}],
    })
}

/// What `docker save` writes of an image, its layers as `pack` makes them.
fn saved(layers: &[Vec<u8>], config: &Value, pack: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let text = config.to_string();
    let name = format!("{}.json", hex(&digest(text.as_bytes())));
    let mut tar = part(Tar::default(), &name, text.as_bytes());
    let mut names = Vec::new();
    for (place, layer) in layers.iter().enumerate() {
        names.push(format!("l{place}/layer.tar"));
        tar = part(tar, &format!("l{place}/layer.tar"), &pack(layer));
    }
    let manifest = json!([{"Config": name, "RepoTags": ["web:1"], "Layers": names}]);
    part(tar, "manifest.json", manifest.to_string().as_bytes()).end()
}

fn plain() -> Vec<Vec<u8>> {
    let lower = Tar::default().folder("bin", 0o755).file("bin/su", 0o4755);
    vec![lower.end(), Tar::default().file("x", 0o644).end()]
}

#[test]
fn an_image_is_the_same_however_it_is_compressed() {
    let layers = plain();
    let whole = saved(&layers, &config(&layers), <[u8]>::to_vec);
    let image = only(&whole);
    assert_eq!(
        files(&image.laid.survey),
        ["/bin d 0755 7:8", "/bin/su - 4755 7:8", "/x - 0644 7:8"]
    );
    assert_eq!(reasons(&image.laid.survey), []);
    assert_eq!(image.names[0].raw(), "web:1");
    let document = image.document.as_ref().unwrap();
    assert_eq!(document["Config"]["User"], "1000");
    assert_eq!(document["Id"], image.id.as_str());
    assert!(!format!("{image:?}").contains("kW7v"));
    assert_eq!(image.history.as_ref().unwrap()[0].variables[0].name.raw(), "DB_PASSWORD");

    let both = |bytes: &[u8]| [gzip(&bytes[..512]), gzip(&bytes[512..])].concat();
    let skipped = |bytes: &[u8]| {
        let nothing = b"\x50\x2a\x4d\x18\x03\0\0\0abc";
        [zstd(&bytes[..512]), nothing.to_vec(), zstd(&bytes[512..])].concat()
    };
    for pack in [gzip, zstd, both as fn(&[u8]) -> Vec<u8>, skipped] {
        let other = only(&saved(&layers, &config(&layers), pack));
        assert_eq!(other.laid.survey, image.laid.survey);
        assert_eq!((&other.id, &other.document), (&image.id, &image.document));
    }
    for outer in [gzip(&whole), zstd(&whole)] {
        assert_eq!(only(&outer).laid.survey, image.laid.survey);
    }
}

#[test]
fn several_images_of_one_archive_share_their_layers() {
    let layers = plain();
    let (one, two) = (config(&layers), config(&layers[..1]));
    let mut tar = Tar::default();
    let mut manifest = Vec::new();
    for (name, config, layers) in [("one:1", &one, vec!["l0", "l1"]), ("two:1", &two, vec!["l0"])] {
        tar = part(tar, &format!("{name}.c"), config.to_string().as_bytes());
        manifest.push(json!({"Config": format!("{name}.c"), "RepoTags": [name], "Layers": layers}));
    }
    tar = part(part(tar, "l0", &layers[0]), "l1", &layers[1]);
    let tar = part(tar, "manifest.json", Value::from(manifest).to_string().as_bytes()).end();
    let (images, gaps) = look(&tar);
    assert_eq!(gaps, []);
    let counts: Vec<_> =
        images.iter().map(|it| (it.names[0].raw(), it.laid.survey.names)).collect();
    assert_eq!(counts, [("one:1", 3), ("two:1", 2)]);
    assert!(images.iter().all(|it| it.laid.survey.unread.is_empty()), "{images:#?}");
}

/// An image in the OCI's layout, for each of these platforms.
fn oci(platforms: &[&str]) -> Vec<u8> {
    let mut tar = Tar::default();
    let mut blob = |content: &[u8]| {
        let digest = digest(content);
        let name = format!("blobs/sha256/{}", hex(&digest));
        tar = part(std::mem::take(&mut tar), &name, content);
        digest
    };
    let mut manifests = Vec::new();
    for platform in platforms {
        let (os, architecture) = platform.split_once('/').unwrap();
        let layer = Tar::default().file(architecture, 0o644).end();
        let mut config = config(std::slice::from_ref(&layer));
        config["architecture"] = architecture.into();
        let manifest = json!({
            "config": {"digest": blob(config.to_string().as_bytes())},
            "layers": [{"digest": blob(&gzip(&layer))}],
        });
        manifests.push(json!({
            "digest": blob(manifest.to_string().as_bytes()),
            "platform": {"os": os, "architecture": architecture},
        }));
    }
    let inner = blob(json!({"manifests": manifests}).to_string().as_bytes());
    let name = json!({"org.opencontainers.image.ref.name": "1.0"});
    let index = json!({"manifests": [{"digest": inner, "annotations": name}]});
    part(tar, "index.json", index.to_string().as_bytes()).end()
}

#[test]
fn of_several_platforms_the_wanted_one_is_read() {
    let image = only(&oci(&["linux/arm64", "linux/amd64"]));
    assert_eq!(files(&image.laid.survey), ["/amd64 - 0644 7:8"]);
    assert_eq!(image.names[0].raw(), "1.0");
    let platform = image.platform.unwrap();
    assert_eq!(platform.raw(), "linux/amd64 of linux/arm64, linux/amd64");
    let alone = only(&oci(&["linux/arm64"]));
    assert_eq!(
        (files(&alone.laid.survey), alone.platform),
        (vec!["/arm64 - 0644 7:8".into()], None)
    );
    let (images, gaps) = look(&oci(&["linux/arm64", "linux/s390x"]));
    assert!(images.is_empty());
    assert!(gaps[0].detail.contains("is of linux/arm64, linux/s390x"), "{gaps:?}");
}

#[test]
fn what_has_not_the_digest_that_it_should_is_said() {
    let layers = plain();
    let mut other = layers.clone();
    other[1] = Tar::default().file("y", 0o644).end();
    let image = only(&saved(&other, &config(&layers), gzip));
    assert_eq!(reasons(&image.laid.survey), [("/", Reason::Malformed)]);
    assert!(image.laid.survey.unread[0].gap.detail.contains("digest"));
    let image = only(&saved(&layers, &config(&layers[..1]), gzip));
    assert!(image.laid.survey.unread[0].gap.detail.contains("another number of layers"));

    // A configuration under another's name is none.
    let text = config(&layers).to_string();
    let archive = saved(&layers, &config(&layers), <[u8]>::to_vec);
    let place = archive.windows(text.len()).position(|it| it == text.as_bytes()).unwrap();
    let mut forged = archive;
    forged[place + text.find("amd64").unwrap()] = b'x';
    let image = only(&forged);
    assert!(image.document.is_err() && image.history.is_err());
    assert!(
        image.laid.survey.unread[0].gap.detail.contains("digest"),
        "{:?}",
        image.laid.survey.unread
    );
}

#[test]
fn what_breaks_off_is_a_gap_and_never_a_pass() {
    let layers = plain();
    for pack in [gzip, zstd] {
        let packed = pack(&layers[0]);
        for length in (7..packed.len()).step_by(9) {
            let cut = json!([{"Config": "c", "Layers": ["l0"]}]).to_string();
            let tar = part(Tar::default(), "l0", &packed[..length]);
            let tar = part(
                part(tar, "c", config(&layers[..1]).to_string().as_bytes()),
                "manifest.json",
                cut.as_bytes(),
            );
            let image = only(&tar.end());
            // What is only an end without its checksum is whole.
            let is_whole = image.laid.survey.names == 2;
            assert!(
                is_whole || !image.laid.survey.unread.is_empty(),
                "{length} of {}",
                packed.len()
            );
        }
    }
    let whole = saved(&layers, &config(&layers), gzip);
    for length in (0..whole.len() - 1024).step_by(300) {
        let (images, gaps) = look(&whole[..length]);
        let unread = images.iter().all(|it| !it.laid.survey.unread.is_empty());
        assert!(unread && (!images.is_empty() || !gaps.is_empty()), "{length}");
    }
    let (images, gaps) = look(b"no archive at all");
    assert!(images.is_empty());
    assert_eq!(gaps[0].reason, Reason::Malformed);
}

/// Zeros without end, as they would come out of a bomb.
fn bomb(bytes: u64) -> Vec<u8> {
    let mut tar = tar::Header::new_ustar();
    tar.set_path("zeros").unwrap();
    tar.set_size(bytes);
    tar.set_mode(0o644);
    tar.set_uid(0);
    tar.set_gid(0);
    tar.set_cksum();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(tar.as_bytes()).unwrap();
    std::io::copy(&mut std::io::repeat(0).take(bytes + 1024), &mut encoder).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_decompression_bomb_is_given_up_in_time() {
    let manifest = json!([{"Config": "c", "Layers": ["l0"]}]).to_string();
    let tar = part(Tar::default(), "l0", &bomb(8 << 20));
    let tar = part(tar, "manifest.json", manifest.as_bytes()).end();
    let small = Limits { unpacked: 1 << 20, ..Limits::default() };
    let (images, gaps) = look_within(tar.as_slice(), small);
    assert!(images.is_empty());
    assert_eq!(gaps[0].reason, Reason::TooLarge);
    assert!(gaps[0].detail.contains("unpack to more"), "{gaps:?}");

    let hurried = Limits { time: Duration::ZERO, ..Limits::default() };
    let begin = Instant::now();
    let (_, gaps) = look_within(tar.as_slice(), hurried);
    assert_eq!(gaps[0].reason, Reason::TimedOut);
    assert!(gaps[0].remedy.contains("--timeout"), "{gaps:?}");
    // The whole archive may be one as well, and may never end.
    let endless = std::io::repeat(0);
    look_within(endless, Limits { time: Duration::from_millis(50), ..Limits::default() });
    let (_, gaps) = look_within(bomb(8 << 20).as_slice(), small);
    assert_eq!(gaps[0].reason, Reason::TooLarge);
    assert!(begin.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_window_of_zstd_that_takes_too_much_memory_is_refused() {
    // A frame's header with a window of 2^31 bytes.
    let frame = [b"\x28\xb5\x2f\xfd\x00\xa8".as_slice(), &[1, 0, 0]].concat();
    let manifest = json!([{"Config": "c", "Layers": ["l0"]}]).to_string();
    let tar = part(part(Tar::default(), "l0", &frame), "manifest.json", manifest.as_bytes());
    let image = only(&tar.end());
    assert_eq!(reasons(&image.laid.survey), [("/", Reason::Malformed)]);
}

#[test]
fn names_that_lead_out_are_refused() {
    let layers = vec![
        Tar::default()
            .put(b'0', b"../../etc/passwd", 0o666, b"")
            .put(b'1', b"hard", 0o100_644, b"")
            .put(b'0', b"/absolute", 0o644, b"")
            .end(),
    ];
    let image = only(&saved(&layers, &config(&layers), gzip));
    assert_eq!(files(&image.laid.survey), ["/absolute - 0644 7:8", "/hard - 0644 7:8"]);
    assert_eq!(reasons(&image.laid.survey), [("/", Reason::Malformed)]);
    let outer = part(Tar::default(), "../manifest.json", b"[]").end();
    let (images, gaps) = look(&outer);
    assert!(images.is_empty() && gaps[0].detail.contains("leads out"), "{gaps:?}");
}

#[test]
fn a_hard_link_that_leads_out_is_refused() {
    let mut header = tar::Header::new_ustar();
    header.set_path("hard").unwrap();
    header.set_entry_type(tar::EntryType::Link);
    header.set_link_name_literal("../../etc/shadow").unwrap();
    header.set_size(0);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    let layers = vec![Tar(header.as_bytes().to_vec()).file("x", 0o644).end()];
    let image = only(&saved(&layers, &config(&layers), gzip));
    assert_eq!(files(&image.laid.survey), ["/x - 0644 7:8"]);
    assert_eq!(reasons(&image.laid.survey), [("/", Reason::Malformed)]);
}

#[test]
fn contents_tell_of_secrets_in_every_layer_and_of_packages_in_the_uppermost() {
    let key = b"-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n";
    let package = br#"{"dependencies": {"a": "1"}, "devDependencies": {"jest": "1", "b": "1"}}"#;
    let lower = part(Tar::default(), "root/.ssh/id_rsa", key);
    let lower = part(lower, "app/.env", b"DB_PASSWORD=kW7vPq29sLx\n");
    let lower = part(lower, "etc/os-release", b"ID=debian\nVERSION_ID=12\n");
    let lower = part(lower, "var/lib/dpkg/status", b"Status: install ok installed\n");
    let lower = part(lower, "app/package.json", package)
        .folder("app/node_modules/a", 0o755)
        .folder("app/node_modules/jest", 0o755)
        .folder("app/node_modules/b", 0o755);
    let upper = Tar::default().put(b'0', b"root/.ssh/.wh.id_rsa", 0, b"").put(
        b'0',
        b"app/node_modules/.wh.b",
        0,
        b"",
    );
    let upper = part(
        upper,
        "var/lib/dpkg/status",
        b"Status: install ok installed\nStatus: install ok installed\n",
    );
    let layers = [lower.end(), upper.end()];
    let told = only(&saved(&layers, &config(&layers), gzip)).laid.layers;
    assert_eq!(told.unread, []);
    let holders: Vec<_> =
        told.holders.iter().map(|it| (it.path.raw(), it.layer, it.hidden)).collect();
    assert_eq!(holders, [("/app/.env", 1, false), ("/root/.ssh/id_rsa", 1, true)]);
    assert_eq!(told.base.system.unwrap().raw(), "debian 12");
    let status = Packages { path: "/var/lib/dpkg/status".into(), count: Some(2) };
    assert_eq!(told.base.packages, [status]);
    let project = Project { path: "/app/package.json".into(), development: vec!["jest".into()] };
    assert_eq!(told.projects, [project]);
}

#[test]
fn accounts_are_those_of_the_uppermost_layer_that_tells_of_them() {
    let read = |layers: &[Tar]| {
        let layers: Vec<Vec<u8>> = layers.iter().map(|it| it.clone().end()).collect();
        only(&saved(&layers, &config(&layers), gzip)).laid
    };
    let text = |answer: &Result<Answer, Gap>| match answer {
        Ok(Answer::Text(text)) => text.raw().to_owned(),
        other => format!("{other:?}"),
    };
    let lower = part(Tar::default(), "etc/passwd", b"app:hash:0:0:::\n");
    let lower = part(lower, "etc/group", b"docker:x:998:app\n");
    let upper = part(Tar::default(), "etc/passwd", b"app:x:1000:1000:A:/:/bin/sh\n");
    let both = [part(lower.clone(), "usr/bin/sh", b""), upper];
    let Laid { accounts, layers, .. } = read(&both);
    assert_eq!(text(&accounts.users), "app:x:1000:1000:::/bin/sh\n");
    assert_eq!(text(&accounts.groups), "docker:x:998:app\n");
    assert_eq!(layers.shells, ["sh".into()]);

    let nothing = |layers: &[Tar]| {
        let accounts = read(layers).accounts;
        (accounts.users, accounts.groups) == (Ok(Answer::Nothing), Ok(Answer::Nothing))
    };
    let opaque = Tar::default().put(b'0', b"etc/.wh..wh..opq", 0, b"");
    assert!(nothing(&[lower.clone(), opaque]));
    assert!(nothing(&[lower.clone(), Tar::default().put(b'0', b".wh.etc", 0, b"")]));
    assert!(nothing(&[Tar::default().file("x", 0o644)]));
    let gone = Tar::default().put(b'0', b"etc/.wh.passwd", 0, b"");
    let accounts = read(&[lower.clone(), gone]).accounts;
    assert_eq!(accounts.users, Ok(Answer::Nothing));
    assert_eq!(text(&accounts.groups), "docker:x:998:app\n");

    // What is another file's name is not followed, wherever it leads.
    for other in [
        Tar::default().put(b'2', b"etc/passwd", 0o777, b""),
        Tar::default().put(b'1', b"etc/passwd", 0o644, b""),
        Tar::default().put(b'2', b"etc", 0o777, b""),
    ] {
        let gap = read(&[lower.clone(), other]).accounts.users.unwrap_err();
        assert_eq!(gap.reason, Reason::Unsupported);
        assert!(gap.detail.contains("not followed"), "{gap:?}");
    }
    // Neither is a folder on the way, be it a link of this layer or of a lower one.
    let link = || Tar::default().put(b'2', b"foo", 0o777, b"");
    let gone = Tar::default().put(b'0', b"foo/x/.wh.group", 0, b"");
    for layers in [vec![part(link(), "foo/passwd", b"")], vec![link(), lower.clone(), gone]] {
        let gap = read(&layers).accounts.users.unwrap_err();
        assert!(gap.detail.contains("not followed"), "{gap:?}");
    }
    let unread = Tar::default().file("../x", 0o644);
    assert!(read(&[lower, unread]).accounts.users.is_err());
}
