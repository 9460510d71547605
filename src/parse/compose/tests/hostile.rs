//! Files that are made to cost much: refused at their place. What that takes is
//! told by the clock of `tests/hermetic`; without the limits these would not end.

use proptest::collection::vec;
use proptest::sample::select;
use proptest::strategy::Strategy;

use super::*;

fn refused_alone(text: &str) -> Fault {
    fault(&[("/p/compose.yaml", text)])
}

#[test]
fn a_bomb_of_aliases_is_refused_at_the_alias() {
    let mut text = "x0: &x0 [a, a, a, a, a, a, a, a, a]\n".to_owned();
    for place in 1..20 {
        let alias = format!("*x{}", place - 1);
        text.push_str(&format!("x{place}: &x{place} [{}]\n", [alias.as_str(); 9].join(", ")));
    }
    let fault = refused_alone(&text);
    assert!(fault.what.contains("too many values"), "{fault}");
    assert!(fault.at.unwrap().0 > 3);
}

#[test]
fn a_bomb_of_merge_keys_is_refused() {
    let mut text = "x0: &x0 {a: [b, b, b, b, b, b, b, b]}\n".to_owned();
    for place in 1..30 {
        let before = place - 1;
        text.push_str(&format!(
            "x{place}: &x{place} {{<<: [*x{before}, *x{before}], k{place}: *x{before}}}\n"
        ));
    }
    refused_alone(&text);
}

#[test]
fn depth_is_refused_however_it_is_reached() {
    let deep = 10_000;
    for text in [
        format!("a: {}{}", "[".repeat(deep), "]".repeat(deep)),
        "a: ".to_owned() + &"{a: ".repeat(deep),
        "- ".repeat(deep),
        (0..300).map(|it| format!("{}a:\n", " ".repeat(it))).collect(),
    ] {
        let fault = refused_alone(&text);
        assert!(fault.what.contains("more than 128 deep"), "{fault}");
    }
    // Shallow values that aliases pile up.
    let mut text = format!("x0: &x0 {}{}\n", "[".repeat(100), "]".repeat(100));
    for place in 1..50 {
        let (open, close) = ("[".repeat(100), "]".repeat(100));
        text.push_str(&format!("x{place}: &x{place} {open}*x{}{close}\n", place - 1));
    }
    assert!(refused_alone(&text).what.contains("more than 128 deep"));
}

#[test]
fn a_value_that_holds_itself_is_refused() {
    let fault = refused_alone("a: &a {b: *a}\n");
    assert!(fault.what.contains("that it is a part of"), "{fault}");
    assert_eq!(fault.at, Some((1, 11, 2)));
}

#[test]
fn a_large_file_is_refused_before_it_is_parsed() {
    let text = "# ".to_owned() + &"x".repeat(100 * 1024 * 1024);
    let fault = refused_alone(&text);
    assert!(fault.what.contains("10 MB"), "{fault}");
}

#[test]
fn a_long_chain_of_extends_is_refused() {
    let mut text = "services:\n  s0: {image: a}\n".to_owned();
    for place in 1..5000 {
        text.push_str(&format!("  s{place}: {{extends: {{service: s{}}}}}\n", place + 1));
    }
    assert!(refused_alone(&text).what.contains("in a chain"));
}

#[test]
fn extends_that_multiply_are_refused() {
    let items = vec!["x"; 1000].join(", ");
    let mut text = format!("services:\n  base: {{security_opt: [{items}]}}\n");
    for place in 0..3000 {
        text.push_str(&format!("  s{place}: {{extends: {{service: base}}}}\n"));
    }
    assert!(refused_alone(&text).what.contains("100000 values"));
}

#[test]
fn inclusions_that_multiply_are_refused() {
    let mut all = vec![("/p/compose.yaml".to_owned(), "include: [0.yaml, 0.yaml]\n".to_owned())];
    for place in 0..40 {
        let text = format!("include: [{0}.yaml, {0}.yaml]\n", place + 1);
        all.push((format!("/p/{place}.yaml"), text));
    }
    all.push(("/p/40.yaml".to_owned(), "services: {}\n".to_owned()));
    let all: Vec<(&str, &str)> = all.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let deep = fault(&all);
    assert!(deep.what.contains("in a chain"), "{deep}");
    let last = all.len() - 1;
    let mut short = all[..20].to_vec();
    short.push(("/p/19.yaml", all[last].1));
    assert!(fault(&short).what.contains("1000 files"));
}

#[test]
fn variables_that_multiply_are_refused() {
    let text = format!("services: {{web: {{command: \"{}\"}}}}", "$A".repeat(100_000));
    let env = format!("A={}\n", "x".repeat(10_000));
    let long = fault(&[("/p/compose.yaml", &text), ("/p/.env", &env)]);
    assert!(long.what.contains("too long"), "{long}");
}

#[test]
fn many_keys_items_and_services_are_no_trouble() {
    let keys: String = (0..20_000).map(|it| format!("      k{it}: v\n")).collect();
    let services: String = (0..5000).map(|it| format!("  s{it}: {{image: a}}\n")).collect();
    let text = format!("services:\n  web:\n    environment:\n{keys}{services}");
    let over = text.replace(": v", ": w");
    let project = several(&[&text, &over]).unwrap();
    assert_eq!(says(&project, "services/web/environment/k19999"), "w");
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_line() {
    let mut all = files(&[]);
    all.0.insert(PathBuf::from("/p/compose.yaml"), b"a: b\nc: \xff\n".to_vec());
    let fault = resolve(&request(), &all).unwrap_err();
    assert!(fault.what.contains("line 2 is no UTF-8"), "{fault}");
}

/// Text that looks like YAML, so that it gets far.
fn yaml_like() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "services",
        "include",
        "extends",
        "file",
        "path",
        "service",
        "web",
        "db",
        "env_file",
        "environment",
        "image",
        "networks",
        "volumes",
        "build",
        "context",
        "profiles",
        "x-a",
        "<<",
        "a",
        "b",
        "null",
        "b.yaml",
        "e.env",
        "&a ",
        "*a",
        "!reset ",
        "!override ",
        "!!str ",
        "$A",
        "${A:-b}",
        "${",
        "'q'",
        "\"q\"",
        "-",
        "|",
        ">",
        "\n---\n",
        ": ",
        ":\n  ",
        ":\n    ",
        ":\n      ",
        "\n",
        "\n  ",
        "\n    ",
        "\n  - ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        " ",
        " #",
    ];
    vec(select(WORDS), 0..60).prop_map(|it| it.concat())
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(512))]

    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,200}") {
        let _ = resolve(&request(), &files(&[("/p/compose.yaml", &text)]));
    }

    #[test]
    fn nothing_like_yaml_makes_it_panic(a in yaml_like(), b in yaml_like(), e in "(?s).{0,40}") {
        let all = files(&[
            ("/p/compose.yaml", &a), ("/p/compose.override.yaml", &b), ("/p/b.yaml", &b),
            ("/p/e.env", &e), ("/p/.env", &e),
        ]);
        let _ = resolve(&request(), &all);
    }

    #[test]
    fn what_is_shown_has_the_lines_and_columns_of_the_file(a in yaml_like()) {
        let shown = resolve(&request(), &files(&[("/p/compose.yaml", &a)])).map(|it| it.texts);
        if let Ok(shown) = shown {
            let widths = |text: &str| text.lines().map(|it| it.chars().count()).collect::<Vec<_>>();
            proptest::prop_assert_eq!(widths(&shown[0]), widths(&a));
        }
    }
}
