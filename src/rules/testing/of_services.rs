//! What holds for all rules that are asked of services.

use serde_json::json;

use super::{Case, service};
use crate::judge::Accept;
use crate::model::target::Kind;
use crate::model::verdict::Verdict;
use crate::policy::Policy;
use crate::report::terminal::{self, Look};
use crate::report::v1::Report;
use crate::rules::{ALL, Rule, find};

fn asked() -> impl Iterator<Item = &'static &'static Rule> {
    ALL.iter().filter(|rule| rule.targets.contains(&Kind::Service))
}

fn report(case: &Case) -> Report {
    crate::evaluate(&case.bundle, &Policy::baseline(), Accept::Kernel)
}

fn shown(case: &Case) -> String {
    terminal::render(&report(case), Look { width: 100, colour: false })
}

#[test]
fn a_service_with_everything_in_order_breaks_no_rule_and_leaves_none_open() {
    for rule in asked() {
        let outcome = service().outcome(rule);
        let is_good = matches!(outcome.as_str(), "Pass" | "NotApplicable");
        assert!(is_good, "{}: {:#?}", rule.id, service().judge(rule));
    }
    assert_eq!(report(&service()).targets[0].floor, 100);
}

/// What is written there, and what the failure points at.
fn pointed_at(case: &Case, rule: &Rule) -> String {
    let Verdict::Fail(proof) = case.judge(rule) else {
        panic!("{} does not fail: {:#?}", rule.id, case.judge(rule));
    };
    let written = proof.evidence().iter().find_map(|it| it.written.as_ref());
    written.unwrap_or_else(|| panic!("{}: {:#?}", rule.id, proof)).key.raw().to_owned()
}

/// The service's own key: nothing of the kind is written.
const WEB: &str = "services.web";

