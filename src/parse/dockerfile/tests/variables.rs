//! Which variables are seen where, and what words become.

use super::*;

/// A word with `A=a`, `E` empty, `U` untold, `B` left to the base image.
fn word(text: &str) -> Result<String, String> {
    expand(text, '\\', |name| match name {
        "A" => Known::Value("a"),
        "E" => Known::Value(""),
        "U" => Known::Untold("nobody knows U"),
        "B" => Known::Below,
        _ => Known::Unset,
    })
}

#[test]
fn variables_are_filled_in() {
    for (text, expected) in [
        ("plain", "plain"),
        ("$A", "a"),
        ("${A}b", "ab"),
        ("x$A/y", "xa/y"),
        ("\\$A", "$A"),
        ("\\${A}", "${A}"),
        ("'$A'", "$A"),
        ("\"$A\"", "a"),
        ("\"\\$A \\x \\\"\"", "$A \\x \""),
        ("a\\ b", "a b"),
        ("100$", "100$"),
        ("$ A", "$ A"),
        ("${X:-d}", "d"),
        ("${X-d}", "d"),
        ("${E:-d}", "d"),
        ("${E-d}", ""),
        ("${A:-d}", "a"),
        ("${A:-$X}", "a"),
        ("${A:-$U}", "a"),
        ("${A:+b}", "b"),
        ("${X:+b}", ""),
        ("${E:+b}", ""),
        ("${E+b}", "b"),
        ("${A:?no}", "a"),
        ("${X:-${Y:-${A}}}", "a"),
        ("${X:-\"a } b\"}", "a } b"),
        ("${X:-a\\}b}", "a}b"),
    ] {
        assert_eq!(word(text), Ok(expected.to_owned()), "{text}");
    }
}

#[test]
fn what_nobody_can_tell_says_why() {
    for (text, why) in [
        ("$X", "$X has no value"),
        ("a${X}b", "$X has no value"),
        ("$B", "$B has no value here; the base image may set it"),
        ("${B:-d}", "$B has no value here; the base image may set it"),
        ("${B:+d}", "$B has no value here; the base image may set it"),
        ("$U", "nobody knows U"),
        ("${U:-d}", "nobody knows U"),
        ("${X:?set X}", "$X: \"set X\""),
        ("${X:?}", "$X has no value"),
        ("${A%%.*}", "$A with % is not worked out"),
        ("${", "a ${ has no name"),
        ("${}", "a ${ has no name"),
        ("${A", "$A is followed by neither } nor an operator"),
        ("${A^^}", "$A is followed by neither } nor an operator"),
        ("${A:-b", "a ${ has no }"),
        ("'a", "a single quote is not closed"),
        ("\"a", "a double quote is not closed"),
    ] {
        assert_eq!(word(text), Err(why.to_owned()), "{text}");
    }
}

#[test]
fn a_global_argument_is_seen_by_from_and_in_a_stage_that_names_it() {
    let text = "ARG V=3.20\nFROM alpine:${V}\nARG W=1\nUSER ${V:-hidden}\n";
    let hidden = shipped_on(&read(text), None, &args(&[]), &BTreeMap::new()).unwrap();
    assert_eq!(hidden.base.unwrap().name.unwrap(), "alpine:3.20");
    assert_eq!(hidden.config["User"], "hidden");
    let text = "ARG V=3.20\nFROM alpine\nARG V\nUSER $V\n";
    assert_eq!(built(text).config["User"], "3.20");
    let text = "ARG V=3.20\nFROM alpine\nARG V=own\nUSER $V\n";
    assert_eq!(built(text).config["User"], "own");
}

#[test]
fn an_argument_of_a_stage_is_seen_from_its_line_on_and_in_stages_that_rest_on_it() {
    let text = "FROM scratch AS one\nUSER ${U:-early}\nARG U=late\nFROM one\nWORKDIR /$U\n";
    let built = built(text);
    assert_eq!(built.config["User"], "early");
    assert_eq!(built.config["WorkingDir"], "/late");
    let apart = "FROM scratch AS one\nARG U=late\nFROM scratch\nUSER $U\n";
    let apart = super::built(apart);
    assert_eq!(apart.unknown["/User"], "$U has no value");
}

