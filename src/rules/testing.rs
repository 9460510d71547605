//! Recorded evidence, made by hand: a hardened container to spoil in a test.

use serde_json::{Value, json};

use super::{Rule, Settings};
use crate::collect::redact;
use crate::facts;
use crate::model::bundle::{Answer, Bundle, Neighbour, Origin, Processes};
use crate::model::files::{self, File, Listing};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::target::{Kind, Target};
use crate::model::verdict::Verdict;

/// The hardened container's first process.
pub(super) const INIT: u32 = 100;

/// What the hardened container's cgroup lets it use.
pub(super) const DEVICE_LIST: &str = "/sys/fs/cgroup/devices/docker/c/devices.list";

/// When the evidence was collected.
const NOW: &str = "2026-01-01T12:00:00Z";

const STATUS: &str = "Name:\tapp\nState:\tS (sleeping)\nPPid:\t7\nUid:\t1000\t1000\t1000\t1000\n\
    Gid:\t1000\t1000\t1000\t1000\nGroups:\t1000\nNSpid:\t100\t1\n\
    RssAnon:\t1024 kB\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n\
    SigCgt:\t0000000000014000\n\
    CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n\
    CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n";

const HOST_MOUNTS: &str = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
    21 20 0:20 / /run rw - tmpfs tmpfs rw\n22 20 0:4 / /proc rw - proc proc rw\n\
    23 20 0:5 / /dev rw - devtmpfs dev rw\n24 20 0:6 / /sys rw - sysfs sysfs rw\n";

const MOUNTS: &str = "40 30 0:44 / / ro,relatime - overlay overlay rw,lowerdir=/l\n\
    41 40 0:45 / /proc rw,nosuid,nodev,noexec - proc proc rw\n\
    42 41 0:45 /sys /proc/sys ro - proc proc rw\n\
    43 40 0:46 / /sys ro,nosuid,nodev,noexec - sysfs sysfs ro\n\
    44 40 0:47 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755\n\
    45 40 0:48 / /tmp rw,nosuid,nodev,noexec - tmpfs tmpfs rw,size=16384k\n";

const IMAGE: &str = "sha256:1";
const ROUTES: &str = "eth0 00000000 010012AC 0003 0 0 0 00000000 0 0 0\n\
    eth0 000012AC 00000000 0001 0 0 0 0000FFFF 0 0 0\n";

