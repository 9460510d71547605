//! Variables, environment files, and the environment of services.

use super::*;

#[test]
fn the_callers_variables_go_before_those_of_files() {
    let all = files(&[
        ("/p/compose.yaml", "services: {web: {image: \"$A $B $C\"}}"),
        ("/p/.env", "A=file\nB=file\nC=$A\n"),
    ]);
    let request = Request { environment: environment(&[("A", "caller")]), ..request() };
    let project = resolve(&request, &all).unwrap();
    assert_eq!(says(&project, "services/web/image"), "caller file caller");
}

#[test]
fn named_environment_files_take_the_place_of_the_default_one() {
    let all = files(&[
        ("/p/compose.yaml", "services: {web: {image: \"${A-none}\"}}"),
        ("/p/.env", "A=default\n"),
        ("/p/one.env", "A=one\n"),
        ("/p/two.env", "A=two\n"),
    ]);
    let image = |request: Request| says(&resolve(&request, &all).unwrap(), "services/web/image");
    let both = vec![PathBuf::from("one.env"), PathBuf::from("two.env")];
    assert_eq!(image(request()), "default");
    assert_eq!(image(Request { env_files: both, ..request() }), "two");
    let set = environment(&[("COMPOSE_ENV_FILES", "two.env,one.env")]);
    assert_eq!(image(Request { environment: set, ..request() }), "one");
    let set = environment(&[("COMPOSE_DISABLE_ENV_FILE", "1")]);
    assert_eq!(image(Request { environment: set, ..request() }), "none");
    let missing = Request { env_files: vec![PathBuf::from("no.env")], ..request() };
    assert_eq!(resolve(&missing, &all).unwrap_err().file, Path::new("no.env"));
    let odd = environment(&[("COMPOSE_DISABLE_ENV_FILE", "maybe")]);
    assert!(resolve(&Request { environment: odd, ..request() }, &all).is_err());
}

#[test]
fn what_nobody_set_stays_unknown_wherever_it_stands() {
    let project = one("x-a: $A\nservices:\n  web:\n    image: app:$TAG\n    cap_add: [$CAP]\n    \
         user: ${U:?who}\n    environment: {K$A: v}\n");
    assert_eq!(
        short(&project.root),
        "{x-a: ?A, services: {web: {image: ?TAG, cap_add: [?CAP], user: ?U, \
         environment: {K$A: v}}}}"
    );
    let Value::Unset { said, .. } = &at(&project, "services/web/user").value else { panic!() };
    assert_eq!(said.as_deref(), Some("who"));
}

#[test]
fn a_form_that_is_none_is_an_error_at_its_place() {
    let fault = fault(&[("/p/compose.yaml", "services:\n  web:\n    image: app:${TAG\n")]);
    assert_eq!((fault.at, fault.line.as_str()), (Some((3, 16, 5)), "    image: app:${TAG"));
    assert!(fault.help.contains("$$"));
}

#[test]
fn a_variable_that_a_service_only_names_is_the_projects() {
    let all = files(&[
        ("/p/compose.yaml", "services:\n  web:\n    environment: {A: null, B: null, C: null}\n"),
        ("/p/.env", "# x\nB=file\n"),
    ]);
    let request = Request { environment: environment(&[("A", "caller")]), ..request() };
    let project = resolve(&request, &all).unwrap();
    assert_eq!(says(&project, "services/web/environment"), "{A: caller, B: file, C: null}");
    let places = |key: &str| spot(&project, at(&project, key).at);
    assert_eq!(places("services/web/environment/A"), "compose.yaml:3:22");
    assert_eq!(places("services/web/environment/B"), ".env:2:3");
}

