//! What is shown of files, and what is not.

use crate::parse::yaml::load;

use super::*;
use crate::parse::compose::dotenv::{Format, read};
use crate::parse::compose::interpolate::{Found, Variables};

fn shown(text: &str) -> String {
    let loaded = load(text, 0, &mut 10_000).unwrap();
    let shown = compose(text, 0, &loaded.spans, &loaded.documents);
    let widths = |text: &str| text.lines().map(|it| it.chars().count()).collect::<Vec<_>>();
    assert_eq!(widths(&shown), widths(text));
    shown
}

#[test]
fn what_rules_speak_of_is_shown() {
    let text = "name: p\nservices:\n  web:\n    image: \"a:1\"\n    user: '0'\n    ports: [\"80:80\", {target: 81}]\n    \
                volumes:\n      - ./a:/b:ro\n      - {type: bind, source: /, target: /h, bind: {propagation: shared}}\n    \
                cap_add: &caps [SYS_ADMIN]\n    security_opt:\n      - seccomp:unconfined\n    read_only: true\n    \
                deploy: {resources: {limits: {memory: 1g}}}\n    build: .\n    healthcheck: {interval: 5s}\n    \
                logging: {driver: none}\nnetworks: {n: {internal: true}}\nsecrets: {s: {file: ./s}}\n";
    assert_eq!(shown(text), text);
}

#[test]
fn what_may_be_secret_is_hidden_letter_by_letter() {
    for (text, expected) in [
        (
            "services:\n  web:\n    environment:\n      A: b c\n",
            "services:\n  web:\n    environment:\n      A: ***\n",
        ),
        (
            "services: {web: {environment: [A=b, \"C=d\", e]}}",
            "services: {web: {environment: [A**, \"C***, *]}}",
        ),
        (
            "services: {web: {environment: [c2VjcmV0=, c2VjcmV0==]}}",
            "services: {web: {environment: [*********, **********]}}",
        ),
        (
            "services: {web: {environment: {T: c2VjcmV0=x}}}",
            "services: {web: {environment: {T: **********}}}",
        ),
        ("services: {web: {command: a --pw=b}}", "services: {web: {command: ********}}"),
        (
            "services: {web: {pre_stop: [{user: root, privileged: yes, command: a, environment: [A=b]}]}}",
            "services: {web: {pre_stop: [{user: root, privileged: yes, command: *, environment: [A**]}]}}",
        ),
        ("services: {web: {command: [run, pw=b]}}", "services: {web: {command: [***, ****]}}"),
        (
            "services: {web: {healthcheck: {test: [a, b]}}}",
            "services: {web: {healthcheck: {test: [*, *]}}}",
        ),
        (
            "services: {web: {build: {args: {T: t}, dockerfile: D}}}",
            "services: {web: {build: {args: {T: *}, dockerfile: D}}}",
        ),
        (
            "services: {web: {logging: {driver: a, options: {t: t}}}}",
            "services: {web: {logging: {driver: a, options: {t: *}}}}",
        ),
        (
            "services: {web: {labels: {a: b}, x-y: z, unknown: q}}",
            "services: {web: {labels: {a: *}, x-y: *, unknown: *}}",
        ),
        ("configs: {c: {content: s}}", "configs: {c: {content: *}}"),
        ("x-a: {user: u}\nother: o", "x-a: {user: *}\nother: *"),
        (
            "services: {web: {image: h://u:p@r/i, build: https://t@h/r}}",
            "services: {web: {image: ***********, build: *************}}",
        ),
        ("services: {web: {user: é, command: \"é\"}}", "services: {web: {user: é, command: ***}}"),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn a_text_of_several_lines_keeps_its_indentation() {
    let text = "services:\n  web:\n    command: |  # how\n      run it\n\n      now\n    entrypoint: >-\n      a\n    environment:\n      A: \"b\n        c\"\n    user: u\n";
    let expected = "services:\n  web:\n    command: |  *****\n      ******\n\n      ***\n    entrypoint: >-\n      *\n    environment:\n      A: **\n        **\n    user: u\n";
    assert_eq!(shown(text), expected);
}

#[test]
fn comments_are_hidden_and_what_looks_like_them_is_not() {
    let text = "# pw\nservices: # of\n  web:\n    image: a#b # c\r\n    user: '#'\n  # end";
    let expected = "****\nservices: ****\n  web:\n    image: a#b ***\r\n    user: '#'\n  *****";
    assert_eq!(shown(text), expected);
}

#[test]
fn what_an_alias_puts_in_two_places_is_shown_where_it_is_known_and_never_secret() {
    let text = "x-a: &a {user: u, z: z}\nx-p: &p pw\nservices:\n  web:\n    <<: *a\n    hostname: *p\n    environment: {P: *p}\n";
    let expected = text.replace("z: z", "z: *").replace("&p pw", "&p **");
    assert_eq!(shown(text), expected);
}

#[test]
fn of_a_file_that_is_no_yaml_only_keys_are_shown() {
    for (line, expected) in [
        ("  pass: word: x", "  pass: *******"),
        ("  - A=b", "  - ***"),
        ("\tsecret", "\t******"),
        ("postgres://u:p@h", "postgres:*******"),
        ("a b: c", "******"),
    ] {
        assert_eq!(unknown_line(line).chars().count(), line.chars().count());
        assert_eq!(unknown_line(line), expected);
    }
}

#[test]
fn of_an_environment_file_only_the_names_are_shown() {
    struct None;
    impl Variables for None {
        fn get(&self, _: &str) -> Option<Found<'_>> {
            Option::None
        }
    }
    let text = "# c=d\nexport A=b\nK=\"MII=\nAB=\"\nL: x\n";
    let mut settings = Settings::new();
    read(text, 3, Format::Compose, &None, &mut settings, &mut 100).unwrap();
    let expected = "*****\nexport A=*\nK=*****\n****\nL***\n";
    assert_eq!(environment(text, 3, &settings), expected);
}