/// One container's evidence.
#[derive(Clone)]
pub(super) struct Case {
    bundle: Bundle,
    settings: Vec<(&'static str, Vec<String>)>,
}

/// A container with everything in order, as root reads it.
pub(super) fn container() -> Case {
    let id = "c".repeat(64);
    let mut case = Case { bundle: Bundle::new(Origin::Engine), settings: Vec::new() };
    case.bundle.add_target(Target {
        kind: Kind::Container,
        id: id.clone(),
        name: "web".into(),
        image: Some("web:1.0".into()),
    });
    let inspect = json!({
        "Config": {
            "User": "1000:1000", "Healthcheck": {"Test": ["CMD", "x"]},
            "ExposedPorts": {"80/tcp": {}},
        },
        "HostConfig": {
            "Privileged": false, "CapAdd": null, "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"], "PidMode": "", "NetworkMode": "default",
            "IpcMode": "private", "CgroupnsMode": "private", "UsernsMode": "", "ReadonlyRootfs": true,
            "Memory": 67_108_864, "PidsLimit": 100, "Tmpfs": {"/tmp": "size=16m"},
            "NanoCpus": 500_000_000, "LogConfig": {"Type": "local", "Config": {}},
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5},
        },
        "Path": "/bin/app", "Args": ["…"], "RestartCount": 0,
        "State": {
            "StartedAt": "2026-01-01T11:59:00.5Z",
            "Health": {"Status": "healthy", "FailingStreak": 0, "Log": []},
        },
        "Mounts": [], "AppArmorProfile": "", "Image": IMAGE,
        "NetworkSettings": {
            "Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]},
            "Networks": {"shop": {"NetworkID": "a1"}},
        },
    });
    let networks = json!([
        {"Name": "bridge", "Id": "b1", "Driver": "bridge", "Internal": false,
         "Options": {"com.docker.network.bridge.default_bridge": "true"},
         "IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}},
        {"Name": "shop", "Id": "a1", "Driver": "bridge", "Internal": false, "Options": {},
         "IPAM": {"Config": [{"Subnet": "172.18.0.0/16"}]}},
    ]);
    case.put(Source::networks(), Answer::Json(networks));
    case.put(Source::container(&id), Answer::Json(inspect));
    case.put(
        Source::engine_info(),
        Answer::Json(json!({"SecurityOptions": ["name=seccomp,profile=default"]})),
    );
    let limit_files: Vec<String> = [
        ("memory", "memory.limit_in_bytes"),
        ("pids", "pids.max"),
        ("cpu", "cpu.cfs_quota_us"),
        ("cpu", "cpu.cfs_period_us"),
        ("cpuset", "cpuset.cpus"),
    ]
    .map(|(controller, file)| format!("/sys/fs/cgroup/{controller}/docker/{id}/{file}"))
    .to_vec();
    let processes = Processes {
        init: INIT,
        viewer: INIT,
        members: vec![INIT],
        limit_files,
        cgroups: vec![("devices".to_owned(), "/docker/c".to_owned())],
        device_list: Some(DEVICE_LIST.to_owned()),
        neighbours: ["pid", "net", "ipc"].map(|kind| (kind.to_owned(), vec![])).into(),
        zombies: Some(vec![]),
        ..Processes::default()
    };
    case.put(Source::Processes(id), Answer::Processes(processes));
    for source in [Source::devices(INIT), Source::mount_points(INIT)] {
        case.put(source, Answer::Files(Listing::default()));
    }
    let socket = socket("/run/docker.sock", (0, 20), 3577);
    let sockets = Listing { files: vec![socket], unread: vec![] };
    case.put(Source::engine_sockets(), Answer::Files(sockets));
    case.put(Source::Clock, Answer::Text(NOW.into()));
    for (path, text) in [
        ("/sys/devices/system/cpu/online", "0-3\n"),
        (DEVICE_LIST, "c 1:3 rwm\nc *:* m\nc 136:* rwm\n"),
        ("/proc/1/status", "Name:\tsystemd\nCapBnd:\t000001ffffffffff\n"),
        ("/proc/1/mountinfo", HOST_MOUNTS),
        ("/proc/1/ns/net", "net:[1]"),
        ("/proc/1/ns/ipc", "ipc:[1]"),
        ("/proc/1/ns/uts", "uts:[1]"),
        ("/proc/1/ns/cgroup", "cgroup:[1]"),
        ("/proc/self/ns/ipc", "ipc:[4026531839]"),
        ("/proc/self/ns/uts", "uts:[4026531838]"),
        ("/proc/self/ns/cgroup", "cgroup:[4026531835]"),
        ("/proc/meminfo", "MemTotal:        8388608 kB\n"),
        ("/proc/sys/kernel/pid_max", "4194304\n"),
        ("/proc/sys/kernel/osrelease", "6.1.0\n"),
        ("/proc/1/net/dev (inode)", "11"),
        ("/proc/100/net/dev (inode)", "77"),
        ("/proc/100/wchan", "ep_poll"),
        ("/proc/100/ns/net", "net:[7]"),
        ("/proc/100/ns/ipc", "ipc:[7]"),
        ("/proc/100/ns/uts", "uts:[7]"),
        ("/proc/100/ns/cgroup", "cgroup:[7]"),
        ("/proc/100/mountinfo", MOUNTS),
        ("/proc/100/net/tcp", "0: 00000000:0050 00000000:0000 0A 0:0 00:0 0 1000 0 9 1\n"),
        ("/proc/100/net/tcp6", ""),
        ("/proc/100/net/udp", ""),
        ("/proc/100/net/udp6", ""),
        ("/proc/100/net/route", ROUTES),
        ("/proc/100/net/ipv6_route", ""),
        (
            "/proc/100/root/etc/passwd",
            "root:x:0:0:::/bin/sh\napp:x:1000:1000:::/bin/false\ntoor:x:0:0:::\n",
        ),
        ("/proc/100/root/etc/group", "root:x:0:\nshadow:x:42:\napp:x:1000:\n"),
        ("/proc/1/root/etc/group", "root:x:0:\nshadow:x:42:\ndocker:x:998:\nalice:x:1000:\n"),
    ] {
        case = case.kernel(path, text);
    }
    case.put(
        Source::image(IMAGE),
        Answer::Json(
            json!({"Config": {"User": "1000:1000", "Healthcheck": {"Test": ["CMD", "x"]}}}),
        ),
    );
    case = case.shells(&["/bin/false", "/bin/sh"]);
    case.limit("memory.limit_in_bytes", "67108864")
        .limit("pids.max", "100")
        .limit("cpu.cfs_quota_us", "50000")
        .limit("cpu.cfs_period_us", "100000")
        .limit("cpuset.cpus", "0-3")
        .add_process(INIT, &[])
        .engine_starts_with(&["PATH=/bin"])
}

