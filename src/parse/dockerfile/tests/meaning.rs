//! What instructions do to the image.

use serde_json::{Value, json};

use super::*;

fn config(text: &str) -> Value {
    let built = built(text);
    assert_eq!(built.unknown, BTreeMap::new(), "{text}");
    built.config
}

#[test]
fn the_last_stage_is_shipped_or_the_one_that_is_named() {
    let text = "FROM a AS Build\nUSER one\nFROM b AS test\nUSER two\nFROM c\nUSER three\n";
    let user = |target| {
        let built = shipped(&read(text), target, &args(&[])).unwrap();
        (built.base.unwrap().name.unwrap(), built.config["User"].clone())
    };
    assert_eq!(user(None), ("c".into(), json!("three")));
    assert_eq!(user(Some("build")), ("a".into(), json!("one")));
    assert_eq!(user(Some("TEST")), ("b".into(), json!("two")));
}

#[test]
fn a_target_that_is_not_there_is_wrong_with_the_nearest_one() {
    let wrong = shipped(&read("FROM a AS runtime"), Some("runtme"), &args(&[])).unwrap_err();
    assert_eq!(wrong.what, "no stage is named \"runtme\"");
    assert_eq!(wrong.help, "write runtime");
}

#[test]
fn without_a_from_there_is_nothing_to_ship() {
    let wrong = |text| shipped(&read(text), None, &args(&[])).unwrap_err().what;
    assert_eq!(wrong(""), "there is no FROM");
    assert_eq!(wrong("# only a comment\n"), "there is no FROM");
    assert_eq!(wrong("USER a\n"), "USER stands before the first FROM");
    assert_eq!(wrong("FROM\n"), "FROM names no image");
    assert_eq!(wrong("FROM ${X:-}\n"), "FROM names no image");
}

#[test]
fn a_base_without_a_value_is_not_known() {
    let base = built("ARG IMAGE\nFROM $IMAGE\n").base.unwrap();
    assert_eq!(base.name, Err("$IMAGE has no value".to_owned()));
    assert_eq!(base.place, Place { line: 2, column: 6, length: 6 });
}

#[test]
fn scratch_is_no_image() {
    assert_eq!(built("FROM scratch\n").base, None);
    assert_eq!(built("FROM scratch AS x\nFROM x\n").base, None);
}

#[test]
fn a_stage_rests_on_an_earlier_one_of_that_name_and_never_on_a_later_or_on_itself() {
    let text =
        "FROM debian AS base\nENV A=1\nUSER app\nFROM other AS x\nUSER x\nFROM base\nENV B=2\n";
    let built = built(text);
    assert_eq!(built.base.unwrap().name.unwrap(), "debian");
    assert_eq!(built.config, json!({"Env": ["A=1", "B=2"], "User": "app"}));
    assert_eq!(built.places["/User"].line, 3);
    let itself = super::built("FROM base AS base\n").base.unwrap();
    assert_eq!(itself.name.unwrap(), "base");
    let text = "FROM next AS first\nFROM a AS next\n";
    let later = shipped(&read(text), Some("first"), &args(&[])).unwrap();
    assert_eq!(later.base.unwrap().name.unwrap(), "next");
}

#[test]
fn of_two_stages_of_one_name_the_later_counts() {
    let text = "FROM a AS x\nFROM b AS x\nFROM x\n";
    assert_eq!(built(text).base.unwrap().name.unwrap(), "b");
}

#[test]
fn a_dockerfile_sets_only_what_it_writes() {
    assert_eq!(config("FROM a\nCOPY . .\nRUN id\nMAINTAINER me\n"), json!({}));
}

