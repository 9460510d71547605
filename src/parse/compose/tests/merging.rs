//! Several files: what wins, what is added, and what knows that it lost.

use super::*;

/// What a service's key says after a merge of two.
fn merged(key: &str, first: &str, second: &str) -> String {
    let text = |value: &str| format!("services:\n  web:\n    {key}: {value}\n");
    // What they name is defined.
    let defined = "networks: {a: {}, b: {}}\nvolumes: {a: {}, b: {}}\n";
    let project = several(&[&text(first), &text(second), defined]);
    let project = project.unwrap_or_else(|it| panic!("{it}"));
    says(&project, &format!("services/web/{key}"))
}

#[test]
fn a_service_merges_by_the_rules_of_its_keys() {
    // Compose Specification, chapter Merge, and the rules of compose-go.
    for (key, first, second, expected) in [
        // Single values: the last.
        ("image", "a", "b", "b"),
        ("user", "a", "null", "a"),
        // What is run is replaced, not added to.
        ("command", "[a, b]", "[c]", "[c]"),
        ("command", "a b", "[c]", "[c]"),
        ("command", "[a]", "null", "null"),
        ("entrypoint", "[a]", "b", "b"),
        ("healthcheck", "{test: [a], retries: 3}", "{test: b}", "{test: b, retries: 3}"),
        // Mappings by key; a variable without a value goes before one with it.
        ("environment", "{A: 1, B: 2}", "{B: 3, C: 4}", "{A: 1, B: 3, C: 4}"),
        ("environment", "{A: 1}", "{A: null}", "{A: null}"),
        ("environment", "{A: 1}", "null", "{A: 1}"),
        ("labels", "{a: 1}", "{a: 2, b: 3}", "{a: 2, b: 3}"),
        (
            "sysctls",
            "{net.core.somaxconn: 1}",
            "{net.core.somaxconn: 2}",
            "{net.core.somaxconn: 2}",
        ),
        (
            "build",
            "{context: /a, args: {A: 1}}",
            "{args: {B: 2}}",
            "{context: /a, args: {A: 1, B: 2}}",
        ),
        ("ulimits", "{nofile: {soft: 1, hard: 2}}", "{nofile: 3}", "{nofile: {soft: 3, hard: 3}}"),
        (
            "depends_on",
            "{a: {condition: x}}",
            "{b: {condition: y}, a: {condition: z}}",
            "{a: {condition: z, required: true}, b: {condition: y, required: true}}",
        ),
        (
            "depends_on",
            "{a: {condition: x, required: false}}",
            "{a: {condition: z}}",
            "{a: {condition: z, required: false}}",
        ),
        (
            "depends_on",
            "{a: {condition: x, required: false}}",
            "[a]",
            "{a: {condition: service_started, required: true}}",
        ),
        ("networks", "{a: null}", "{a: {priority: 1}, b: null}", "{a: {priority: 1}, b: null}"),
        (
            "networks",
            "{a: {aliases: [x, y]}}",
            "{a: {aliases: [y, z]}}",
            "{a: {aliases: [x, y, z]}}",
        ),
        ("extra_hosts", "{h: 1.1.1.1}", "{h: 2.2.2.2}", "{h: [1.1.1.1, 2.2.2.2]}"),
        ("extra_hosts", "{h: 1.1.1.1}", "{h: 1.1.1.1}", "{h: [1.1.1.1]}"),
        // Logging by its driver: options of another would mean something else.
        (
            "logging",
            "{driver: a, options: {x: 1}}",
            "{driver: b, options: {y: 2}}",
            "{driver: b, options: {y: 2}}",
        ),
        (
            "logging",
            "{driver: a, options: {x: 1}}",
            "{options: {y: 2}}",
            "{driver: a, options: {x: 1, y: 2}}",
        ),
        // Lists are added to, and have no two items of one key.
        ("cap_add", "[A, B]", "[B, C]", "[A, B, C]"),
        ("cap_drop", "[ALL]", "[ALL]", "[ALL]"),
        ("dns", "[1.1.1.1]", "[1.1.1.1, 8.8.8.8]", "[1.1.1.1, 8.8.8.8]"),
        ("tmpfs", "[/a]", "[/b, /a]", "[/a, /b]"),
        ("profiles", "[a]", "[a, b]", "[a, b]"),
        ("expose", "[80]", "[80, 81]", "[80, 81]"),
        // These are only added to.
        ("security_opt", "[a:b]", "[a:b, c]", "[a:b, a:b, c]"),
        ("group_add", "[a]", "[a]", "[a, a]"),
    ] {
        assert_eq!(merged(key, first, second), expected, "{key}: {first} and {second}");
    }
}