fn socket(path: &str, device: (u32, u32), inode: u64) -> File {
    File {
        path: path.into(),
        kind: files::Kind::Socket,
        mode: 0o660,
        uid: 0,
        gid: 999,
        device,
        inode,
        stands_for: None,
        capability: None,
    }
}

impl Case {
    fn put(&mut self, source: Source, answer: Answer) {
        self.bundle.record(source, Ok(answer));
    }

    fn id(&self) -> String {
        "c".repeat(64)
    }

    fn processes(&mut self) -> &mut Processes {
        let source = Source::Processes(self.id());
        match self.bundle.observations.get_mut(&source) {
            Some(crate::model::bundle::Observation::Answer(Answer::Processes(found))) => found,
            _ => panic!("the case has its list of processes"),
        }
    }

    fn edit(mut self, source: Source, pointer: &str, value: Value) -> Self {
        let mut document = self.bundle.json(&source).unwrap().clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[key] = value;
        self.put(source, Answer::Json(document));
        self
    }

    /// The engine's record of the container says this.
    pub(super) fn declares(self, pointer: &str, value: Value) -> Self {
        let source = Source::container(&self.id());
        self.edit(source, pointer, value)
    }

    /// The engine says this of itself.
    pub(super) fn engine_says(self, pointer: &str, value: Value) -> Self {
        self.edit(Source::engine_info(), pointer, value)
    }

    /// The engine starts every process with these variables, as `NAME=value`.
    pub(super) fn engine_starts_with(self, variables: &[&str]) -> Self {
        let sealed: Vec<Value> = variables.iter().map(|it| json!(redact::variable(it))).collect();
        self.declares("/Config/Env", sealed.into())
    }

    /// A process was started with these variables.
    pub(super) fn started_with(mut self, pid: u32, variables: &[&str]) -> Self {
        let sealed = variables.iter().map(|it| redact::variable(it)).collect();
        self.put(Source::proc(pid, "environ"), Answer::Variables(sealed));
        self
    }

    /// The engine's record of the image says this.
    pub(super) fn image_says(self, pointer: &str, value: Value) -> Self {
        self.edit(Source::image(IMAGE), pointer, value)
    }

    /// The engine does not tell of the image.
    pub(super) fn image_denied(mut self) -> Self {
        let source = Source::image(IMAGE);
        self.bundle.record(source.clone(), Err(Gap::not_collected(source)));
        self
    }

    /// Of the accounts' login shells only these are there.
    pub(super) fn shells(mut self, paths: &[&str]) -> Self {
        let program = |path: &&str| File {
            path: (*path).into(),
            kind: files::Kind::File,
            mode: 0o755,
            uid: 0,
            gid: 0,
            device: (0, 44),
            inode: 7,
            stands_for: None,
            capability: None,
        };
        let files = paths.iter().map(program).collect();
        self.put(Source::shells(INIT), Answer::Files(Listing { files, unread: vec![] }));
        self
    }

    /// The engine made one of its networks otherwise.
    pub(super) fn network(mut self, name: &str, change: &Value) -> Self {
        let mut networks = self.bundle.json(&Source::networks()).unwrap().clone();
        for network in networks.as_array_mut().unwrap().iter_mut().filter(|it| it["Name"] == name) {
            for (key, value) in change.as_object().unwrap() {
                network[key] = value.clone();
            }
        }
        self.put(Source::networks(), Answer::Json(networks));
        self
    }

