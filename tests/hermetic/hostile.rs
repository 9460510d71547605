//! Whatever the bytes are: no panic, no lost finding, no guess.

use proptest::prelude::*;
use secaudit::judge::Accept;
use secaudit::model::bundle::{Answer, Bundle, Observation};
use secaudit::parse::proc::sockets::{self, Protocol};
use secaudit::parse::proc::{
    cgroup, devices, idmap::IdMap, mountinfo, route, status::Status, unix,
};
use secaudit::parse::signal::Signal;
use secaudit::parse::{command, file_capability, group, passwd, path, secret, time};
use secaudit::policy::Policy;
use secaudit::report::terminal::{self, Look};
use secaudit::rules;
use serde_json::{Value, json};

use crate::properties::bundles;

/// Texts that are nearly what the kernel prints.
fn nearly_a_file() -> impl Strategy<Value = String> {
    let line = prop::collection::vec(
        prop_oneof![
            Just(" ".to_owned()),
            Just("\t".to_owned()),
            Just(":".to_owned()),
            Just(" - ".to_owned()),
            Just("/".to_owned()),
            Just("\\040".to_owned()),
            Just("\\9é".to_owned()),
            Just("4294967296".to_owned()),
            Just("0".to_owned()),
            Just("Uid".to_owned()),
            Just("CapEff".to_owned()),
            any::<String>(),
        ],
        0..16,
    );
    prop::collection::vec(line.prop_map(|parts| parts.concat()), 0..8)
        .prop_map(|lines| lines.join("\n"))
}

/// What stands in no program's name.
const SECRET: &str = "S3cretCanary";

/// Pieces of commands with a secret among them, joined with and without blanks.
fn nearly_a_command() -> impl Strategy<Value = Vec<String>> {
    const PIECES: [&str; 56] = [
        SECRET,
        SECRET,
        SECRET,
        " ",
        " ",
        " ",
        "curl",
        "sh",
        "-c",
        "|",
        "||",
        "&&",
        ";",
        "&",
        "'",
        "\"",
        "$(",
        "${",
        ")",
        "}",
        "`",
        "\\",
        "$",
        "=",
        "A=",
        "(",
        "{",
        "if",
        "then",
        "fi",
        "for",
        "case",
        "in",
        "do",
        "done",
        "<",
        "<<",
        ">",
        "2>",
        "\n",
        "#",
        "[[",
        "]]",
        "exit",
        "exec",
        "node",
        "java",
        "-Xmx",
        "gunicorn",
        "-w",
        "-k",
        "--workers=",
        "--max-old-space-size=",
        "nginx",
        "-g",
        "--",
    ];
    let word = prop::collection::vec(prop::sample::select(&PIECES[..]), 1..12);
    prop::collection::vec(word.prop_map(|pieces| pieces.concat()), 1..6)
}

/// Values that an engine could send where something else belongs.
fn surprise() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        Just(json!(-1)),
        Just(json!(u64::MAX)),
        Just(json!("host")),
        Just(json!("\u{1b}[2J")),
        Just(json!([])),
        Just(json!([null, 7, "ALL", {"Type": "bind"}])),
        Just(json!({})),
        Just(json!({"/tmp": null})),
    ]
}

/// Every place of a document, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            places(value, &format!("{at}/{name}"), found);
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| places(value, &format!("{at}/{index}"), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Judges a bundle and writes it in every format.
fn judged(bundle: &Bundle) -> secaudit::report::v1::Report {
    let report = secaudit::evaluate(bundle, &Policy::baseline(), Accept::Declared);
    terminal::render(&report, Look { width: 80, colour: true });
    secaudit::report::json(&report).unwrap();
    report
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_a_parser_panic(text in nearly_a_file(), other in any::<String>()) {
        let status = Status::parse(&text);
        for field in ["Uid", "NSpid", "CapEff", "Seccomp"] {
            let _ = (status.ids(field), status.numbers(field), status.capabilities(field), status.number(field));
        }
        if let Ok(mounts) = mountinfo::parse(&text) {
            mounts.iter().for_each(|mount| { mountinfo::is_hidden(&mounts, mount); });
        }
        if let Ok(map) = IdMap::parse(&text) {
            let _ = (map.inside(u32::MAX), map.outside(u32::MAX));
        }
        cgroup::parse(&text);
        cgroup::container(&other);
        cgroup::prefix_with(&other, "é");
        passwd::without_secrets(&text);
        path::beneath(&other, &text);
        path::candidates(&other, Some(&text));
        group::without_secrets(&text);
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            for line in text.lines() {
                let _ = sockets::listening(protocol, line);
            }
            let _ = sockets::parse(protocol, &text);
        }
        let _ = (route::parse(&text), route::parse_ipv6(&text), devices::entry(&other));
        let _ = (unix::listening(&text), unix::number(&other), file_capability::parse(&other));
        secret::form(&text);
    }

    #[test]
    fn no_secret_stays_in_a_commands_skeleton(words in nearly_a_command(), any in any::<String>()) {
        let kept = command::arguments(&words).concat()
            + &command::script(&words.join(" "))
            + &command::arguments(&[&["sh".to_owned(), "-c".to_owned()], &words[..]].concat()).concat()
            + &command::kept_of_variable("JAVA_OPTS", &words.join(" ")).unwrap_or_default();
        prop_assert!(!kept.contains(SECRET), "{:?} became {}", words, kept);
        command::script(&any);
        time::duration(&any);
        time::Instant::parse(&any);
        Signal::parse(&any);
    }

    #[test]
    fn no_text_makes_a_policy_panic_or_drive_the_terminal(text in nearly_a_file()) {
        if let Err(error) = Policy::parse("p.toml", &text) {
            let said = error.to_string();
            prop_assert!(!said.chars().any(|it| it.is_control() && it != '\n'), "{said:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_surprise_anywhere_in_an_engines_answer_loses_no_finding(
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        value in surprise(),
    ) {
        let (name, recorded) = which.get(bundles());
        let mut bundle = recorded.clone();
        for observation in bundle.observations.values_mut() {
            if let Observation::Answer(Answer::Json(document)) = observation {
                let mut all: Vec<String> = Vec::new();
                places(document, "", &mut all);
                if let Some(part) = document.pointer_mut(&all[place.index(all.len())]) {
                    *part = value.clone();
                }
            }
        }
        for target in judged(&bundle).targets {
            prop_assert_eq!(target.findings.len(), rules::ALL.len(), "{}", name);
        }
    }

    #[test]
    fn any_text_in_the_place_of_the_kernels_loses_no_finding(
        which in any::<prop::sample::Index>(),
        text in nearly_a_file(),
        step in 1_usize..7,
    ) {
        let (name, recorded) = which.get(bundles());
        let mut bundle = recorded.clone();
        for observation in bundle.observations.values_mut().step_by(step) {
            if let Observation::Answer(Answer::Text(known)) = observation {
                *known = text.as_str().into();
            }
        }
        for target in judged(&bundle).targets {
            prop_assert_eq!(target.findings.len(), rules::ALL.len(), "{}", name);
        }
    }
}
