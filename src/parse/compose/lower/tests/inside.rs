//! What of a service concerns the process, where the image has a word too.

use super::*;

/// Path and arguments, for what the image and the service say.
fn started(image_says: Json, service: Json) -> Json {
    let draft = web(service, &image(image_says));
    json!([at(&draft, "/Path"), at(&draft, "/Args")])
}

#[test]
fn the_command_is_what_compose_and_engine_make_of_file_and_image() {
    let shipped = || json!({"Entrypoint": ["/init", "-x"], "Cmd": ["serve"]});
    for (service, path, args) in [
        (json!({}), "/init", json!(["-x", "serve"])),
        (json!({"command": ["other", "a b"]}), "/init", json!(["-x", "other", "a b"])),
        (json!({"command": "other 'a b'"}), "/init", json!(["-x", "other", "a b"])),
        // An entrypoint of one's own comes without the image's command.
        (json!({"entrypoint": ["/my"]}), "/my", json!([])),
        (json!({"entrypoint": "/my one"}), "/my", json!(["one"])),
        (json!({"entrypoint": ["/my"], "command": ["a"]}), "/my", json!(["a"])),
        // An empty one takes the image's away, and leaves its command.
        (json!({"entrypoint": []}), "serve", json!([])),
        (json!({"entrypoint": ""}), "serve", json!([])),
        (json!({"entrypoint": [], "command": ["run", "it"]}), "run", json!(["it"])),
        // The engine has no empty command: the image's it is.
        (json!({"command": []}), "/init", json!(["-x", "serve"])),
        (json!({"command": null}), "/init", json!(["-x", "serve"])),
        (json!({"command": "a && b"}), "/init", json!(["-x", "a"])),
    ] {
        assert_eq!(started(shipped(), service.clone()), json!([path, args]), "{service}");
    }
    assert_eq!(started(json!({}), json!({})), json!(["", []]));
}

#[test]
fn of_an_unknown_image_only_the_files_own_words_are_known() {
    for (service, path, args) in [
        (json!({}), json!("(not collected)"), json!("(not collected)")),
        (json!({"command": ["a"]}), json!("(not collected)"), json!("(not collected)")),
        (json!({"entrypoint": ["/my", "a"]}), json!("/my"), json!(["a"])),
        (json!({"entrypoint": ["/my"], "command": "b c"}), json!("/my"), json!(["b", "c"])),
        (json!({"entrypoint": ["/my", "${X}"]}), json!("/my"), json!("(not set)")),
        (json!({"entrypoint": "${X}"}), json!("(not set)"), json!("(not set)")),
        (json!({"entrypoint": "'"}), json!("(malformed)"), json!("(malformed)")),
    ] {
        let draft = web(service.clone(), &unknown());
        assert_eq!((at(&draft, "/Path"), at(&draft, "/Args")), (path, args), "{service}");
    }
}

#[test]
fn what_an_image_can_change_is_a_gap_where_the_image_is_unknown() {
    let draft = web(json!({"image": "nginx"}), &unknown());
    let gaps: Vec<&str> = draft.gaps.keys().map(String::as_str).collect();
    assert_eq!(
        gaps,
        [
            "/Args",
            "/Config/Cmd",
            "/Config/Entrypoint",
            "/Config/Env/-",
            "/Config/ExposedPorts/-",
            "/Config/Healthcheck",
            "/Config/Labels/-",
            "/Config/StopSignal",
            "/Config/User",
            "/Config/Volumes",
            "/Config/WorkingDir",
            "/Image",
            "/Path",
        ]
    );
    let known = json!({
        "user": "1000", "stop_signal": "SIGQUIT", "working_dir": "/a", "environment": ["A=1"],
        "entrypoint": ["/e"], "healthcheck": {"disable": true}, "labels": {"a": "b"},
    });
    let draft = web(known, &unknown());
    for (pointer, expected) in [
        ("/Config/User", json!("1000")),
        ("/Config/StopSignal", json!("SIGQUIT")),
        ("/Config/WorkingDir", json!("/a")),
        ("/Config/Env/0", json!("A=1")),
        ("/Config/Env", json!("(not collected)")),
        ("/Config/Labels/a", json!("b")),
        ("/Config/Healthcheck/Test", json!(["NONE"])),
        ("/Config/Cmd", Json::Null),
    ] {
        assert_eq!(at(&draft, pointer), expected, "{pointer}");
    }
}

