//! The lines of environment files.

use super::*;

/// `HOME` is `/root` outside, and nothing else is set there.
struct Outside;

impl Variables for Outside {
    fn get(&self, name: &str) -> Option<Found<'_>> {
        (name == "HOME").then_some(Ok("/root"))
    }
}

fn settings(text: &str, format: Format) -> Result<Settings, Wrong> {
    let mut settings = Settings::new();
    read(text, 1, format, &Outside, &mut settings, &mut 1_000_000)?;
    Ok(settings)
}

fn value(text: &str) -> Option<String> {
    settings(text, Format::Compose).unwrap().get("A").map(|it| it.value.clone().unwrap())
}

#[test]
fn a_value_is_what_compose_takes_for_it() {
    // Docker documentation, "Env file syntax", and the parser that compose uses.
    for (text, expected) in [
        ("A=b", "b"),
        ("A = b ", "b"),
        ("A: b", "b"),
        ("export A=b", "b"),
        ("\u{feff}A=b".trim_start_matches('\u{feff}'), "b"),
        ("A=", ""),
        ("A=b # comment", "b"),
        ("A=b#no comment", "b#no comment"),
        ("A=a=b", "a=b"),
        ("A='b'", "b"),
        ("A='$HOME\\n'", "$HOME\\n"),
        ("A='it\\'s'", "it's"),
        ("A=\"b\"", "b"),
        ("A=\"b\" # comment", "b"),
        ("A=\"a\\nb\\t\\\"c\\\"\"", "a\nb\t\"c\""),
        ("A=\"\\$HOME $HOME\"", "$HOME /root"),
        ("A=\"\\0101\"", "A"),
        ("A=\"\\q\"", "\\q"),
        ("A=\"a\nb\"\nC=d", "a\nb"),
        ("A='a\nb'", "a\nb"),
        ("A=$HOME/x", "/root/x"),
        ("A=${NO:-d}", "d"),
        ("A=$$HOME", "$HOME"),
        ("B=b\nA=$B$B", "bb"),
        ("HOME=/other\nA=$HOME", "/root"),
        ("A=b\r\nC=d\r\n", "b"),
        ("# first\n\n  A=b", "b"),
    ] {
        assert_eq!(value(text).as_deref(), Some(expected), "{text:?}");
    }
}

#[test]
fn a_name_alone_takes_its_value_from_outside() {
    let all = settings("HOME\nNOBODY\nB=c\nHOME", Format::Compose).unwrap();
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(names, ["B", "HOME"]);
    assert_eq!(all["HOME"].value, Ok("/root".to_owned()));
}

#[test]
fn the_last_of_two_counts_and_knows_the_first() {
    let all = settings("A=b\nA='c'\n", Format::Compose).unwrap();
    let first = Place { file: 1, line: 1, column: 3, length: 1 };
    let a = &all["A"];
    assert_eq!((a.value.as_deref(), a.overrode), (Ok("c"), Some(first)));
    assert_eq!(a.at, Place { file: 1, line: 2, column: 3, length: 3 });
    assert_eq!(a.name_at, Place { file: 1, line: 2, column: 1, length: 1 });
}

#[test]
fn a_value_of_what_nobody_set_is_unknown() {
    let all = settings("A=x$NOBODY\nB=$A", Format::Compose).unwrap();
    let unset = Err(Unset { names: vec!["NOBODY".to_owned()], said: None });
    assert_eq!((&all["A"].value, &all["B"].value), (&unset, &unset));
}

#[test]
fn raw_values_are_taken_as_they_stand() {
    // docker run --env-file: no quotes, no variables, no comments behind a value.
    let text = "# c\nA='$HOME' # no\n\n B=x \nHOME\nNOBODY\nC=\n";
    let all = settings(text, Format::Raw).unwrap();
    let values: Vec<(&str, &str)> =
        all.iter().map(|(name, it)| (name.as_str(), it.value.as_deref().unwrap())).collect();
    assert_eq!(values, [("A", "'$HOME' # no"), ("B", "x "), ("C", ""), ("HOME", "/root")]);
    assert_eq!(all["A"].at, Place { file: 1, line: 2, column: 3, length: 12 });
    assert!(settings("=x", Format::Raw).is_err());
    assert!(settings("a b=x", Format::Raw).is_err());
}

#[test]
fn what_is_no_line_is_an_error_at_its_place() {
    for (text, line, column) in [
        ("A=b\nno line", 2, 1),
        ("A=b\n  =c", 2, 3),
        ("A='b\nC=d", 1, 3),
        ("A=\"b", 1, 3),
        ("A=b\nC=${", 2, 3),
        ("a b=c", 1, 1),
    ] {
        let wrong = settings(text, Format::Compose).unwrap_err();
        assert_eq!((wrong.at.line, wrong.at.column), (line, column), "{text:?}");
    }
}

#[test]
fn values_that_double_are_stopped() {
    let mut text = "A0=xxxxxxxxxx\n".to_owned();
    for place in 1..100 {
        text.push_str(&format!("A{place}=$A{0}$A{0}\n", place - 1));
    }
    assert!(settings(&text, Format::Compose).is_err());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(?s)[A=:'\"\\\\$#{} \n0-]{0,40}|.{0,40}") {
        let _ = settings(&text, Format::Compose);
        let _ = settings(&text, Format::Raw);
    }
}
