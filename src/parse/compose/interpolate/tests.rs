//! The forms of variables.

use std::collections::BTreeMap;

use super::*;

/// `EMPTY` is set to nothing, `SET` to `value`, `LOST` to something unknown.
struct Some3(BTreeMap<&'static str, Result<&'static str, Unset>>);

impl Variables for Some3 {
    fn get(&self, name: &str) -> Option<Found<'_>> {
        self.0.get(name).map(|it| it.as_ref().copied())
    }
}

fn variables() -> Some3 {
    let lost = Unset { names: vec!["SOURCE".to_owned()], said: None };
    Some3(BTreeMap::from([("SET", Ok("value")), ("EMPTY", Ok("")), ("LOST", Err(lost))]))
}

fn filled(text: &str) -> Result<Result<String, Unset>, Broken> {
    fill(text, &variables(), &mut 1_000_000)
}

fn unset(names: &[&str], said: Option<&str>) -> Result<Result<String, Unset>, Broken> {
    let names = names.iter().map(|it| (*it).to_owned()).collect();
    Ok(Err(Unset { names, said: said.map(ToOwned::to_owned) }))
}

#[test]
fn every_form_of_the_specification_gives_what_it_says() {
    // Compose Specification, Interpolation: the table of the forms.
    for (text, expected) in [
        ("$SET", "value"),
        ("${SET}", "value"),
        ("a-${SET}-b $SET.", "a-value-b value."),
        ("${SET:-d}", "value"),
        ("${EMPTY:-d}", "d"),
        ("${NOBODY:-d}", "d"),
        ("${SET-d}", "value"),
        ("${EMPTY-d}", ""),
        ("${NOBODY-d}", "d"),
        ("${NOBODY:-}", ""),
        ("${NOBODY-}", ""),
        ("${SET:?e}", "value"),
        ("${EMPTY?e}", ""),
        ("${SET:+r}", "r"),
        ("${EMPTY:+r}", ""),
        ("${NOBODY:+r}", ""),
        ("${SET+r}", "r"),
        ("${EMPTY+r}", "r"),
        ("${NOBODY+r}", ""),
    ] {
        assert_eq!(filled(text), Ok(Ok(expected.to_owned())), "{text}");
    }
}

#[test]
fn words_hold_variables_themselves() {
    for (text, expected) in [
        ("${NOBODY:-${SET}}", "value"),
        ("${NOBODY:-${EMPTY:-${SET}}}", "value"),
        ("${NOBODY:-a$SET}", "avalue"),
        ("${NOBODY-${EMPTY-d}}", ""),
        ("${SET:+${EMPTY:-x}}y", "xy"),
        ("${NOBODY:-http://h:80/?a=b}", "http://h:80/?a=b"),
        // Braces in a word count, so that JSON can be a default.
        (r#"${NOBODY:-{"a":1}}"#, r#"{"a":1}"#),
        ("${NOBODY:-{{.Name}}}", "{{.Name}}"),
        ("${NOBODY:-{}}", "{}"),
    ] {
        assert_eq!(filled(text), Ok(Ok(expected.to_owned())), "{text}");
    }
}

#[test]
fn a_dollar_is_written_twice_or_stands_before_what_is_no_name() {
    for (text, expected) in [
        ("$$", "$"),
        ("$$SET", "$SET"),
        ("$${SET}", "${SET}"),
        ("$$$SET", "$value"),
        ("5$", "5$"),
        ("$1 $} $-", "$1 $} $-"),
        ("^a$|^b$", "^a$|^b$"),
    ] {
        assert_eq!(filled(text), Ok(Ok(expected.to_owned())), "{text}");
    }
}

#[test]
fn a_variable_that_nobody_set_makes_the_whole_value_unknown() {
    // Compose puts nothing there and warns; an audit must not take that for the value.
    assert_eq!(filled("$NOBODY"), unset(&["NOBODY"], None));
    assert_eq!(filled("repo/app:${TAG}"), unset(&["TAG"], None));
    assert_eq!(filled("$A $B $A"), unset(&["A", "B"], None));
    assert_eq!(filled("${A:-$B}"), unset(&["B"], None));
    assert_eq!(filled("$LOST"), unset(&["SOURCE"], None));
    assert_eq!(filled("${LOST:-d}"), unset(&["SOURCE"], None));
    assert_eq!(filled("${NOBODY:?set it}"), unset(&["NOBODY"], Some("set it")));
    assert_eq!(filled("${EMPTY:?}"), unset(&["EMPTY"], None));
    assert_eq!(filled("${NOBODY:?needs $SET}"), unset(&["NOBODY"], Some("needs $SET")));
}

#[test]
fn a_variable_in_a_word_that_is_not_needed_is_not_missed() {
    assert_eq!(filled("${SET:-$NOBODY}"), Ok(Ok("value".to_owned())));
    assert_eq!(filled("${SET:?$NOBODY}"), Ok(Ok("value".to_owned())));
    assert_eq!(filled("${NOBODY:+$OTHER}"), Ok(Ok(String::new())));
}

#[test]
fn what_is_no_form_is_an_error_at_its_dollar() {
    for (text, offset) in [
        ("${", 0),
        ("a ${}", 2),
        ("é${ SET}", 2),
        ("${SET }", 0),
        ("${SET!}", 0),
        ("${1}", 0),
        ("${SET:}", 0),
        ("${SET:-x", 0),
        ("${SET:-a\nb}", 0),
        ("${NOBODY:-${}}", 10),
        ("${SET:-${}}", 7),
    ] {
        assert_eq!(filled(text).map_err(|it| it.offset), Err(offset), "{text}");
    }
}

#[test]
fn what_would_grow_without_end_is_refused() {
    let long = "v".repeat(LONGEST);
    struct One(String);
    impl Variables for One {
        fn get(&self, _: &str) -> Option<Found<'_>> {
            Some(Ok(&self.0))
        }
    }
    let one = One(long);
    assert!(fill("$A", &one, &mut 1_000_000).is_ok());
    assert!(fill("$A$A", &one, &mut 1_000_000).is_err());
    assert!(fill("$A", &one, &mut 1000).is_err());
    let deep = format!("{}{}", "${A:-".repeat(10_000), "}".repeat(10_000));
    assert!(filled(&deep).is_err());
    assert!(filled(&"${A:-{}}".repeat(10_000)).is_err());
}

#[test]
fn a_value_keeps_its_place_and_a_fault_has_its_own() {
    let at = Place { file: 0, line: 3, column: 10, length: 9 };
    let text = |text: &str| Value::Text { text: text.to_owned(), plain: true };
    let mut node = Node::new(text("${SET}/ab"), at);
    interpolate(&mut node, &variables(), &mut 1000).unwrap();
    assert_eq!(node, Node::new(text("value/ab"), at));
    let mut node = Node::new(text("a/b ${SET"), at);
    let wrong = interpolate(&mut node, &variables(), &mut 1000).unwrap_err();
    assert_eq!((wrong.at.column, wrong.at.length), (14, 5));
}