#[test]
fn what_the_file_does_not_say_is_the_images_word() {
    let shipped = image(json!({
        "User": "app", "StopSignal": "SIGINT", "WorkingDir": "/app",
        "ExposedPorts": {"80/tcp": {}}, "Labels": {"a": "image", "b": "image"},
    }));
    for (service, pointer, expected) in [
        (json!({}), "/Config/User", json!("app")),
        (json!({"user": ""}), "/Config/User", json!("app")),
        (json!({"user": 0}), "/Config/User", json!("0")),
        (json!({"user": "root:root"}), "/Config/User", json!("root:root")),
        (json!({"user": "${U}"}), "/Config/User", json!("(not set)")),
        (json!({}), "/Config/StopSignal", json!("SIGINT")),
        (json!({"stop_signal": "SIGTERM"}), "/Config/StopSignal", json!("SIGTERM")),
        (json!({}), "/Config/WorkingDir", json!("/app")),
        (json!({"expose": [3000]}), "/Config/ExposedPorts", json!({"3000/tcp": {}, "80/tcp": {}})),
        (
            json!({"labels": ["a=own", "c"]}),
            "/Config/Labels",
            json!({
                "a": "own", "b": "image", "c": "",
                "com.docker.compose.project": "shop", "com.docker.compose.service": "web",
            }),
        ),
    ] {
        let draft = web(service.clone(), &shipped);
        assert_eq!(at(&draft, pointer), expected, "{service}");
    }
}

#[test]
fn variables_of_the_file_go_before_those_of_the_image() {
    let sealed = json!({"name": "PATH", "value": {"length": 9}});
    let shipped = image(json!({"Env": ["A=image", "B=image", sealed.clone()]}));
    let draft = web(json!({"environment": {"A": "own", "C": 1, "E": ""}}), &shipped);
    assert_eq!(at(&draft, "/Config/Env"), json!(["A=own", "C=1", "E=", "B=image", sealed]));
    let draft = web(json!({"environment": ["PATH=/mine"]}), &shipped);
    assert_eq!(at(&draft, "/Config/Env"), json!(["PATH=/mine", "A=image", "B=image"]));
}

#[test]
fn a_variable_without_a_value_is_somebody_elses() {
    let draft = web(json!({"environment": ["A=1", "HANDED_ON", "B=${X}"]}), &bare());
    assert_eq!(at(&draft, "/Config/Env/0"), "A=1");
    assert_eq!(draft.gaps["/Config/Env/1"].detail, "shop/compose.yaml:6:1: HANDED_ON is not set");
    assert_eq!(at(&draft, "/Config/Env"), "(not set)");
    let draft = web(json!({"environment": {"B": "${X}"}}), &bare());
    let gap = &draft.gaps["/Config/Env/0"];
    assert_eq!(gap.reason, Reason::Unset);
    assert!(gap.detail.ends_with(": X is not set"), "{}", gap.detail);
    assert!(gap.remedy.contains("${X:-…}"), "{}", gap.remedy);
}

#[test]
fn what_a_file_that_nobody_could_read_would_add_is_unknown() {
    let mut project = project(&json!({"services": {"web": {"environment": ["A=1"]}, "db": {}}}));
    let fault = crate::parse::compose::Fault {
        file: PathBuf::from("a.env"),
        at: None,
        what: "there is no such file".to_owned(),
        help: "write it, or say required: false".to_owned(),
        line: String::new(),
    };
    project.unread.push(("web".to_owned(), fault));
    let draft = lower(&project, "web", &bare());
    assert_eq!(at(&draft, "/Config/Env/0"), "A=1");
    assert_eq!(draft.gap("/Config/Env").unwrap().detail, "a.env: there is no such file");
    assert!(draft.gap("/Config/Labels").is_some());
    assert_eq!(lower(&project, "db", &bare()).gaps, [].into());
}

