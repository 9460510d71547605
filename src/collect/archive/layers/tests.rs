//! Images, crafted layer by layer.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{of_one, within};
use crate::collect::archive::Limits;
use crate::collect::archive::tests::{Tar, files, reasons};
use crate::model::bundle::Answer;
use crate::model::reading::Reason;
use crate::model::source::Source;
use crate::model::survey::Survey;
use crate::parse::pattern::Patterns;

const SOURCE: fn() -> Source = || Source::Engine("/images/x/get".into());

fn look(archive: &[u8], patterns: &[&str], limits: Limits) -> Survey {
    let patterns = Arc::new(Patterns::new(patterns).unwrap());
    within(archive, patterns, &SOURCE(), limits)
}

fn part(tar: Tar, name: &str, content: &[u8]) -> Tar {
    tar.put(b'0', name.as_bytes(), 0o644, content)
}

fn manifest(layers: &[&str]) -> Vec<u8> {
    json!([{"Config": "c.json", "Layers": layers}]).to_string().into_bytes()
}

/// An image of these layers, the lowest first; they are saved in the order of
/// `places`, and the manifest last.
fn image(layers: &[Vec<u8>], places: &[usize]) -> Vec<u8> {
    let names: Vec<String> = (0..layers.len()).map(|it| format!("l{it}/layer.tar")).collect();
    let tar = places.iter().fold(Tar::default(), |tar, it| part(tar, &names[*it], &layers[*it]));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    part(tar, "manifest.json", &manifest(&names)).end()
}

fn two(lower: Tar, upper: Tar) -> Survey {
    let layers = [lower.end(), upper.end()];
    let one = look(&image(&layers, &[0, 1]), &["/**"], Limits::default());
    assert_eq!(one, look(&image(&layers, &[1, 0]), &["/**"], Limits::default()));
    // Where nobody asks for a file by its path, it is hidden all the same.
    let bare = look(&image(&layers, &[1, 0]), &[], Limits::default());
    assert_eq!(bare.names, one.names);
    assert_eq!(bare.unread, one.unread);
    let privileged = |it: &Survey| {
        let all = files(it).into_iter();
        all.filter(|it| it.contains(" - 4")).collect::<Vec<_>>()
    };
    assert_eq!(privileged(&bare), privileged(&one));
    one
}

#[test]
fn an_upper_file_hides_a_lower_one() {
    let lower = Tar::default().folder("bin", 0o755).file("bin/su", 0o4755).file("bin/ls", 0o755);
    let survey = two(lower, Tar::default().folder("bin", 0o711).file("bin/su", 0o755));
    assert_eq!(files(&survey), ["/bin d 0711 7:8", "/bin/ls - 0755 7:8", "/bin/su - 0755 7:8"]);
    assert_eq!((survey.names, reasons(&survey)), (3, vec![]));
}

#[test]
fn a_whiteout_takes_away_a_file_or_a_whole_tree_of_lower_layers_alone() {
    let lower = Tar::default()
        .folder("a", 0o755)
        .file("a/su", 0o4755)
        .folder("b", 0o755)
        .folder("b/c", 0o755)
        .file("b/c/su", 0o4755)
        .file("b/c/plain", 0o644)
        .file("bc", 0o4755);
    let upper = Tar::default()
        .put(b'0', b"a/.wh.su", 0, b"")
        .put(b'0', b".wh.b", 0, b"")
        .file("b/new", 0o4755);
    let survey = two(lower, upper);
    assert_eq!(files(&survey), ["/a d 0755 7:8", "/b/new - 4755 7:8", "/bc - 4755 7:8"]);
    assert_eq!((survey.names, reasons(&survey)), (3, vec![]));
}

#[test]
fn an_opaque_folder_shows_its_own_layer_alone() {
    let lower = Tar::default()
        .folder("a", 0o700)
        .file("a/su", 0o4755)
        .folder("a/b", 0o755)
        .file("a/b/plain", 0o644);
    let upper = Tar::default().folder("a", 0o755).file("a/own", 0o4711).put(
        b'0',
        b"a/.wh..wh..opq",
        0,
        b"",
    );
    let survey = two(lower.clone(), upper);
    assert_eq!(files(&survey), ["/a d 0755 7:8", "/a/own - 4711 7:8"]);
    let all = two(lower, Tar::default().put(b'0', b".wh..wh..opq", 0, b"").file("x", 0o644));
    assert_eq!(files(&all), ["/x - 0644 7:8"]);
}

