//! Which files make a project, its name and its folder.

use super::*;

const WEB: &str = "services: {web: {image: a}}\n";
const OVER: &str = "services: {web: {image: b}}\n";

fn shown(project: &Project) -> Vec<String> {
    project.files.iter().map(|it| it.display().to_string()).collect()
}

#[test]
fn the_default_names_are_looked_for_in_their_order() {
    // Compose Specification, "The Compose file": compose.yaml goes before all.
    let names = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
    for (place, name) in names.iter().enumerate() {
        let all: Vec<String> = names[place..].iter().map(|it| format!("/p/{it}")).collect();
        let all: Vec<(&str, &str)> = all.iter().map(|it| (it.as_str(), WEB)).collect();
        let project = project(&all);
        assert_eq!(shown(&project), [*name]);
        let competes = all.len() > 1;
        assert_eq!(remarks(&project).iter().any(|it| it.contains("is taken, not")), competes);
    }
}

#[test]
fn the_override_file_beside_is_merged_into_it() {
    let project = project(&[
        ("/p/docker-compose.yml", WEB),
        ("/p/compose.override.yml", OVER),
        ("/p/docker-compose.override.yml", WEB),
    ]);
    assert_eq!(shown(&project), ["docker-compose.yml", "compose.override.yml"]);
    assert_eq!(says(&project, "services/web/image"), "b");
}

#[test]
fn a_file_that_is_named_brings_no_override() {
    let all = files(&[("/p/compose.yaml", WEB), ("/p/compose.override.yaml", OVER)]);
    let request = Request { files: vec![PathBuf::from("compose.yaml")], ..request() };
    assert_eq!(says(&resolve(&request, &all).unwrap(), "services/web/image"), "a");
}

#[test]
fn the_folders_above_are_searched() {
    let all = files(&[("/p/compose.yaml", WEB)]);
    let request = Request { folder: PathBuf::from("/p/deep/er"), ..request() };
    let project = resolve(&request, &all).unwrap();
    assert_eq!((project.name.as_str(), project.directory.as_path()), ("p", Path::new("/p")));
    assert_eq!(shown(&project), ["/p/compose.yaml"]);
}

#[test]
fn where_there_is_none_that_is_said() {
    let fault = fault(&[]);
    assert_eq!(fault.at, None);
    assert!(fault.what.contains("no compose file"), "{fault}");
}

#[test]
fn compose_file_names_several_with_a_separator() {
    let all = files(&[("/p/a.yaml", WEB), ("/p/b.yaml", OVER), ("/p/compose.yaml", WEB)]);
    for (separator, value) in [(":", "a.yaml:b.yaml"), (",", "a.yaml,b.yaml")] {
        let environment =
            environment(&[("COMPOSE_FILE", value), ("COMPOSE_PATH_SEPARATOR", separator)]);
        let project = resolve(&Request { environment, ..request() }, &all).unwrap();
        assert_eq!(shown(&project), ["a.yaml", "b.yaml"]);
        assert_eq!(says(&project, "services/web/image"), "b");
    }
}

#[test]
fn the_environment_file_may_name_the_compose_files() {
    // docker compose reads .env before it looks for compose files.
    let project = project(&[
        ("/p/.env", "COMPOSE_FILE=a.yaml\nCOMPOSE_PROJECT_NAME=named\n"),
        ("/p/a.yaml", WEB),
        ("/p/compose.yaml", OVER),
    ]);
    assert_eq!(says(&project, "services/web/image"), "a");
    assert_eq!(project.name, "named");
}

#[test]
fn standard_input_is_read_as_a_dash() {
    let request = Request { files: vec![PathBuf::from("-")], ..request() };
    let project = resolve(&request, &files(&[("-", WEB)])).unwrap();
    assert_eq!((shown(&project), project.name.as_str()), (vec!["-".to_owned()], "p"));
    assert_eq!(project.directory, Path::new("/p"));
}

#[test]
fn the_folder_of_the_first_file_is_the_projects() {
    let text = "services: {web: {build: {context: .}}}";
    let all = files(&[("/p/sub/a.yaml", text), ("/p/b.yaml", WEB)]);
    let asked = vec![PathBuf::from("sub/a.yaml"), PathBuf::from("b.yaml")];
    let request = Request { files: asked, ..request() };
    let project = resolve(&request, &all).unwrap();
    assert_eq!((project.name.as_str(), project.directory.as_path()), ("sub", Path::new("/p/sub")));
    assert_eq!(says(&project, "services/web/build/context"), "/p/sub");
    let elsewhere = Request { project_directory: Some(PathBuf::from("else")), ..request };
    let project = resolve(&elsewhere, &all).unwrap();
    assert_eq!(says(&project, "services/web/build/context"), "/p/else");
    assert_eq!(project.name, "else");
}

#[test]
fn a_name_is_asked_for_or_set_or_written_or_the_folders() {
    let named = format!("name: My ${{STAGE:-Test}} App\n{WEB}");
    let all = files(&[("/p/compose.yaml", named.as_str())]);
    let set = Request { environment: environment(&[("COMPOSE_PROJECT_NAME", "set")]), ..request() };
    let asked = Request { project_name: Some("asked".to_owned()), ..set.clone() };
    for (request, name) in [(asked, "asked"), (set, "set"), (request(), "mytestapp")] {
        assert_eq!(resolve(&request, &all).unwrap().name, name);
    }
    let folder = Request { folder: PathBuf::from("/_My.App 2"), ..request() };
    let project = resolve(&folder, &files(&[("/_My.App 2/compose.yaml", WEB)])).unwrap();
    assert_eq!(project.name, "myapp2");
}