    /// Another container, of which the engine says this.
    pub(super) fn lender(mut self, id: &str, inspect: Value) -> Self {
        self.put(Source::container(id), Answer::Json(inspect));
        self
    }

    /// The container was made from this image.
    pub(super) fn image(mut self, image: &str) -> Self {
        self.bundle.targets[0].image = Some(image.into());
        self
    }

    /// The kernel says that there is no such file.
    pub(super) fn nothing(mut self, path: &str) -> Self {
        self.put(Source::Kernel(path.to_owned()), Answer::Nothing);
        self
    }

    /// A file of the kernel holds this.
    pub(super) fn kernel(mut self, path: &str, text: &str) -> Self {
        self.put(Source::Kernel(path.to_owned()), Answer::Text(text.into()));
        self
    }

    /// One of the container's limit files holds this.
    pub(super) fn limit(mut self, file: &str, text: &str) -> Self {
        let files = self.processes().limit_files.clone();
        for path in files.iter().filter(|path| path.ends_with(file)) {
            self = self.kernel(path, text);
        }
        self
    }

    /// The container's cgroup has one more limit file.
    pub(super) fn add_limit(mut self, file: &str, text: &str) -> Self {
        self.processes().limit_files.push(format!("/sys/fs/cgroup/box/{file}"));
        self.limit(file, text)
    }

    /// The container's cgroup tells of its use.
    pub(super) fn usage(mut self, file: &str, text: &str) -> Self {
        let path = format!("/sys/fs/cgroup/box/{file}");
        self.processes().usage_files.push(path.clone());
        self.kernel(&path, text)
    }

    /// The first process runs this command, a word each line.
    pub(super) fn command(self, words: &str) -> Self {
        self.kernel(&format!("/proc/{INIT}/cmdline"), words)
    }

    /// These have ended, and their parents have not waited for them.
    pub(super) fn zombies(mut self, zombies: &[(u32, u32)]) -> Self {
        self.processes().zombies = Some(zombies.to_vec());
        self
    }

    /// Nobody has looked for zombies.
    pub(super) fn without_zombies(mut self) -> Self {
        self.processes().zombies = None;
        self
    }

    /// Nobody knows when the evidence was collected.
    pub(super) fn without_the_clock(mut self) -> Self {
        self.bundle.observations.remove(&Source::Clock);
        self
    }

    /// A file of the kernel has this answer.
    pub(super) fn answer(mut self, path: &str, answer: Answer) -> Self {
        self.put(Source::Kernel(path.to_owned()), answer);
        self
    }

    /// The first process's `status` has these fields.
    pub(super) fn status(self, fields: &[(&str, &str)]) -> Self {
        self.add_process(INIT, fields)
    }

    /// A further process of the container, like the hardened first but for these fields.
    pub(super) fn add_process(mut self, pid: u32, fields: &[(&str, &str)]) -> Self {
        let mut status = String::new();
        for line in STATUS.lines() {
            let (name, value) = line.split_once(":\t").unwrap();
            let value = fields.iter().find(|(field, _)| *field == name).map_or(value, |(_, it)| it);
            status += &format!("{name}:\t{value}\n");
        }
        let processes = self.processes();
        if !processes.members.contains(&pid) {
            processes.members.push(pid);
        }
        self.put(Source::proc(pid, "attr/current"), Answer::Nothing);
        self = self.started_with(pid, &["PATH=/bin"]);
        let holds = if pid == INIT { "9\n10\n" } else { "" };
        self.put(Source::held_sockets(pid), Answer::Text(holds.into()));
        self.kernel(&format!("/proc/{pid}/status"), &status)
            .kernel(&format!("/proc/{pid}/cmdline"), "/bin/app\n…\n")
            .uid_map(pid, "0 0 4294967295")
            .gid_map(pid, "0 0 4294967295")
    }

    /// A process entered the PID namespace from outside the container's cgroup.
    pub(super) fn stray(mut self, pid: u32, fields: &[(&str, &str)]) -> Self {
        self = self.add_process(pid, fields);
        let processes = self.processes();
        processes.members.retain(|member| *member != pid);
        processes.strays.push(pid);
        self
    }

