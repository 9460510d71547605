//! What a policy may say of files, and what makes no sense.

use super::super::{Policy, Selected};
use super::*;
use crate::rules::{ALL, Parameter, Rule, Shape};

/// An entry that lacks only what is demanded.
const BEGUN: &str = "[files.x]\npaths = ['/x']\n";

fn names(texts: &[&str]) -> Names {
    Names::new(texts.iter().map(|&it| it.to_owned()).collect()).unwrap()
}

fn role<'p>(policy: &'p Policy, name: &str) -> Option<&'p Role> {
    policy.files.roles.iter().find(|role| role.name == name)
}

fn demand<'p>(policy: &'p Policy, name: &str) -> Option<&'p Demand> {
    policy.files.demands.iter().find(|demand| demand.name == name)
}

fn parse(text: &str) -> Policy {
    Policy::parse("p.toml", text).unwrap()
}

fn error(text: &str) -> String {
    Policy::parse("p.toml", text).unwrap_err().to_string()
}

#[test]
fn every_key_of_a_role_and_an_entry_is_read() {
    let policy = parse(
        "[files.stage-code]\nrole = 'stage'\npaths = ['/srv/**/*.js']\nexcept = ['/srv/tmp/**']\n\
         apply = 'files'\nmode = '0440'\nowner = 1000\ngroup = 'app'\nrecursive = true\n\
         required = true\nenabled = true\n[roles.stage]\nprograms = ['node', 'python3.*']\n\
         images = ['registry:5000/*/stage']\nservices = ['stage-*']\n",
    );
    let wanted = Role {
        name: "stage".to_owned(),
        programs: names(&["node", "python3.*"]),
        images: names(&["registry:5000/*/stage"]),
        services: names(&["stage-*"]),
    };
    assert_eq!(role(&policy, "stage"), Some(&wanted));
    let wanted = Demand {
        name: "stage-code".to_owned(),
        role: Some("stage".to_owned()),
        paths: vec!["/srv/**/*.js".to_owned()],
        except: vec!["/srv/tmp/**".to_owned()],
        apply: Applies::Files,
        recursive: true,
        required: true,
        mode: Some(Mode::Exactly(0o440)),
        owner: Some(Owner::Id(1000)),
        group: Some(Owner::Name("app".to_owned())),
    };
    assert_eq!(demand(&policy, "stage-code"), Some(&wanted));
    for selected in &policy.rules {
        assert_eq!(selected.settings.files(), &*policy.files, "{}", selected.rule.id);
    }
}

#[test]
fn an_entry_that_is_known_changes_only_in_what_is_stated() {
    let baseline = Policy::baseline();
    let policy = parse(
        "[files.node-modules]\nat-most = '755'\nowner = 'runtime'\n[files.package-manifest]\n\
         paths = ['/srv/package.json']\n[roles.node-server]\nservices = ['stage-*']\n",
    );
    let wanted = Demand {
        mode: Some(Mode::AtMost(0o755)),
        owner: Some(Owner::Runtime),
        ..demand(&baseline, "node-modules").unwrap().clone()
    };
    assert_eq!(demand(&policy, "node-modules"), Some(&wanted));
    let wanted = Demand {
        paths: vec!["/srv/package.json".to_owned()],
        ..demand(&baseline, "package-manifest").unwrap().clone()
    };
    assert_eq!(demand(&policy, "package-manifest"), Some(&wanted));
    let wanted =
        Role { services: names(&["stage-*"]), ..role(&baseline, "node-server").unwrap().clone() };
    assert_eq!(role(&policy, "node-server"), Some(&wanted));
    assert_eq!(demand(&policy, "secrets"), demand(&baseline, "secrets"));
    assert_eq!(policy.files.demands.len(), baseline.files.demands.len());
}

#[test]
fn an_entry_can_be_taken_out_and_is_not_looked_for() {
    let policy = parse("[files.node-modules]\nenabled = false\n");
    assert_eq!(demand(&policy, "node-modules"), None);
    assert!(!policy.sought().iter().any(|pattern| pattern == "/**/node_modules"));
    for selected in &policy.rules {
        assert_eq!(selected.settings.files(), &*policy.files);
    }
}

#[test]
fn a_rule_that_was_out_of_the_policy_and_returns_knows_the_files_too() {
    let policy = Policy { rules: Vec::new(), ..Policy::baseline() };
    let text = "[rules.healthcheck]\nenabled = true\n";
    let policy = super::super::laid::lay_over(policy, "p.toml", text).unwrap();
    assert_eq!(policy.rules.len(), 1);
    assert_eq!(policy.rules[0].settings.files(), &*policy.files);
}