/// A spoilt service, the rule that it breaks, and the key that is to blame.
fn spoilt() -> Vec<(&'static str, Case, &'static str)> {
    let open = |host: &str| json!([{"HostIp": host, "HostPort": "80"}]);
    let bind = |host: &str, point: &str| json!({"Type": "bind", "Source": host, "Destination": point, "RW": true});
    let test = "/Config/Healthcheck/Test";
    vec![
        ("non-root-user", service().leaves_out("/Config/User"), WEB),
        ("pinned-image", service().writes("/Config/Image", json!("nginx")), "/Config/Image"),
        (
            "production-target",
            service()
                .writes("/Build", json!({"Target": "dev", "Ships": ["dev"], "Stages": ["dev"]})),
            "/Build/Target",
        ),
        ("non-root-user", service().writes("/Config/User", json!("root")), "/Config/User"),
        ("expected-uid", service().set("uids", &["33"]), "/Config/User"),
        ("fixed-uid", service().writes("/Config/User", json!("app")), "/Config/User"),
        ("no-privileged-groups", service().writes("/Config/User", json!("1000:0")), "/Config/User"),
        (
            "no-privileged-groups",
            service().writes("/HostConfig/GroupAdd", json!(["audio", "docker"])),
            "/HostConfig/GroupAdd/1",
        ),
        ("no-new-privileges", service().leaves_out("/HostConfig/SecurityOpt"), WEB),
        (
            "no-new-privileges",
            service().writes("/HostConfig/SecurityOpt", json!(["x", "no-new-privileges:false"])),
            "/HostConfig/SecurityOpt/1",
        ),
        ("capabilities-dropped", service().leaves_out("/HostConfig/CapDrop"), WEB),
        (
            "capabilities-dropped",
            service().writes("/HostConfig/CapDrop", json!(["CHOWN"])),
            "/HostConfig/CapDrop",
        ),
        (
            "capabilities-dropped",
            service().writes("/HostConfig/CapAdd", json!(["NET_BIND_SERVICE", "CAP_CHOWN"])),
            "/HostConfig/CapAdd/1",
        ),
        (
            "no-dangerous-capabilities",
            service().writes("/HostConfig/CapAdd", json!(["CHOWN", "sys_admin"])),
            "/HostConfig/CapAdd/1",
        ),
        (
            "no-dangerous-capabilities",
            service().writes("/HostConfig/CapAdd", json!(["CHOWN", "ALL"])),
            "/HostConfig/CapAdd/1",
        ),
        (
            "no-dangerous-capabilities",
            service()
                .writes("/HostConfig/Privileged", json!(true))
                .writes("/HostConfig/CapAdd", json!(["CHOWN"])),
            "/HostConfig/Privileged",
        ),
        (
            "not-privileged",
            service().writes("/HostConfig/Privileged", json!(true)),
            "/HostConfig/Privileged",
        ),
        (
            "no-privileged-exec",
            service().hooks(&json!({"When": "post_start", "User": "root"})),
            "/Hooks/0/User",
        ),
        (
            "no-privileged-exec",
            service().hooks(&json!({"When": "pre_stop", "User": "1000", "Privileged": true})),
            "/Hooks/0/Privileged",
        ),
        (
            "seccomp-filter",
            service().writes("/HostConfig/SecurityOpt", json!(["x", "seccomp:unconfined"])),
            "/HostConfig/SecurityOpt/1",
        ),
        (
            "seccomp-filter",
            service().writes("/HostConfig/Privileged", json!(true)),
            "/HostConfig/Privileged",
        ),
        (
            "lsm-confined",
            service().writes("/HostConfig/SecurityOpt", json!(["x", "apparmor=unconfined"])),
            "/HostConfig/SecurityOpt/1",
        ),
        (
            "private-pid-namespace",
            service().writes("/HostConfig/PidMode", json!("host")),
            "/HostConfig/PidMode",
        ),
        (
            "private-network-namespace",
            service().writes("/HostConfig/NetworkMode", json!("host")),
            "/HostConfig/NetworkMode",
        ),
        (
            "private-ipc-namespace",
            service().writes("/HostConfig/IpcMode", json!("host")),
            "/HostConfig/IpcMode",
        ),
        (
            "private-uts-namespace",
            service().writes("/HostConfig/UTSMode", json!("host")),
            "/HostConfig/UTSMode",
        ),
        (
            "private-cgroup-namespace",
            service().writes("/HostConfig/CgroupnsMode", json!("host")),
            "/HostConfig/CgroupnsMode",
        ),
        (
            "private-user-namespace",
            service().leaves_out("/Config/User").writes("/HostConfig/UsernsMode", json!("host")),
            "/HostConfig/UsernsMode",
        ),
        (
            "no-engine-socket",
            service().writes(
                "/Mounts",
                json!([bind("/srv", "/run"), bind("/run/docker.sock", "/run/docker.sock")]),
            ),
            "/Mounts/1",
        ),
        ("no-engine-socket", service().sets(&["A=b", "DOCKER_HOST=tcp://x"]), "/Config/Env/1"),
        (
            "no-sensitive-mounts",
            service().writes("/Mounts", json!([bind("/srv", "/etc/x"), bind("/etc", "/etc")])),
            "/Mounts/1",
        ),
        (
            "no-host-devices",
            service().writes("/HostConfig/Devices", json!([{"PathInContainer": "/dev/sda"}])),
            "/HostConfig/Devices/0",
        ),
        (
            "no-host-devices",
            service().writes("/HostConfig/Privileged", json!(true)),
            "/HostConfig/Privileged",
        ),
        (
            "no-host-devices",
            service().writes("/HostConfig/DeviceCgroupRules", json!(["c 1:3 rwm", "b 8:* rwm"])),
            "/HostConfig/DeviceCgroupRules/1",
        ),
        (
            "no-shared-propagation",
            service().writes("/Mounts", json!([{"Destination": "/a", "Propagation": "rshared"}])),
            "/Mounts/0",
        ),
        (
            "no-escape-path",
            service().writes("/Mounts", json!([bind("/run/docker.sock", "/x")])),
            "/Mounts/0",
        ),
        (
            "no-escape-path",
            service()
                .leaves_out("/Config/User")
                .writes("/HostConfig/CapAdd", json!(["CHOWN", "CAP_SYS_MODULE"])),
            "/HostConfig/CapAdd/1",
        ),
        (
            "no-escape-path",
            service().leaves_out("/Config/User").writes("/HostConfig/Privileged", json!(true)),
            "/HostConfig/Privileged",
        ),
        ("read-only-root", service().leaves_out("/HostConfig/ReadonlyRootfs"), WEB),
        (
            "read-only-root",
            service().writes("/HostConfig/ReadonlyRootfs", json!(false)),
            "/HostConfig/ReadonlyRootfs",
        ),
        ("tmpfs-for-writes", service().leaves_out("/HostConfig/Tmpfs"), WEB),
        (
            "tmpfs-for-writes",
            service().writes("/HostConfig/Tmpfs", json!({"/tmp": "size=1m", "/x": "exec"})),
            "/HostConfig/Tmpfs/~1x",
        ),
        (
            "persistent-data",
            service().image("redis:7").writes("/Path", json!("redis-server")).writes(
                "/Mounts",
                json!([bind("/srv", "/srv"), {"Type": "volume", "Name": "", "Destination": "/data"}]),
            ),
            "/Mounts/1",
        ),
        ("persistent-data", service().image("postgres:16"), WEB),
        ("memory-limit", service().leaves_out("/HostConfig/Memory"), WEB),
        ("cpu-limit", service().leaves_out("/HostConfig/NanoCpus"), WEB),
        (
            "pids-limit",
            service().writes("/HostConfig/PidsLimit", json!(-1)),
            "/HostConfig/PidsLimit",
        ),
        (
            "heap-fits-limit",
            service()
                .writes("/Path", json!("node"))
                .sets(&["A=b", "NODE_OPTIONS=--max-old-space-size=64"]),
            "/Config/Env/1",
        ),
        ("heap-fits-limit", service().writes("/Path", json!("node")).sets(&["A=b"]), "/Path"),
        ("healthcheck", service().leaves_out(test), WEB),
        ("healthcheck", service().writes(test, json!(["NONE"])), test),
        (
            "healthcheck-timing",
            service().writes("/Config/Healthcheck/Timeout", json!(90_000_000_000_u64)),
            "/Config/Healthcheck/Timeout",
        ),
        ("healthcheck-works", service().writes(test, json!(["CMD", "true"])), test),
        ("restart-policy", service().leaves_out("/HostConfig/RestartPolicy"), WEB),
        (
            "restart-policy",
            service().writes("/HostConfig/RestartPolicy", json!({"Name": "always"})),
            "/HostConfig/RestartPolicy/Name",
        ),
        (
            "exec-form-command",
            service().writes("/Path", json!("sh")).writes("/Args", json!(["-c", "…"])),
            "/Path",
        ),
        (
            "log-driver",
            service().writes("/HostConfig/LogConfig", json!({"Type": "none"})),
            "/HostConfig/LogConfig/Type",
        ),
        (
            "published-ports-bound",
            service().writes(
                "/NetworkSettings/Ports",
                json!({"79/tcp": open("127.0.0.1"), "80/tcp": open("")}),
            ),
            "/NetworkSettings/Ports/80~1tcp",
        ),
        (
            "datastore-internal",
            service().image("redis:7").writes(
                "/NetworkSettings/Ports",
                json!({"6379/tcp": open(""), "79/tcp": open("127.0.0.1")}),
            ),
            "/NetworkSettings/Ports/6379~1tcp",
        ),
        (
            "datastore-internal",
            service()
                .image("redis:7")
                .leaves_out("/NetworkSettings/Ports")
                .writes("/NetworkSettings/Networks", json!({"shop_default": {}})),
            "/NetworkSettings/Networks",
        ),
        (
            "custom-network",
            service()
                .writes("/HostConfig/NetworkMode", json!("bridge"))
                .writes("/NetworkSettings/Networks", json!({"bridge": {}})),
            "/NetworkSettings/Networks",
        ),
        (
            "no-secrets-in-environment",
            service().sets(&["OTHER_DB_PASSWORD=", "DB_PASSWORD=kW7vPq29sLx"]),
            "/Config/Env/1",
        ),
        (
            "no-default-credentials",
            service().sets(&["A=b", "POSTGRES_PASSWORD=postgres"]),
            "/Config/Env/1",
        ),
        ("strong-secrets", service().sets(&["A=b", "JWT_SECRET=short-one"]), "/Config/Env/1"),
        ("required-env", service().set("names", &["A"]), "/Config/Env"),
        (
            "gunicorn-tuned",
            service().writes("/Path", json!("gunicorn")).writes("/Args", json!(["-w3", "-t0"])),
            "/Args/1",
        ),
        (
            "gunicorn-tuned",
            service()
                .writes("/Path", json!("gunicorn"))
                .sets(&["A=b", "GUNICORN_CMD_ARGS=-w3 --timeout 0"]),
            "/Config/Env/1",
        ),
        (
            "runtime-env",
            service().sets(&["A=b", "NODE_ENV=test"]).set("variables", &["NODE_ENV=production"]),
            "/Config/Env/1",
        ),
        (
            "env-file-protected",
            service()
                .reads("a.env", 0o600)
                .in_no_repository("a.env")
                .reads("b.env", 0o644)
                .in_no_repository("b.env"),
            "/EnvFiles/1",
        ),
        (
            "no-ineffective-hardening",
            service().writes("/HostConfig/Privileged", json!(true)),
            "/HostConfig/CapDrop",
        ),
        (
            "no-ineffective-hardening",
            service().idles("read_only_root_filesystem"),
            "read_only_root_filesystem",
        ),
    ]
}

