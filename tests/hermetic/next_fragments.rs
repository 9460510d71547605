//! What to do next, as a person copies it: what the fragment leaves alone stays as its file
//! has it, and what is a proposal says so.

use secaudit::Detail;
use secaudit::judge::Accept;
use secaudit::model::bundle::Bundle;
use secaudit::model::source::Source;
use secaudit::policy::Policy;
use serde_json::{Value, json};

use crate::compose::{document, fits, laid_out};
use crate::compose_spans::evidence;
use crate::corpus::Sample;
use crate::next::{fragment, holds, judged, laid, printed};
use crate::support::{command, stdout};

/// A project of one service that says this besides its image.
fn sample(says: &str) -> Sample {
    let text = format!("services:\n  web:\n    image: a:1\n{says}");
    let environment = [("PLACE", "/srv/canary"), ("PORT", "7777"), ("TYPE", "canary_t")];
    Sample {
        name: says.to_owned(),
        files: [("compose.yaml".to_owned(), text)].into(),
        compose: vec!["compose.yaml".to_owned()],
        environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
    }
}

/// The fragment for its one service.
fn fragment_of(sample: &Sample) -> String {
    let report = judged(&evidence(sample).unwrap(), Detail::Next);
    report.targets[0].next.as_ref().unwrap().compose.clone().unwrap_or_default()
}

/// The mounts, as the engine lists them and as it is asked for them, without a point.
fn mounts(sample: &Sample, without: &str) -> Value {
    let bundle = evidence(sample).unwrap();
    let source = Source::Compose(bundle.targets[0].id.as_str().into());
    let record = &bundle.draft(&source).unwrap().document;
    let list = |pointer: &str, field: &str| -> Vec<Value> {
        let all = record.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
        all.into_iter().filter(|it| it[field] != without).collect()
    };
    json!([list("/Mounts", "Destination"), list("/HostConfig/Mounts", "Target")])
}

/// The parts of the record that a file says.
fn origins(sample: &Sample) -> Vec<String> {
    let bundle = evidence(sample).unwrap();
    let source = Source::Compose(bundle.targets[0].id.as_str().into());
    bundle.draft(&source).unwrap().origins.keys().cloned().collect()
}

const SOCKET: &str = "/var/run/docker.sock";

/// Volumes beside that of the socket, and how the fragment names each.
const VOLUMES: [(&str, &str); 15] = [
    ("./data:/data:z", "./data:/data:z"),
    ("../up:/up:ro,Z", "../up:/up:ro,Z"),
    ("./shared:/shared:rslave", "./shared:/shared:rslave"),
    ("${PLACE:-./conf}:/conf:ro", "${PLACE:-./conf}:/conf:ro"),
    ("'named:/named:nocopy'", "named:/named:nocopy"),
    ("named:/labelled:z", "named:/labelled:z"),
    ("/anonymous", "/anonymous"),
    ("{type: tmpfs, target: /memory, tmpfs: {size: 1m, mode: 0700}}", "size: 1048576"),
    ("{type: bind, source: ./long, target: /long, bind: {propagation: rslave}}", "\"./long\""),
    ("{type: bind, source: ./there, target: /there, bind: {create_host_path: false}}", "false"),
    ("{type: bind, source: '${PLACE}/x', target: /x, read_only: true}", "${PLACE}/x"),
    ("{type: bind, source: ./flat, target: /flat, bind: {recursive: disabled}}", "disabled"),
    ("{type: bind, source: ./own, target: /own, bind: {selinux: z}}", "selinux: z"),
    ("{type: volume, source: named, target: /part, volume: {subpath: a}}", "subpath: a"),
    ("{type: volume, target: /nameless, volume: {nocopy: true}}", "nocopy: true"),
];

