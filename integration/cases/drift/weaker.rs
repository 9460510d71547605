//! Containers of which one thing is weaker than the files say.

use secaudit::report::drift::Verdict;
use serde_json::{Value, json};

use super::{Live, Project, WEB, beside, columns, property};
use crate::needs::Need;
use crate::run;

/// One thing that was started otherwise.
struct Case {
    name: &'static str,
    /// Changes the container that the files ask for.
    change: fn(&mut Value),
    property: &'static str,
    /// What the files, the engine and the kernel say; an ellipsis is anything.
    columns: [&'static str; 3],
    /// How the line begins that says so.
    line: &'static str,
    /// What is weaker beside it, because it must be.
    beside: &'static [&'static str],
}

pub(super) fn all() -> Vec<Live> {
    let live = |case: &'static Case| Live {
        name: format!("drift::weaker-{}", case.name),
        needs: vec![Need::Root, Need::Docker],
        run: Box::new(|| run(case)),
    };
    CASES.iter().map(live).collect()
}

const CASES: &[Case] = &[
    Case {
        name: "privileged",
        change: |it| it["HostConfig"]["Privileged"] = true.into(),
        property: "privileged",
        columns: ["no", "yes", "…"],
        line: "privileged: false",
        beside: &["cap_add, cap_drop", "security_opt: seccomp"],
    },
    Case {
        name: "writable-root",
        change: |it| it["HostConfig"]["ReadonlyRootfs"] = false.into(),
        property: "read_only",
        columns: ["yes", "no", "no"],
        line: "read_only: true",
        beside: &[],
    },
    Case {
        name: "capability",
        change: |it| it["HostConfig"]["CapAdd"] = json!(["NET_RAW"]),
        property: "cap_add, cap_drop",
        columns: ["none", "NET_RAW", "NET_RAW"],
        line: "cap_drop: [ALL]",
        beside: &[],
    },
    Case {
        name: "root",
        change: |it| it["User"] = "0".into(),
        property: "user",
        columns: ["1000", "root", "root"],
        line: "web:",
        beside: &[],
    },
    Case {
        name: "new-privileges",
        change: |it| it["HostConfig"]["SecurityOpt"] = json!([]),
        property: "security_opt: no-new-privileges",
        columns: ["yes", "no", "no"],
        line: "security_opt: ",
        beside: &[],
    },
    Case {
        name: "no-filter",
        change: |it| {
            it["HostConfig"]["SecurityOpt"] = json!(["no-new-privileges", "seccomp=unconfined"]);
        },
        property: "security_opt: seccomp",
        columns: ["filter", "none", "none"],
        line: "",
        beside: &[],
    },
    Case {
        name: "memory",
        change: |it| it["HostConfig"]["Memory"] = (128 << 20).into(),
        property: "mem_limit",
        columns: ["96 MiB", "128 MiB", "128 MiB"],
        line: "mem_limit: 96m",
        beside: &[],
    },
    Case {
        name: "processes",
        change: |it| it["HostConfig"]["PidsLimit"] = json!(0),
        property: "pids_limit",
        columns: ["64", "no limit", "no limit"],
        line: "pids_limit: 64",
        beside: &[],
    },
    Case {
        name: "processors",
        change: |it| it["HostConfig"]["NanoCpus"] = 1_500_000_000_u64.into(),
        property: "cpus",
        columns: ["0.9", "1.5", "1.5"],
        line: "cpus: 0.9",
        beside: &[],
    },
    Case {
        name: "a-port",
        change: |it| {
            it["ExposedPorts"]["9090/tcp"] = json!({});
            it["HostConfig"]["PortBindings"]["9090/tcp"] =
                json!([{"HostIp": "127.0.0.2", "HostPort": ""}]);
        },
        property: "ports",
        columns: ["127.0.0.1:*:8080/tcp", "…", ""],
        line: "ports: ",
        beside: &[],
    },
    Case {
        name: "a-folder-of-the-host",
        change: |it| {
            it["HostConfig"]["Mounts"] = json!([{"Type": "bind", "Source": "/etc", "Target": "/host-etc", "ReadOnly": true}]);
        },
        property: "volumes: of the host",
        columns: ["…", "…", ""],
        line: "volumes: ",
        beside: &[],
    },
    Case {
        name: "a-writable-folder",
        change: |it| {
            let bind = it["HostConfig"]["Binds"][0].as_str().map(|it| it.replace(":ro", ""));
            it["HostConfig"]["Binds"] = json!([bind]);
        },
        property: "volumes: writable",
        columns: ["none", "/mnt", "/mnt"],
        line: "volumes: ",
        beside: &[],
    },
    Case {
        name: "the-hosts-processes",
        change: |it| it["HostConfig"]["PidMode"] = "host".into(),
        property: "pid",
        columns: ["not the host's", "host", "host"],
        line: "",
        beside: &[],
    },
    Case {
        name: "no-health-check",
        change: |it| it["Healthcheck"] = json!({"Test": ["NONE"]}),
        property: "healthcheck",
        columns: ["defined", "disabled", ""],
        line: "",
        beside: &[],
    },
];

fn run(case: &Case) {
    let engine = run::docker();
    let name = case.name.replace('-', "");
    let project = Project::new(&engine, &name, WEB);
    let mut config = project.web();
    (case.change)(&mut config);
    let _web = project.start("web", config);
    let (report, code) = project.drift();
    let beside = beside(&report, "web");
    let drifted = property(beside, case.property);
    assert_eq!((drifted.verdict, code), (Verdict::Weaker, 1), "{drifted:#?}");
    for (said, expected) in columns(drifted).into_iter().zip(case.columns) {
        assert!(expected == "…" || said == expected, "{drifted:#?}");
    }
    let line = project.line(drifted);
    assert!(line.starts_with(case.line), "{line:?} begins otherwise");
    for other in &beside.properties {
        let is_meant = other.key == case.property || case.beside.contains(&other.key.as_str());
        assert!(is_meant || other.verdict == Verdict::Same, "{other:#?}");
    }
}