#[test]
fn every_failure_points_at_the_key_that_is_to_blame() {
    let mut wrong = Vec::new();
    for (id, case, key) in spoilt() {
        let found = pointed_at(&case, find(id).unwrap());
        if found != key {
            wrong.push(format!("{id}: points at {found} and not at {key}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_rule_that_a_service_can_break_points_at_a_key() {
    let spoilt = spoilt();
    // What is no init may reap all the same.
    for rule in asked().filter(|rule| rule.id != "init-process") {
        assert!(spoilt.iter().any(|(id, ..)| *id == rule.id), "{}", rule.id);
    }
}

#[test]
fn statements_speak_of_the_service_and_of_nothing_that_runs() {
    for (id, case, _) in spoilt() {
        let Verdict::Fail(proof) = case.judge(find(id).unwrap()) else { panic!("{id}") };
        for statement in proof.statements() {
            for word in ["the declaration", "the engine's record", "/Config", "in force"] {
                assert!(!statement.contains(word), "{id}: {statement}");
            }
        }
    }
}

#[test]
fn a_report_of_services_reads_well() {
    let case = service()
        .leaves_out("/Config/User")
        .leaves_out("/HostConfig/CapDrop")
        .writes("/HostConfig/CapAdd", json!(["SYS_ADMIN"]))
        .unset("/HostConfig/Memory", "MEMORY");
    let text = shown(&case);
    for line in [
        "SERVICE  GRADE  SCORE  USER  CAPS  NNP  ROOT  SECCOMP  FINDINGS",
        "web      F      39     root  15    yes  ro    filter",
        "  web: the service runs as root (uid 0)",
        "  web: the service can have SYS_ADMIN (mounts file systems and administers the kernel)",
        "  not set: the variable MEMORY is not set (for instance compose:compose.yaml#web)",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