#[test]
fn what_stays_mounted_is_named_as_its_file_names_it() {
    let all = VOLUMES.map(|(says, _)| format!("      - {says}\n")).concat();
    for (says, named) in VOLUMES.into_iter().chain([(&*all, "./data:/data:z")]) {
        let item = if says == all { all.clone() } else { format!("      - {says}\n") };
        let mut sample = sample(&format!("    volumes:\n      - {SOCKET}:{SOCKET}\n{item}"));
        let text = sample.files.get_mut("compose.yaml").unwrap();
        text.push_str("volumes: { named: {} }\n");
        let fragment = fragment_of(&sample);
        assert!(fragment.contains("volumes: !override"), "{says}: {fragment}");
        assert!(fragment.contains(named) && !fragment.contains(SOCKET), "{says}: {fragment}");
        assert!(!fragment.contains("canary") && !fragment.contains("/project"), "{fragment}");
        assert_eq!(holds(&sample), 1);
        assert_eq!(mounts(&laid(&sample, &fragment), ""), mounts(&sample, SOCKET), "{fragment}");
    }
}

#[test]
fn what_another_folder_says_by_a_relative_path_is_told_from_the_projects_own() {
    for (data, told) in [
        ("'./data:/data:z'", "\"./more/data:/data:rw,z\""),
        ("'../data:/data'", "\"./data:/data\""),
        ("'../../data:/data:ro'", "/data:/data:ro"),
        ("{ type: bind, source: ., target: /data, bind: { propagation: rslave } }", "\"./more\""),
    ] {
        let mut sample = sample("    extends: { file: more/base.yaml, service: base }\n");
        let base = format!("services:\n  base:\n    volumes: [{SOCKET}:{SOCKET}, {data}]\n");
        sample.files.insert("more/base.yaml".to_owned(), base);
        let fragment = fragment_of(&sample);
        assert!(fragment.contains(told) && !fragment.contains("/project"), "{fragment}");
        assert_eq!(holds(&sample), 1);
        assert_eq!(mounts(&laid(&sample, &fragment), ""), mounts(&sample, SOCKET), "{fragment}");
    }
}

#[test]
fn what_a_file_says_by_a_variable_is_not_told_by_its_value() {
    for (says, told) in [
        ("ports: ['${PORT}:80']", "\"127.0.0.1:${PORT}:80\""),
        ("ports: ['0.0.0.0:${PORT:-1}:80/udp']", "\"127.0.0.1:${PORT:-1}:80/udp\""),
        ("ports: ['81:81', '127.0.0.1:$PORT:80']", "\"127.0.0.1:$PORT:80\""),
        ("security_opt: ['seccomp=unconfined', 'label=type:${TYPE}']", "\"label=type:${TYPE}\""),
    ] {
        let sample = sample(&format!("    {says}\n"));
        let fragment = fragment_of(&sample);
        assert!(fragment.contains(told), "{says}: {fragment}");
        assert!(!fragment.contains("7777") && !fragment.contains("canary"), "{fragment}");
        assert_eq!(holds(&sample), 1);
    }
}

#[test]
fn an_address_that_a_variable_brings_along_is_not_told_beside_another() {
    for says in
        ["'${PLACE_X:-0.0.0.0}:8080:80'", "'${X:-0.0.0.0:}8081:81'", "'${X:-0.0.0.0:8083:83}'"]
    {
        let sample = sample(&format!("    ports: [{says}]\n"));
        let fragment = fragment_of(&sample);
        assert!(!fragment.contains("${"), "{says}: {fragment}");
        assert_eq!(holds(&sample), 1);
    }
}

#[test]
fn what_stands_under_another_key_than_volumes_no_list_of_volumes_takes_away() {
    for says in [
        "    use_api_socket: true\n",
        "    use_api_socket: true\n    volumes: ['/var/run/docker.sock:/var/run/docker.sock']\n",
        "    secrets: [c]\nsecrets: {c: {file: /var/run/docker.sock}}\n",
        "    volumes: ['/opt/x:/x']\n    configs: [{source: c, target: /etc/c}]\nconfigs: {c: {file: /etc/shadow}}\n",
        "    volumes_from: [base]\n  base:\n    image: a:1\n    volumes: ['/var/run/docker.sock:/s']\n",
        "    volumes_from: [base]\n  base:\n    image: a:1\n    profiles: [never]\n    volumes: ['/var/run/docker.sock:/s']\n",
    ] {
        assert!(holds(&sample(says)) > 0, "{says}");
    }
}

