//! The kernel collector on hosts that are laid out as files: cgroup version 2,
//! AppArmor, SELinux, other runtimes, strangers and processes that hide.

use std::fs;
use std::os::unix::fs::symlink;

use secaudit::model::bundle::{Answer, Bundle, Origin};
use secaudit::model::reading::Reason;
use secaudit::model::secret::{Form, Key, Secret, Variable};
use secaudit::model::source::Source;
use secaudit::model::target::Kind;
use secaudit::report::v1::{Finding, Verdict};
use secaudit::rules::find;

use crate::host::{CONTAINER_MOUNTS, HOST_MOUNTS, Host, Process, container, id, verdict};

#[test]
fn a_container_under_cgroup_version_2_and_apparmor_is_verified() {
    let host = Host::new();
    let scope = format!("/system.slice/docker-{}.scope", id());
    host.process(&container(70, &scope));
    host.write(&format!("sys/fs/cgroup{scope}/memory.max"), "67108864\n");
    host.write(&format!("sys/fs/cgroup{scope}/pids.max"), "max\n");
    host.write("sys/fs/cgroup/system.slice/memory.max", "max\n");
    host.write("sys/fs/cgroup/system.slice/pids.max", "512\n");
    let (_, findings) = host.audit(&id(), 70);
    for rule in [
        "non-root-user",
        "no-new-privileges",
        "capabilities-dropped",
        "seccomp-filter",
        "lsm-confined",
        "private-pid-namespace",
        "private-network-namespace",
        "read-only-root",
        "tmpfs-for-writes",
        "memory-limit",
        "pids-limit",
        "no-sensitive-mounts",
    ] {
        assert_eq!(verdict(&findings, rule), Verdict::Pass, "{rule}: {findings:#?}");
    }
    assert_eq!(verdict(&findings, "healthcheck"), Verdict::Unknown);
}

#[test]
fn the_limits_of_version_2_are_told_with_their_use() {
    let host = Host::new();
    let scope = format!("/system.slice/docker-{}.scope", id());
    host.process(&container(70, &scope));
    for (file, text) in [
        ("memory.max", "67108864\n"),
        ("memory.swap.max", "max\n"),
        ("memory.current", "1048576\n"),
        ("memory.peak", "33554432\n"),
        ("memory.events", "low 0\nhigh 0\nmax 5\noom 3\noom_kill 2\noom_group_kill 0\n"),
        ("pids.max", "100\n"),
        ("pids.current", "7\n"),
        ("pids.peak", "9\n"),
        ("pids.events", "max 4\n"),
        ("cpu.max", "max 100000\n"),
        ("cpu.stat", "usage_usec 9\nnr_periods 8\nnr_throttled 6\n"),
        ("cpuset.cpus.effective", "0-3\n"),
    ] {
        host.write(&format!("sys/fs/cgroup{scope}/{file}"), text);
    }
    // What is used above is not the container's, what binds above is.
    host.write("sys/fs/cgroup/system.slice/memory.current", "5368709120\n");
    host.write("sys/fs/cgroup/system.slice/cpu.max", "150000 100000\n");
    host.write("proc/meminfo", "MemTotal: 8388608 kB\nSwapTotal: 1048576 kB\n");
    let (_, findings) = host.audit(&id(), 70);
    for (rule, said) in [
        (
            "memory-limit",
            "at most 64 MiB; uses 1 MiB, peak 32 MiB, 2 OOM kills; its swap is unbounded",
        ),
        ("pids-limit", "at most 100 processes and threads; uses 7, peak 9, 4 refused forks"),
        ("cpu-limit", "at most 1.5 processors; 6 periods throttled"),
    ] {
        let found = findings.iter().find(|it| it.rule == rule).unwrap();
        assert_eq!(found.verdict, Verdict::Pass, "{found:#?}");
        assert_eq!(found.statements, [said]);
    }
}

#[test]
fn a_command_line_enters_the_bundle_as_its_skeleton() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    host.write("proc/70/cmdline", "/bin/sh\0-c\0mysql -phunter2 || exit 1\0");
    host.write("proc/70/environ", "NODE_OPTIONS=--title=hunter2 --max-old-space-size=64\0");
    let (bundle, findings) = host.audit(&id(), 70);
    assert!(!serde_json::to_string(&bundle).unwrap().contains("hunter2"));
    let kept = bundle.text(&Source::proc(70, "cmdline")).unwrap();
    assert_eq!(kept.raw(), "/bin/sh\n-c\nmysql … || exit 1\n");
    assert_eq!(verdict(&findings, "exec-form-command"), Verdict::Fail);
}

