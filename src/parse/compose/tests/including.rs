//! `include`.

use super::*;

#[test]
fn what_is_included_becomes_the_projects_own() {
    // Compose Specification, chapter Include.
    let project = project(&[
        ("/p/compose.yaml", "include: [sub/compose.yaml]\nservices: {web: {image: a}}\nname: p\n"),
        (
            "/p/sub/compose.yaml",
            "name: other\nservices: {db: {image: b, build: {context: .}}}\nnetworks: {n: null}\n\
             volumes: {v: null}\nsecrets: {s: {file: s.txt}}\nconfigs: {c: {file: c}}\n",
        ),
    ]);
    assert_eq!(
        short(&project.root),
        "{services: {web: {image: a}, db: {image: b, build: {context: /p/sub}}}, name: p, \
         networks: {n: null}, volumes: {v: null}, secrets: {s: {file: /p/sub/s.txt}}, configs: \
         {c: {file: /p/sub/c}}}"
    );
    assert_eq!(project.name, "p");
    let entry = at(&project, "services").entry("db").unwrap();
    assert_eq!(spot(&project, entry.key_at), "sub/compose.yaml:2:12");
}

#[test]
fn each_inclusion_has_its_own_variables_under_the_projects() {
    let text = "services: {SERVICE: {image: \"$A $B ${C-none}\"}}";
    let project = project(&[
        (
            "/p/compose.yaml",
            "include:\n  - sub/x.yaml\n  - {path: [sub/y.yaml], env_file: [y.env]}\n  - {path: [sub/z.yaml], env_file: [/dev/null]}\n\
             services: {web: {image: \"${A} ${B-none}\"}}",
        ),
        ("/p/sub/x.yaml", &text.replace("SERVICE", "x")),
        ("/p/sub/y.yaml", &text.replace("SERVICE", "y")),
        ("/p/sub/z.yaml", &text.replace("SERVICE", "z").replace("$B", "-")),
        ("/p/.env", "A=main\n"),
        ("/p/sub/.env", "A=sub\nB=sub\n"),
        ("/p/y.env", "B=y\nC=$A\n"),
    ]);
    assert_eq!(says(&project, "services/web/image"), "main none");
    assert_eq!(says(&project, "services/x/image"), "main sub none");
    assert_eq!(says(&project, "services/y/image"), "main y main");
    assert_eq!(says(&project, "services/z/image"), "main - none");
}

#[test]
fn the_paths_of_an_inclusion_are_seen_from_its_own_folder() {
    let project = project(&[
        (
            "/p/compose.yaml",
            "include:\n  - {path: [a/one.yaml, b/two.yaml], project_directory: c}\n",
        ),
        (
            "/p/a/one.yaml",
            "services: {web: {image: a, build: {context: one}}}\ninclude: [deep/d.yaml]\n",
        ),
        (
            "/p/b/two.yaml",
            "services: {web: {image: b, volumes: [{type: bind, source: ./v, target: /v}]}}",
        ),
        ("/p/c/deep/d.yaml", "services: {d: {build: {context: .}}}"),
    ]);
    assert_eq!(
        says(&project, "services"),
        "{web: {image: b, build: {context: /p/c/one}, volumes: [{type: bind, source: /p/c/v, \
         target: /v}]}, d: {build: {context: /p/c/deep}}}"
    );
}

#[test]
fn an_included_service_extends_from_its_own_folder() {
    let project = project(&[
        ("/p/compose.yaml", "include: [sub/c.yaml]\n"),
        ("/p/sub/c.yaml", "services: {web: {extends: {file: base.yaml, service: b}}}"),
        ("/p/sub/base.yaml", "services: {b: {user: u, build: {context: .}}}"),
    ]);
    assert_eq!(says(&project, "services/web"), "{user: u, build: {context: /p/sub}}");
}

#[test]
fn what_is_defined_twice_is_merged_and_said() {
    // Since compose-go 2.10, Compose 5, what the including file says is merged over the
    // included; before, and by the specification's words, it is an error.
    let project = project(&[
        (
            "/p/compose.yaml",
            "include: [b.yaml]\nservices:\n  web: {image: a, cap_add: [A], ports: !reset []}\n",
        ),
        (
            "/p/b.yaml",
            "services: {web: {image: b, cap_add: [B], ports: [{target: 80}]}}\nvolumes: {v: null}\n",
        ),
    ]);
    assert_eq!(says(&project, "services/web"), "{image: a, cap_add: [B, A]}");
    let remark = &project.remarks[0];
    assert!(remark.what.starts_with("services.web is defined in b.yaml too"), "{}", remark.what);
    assert_eq!(spot(&project, remark.at.unwrap()), "compose.yaml:3:3");
    let image = at(&project, "services/web/image");
    assert_eq!(image.overrode.map(|it| spot(&project, it)).as_deref(), Some("b.yaml:1:25"));
}

#[test]
fn the_same_by_two_ways_is_one() {
    let project = project(&[
        ("/p/compose.yaml", "include: [a.yaml, b.yaml]\n"),
        ("/p/a.yaml", "include: [c.yaml]\n"),
        ("/p/b.yaml", "include: [c.yaml]\n"),
        ("/p/c.yaml", "services: {c: {image: c, cap_add: [A]}}"),
    ]);
    assert_eq!(says(&project, "services"), "{c: {image: c, cap_add: [A]}}");
    assert_eq!((project.files.len(), remarks(&project)), (4, vec![]));
}

#[test]
fn a_circle_is_refused_with_its_links() {
    let fault = fault(&[
        ("/p/compose.yaml", "include: [a.yaml]\n"),
        ("/p/a.yaml", "include:\n  - path: [./compose.yaml]\n"),
    ]);
    assert_eq!(
        fault.what,
        "files include each other in a circle: compose.yaml, which includes a.yaml, which \
         includes compose.yaml"
    );
    assert_eq!((fault.file.to_str(), fault.at), (Some("a.yaml"), Some((2, 12, 14))));
}

#[test]
fn what_cannot_be_included_is_said_at_its_place() {
    for (include, what, column) in [
        ("[no.yaml]", "no file no.yaml", 11),
        ("[oci://example.org/x]", "not fetched: oci", 11),
        ("no.yaml", "no list", 10),
        ("[{env_file: [x]}]", "without a path", 11),
        ("[{path: [b.yaml], env_file: [no.env]}]", "no environment file no.env", 39),
        ("[$X]", "depends on X", 11),
        ("[[b.yaml]]", "no mapping", 11),
    ] {
        let text = format!("include: {include}\n");
        let fault = fault(&[("/p/compose.yaml", &text), ("/p/b.yaml", "services: {x: {}}")]);
        assert!(fault.what.contains(what), "{fault}");
        assert_eq!(fault.at.unwrap().1, column, "{fault}");
    }
}

#[test]
fn nothing_is_included_by_nothing() {
    assert_eq!(
        short(&one("include:\nservices: {web: {image: a}}").root),
        "{services: {web: {image: a}}}"
    );
}
