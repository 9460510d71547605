//! Who could rewrite what, held against the kernel itself: random files, random
//! users, groups and capabilities, and a process of that kind that tries.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use caps::Capability;
use rustix::fs::{Uid, XattrFlags, chown, setxattr};
use secaudit::collect::kernel::below;
use secaudit::judge::Accept;
use secaudit::model::bundle::{Answer, Bundle, Origin, Processes};
use secaudit::model::source::Source;
use secaudit::model::target::{Kind, Target};
use secaudit::parse::code::of_process;
use secaudit::parse::pattern::Patterns;
use secaudit::policy::Policy;
use secaudit::report::v1::Verdict;

use crate::audit::finding;

/// How many pairs are tried.
const TRIALS: u64 = 400;

const IDS: [u32; 4] = [0, 1000, 1001, 1002];

const CAPABILITIES: [Capability; 6] = [
    Capability::CAP_CHOWN,
    Capability::CAP_DAC_OVERRIDE,
    Capability::CAP_FOWNER,
    Capability::CAP_SETGID,
    Capability::CAP_SETUID,
    Capability::CAP_NET_RAW,
];

/// The same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("it fits") % most
    }

    fn id(&mut self) -> u32 {
        IDS[self.below(IDS.len())]
    }
}

/// A process's credentials, as the witness takes them and as `status` tells them.
struct Somebody {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
    capabilities: Vec<Capability>,
}

impl Somebody {
    fn any(numbers: &mut Numbers) -> Self {
        let groups = (0..numbers.below(3)).map(|_| numbers.id()).collect();
        let is_capable = numbers.below(3) == 0;
        let capabilities = CAPABILITIES.into_iter().filter(|_| is_capable && numbers.below(4) == 0);
        let capabilities = capabilities.collect();
        Self { uid: IDS[1 + numbers.below(3)], gid: numbers.id(), groups, capabilities }
    }

    fn bits(&self) -> u64 {
        self.capabilities.iter().map(|it| it.bitmask()).sum()
    }

    fn status(&self) -> String {
        let Self { uid, gid, groups, .. } = self;
        let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
        let (groups, bits) = (groups.join(" "), self.bits());
        format!(
            "Name:\tapp\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t{gid}\t{gid}\t{gid}\t{gid}\n\
             Groups:\t{groups}\nCapInh:\t0\nCapPrm:\t{bits:016x}\nCapEff:\t{bits:016x}\n\
             CapBnd:\t{bits:016x}\nCapAmb:\t0\nNoNewPrivs:\t1\nSeccomp:\t2\n"
        )
    }

    /// Whether a process of this kind can rewrite the file.
    fn rewrites(&self, path: &Path) -> bool {
        let list = |all: &[u32]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let mut child = Command::new(std::env::current_exe().expect("it has a path"));
        child.args(["witness", "rewrite"]).arg(path);
        child.args([self.uid.to_string(), self.gid.to_string(), list(&self.groups)]);
        child.arg(format!("{:x}", self.bits()));
        child.status().expect("the witness starts").success()
    }
}

#[expect(clippy::disallowed_methods, reason = "a test lays out its own files")]
pub(super) fn run() {
    let mut numbers = Numbers(7);
    let patterns = Patterns::new(["/code"]).expect("a pattern");
    let (mut could, mut could_not) = (0, 0);
    for trial in 0..TRIALS {
        let dir = tempfile::tempdir().expect("a folder");
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("it is ours");
        let path = dir.path().join("code");
        fs::write(&path, "").expect("it is ours");
        let (uid, gid) = (numbers.id(), numbers.id());
        chown(&path, Some(Uid::from_raw(uid)), Some(rustix::fs::Gid::from_raw(gid)))
            .expect("root may");
        // Writing is what decides, so the other bits are as they mostly are.
        let mode = [0o444, 0o644, 0o464, 0o446, 0o664, 0o404, 0o064, 0o406][numbers.below(8)];
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("root may");
        if numbers.below(4) == 0 {
            let list = list(mode, numbers.id(), numbers.id(), &mut numbers);
            setxattr(&path, "system.posix_acl_access", &list, XattrFlags::empty()).expect("a list");
        }
        let who = Somebody::any(&mut numbers);
        let survey = below(dir.path(), &patterns).expect("the folder can be walked");
        let verdict = judged(&who, survey);
        let can = who.rewrites(&path);
        let expected = if can { Verdict::Fail } else { Verdict::Pass };
        let about = format!(
            "trial {trial}: {uid}:{gid} {mode:o}, {} {} {:?} {:?}",
            who.uid, who.gid, who.groups, who.capabilities
        );
        assert_eq!(verdict, expected, "{about}");
        if can { could += 1 } else { could_not += 1 }
    }
    println!("rights: {could} could rewrite, {could_not} could not");
    assert!(could > 50 && could_not > 50, "both happen often: {could} and {could_not}");
}

/// An access control list (`acl(5)`) for one user and one group by name.
fn list(mode: u32, user: u32, group: u32, numbers: &mut Numbers) -> Vec<u8> {
    let mut list = vec![2, 0, 0, 0];
    let mut rights = |most: usize| u32::try_from(numbers.below(most)).expect("it fits") << 1;
    let entries = [
        (0x01, mode >> 6, u32::MAX),
        (0x02, rights(4), user),
        (0x04, mode >> 3, u32::MAX),
        (0x08, rights(4), group),
        (0x10, rights(4), u32::MAX),
        (0x20, mode, u32::MAX),
    ];
    for (tag, bits, id) in entries {
        list.extend(u16::to_le_bytes(tag));
        list.extend(u16::to_le_bytes(u16::try_from(bits & 7).expect("three bits")));
        list.extend(id.to_le_bytes());
    }
    list
}

/// What the rule says of such a process and the files.
fn judged(who: &Somebody, survey: secaudit::model::survey::Survey) -> Verdict {
    let id = "a".repeat(64);
    let mut bundle = Bundle::new(Origin::Kernel);
    bundle.add_target(Target {
        kind: Kind::Container,
        id: id.clone(),
        name: "rights".into(),
        image: None,
    });
    let processes = Processes { init: 7, viewer: 7, members: vec![7], ..Processes::default() };
    bundle.record(Source::Processes(id.as_str().into()), Ok(Answer::Processes(processes)));
    bundle.record(Source::proc(7, "environ"), Ok(Answer::Variables([].into())));
    for (file, text) in [
        ("status", who.status().as_str()),
        ("uid_map", "0 0 4294967295\n"),
        ("gid_map", "0 0 4294967295\n"),
        ("exe", "/usr/none"),
        ("cwd", "/"),
        ("root", "/"),
        ("ns/mnt", "mnt:[7]"),
        ("mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"),
    ] {
        bundle.record(Source::proc(7, file), Ok(Answer::Text(text.into())));
    }
    bundle.record(Source::proc(7, "attr/current"), Ok(Answer::Nothing));
    // The process's own program and folders were looked for and are not there.
    let mut survey = survey;
    survey.patterns.extend(of_process(&bundle, 7).0);
    bundle.record(Source::Files(id.into()), Ok(Answer::Survey(survey)));
    let policy = "[rules.immutable-code]\npaths = ['/code']\n";
    let without: String = Policy::baseline()
        .files
        .demands
        .iter()
        .map(|demand| format!("[files.{}]\nenabled = false\n", demand.name))
        .collect();
    let policy = Policy::parse("rights.toml", &format!("{policy}{without}")).expect("a policy");
    let report = secaudit::evaluate(&bundle, &policy, Accept::Kernel);
    finding(&report.targets[0], "immutable-code").verdict
}