#[test]
fn a_services_environment_files_lie_under_what_it_sets_itself() {
    // Compose Specification, `env_file`: later files go before earlier ones, and
    // `environment` before all.
    let project = project(&[
        (
            "/p/compose.yaml",
            "services:\n  web:\n    environment: {A: own}\n    env_file:\n      - {path: a.env}\n      \
             - {path: sub/b.env, format: raw}\n      - {path: no.env, required: false}\n",
        ),
        ("/p/a.env", "A=a\nB=\"a b\"\nC=a\nD=$P\n"),
        ("/p/sub/b.env", "C='b'\n"),
        ("/p/.env", "P=project\n"),
    ]);
    assert_eq!(says(&project, "services/web/environment"), "{A: own, B: a b, C: 'b', D: project}");
    let places = |key: &str| {
        let node = at(&project, key);
        (spot(&project, node.at), node.overrode.map(|it| spot(&project, it)))
    };
    assert_eq!(places("services/web/environment/B"), ("a.env:2:3".to_owned(), None));
    assert_eq!(
        places("services/web/environment/C"),
        ("sub/b.env:1:3".to_owned(), Some("a.env:3:3".to_owned()))
    );
    assert_eq!(
        places("services/web/environment/A"),
        ("compose.yaml:3:22".to_owned(), Some("a.env:1:3".to_owned()))
    );
    assert_eq!(project.unread, []);
}

#[test]
fn an_environment_file_that_cannot_be_read_keeps_nobody_from_the_rest() {
    let text = "services:\n  web:\n    env_file: [{path: no.env}, {path: bad.env}, {path: $X}]\n    \
                image: a\n  off: {profiles: [p], env_file: [{path: no.env}]}\n";
    let project = project(&[("/p/compose.yaml", text), ("/p/bad.env", "A=1\nnot a line\n")]);
    assert_eq!(says(&project, "services/web/image"), "a");
    let all: Vec<(&str, &str, Option<u32>)> = project
        .unread
        .iter()
        .map(|(name, it)| (name.as_str(), it.file.to_str().unwrap(), it.at.map(|it| it.1)))
        .collect();
    assert_eq!(
        all,
        [
            ("web", "compose.yaml", Some(23)),
            ("web", "bad.env", Some(1)),
            ("web", "compose.yaml", Some(56))
        ]
    );
}

#[test]
fn a_label_file_lies_under_the_labels() {
    let text = "services:\n  web:\n    labels: {a: own}\n    label_file: [l, no]\n";
    let project = project(&[("/p/compose.yaml", text), ("/p/l", "a=x\nb=$PWD-\nc=$a\n")]);
    assert_eq!(says(&project, "services/web/labels"), "{a: own, b: ?PWD, c: x}");
    assert_eq!(project.unread[0].1.at, Some((4, 21, 2)));
}

#[test]
fn home_stands_for_its_folder() {
    let text = "services: {web: {volumes: [{type: bind, source: ~/x, target: /x}]}}";
    let all = files(&[("/p/compose.yaml", text)]);
    let at_home = Request { environment: environment(&[("HOME", "/home/u")]), ..request() };
    let source =
        |request: Request| says(&resolve(&request, &all).unwrap(), "services/web/volumes/0/source");
    assert_eq!((source(at_home), source(request())), ("/home/u/x".to_owned(), "~/x".to_owned()));
}

#[test]
fn paths_are_seen_from_the_projects_folder() {
    let project = one(
        "services:\n  web:\n    build: {dockerfile: D, additional_contexts: {a: ./a, b: docker-image://x}}\n    \
         volumes: [{type: bind, source: ./v, target: /v}, {type: volume, source: h, target: /w}]\n    \
         develop: {watch: [{path: src}]}\n  git: {build: {context: https://example.org/r.git}}\n\
         secrets: {s: {file: ../s}}\nvolumes: {h: {driver_opts: {o: bind, device: ./d}}}\n",
    );
    assert_eq!(
        short(&project.root),
        "{services: {web: {build: {dockerfile: D, additional_contexts: {a: /p/a, b: \
         docker-image://x}, context: /p}, volumes: [{type: bind, source: /p/v, target: /v}, \
         {type: volume, source: h, target: /w}], develop: {watch: [{path: /p/src}]}}, git: {build: \
         {context: https://example.org/r.git}}}, secrets: {s: {file: /s}}, volumes: {h: \
         {driver_opts: {o: bind, device: /p/d}}}}"
    );
}