#[test]
fn who_has_ended_and_is_not_waited_for_is_counted() {
    let host = Host::new();
    let scope = format!("/docker/{}", id());
    host.process(&container(70, &scope));
    let (_, findings) = host.audit(&id(), 70);
    assert_eq!(verdict(&findings, "init-process"), Verdict::Pass);
    for (pid, parent) in [(71, 70), (72, 1)] {
        host.process(&Process { parent, ns_pids: "71 2", ..container(pid, &scope) });
        let status = host.root.path().join(format!("proc/{pid}/status"));
        let text = fs::read_to_string(&status).unwrap();
        let zombie = text.replace("S (sleeping)", "Z (zombie)").replace("VmSize:\t1 kB\n", "");
        fs::write(&status, zombie).unwrap();
    }
    let (bundle, findings) = host.audit(&id(), 70);
    let processes = bundle.processes(&Source::Processes(id().into())).unwrap();
    assert_eq!(processes.zombies, Some(vec![(71, 70)]), "the other one is somebody else's");
    assert_eq!(verdict(&findings, "init-process"), Verdict::Fail);
}

#[test]
fn the_programs_of_a_failing_check_are_looked_for_in_the_container() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    let root = host.root.path().join("proc/70/root");
    fs::create_dir_all(root.join("usr/bin")).unwrap();
    fs::create_dir_all(root.join("outside")).unwrap();
    fs::write(root.join("usr/bin/curl"), "").unwrap();
    // The link leads out of the container, where there is a file of that name.
    symlink(host.root.path().join("proc/meminfo"), root.join("outside/wget")).unwrap();
    let audit = |test: serde_json::Value, status: &str| {
        let mut bundle = Bundle::new(Origin::Engine);
        let sealed = Secret::seal("", Form::Opaque, &Key([0; 32]));
        let kept = "/bin:/usr/bin:/outside";
        let path = Variable { name: "PATH".into(), value: sealed, kept: Some(kept.into()) };
        let record = serde_json::json!({
            "Config": {"Healthcheck": {"Test": test}, "Env": [path]},
            "State": {"Health": {"Status": status, "FailingStreak": 3, "Log": []}},
        });
        bundle.record(Source::container(&id()), Ok(Answer::Json(record)));
        host.audit_with(bundle, &id(), 70)
    };
    let statements = |findings: &[Finding]| {
        let found = findings.iter().find(|it| it.rule == "healthcheck-works").unwrap();
        assert_eq!(found.verdict, Verdict::Fail, "{found:#?}");
        found.statements.join("; ")
    };
    let (bundle, findings) = audit(serde_json::json!(["CMD", "wget", "…"]), "unhealthy");
    assert!(statements(&findings).contains("wget is not in the container"), "{findings:#?}");
    let asked = Source::in_root(70, "/outside/wget");
    assert_eq!(bundle.ask(&asked), Ok(&Answer::Nothing));
    let (_, findings) = audit(serde_json::json!(["CMD", "curl", "…"]), "unhealthy");
    assert!(statements(&findings).contains("curl is not executable"), "{findings:#?}");
    let (bundle, _) = audit(serde_json::json!(["CMD", "curl", "…"]), "healthy");
    assert!(bundle.ask(&Source::in_root(70, "/usr/bin/curl")).is_err(), "it has proved itself");
}

#[test]
fn a_complaining_profile_and_a_permissive_type_confine_nobody() {
    for (label, enforce, expected) in [
        ("docker-default (complain)\n", "", Verdict::Fail),
        ("unconfined\n", "", Verdict::Fail),
        ("system_u:system_r:container_t:s0:c1\0", "1", Verdict::Pass),
        ("system_u:system_r:container_t:s0:c1\0", "0", Verdict::Fail),
        ("system_u:system_r:spc_t:s0\0", "1", Verdict::Fail),
    ] {
        let host = Host::new();
        let scope = format!("/machine.slice/libpod-{}.scope/container", id());
        host.process(&Process { label: Some(label), ..container(70, &scope) });
        if !enforce.is_empty() {
            host.write("sys/fs/selinux/enforce", enforce);
        }
        let (_, findings) = host.audit(&id(), 70);
        assert_eq!(verdict(&findings, "lsm-confined"), expected, "{label}");
    }
}