#[test]
fn a_name_that_is_none_is_an_error_where_it_was_asked_for() {
    let all = files(&[("/p/compose.yaml", WEB)]);
    for name in ["My App", "-x", "X"] {
        let request = Request { project_name: Some(name.to_owned()), ..request() };
        assert!(resolve(&request, &all).unwrap_err().what.contains("no name"), "{name}");
    }
}

#[test]
fn the_name_is_a_variable_for_all_else() {
    let project = one("name: app\nservices: {web: {image: \"${COMPOSE_PROJECT_NAME}:$PWD\"}}");
    assert_eq!(says(&project, "services/web/image"), "app:/p");
}

#[test]
fn the_documents_of_a_file_are_merged_in_their_order() {
    let project =
        one("services: {web: {image: a, user: u}}\n---\n---\nservices: {web: {image: b}}");
    assert_eq!(says(&project, "services/web"), "{image: b, user: u}");
}

#[test]
fn an_empty_file_and_one_that_is_no_mapping_are_errors() {
    for text in ["", "# nothing\n", "---\n---\n", "- a\n", "text\n"] {
        let fault = fault(&[("/p/compose.yaml", text)]);
        assert_eq!(fault.file, Path::new("compose.yaml"), "{text:?}");
    }
}

#[test]
fn services_behind_profiles_are_inactive_until_one_of_them_is_asked_for() {
    let text = "services:\n  web: {image: a}\n  debug: {image: a, profiles: [dev, test]}\n  \
                job: {image: a, profiles: [jobs]}\n";
    let all = files(&[("/p/compose.yaml", text)]);
    let inactive = |request: Request| resolve(&request, &all).unwrap().inactive;
    let of = |profiles: &[&str]| Request {
        profiles: profiles.iter().map(|it| (*it).to_owned()).collect(),
        ..request()
    };
    assert_eq!(inactive(request()), ["debug", "job"]);
    assert_eq!(inactive(of(&["test"])), ["job"]);
    assert_eq!(inactive(of(&["*"])), [""; 0]);
    let set = environment(&[("COMPOSE_PROFILES", "jobs, dev")]);
    assert_eq!(inactive(Request { environment: set, ..request() }), [""; 0]);
    let project = resolve(&of(&["tset"]), &all).unwrap();
    assert_eq!(remarks(&project), ["no service has the profile `tset`"]);
}

#[test]
fn a_service_whose_profile_nobody_knows_is_judged() {
    let project = one("services: {web: {image: a, profiles: [$P]}}");
    assert!(project.inactive.is_empty());
    assert_eq!(remarks(&project), ["whether web is started depends on a variable that nobody set"]);
}

#[test]
fn what_an_active_service_needs_is_not_started_for_it() {
    // Compose refuses such a project (compose-go, graph): it starts nothing itself.
    let text = "services:\n  web:\n    image: a\n    depends_on:\n      db: {condition: \
                service_started}\n      no: {}\n      maybe: {required: false}\n  db: {image: b, profiles: [data]}\n";
    let project = one(text);
    assert_eq!(project.inactive, ["db"]);
    let places: Vec<String> =
        project.remarks.iter().map(|it| spot(&project, it.at.unwrap())).collect();
    assert_eq!(places, ["compose.yaml:5:7", "compose.yaml:6:7"]);
}

#[test]
fn a_volume_or_a_network_that_nobody_defines_is_an_error() {
    let text = |part: &str| format!("services:\n  web: {{image: a, {part}}}\n");
    for (part, column) in [
        ("volumes: ['data:/data']", 29),
        ("volumes: [{type: volume, source: data, target: /d}]", 52),
        ("networks: [back]", 30),
        ("networks: {back: {}}", 30),
    ] {
        let fault = fault(&[("/p/compose.yaml", &text(part))]);
        assert!(fault.what.contains("which is defined nowhere"), "{fault}");
        assert_eq!(fault.at.map(|(line, it, _)| (line, it)), Some((2, column)), "{part}");
    }
    for fine in ["volumes: [/data, ./a:/b]", "networks: [default]", "volumes: ['${V}:/d']"] {
        one(&text(fine));
    }
    one(&text("volumes: ['data:/data'], profiles: [later]"));
    one(&(text("volumes: ['data:/data'], networks: [n]") + "volumes: {data: }\nnetworks: {n: }\n"));
}

#[test]
fn a_folders_own_environment_file_names_its_files_and_the_callers_does_not() {
    let all = files(&[
        ("/p/shop/.env", "COMPOSE_FILE=base.yaml:more.yaml\n"),
        ("/p/shop/base.yaml", "services: {web: {image: a}}"),
        ("/p/shop/more.yaml", "services: {extra: {image: a}}"),
        ("/p/shop/compose.yaml", "services: {other: {image: a}}"),
        ("/p/bare/compose.yaml", "services: {bare: {image: a}}"),
    ]);
    let of = |folder: &str| {
        let set = environment(&[("COMPOSE_FILE", "nowhere.yaml")]);
        let at = Some(PathBuf::from(folder));
        let project = resolve(&Request { at, environment: set, ..request() }, &all).unwrap();
        project.services().map(|it| it.key.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("shop"), ["web", "extra"]);
    assert_eq!(of("bare"), ["bare"]);
}