#[test]
fn a_file_over_a_folder_hides_what_is_in_it_and_a_folder_hides_a_file() {
    let lower = Tar::default().folder("a", 0o755).file("a/su", 0o4755).file("f", 0o4755);
    let upper = Tar::default().file("a", 0o644).folder("f", 0o755).file("f/x", 0o644);
    let survey = two(lower, upper);
    assert_eq!(files(&survey), ["/a - 0644 7:8", "/f d 0755 7:8", "/f/x - 0644 7:8"]);
}

#[test]
fn a_name_that_stands_twice_in_a_layer_hides_nothing() {
    let lower = Tar::default().folder("usr", 0o755).file("usr/su", 0o4755);
    // At first a file, in the end a folder: what is in it below stays.
    let upper = Tar::default().file("usr", 0o644).folder("usr", 0o755);
    assert_eq!(files(&two(lower, upper)), ["/usr d 0755 7:8", "/usr/su - 4755 7:8"]);
    let one = look(
        &image(&[Tar::default().file("a", 0o4755).file("a", 0o644).end()], &[0]),
        &["/**"],
        Limits::default(),
    );
    assert_eq!(files(&one), ["/a - 0644 7:8"]);
}

#[test]
fn whiteouts_that_take_away_no_name_are_unread() {
    for name in [".wh.", ".wh..", ".wh...", "a/.wh..."] {
        let upper = Tar::default().put(b'0', name.as_bytes(), 0, b"");
        let survey = two(Tar::default().file("a", 0o4755), upper);
        assert_eq!(files(&survey), ["/a - 4755 7:8"], "{name}");
        assert_eq!(reasons(&survey), [("/", Reason::Malformed)], "{name}");
    }
    // What an old union file system kept for itself.
    let survey = two(Tar::default().file("a", 0o644), Tar::default().file(".wh..wh.aufs", 0o644));
    assert_eq!((files(&survey), survey.unread), (vec!["/a - 0644 7:8".to_owned()], vec![]));
}

#[test]
fn a_hard_link_into_a_lower_layer_is_a_file_of_its_own() {
    let lower = Tar::default().file("a", 0o4755);
    let upper = Tar::default().put(b'1', b"b", 0o104_755, b"");
    assert_eq!(files(&two(lower, upper)), ["/a - 4755 7:8", "/b - 4755 7:8"]);
}

/// The OCI image layout: blobs by their digests, and an index.
fn oci(index: &Value, manifest: &Value, layer: &[u8]) -> Vec<u8> {
    let tar = part(Tar::default(), "blobs/sha256/aa", layer);
    let tar = part(tar, "blobs/sha256/mm", manifest.to_string().as_bytes());
    part(tar, "index.json", index.to_string().as_bytes()).end()
}

#[test]
fn both_layouts_are_read() {
    let layer = Tar::default().file("a", 0o4755).end();
    let index = json!({"manifests": [{"digest": "sha256:mm"}, {"digest": "sha256:elsewhere"}]});
    let manifest = json!({"layers": [{"digest": "sha256:aa"}]});
    let survey = look(&oci(&index, &manifest, &layer), &[], Limits::default());
    assert_eq!((files(&survey), reasons(&survey)), (vec!["/a - 4755 7:8".to_owned()], vec![]));

    // Layers that are alike are saved once, and as a link.
    let mut link = tar::Header::new_ustar();
    link.set_path("l1/layer.tar").unwrap();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_link_name_literal("../l0/layer.tar").unwrap();
    link.set_size(0);
    link.set_mode(0o777);
    link.set_uid(0);
    link.set_gid(0);
    link.set_cksum();
    let tar = part(Tar(link.as_bytes().to_vec()), "l0/layer.tar", &layer);
    let tar = part(tar, "manifest.json", &super::tests::manifest(&["l1/layer.tar"]));
    let survey = look(&tar.end(), &[], Limits::default());
    assert_eq!((files(&survey), reasons(&survey)), (vec!["/a - 4755 7:8".to_owned()], vec![]));
}