#[test]
fn a_process_that_carries_no_sign_of_the_container_is_a_stranger() {
    let host = Host::new();
    host.process(&container(70, "/system.slice/nginx.service"));
    let (bundle, findings) = host.audit(&id(), 70);
    let gap = bundle.processes(&Source::Processes(id().into())).unwrap_err();
    assert_eq!(gap.reason, Reason::Unproved);
    assert_eq!(verdict(&findings, "non-root-user"), Verdict::Unknown);
    assert!(bundle.ask(&Source::proc(70, "status")).is_err(), "a stranger is not read");
}

#[test]
fn without_a_cgroup_of_its_own_the_containers_mounts_prove_it() {
    let host = Host::new();
    let mounts = format!(
        "{CONTAINER_MOUNTS}46 40 8:1 /containers/{}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n",
        id()
    );
    host.process(&Process { mounts: &mounts, ..container(70, "/user.slice") });
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(bundle.processes(&Source::Processes(id().into())).unwrap().init, 70);
    assert_eq!(verdict(&findings, "non-root-user"), Verdict::Pass);
}

#[test]
fn a_first_process_that_is_not_there_is_gone() {
    let host = Host::new();
    let (bundle, findings) = host.audit(&id(), 4000);
    let gap = bundle.processes(&Source::Processes(id().into())).unwrap_err();
    assert_eq!(gap.reason, Reason::Gone);
    assert!(findings.iter().all(|it| it.verdict != Verdict::Pass));
}

#[test]
fn every_process_below_the_containers_cgroup_counts_and_a_dead_one_does_not() {
    let host = Host::new();
    let scope = format!("/docker/{}", id());
    host.process(&container(70, &scope));
    let inner = format!("{scope}/init.scope");
    host.process(&Process { uid: 0, parent: 70, ns_pids: "71 2", ..container(71, &inner) });
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(bundle.processes(&Source::Processes(id().into())).unwrap().members, [70, 71]);
    assert_eq!(verdict(&findings, "non-root-user"), Verdict::Fail);

    let status = host.root.path().join("proc/71/status");
    let text = fs::read_to_string(&status).unwrap();
    let zombie = text.replace("S (sleeping)", "Z (zombie)").replace("VmSize:\t1 kB\n", "");
    fs::write(&status, &zombie).unwrap();
    let (bundle, _) = host.audit(&id(), 70);
    assert_eq!(bundle.processes(&Source::Processes(id().into())).unwrap().members, [70]);

    // Its first thread has ended, its others go on: it is very much alive.
    fs::write(&status, zombie.replace("Threads:\t1", "Threads:\t3")).unwrap();
    let (bundle, _) = host.audit(&id(), 70);
    assert_eq!(bundle.processes(&Source::Processes(id().into())).unwrap().members, [70, 71]);
}

#[test]
fn a_thread_that_kept_what_its_process_gave_up_is_found() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    let first = fs::read_to_string(host.root.path().join("proc/70/status")).unwrap();
    let first = first.replace("Threads:\t1", "Threads:\t3");
    host.write("proc/70/status", &first);
    host.write("proc/70/task/70/status", &first);
    host.write("proc/70/task/71/status", &first);
    host.write("proc/70/task/72/status", &first.replace("CapEff:\t0", "CapEff:\t200000"));
    host.write("proc/1/root/etc/group", "docker:x:998:\n");
    host.write("proc/70/task/73/status", &first.replace("Groups:\t", "Groups:\t998"));
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(
        bundle.processes(&Source::Processes(id().into())).unwrap().threads,
        [(70, 72), (70, 73)]
    );
    assert_eq!(verdict(&findings, "no-privileged-groups"), Verdict::Fail);
    assert!(bundle.ask(&Source::proc(70, "task/71/status")).is_err(), "it is as the first");
    let found = findings.iter().find(|it| it.rule == "no-dangerous-capabilities").unwrap();
    assert_eq!(found.verdict, Verdict::Fail);
    assert!(found.statements[0].starts_with("thread 72 of process 70 (app70)"), "{found:?}");
}

#[test]
fn a_process_that_only_shares_the_pid_namespace_is_found_as_a_stray() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    host.process(&Process {
        uid: 0,
        ns_pids: "90 9",
        ..container(90, "/user.slice/session-1.scope")
    });
    let (bundle, findings) = host.audit(&id(), 70);
    assert_eq!(bundle.processes(&Source::Processes(id().into())).unwrap().strays, [90]);
    assert_eq!(verdict(&findings, "no-privileged-exec"), Verdict::Fail);
}