#[test]
fn items_in_long_form_are_told_apart_by_what_they_are_for() {
    for (key, first, second, expected) in [
        (
            "volumes",
            "[{type: volume, source: a, target: /x}]",
            "[{type: volume, source: b, target: /x}]",
            "[{type: volume, source: b, target: /x}]",
        ),
        (
            "devices",
            "[{source: /a, target: /x}]",
            "[{source: /b, target: /x}]",
            "[{source: /b, target: /x}]",
        ),
        (
            "secrets",
            "[{source: a}]",
            "[{source: b, target: /run/secrets/a}]",
            "[{source: b, target: /run/secrets/a}]",
        ),
        ("configs", "[{source: a}]", "[{source: b, target: /a}]", "[{source: b, target: /a}]"),
        (
            "env_file",
            "[{path: /a, required: false}]",
            "[{path: /a, required: false}, {path: /b, required: false}]",
            "[{path: /a, required: false}, {path: /b, required: false}]",
        ),
    ] {
        assert_eq!(merged(key, first, second), expected, "{key}: {first} and {second}");
    }
}

#[test]
fn ports_are_told_apart_by_all_but_their_mode() {
    for (first, second, count) in [
        ("[{target: 80, published: 1}]", "[{target: 80, published: 1, mode: host}]", 1),
        ("[\"1:80\"]", "[{target: 80, published: 1}]", 1),
        ("[\"1:80\"]", "[\"1:80\", \"1:80/tcp\", \"0.0.0.0:1:80\"]", 1),
        ("[\"1:80\"]", "[\"2:80\"]", 2),
        ("[\"1:80\"]", "[\"127.0.0.1:1:80\"]", 2),
        ("[\"53:53/udp\"]", "[\"53:53/tcp\"]", 2),
        ("[\"80-82:80-82\"]", "[\"81:81\"]", 3),
    ] {
        let text = |value: &str| format!("services: {{web: {{ports: {value}}}}}");
        let project = several(&[&text(first), &text(second)]).unwrap();
        let ports = at(&project, "services/web/ports").items();
        assert_eq!(ports.len(), count, "{first} and {second}");
    }
}

#[test]
fn doubles_go_within_one_file_too() {
    let project = one("services: {web: {cap_add: [A, B, A], security_opt: [x, x]}}");
    assert_eq!(says(&project, "services/web"), "{cap_add: [A, B], security_opt: [x, x]}");
}

#[test]
fn every_value_knows_where_it_won_and_what_it_beat() {
    let project = several(&[
        "services:\n  web:\n    image: a\n    cap_add: [A]\n    environment: {X: 1}\n",
        "services:\n  web:\n    image: b\n    cap_add: [B, A]\n    environment: {X: 2}\n",
        "services:\n  web:\n    image: c\n",
    ])
    .unwrap();
    let places = |path: &str| {
        let node = at(&project, path);
        (spot(&project, node.at), node.overrode.map(|it| spot(&project, it)))
    };
    let pair = |won: &str, beat: &str| (won.to_owned(), Some(beat.to_owned()));
    assert_eq!(places("services/web/image"), pair("3.yaml:3:12", "2.yaml:3:12"));
    assert_eq!(places("services/web/environment/X"), pair("2.yaml:5:22", "1.yaml:5:22"));
    assert_eq!(places("services/web/cap_add/0"), pair("2.yaml:4:18", "1.yaml:4:15"));
    assert_eq!(places("services/web/cap_add/1"), ("2.yaml:4:15".to_owned(), None));
    // What comes from several files is found where it was first written.
    assert_eq!(places("services/web"), ("1.yaml:3:5".to_owned(), None));
    let entry = at(&project, "services/web").entry("image").unwrap();
    assert_eq!(spot(&project, entry.key_at), "3.yaml:3:5");
    let entry = at(&project, "services").entry("web").unwrap();
    assert_eq!(spot(&project, entry.key_at), "1.yaml:2:3");
}

