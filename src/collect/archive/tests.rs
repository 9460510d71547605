//! Archives as hostile as they can be, crafted block by block.

use std::io::{self, Read};
use std::sync::Arc;

use tar::{EntryType, Header};

use super::tree::Tree;
use super::{Limits, broken_off};
use crate::collect::engine::EngineError;
use crate::model::files::Kind;
use crate::model::reading::Reason;
use crate::model::source::Source;
use crate::model::survey::{Group, Numbering, Survey};
use crate::parse::pattern::Patterns;

/// An archive in the making.
#[derive(Clone, Default)]
pub(super) struct Tar(pub(super) Vec<u8>);

impl Tar {
    /// A header with this content after it, in as many zeros as there must be.
    pub(super) fn put(mut self, flag: u8, name: &[u8], mode: u32, content: &[u8]) -> Self {
        let mut header = header(flag, name, mode);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(super) fn file(self, name: &str, mode: u32) -> Self {
        self.put(b'0', name.as_bytes(), mode, b"content")
    }

    pub(super) fn folder(self, name: &str, mode: u32) -> Self {
        self.put(b'5', name.as_bytes(), mode, b"")
    }

    /// Records that tell of what comes next.
    pub(super) fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let records: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
        self.put(b'x', b"pax", 0o644, &records)
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

fn header(flag: u8, name: &[u8], mode: u32) -> Header {
    let mut header = Header::new_ustar();
    header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(EntryType::new(flag));
    header.set_mode(mode);
    header.set_uid(7);
    header.set_gid(8);
    header.set_size(0);
    header.set_cksum();
    header
}

fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let bare = key.len() + value.len() + 3;
    let length = (bare..).find(|it| *it == bare + it.to_string().len()).unwrap();
    let head = format!("{length} {key}=").into_bytes();
    [head.as_slice(), value, b"\n"].concat()
}

fn tree(limits: Limits, points: &[&str]) -> Tree {
    let patterns = Arc::new(Patterns::new(["/**"]).unwrap());
    let points = points.iter().map(|it| it.as_bytes().to_vec());
    Tree::new(patterns, Source::Files("c".into()), limits, points)
}

fn read(archive: &[u8]) -> Survey {
    let mut tree = tree(Limits::default(), &[]);
    tree.read_root(archive);
    tree.survey()
}

/// Every path with its kind and mode, as far as a group names them.
pub(super) fn files(survey: &Survey) -> Vec<String> {
    let groups = survey.groups.iter().filter(|it| it.leads_to.is_none());
    let line = |group: &Group| {
        let traits = group.traits.to_string();
        let line = move |path: &_| format!("{path} {traits}");
        group.paths.iter().map(line).collect::<Vec<_>>()
    };
    let mut all: Vec<String> = groups.flat_map(line).collect();
    all.sort();
    all
}

pub(super) fn reasons(survey: &Survey) -> Vec<(&str, Reason)> {
    survey.unread.iter().map(|it| (it.below.raw(), it.gap.reason)).collect()
}

#[test]
fn every_kind_of_file_is_told_by_its_header() {
    let archive = Tar::default()
        .folder("d/", 0o1777)
        .put(b'0', b"d/f", 0o104_755, b"x")
        .put(b'2', b"d/l", 0o777, b"")
        .put(b'3', b"d/c", 0o620, b"")
        .put(b'4', b"d/b", 0o660, b"")
        .put(b'6', b"d/p", 0o010_600, b"")
        .put(b'1', b"d/hard", 0o104_755, b"")
        .put(b'1', b"d/hard-p", 0o010_600, b"")
        .put(0, b"old/", 0o700, b"")
        .end();
    let survey = read(&archive);
    let expected = [
        "/d d 1777 7:8",
        "/d/b b 0660 7:8",
        "/d/c c 0620 7:8",
        "/d/f - 4755 7:8",
        "/d/hard - 4755 7:8",
        "/d/hard-p p 0600 7:8",
        "/d/l l 0777 7:8",
        "/d/p p 0600 7:8",
        "/old d 0700 7:8",
    ];
    assert_eq!(files(&survey), expected);
    assert_eq!((survey.names, survey.numbering), (9, Numbering::Container));
    assert_eq!(survey.unread, []);
}

#[test]
fn names_that_lead_out_are_unread_and_the_rest_is_read() {
    for name in ["../x", "a/../../x", "/..", ".."] {
        let archive = Tar::default().file(name, 0o666).file("b", 0o666).end();
        let survey = read(&archive);
        assert_eq!(files(&survey), ["/b - 0666 7:8"], "{name}");
        assert_eq!(reasons(&survey), [("/", Reason::Malformed)], "{name}");
    }
    let survey = read(&Tar::default().file("/etc//./x", 0o666).file("", 0o666).end());
    assert_eq!(files(&survey), ["/etc/x - 0666 7:8"]);
    assert_eq!(reasons(&survey), [("/", Reason::Malformed)]);
}

#[test]
fn whoever_stands_there_twice_is_counted_twice() {
    let survey = read(&Tar::default().file("a", 0o4755).file("a", 0o644).end());
    assert_eq!(files(&survey), ["/a - 0644 7:8", "/a - 4755 7:8"]);
}

#[test]
fn long_names_are_read_up_to_a_limit_and_no_further() {
    let long = format!("{}x", "long/".repeat(60));
    let archive = Tar::default()
        .put(b'L', b"././@LongLink", 0, format!("{long}\0").as_bytes())
        .file("cut", 0o666)
        .pax(&[("path", b"pax/name \xff\n")])
        .file("cut", 0o666)
        .end();
    let survey = read(&archive);
    let expected = vec![format!("/{long} - 0666 7:8"), "/pax/name �\\n - 0666 7:8".to_owned()];
    let found = files(&survey);
    assert_eq!(found.len(), 2, "{found:?} {expected:?}");
    assert!(found[0].starts_with("/long/long"), "{found:?}");
    assert_eq!(survey.unread, []);

    // More than anybody would hold is announced for a name, and really comes.
    for flag in *b"LKx" {
        let mut announced = header(flag, b"x", 0);
        announced.set_size(256 << 20);
        announced.set_cksum();
        let after = Tar::default().file("victim", 0o666).file("next", 0o666).end();
        let stream = announced.as_bytes().chain(io::repeat(b'a').take(256 << 20)).chain(&after[..]);
        let mut tree = tree(Limits::default(), &[]);
        tree.read_root(stream);
        let survey = tree.survey();
        assert_eq!(files(&survey), ["/next - 0666 7:8"]);
        assert_eq!(reasons(&survey), [("/", Reason::TooLarge)]);
    }
}

#[test]
fn paths_too_long_or_too_deep_are_unread() {
    for name in ["x".repeat(5000), "x/".repeat(200)] {
        let archive = Tar::default().pax(&[("path", name.as_bytes())]).file("cut", 0o666).end();
        let survey = read(&archive);
        assert_eq!((files(&survey), reasons(&survey)), (vec![], vec![("/", Reason::TooLarge)]));
    }
}

#[test]
fn a_size_that_is_a_lie_ends_the_look() {
    let mut lie = header(b'0', b"big", 0o666);
    lie.set_size(u64::MAX);
    lie.set_cksum();
    let archive = [lie.as_bytes(), &Tar::default().file("b", 0o666).end()[..]].concat();
    let survey = read(&archive);
    assert_eq!((files(&survey), reasons(&survey)), (vec![], vec![("/", Reason::Malformed)]));

    let huge = Tar::default().pax(&[("size", b"18446744073709551615")]).file("a", 0o666).end();
    assert_eq!(reasons(&read(&huge)), [("/", Reason::Malformed)]);

    // Of a link or a folder no content comes, whatever it says.
    let mut folder = header(b'5', b"d", 0o755);
    folder.set_size(4096);
    folder.set_cksum();
    let archive = [folder.as_bytes(), &Tar::default().file("d/b", 0o666).end()[..]].concat();
    assert_eq!(files(&read(&archive)), ["/d d 0755 7:8", "/d/b - 0666 7:8"]);
}

#[test]
fn wherever_the_stream_breaks_off_it_is_said_so() {
    let archive = Tar::default().folder("d", 0o755).file("d/a", 0o666).file("d/b", 0o666).end();
    for length in (0..archive.len() - 1).step_by(100) {
        let survey = read(&archive[..length]);
        assert_eq!(reasons(&survey), [("/", Reason::Malformed)], "{length}");
    }
    assert_eq!(read(&archive).unread, []);
    let mut damaged = archive.clone();
    damaged[512 + 5] ^= 1;
    let survey = read(&damaged);
    assert_eq!(files(&survey), ["/d d 0755 7:8"]);
    let gap = &survey.unread[0].gap;
    assert_eq!(gap.reason, Reason::Malformed);
    assert!(gap.detail.contains("after 1024 bytes and 1 names"), "{}", gap.detail);
}

#[test]
fn attributes_come_as_records_in_whatever_bytes() {
    let capability = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let archive = Tar::default()
        .pax(&[
            ("SCHILY.xattr.security.capability", capability),
            ("SCHILY.xattr.user.note", b"a\nb=c\0"),
            ("uid", b"4294967294"),
            ("gid", b"100000"),
        ])
        .file("ping", 0o755)
        // What was told of one file does not count for the next.
        .file("plain", 0o755)
        .pax(&[("uid", b"4294967296")])
        .file("nobody", 0o666)
        .end();
    let survey = read(&archive);
    let expected = [
        "/ping - 0755 4294967294:100000 security.capability=0100000200200000000000000000000000000000",
        "/plain - 0755 7:8",
    ];
    assert_eq!(files(&survey), expected);
    assert_eq!(reasons(&survey), [("/", Reason::Malformed)]);
    let broken = Tar::default().put(b'x', b"x", 0, b"30 path=a\n").file("a", 0o666).end();
    assert_eq!(reasons(&read(&broken)), [("/", Reason::Malformed)]);
}

#[test]
fn a_sparse_files_map_is_passed_over() {
    let mut sparse = Header::new_gnu();
    sparse.as_old_mut().name[..6].copy_from_slice(b"sparse");
    sparse.set_entry_type(EntryType::GNUSparse);
    sparse.set_mode(0o666);
    sparse.set_uid(7);
    sparse.set_gid(8);
    sparse.set_size(512);
    sparse.as_gnu_mut().unwrap().set_is_extended(true);
    sparse.set_cksum();
    let mut map = [0; 1024];
    map[504] = 1;
    let after = Tar::default().file("b", 0o666).end();
    let archive = [sparse.as_bytes(), &map[..], &[1; 512], &after].concat();
    let survey = read(&archive);
    assert_eq!(files(&survey), ["/b - 0666 7:8", "/sparse - 0666 7:8"]);
    assert_eq!(survey.unread, []);
}

#[test]
fn too_many_names_or_folders_end_the_look() {
    let mut archive = Tar::default();
    for place in 0..20 {
        archive = archive.folder(&format!("d{place:02}"), 0o755);
    }
    let archive = archive.end();
    for limits in [
        Limits { names: 10, ..Limits::default() },
        Limits { memory: 10 * 260 - 1, ..Limits::default() },
    ] {
        let mut tree = tree(limits, &[]);
        tree.read_root(&archive[..]);
        let survey = tree.survey();
        assert_eq!(reasons(&survey), [("/", Reason::TooLarge)]);
        assert_eq!(survey.names, 10);
    }
}

#[test]
fn a_folder_that_is_not_told_of_shuts_nobody_out() {
    let archive = Tar::default().folder("a", 0o700).file("a/b/c", 0o666).file("x/y", 0o666).end();
    let survey = read(&archive);
    let doors = |path: &str| {
        let group = survey.groups.iter().find(|it| it.paths.iter().any(|it| it.raw() == path));
        group.unwrap().doors.len()
    };
    assert_eq!((doors("/a/b/c"), doors("/x/y")), (1, 0));
}

#[test]
fn what_is_mounted_over_is_not_counted_and_the_mount_is() {
    let root = Tar::default()
        .folder("data", 0o755)
        .file("data/below", 0o4755)
        .put(b'2', b"var", 0o777, b"")
        .end();
    let mount = Tar::default().folder("data", 0o700).file("data/f", 0o666).file("data/in/x", 0o666);
    let mut tree = tree(Limits::default(), &["/data", "/data/in", "/empty"]);
    tree.read_root_itself(&Tar::default().folder("/", 0o711).file("x", 0o666).end()[..]);
    tree.read_root(&root[..]);
    tree.read_mount(&mount.end()[..], 1);
    tree.read_mount(&Tar::default().folder("in", 0o755).end()[..], 2);
    tree.read_mount(&Tar::default().end()[..], 3);
    let survey = tree.survey();
    let expected =
        ["/data d 0700 7:8", "/data/f - 0666 7:8", "/data/in d 0755 7:8", "/var l 0777 7:8"];
    assert_eq!(files(&survey), expected);
    let mounts: Vec<&str> = survey.groups.iter().map(|it| it.mount.raw()).collect();
    assert!(mounts.contains(&"/data") && mounts.contains(&"/data/in"), "{mounts:?}");
    assert_eq!(reasons(&survey), [("/empty", Reason::Unsupported)]);
    let root = survey.groups.iter().find(|it| it.paths[0].raw() == "/").unwrap();
    assert_eq!((root.traits.kind, root.traits.mode), (Kind::Folder, 0o711));
}

#[test]
fn a_mount_point_behind_a_link_is_found() {
    let mut link = header(b'2', b"var/run", 0o777);
    link.set_link_name_literal("../run").unwrap();
    link.set_cksum();
    let root = Tar(link.as_bytes().to_vec()).end();
    for (point, found) in [("/var/run/x", "/run/x"), ("/var/run", "/run")] {
        let mut tree = tree(Limits::default(), &[point]);
        tree.read_root(&root[..]);
        tree.settle(1);
        assert_eq!(tree.point(1), found.as_bytes());
        tree.read_mount(&Tar::default().file("x", 0o666).end()[..], 1);
        let expected = [format!("{found} - 0666 7:8"), "/var/run l 0777 7:8".to_owned()];
        assert_eq!(files(&tree.survey()), expected);
    }
    // One that leads to itself leads nowhere.
    let mut around = header(b'2', b"a", 0o777);
    around.set_link_name_literal("a/a").unwrap();
    around.set_cksum();
    let mut tree = tree(Limits::default(), &["/a/b"]);
    tree.read_root(&Tar(around.as_bytes().to_vec()).end()[..]);
    tree.settle(1);
    assert!(tree.point(1).starts_with(b"/a/"));
}

#[test]
fn a_failure_of_the_engine_stays_what_it_is() {
    let source = Source::Files("c".into());
    let late = io::Error::other(EngineError::TimedOut { seconds: 3 });
    let gap = broken_off(late, &source, "7 bytes");
    assert_eq!(
        (gap.reason, &*gap.detail),
        (Reason::TimedOut, "no complete answer within 3 s, after 7 bytes")
    );
}