#[test]
fn what_makes_no_sense_of_files_is_an_error_at_its_place() {
    for (text, place, message) in [
        ("[file.x]\n", "1:2", "did you mean \"files\""),
        ("[role.x]\n", "1:2", "did you mean \"roles\""),
        ("files = []\n", "1:9", "expected a table"),
        ("[files]\nx = '/x'\n", "2:5", "expected a table"),
        ("[roles]\nx = 1\n", "2:5", "expected a table"),
        // Names.
        ("[roles.NodeServer]\n", "1:8", "did you mean \"node-server\""),
        ("[files.node_modules]\n", "1:8", "did you mean \"node-modules\""),
        ("[roles.-]\n", "1:8", "lower-case letters"),
        ("[files.'3d']\n", "1:8", "lower-case letters"),
        // Roles.
        ("[roles.a]\nprogram = ['x']\n", "2:1", "did you mean \"programs\""),
        ("[roles.a]\nprograms = 'x'\n", "2:12", "expected a list of strings"),
        ("[roles.a]\nprograms = ['x', 3]\n", "2:18", "expected a string"),
        ("[roles.a]\nprograms = ['/usr/bin/node']\n", "2:13", "did you mean \"node\""),
        ("[roles.a]\nimages = ['x', 'a:5/node:20']\n", "2:16", "did you mean \"a:5/node\""),
        ("[roles.a]\nimages = ['node@sha256:0']\n", "2:11", "did you mean \"node\""),
        ("[roles.a]\nservices = ['[a']\n", "2:13", "class"),
        ("[roles.a]\nservices = ['']\n", "2:13", "fits nothing"),
        // An entry as a whole.
        ("[files.x]\nmode = '500'\n", "1:8", "names no paths"),
        ("[files.x]\npaths = []\nmode = '500'\n", "1:8", "names no paths"),
        ("[files.node-module]\nenabled = false\n", "1:8", "did you mean \"node-modules\""),
        ("[files.x]\npaths = ['/x']\nrequired = false\n", "1:8", "demands nothing"),
        ("[files.package-manifest]\nrequired = false\n", "1:8", "demands nothing"),
    ] {
        let error = error(text);
        assert!(error.contains(&format!("p.toml:{place}\n")), "{text}\n{error}");
        assert!(error.contains(message), "{text}\n{error}");
    }
}

#[test]
fn each_key_of_an_entry_is_checked_at_its_place() {
    for (line, column, message) in [
        ("pathes = ['/y']", 1, "did you mean \"paths\""),
        ("atmost = '440'", 1, "did you mean \"at-most\""),
        ("role = 'node-sever'", 8, "did you mean \"node-server\""),
        ("role = 'x'", 8, "The roles are agent, datastore, gunicorn-app"),
        ("role = ['node-server']", 8, "expected a string"),
        ("except = ['/y', 'y']", 17, "no absolute path"),
        ("except = ['/a/b**']", 11, "part of a name"),
        ("except = '/y'", 10, "expected a list of strings"),
        ("except = [1]", 11, "expected a string"),
        ("apply = 'folder'", 9, "did you mean \"folders\""),
        ("apply = 'directories'", 9, "There are files, folders, both"),
        ("apply = true", 9, "expected a string"),
        ("mode = 500", 8, "write it as text: \"500\""),
        ("at-most = 0o440", 11, "write it as text: \"440\""),
        ("mode = 9", 8, "write three or four octal digits"),
        ("mode = '589'", 8, "three or four octal digits"),
        ("mode = '50'", 8, "three or four octal digits"),
        ("mode = '00500'", 8, "three or four octal digits"),
        ("mode = '+50'", 8, "three or four octal digits"),
        ("mode = '0o500'", 8, "did you mean \"500\""),
        ("mode = 'r-x------'", 8, "three or four octal digits"),
        ("mode = true", 8, "expected three or four octal digits"),
        ("owner = -1", 9, "from 0 to 4294967295"),
        ("owner = true", 9, "a number, a name or \"runtime\""),
        ("owner = 'root:root'", 9, "owner and group are two keys"),
        ("group = ''", 9, "a number, a name or \"runtime\""),
        ("group = 4294967296", 9, "from 0 to 4294967295"),
        ("recursive = 'yes'", 13, "true or false"),
        ("required = 1", 12, "true or false"),
        ("enabled = 'no'", 11, "true or false"),
    ] {
        let error = error(&format!("{BEGUN}{line}\n"));
        assert!(error.contains(&format!("p.toml:3:{column}\n")), "{line}\n{error}");
        assert!(error.contains(message), "{line}\n{error}");
    }
    for (lines, column) in
        [("mode = '500'\nat-most = '500'", 1), ("at-most = '500'\n mode = '5'", 2)]
    {
        let error = error(&format!("{BEGUN}{lines}\n"));
        assert!(error.contains(&format!("p.toml:4:{column}\n")), "{error}");
        assert!(error.contains("never both"), "{error}");
    }
}

