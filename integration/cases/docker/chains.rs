//! Cases of chains that need more than one container's configuration, and a
//! table of the cases of every chain.

use std::os::unix::fs::chown;

use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use secaudit::report::v1::{Target, Verdict};
use secaudit::rules::isolation::no_escape_path;
use serde_json::{Value, json};

use super::escape::{bound, free, set, with_disk};
use super::{Live, live, with_witness};
use crate::agree::{Expectation, agree, done, fails, not_gained, passes, refused};
use crate::audit::{audit, finding};
use crate::needs::Need;
use crate::witness::Act::{OpenDisk, ReachEngine, TracePeer};
use crate::witness::PEER;
use crate::{relay, run};

/// Each chain with a case that has it and one that nearly has.
const CASES: &[(&str, &str, &str)] = &[
    ("engine in reach", "engine-socket", "near-miss-socket-of-another-user"),
    ("engine over the network", "escape-engine-over-tcp", "near-miss-engine-at-no-socket"),
    ("raw disk", "escape-raw-disk", "near-miss-raw-disk-of-another-user"),
    ("raw disk", "escape-raw-disk-by-its-group", "near-miss-raw-disk-of-another-group"),
    ("made disk", "escape-made-disk", "near-miss-made-disk-without-mknod"),
    ("privileged peer", "escape-privileged-peer", "near-miss-ordinary-peer"),
    ("writable host", "escape-writable-host", "near-miss-readable-host"),
    ("tracing the host", "escape-tracing", "near-miss-tracing-itself"),
    ("unfiltered SYS_ADMIN", "escape-unfiltered-admin", "near-miss-unfiltered"),
    ("kernel modules", "escape-modules", "near-miss-modules-out-of-reach"),
    ("raw hardware", "escape-hardware", "near-miss-hardware-out-of-reach"),
    ("opening by handle", "escape-handles", "near-miss-handles-out-of-reach"),
    ("writable release_agent", "escape-release-agent", "near-miss-release-agent-without-admin"),
    (
        "mounted release_agent",
        "escape-mounted-release-agent",
        "near-miss-mounting-in-a-cgroup-namespace",
    ),
    ("writable core_pattern", "escape-core-pattern", "near-miss-core-pattern-of-another-user"),
];

pub(super) fn all() -> Vec<Live> {
    let needs = &[Need::Root, Need::Docker];
    let with_disk = [
        live("docker::escape-raw-disk-by-its-group", needs, disk_of_its_group),
        live("docker::near-miss-raw-disk-of-another-group", needs, disk_of_another_group),
    ];
    let always = [
        live("docker::every-chain-has-a-case-and-a-near-miss", &[], every_chain_has_its_cases),
        live("docker::escape-engine-over-tcp", needs, engine_over_tcp),
        live("docker::near-miss-engine-at-no-socket", needs, engine_at_no_socket),
        live("docker::escape-privileged-peer", needs, privileged_peer),
        live("docker::near-miss-privileged-peer-out-of-reach", needs, untraced_peer),
        live("docker::near-miss-ordinary-peer", needs, ordinary_peer),
    ];
    always.into_iter().chain(with_disk.into_iter().filter(|_| run::disk().is_some())).collect()
}

/// A case that is there for a chain fails by that one, whatever else it has.
pub(super) fn is_found(case: &str, target: &Target) {
    let Some((chain, ..)) = CASES.iter().find(|(_, escape, _)| *escape == case) else { return };
    let found = finding(target, "no-escape-path");
    let of_chain = format!("{chain}: ");
    let is_said = found.statements.iter().any(|it| it.starts_with(&of_chain));
    assert!(found.verdict == Verdict::Fail && is_said, "{chain}: {:?}", found.statements);
}

/// On a host that lacks what some of the cases need, this looks at the others.
fn every_chain_has_its_cases() {
    let there: Vec<String> = super::all().into_iter().map(|live| live.name).collect();
    let is_there = |case: &str| {
        let is_left_out = (case.contains("-disk") && run::disk().is_none())
            || (case.contains("release-agent") || case.contains("cgroup-namespace"))
                && !super::has_agents();
        is_left_out || there.contains(&format!("docker::{case}"))
    };
    for (chain, escape, near_miss) in CASES {
        assert!(no_escape_path::chains().any(|it| it == *chain), "{chain} is no chain");
        assert!(is_there(escape) && is_there(near_miss), "{chain}: {escape}, {near_miss}");
    }
    for chain in no_escape_path::chains() {
        assert!(CASES.iter().any(|(name, ..)| *name == chain), "{chain} has no case");
    }
}