#[test]
fn containers_of_every_runtime_are_found_without_an_engine() {
    let host = Host::new();
    let docker = format!("/docker/{}", id());
    host.process(&container(70, &docker));
    host.process(&Process { namespace: 8, ..container(80, "/lxc.payload.shop") });
    host.process(&Process { namespace: 9, ..container(90, "/machine.slice/machine-db.scope") });
    // A sandbox without a cgroup of its own, and a child inside.
    let other = "50 30 0:99 / / rw - tmpfs tmpfs rw\n";
    let sandbox = Process { namespace: 10, mounts: other, ..container(100, "/user.slice") };
    host.process(&Process { ns_pids: "100 1", ..sandbox });
    host.process(&Process {
        parent: 100,
        ns_pids: "101 2",
        namespace: 10,
        mounts: other,
        ..container(101, "/user.slice")
    });
    // An ordinary service is none.
    host.process(&Process {
        ns_pids: "60",
        mounts: HOST_MOUNTS,
        namespace: 1,
        ..container(60, "/system.slice/cron.service")
    });
    let (found, hidden) = host.kernel().discover();
    let mut names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["app100", "db", "docker-ab12ab12ab12", "shop"]);
    assert_eq!(hidden, None);
}

#[test]
fn a_proc_that_hides_processes_makes_nothing_pass() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    host.write("proc/self/mountinfo", "22 20 0:4 / /proc rw - proc proc rw,hidepid=invisible\n");
    let (_, findings) = host.audit(&id(), 70);
    // What no policy asks for, or no engine declares, does not apply, whatever is hidden.
    let unasked = ["expected-uid", "required-env", "runtime-env", "runs-as-declared"];
    let of_containers = |id: &str| find(id).unwrap().targets.contains(&Kind::Container);
    let judged = |it: &&Finding| !unasked.contains(&&*it.rule) && of_containers(&it.rule);
    assert!(
        findings.iter().filter(judged).all(|it| it.verdict == Verdict::Unknown),
        "{findings:#?}"
    );
    let said = findings.iter().filter_map(|it| it.gap.as_ref());
    assert!(said.into_iter().any(|gap| gap.detail.contains("hidepid=invisible")));
}

#[test]
fn of_a_network_only_listeners_are_kept_and_whose_they_are() {
    let host = Host::new();
    host.process(&container(70, &format!("/docker/{}", id())));
    let socket = |number: u32, place: &str, state: &str| {
        format!(
            "  {number}: {place} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 {number} 1 0\n"
        )
    };
    let mut tcp = "  sl  local_address rem_address   st\n".to_owned();
    tcp += &socket(501, "00000000:1F90", "0A");
    for number in 1000..101_000 {
        tcp += &socket(number, "0100007F:1F90", "01");
    }
    tcp += &socket(502, "0100007F:18EB", "0A");
    host.write("proc/70/net/tcp", &tcp);
    host.write("proc/70/net/udp", "");
    host.write("proc/70/net/udp6", "");
    host.write("proc/70/net/dev", "");
    let descriptors = host.root.path().join("proc/70/fd");
    fs::create_dir_all(&descriptors).unwrap();
    for (name, target) in [("0", "/dev/null"), ("3", "socket:[501]"), ("4", "socket:[1001]")] {
        symlink(target, descriptors.join(name)).unwrap();
    }
    let (bundle, _) = host.audit(&id(), 70);
    let kept = bundle.text(&Source::proc(70, "net/tcp")).unwrap().raw().to_owned();
    let places: Vec<&str> = kept.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(places, ["00000000:1F90", "0100007F:18EB"]);
    assert_eq!(bundle.text(&Source::held_sockets(70)).unwrap().raw(), "501\n");
    // Without IPv6 there is no such table, and that is known.
    assert_eq!(bundle.ask(&Source::proc(70, "net/tcp6")), Ok(&Answer::Nothing));

    // Who listens on too much to be kept is told so, and nothing is made up.
    let many: String = (0..40_000).map(|number| socket(number, "00000000:1F90", "0A")).collect();
    host.write("proc/70/net/tcp", &many);
    let (bundle, findings) = host.audit(&id(), 70);
    let gap = bundle.text(&Source::proc(70, "net/tcp")).unwrap_err();
    assert_eq!(gap.reason, Reason::TooLarge);
    assert_eq!(verdict(&findings, "datastore-internal"), Verdict::Unknown);
}