#[test]
fn a_path_with_everything_below_it_must_be_a_pattern_too() {
    let deep = "/a".repeat(31);
    let text = format!("[files.x]\npaths = ['{deep}']\nmode = '500'\n");
    assert!(Policy::parse("p.toml", &text).is_ok());
    let error = error(&format!("{text}recursive = true\n"));
    assert!(error.contains("p.toml:1:8\n") && error.contains("more than 31 names"), "{error}");
}

#[test]
fn more_patterns_than_a_walk_can_look_for_are_an_error() {
    let text = |count: usize| {
        let paths: Vec<String> = (0..count).map(|it| format!("'/x/{it}'")).collect();
        format!("name = 'x'\n[files.x]\nmode = '500'\npaths = [{}]\n", paths.join(", "))
    };
    let own = Policy::baseline().sought().len();
    assert_eq!(parse(&text(150 - own)).sought().len(), 150);
    let error = error(&text(151 - own));
    assert!(error.contains("p.toml:2:2\n") && error.contains("151 path patterns"), "{error}");
}

#[test]
fn the_files_of_demands_exceptions_and_parameters_are_sought_once_each() {
    const PARAMETERS: &[Parameter] = &[
        Parameter {
            name: "keys",
            about: "",
            shape: Shape::Patterns,
            default: &["/**/*.pem", "/run/x"],
            check: pattern::check,
        },
        Parameter {
            name: "users",
            about: "",
            shape: Shape::List,
            default: &["/no/pattern"],
            check: |_| Ok(()),
        },
    ];
    let rule = Box::leak(Box::new(Rule {
        id: "keys",
        title: "",
        severity: ALL[0].severity,
        targets: &[crate::model::target::Kind::Container],
        mends: &[],
        references: &[],
        parameters: PARAMETERS,
        doc: &[],
        judge: ALL[0].judge,
    }));
    let selected = Selected::unset(rule);
    let demand = Demand {
        paths: vec!["/run/x".to_owned(), "/app".to_owned()],
        except: vec!["/app/tmp".to_owned(), "/app".to_owned()],
        recursive: true,
        ..unstated("x")
    };
    let files = FilePolicy { roles: Vec::new(), demands: vec![demand] };
    let policy = Policy { rules: vec![selected], files: files.into(), ..Policy::baseline() };
    let wanted = ["/run/x", "/app", "/run/x/**", "/app/**", "/app/tmp", "/**/*.pem"];
    assert_eq!(policy.sought(), wanted);
}

#[test]
fn a_parameter_of_patterns_is_checked_as_patterns() {
    for rule in ALL {
        for parameter in rule.parameters.iter().filter(|it| it.shape == Shape::Patterns) {
            assert!((parameter.check)("no/path").is_err(), "{} {}", rule.id, parameter.name);
            for text in parameter.default {
                assert_eq!((parameter.check)(text), Ok(()), "{}", rule.id);
            }
        }
    }
}

#[test]
fn what_is_shipped_demands_this_and_no_more() {
    let policy = Policy::baseline();
    let shown: Vec<String> = policy
        .files
        .demands
        .iter()
        .map(|demand| {
            let Demand { name, role, apply, recursive, required, mode, owner, group, .. } = demand;
            let role = role.as_deref().unwrap_or("all");
            let mode = mode.map_or("-".to_owned(), |it| it.to_string());
            format!("{name} {role} {apply:?} {recursive} {required} {mode} {owner:?} {group:?}")
        })
        .collect();
    let wanted = [
        "app-data all Folders false false 755 Some(Runtime) None",
        "env-files all Files false false at most 640 None None",
        "nginx-configuration nginx-frontend Files false true 444 None None",
        "node-modules node-server Both true false 500 None None",
        "package-manifest node-server Files false true - None None",
        "secrets all Files false false at most 440 None None",
        "static-site static-site Both true false at most 755 Some(Name(\"root\")) None",
    ];
    assert_eq!(shown, wanted);
    for role in &policy.files.roles {
        let signs = [&role.programs, &role.images, &role.services];
        let is_empty = |it: &&Names| *it == &Names::default();
        assert!(!signs.iter().all(is_empty), "{} is recognised by nothing", role.name);
    }
    let known: Vec<&str> = policy.files.roles.iter().map(|role| role.name.as_str()).collect();
    let wanted = ["agent", "datastore", "gunicorn-app", "nginx-frontend", "node-server"];
    assert_eq!(known[..5], wanted);
    assert_eq!(known[5..], ["postgres", "python-backend", "redis", "static-site"]);
}