#[test]
fn each_value_has_the_place_that_set_it() {
    let text = "FROM a\nUSER one\nENV A=1 B=2\nENV A=3\nEXPOSE 80 53/udp\nLABEL a/b=c\n\
                VOLUME /data\nWORKDIR /app\nSTOPSIGNAL SIGINT\nUSER  two\n";
    let built = built(text);
    let config = json!({
        "User": "two", "Env": ["A=3", "B=2"], "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        "Labels": {"a/b": "c"}, "Volumes": {"/data": {}}, "WorkingDir": "/app",
        "StopSignal": "SIGINT",
    });
    assert_eq!(built.config, config);
    let places: Vec<_> =
        built.places.iter().map(|(it, place)| (&**it, excerpt(text, *place))).collect();
    let expected = [
        ("/Env/0", "A=3"),
        ("/Env/1", "B=2"),
        ("/ExposedPorts/53~1udp", "53/udp"),
        ("/ExposedPorts/80~1tcp", "80"),
        ("/Labels/a~1b", "a/b=c"),
        ("/StopSignal", "SIGINT"),
        ("/User", "two"),
        ("/Volumes/~1data", "/data"),
        ("/WorkingDir", "/app"),
    ];
    assert_eq!(places, expected.map(|(it, text)| (it, text.to_owned())));
    for pointer in built.places.keys() {
        assert!(config.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn env_has_an_old_form_and_loses_its_quotes() {
    let text =
        "FROM a\nENV ONE two = three\nENV NAME=\"John Doe\" DOG=Rex\\ The\\ Dog CAT=fluffy\n";
    assert_eq!(
        config(text)["Env"],
        json!(["ONE=two = three", "NAME=John Doe", "DOG=Rex The Dog", "CAT=fluffy"])
    );
}

#[test]
fn a_variable_that_nobody_can_tell_stands_by_its_name_alone() {
    let built = built("FROM a\nENV A=1 B=$X C=3\n");
    assert_eq!(built.config["Env"], json!(["A=1", "B", "C=3"]));
    assert_eq!(built.unknown.keys().collect::<Vec<_>>(), ["/Env/1"]);
    assert_eq!(built.places["/Env/1"], Place { line: 2, column: 9, length: 4 });
}

#[test]
fn user_and_stopsignal_take_variables() {
    let text = "FROM a\nENV U=app S=SIGQUIT\nUSER ${U}:\"$U\"\nSTOPSIGNAL $S\n";
    let config = config(text);
    assert_eq!((&config["User"], &config["StopSignal"]), (&json!("app:app"), &json!("SIGQUIT")));
    let odd = built("FROM a\nSTOPSIGNAL SIGNONE\n");
    assert_eq!(odd.unknown["/StopSignal"], "\"SIGNONE\" is no signal");
}

#[test]
fn expose_takes_ranges_protocols_and_variables() {
    let text = "FROM a\nENV P=\"8080 9090/udp\"\nEXPOSE 1-3 4/TCP 127.0.0.1:80:5/sctp $P\n";
    let config = config(text);
    let ports: Vec<_> = config["ExposedPorts"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(ports, ["1/tcp", "2/tcp", "3/tcp", "4/tcp", "5/sctp", "8080/tcp", "9090/udp"]);
    for odd in ["http", "3-1", "70000", "80/http", "-1", "1-2-3"] {
        let built = built(&format!("FROM a\nEXPOSE 80 {odd}\n"));
        assert_eq!(built.unknown["/ExposedPorts"], format!("{odd:?} is no port"));
        assert_eq!(built.config["ExposedPorts"], json!({"80/tcp": {}}));
    }
}

#[test]
fn workdir_is_joined_to_the_one_before_it() {
    assert_eq!(config("FROM scratch\nWORKDIR a\nWORKDIR ../b/./c/\n")["WorkingDir"], "/b/c");
    assert_eq!(config("FROM x\nWORKDIR /a\nWORKDIR b\nWORKDIR c\n")["WorkingDir"], "/a/b/c");
    assert_eq!(config("FROM x\nENV D=/p\nWORKDIR $D/q\n")["WorkingDir"], "/p/q");
    let relative = built("FROM x\nWORKDIR app\nWORKDIR src\n");
    assert_eq!(relative.unknown["/WorkingDir"], "\"app\" begins at the base image's folder");
}

#[test]
fn volumes_are_words_or_json() {
    let text = "FROM a\nENV D=data\nVOLUME /$D /b\nVOLUME [\"/c d\"]\n";
    assert_eq!(config(text)["Volumes"], json!({"/data": {}, "/b": {}, "/c d": {}}));
}

#[test]
fn the_shell_form_is_run_by_the_shell() {
    let text = "FROM a\nCMD  echo $HOME && \\\n  id \n";
    assert_eq!(config(text)["Cmd"], json!(["/bin/sh", "-c", "echo $HOME &&   id"]));
    let text = "FROM a\nSHELL [\"/bin/bash\", \"-eo\", \"pipefail\", \"-c\"]\nENTRYPOINT run\n";
    assert_eq!(config(text)["Entrypoint"], json!(["/bin/bash", "-eo", "pipefail", "-c", "run"]));
    assert_eq!(config("FROM a\nCMD ['x']\n")["Cmd"], json!(["/bin/sh", "-c", "['x']"]));
}

#[test]
fn the_exec_form_is_taken_as_it_is() {
    let text = "FROM a\nENTRYPOINT [\"/app\", \"$HOME\"]\nCMD [\"--serve\"]\n";
    assert_eq!(config(text), json!({"Entrypoint": ["/app", "$HOME"], "Cmd": ["--serve"]}));
}

#[test]
fn an_entrypoint_clears_the_command_that_the_base_has() {
    let text = "FROM a\nENTRYPOINT [\"/app\"]\n";
    let built = built(text);
    assert_eq!(built.config, json!({"Entrypoint": ["/app"], "Cmd": null}));
    assert_eq!(excerpt(text, built.places["/Cmd"]), "[\"/app\"]");
}

#[test]
fn an_entrypoint_clears_the_command_of_an_earlier_stage_and_not_that_of_its_own() {
    let own = "FROM a\nCMD [\"x\"]\nENTRYPOINT [\"/app\"]\n";
    assert_eq!(config(own), json!({"Entrypoint": ["/app"], "Cmd": ["x"]}));
    let earlier = "FROM a AS b\nCMD [\"x\"]\nFROM b\nENTRYPOINT [\"/app\"]\n";
    assert_eq!(config(earlier), json!({"Entrypoint": ["/app"], "Cmd": null}));
    let after = "FROM a AS b\nENTRYPOINT [\"/app\"]\nFROM b\nCMD [\"x\"]\n";
    assert_eq!(config(after), json!({"Entrypoint": ["/app"], "Cmd": ["x"]}));
}

#[test]
fn an_empty_entrypoint_takes_away_what_the_base_has() {
    assert_eq!(config("FROM a\nENTRYPOINT []\n"), json!({"Entrypoint": [], "Cmd": null}));
}

#[test]
fn a_health_check_has_its_times_in_nanoseconds_where_they_are_written() {
    let text = "FROM a\nHEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=0s \\\n  \
                --start-interval=500ms --retries=2 CMD curl -f http://localhost/ || exit 1\n";
    let built = built(text);
    assert_eq!(
        built.config["Healthcheck"],
        json!({
            "Test": ["CMD-SHELL", "curl -f http://localhost/ || exit 1"],
            "Interval": 90_000_000_000_i64, "Timeout": 1_500_000_000_i64,
            "StartInterval": 500_000_000, "Retries": 2,
        })
    );
    assert_eq!(excerpt(text, built.places["/Healthcheck/Retries"]), "--retries=2");
    assert_eq!(excerpt(text, built.places["/Healthcheck"]).get(..8), Some("CMD curl"));
    let plain = config("FROM a\nHEALTHCHECK CMD [\"/check\", \"-q\"]\n");
    assert_eq!(plain["Healthcheck"], json!({"Test": ["CMD", "/check", "-q"]}));
}

#[test]
fn healthcheck_none_takes_the_bases_away_and_the_last_one_counts() {
    let text = "FROM a\nHEALTHCHECK CMD x\nHEALTHCHECK NONE\n";
    assert_eq!(config(text)["Healthcheck"], json!({"Test": ["NONE"]}));
    let text = "FROM a\nHEALTHCHECK NONE\nHEALTHCHECK --retries=1 CMD x\n";
    assert_eq!(config(text)["Healthcheck"]["Retries"], 1);
}

#[test]
fn a_health_check_that_no_builder_takes_is_not_known() {
    let built = built("FROM a\nHEALTHCHECK --interval=soon CMD x\n");
    assert_eq!(built.unknown["/Healthcheck"], "\"soon\" is no duration");
    assert_eq!(built.config, json!({}));
    assert_eq!(built.places.keys().collect::<Vec<_>>(), ["/Healthcheck"]);
}

#[test]
fn labels_take_variables_and_the_last_of_a_key_counts() {
    let text = "FROM a\nENV V=1\nLABEL version=\"$V\" other='$V' \"a b\"=c\nLABEL other=2\n";
    assert_eq!(config(text)["Labels"], json!({"version": "1", "other": "2", "a b": "c"}));
    let open = built("FROM scratch\nLABEL a=$X b=1\n");
    assert_eq!(open.config["Labels"], json!({"b": "1"}));
    assert_eq!(open.unknown["/Labels/a"], "$X has no value");
}

#[test]
fn onbuild_does_nothing_to_its_own_image_and_comes_first_in_a_stage_on_top() {
    let text = "FROM a AS base\nONBUILD USER built\nONBUILD ENV A=1\nUSER base\n";
    assert_eq!(config(text), json!({"User": "base"}));
    let on_top = format!("{text}FROM base\nENV B=$A\n");
    assert_eq!(config(&on_top), json!({"User": "built", "Env": ["A=1", "B=1"]}));
    let twice = format!("{text}FROM base AS mid\nUSER mid\nFROM mid\n");
    assert_eq!(config(&twice)["User"], "mid");
}

#[test]
fn an_instruction_that_nobody_knows_changes_nothing() {
    assert_eq!(built("FROM a\nUSERS root\nUSER app\n").config, json!({"User": "app"}));
}