#[test]
fn a_setting_in_the_place_of_one_that_does_nothing_is_worth_what_it_says() {
    for says in [
        "pids_limit: 0",
        "pids_limit: -1",
        "cpus: 0",
        "security_opt: ['no-new-privileges:true', 'label:disable', 'systempaths=unconfined']",
        "security_opt: ['no-new-privileges:false', 'seccomp=unconfined', 'systempaths=unconfined']",
    ] {
        assert_eq!(holds(&sample(&format!("    {says}\n"))), 1, "{says}");
    }
}

#[test]
fn each_value_that_is_a_proposal_says_so() {
    for (says, key) in [
        ("group_add: [docker]", "group_add: !override []"),
        ("privileged: true", "privileged: false"),
        ("cap_drop: [ALL]\n    cap_add: [SYS_ADMIN]", "cap_add: !override []"),
        ("pid: host", "pid: !reset null"),
        ("security_opt: [seccomp=unconfined]", "security_opt: !override"),
        ("ports: ['80:80']", "ports: !override"),
        ("devices: [/dev/kmsg]", "devices: !override []"),
    ] {
        let fragment = fragment(says);
        assert!(fragment.contains(&format!("    {key}  # choose: ")), "{key}: {fragment}");
    }
    for key in ["user", "cap_drop", "tmpfs", "mem_limit", "pids_limit"] {
        let fragment = fragment("");
        let line = fragment.lines().find(|it| it.starts_with(&format!("    {key}:")));
        assert!(line.is_some_and(|it| it.contains("  # choose: ")), "{key}: {fragment}");
    }
}

/// A service of which only mild matters are left.
const CAREFUL: &str = "user: '1000:1000'\n    cap_drop: [ALL]\n    security_opt: ['no-new-privileges:true']\n    \
    mem_limit: 512m\n    pids_limit: 200\n    cpus: 1\n    init: true\n    restart: on-failure:5\n    \
    healthcheck: { test: [CMD, 'true'], interval: 30s, timeout: 3s, retries: 3, start_period: 5s }\n    ";

#[test]
fn a_log_that_grows_without_end_keeps_the_options_that_it_has() {
    let base = format!("{CAREFUL}read_only: true\n    tmpfs: ['/tmp:size=64m']\n    logging:");
    for (says, driver) in [
        (" { driver: json-file, options: { tag: x } }", "json-file"),
        (" { options: { tag: x, labels: y } }", "json-file"),
        (" { driver: none }", "local"),
    ] {
        let sample = sample(&format!("    {base}{says}\n"));
        let fragment = fragment_of(&sample);
        let note = "  # choose: where its logs are kept, and how many";
        let told = format!("    logging:{note}\n      driver: {driver}\n");
        assert!(fragment.contains(&told), "{says}: {fragment}");
        let options = "      options:\n        max-file: \"3\"\n        max-size: \"10m\"\n";
        assert_eq!(fragment.contains(options), driver == "json-file", "{fragment}");
        assert_eq!(holds(&sample), 1);
        let origins = origins(&laid(&sample, &fragment));
        let is_kept = |it: &&str| origins.contains(&format!("/HostConfig/LogConfig/Config/{it}"));
        let written = ["tag", "labels"].iter().filter(|it| says.contains(&format!("{it}:")));
        assert!(written.clone().all(is_kept), "{says}: {origins:?}");
    }
}

#[test]
fn a_tmpfs_without_a_size_gets_one() {
    for (run, bounded) in [
        ("/run", "/run:size=64m"),
        ("/run:mode=0700", "/run:mode=0700,size=64m"),
        ("/run:exec", "/run:exec,size=64m"),
    ] {
        let tmpfs = format!("read_only: true\n    tmpfs: ['{run}', '/tmp:size=${{SIZE:-1m}}']");
        let sample = sample(&format!("    {CAREFUL}{tmpfs}\n"));
        let fragment = fragment_of(&sample);
        let is_mended = run != "/run:exec";
        assert_eq!(fragment.contains(&format!("      - {bounded}\n")), is_mended, "{fragment}");
        assert_eq!(fragment.contains("- \"/tmp:size=${SIZE:-1m}\"\n"), is_mended, "{fragment}");
        assert_eq!(holds(&sample), usize::from(!fragment.is_empty()));
    }
}