#[test]
fn what_cannot_be_put_in_order_or_read_is_unread() {
    let layer = Tar::default().file("a", 0o4755).end();
    let no_manifest = part(Tar::default(), "l0/layer.tar", &layer).end();
    let survey = look(&no_manifest, &[], Limits::default());
    assert_eq!(reasons(&survey), [("/", Reason::Malformed)]);

    let missing = part(Tar::default(), "manifest.json", &manifest(&["l0/layer.tar"])).end();
    assert_eq!(reasons(&look(&missing, &[], Limits::default())), [("/", Reason::Malformed)]);

    for magic in [&b"\xfd7zXZ"[..], b"BZh"] {
        let tar = part(Tar::default(), "l0/layer.tar", magic);
        let tar = part(tar, "l1/layer.tar", &layer);
        let tar = part(tar, "manifest.json", &manifest(&["l0/layer.tar", "l1/layer.tar"])).end();
        let survey = look(&tar, &[], Limits::default());
        assert_eq!(files(&survey), ["/a - 4755 7:8"]);
        assert_eq!(reasons(&survey), [("/", Reason::Unsupported)]);
    }

    let several = json!([{"Layers": []}, {"Layers": []}]).to_string();
    let several = part(Tar::default(), "manifest.json", several.as_bytes()).end();
    assert_eq!(reasons(&look(&several, &[], Limits::default())), [("/", Reason::Malformed)]);
    let around = json!({"manifests": [{"digest": "sha256:mm"}]});
    let survey = look(&oci(&around, &around, &layer), &[], Limits::default());
    assert_eq!(reasons(&survey), [("/", Reason::Malformed)]);
}

#[test]
fn an_image_that_breaks_off_or_has_no_end_is_unread() {
    let layer = Tar::default().folder("d", 0o755).file("d/a", 0o4755).end();
    let whole = image(&[layer.clone(), layer.clone()], &[0, 1]);
    for length in (0..whole.len() - 1).step_by(300) {
        let survey = look(&whole[..length], &[], Limits::default());
        assert!(!survey.unread.is_empty(), "{length}");
    }
    assert_eq!(look(&whole, &[], Limits::default()).unread, []);
    // A layer that is cut short inside a whole archive.
    let cut = image(&[layer[..1000].to_vec(), layer.clone()], &[0, 1]);
    let survey = look(&cut, &[], Limits::default());
    assert_eq!(files(&survey), ["/d/a - 4755 7:8"]);
    assert_eq!(reasons(&survey), [("/", Reason::Malformed)]);
    for limits in
        [Limits { names: 3, ..Limits::default() }, Limits { memory: 100, ..Limits::default() }]
    {
        let survey = look(&whole, &[], limits);
        assert_eq!(survey.unread[0].gap.reason, Reason::TooLarge);
    }
}

#[test]
fn nginx_is_told_what_is_left_of_its_configuration_in_the_uppermost_layers() {
    let lower = part(Tar::default(), "etc/nginx/nginx.conf", b"http { include conf.d/*.conf; }");
    let lower = part(lower, "etc/nginx/conf.d/a.conf", b"server_tokens on;");
    let lower = part(lower, "etc/nginx/conf.d/b.conf", b"gzip off;");
    let upper = part(Tar::default(), "etc/nginx/conf.d/.wh.a.conf", b"");
    let upper = part(upper, "etc/nginx/conf.d/b.conf", b"# secret: s3cret\ngzip on;");
    let read = |layers: &[Vec<u8>]| {
        let patterns = Arc::new(Patterns::new([""; 0]).unwrap());
        let saved = image(layers, &[1, 0]);
        of_one(saved.as_slice(), patterns, &SOURCE(), Limits::default()).nginx
    };
    let Ok(Answer::Nginx(found)) = read(&[lower.clone().end(), upper.end()]) else {
        panic!("it is there")
    };
    let inner: Vec<String> = found.directives[0].block.iter().map(ToString::to_string).collect();
    assert_eq!(inner, ["gzip at /etc/nginx/conf.d/b.conf:2"]);
    assert!(!format!("{found:?}").contains("s3cret"));
    let unread = Tar::default().file("../x", 0o644).end();
    assert_eq!(read(&[lower.end(), unread]).unwrap_err().reason, Reason::Malformed);
}