fn audited(case: &str, config: Value, expected: &[Expectation]) {
    let engine = run::docker();
    let container = engine.start(case, &with_witness(config));
    let testimony = container.testimony();
    let audit = audit(&["--host", &engine.address, &container.name]);
    agree(expected, audit.only(), &testimony);
    is_found(case, audit.only());
}

fn engine_over_tcp() {
    let variable = format!("DOCKER_HOST=tcp://127.0.0.1:{}", relay::engine_that_only_answers());
    let config = json!({"Env": [variable], "HostConfig": {"NetworkMode": "host"}});
    const EXPECTED: &[Expectation] = &[fails("no-escape-path", &[done(ReachEngine)])];
    audited("escape-engine-over-tcp", config, EXPECTED);
}

fn engine_at_no_socket() {
    let config = json!({"Env": ["DOCKER_HOST=unix:///var/run/docker.sock"]});
    const EXPECTED: &[Expectation] =
        &[passes("no-escape-path", &[refused(ReachEngine), not_gained(ReachEngine)])];
    audited("near-miss-engine-at-no-socket", config, EXPECTED);
}

/// A container in the PID namespace of another, which has a mark in its root.
fn beside(case: &str, mut peer: Value, config: Value, expected: &[Expectation]) {
    let engine = run::docker();
    peer["HostConfig"]["Tmpfs"] = json!({PEER: ""});
    let peer = engine.start(&format!("{case}-peer"), &with_witness(peer));
    peer.testimony();
    let config = set(config, "PidMode", json!(format!("container:{}", peer.id)));
    audited(case, config, expected);
}

fn privileged_peer() {
    const EXPECTED: &[Expectation] = &[fails("no-escape-path", &[done(TracePeer)])];
    beside("escape-privileged-peer", free(&["SYS_ADMIN"]), free(&["SYS_PTRACE"]), EXPECTED);
}

/// Who has less than the peer may not trace it.
fn untraced_peer() {
    const EXPECTED: &[Expectation] =
        &[passes("no-escape-path", &[refused(TracePeer), not_gained(TracePeer)])];
    let case = "near-miss-privileged-peer-out-of-reach";
    beside(case, free(&["SYS_ADMIN"]), free(&[]), EXPECTED);
}

/// The peer is taken over, and has nothing to give.
fn ordinary_peer() {
    const EXPECTED: &[Expectation] = &[passes("no-escape-path", &[done(TracePeer)])];
    beside("near-miss-ordinary-peer", free(&[]), free(&["SYS_PTRACE"]), EXPECTED);
}

/// A group that nobody on the host is in.
const GROUP: u32 = 61_234;

/// Another node of the host's disk, which one group may read.
fn disk_for_a_group(case: &str, gid: u32, expected: &[Expectation]) {
    let (_, numbers) = run::disk().expect("the case needs a disk");
    let (major, minor) = numbers.split_once(':').expect("a disk has two numbers");
    let number = |text: &str| text.parse().expect("the kernel prints numbers");
    let folder = run::folder();
    let node = folder.path().join("disk");
    let readable = Mode::S_IRUSR | Mode::S_IRGRP;
    mknod(&node, SFlag::S_IFBLK, readable, makedev(number(major), number(minor)))
        .expect("root makes nodes");
    chown(&node, None, Some(GROUP)).expect("root gives its files away");
    let mut config = bound(with_disk(&node.to_string_lossy(), "r"));
    config["User"] = json!(format!("1000:{gid}"));
    audited(case, config, expected);
}

fn disk_of_its_group() {
    const EXPECTED: &[Expectation] = &[fails("no-escape-path", &[done(OpenDisk)])];
    disk_for_a_group("escape-raw-disk-by-its-group", GROUP, EXPECTED);
}

fn disk_of_another_group() {
    const EXPECTED: &[Expectation] =
        &[passes("no-escape-path", &[refused(OpenDisk), not_gained(OpenDisk)])];
    disk_for_a_group("near-miss-raw-disk-of-another-group", 1000, EXPECTED);
}
