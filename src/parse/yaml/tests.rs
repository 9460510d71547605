//! What YAML says, and where.

use crate::parse::compose::tree::{Tag, Value};

use super::*;

fn loaded(text: &str) -> Loaded {
    load(text, 0, &mut 10_000).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

fn wrong(text: &str) -> Wrong {
    load(text, 0, &mut 10_000).unwrap_err()
}

/// A value with its place: plain texts as they are, others in quotes.
fn drawn(node: &Node) -> String {
    let inner = match &node.value {
        Value::Null => "null".to_owned(),
        Value::Text { text, plain: true } => text.clone(),
        Value::Text { text, plain: false } => format!("{text:?}"),
        Value::Unset { .. } => panic!(),
        Value::List(items) => {
            format!("[{}]", items.iter().map(drawn).collect::<Vec<_>>().join(" "))
        }
        Value::Map(entries) => {
            let all = entries.iter().map(|it| format!("{}: {}", it.key, drawn(&it.node)));
            format!("{{{}}}", all.collect::<Vec<_>>().join(" "))
        }
    };
    match node.tag {
        None => inner,
        Some(Tag::Reset) => format!("!reset {inner}"),
        Some(Tag::Override) => format!("!override {inner}"),
    }
}

fn document(text: &str) -> String {
    drawn(&loaded(text).documents[0])
}

#[test]
fn every_style_gives_its_text_and_whether_it_was_quoted() {
    for (text, expected) in [
        ("a: b c", "{a: b c}"),
        ("a: 'it''s'", "{a: \"it's\"}"),
        ("a: \"x\\ty\"", "{a: \"x\\ty\"}"),
        ("a: |\n  x\n  y\n", "{a: \"x\\ny\\n\"}"),
        ("a: >-\n  x\n  y\n", "{a: \"x y\"}"),
        ("a: x\n  y", "{a: x y}"),
        ("a: 22:22", "{a: 22:22}"),
        ("a: yes", "{a: yes}"),
        ("[a, {b: c}]", "[a {b: c}]"),
        ("- a\n- - b\n  - c\n", "[a [b c]]"),
        ("\"a b\": 'c'", "{a b: \"c\"}"),
        ("{\"a\":b}", "{a: b}"),
        ("? a\n: b", "{a: b}"),
    ] {
        assert_eq!(document(text), expected, "{text:?}");
    }
}

#[test]
fn nothing_is_null_and_its_quoted_name_is_not() {
    // YAML 1.2.2, section 10.3.2.
    assert_eq!(
        document("a:\nb: ~\nc: null\nd: NULL\ne: 'null'\nf: ''\ng: nil\n"),
        "{a: null b: null c: null d: null e: \"null\" f: \"\" g: nil}"
    );
    assert_eq!(document("- \n- a"), "[null a]");
}

#[test]
fn keys_and_values_know_their_places() {
    let root = loaded("é: 'x y' # c\nb:\n  - cc\n  - {d: e}\nf: |\n  gg\n  h\ni:\n").documents;
    let place = |at: Place| (at.line, at.column, at.length);
    let entry = |key: &str| root[0].entry(key).unwrap();
    assert_eq!(place(entry("é").key_at), (1, 1, 1));
    assert_eq!(place(entry("é").node.at), (1, 4, 5));
    assert_eq!(place(entry("b").node.items()[0].at), (3, 5, 2));
    assert_eq!(place(entry("b").node.items()[1].at), (4, 5, 1));
    assert_eq!(place(entry("b").node.items()[1].entry("d").unwrap().key_at), (4, 6, 1));
    assert_eq!(place(entry("f").node.at), (6, 3, 2));
    // What is not written is found at its key.
    assert_eq!(place(entry("i").node.at), (8, 1, 1));
}

#[test]
fn places_do_not_depend_on_line_ends() {
    let unix = loaded("a:\n  b: c\nd: e\n");
    let windows = loaded("a:\r\n  b: c\r\nd: e\r\n");
    assert_eq!(unix.documents, windows.documents);
}

#[test]
fn documents_are_told_apart_and_empty_ones_left_out() {
    let all = loaded("---\na: b\n---\n---\n# c\n...\n---\nc: d\n").documents;
    assert_eq!(all.iter().map(drawn).collect::<Vec<_>>(), ["{a: b}", "{c: d}"]);
    assert_eq!(loaded("").documents, []);
    assert_eq!(loaded("# c\n").documents, []);
}

#[test]
fn an_alias_is_what_it_names_with_its_place() {
    let root = &loaded("a: &x {b: &y c}\nd: *x\ne: [*y, *y]\n*y : f\n").documents[0];
    assert_eq!(drawn(root), "{a: {b: c} d: {b: c} e: [c c] c: f}");
    assert_eq!(root.get("d").unwrap().get("b").unwrap().at.line, 1);
}

#[test]
fn a_merge_key_adds_what_is_not_written_out() {
    // https://yaml.org/type/merge.html
    let anchors = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\n";
    for (text, expected) in [
        ("{<<: *x, a: 0}", "{a: 0 b: 1}"),
        ("{a: 0, <<: *x}", "{a: 0 b: 1}"),
        ("{<<: [*x, *y]}", "{a: 1 b: 1 c: 2}"),
        ("{<<: [*y, *x]}", "{b: 2 c: 2 a: 1}"),
        ("{<<: {z: 1}}", "{z: 1}"),
        ("{'<<': z}", "{<<: z}"),
    ] {
        let root = &loaded(&format!("{anchors}m: {text}\n")).documents[0];
        assert_eq!(drawn(root.get("m").unwrap()), expected, "{text}");
    }
    assert_eq!(wrong("a: {<<: b}").at.column, 5);
    assert_eq!(wrong("a: {<<: [b]}").at.column, 5);
    assert!(wrong("a: {<<: {b: c}, <<: {d: e}}").what.contains("twice"));
}

#[test]
fn a_key_that_stands_twice_is_an_error_at_the_second() {
    for (text, line, column) in [
        ("a: b\nc: d\na: e\n", 3, 1),
        ("{a: b, \"a\": c}", 1, 8),
        ("k1: a\nk2: a\nk3: a\nk4: a\nk5: a\nk6: a\nk7: a\nk8: a\nk9: a\nk5: a\nk2: a\n", 10, 1),
    ] {
        let wrong = wrong(text);
        assert!(wrong.what.contains("stands twice"), "{}", wrong.what);
        assert_eq!((wrong.at.line, wrong.at.column), (line, column));
    }
    assert!(wrong("a: b\na: c\n").help.contains("line 1"));
}

#[test]
fn tags_say_what_a_value_is_or_what_a_merge_does() {
    for (text, expected) in [
        ("a: !!str 1", "{a: \"1\"}"),
        ("a: ! 1", "{a: \"1\"}"),
        ("a: !!int '1'", "{a: 1}"),
        ("a: !!null x", "{a: null}"),
        ("a: !!str", "{a: \"\"}"),
        ("a: !reset", "{a: !reset null}"),
        ("a: !reset [b]", "{a: !reset [b]}"),
        ("a: !override {b: c}", "{a: !override {b: c}}"),
        ("a: &x !override [b]\nc: *x", "{a: !override [b] c: !override [b]}"),
    ] {
        assert_eq!(document(text), expected, "{text}");
    }
    let loaded = loaded("a: !vault b");
    assert_eq!(drawn(&loaded.documents[0]), "{a: b}");
    assert_eq!(loaded.remarks[0].1, "the tag !vault is not known, and nothing is done about it");
}

#[test]
fn a_key_that_is_no_text_is_odd_or_wrong() {
    for key in ["80", "1.5", "true", "0x1"] {
        let loaded = loaded(&format!("{key}: a"));
        assert_eq!(loaded.remarks.len(), 1, "{key}");
    }
    assert_eq!(loaded("\"80\": a\nyes: b\na1: c\n1.2.3: d\n").remarks, []);
    for text in ["? [a]\n: b", "~: a", ": a", "{[a]: b}", "? {a: b}\n: c"] {
        assert!(wrong(text).what.contains("no text"), "{text}");
    }
}

#[test]
fn what_is_no_yaml_is_said_with_what_to_do() {
    for (text, line, column, what, help) in [
        ("a:\n\tb: c\n", 2, 2, "a tab", "spaces"),
        ("a: b: c\n", 1, 5, "second `: `", "quotes"),
        ("a: *b\n", 1, 4, "not set above", "&name"),
        ("a: \"b", 1, 4, "not closed", "close"),
        ("a: 'b\nc: d\n", 2, 1, "line's beginning", "close"),
        ("a:\n  b: c\n d: e\n", 3, 2, "", "indentation"),
        ("a: [b\nc: d", 1, 0, "", ""),
    ] {
        let wrong = wrong(text);
        assert!(wrong.what.starts_with("not YAML: "), "{}", wrong.what);
        assert!(wrong.what.contains(what) && wrong.help.contains(help), "{text:?}: {wrong:?}");
        if column > 0 {
            assert_eq!(
                (wrong.at.line, wrong.at.column),
                (line, column),
                "{text:?}: {}",
                wrong.what
            );
        }
    }
}

#[test]
fn what_a_file_has_is_counted() {
    let mut left = 100;
    load("a: [b, c]\nd: &x {e: f}\ng: *x\n", 0, &mut left).unwrap();
    // The root, the list with its items, the mapping with its value, and its two
    // copies: the one that the anchor keeps, and the alias. Keys are free.
    assert_eq!(100 - left, 1 + 3 + 2 + 2 + 2);
    assert!(load("[a, b, c]", 0, &mut 3).unwrap_err().what.contains("too many"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(?s)[a:{}\\[\\]&*!|>'\"#, \n-]{0,60}|.{0,60}") {
        let _ = load(&text, 0, &mut 1000);
    }
}