    /// A process of another container lives in the namespace of this kind.
    pub(super) fn neighbour(mut self, kind: &str, pid: u32, fields: &[(&str, &str)]) -> Self {
        self = self.add_process(pid, fields);
        let processes = self.processes();
        processes.members.retain(|member| *member != pid);
        let neighbour = Neighbour { pid, container: "d".repeat(64) };
        processes.neighbours.insert(kind.to_owned(), vec![neighbour]);
        self
    }

    /// Nobody can tell who lives in the namespace of this kind.
    pub(super) fn neighbours_unread(mut self, kind: &str) -> Self {
        self.processes().neighbours.remove(kind);
        self
    }

    fn listing(&mut self, source: &Source) -> &mut Listing {
        match self.bundle.observations.get_mut(source) {
            Some(crate::model::bundle::Observation::Answer(Answer::Files(found))) => found,
            _ => panic!("the case has this listing"),
        }
    }

    /// What stands at a mount point: a file of this kind, device and inode.
    pub(super) fn point(
        mut self,
        path: &str,
        kind: files::Kind,
        device: (u32, u32),
        inode: u64,
    ) -> Self {
        let file = File { kind, ..socket(path, device, inode) };
        self.listing(&Source::mount_points(INIT)).files.push(file);
        self
    }

    /// The file at a mount point is a node of this device.
    pub(super) fn stands_for(mut self, path: &str, numbers: (u32, u32)) -> Self {
        let files = &mut self.listing(&Source::mount_points(INIT)).files;
        files.iter_mut().filter(|file| file.path.raw() == path).for_each(|file| {
            file.stands_for = Some(numbers);
        });
        self
    }

    /// One more node in the container's `/dev`.
    pub(super) fn device(mut self, path: &str, kind: files::Kind, numbers: (u32, u32)) -> Self {
        let file = File { kind, stands_for: Some(numbers), ..socket(path, (0, 47), 1) };
        self.listing(&Source::devices(INIT)).files.push(file);
        self
    }

    /// The cgroups are of version 2, which has no list of devices.
    pub(super) fn without_device_list(mut self) -> Self {
        let processes = self.processes();
        processes.cgroups = vec![(String::new(), "/docker/c".to_owned())];
        processes.device_list = None;
        self
    }

    /// An engine listens at one more socket; `None`: it cannot be told where.
    pub(super) fn engine_at(mut self, at: Option<(&str, (u32, u32), u64)>) -> Self {
        let source = Source::engine_sockets();
        let gap = Gap::new(Reason::Denied, source.clone(), "an engine's files were refused");
        let listing = self.listing(&source);
        match at {
            Some((path, device, inode)) => listing.files.push(socket(path, device, inode)),
            None => listing.unread.push(gap),
        }
        self
    }

    /// A process's user namespace maps ids like this.
    pub(super) fn uid_map(self, pid: u32, map: &str) -> Self {
        self.kernel(&format!("/proc/{pid}/uid_map"), map)
    }

    /// A process's user namespace maps group ids like this.
    pub(super) fn gid_map(self, pid: u32, map: &str) -> Self {
        self.kernel(&format!("/proc/{pid}/gid_map"), map)
    }

    /// One more file of the container that gives privileges.
    pub(super) fn file(self, path: &str, mode: u32, (uid, gid): (u32, u32)) -> Self {
        self.with_files(|listing| {
            listing.files.push(File {
                path: path.into(),
                kind: files::Kind::File,
                mode,
                uid,
                gid,
                device: (0, 44),
                inode: listing.files.len() as u64,
                stands_for: None,
                capability: None,
            });
        })
    }

    /// One more file, with this `security.capability`.
    pub(super) fn capable_file(self, path: &str, value: &str) -> Self {
        self.file(path, 0o755, (0, 0)).with_files(|listing| {
            listing.files.last_mut().unwrap().capability = Some(value.to_owned());
        })
    }

    /// The container's files were looked at, and none gives privileges.
    pub(super) fn no_files(self) -> Self {
        self.with_files(|_| {})
    }

