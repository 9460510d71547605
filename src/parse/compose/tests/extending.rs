//! `extends`.

use super::*;

#[test]
fn a_service_takes_over_what_it_does_not_say_itself() {
    // Compose Specification, services, `extends`: the rules of a merge.
    let project = one(
        "services:\n  base:\n    image: a\n    user: u\n    cap_add: [A]\n    environment: {X: 1, Y: 1}\n  \
         web:\n    extends: {service: base}\n    image: b\n    cap_add: [B]\n    environment: {X: 2}\n",
    );
    assert_eq!(
        says(&project, "services/web"),
        "{image: b, user: u, cap_add: [A, B], environment: {X: 2, Y: 1}}"
    );
    assert_eq!(
        says(&project, "services/base"),
        "{image: a, user: u, cap_add: [A], environment: {X: 1, Y: 1}}"
    );
    let image = at(&project, "services/web/image");
    assert_eq!(spot(&project, image.at), "compose.yaml:9:12");
    assert_eq!(image.overrode.map(|it| spot(&project, it)).as_deref(), Some("compose.yaml:3:12"));
    assert_eq!(spot(&project, at(&project, "services/web/user").at), "compose.yaml:4:11");
    assert_eq!(spot(&project, at(&project, "services/web").at), "compose.yaml:8:5");
}

#[test]
fn the_short_form_names_a_service_of_the_same_file() {
    let project = one("services: {base: {user: u}, web: {image: a, extends: base}}");
    assert_eq!(says(&project, "services/web"), "{user: u, image: a}");
}

#[test]
fn a_chain_is_followed_to_its_end_wherever_it_begins() {
    let project = one(
        "services:\n  c: {extends: {service: b}, user: c}\n  b: {extends: {service: a}, image: b}\n  \
         a: {image: a, init: true}\n  d: {extends: {service: b}}\n",
    );
    assert_eq!(says(&project, "services/c"), "{image: b, init: true, user: c}");
    assert_eq!(says(&project, "services/b"), "{image: b, init: true}");
    assert_eq!(says(&project, "services/d"), "{image: b, init: true}");
}

#[test]
fn another_files_paths_are_seen_from_its_folder() {
    let project = project(&[
        (
            "/p/compose.yaml",
            "services:\n  web:\n    extends: {file: sub/base.yaml, service: web}\n    build: {context: ./here}\n    env_file: [{path: own.env, required: false}]\n",
        ),
        (
            "/p/sub/base.yaml",
            "services:\n  web:\n    extends: {file: ../far.yaml, service: deep}\n    env_file: [{path: x.env, required: false}]\n    \
             volumes: [{type: bind, source: ./v, target: /v}]\n    image: $TAG\n",
        ),
        (
            "/p/far.yaml",
            "services: {deep: {extends: {service: deepest}}, deepest: {user: u, label_file: [l]}}",
        ),
        ("/p/.env", "TAG=set\n"),
    ]);
    assert_eq!(
        says(&project, "services/web"),
        "{user: u, label_file: [/p/l], env_file: [{path: /p/sub/x.env, required: false}, \
         {path: /p/own.env, required: false}], volumes: [{type: bind, source: /p/sub/v, \
         target: /v}], image: set, build: {context: /p/here}}"
    );
    let names: Vec<_> = project.files.iter().map(|it| it.to_str().unwrap()).collect();
    assert_eq!(names, [".env", "compose.yaml", "sub/base.yaml", "far.yaml"]);
    assert_eq!(spot(&project, at(&project, "services/web/user").at), "far.yaml:1:65");
}

#[test]
fn what_is_reset_is_not_taken_over() {
    let project = one("services:\n  base: {cap_add: [A], ports: [{target: 80}], user: u}\n  \
         web: {extends: {service: base}, ports: !reset [], cap_add: !override [B]}\n");
    assert_eq!(says(&project, "services/web"), "{cap_add: [B], user: u}");
}

#[test]
fn what_extends_resets_is_reset_in_earlier_files_too() {
    let project = several(&[
        "services: {web: {ports: [{target: 80}], cap_add: [A], image: a}}",
        "services: {base: {cap_add: [B]}, web: {extends: {service: base}, ports: !reset [], cap_add: !override [C]}}",
    ])
    .unwrap();
    assert_eq!(says(&project, "services/web"), "{cap_add: [C], image: a}");
}

#[test]
fn what_cannot_be_extended_is_said_at_its_place() {
    for (web, what, line, column) in [
        ("{extends: {service: no}}", "no service `no` in this file", 2, 28),
        ("{extends: {service: no, file: b.yaml}}", "no service `no` in b.yaml", 2, 28),
        ("{extends: {service: x, file: no.yaml}}", "no file no.yaml", 2, 37),
        ("{extends: {service: x, file: https://e.org/c.yaml}}", "not fetched: https", 2, 37),
        ("{extends: {file: b.yaml}}", "names no service", 2, 9),
        ("{extends: {service: $X}}", "depends on X", 2, 28),
        ("{extends: [a]}", "no mapping", 2, 18),
    ] {
        let text = format!("services:\n  web: {web}\n");
        let fault = fault(&[("/p/compose.yaml", &text), ("/p/b.yaml", "services: {x: {}}")]);
        assert!(fault.what.contains(what), "{fault}");
        assert_eq!((fault.at.unwrap().0, fault.at.unwrap().1), (line, column), "{fault}");
    }
}

#[test]
fn a_circle_is_refused_with_its_links() {
    let one = fault(&[("/p/compose.yaml", "services: {web: {extends: {service: web}}}")]);
    assert_eq!(
        one.what,
        "services extend each other in a circle: web in compose.yaml, which extends web in \
         compose.yaml"
    );
    let two = fault(&[
        ("/p/compose.yaml", "services: {web: {extends: {service: b, file: b.yaml}}}"),
        ("/p/b.yaml", "services: {b: {extends: {service: web, file: compose.yaml}}}"),
    ]);
    assert!(two.what.ends_with(
        "web in compose.yaml, which extends b in b.yaml, which extends web in compose.yaml"
    ));
}