#[test]
fn the_shipped_patterns_fit_the_files_that_they_are_meant_for() {
    let policy = Policy::baseline();
    let patterns = |texts: Vec<String>| pattern::Patterns::new(texts).unwrap();
    for (name, path, is_meant) in [
        ("node-modules", "/app/node_modules", true),
        ("node-modules", "/app/node_modules/a/node_modules/b/index.js", true),
        ("node-modules", "/app/server.js", false),
        ("package-manifest", "/app/package.json", true),
        ("package-manifest", "/usr/src/app/package.json", true),
        ("package-manifest", "/app/node_modules/a/package.json", false),
        ("nginx-configuration", "/etc/nginx/nginx.conf", true),
        ("nginx-configuration", "/etc/nginx/conf.d/default.conf", true),
        ("nginx-configuration", "/etc/nginx/mime.types", false),
        ("app-data", "/app/logs", true),
        ("app-data", "/srv/app/uploads", true),
        ("app-data", "/app/logs/today.log", false),
        ("secrets", "/run/secrets/db", true),
        ("secrets", "/run/secrets", false),
        ("env-files", "/app/.env", true),
        ("env-files", "/.env.production", true),
        ("env-files", "/app/.env.example", false),
        ("env-files", "/app/.env.defaults", false),
        ("env-files", "/app/.environment", false),
        ("static-site", "/var/www/html", true),
        ("static-site", "/usr/share/nginx/html/js/app.js", true),
    ] {
        let demand = demand(&policy, name).unwrap();
        let (folder, last) = path.rsplit_once('/').unwrap();
        let fits = |patterns: pattern::Patterns| {
            let mut hits = Vec::new();
            patterns.names(last.as_bytes(), &mut hits);
            !patterns.at(folder.as_bytes()).fits(&hits).is_none()
        };
        let is_excepted = fits(patterns(demand.except.clone()));
        assert_eq!(fits(patterns(demand.patterns())) && !is_excepted, is_meant, "{name} {path}");
    }
}

#[test]
fn the_examples_in_the_documents_are_policies() {
    let documents = [include_str!("../../../docs/files.md"), include_str!("../../../README.md")];
    for document in documents {
        let examples: Vec<&str> = document
            .split("```toml\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next())
            .collect();
        assert!(!examples.is_empty());
        for example in examples {
            let parsed = Policy::parse("example.toml", example);
            assert!(parsed.is_ok(), "{}", parsed.unwrap_err());
        }
    }
}

#[test]
fn the_document_names_every_key() {
    let document = include_str!("../../../docs/files.md");
    for key in ROLE.iter().chain(&ENTRY) {
        let row = format!("\n| `{key}` |");
        assert!(document.contains(&row), "{key} has no row");
    }
}

#[test]
fn a_role_sets_the_parameters_of_rules_for_what_has_it() {
    let text = "[roles.node-server.rules.expected-uid]\nuids = [1000]\n";
    let policy = parse(text);
    let uids = |policy: &Policy| {
        let selected = policy
            .rules
            .iter()
            .find(|it| it.rule.parameters.iter().any(|it| it.name == "uids"))
            .unwrap();
        let of_roles = selected.by_role.iter();
        let of_roles = of_roles.map(|(place, set)| {
            (policy.files.roles[*place].name.clone(), set.list("uids").to_vec())
        });
        (selected.settings.list("uids").to_vec(), of_roles.collect::<Vec<_>>())
    };
    let of_node = |uid: &str| ("node-server".to_owned(), vec![uid.to_owned()]);
    assert_eq!(uids(&policy), (vec![], vec![of_node("1000")]));
    // In one file what holds for all gives way to what holds for a role, wherever it stands.
    let both = parse(&format!("{text}[rules.expected-uid]\nuids = [33]\n"));
    assert_eq!(uids(&both), (vec!["33".to_owned()], vec![of_node("1000")]));
    // A later file's word on all takes the place of an earlier file's on a role.
    let lay = |text: &str| super::super::laid::lay_over(policy.clone(), "q.toml", text).unwrap();
    let all = lay("[rules.expected-uid]\nuids = [33]\n");
    assert_eq!(uids(&all), (vec!["33".to_owned()], vec![]));
    let other = lay("[rules.expected-uid]\nseverity = 'low'\n");
    assert_eq!(uids(&other), (vec![], vec![of_node("1000")]));
    let back = lay("[roles.node-server.rules.expected-uid]\nuids = [1001]\n");
    assert_eq!(uids(&back), (vec![], vec![of_node("1001")]));
}