    /// A part of the container's files could not be looked at.
    pub(super) fn files_unread(self) -> Self {
        let source = Source::Files(self.id());
        let gap = Gap::new(Reason::Denied, source, "/root could not be looked at");
        self.with_files(|listing| listing.unread.push(gap))
    }

    fn with_files(mut self, change: impl FnOnce(&mut Listing)) -> Self {
        let source = Source::Files(self.id());
        let mut listing = self.bundle.files(&source).cloned().unwrap_or_default();
        change(&mut listing);
        self.put(source, Answer::Files(listing));
        self
    }

    /// One more mount of the container.
    pub(super) fn mount(self, line: &str) -> Self {
        self.kernel("/proc/100/mountinfo", &format!("{MOUNTS}{line}\n"))
    }

    /// The container's mounts, from the root on.
    pub(super) fn mounts(self, lines: &str) -> Self {
        self.kernel("/proc/100/mountinfo", lines)
    }

    /// The kernel refuses this file of every process.
    pub(super) fn denied(mut self, file: &str) -> Self {
        for pid in self.processes().all() {
            let source = Source::proc(pid, file);
            let gap = Gap::new(Reason::Denied, source.clone(), "the kernel refused it");
            self.bundle.record(source, Err(gap));
        }
        self
    }

    /// One file of the kernel cannot be read.
    pub(super) fn unread(mut self, path: &str) -> Self {
        let source = Source::Kernel(path.to_owned());
        let gap = Gap::new(Reason::Denied, source.clone(), "the kernel refused it");
        self.bundle.record(source, Err(gap));
        self
    }

    /// The kernel tells nothing: as behind `hidepid`.
    pub(super) fn kernel_denied(mut self) -> Self {
        let source = Source::Processes(self.id());
        let gap = Gap::new(Reason::Denied, source.clone(), "/proc hides the processes");
        self.bundle.record(source, Err(gap));
        self
    }

    /// It was found without an engine.
    pub(super) fn found_in_proc(mut self) -> Self {
        self.bundle.origin = Origin::Kernel;
        self.engine_denied()
    }

    /// No engine was asked.
    pub(super) fn engine_denied(mut self) -> Self {
        let sources = [Source::container(&self.id()), Source::engine_info(), Source::networks()];
        for source in sources {
            let gap = Gap::new(Reason::NotCollected, source.clone(), "no engine was asked");
            self.bundle.record(source, Err(gap));
        }
        self
    }

    /// The policy sets this for the rule.
    pub(super) fn set(mut self, name: &'static str, values: &[&str]) -> Self {
        self.settings.push((name, values.iter().map(|&it| it.to_owned()).collect()));
        self
    }

    /// What the rule says, by its own defaults and what the case sets.
    pub(super) fn judge(&self, rule: &Rule) -> Verdict {
        let (_, facts) = facts::derive(&self.bundle).remove(0);
        let mut settings = Settings::defaults(rule);
        for (name, values) in &self.settings {
            settings.set(name, values.clone());
        }
        (rule.judge)(&facts, &settings)
    }

    /// The verdict's name; a failure milder than the rule names its severity.
    pub(super) fn outcome(&self, rule: &Rule) -> String {
        match self.judge(rule) {
            Verdict::Pass(_) => "Pass".to_owned(),
            Verdict::Fail(proof) => match proof.severity() {
                Some(severity) => format!("Fail({severity})"),
                None => "Fail".to_owned(),
            },
            Verdict::Unknown { .. } => "Unknown".to_owned(),
            Verdict::NotApplicable(_) => "NotApplicable".to_owned(),
        }
    }
}

/// One test for each line, and one that the lines cover pass, fail and unknown.
macro_rules! cases {
    ($rule:ident: $($name:ident: $case:expr => $outcome:expr),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                let case: $crate::rules::testing::Case = $case;
                assert_eq!(case.outcome(&super::$rule), $outcome, "{:#?}", case.judge(&super::$rule));
            }
        )+

        #[test]
        fn the_cases_cover_pass_fail_and_unknown() {
            for outcome in ["Pass", "Fail", "Unknown"] {
                assert!([$($outcome),+].contains(&outcome), "no case for {outcome}");
            }
        }
    };
}
pub(super) use cases;