#[test]
fn a_build_argument_overrules_the_default() {
    let text = "ARG V=1\nFROM a:$V\nARG U=app\nUSER $U\n";
    let given = args(&[("V", Some("2")), ("U", Some("other"))]);
    let built = shipped(&read(text), None, &given).unwrap();
    assert_eq!(built.base.unwrap().name.unwrap(), "a:2");
    assert_eq!(built.config["User"], "other");
    let untold = shipped(&read(text), None, &args(&[("U", None)])).unwrap();
    assert_eq!(untold.unknown["/User"], "the value of the build argument U is not known");
    assert_eq!(untold.config.get("User"), None);
}

#[test]
fn a_build_argument_that_no_arg_declares_is_not_seen() {
    let given = args(&[("U", Some("root"))]);
    let built = shipped(&read("FROM scratch\nUSER $U\n"), None, &given).unwrap();
    assert_eq!(built.unknown["/User"], "$U has no value");
}

#[test]
fn env_beats_an_argument_of_the_same_name() {
    let text = "FROM a\nARG U=arg\nENV U=env\nUSER $U\n";
    let given = args(&[("U", Some("given"))]);
    assert_eq!(shipped(&read(text), None, &given).unwrap().config["User"], "env");
    let keeps = "FROM a\nARG V\nENV V=${V:-v1}\nUSER $V\n";
    assert_eq!(
        shipped(&read(keeps), None, &args(&[("V", Some("v2"))])).unwrap().config["User"],
        "v2"
    );
}

#[test]
fn where_builders_differ_nothing_is_told() {
    let text = "FROM a\nENV U=env\nARG U=arg\nUSER $U\n";
    assert_eq!(built(text).unknown["/User"], "builders differ where ENV and then ARG set U");
    let bare = "FROM a\nENV U=env\nARG U\nUSER $U\n";
    assert_eq!(built(bare).config["User"], "env");
}

#[test]
fn the_pairs_of_one_env_see_what_was_before_it() {
    let text = "FROM a\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc\n";
    assert_eq!(built(text).config["Env"], serde_json::json!(["abc=bye", "def=hello", "ghi=bye"]));
}

#[test]
fn arguments_of_the_platform_are_not_known_unless_given() {
    let text = "FROM --platform=$BUILDPLATFORM a-$TARGETARCH\nARG TARGETARCH\nUSER $TARGETARCH\n";
    let built = built(text);
    let base = built.base.unwrap();
    let why = "$TARGETARCH depends on what the build is for".to_owned();
    assert_eq!(base.name, Err(why.clone()));
    assert_eq!(base.platform, Some(Err("$BUILDPLATFORM depends on what the build is for".into())));
    assert_eq!(built.unknown["/User"], why);
    let given = args(&[("TARGETARCH", Some("arm64"))]);
    let built = shipped(&read(text), None, &given).unwrap();
    assert_eq!(built.base.unwrap().name.unwrap(), "a-arm64");
    assert_eq!(built.config["User"], "arm64");
}

#[test]
fn what_the_base_image_may_set_is_not_known_until_it_is_told() {
    let text = "FROM a\nUSER ${APP:-root}\n";
    assert_eq!(built(text).unknown["/User"], "$APP has no value here; the base image may set it");
    let environment = BTreeMap::from([("APP".to_owned(), "app".to_owned())]);
    let on = shipped_on(&read(text), None, &args(&[]), &environment).unwrap();
    assert_eq!(on.config["User"], "app");
    let on = shipped_on(&read(text), None, &args(&[]), &BTreeMap::new()).unwrap();
    assert_eq!(on.config["User"], "root");
}

#[test]
fn scratch_has_the_path_that_builders_give_it() {
    let text = "FROM scratch\nENV PATH=/app/bin:$PATH\n";
    let env = &built(text).config["Env"][0];
    assert!(env.as_str().unwrap().starts_with("PATH=/app/bin:/usr/local/sbin:"), "{env}");
}