#[test]
fn reset_takes_away_and_override_replaces() {
    // Compose Specification, chapter Merge, "Reset value" and "Replace value".
    let project = several(&[
        "services:\n  web:\n    image: a\n    ports: [{target: 80}]\n    cap_add: [A]\n    \
         environment: {X: 1, Y: 2}\n    build: {context: /b}\n",
        "services:\n  web:\n    ports: !reset []\n    cap_add: !override [B]\n    \
         environment: {X: !reset null}\n    user: !reset null\n    build: !reset null\n",
    ])
    .unwrap();
    assert_eq!(says(&project, "services/web"), "{image: a, cap_add: [B], environment: {Y: 2}}");
    assert_eq!(at(&project, "services/web/cap_add").tag, None);
    let beat = at(&project, "services/web/cap_add").overrode.unwrap();
    assert_eq!(spot(&project, beat), "1.yaml:5:14");
}

#[test]
fn a_tag_in_the_only_file_does_what_it_says() {
    let project = one("services: {web: {image: a, user: !reset b, cap_add: !override [A]}}");
    assert_eq!(says(&project, "services/web"), "{image: a, cap_add: [A]}");
}

#[test]
fn networks_and_volumes_merge_too() {
    let project = several(&[
        "networks: {n: {labels: {a: 1}, ipam: {config: [{subnet: 10.0.0.0/8, gateway: 10.0.0.1}]}}}\nvolumes: {v: null}",
        "networks: {n: {labels: {a: 2}, ipam: {config: [{subnet: 10.0.0.0/8, gateway: 10.0.0.2}]}}}\nvolumes: {v: {driver: local}}",
    ])
    .unwrap();
    assert_eq!(
        short(&project.root),
        "{networks: {n: {labels: {a: 2}, ipam: {config: [{subnet: 10.0.0.0/8, gateway: \
         10.0.0.2}]}}}, volumes: {v: {driver: local}}}"
    );
}

#[test]
fn a_list_and_a_mapping_cannot_be_merged() {
    for (first, second) in [("{a: 1}", "[a]"), ("[a]", "text"), ("{a: 1}", "text")] {
        let text = |value: &str| format!("other: {{web: {{unknown: {value}}}}}");
        let fault = several(&[&text(first), &text(second)]).unwrap_err();
        assert_eq!((fault.file.to_str(), fault.at.unwrap().1), (Some("2.yaml"), 24));
    }
}

#[test]
fn what_compose_takes_no_notice_of_is_no_reason_to_refuse() {
    let text = |value: &str| format!("services: {{web: {{x-a: {value}}}}}");
    for (first, second, expected) in [
        ("{a: 1}", "text", "text"),
        ("[a]", "{b: 1}", "{b: 1}"),
        ("{a: 1}", "{b: 1}", "{a: 1, b: 1}"),
    ] {
        let project = several(&[&text(first), &text(second)]).unwrap();
        assert_eq!(says(&project, "services/web/x-a"), expected);
    }
}

#[test]
fn an_unknown_value_goes_before_a_known_one() {
    let project = several(&["services: {web: {user: a}}", "services: {web: {user: $U}}"]).unwrap();
    assert_eq!(says(&project, "services/web/user"), "?U");
}

#[test]
fn a_network_mode_excludes_networks_wherever_each_is_said() {
    let both = "services:\n  web:\n    image: a\n    networks: [default]\n    network_mode: host\n";
    let fault = fault(&[("/p/compose.yaml", both)]);
    assert_eq!(fault.at.map(|it| it.0), Some(5));
    assert!(fault.what.contains("`networks` at compose.yaml:4:5"), "{fault}");
    let over = "services:\n  web:\n    network_mode: host\n";
    let base = both.replace("    network_mode: host\n", "");
    let fault = several(&[&base, over]).unwrap_err();
    assert_eq!((fault.file.to_str(), fault.at.map(|it| it.0)), (Some("2.yaml"), Some(3)));
    assert!(fault.what.contains("`networks` at 1.yaml:4:5"), "{fault}");
    for fine in [
        both.replace("network_mode: host", "network_mode: ''"),
        both.replace("network_mode: host", "network_mode: !reset"),
        both.replace("network_mode: host", "network_mode: ${UNSET}"),
        both.replace("[default]", "{}"),
        both.replace("image: a", "image: a\n    profiles: [off]"),
    ] {
        one(&fine);
    }
}