#[test]
fn a_path_with_a_colon_is_left_out_since_no_tmpfs_can_be_written_there() {
    let policy = "[rules.tmpfs-for-writes]\npaths = [\"/tmp\", \"/a:b\"]\n";
    let policy = Policy::parse("colon.toml", policy).unwrap();
    let bundle = evidence(&sample("")).unwrap();
    let judged = |bundle: &Bundle, detail: Detail| {
        secaudit::evaluate_beside(bundle, &[], &policy, Accept::Kernel, detail).targets.remove(0)
    };
    let next = judged(&bundle, Detail::Next).next.unwrap();
    let fragment = next.compose.unwrap();
    assert!(fragment.contains("/tmp:size=64m") && !fragment.contains("/a"), "{fragment}");
    let after = judged(&evidence(&laid(&sample(""), &fragment)).unwrap(), Detail::Full);
    assert_eq!(after.floor, next.steps.last().unwrap().floor, "{fragment}");
}

#[test]
fn the_services_of_a_project_are_one_file() {
    let project = "services:\n  web: { image: 'a:1' }\n  db: { image: 'b:1', privileged: true }\n";
    let output = printed(project, &[]);
    let text = stdout(&output);
    fits(&output, 80);
    assert_eq!(text.matches("    services:\n").count(), 1, "{text}");
    let (cards, file) = text.split_once("  compose: a file to be added with -f\n").unwrap();
    assert!(cards.contains("  db: F ") && cards.contains("  web: F "), "{text}");
    let file = file.split_once("\n\n").map_or(file, |it| it.0);
    for line in file.lines() {
        assert!(line.starts_with("    "), "{line:?}");
    }
    assert_eq!(file.matches("        user:").count(), 2, "{file}");
    let folder = laid_out(&[("compose.yaml", project), ("next.yaml", file)]);
    let arguments = ["-f", "compose.yaml", "-f", "next.yaml", "--format", "json"];
    let arguments = [&["compose", "--engine", "none"][..], &arguments].concat();
    let after = command(&arguments).current_dir(folder.path()).output().unwrap();
    for target in document(&after)["targets"].as_array().unwrap() {
        assert!(target["floor"].as_u64().unwrap() > 80, "{target}");
    }
}

#[test]
fn projects_have_a_file_each_and_replicas_of_which_one_needs_more_too() {
    let mut report = judged(&evidence(&sample("")).unwrap(), Detail::Next);
    let web = report.targets.remove(0);
    for (identity, limit) in
        [("a/web", "512m"), ("b/web", "512m"), ("a/web", "512m"), ("a/web", "1g"), ("a/db", "1g")]
    {
        let mut target = web.clone();
        let key = identity.rsplit('/').next().unwrap();
        target.identity = identity.into();
        let compose = format!("services:\n  {key}:\n    mem_limit: {limit}\n");
        target.next.as_mut().unwrap().compose = Some(compose);
        report.targets.push(target);
    }
    let look = secaudit::report::terminal::Look { width: 80, colour: false };
    let text = secaudit::report::terminal::render(&report, look);
    let web = |limit: &str| format!("    services:\n      web:\n        mem_limit: {limit}\n");
    let file = |project: &str| format!("\n  compose of {project}: a file to be added with -f\n");
    let db = "      db:\n        mem_limit: 1g\n";
    let [first, second] = ["512m", "1g"].map(web);
    let all = [file("a"), first.clone(), db.to_owned(), file("b"), first, file("a"), second];
    assert!(text.contains(&all.concat()), "{text}");
}

#[test]
fn what_no_setting_mends_is_told_by_where_it_is_said() {
    let text = stdout(&printed("services: { web: { image: 'a:1' } }", &[]));
    let left = text.split_once("  left: ").unwrap().1;
    for part in ["where it is started: ", "where it is started, or in its image: "] {
        assert!(left.split_whitespace().collect::<Vec<_>>().join(" ").contains(part), "{text}");
    }
}
