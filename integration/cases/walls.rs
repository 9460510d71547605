//! What stands between a container and its neighbours, the host's mounts and
//! the engine's socket, each with a near miss.

use std::os::unix::net::UnixListener;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::docker::{hardened, with_witness};
use super::{Live, live};
use crate::agree::{Expectation, agree, done, fails, passes, refused};
use crate::audit::{audit, finding};
use crate::engine::{Container, Engine, LABEL};
use crate::needs::Need;
use crate::record::record;
use crate::run;
use crate::witness::Act::ReachEngine;

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    vec![
        live("walls::beside-a-privileged-container", needs, beside_a_privileged_container),
        live("walls::beside-an-ordinary-container", needs, beside_an_ordinary_container),
        live("walls::a-hard-link-to-the-socket", needs, a_hard_link_to_the_socket),
        live("walls::the-socket-in-another-folder", needs, the_socket_in_another_folder),
        live("walls::another-socket", needs, another_socket),
        live("walls::shared-propagation", needs, shared_propagation),
        live("walls::slave-propagation", needs, slave_propagation),
    ]
}

const SHARED: [&str; 3] =
    ["private-pid-namespace", "private-network-namespace", "private-ipc-namespace"];

/// A container that others may join, and one that joins it.
fn joined<'e>(engine: &'e Engine, name: &str, mut peer: Value) -> [Container<'e>; 2] {
    peer["HostConfig"]["IpcMode"] = "shareable".into();
    peer["Healthcheck"] = Value::Null;
    let peer = engine.start(&format!("{name}-peer"), &with_witness(peer));
    peer.testimony();
    let with = format!("container:{}", peer.id);
    let mut config = hardened();
    for mode in ["PidMode", "NetworkMode", "IpcMode"] {
        config["HostConfig"][mode] = with.as_str().into();
    }
    config["Healthcheck"] = Value::Null;
    let joining = engine.start(name, &with_witness(config));
    [peer, joining]
}

/// Who the neighbour is does not hang on whether it is audited too.
fn beside_a_privileged_container() {
    let engine = run::docker();
    // As a user: a machine that lacks a capability itself cannot start it as root.
    let peer = json!({"User": "1000", "HostConfig": {"Privileged": true}});
    let [peer, joining] = joined(&engine, "beside-privileged", peer);
    let testimony = joining.testimony();
    const EXPECTED: &[Expectation] = &[
        fails("private-pid-namespace", &[]),
        fails("private-network-namespace", &[]),
        fails("private-ipc-namespace", &[]),
    ];
    let alone = audit(&["--host", &engine.address, &joining.name]);
    agree(EXPECTED, alone.only(), &testimony);
    let both = audit(&["--host", &engine.address, &joining.name, &peer.name]);
    agree(EXPECTED, both.target(&joining.name).expect("it is audited"), &testimony);
    record("beside-a-privileged-container", Some(&engine.address), &joining.name);
}

fn beside_an_ordinary_container() {
    let engine = run::docker();
    let [peer, joining] = joined(&engine, "beside-ordinary", json!({}));
    let testimony = joining.testimony();
    const EXPECTED: &[Expectation] = &[
        passes("private-pid-namespace", &[]),
        passes("private-network-namespace", &[]),
        passes("private-ipc-namespace", &[]),
    ];
    let both = audit(&["--host", &engine.address, &joining.name, &peer.name]);
    let target = both.target(&joining.name).expect("it is audited");
    agree(EXPECTED, target, &testimony);
    for rule in SHARED {
        let statements = &finding(target, rule).statements;
        assert!(statements.iter().any(|it| it.ends_with(&peer.name)), "{statements:?}");
    }
}

/// A folder beside the engine's socket, on the same file system.
fn beside_the_socket() -> TempDir {
    let socket = Path::new(run::DOCKER).canonicalize().expect("the socket is there");
    let folder = socket.parent().expect("a socket stands in a folder");
    tempfile::Builder::new()
        .prefix(&format!("{LABEL}-{}.", run::id()))
        .tempdir_in(folder)
        .expect("root may make a folder there")
}

fn with_bind(name: &str, bind: &str, expected: &[Expectation]) {
    let engine = run::docker();
    let config = json!({"HostConfig": {"Binds": [bind]}});
    let container = engine.start(name, &with_witness(config));
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    agree(expected, audit.only(), &testimony);
    record(name, Some(&engine.address), &container.name);
}

const OUT_OF_REACH: &[Expectation] = &[passes("no-engine-socket", &[refused(ReachEngine)])];
const REACHED: &[Expectation] = &[fails("no-engine-socket", &[done(ReachEngine)])];

fn a_hard_link_to_the_socket() {
    let folder = beside_the_socket();
    let link = folder.path().join("cache");
    std::fs::hard_link(run::DOCKER, &link).expect("a socket can have two names");
    with_bind("hard-link", &format!("{}:/tmp/innocent:ro", link.display()), REACHED);
}

fn the_socket_in_another_folder() {
    let folder = beside_the_socket();
    let link = folder.path().join("docker.sock");
    std::fs::hard_link(run::DOCKER, link).expect("a socket can have two names");
    with_bind("another-folder", &format!("{}:/host-run:ro", folder.path().display()), REACHED);
}

/// Nobody listens at it: what counts is that it is not the engine's.
fn another_socket() {
    let folder = beside_the_socket();
    let socket = folder.path().join("docker.sock");
    drop(UnixListener::bind(socket).expect("root may make a socket there"));
    with_bind("another-socket", &format!("{}:/host-run:ro", folder.path().display()), OUT_OF_REACH);
}

/// A folder that is a mount of its own, in a peer group.
struct SharedFolder(TempDir);

impl SharedFolder {
    fn new() -> Self {
        let folder = run::folder();
        let change = |source: Option<&Path>, flags| {
            mount(source, folder.path(), None::<&str>, flags, None::<&str>)
        };
        change(Some(folder.path()), MsFlags::MS_BIND).expect("root may mount");
        change(None, MsFlags::MS_SHARED).expect("root may share what it mounts");
        Self(folder)
    }

    fn bound(&self, propagation: &str) -> String {
        format!("{}:/mnt:{propagation}", self.0.path().display())
    }
}

impl Drop for SharedFolder {
    fn drop(&mut self) {
        // Where it stays, the folder cannot be removed, and the run says so.
        let _ = umount2(self.0.path(), MntFlags::MNT_DETACH);
    }
}

fn shared_propagation() {
    let folder = SharedFolder::new();
    let expected = [fails("no-shared-propagation", &[])];
    with_bind("shared-propagation", &folder.bound("rshared"), &expected);
}

fn slave_propagation() {
    let folder = SharedFolder::new();
    let expected = [passes("no-shared-propagation", &[])];
    with_bind("slave-propagation", &folder.bound("rslave"), &expected);
}