#[test]
fn a_health_check_is_merged_field_by_field() {
    let nanoseconds = |seconds: i64| json!(seconds * 1_000_000_000);
    let shipped = image(json!({"Healthcheck": {
        "Test": ["CMD", "ping"], "Interval": nanoseconds(30), "Retries": 3
    }}));
    for (service, expected) in [
        (json!({}), json!({"Test": ["CMD", "ping"], "Interval": nanoseconds(30), "Retries": 3})),
        (
            json!({"healthcheck": {"interval": "5s", "timeout": "2s"}}),
            json!({
                "Test": ["CMD", "ping"], "Interval": nanoseconds(5), "Timeout": nanoseconds(2),
                "Retries": 3
            }),
        ),
        (
            json!({"healthcheck": {
                "test": "curl -f http://localhost || exit 1", "retries": 5,
                "start_period": "1m", "start_interval": "1s"
            }}),
            json!({
                "Test": ["CMD-SHELL", "curl -f http://localhost || exit 1"],
                "Interval": nanoseconds(30), "Retries": 5,
                "StartPeriod": nanoseconds(60), "StartInterval": nanoseconds(1)
            }),
        ),
        (json!({"healthcheck": {"disable": true}}), json!({"Test": ["NONE"]})),
        (json!({"healthcheck": {"test": ["NONE"]}}), json!({"Test": ["NONE"]})),
        (
            json!({"healthcheck": {"test": []}}),
            json!({"Test": ["CMD", "ping"], "Interval": nanoseconds(30), "Retries": 3}),
        ),
        // A text is for a shell, whatever it says.
        (
            json!({"healthcheck": {"test": "NONE", "interval": "1s", "retries": 1}}),
            json!({"Test": ["CMD-SHELL", "NONE"], "Interval": nanoseconds(1), "Retries": 1}),
        ),
    ] {
        let draft = web(service.clone(), &shipped);
        assert_eq!(at(&draft, "/Config/Healthcheck"), expected, "{service}");
    }
}

#[test]
fn of_an_unknown_image_the_rest_of_a_health_check_is_unknown() {
    let draft = web(json!({"healthcheck": {"test": ["CMD", "x"], "interval": "5s"}}), &unknown());
    assert_eq!(at(&draft, "/Config/Healthcheck/Test"), json!(["CMD", "x"]));
    assert_eq!(at(&draft, "/Config/Healthcheck/Interval"), json!(5_000_000_000_i64));
    assert_eq!(at(&draft, "/Config/Healthcheck/Retries"), "(not collected)");
    let draft = web(json!({"healthcheck": {"disable": "${OFF}"}}), &bare());
    assert_eq!(at(&draft, "/Config/Healthcheck/Test"), "(not set)");
}

#[test]
fn hooks_stand_apart_with_whoever_runs_them() {
    let draft = web(
        json!({
            "post_start": [{"command": "a", "user": "root"}, {"command": "b"}],
            "pre_stop": [{"command": ["c"], "privileged": true, "user": ""}, "${HOOK}"],
        }),
        &bare(),
    );
    let hook = |when: &str, user: Json, mode: bool| json!({"When": when, "User": user, "Privileged": mode});
    assert_eq!(at(&draft, "/Hooks/0"), hook("post_start", json!("root"), false));
    assert_eq!(at(&draft, "/Hooks/1"), hook("post_start", Json::Null, false));
    assert_eq!(at(&draft, "/Hooks/2"), hook("pre_stop", Json::Null, true));
    assert_eq!(at(&draft, "/Hooks/3"), json!("(not set)"));
    assert_eq!(draft.origins["/Hooks/0/User"].key.raw(), "post_start.user");
    assert_eq!(draft.origins["/Hooks/2/Privileged"].key.raw(), "pre_stop.privileged");
    let draft = web(json!({"post_start": "${HOOKS}"}), &bare());
    assert_eq!(at(&draft, "/Hooks/0"), json!("(not set)"));
    assert_eq!(web(json!({}), &bare()).document.get("Hooks"), None);
}
